package diagnosis

import (
	"slices"
	"strings"

	"lossproof/internal/claim"
	"lossproof/ports"
	"lossproof/tensor"
)

// atom is what may be said of an answer: which output it is, or what its call has.
type atom struct {
	// kind groups those of which one excludes the others.
	kind, word string
	// not says that the call lacks it.
	not bool
}

// The kinds of atoms.
const (
	ofOutput    = "output"
	ofDType     = "dtype"
	ofReduction = "reduction"
	ofCall      = "call"
	ofMark      = "mark"
)

// floats are the dtypes of inputs.
var floats = []tensor.DType{tensor.Float16, tensor.BFloat16, tensor.Float32, tensor.Float64}

// negated are the words of a claim whose absence may matter as much as their presence.
var negated = []string{
	claim.Weight, claim.PosWeight, claim.GradOutput, claim.SoftTargets, claim.NonFinite, claim.Subnormals,
	claim.IgnoreIndex, claim.LabelSmoothing, claim.ClassProbabilities, claim.Empty, claim.MixedDType, givenIgnoreIndex,
}

// What no word of a claim says: that ignore_index is given, and not by default; that no reduction is; and the dtype of targets that
// are neither of that of the input nor class indices of int64.
const givenIgnoreIndex, byDefault, targetsOf = "given ignore_index", "default reduction", "targets of "

// atoms lists what may be said of a place.
func (p *place) atoms() []atom {
	if p.known != nil {
		return p.known
	}
	var atoms []atom
	if p.output != wholeCall && p.output != "" { // what a port refuses is no matter of the call
		atoms = append(atoms, atom{kind: ofOutput, word: p.output})
	}
	if p.output != "" && p.output != ports.Loss && p.output != wholeCall {
		atoms = append(atoms, atom{kind: ofOutput, word: gradients})
	}
	if p.call.Module == "" {
		return atoms
	}
	atoms = append(atoms, atom{kind: ofDType, word: string(p.call.Inputs[ports.Input].DType)})
	for _, other := range floats {
		if other != dtypeOf(p) {
			atoms = append(atoms, atom{kind: ofDType, word: string(other), not: true})
		}
	}
	reduction := claim.Reduction(p.call.Options)
	atoms = append(atoms, atom{kind: ofReduction, word: reduction})
	if reduction != "none" {
		atoms = append(atoms, atom{kind: ofReduction, word: "none", not: true})
	}
	if o := p.call.Options; o.Reduction == nil && o.SizeAverage == nil && o.Reduce == nil {
		atoms = append(atoms, atom{kind: ofCall, word: byDefault})
	}
	for _, word := range p.words {
		if !strings.HasPrefix(word, "reduction:") && word != claim.Rejections && word != claim.IntegerTargets {
			atoms = append(atoms, atom{kind: ofCall, word: word})
		}
	}
	target, classes := p.call.Inputs[ports.Target].DType, ports.ModuleOf(p.call.Module).HasClasses()
	if target != p.call.Inputs[ports.Input].DType && !(classes && target == tensor.Int64) {
		atoms = append(atoms, atom{kind: ofCall, word: targetsOf + string(target)})
	}
	given := p.call.Options.IgnoreIndex != nil
	if given {
		atoms = append(atoms, atom{kind: ofCall, word: givenIgnoreIndex})
	}
	for _, word := range negated {
		if !slices.Contains(p.words, word) && !(word == givenIgnoreIndex && (given || !classes)) {
			atoms = append(atoms, atom{kind: ofCall, word: word, not: true})
		}
	}
	return atoms
}

// The words of outputs that are none.
const (
	refusals  = "refusals"
	gradients = "gradients"
)

// condition is what answers have in common: all of its atoms.
type condition []atom

// String writes a condition for people; that of everything is empty.
func (c condition) String() string {
	var parts []string
	for _, a := range c {
		parts = append(parts, a.String())
	}
	return strings.Join(parts, ", ")
}

// holds reports whether a condition holds for an answer.
func (c condition) holds(p *place) bool {
	atoms := p.atoms()
	return !slices.ContainsFunc(c, func(a atom) bool { return !slices.Contains(atoms, a) })
}

func (a atom) String() string {
	switch a.kind {
	case ofOutput:
		return "in " + a.word
	case ofDType:
		if a.not {
			return "not in " + a.word
		}
		return "in " + a.word
	case ofReduction:
		if a.not {
			return "with reduction 'mean' or 'sum'"
		}
		if a.word == "" {
			return "with an invalid reduction"
		}
		return "with reduction '" + a.word + "'"
	}
	text, ok := phrases[a.word]
	switch {
	case ok && a.not:
		return text[1]
	case ok:
		return text[0]
	case a.not:
		return "without " + a.word
	}
	return "with " + a.word
}

