package sweep

import (
	"math"
	"testing"
)

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

// SampleState returns the text of the state file of sampleState.
func SampleState(tb testing.TB) []byte {
	tb.Helper()
	return text(tb, sampleState())
}

// MergeText merges the text of a state file, such as that of [SampleState], as [Merge] does a file.
func MergeText(text []byte) (*Result, error) {
	known := sampleState()
	all := &state{Platform: known.Platform, Fingerprint: known.Fingerprint, variants: []Variant{{Name: "the first"}, {Name: "the second"}, {Name: "the third"}}}
	all.Counts = newCounts(all.variants)
	s, err := parseState(text)
	if err != nil {
		return nil, err
	}
	if err := all.merge(s); err != nil {
		return nil, err
	}
	return all.result(), nil
}
