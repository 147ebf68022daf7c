package diagnosis

import (
	"cmp"
	"context"
	mathbits "math/bits"
	"runtime"
	"slices"
	"strings"
	"sync"

	"lossproof/internal/claim"
	"lossproof/internal/divergence"
)

// The bounds of a search, which keep a diagnosis below three seconds.
const (
	// maxElements is the size of an input that is large: such are looked at last.
	maxElements = 4096
	// finalists is the number of divergences that are held against everything.
	finalists = 3
	// maxLarge bounds the elements of large inputs that are looked at in one module.
	maxLarge = 400_000
	// hopeless is the number of answers after which a divergence that explains none of them is given up.
	hopeless = 48
	// fewFailing is the number of calls that fail up to which large ones are looked at from the beginning.
	fewFailing = 12
	// maxMistakes is the number of mistakes in numbers that are looked for in one module, maxAll that with refusals, which
	// no other mistake changes.
	maxMistakes, maxAll = 4, 6
	// The number of calls on which all divergences are evaluated: of those that fail, of those that
	// pass, of those that what is found so far does not explain, and for pairs.
	sampleFailing, samplePassing, sampleLeft, samplePairs = 84, 80, 32, 5
	// smallEnough is the number of elements of calls that are taken first; larger ones where there are few others.
	smallEnough = 256
)

// suspect is a divergence with how it fits.
type suspect struct {
	*divergence.Divergence
	order int
	tally
	// same are the places that it explains, alone or with what was found before, and identical
	// counts those to the last bit.
	same      []int
	otherwise []int
	identical int
	pair      *suspect
}

// hypothesis is a set of mistakes that a port makes at once, with the answers that each set of some of
// them explains.
type hypothesis struct {
	mistakes []*suspect
	// by has for each explained place the sets of mistakes, as bits, that explain it: the first is one of
	// the smallest.
	by map[int][]uint
}

// without returns h without a mistake.
func (h hypothesis) without(k int) hypothesis {
	h.mistakes = slices.Delete(slices.Clone(h.mistakes), k, k+1)
	by := map[int][]uint{}
	for i, sets := range h.by {
		for _, set := range sets {
			if set&(1<<k) == 0 {
				by[i] = append(by[i], set&(1<<k-1)|set>>(k+1)<<k)
			}
		}
	}
	h.by = by
	return h
}

// search returns the mistakes that explain most, as few as do.
func (m *examination) search(ctx context.Context) hypothesis {
	m.clashes = map[string][]int{}
	first := m.round(ctx, hypothesis{})
	if len(first) > 0 && 2*len(first[0].same) < m.failing { // a mistake may show beside another alone
		first = append(first[:min(len(first), finalists)], m.pairs(ctx, hypothesis{}, m.exhibits)...)
	}
	// What explains next to nothing of what it should leads nowhere.
	first = slices.DeleteFunc(first, func(s *suspect) bool {
		return s.pair == nil && s.share() < leastShare && 100*len(s.same) < m.failing
	})
	var best hypothesis
	high := 0.0
	for i, s := range first {
		h := m.pruned(m.grown(ctx, m.extended(ctx, hypothesis{}, s), i == 0))
		if score := m.score(h); i == 0 || score > high {
			best, high = h, score
		}
		if 50*len(h.by) >= 49*m.failing && len(h.mistakes) == 1 {
			break // it leaves nothing to look for
		}
	}
	if len(best.mistakes) > 0 {
		best = m.improved(ctx, m.pruned(m.grown(ctx, best, true)))
	}
	return m.finished(ctx, m.credible(best))
}

// maxImproved bounds how often a mistake is doubted.
const maxImproved = 3

