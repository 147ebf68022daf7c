package definition

import "math"

// float is float64 as an [arithmetic].
type float float64

func (float) of(v float64) float  { return float(v) }
func (a float) lead() float64     { return float64(a) }
func (a float) float() float64    { return float64(a) }
func (a float) add(b float) float { return a + b }
func (a float) sub(b float) float { return a - b }
func (a float) mul(b float) float { return a * b }
func (a float) div(b float) float { return a / b }
func (a float) neg() float        { return -a }
func (a float) exp() float        { return float(math.Exp(float64(a))) }
func (a float) log() float        { return float(math.Log(float64(a))) }
func (a float) log1p() float      { return float(math.Log1p(float64(a))) }

func (a float) accumulate(total, compensation float) (float, float) {
	sum := total + a
	if math.Abs(float64(total)) >= math.Abs(float64(a)) {
		return sum, compensation + ((total - sum) + a)
	}
	return sum, compensation + ((a - sum) + total)
}
