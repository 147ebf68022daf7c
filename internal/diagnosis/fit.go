package diagnosis

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"lossproof/internal/divergence"
	"lossproof/ports"
)

// The bounds of looking for the number of a family.
const (
	// sampleFit is the number of calls that are looked at, maxSolved that of those of which one tells a number.
	sampleFit, maxSolved = 20, 4
	bisections           = 28
)

// fitted adds to the catalogue, for each family of the module, the mistake whose number the answers tell that h does not
// explain.
func (m *examination) fitted(ctx context.Context, h hypothesis) {
	var small []*exhibit
	for _, e := range m.left(h) {
		if !e.refusal && e.raised == "" && e.elements > 0 && e.elements <= maxElements {
			small = append(small, e)
		}
	}
	failing, passing := sampled(small, sampleFit), sampled(m.passingAll, sampleFit)
	var families []*divergence.Family
	for _, f := range divergence.Families() {
		if f.Of(m.module) {
			families = append(families, f)
		}
	}
	best := make([]*divergence.Divergence, len(families))
	m.inParallel(ctx, len(families), func(k int) { best[k] = m.fit(families[k], h, failing, passing) })
	for _, d := range best {
		if d != nil && m.tells(d) && !slices.ContainsFunc(m.catalogue, func(one *divergence.Divergence) bool { return one.Name == d.Name }) {
			m.catalogue = append(m.catalogue, d)
		}
	}
}

// tells reports whether a mistake that differs from another in the gradient alone is that of the port: some gradient is one that the
// other does not make.
func (m *examination) tells(d *divergence.Divergence) bool {
	plain, kept := strings.CutSuffix(d.Name, "-gradient-kept")
	other, known := divergence.ByName(plain)
	return !kept || !known || slices.ContainsFunc(m.exhibits, func(e *exhibit) bool {
		if e.elements > maxElements {
			return false
		}
		one, two := e.labels(d, m.level), e.labels(other, m.level)
		for k, p := range e.places {
			if p.output == ports.GradInput && one[k] >= same && two[k] < same {
				return true
			}
		}
		return false
	})
}

// with returns a mistake together with those of h that can be put together with it.
func (m *examination) with(h hypothesis, d *divergence.Divergence) *divergence.Divergence {
	several := []*suspect{{Divergence: d, order: len(m.catalogue)}}
	for _, s := range h.mistakes {
		if _, ok := joined(append(several, s)...); ok {
			several = append(several, s)
		}
	}
	together, _ := joined(several...)
	return together
}

// fit returns the member of a family that explains most of some calls, alone or beside the mistakes of h, nil where none
// explains anything.
func (m *examination) fit(f *divergence.Family, h hypothesis, failing, passing []*exhibit) (best *divergence.Divergence) {
	most := 0
	seen := map[string]bool{}
	try := func(n float64) {
		d := f.Member(n)
		if seen[d.Name] {
			return
		}
		seen[d.Name] = true
		explained, wrongly := 0, 0
		for i, e := range slices.Concat(failing, passing) {
			if i == len(failing) && explained == 0 {
				return
			}
			alone := e.labels(d, m.level)
			both := alone
			if i < len(failing) && len(h.mistakes) > 0 {
				both = e.labels(m.with(h, d), m.level)
			}
			for k, l := range alone {
				switch _, ok := h.by[e.places[k].index]; {
				case max(l, both[k]) >= same && !ok:
					explained++
				case l == wrong:
					wrongly++
				}
			}
		}
		if score := 2*explained - wrongly; explained > 0 && (best == nil || score > most) {
			best, most = d, score
		}
	}
	low, high := f.Range()
	if low == high {
		for _, n := range f.Tried() {
			try(n)
		}
		return best
	}
	solved := 0
	for _, e := range failing {
		if e.elements > smallEnough {
			continue
		}
		n, ok := m.solve(f, h, e, low, high)
		if !ok {
			continue
		}
		for _, plain := range f.Tried() {
			if at := divergence.NumberFor(plain, dtypeOf(e.places[0])); math.Abs(at-n) <= 0.02*n {
				try(plain)
			}
		}
		for digits := 1; digits <= 3; digits++ {
			if rounded, err := strconv.ParseFloat(strconv.FormatFloat(n, 'g', digits, 64), 64); err == nil {
				try(rounded)
			}
		}
		if solved++; solved == maxSolved {
			break
		}
	}
	return best
}

// solve returns the number with which a family predicts what an element is that no right answer has: between
// what it predicts for low and for high, beside the mistakes of h.
func (m *examination) solve(f *divergence.Family, h hypothesis, e *exhibit, low, high float64) (float64, bool) {
	for _, p := range e.places {
		got, kept := e.answer.Outputs[p.output]
		want := e.expect(p.output).Reference
		if !p.fails || !kept || p.output != ports.Loss && p.output != ports.GradInput || got.DType != want.DType || got.Len() != want.Len() {
			continue
		}
		call := e.call
		call.Want = []string{p.output}
		predicted := func(n float64) []float64 {
			m.collector.evaluated.Add(int64(e.elements))
			out, ok := m.with(h, f.Member(n)).Evaluate(call).Outputs[p.output]
			if !ok {
				return nil
			}
			return out.Float64s()
		}
		lowest, highest := predicted(low), predicted(high)
		if len(lowest) != got.Len() || len(highest) != got.Len() {
			continue
		}
		at, widest := -1, 0.0
		for i := range lowest {
			g := got.Float64(i)
			if width := math.Abs(lowest[i] - highest[i]); (g-lowest[i])*(g-highest[i]) < 0 && width > widest && p.wrong(i, g) {
				at, widest = i, width
			}
		}
		if at < 0 {
			continue
		}
		g, rises := got.Float64(at), highest[at] > lowest[at]
		from, to := math.Log(low), math.Log(high)
		for range bisections {
			middle := (from + to) / 2
			if v := predicted(math.Exp(middle)); len(v) > at && (v[at] < g) == rises {
				from = middle
			} else {
				to = middle
			}
		}
		n := math.Exp(to)
		if v := predicted(n); len(v) > at && math.Abs(v[at]-g) <= 1e-3*math.Abs(g) {
			return n, true
		}
	}
	return 0, false
}

// wrong reports whether a number is too far from that of an element.
func (p *place) wrong(i int, got float64) bool {
	want := p.expect(p.output).Reference.Float64(i)
	return !(math.Abs(got-want) <= p.allowance(i))
}
