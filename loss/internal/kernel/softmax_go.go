package kernel

func max32(x []float32) (int, float32) { return maxGo(x) }
func max64(x []float64) (int, float64) { return maxGo(x) }

func expShifted32(y []float64, x []float32, m float64) { expShifted32Go(y, x, m) }

func expShifted64(y, x []float64, m float64) bool { return expShifted64Go(y, x, m) }