// improved doubts mistakes: those that passing answers contradict, and the smallest of as many as there may be. It looks for what
// explains more without one: others may have been held against what it had left.
func (m *examination) improved(ctx context.Context, h hypothesis) hypothesis {
	if !m.hides(h) {
		return h
	}
	doubted := map[*divergence.Divergence]bool{}
	for len(h.mistakes) > 1 && len(doubted) < maxImproved && ctx.Err() == nil {
		tallies := m.tallies(h)
		worst := -1
		for k, t := range tallies {
			if !doubted[h.mistakes[k].Divergence] && (t.contradicted > 0 || m.full(h)) && (worst < 0 || t.explained-t.contradicted < tallies[worst].explained-tallies[worst].contradicted) {
				worst = k
			}
		}
		if worst < 0 {
			break
		}
		m.doubted = h.mistakes[worst].Divergence
		doubted[m.doubted] = true
		var other hypothesis
		for _, s := range slices.Delete(slices.Clone(h.mistakes), worst, worst+1) {
			alone := *s
			alone.pair = nil
			other = m.extended(ctx, other, &alone)
		}
		other = m.pruned(m.finished(ctx, m.grown(ctx, other, true)))
		if m.score(other) > m.score(h) {
			h = other
		}
	}
	m.doubted = nil
	return h
}

// full reports whether h has as many mistakes as are looked for.
func (m *examination) full(h hypothesis) bool {
	computing := uint(0)
	for i, sets := range h.by {
		if m.places[i].output != "" {
			for _, set := range sets {
				computing |= set
			}
		}
	}
	return bits(computing) >= maxMistakes || len(h.mistakes) >= maxAll
}

// grown adds mistakes to a hypothesis as long as they explain what it leaves. refit looks for numbers of families
// that what is found so far had hidden.
func (m *examination) grown(ctx context.Context, h hypothesis, refit bool) hypothesis {
	for !m.full(h) && ctx.Err() == nil {
		if len(m.left(h)) <= fewFailing { // large ones are looked at next, which what is found may explain
			h = m.finished(ctx, h)
		}
		if len(h.by) >= m.failing {
			break
		}
		if refit && m.hides(h) {
			m.fitted(ctx, h)
		}
		next := m.round(ctx, h)
		if len(next) == 0 {
			break
		}
		h = m.extended(ctx, h, next[0])
	}
	return h
}

// hides reports whether a hypothesis explains so much that its mistakes may hide others.
func (m *examination) hides(h hypothesis) bool { return 10*len(h.by) >= m.failing }

// few is the number of answers that a mistake has to explain at least. The outputs of a single call may have a mistake each.
func (m *examination) few() int {
	if len(m.exhibits) == 1 {
		return 1
	}
	return 3
}

// score is how well a hypothesis fits: of two that explain as much, the one with fewer mistakes and conditions fits better.
func (m *examination) score(h hypothesis) float64 {
	score := float64(len(h.by))
	for k, t := range m.tallies(h) {
		if len(h.mistakes) > 1 {
			score -= float64(m.against(h, k, t.condition))
		}
		beyond := 0 // what it explains where its condition does not hold
		for _, sets := range h.by {
			if sets[0]&(1<<k) != 0 {
				beyond++
			}
		}
		score -= float64(t.contradicted) + 0.1*float64(t.otherwise) + 2 + 0.5*float64(len(t.condition)) + 0.5*float64(beyond-t.explained)
	}
	return score
}

// pruned leaves out mistakes without which nearly as much is explained.
func (m *examination) pruned(h hypothesis) hypothesis {
	for len(h.mistakes) > 1 {
		best, least := 0, len(h.by)+1
		for k := range h.mistakes {
			if lost := len(h.by) - len(h.without(k).by); lost < least {
				best, least = k, lost
			}
		}
		// What fits without exception and condition need not explain much.
		t := m.tallies(h)[best]
		if least >= max(m.few(), len(h.by)/200) || least >= m.few() && t.contradicted+t.otherwise+len(t.condition) == 0 {
			break
		}
		h = h.without(best)
	}
	// What several sets of as many explain is ascribed to the mistake that explains most.
	counts := make([]int, len(h.mistakes))
	for _, sets := range h.by {
		for _, set := range sets {
			for k := range counts {
				if set == 1<<k {
					counts[k]++
				}
			}
		}
	}
	for _, sets := range h.by {
		slices.SortStableFunc(sets, func(a, b uint) int {
			if c := cmp.Compare(bits(a), bits(b)); c != 0 || bits(a) != 1 {
				return c
			}
			return counts[trailing(b)] - counts[trailing(a)]
		})
	}
	return h
}

