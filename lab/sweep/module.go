package sweep

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// The modules that are measured. MultiLabelSoftMarginLoss is measured with BCEWithLogitsLoss: with one class it is the same.
const (
	BCEWithLogitsLoss = "BCEWithLogitsLoss"
	BCELoss           = "BCELoss"
	CrossEntropyLoss  = "CrossEntropyLoss" // at random points, and in sums: no list of its rows ends
)

// Modules returns the names of all modules that are measured.
func Modules() []string { return []string{BCEWithLogitsLoss, BCELoss, CrossEntropyLoss} }

// known returns the modules that are named, all if none is, or an error that names one that is not measured.
func known(names []string) ([]string, error) {
	if len(names) == 0 {
		return Modules(), nil
	}
	for _, name := range names {
		if !slices.Contains(Modules(), name) {
			return nil, fmt.Errorf("module: got %q, want one of %s", name, strings.Join(Modules(), ", "))
		}
	}
	return names, nil
}

// Exhaustive returns the names of those that [Float32] and [Sample] measure.
func Exhaustive() []string {
	var names []string
	for _, m := range modules {
		names = append(names, m.name)
	}
	return names
}

// module is one whose float32 inputs can all be looked at.
type module struct {
	name          string
	input, inputs string // what its input is called, one and several
	every         string // says that all were inputs
	// The inputs are the numbers from 0 to that with the bits last, and the negative ones from -0 to that
	// with the magnitude lastNegative; beyond infinity are NaNs.
	last, lastNegative uint32
	// mirrored says that its results at -x are, up to the sign, those at x with the other target.
	mirrored bool
	// axis is what Tally.Profile has the errors along.
	axis string
	// oracle32 returns the exact results at the input of this magnitude, for comparison with float32, and where
	// it lies on the axis.
	oracle32 func(magnitude uint32) (exact values[float64], place float64)
	// precise returns them at a finite magnitude with a relative error below 2⁻⁹⁰.
	precise func(a float64) values[scaled]
	// firstBusy and lastBusy are the biased exponents of the binades where the results vary with the input.
	firstBusy, lastBusy int
	// ends says that they vary in each binade of 1-x and of the subnormal numbers too.
	ends bool
	// note, if there is one, says what else the results are compared with.
	note string
}

// modules are all of them.
var modules = []*module{
	{
		name: BCEWithLogitsLoss, input: "logit", inputs: "logits", every: "Every float32 number was a logit", last: math.MaxInt32, lastNegative: math.MaxInt32, mirrored: true, axis: "logit",
		oracle32: oracle32At, precise: precise, firstBusy: firstBusy, lastBusy: lastBusy,
	},
	{
		name: BCELoss, input: "probability", inputs: "probabilities", every: "Every float32 number in [0, 1] was a probability, -0 too", last: one32, axis: "logit of the probability x: log(x/(1-x))",
		oracle32: probability32, precise: preciseProbability, lastBusy: one32>>23 - 1, ends: true, note: boundedText,
	},
}

// one32 has the bits of the float32 1.
const one32 = 127 << 23

// moduleOf returns the module with this name.
func moduleOf(name string) (*module, error) {
	for _, m := range modules {
		if m.name == name {
			return m, nil
		}
	}
	return nil, fmt.Errorf("got the module %.100q, want one of %s", name, strings.Join(Exhaustive(), ", "))
}

// in returns the number of inputs whose magnitudes are at least first and less than end.
func (m *module) in(first, end uint32) uint64 {
	n := uint64(0)
	for _, last := range []uint32{m.last, m.lastNegative} {
		n += uint64(max(min(end, last+1), first) - first)
	}
	return n
}

// all returns the number of inputs.
func (m *module) all() uint64 { return m.in(0, m.last+1) }

// chunks returns the number of chunks that have inputs.
func (m *module) chunks() int { return int(m.last/chunkSize) + 1 }

// ofChunk returns the number of inputs of a chunk, and how many of them are finite: all or none.
func (m *module) ofChunk(c int) (inputs, finite uint64) {
	inputs = m.in(uint32(c)*chunkSize, uint32(c+1)*chunkSize)
	if c < firstNonFinite {
		finite = inputs
	}
	return inputs, finite
}

// has reports whether a number is an input.
func (m *module) has(b Bits32) bool {
	if b&sign32 != 0 {
		return uint32(b&^sign32) <= m.lastNegative
	}
	return uint32(b) <= m.last
}

// group is a module and the variants of it.
type group struct {
	*module
	variants []Variant
}

// groupsOf puts variants of one module together.
func groupsOf(variants []Variant) ([]group, error) {
	var groups []group
	for _, v := range variants {
		i := slices.IndexFunc(groups, func(g group) bool { return g.name == v.Module })
		if i < 0 {
			m, err := moduleOf(v.Module)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", v.Name, err)
			}
			groups, i = append(groups, group{module: m}), len(groups)
		}
		groups[i].variants = append(groups[i].variants, v)
	}
	return groups, nil
}
