package sweep

import (
	"math"
	"testing"
)

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

// SampleState returns the text of a state file, with a state of each module.
func SampleState(tb testing.TB) []byte {
	tb.Helper()
	return text(tb, sampleState(), sampleProbabilities())
}

// MergeText merges the text of a state file, such as that of [SampleState], as [Merge] does a file.
func MergeText(text []byte) ([]*Result, error) {
	s, err := parseStates(text)
	if err != nil {
		return nil, err
	}
	all := &states{}
	for _, m := range s.Modules {
		known := sampleState()
		var variants []Variant
		for _, name := range []string{"the first", "the second", "the third"} {
			variants = append(variants, Variant{Module: m.Module, Name: name})
		}
		groups, err := groupsOf(variants)
		if err != nil {
			return nil, err
		}
		all.Modules = append(all.Modules, &state{Module: m.Module, Platform: known.Platform, Fingerprint: known.Fingerprint, Counts: newCounts(variants), group: groups[0]})
	}
	if err := all.merge(s); err != nil {
		return nil, err
	}
	return all.results(), nil
}