// credible leaves out mistakes that more contradicts than speaks for them, and leads that lead to little.
func (m *examination) credible(h hypothesis) hypothesis {
	for k := 0; k < len(h.mistakes); k++ {
		if t := m.tallies(h)[k]; t.explained <= t.contradicted || t.share() < leastShare && 10*t.explained < m.failing {
			h = h.without(k)
			k = -1
		}
	}
	return h
}

// tallies says of each mistake of h how it fits, under the condition under which it fits best.
func (m *examination) tallies(h hypothesis) []tally {
	tallies := make([]tally, len(h.mistakes))
	for k, s := range h.mistakes {
		var explained, otherwise []int
		for i, sets := range h.by {
			if sets[0]&(1<<k) != 0 {
				explained = append(explained, i)
			}
		}
		for _, i := range s.otherwise {
			if _, ok := h.by[i]; !ok {
				otherwise = append(otherwise, i)
			}
		}
		tallies[k] = m.table.best(explained, m.beside(h, m.clash(s.Divergence, m.passingAll)), otherwise)
	}
	return tallies
}

// extended adds a mistake, or two, to a hypothesis.
func (m *examination) extended(ctx context.Context, h hypothesis, s *suspect) hypothesis {
	next := hypothesis{mistakes: slices.Clone(h.mistakes), by: map[int][]uint{}}
	for i, sets := range h.by {
		next.by[i] = slices.Clone(sets)
	}
	add := []*suspect{s}
	if s.pair != nil {
		add = append(add, s.pair)
	}
	for _, one := range add {
		next.mistakes = append(next.mistakes, one)
		one.otherwise = nil
	}
	// What is explained already may be explained by the new one as well.
	left := m.left(next)
	exhibits := slices.Clone(left)
	for _, e := range m.exhibits {
		if e.elements <= maxElements && !slices.Contains(left, e) {
			exhibits = append(exhibits, e)
		}
	}
	results := make([]fit, len(exhibits))
	m.inParallel(ctx, len(exhibits), func(k int) {
		results[k] = m.explain(exhibits[k], next, len(h.mistakes), k >= len(left), false)
	})
	for _, r := range results {
		for i, set := range r.by {
			next.by[i] = append(next.by[i], set)
		}
		for j, one := range add {
			one.otherwise = append(one.otherwise, r.others[j]...)
		}
	}
	return next
}

// left returns the exhibits with something that h does not explain; large ones where nothing else is
// left.
func (m *examination) left(h hypothesis) []*exhibit {
	var small, large []*exhibit
	for _, e := range m.exhibits {
		open := slices.ContainsFunc(e.places, func(p *place) bool {
			_, ok := h.by[p.index]
			return p.fails && !ok
		})
		switch {
		case !open:
		case e.elements > maxElements:
			large = append(large, e)
		default:
			small = append(small, e)
		}
	}
	if len(small) == 0 {
		return large
	}
	return small
}

// finished holds the mistakes of h against large inputs, too.
func (m *examination) finished(ctx context.Context, h hypothesis) hypothesis {
	if len(h.mistakes) == 0 {
		return h
	}
	var large []*exhibit
	for _, e := range m.exhibits {
		if e.elements > maxElements && slices.ContainsFunc(e.places, func(p *place) bool { return p.fails && len(h.by[p.index]) == 0 }) {
			large = append(large, e)
		}
	}
	results := make([]fit, len(large))
	m.inParallel(ctx, len(large), func(k int) { results[k] = m.explain(large[k], h, 0, false, true) })
	for _, r := range results {
		for i, set := range r.by {
			h.by[i] = []uint{set}
		}
	}
	return h
}