// phrases say in words that a call has something, and that it has not.
var phrases = map[string][2]string{
	claim.SoftTargets:         {"with targets other than 0 and 1", "with targets 0 and 1"},
	claim.NonFinite:           {"where something is infinite or NaN", "where everything is finite"},
	claim.Subnormals:          {"where something is subnormal", "where nothing is subnormal"},
	claim.Empty:               {"for an empty input", "for an input that is not empty"},
	claim.GradOutput:          {"with an upstream gradient", "without an upstream gradient"},
	claim.MixedDType:          {"for several dtypes in one call", "for one dtype in a call"},
	claim.ClassProbabilities:  {"with class probabilities", "with class indices"},
	claim.WeightClass:         {"with a weight for each class", ""},
	claim.WeightElement:       {"with a weight for each element", ""},
	claim.WeightBroadcast:     {"with a weight that is broadcast", ""},
	claim.PosWeightBroadcast:  {"with a pos_weight that is broadcast", ""},
	claim.WeightNonPositive:   {"with a weight that is 0 or negative", ""},
	claim.IgnoreIndexNegative: {"with a negative ignore_index", ""},
	claim.OneClass:            {"for one class", ""},
	claim.Clamp:               {"where a logarithm is clamped", ""},
	claim.Rank0:               {"for a scalar", ""},
	claim.Rank1:               {"for one dimension", ""},
	claim.Rank2:               {"for two dimensions", ""},
	claim.Rank3:               {"for three dimensions and more", ""},
	claim.LegacyReduction:     {"with size_average or reduce", ""},
	byDefault:                 {"where no reduction is given", ""},
	givenIgnoreIndex:          {"where ignore_index is given", "where ignore_index is not given"},
}

// table knows which atoms the places of a module have.
type table struct {
	atoms []atom
	of    [][]int16 // by place
}

func newTable(places []*place) *table {
	t := &table{of: make([][]int16, len(places))}
	index := map[atom]int16{}
	for i, p := range places {
		p.known = p.atoms()
		for _, a := range p.known {
			if a.kind == ofDType && a.not && a.word != string(tensor.Float64) {
				continue // mistakes are of a dtype or of all; float64 may have functions of its own, which hide them
			}
			k, ok := index[a]
			if !ok {
				k = int16(len(t.atoms))
				index[a] = k
				t.atoms = append(t.atoms, a)
			}
			t.of[i] = append(t.of[i], k)
		}
	}
	return t
}

// tally says how a divergence fits the answers that have something in common.
type tally struct {
	condition condition
	// explained counts wrong answers that equal the divergence's, contradicted right ones that it
	// would get wrong, and otherwise wrong ones that it would get wrong in another way.
	explained, contradicted, otherwise int
}

// score orders fits: what is explained counts for, and what contradicts it against it. A condition has
// to be worth its words.
func (t tally) score() float64 {
	words := 0.0
	for _, a := range t.condition {
		words += 1.5
		if a.kind == ofCall {
			words++
		}
	}
	return float64(t.explained-t.contradicted) - 0.1*float64(t.otherwise) - words*(1+0.01*float64(t.explained))
}

// share is what a divergence explains of what it should.
func (t tally) share() float64 {
	return float64(t.explained) / max(1, float64(t.explained+t.contradicted+t.otherwise))
}

// best returns the condition under which a divergence fits best: none, one atom, or one of output,
// dtype and reduction with another.
func (t *table) best(explained, contradicted, otherwise []int) tally {
	n := len(t.atoms)
	all := tally{explained: len(explained), contradicted: len(contradicted), otherwise: len(otherwise)}
	best, high := all, all.score()
	var fair tally // the best of a dtype, or of all but float64, if it explains enough of what it should there
	if len(contradicted)+len(otherwise) == 0 {
		return best
	}
	counts := make([][3]int32, n*n)
	for k, places := range [][]int{explained, contradicted, otherwise} {
		for _, i := range places {
			for _, a := range t.of[i] {
				for _, b := range t.of[i] {
					if a <= b {
						counts[int(a)*n+int(b)][k]++
					}
				}
			}
		}
	}
	for a := range n {
		for b := a; b < n; b++ {
			c := counts[a*n+b]
			if c[0] == 0 || a != b && t.atoms[a].kind == ofCall && t.atoms[b].kind == ofCall {
				continue
			}
			one := tally{condition: condition{t.atoms[a]}, explained: int(c[0]), contradicted: int(c[1]), otherwise: int(c[2])}
			if a != b {
				one.condition = append(one.condition, t.atoms[b])
			}
			if s := one.score(); s > high {
				best, high = one, s
			}
			if a == b && t.atoms[a].kind == ofDType && one.share() >= leastShare && (fair.explained == 0 || one.score() > fair.score()) {
				fair = one
			}
		}
	}
	if best.share() < leastShare && 2*fair.explained >= best.explained {
		return fair
	}
	return best
}

// dtypeOf is that of the input of a place.
func dtypeOf(p *place) tensor.DType { return p.call.Inputs[ports.Input].DType }
