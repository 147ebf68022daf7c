package diagnosis

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"

	"lossproof/fixtures"
	"lossproof/internal/divergence"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// Diagnose adds to the result of the run what explains its failures. port is asked a few fresh inputs for
// each cause; nil leaves that out. The error is about fixtures that cannot be read, or that of ctx.
func (c *Collector) Diagnose(ctx context.Context, port ports.Port, result *judge.Result) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	level, err := verdict.ParseLevel(result.Level)
	if err != nil {
		return err
	}
	explained := map[string]*explanation{}
	for _, module := range c.modules() {
		m := &examination{collector: c, module: module, level: level, port: port, done: map[*place]bool{}, explained: explained}
		if err := m.diagnose(ctx, result); err != nil {
			return err
		}
	}
	for _, checks := range [][]judge.CheckResult{result.Cases, result.Relations, result.Generated} {
		for i, r := range checks {
			if e := explained[r.ID]; e != nil {
				checks[i].Diagnosis, checks[i].Causes = strings.Join(e.names, " and "), e.causes
			}
		}
	}
	return ctx.Err()
}

// examination is the diagnosis of one module as it goes on.
type examination struct {
	collector *Collector
	module    string
	level     verdict.Level
	port      ports.Port
	catalogue []*divergence.Divergence
	// places are all answers, exhibits those calls of which something fails.
	places   []*place
	exhibits []*exhibit
	// failing is the number of places that fail, passingAll are the calls, of large inputs apart, of which
	// something passes, and passing a few of them.
	failing int
	// rest are calls of which the causes are not made: what they fail is attributed to those that are found, and delimited
	// where none fits. failingRest is the number of their answers that fail and gate.
	rest        []*exhibit
	failingRest int
	// skipped is the number of answers that are not looked at: there are too many large ones. heavy are those of them of few
	// elements, such as sums, which may lie within a border.
	skipped             int
	heavy               []*place
	passing, passingAll []*exhibit
	// passingLarge are a few calls of large inputs of which nothing fails: they speak against wrong sums.
	passingLarge []*exhibit
	table        *table

	// found are the mistakes that were found, proved those of them that are no leads, as bits.
	found  hypothesis
	proved uint
	// doubted is a mistake that is left out of a search.
	doubted *divergence.Divergence
	// asks counts the questions to the port about borders.
	asks int
	// done are the failing answers of which there is a cause that is no lead, explained has what explains the checks.
	done      map[*place]bool
	explained map[string]*explanation

	mu sync.Mutex
	// clashes are the passing answers that divergences would get wrong, by name.
	clashes map[string][]int
}

func (m *examination) diagnose(ctx context.Context, result *judge.Result) error {
	if err := m.read(); err != nil {
		return err
	}
	for _, d := range divergence.All() {
		if d.Of(m.module) && !d.Fitted {
			m.catalogue = append(m.catalogue, d)
		}
	}
	known := len(m.catalogue)
	m.fitted(ctx, hypothesis{})
	h := m.summing(m.search(ctx))
	causes := m.mistakes(ctx, h)
	m.found = h
	for _, c := range causes {
		if !c.Lead {
			m.proved |= c.bit
		}
	}
	cases, rest := m.open(causes)
	diagnosis := judge.Diagnosis{Module: m.module, Catalogue: known, Findings: []judge.Finding{}}
	diagnosis.Examined = m.failing + m.failingRest
	diagnosis.Failing = diagnosis.Examined + m.skipped + m.collector.lost[m.module]
	diagnosis.Unexplained = diagnosis.Examined - m.explains()
	if open := slices.Concat(cases, rest); len(open) > 0 {
		diagnosis.Example = open[0].id()
	}
	causes = append(causes, m.borders(ctx, cases)...)
	causes = append(causes, m.borders(ctx, m.beyond(causes, rest))...)
	within := len(m.heavy) - len(m.beyond(causes, m.heavy))
	diagnosis.Examined, diagnosis.Unexplained = diagnosis.Examined+within, diagnosis.Unexplained+within
	diagnosis.Open = diagnosis.Examined - m.explains()
	slices.SortStableFunc(causes, byLead)
	for _, c := range causes {
		c.Failing = diagnosis.Examined
		c.cover()
		for _, p := range c.places {
			e := m.explanation(p)
			e.causes = added(e.causes, len(result.Causes))
		}
		result.Causes = append(result.Causes, c.Cause)
		if c.Kind == judge.KnownMistake && !c.Lead {
			diagnosis.Findings = append(diagnosis.Findings, finding(c.Cause))
		}
	}
	result.Diagnoses = append(result.Diagnoses, diagnosis)
	return ctx.Err()
}