// fit says what mistakes make of the places of an exhibit.
type fit struct {
	// by has the sets that explain places, others the places at which each of the later mistakes alone is
	// wrong in another way, and equal counts what is explained to the last bit.
	by     map[int]uint
	others [][]int
	equal  int
}

// explain tries the sets of mistakes of h that have one of the first and later ones, the smallest first,
// on what is not explained of an exhibit; on what is explained, later mistakes alone. quick leaves out what seldom is.
func (m *examination) explain(e *exhibit, h hypothesis, first int, explained, quick bool) fit {
	n := len(h.mistakes)
	f := fit{by: map[int]uint{}, others: make([][]int, n-first)}
	// silents are the mistakes that are none in this call: with others they mostly make what the others make.
	silents := uint(0)
	try := func(set uint) {
		d, ok := m.together(h, set)
		if !ok {
			return
		}
		labels := e.labels(d, m.level)
		if bits(set) == 1 && !e.refusal && !speaks(labels) { // whoever refuses a call says nothing of its numbers
			silents |= set
		}
		if first > 0 && set>>first == 0 && quick {
			return
		}
		for k, l := range labels {
			p := e.places[k]
			if _, ok := h.by[p.index]; !p.fails || ok != explained {
				continue
			}
			if _, ok := f.by[p.index]; l >= same && !ok && (set&silents == 0 || !quick || m.needs(h, set, first, e, k)) {
				f.by[p.index] = set
				if l == identical {
					f.equal++
				}
			}
			if l == wrong && bits(set) == 1 && set>>first != 0 {
				f.others[trailing(set)-first] = append(f.others[trailing(set)-first], p.index)
			}
		}
	}
	var later []uint
	open := m.openIn([]*exhibit{e}, h)
	for _, set := range subsets(n) {
		if len(f.by) == len(e.places) {
			break
		}
		switch {
		case explained && bits(set) > 1:
		case set&silents != 0:
			later = append(later, set)
		case first == 0 || set>>first != 0 || bits(set) == 1:
			try(set)
		}
	}
	if !m.hides(h) {
		return f
	}
	// What one does may show in what another makes of the call: a row that should not count.
	for _, set := range later {
		if (!quick || set&^silents>>first != 0) && len(f.by) < open {
			try(set)
		}
	}
	return f
}

// needs reports whether a set of mistakes makes an answer of a call what it is and would not without those from first on.
func (m *examination) needs(h hypothesis, set uint, first int, e *exhibit, k int) bool {
	d, ok := m.together(h, set&(1<<first-1))
	return !ok || e.labels(d, m.level)[k] < same
}

// speaks reports whether a divergence is wrong in one of the answers.
func speaks(labels []label) bool {
	return slices.ContainsFunc(labels, func(l label) bool { return l != silent })
}

// subsets are the sets of up to n things, as bits, the small ones first.
func subsets(n int) []uint {
	var sets []uint
	for set := uint(1); set < 1<<n; set++ {
		sets = append(sets, set)
	}
	slices.SortStableFunc(sets, func(a, b uint) int { return cmp.Compare(bits(a), bits(b)) })
	return sets
}

// bits counts the things in a set, trailing is the position of the first.
func bits(set uint) int     { return mathbits.OnesCount(set) }
func trailing(set uint) int { return mathbits.TrailingZeros(set) }

// together returns what makes several mistakes of h, those that replace most first, then in the order of the catalogue.
func (m *examination) together(h hypothesis, set uint) (*divergence.Divergence, bool) {
	var several []*suspect
	for k, s := range h.mistakes {
		if set&(1<<k) != 0 {
			several = append(several, s)
		}
	}
	return joined(several...)
}

