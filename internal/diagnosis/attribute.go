package diagnosis

import (
	"cmp"
	"maps"
	"slices"

	"lossproof/internal/divergence"
	"lossproof/judge"
)

// cause is a cause with the answers that it explains.
type cause struct {
	judge.Cause
	// bit is that of a known mistake in the hypothesis; border and kind are those of what is delimited.
	bit    uint
	border *Border
	kind   string
	places []*place
}

// byLead has findings before leads.
func byLead(a, b *cause) int {
	rank := map[bool]int{true: 1}
	return cmp.Compare(rank[a.Lead], rank[b.Lead])
}

// maxIDs bounds the answers that a cause lists.
const maxIDs = 20

// cover notes the answers that a cause explains; quirks fail nothing.
func (c *cause) cover() {
	outputs := map[string]bool{}
	c.Explains, c.IDs = 0, nil
	for _, p := range c.places {
		if p.quirk {
			continue
		}
		c.Explains++
		outputs[cmp.Or(p.output, refusals)] = true
		if len(c.IDs) < maxIDs {
			c.IDs = append(c.IDs, p.id())
		}
	}
	c.Outputs = slices.Sorted(maps.Keys(outputs))
}

// explanation is what explains a check: the names of known mistakes, and the indices of causes.
type explanation struct {
	names  []string
	causes []int
}

// explanation returns that of the check of an answer.
func (m *examination) explanation(p *place) *explanation {
	e := m.explained[p.check.ID]
	if e == nil {
		e = &explanation{}
		m.explained[p.check.ID] = e
	}
	return e
}

// added returns a list with a value that it may have.
func added[T comparable](list []T, v T) []T {
	if slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}

// open returns the failing answers that the mistakes do not explain, those of the rest apart. What they explain of
// the rest becomes theirs.
func (m *examination) open(mistakes []*cause) (cases, rest []*place) {
	explained := func(p *place, set uint) {
		m.done[p] = true
		for _, c := range mistakes {
			if set&c.bit != 0 {
				e := m.explanation(p)
				e.names = added(e.names, c.Name)
			}
		}
	}
	for _, p := range m.places {
		switch sets := m.found.by[p.index]; {
		case !p.fails:
		case len(sets) > 0 && sets[0]&^m.proved == 0:
			explained(p, sets[0])
		default:
			cases = append(cases, p)
		}
	}
	for _, e := range m.rest {
		for k, p := range e.places {
			if !p.fails {
				continue
			}
			set := m.made(func(d *divergence.Divergence) bool { return e.labels(d, m.level)[k] >= same })
			if set == 0 {
				rest = append(rest, p)
				continue
			}
			explained(p, set)
			for _, c := range mistakes {
				if set&c.bit != 0 {
					c.places = append(c.places, p)
				}
			}
		}
	}
	return cases, rest
}

// made returns the smallest set of mistakes that were found and are no leads for which is holds, 0 where there is none.
func (m *examination) made(is func(d *divergence.Divergence) bool) uint {
	for _, set := range subsets(len(m.found.mistakes)) {
		if set&^m.proved == 0 {
			if d, ok := m.together(m.found, set); ok && is(d) {
				return set
			}
		}
	}
	return 0
}

// beyond returns the answers of the rest that lie within none of the borders, quirks apart. Those that do become theirs.
func (m *examination) beyond(causes []*cause, rest []*place) (left []*place) {
	for _, p := range rest {
		at := slices.IndexFunc(causes, func(c *cause) bool { return !c.Lead && c.border != nil && m.lies(p, c) })
		switch {
		case at >= 0:
			causes[at].places = append(causes[at].places, p)
			m.done[p] = true
		case !p.quirk:
			left = append(left, p)
		}
	}
	return left
}

// lies reports whether an answer fails as a border says: all that is wrong of it lies within.
func (m *examination) lies(p *place, c *cause) bool {
	if kindOf(p) != c.kind {
		return false
	}
	if c.kind != wrongNumbers {
		r := callRow(p.exhibit)
		return c.border.holds(&r)
	}
	if !slices.Contains(c.border.Outputs, p.output) {
		return false
	}
	wrong, _, _, ok := m.wrongOf(p)
	rows := rowsOf(p, slices.Sorted(maps.Keys(wrong)), wrong)
	return ok && len(rows) > 0 && !slices.ContainsFunc(rows, func(r row) bool { return !c.border.holds(&r) })
}
