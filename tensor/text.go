package tensor

import "strconv"

// FormatNumber writes x in the shortest form that the dtype tells apart; a number that the dtype
// does not hold as the float64 that it is.
func FormatNumber(x float64, dtype DType) string {
	if dtype == Float32 && x == float64(float32(x)) {
		return strconv.FormatFloat(x, 'g', -1, 32)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// Text writes element i: a number of floating point as by FormatNumber, an integer with all its
// digits.
func (t Tensor) Text(i int) string {
	switch {
	case t.DType.IsFloat():
		return FormatNumber(t.Float64(i), t.DType)
	case t.DType == Int64:
		return strconv.FormatInt(t.Int64(i), 10)
	}
	return strconv.FormatInt(int64(t.Float64(i)), 10)
}