func joined(several ...*suspect) (*divergence.Divergence, bool) {
	several = slices.SortedFunc(slices.Values(several), func(a, b *suspect) int { return cmp.Or(b.Replaced()-a.Replaced(), a.order-b.order) })
	divergences := make([]*divergence.Divergence, len(several))
	for i, s := range several {
		divergences[i] = s.Divergence
	}
	return divergence.Together(divergences...)
}

// round returns the divergences that explain most of what h does not, alone or together with mistakes of
// h, and more than contradicts them; the best first. Where no single one does, it tries pairs.
func (m *examination) round(ctx context.Context, h hypothesis) []*suspect {
	exhibits := m.left(h)
	size := sampleFailing
	if len(h.mistakes) > 0 {
		size = sampleLeft
	}
	sample := sampled(exhibits, size)
	if len(sample) == 0 {
		return nil
	}
	onlyLarge := sample[0].elements > maxElements
	var large []*exhibit // what mistakes of sums are held against besides
	if !onlyLarge {
		large = m.large(h)
	}
	var suspects []*suspect
	for i, d := range m.catalogue {
		known := slices.ContainsFunc(h.mistakes, func(s *suspect) bool { return s.Divergence == d })
		if !known && d != m.doubted && (!onlyLarge || d.Sums) { // what fails large inputs alone is a matter of sums
			suspects = append(suspects, &suspect{Divergence: d, order: i})
		}
	}
	few := large
	if len(sample) > fewFailing {
		few = nil
	}
	m.hold(ctx, h, suspects, sample, few, m.passing)
	if suspects = m.likely(suspects); len(suspects) > 1 {
		// Where one explains all, those that explain less than half of it need not be held against everything.
		if all := len(suspects[0].same); all >= m.openIn(sample, h) {
			suspects = slices.DeleteFunc(suspects, func(s *suspect) bool { return 2*len(s.same) < all })
		}
	}
	// Of several, what passes decides, which the sample has little of.
	if len(suspects) > 1 || len(exhibits)+len(large) > len(sample)+len(few) && len(suspects) > 0 {
		m.hold(ctx, h, suspects, exhibits, large, m.passingAll)
		suspects = m.likely(suspects)
	}
	// What would show in answers that have a cause without it is less likely.
	if len(h.mistakes) > 0 && len(suspects) > 1 {
		score := map[*suspect]float64{}
		for _, s := range suspects {
			with := hypothesis{mistakes: append(slices.Clone(h.mistakes), s), by: h.by}
			score[s] = s.score() - float64(m.against(with, len(h.mistakes), s.condition))
		}
		slices.SortStableFunc(suspects, func(a, b *suspect) int { return cmp.Compare(score[b], score[a]) })
	}
	if len(suspects) == 0 && !onlyLarge {
		return m.pairs(ctx, h, exhibits)
	}
	return suspects
}

// against counts answers that h explains without one of its mistakes, of a few calls, and that this would make different
// under its condition.
func (m *examination) against(h hypothesis, k int, under condition) (n int) {
	explained := slices.DeleteFunc(slices.Clone(m.exhibits), func(e *exhibit) bool {
		return e.elements > maxElements || !slices.ContainsFunc(e.places, func(p *place) bool { return len(h.by[p.index]) > 0 })
	})
	for _, e := range sampled(explained, sampleFailing) {
		if !speaks(e.labels(h.mistakes[k].Divergence, m.level)) {
			continue
		}
		for i, p := range e.places {
			if sets := h.by[p.index]; len(sets) > 0 && sets[0]&(1<<k) == 0 && under.holds(p) {
				if d, ok := m.together(h, sets[0]|1<<k); ok && e.labels(d, m.level)[i] < same {
					n++
				}
			}
		}
	}
	return n
}

// openIn counts the failing answers of some exhibits that h does not explain.
func (m *examination) openIn(exhibits []*exhibit, h hypothesis) (n int) {
	for _, e := range exhibits {
		for _, p := range e.places {
			if _, ok := h.by[p.index]; p.fails && !ok {
				n++
			}
		}
	}
	return n
}

