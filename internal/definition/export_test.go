package definition

import "lossproof/tensor"

// constants are those of the tolerances.
type constants struct {
	K, Floor, Eta, LossCap, GradientCap, Vanished float64
	// Close has atol and rtol.
	Close map[tensor.DType][2]float64
}

// Constants returns the constants of the tolerances.
func Constants() constants {
	c := constants{baseK, parityFloor, parityEta, lossCap, gradientCap, vanished, map[tensor.DType][2]float64{}}
	for dtype, v := range closeness {
		c.Close[dtype] = [2]float64{v.atol, v.rtol}
	}
	return c
}