// summing adds sums in order to the mistakes where answers to checks of accumulation are those of such sums: there are few
// of these checks, and what they find is of no other kind.
func (m *examination) summing(h hypothesis) hypothesis {
	order := slices.IndexFunc(m.catalogue, func(d *divergence.Divergence) bool { return d.Name == "naive-sum" })
	if order < 0 || slices.ContainsFunc(h.mistakes, func(s *suspect) bool { return s.order == order }) {
		return h
	}
	d := m.catalogue[order]
	var sums []int
	for _, e := range m.exhibits {
		open := func(p *place) bool { return p.fails && len(h.by[p.index]) == 0 && p.nearly() }
		if !strings.HasSuffix(e.check.Rule.ID, "-ACCUMULATION") || !slices.ContainsFunc(e.places, open) {
			continue
		}
		for k, l := range e.labels(d, m.level) {
			if p := e.places[k]; open(p) && l >= same {
				sums = append(sums, p.index)
			}
		}
	}
	if len(sums) == 0 {
		return h
	}
	if t := m.table.best(sums, m.clash(d, m.passingAll), nil); t.explained <= t.contradicted {
		return h
	}
	if h.by == nil {
		h.by = map[int][]uint{}
	}
	for _, i := range sums {
		h.by[i] = []uint{1 << len(h.mistakes)}
	}
	h.mistakes = append(h.mistakes, &suspect{Divergence: d, order: order})
	return h
}

// nearly reports whether numbers are off by no more than a 64th of the right ones. Those of a sum in order are:
// n terms of one sign lose n/2 units of the dtype in which they are added, and there are at most 2^18 of float32.
func (p *place) nearly() bool {
	got, kept := p.answer.Outputs[p.output]
	if !kept {
		return false
	}
	want := p.expect(p.output).Reference
	return got.DType == want.DType && tensor.SameShape(got.Shape, want.Shape) &&
		equal(got, want, func(i int) float64 { return math.Abs(want.Float64(i)) / 64 })
}

// explains counts the answers that fail and gate of which there is a cause that is no lead.
func (m *examination) explains() (n int) {
	for p, done := range m.done {
		if done && !p.quirk {
			n++
		}
	}
	return n
}

// read prepares what fails and what passes of the module. Where a case fails, causes are made of cases, which say more than
// counterexamples of laws.
func (m *examination) read() error {
	fails := slices.ContainsFunc(m.collector.recorded, func(o observation) bool { return o.module == m.module && o.fails() })
	var small []*exhibit
	large, right, later := 0, 0, 0
	for _, o := range slices.Concat(m.collector.recorded, m.collector.broken, m.collector.quirks) {
		if o.module != m.module {
			continue
		}
		exhibits, err := m.exhibitsOf(o)
		if err != nil {
			return err
		}
		if o.c == nil && !slices.ContainsFunc(exhibits, (*exhibit).fails) {
			m.failingRest++ // no answer is wrong by itself, and none has a cause
			continue
		}
		for _, e := range exhibits {
			isRest := o.quirk || o.check.Kind == judge.Relation && fails
			if e.elements > maxElements && !isRest {
				switch {
				case !e.fails() && right+e.elements > maxLarge/4:
					continue
				case !e.fails():
					right += e.elements
					m.passingLarge = append(m.passingLarge, e)
				case large+e.elements > maxLarge:
					isRest = true
				default:
					large += e.elements
				}
			}
			switch {
			case !isRest:
				m.add(e)
				if e.elements <= maxElements && slices.ContainsFunc(e.places, func(p *place) bool { return !p.fails }) {
					small = append(small, e)
				}
			case later+e.elements <= maxLarge:
				later += e.elements
				m.rest = append(m.rest, e)
				for _, p := range e.places {
					if p.fails && !p.quirk {
						m.failingRest++
					}
				}
			case !o.quirk:
				m.skipped += max(1, len(e.failing))
				for _, p := range e.places {
					if p.fails && kindOf(p) == wrongNumbers && p.answer.Outputs[p.output].Len() <= maxElements {
						m.heavy = append(m.heavy, p)
					}
				}
			}
		}
	}
	m.passing, m.passingAll = sampled(small, samplePassing), small
	m.table = newTable(m.places)
	return nil
}

// add has an exhibit looked at.
func (m *examination) add(e *exhibit) {
	if e.fails() {
		m.exhibits = append(m.exhibits, e)
	}
	for _, p := range e.places {
		p.index = len(m.places)
		m.places = append(m.places, p)
		if p.fails {
			m.failing++
		}
	}
}