// large returns a few exhibits of large inputs that h does not explain.
func (m *examination) large(h hypothesis) []*exhibit {
	var large []*exhibit
	elements := 0
	for _, e := range m.exhibits {
		if e.elements > maxElements && elements+e.elements <= maxLarge/8 && slices.ContainsFunc(e.places, func(p *place) bool { return p.fails && len(h.by[p.index]) == 0 }) {
			large = append(large, e)
			elements += e.elements
		}
	}
	return large
}

// hold holds suspects, each with every set of the mistakes of h, against what h leaves open, mistakes of sums
// against large inputs, too.
func (m *examination) hold(ctx context.Context, h hypothesis, suspects []*suspect, exhibits, large, passing []*exhibit) {
	m.inParallel(ctx, len(suspects), func(k int) {
		s := suspects[k]
		s.same, s.otherwise, s.identical = nil, nil, 0
		with := hypothesis{mistakes: append(slices.Clone(h.mistakes), s), by: h.by}
		exhibits := exhibits
		if s.Sums {
			exhibits = slices.Concat(exhibits, large)
		}
		for _, e := range exhibits {
			f := m.explain(e, with, len(h.mistakes), false, true)
			s.identical += f.equal
			for i := range f.by {
				s.same = append(s.same, i)
			}
			for _, i := range f.others[0] {
				if _, ok := f.by[i]; !ok {
					s.otherwise = append(s.otherwise, i)
				}
			}
			if len(s.same) == 0 && len(s.otherwise) >= hopeless {
				break
			}
		}
		if len(s.same) == 0 {
			s.tally = tally{}
			return
		}
		s.tally = m.table.best(s.same, m.beside(with, m.clash(s.Divergence, passing)), s.otherwise)
	})
}

// clash returns the passing answers that d would get wrong.
func (m *examination) clash(d *divergence.Divergence, passing []*exhibit) []int {
	key := d.Name
	if len(passing) == len(m.passingAll) {
		key += " all"
	}
	m.mu.Lock()
	found, ok := m.clashes[key]
	m.mu.Unlock()
	if ok {
		return found
	}
	if d.Sums {
		passing = slices.Concat(passing, m.passingLarge)
	}
	for _, e := range passing {
		for k, l := range e.labels(d, m.level) {
			if p := e.places[k]; !p.fails && l == wrong {
				found = append(found, p.index)
			}
		}
	}
	m.mu.Lock()
	m.clashes[key] = found
	m.mu.Unlock()
	return found
}

// maxClashes is the number of passing answers that are held against several mistakes.
const maxClashes = 100

// beside returns those of some passing answers that all mistakes of h would get wrong.
func (m *examination) beside(h hypothesis, clashes []int) []int {
	all, ok := m.together(h, 1<<len(h.mistakes)-1)
	if len(h.mistakes) < 2 || len(clashes) > maxClashes || !ok {
		return clashes
	}
	return slices.DeleteFunc(slices.Clone(clashes), func(i int) bool {
		p := m.places[i]
		return p.labels(all, m.level)[slices.Index(p.exhibit.places, p)] == silent
	})
}

// likely returns the first few suspects that explain something, and more than contradicts them.
func (m *examination) likely(suspects []*suspect) []*suspect {
	least := min(m.few(), m.failing)
	suspects = slices.DeleteFunc(suspects, func(s *suspect) bool {
		return s.explained < least && len(s.same) < least || s.explained <= s.contradicted
	})
	slices.SortFunc(suspects, func(a, b *suspect) int {
		return cmp.Or(cmp.Compare(b.score(), a.score()), cmp.Compare(b.identical, a.identical), cmp.Compare(a.order, b.order))
	})
	return suspects[:min(len(suspects), finalists)]
}

