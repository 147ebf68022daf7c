package verdict

import "lossproof/tensor"

// ULP returns the spacing of a floating-point dtype's numbers at e, which is finite: never
// less than the smallest subnormal number, never more than the spacing at the largest finite one.
func ULP(dtype tensor.DType, e float64) float64 { return forms[dtype].ulp(e, 0) }
