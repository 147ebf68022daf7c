package sweep

import "math"

// OracleError is oracleError, for tests outside of the package.
const OracleError = oracleError

// Oracle32 returns |exact result| of a module by its oracle of float64.
func Oracle32(module string, x float64, o Output) float64 {
	m, _ := moduleOf(module)
	f, _ := m.oracle32(math.Float32bits(float32(math.Abs(x))))
	return f.of(o, m.mirrored && x < 0)
}

// InverseULP32 is inverseULP32.
func InverseULP32(e float64) float64 { return inverseULP32(e) }

// Precise returns |exact result| of a module by its oracle of 90 bits.
func Precise(module string, x float64, o Output) (high, low float64) {
	m, _ := moduleOf(module)
	f := m.precise(math.Abs(x))
	v := f.of(o, m.mirrored && x < 0).value()
	return v.hi, v.lo
}