// pairs returns the pair of divergences that explains most of a few small exhibits, where neither does
// alone: the second hangs on the first.
func (m *examination) pairs(ctx context.Context, h hypothesis, exhibits []*exhibit) []*suspect {
	exhibits = slices.DeleteFunc(slices.Clone(exhibits), func(e *exhibit) bool {
		return e.refusal || e.raised != "" || e.elements < 2
	})
	sample := sampled(exhibits, samplePairs)
	if len(sample) < 3 {
		return nil
	}
	var first []*suspect
	for i, d := range m.catalogue {
		if _, varies := divergence.Together(d, d); varies && d != m.doubted {
			first = append(first, &suspect{Divergence: d, order: i})
		}
	}
	found := make([]*suspect, len(first))
	// A mistake that is none in a call makes no pair there.
	speak := make([][]bool, len(first))
	m.inParallel(ctx, len(first), func(k int) {
		for _, e := range sample {
			speak[k] = append(speak[k], speaks(e.labels(first[k].Divergence, m.level)))
		}
	})
	m.inParallel(ctx, len(first), func(k int) {
		for j, other := range first[k+1:] {
			d, _ := joined(first[k], other)
			explained, tried := 0, 0
			for i, e := range sample {
				if !speak[k][i] || !speak[k+1+j][i] {
					continue
				}
				tried++
				one, two := e.labels(first[k].Divergence, m.level), e.labels(other.Divergence, m.level)
				for i, l := range e.labels(d, m.level) {
					if l >= same && one[i] < same && two[i] < same {
						explained++
					}
				}
				if explained == 0 && tried > 1 {
					break
				}
			}
			if explained >= 3 && (found[k] == nil || explained > found[k].explained) {
				one := *first[k]
				one.explained, one.pair = explained, &suspect{Divergence: other.Divergence, order: other.order}
				found[k] = &one
			}
		}
	})
	found = slices.DeleteFunc(found, func(s *suspect) bool { return s == nil })
	slices.SortStableFunc(found, func(a, b *suspect) int { return cmp.Compare(b.explained, a.explained) })
	return found[:min(len(found), finalists)]
}

// sampled returns a few exhibits of as many kinds as possible, small ones first: of each rule, dtype,
// reduction and set of outputs that fail.
func sampled(exhibits []*exhibit, size int) []*exhibit {
	if len(exhibits) <= size {
		return exhibits
	}
	few := slices.DeleteFunc(slices.Clone(exhibits), func(e *exhibit) bool { return e.elements > smallEnough })
	if len(few) >= size/2 {
		exhibits = few
	}
	groups := map[string][]*exhibit{}
	var keys []string
	for _, e := range exhibits {
		key := strings.Join([]string{e.check.Rule.ID, string(dtypeOf(e.places[0])), claim.Reduction(e.call.Options), strings.Join(e.failing, " ")}, " ")
		if groups[key] == nil {
			keys = append(keys, key)
		}
		groups[key] = append(groups[key], e)
	}
	// One of each rule comes before the second of another.
	order := map[string]int{}
	rank := map[string]int{}
	for _, key := range keys {
		rule, _, _ := strings.Cut(key, " ")
		rank[key] = order[rule]
		order[rule]++
	}
	slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(rank[a], rank[b]) })
	var sample []*exhibit
	for depth := 0; len(sample) < size; depth++ {
		added := false
		for _, key := range keys {
			group := groups[key]
			if depth == 0 {
				slices.SortStableFunc(group, func(a, b *exhibit) int { return cmp.Compare(weightOf(a), weightOf(b)) })
			}
			if depth < len(group) && len(sample) < size {
				sample, added = append(sample, group[depth]), true
			}
		}
		if !added {
			break
		}
	}
	return sample
}

// weightOf is how unsuitable an exhibit is to be looked at first: one of few elements says little, and one
// of many takes its time.
func weightOf(e *exhibit) int {
	if e.elements < 4 {
		return 40 - e.elements
	}
	return e.elements
}

// inParallel does f for the numbers below n, on all processors.
func (m *examination) inParallel(ctx context.Context, n int, f func(int)) {
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				if ctx.Err() == nil {
					f(i)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	workers.Wait()
}