// leastShare is the share of what a mistake should explain that a finding explains; below it is a lead.
const leastShare = 0.8

// mistakes describes the mistakes of a hypothesis, those of rules that must hold first, then those that
// explain most.
func (m *examination) mistakes(ctx context.Context, h hypothesis) []*cause {
	var causes []*cause
	for k, t := range m.tallies(h) {
		s := h.mistakes[k]
		cause := &cause{bit: 1 << k, Cause: judge.Cause{
			Module: m.module, Kind: judge.KnownMistake, Name: s.Name, Sentence: s.Title, Why: s.Why, Right: s.Formula(m.module),
			Lead: t.share() < leastShare, Condition: t.condition.String(),
			Failing: m.failing, Contradicted: t.contradicted, Otherwise: t.otherwise,
		}}
		for _, link := range s.Met {
			cause.Met = append(cause.Met, judge.Link(link))
		}
		if id := s.Rule(m.module); id != "" {
			if rule, err := m.collector.set.Rule(id); err == nil { // a test holds the catalogue to the rules
				cause.Rule, cause.Statement, cause.Requirement = rule.ID, rule.Statement, rule.Requirement
			}
		}
		with := map[string]int{}
		for _, p := range m.places {
			sets := h.by[p.index]
			if len(sets) == 0 || sets[0]&(1<<k) == 0 {
				continue
			}
			cause.places = append(cause.places, p)
			for j, other := range h.mistakes {
				if j != k && sets[0]&(1<<j) != 0 {
					with[other.Name]++
				}
			}
		}
		cause.With = slices.Sorted(maps.Keys(with))
		cause.cover()
		for _, p := range m.passingAll {
			cause.Held += len(p.places)
		}
		// Where it is alone it shows best, and where numbers are not rounded to few digits.
		explained := slices.Clone(cause.places)
		slices.SortStableFunc(explained, func(a, b *place) int {
			return cmp.Or(bits(h.by[a.index][0])-bits(h.by[b.index][0]), cmp.Compare(min(4, dtypeOf(b).Size()), min(4, dtypeOf(a).Size())))
		})
		if m.port != nil {
			cause.Fresh = m.fresh(ctx, h, explained)
			if f := cause.Fresh; f != nil && !f.Predicted && 10*cause.Explains < m.failing {
				continue // it happens to be near a few answers
			}
			cause.Lead = cause.Lead || m.refuted(ctx, h, explained, t.condition)
			cause.Reproduction = m.reproduction(ctx, h, explained, t.condition)
			cause.Alike = m.alike(h, k, cause.places)
		}
		causes = append(causes, cause)
	}
	slices.SortStableFunc(causes, byWeight)
	return causes
}

// maxAlike bounds the mistakes that are named for a single call.
const maxAlike = 5

// alike lists the known mistakes that give the same answers as one does where a single call was asked, which cannot tell them apart.
func (m *examination) alike(h hypothesis, k int, explained []*place) (names []string) {
	if len(m.exhibits) != 1 || slices.ContainsFunc(m.passingAll, func(e *exhibit) bool { return e != m.exhibits[0] }) {
		return nil
	}
	e := m.exhibits[0]
	for _, d := range m.catalogue {
		if slices.ContainsFunc(h.mistakes, func(s *suspect) bool { return s.Divergence == d }) || len(names) == maxAlike {
			continue
		}
		labels := e.labels(d, m.level)
		fits := len(explained) > 0
		for i, p := range e.places {
			switch {
			case h.by[p.index] != nil && slices.Contains(explained, p):
				fits = fits && h.by[p.index][0] == 1<<k && labels[i] >= same
			case !p.fails:
				fits = fits && labels[i] == silent
			}
		}
		if fits {
			names = append(names, d.Name)
		}
	}
	return names
}

// byWeight orders causes: what breaks a rule that must hold comes first, then what explains most.
func byWeight(a, b *cause) int {
	should := func(c *cause) int {
		if c.Requirement == fixtures.Should {
			return 1
		}
		return 0
	}
	return cmp.Or(should(a)-should(b), b.Explains-a.Explains)
}

// finding is a cause in the form that results had before they had causes.
func finding(c judge.Cause) judge.Finding {
	return judge.Finding{
		Divergence: c.Name, Title: c.Sentence, Why: c.Why, Right: c.Right, Rule: c.Rule, Statement: c.Statement, Met: c.Met,
		Explains: c.Explains, Held: c.Held, Contradicted: c.Contradicted, Fresh: c.Fresh,
	}
}
