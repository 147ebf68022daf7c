package verdict

import (
	"math"

	"lossproof/tensor"
)

// ulp returns the spacing of a format at e + low, which is finite and whose low part is small
// against e.
func ulp(f tensor.Format, e, low float64) float64 {
	if fraction, _ := math.Frexp(e); math.Abs(fraction) == 0.5 && low != 0 && math.Signbit(low) != math.Signbit(e) {
		e = math.Nextafter(e, 0) // just below a power of two
	}
	return f.ULP(e)
}
