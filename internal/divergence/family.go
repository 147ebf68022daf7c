package divergence

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"lossproof/judge/verdict"
)

// Family is a mistake with a number in it, such as the epsilon in a logarithm. The catalogue has a few of
// its members; the number of any other is found in the answers of a port (internal/diagnosis).
type Family struct {
	modules []string
	// name, title and why have # for the number.
	name, title, why string
	rule, right      string
	rules            map[string]string
	// tried are the numbers that are tried first, the plain ones; others are between low and high.
	tried     []float64
	low, high float64
	vary      func(n float64) variation
	// members are those in the catalogue under names of their own, by number.
	members map[float64]string
}

// Of reports whether a family has variants of a module.
func (f *Family) Of(module string) bool { return slices.Contains(f.modules, module) }

// Range is where the number lies that is not one of the plain ones; equal bounds mean nowhere.
func (f *Family) Range() (low, high float64) { return f.low, f.high }

// Tried are the plain numbers.
func (f *Family) Tried() []float64 { return f.tried }

// Member returns the mistake with a number; one in the catalogue is that of the catalogue.
func (f *Family) Member(n float64) *Divergence {
	if name, ok := f.members[n]; ok {
		if d, ok := ByName(name); ok {
			return d
		}
	}
	text, title := named(n)
	return &Divergence{
		Name: strings.ReplaceAll(f.name, "#", text), Modules: f.modules, Level: verdict.Parity, Fitted: true, rule: f.rule, rules: f.rules, Right: f.right,
		Title: strings.ReplaceAll(f.title, "#", title), Why: strings.ReplaceAll(f.why, "#", title), vary: f.vary(n),
	}
}

// member returns the mistake that a name has, if it is one of f.
func (f *Family) member(name string) (*Divergence, bool) {
	before, after, _ := strings.Cut(f.name, "#")
	text, starts := strings.CutPrefix(name, before)
	text, ends := strings.CutSuffix(text, after)
	if !starts || !ends {
		return nil, false
	}
	for n, word := range constants {
		if text == word {
			return f.Member(n), true
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return nil, false
	}
	return f.Member(n), true
}

// constants are numbers with a name.
var constants = map[float64]string{
	float64(epsOfDType): "eps", float64(tinyOfDType): "tiny", 0x1p-24: "half-float32-eps", 0x1p-53: "half-float64-eps",
	0x1p-12: "4096th", 0x1p-7: "bfloat16-eps", 0x1p-10: "float16-eps", 0x1p-23: "float32-eps", 0x1p-52: "float64-eps", 0x1p-126: "float32-tiny",
}

// named writes a number as part of a name, and for people.
func named(n float64) (text, title string) {
	text = strconv.FormatFloat(n, 'g', 4, 64)
	text = strings.NewReplacer("e-0", "e-", "e+0", "e", "e+", "e").Replace(text)
	switch amount(n) {
	case epsOfDType:
		return constants[n], "the machine epsilon of the dtype"
	case tinyOfDType:
		return constants[n], "the smallest normal number of the dtype"
	}
	if word, ok := constants[n]; ok {
		return word, strings.Replace(word, "-", "'s ", 1) + " (" + text + ")"
	}
	return text, text
}
