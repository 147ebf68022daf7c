package diagnosis

import (
	"fmt"
	"math"
	"slices"

	"lossproof/tensor"
)

// The bounds of parting wrong elements: how often, and the elements by which parts are weighed.
const (
	maxDepth                 = 3
	sampleWrong, sampleRight = 1500, 4000
)

// piece is a part of the wrong elements of an output with the border that tells it, as far as one does: inside are right.
type piece struct {
	fail   []row
	border *Border
	inside int
	told   bool
}

// told looks for the border of some wrong elements. Numbers that are less accurate than they should be are right here and there,
// by chance: of these it is enough to know the dtype, if a good part is wrong.
func (m *examination) told(output string, fail, pass []row) piece {
	p := piece{fail: fail}
	p.border, p.inside = delimit(m.module, []string{output}, fail, pass)
	if p.told = 20*p.inside <= len(fail); p.told {
		return p
	}
	if slices.ContainsFunc(fail, func(r row) bool { return kindOfError(&r) != lessAccurate }) {
		return p
	}
	plain := piece{fail: fail, border: &Border{Module: m.module, Outputs: []string{output}, single: p.border.single}}
	for _, t := range necessary(fail) {
		if (t.kind == ofDType || t.kind == ofReduction) && !t.not {
			plain.border.tests = append(plain.border.tests, t)
			plain.told = plain.told || t.kind == ofDType
		}
	}
	plain.border.tests = telling(plain.border.tests, pass)
	for i := range pass {
		if plain.border.holds(&pass[i]) {
			plain.inside++
		}
	}
	if plain.told = plain.told && plain.inside <= 4*len(fail); plain.told {
		return plain
	}
	return p
}

// parted parts the wrong elements of an output that no border tells from right ones, as where a port makes several
// mistakes that nobody knows: by what they or their calls have, so that as many as possible have a border.
func (m *examination) parted(output string, fail, pass []row, depth int) []piece {
	whole := m.told(output, fail, pass)
	if whole.told || 4*whole.inside <= len(fail) || depth == 0 || len(fail) < 2 {
		return []piece{whole}
	}
	if depth == maxDepth {
		if less, rest := m.lessAccurate(output, fail, pass); len(less) > 0 {
			if len(rest) > 0 {
				less = append(less, m.parted(output, rest, pass, depth-1)...)
			}
			return less
		}
	}
	sample, right := spread(fail, sampleWrong), spread(pass, sampleRight)
	var best [][]row
	most := 0.0
	for _, of := range properties(sample) {
		parts := split(sample, of)
		if len(parts) < 2 || len(parts) > maxParts {
			continue
		}
		score := -0.01 * float64(len(parts)*len(sample))
		for _, one := range parts {
			if m.told(output, one, right).told {
				score += float64(len(one))
			}
		}
		if score > most {
			best, most = split(fail, of), score
		}
	}
	if best == nil {
		return []piece{whole}
	}
	var parts []piece
	for _, one := range best {
		for _, p := range m.parted(output, one, pass, depth-1) {
			alike := slices.IndexFunc(parts, func(other piece) bool { return other.border.String() == p.border.String() })
			if alike < 0 {
				parts = append(parts, p)
			} else {
				parts[alike].fail = append(parts[alike].fail, p.fail...)
			}
		}
	}
	return parts
}

// lessAccurate returns what is less accurate than it should be, of each dtype in which that is most of what is wrong, and the rest:
// it is one matter, whatever else is wrong beside it.
func (m *examination) lessAccurate(output string, fail, pass []row) (less []piece, rest []row) {
	for _, of := range split(fail, func(r *row) string { return string(dtypeOf(r.place)) }) {
		var some, others []row
		for _, r := range of {
			if kindOfError(&r) == lessAccurate {
				some = append(some, r)
			} else {
				others = append(others, r)
			}
		}
		if 2*len(some) > len(of) {
			if p := m.told(output, some, pass); p.told {
				less, rest = append(less, p), append(rest, others...)
				continue
			}
		}
		rest = append(rest, of...)
	}
	return less, rest
}

// maxParts bounds the parts of one parting.
const maxParts = 8

// spread returns some of many rows, from all over them.
func spread(rows []row, most int) []row {
	if len(rows) <= most {
		return rows
	}
	few := make([]row, most)
	for i := range few {
		few[i] = rows[i*len(rows)/most]
	}
	return few
}

// split parts rows by what a property of theirs is.
func split(rows []row, of func(r *row) string) [][]row {
	var parts [][]row
	at := map[string]int{}
	for i := range rows {
		key := of(&rows[i])
		k, ok := at[key]
		if !ok {
			k = len(parts)
			at[key], parts = k, append(parts, nil)
		}
		parts[k] = append(parts[k], rows[i])
	}
	return parts
}

// properties are those by which wrong elements are parted: how they are wrong, dtype and reduction, target and sign of
// the logit, and what calls have.
func properties(fail []row) []func(r *row) string {
	sign := func(high, low quantity) func(r *row) string {
		return func(r *row) string { return fmt.Sprint(r.values[high] > 0, r.values[low] < 0) }
	}
	list := []func(r *row) string{
		kindOfError,
		func(r *row) string { return string(dtypeOf(r.place)) },
		func(r *row) string { return string(dtypeOf(r.place)) + kindOfError(r) },
		sign(logitHigh, logitLow),
		func(r *row) string { return fmt.Sprint(r.values[targetHigh] == 0, r.values[targetLow] == 1) },
		func(r *row) string { return fmt.Sprint(r.values[elements] == 1) },
		func(r *row) string { return fmt.Sprint(r.got > r.want) },
	}
	var atoms []atom
	for i := range fail {
		for _, a := range fail[i].atoms {
			if !a.not && a.kind != ofOutput && a.kind != ofDType {
				atoms = added(atoms, a)
			}
		}
	}
	for _, a := range atoms {
		list = append(list, func(r *row) string { return fmt.Sprint(slices.Contains(r.atoms, a)) })
	}
	return list
}

const lessAccurate = "less accurate"

// kindOfError says how a number is wrong: infinite or NaN where it should not be, 0, less accurate, or wrong.
func kindOfError(r *row) string {
	switch off := math.Abs(r.got - r.want); {
	case bad(r.got) || bad(r.want):
		return "not finite"
	case r.got == 0:
		return "zero"
	case off <= 1e-4*math.Abs(r.want), dtypeOf(r.place) == tensor.Float64 && off <= 0x1p30*r.allowed: // as by float32 functions
		return lessAccurate
	}
	return "wrong"
}
