package sweep

import "math"

// OracleError is oracleError, for tests outside of the package.
const OracleError = oracleError

// Oracle32 returns |exact result| by oracle32.
func Oracle32(x float64, o Output) float64 {
	f := oracle32(math.Abs(x))
	return f.of(o, x < 0)
}

// InverseULP32 is inverseULP32.
func InverseULP32(e float64) float64 { return inverseULP32(e) }

// Precise returns |exact result| by precise.
func Precise(x float64, o Output) (high, low float64) {
	f := precise(math.Abs(x))
	v := f.of(o, x < 0).value()
	return v.hi, v.lo
}
