package diagnosis

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"lossproof/fixtures"
	"lossproof/internal/divergence"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
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
	names := map[string]string{}
	for _, module := range c.modules() {
		m := &examination{collector: c, module: module, level: level, port: port}
		if err := m.diagnose(ctx, names, result); err != nil {
			return err
		}
	}
	for _, checks := range [][]judge.CheckResult{result.Cases, result.Relations, result.Generated} {
		for i, r := range checks {
			checks[i].Diagnosis = names[r.ID]
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
	// skipped is the number of those that are not looked at: there are too many large ones.
	skipped             int
	passing, passingAll []*exhibit
	// passingLarge are a few calls of large inputs of which nothing fails: they speak against wrong sums.
	passingLarge []*exhibit
	table        *table

	// asks counts the questions to the port about borders.
	asks int

	mu sync.Mutex
	// clashes are the passing answers that divergences would get wrong, by name.
	clashes map[string][]int
}

func (m *examination) diagnose(ctx context.Context, names map[string]string, result *judge.Result) error {
	if err := m.read(); err != nil {
		return err
	}
	for _, d := range divergence.All() {
		if d.Of(m.module) && !d.Fitted {
			m.catalogue = append(m.catalogue, d)
		}
	}
	known := len(m.catalogue)
	for _, d := range m.fitted(ctx) {
		if !slices.ContainsFunc(m.catalogue, func(one *divergence.Divergence) bool { return one.Name == d.Name }) {
			m.catalogue = append(m.catalogue, d)
		}
	}
	diagnosis := judge.Diagnosis{
		Module: m.module, Catalogue: known, Findings: []judge.Finding{},
		Examined: m.failing, Failing: m.failing + m.skipped + m.collector.lost[m.module],
	}
	h := m.search(ctx)
	var leads []judge.Cause
	proved := uint(0) // the mistakes that are no leads
	for _, cause := range m.mistakes(ctx, h) {
		if cause.Lead {
			leads = append(leads, cause)
			continue
		}
		proved |= 1 << slices.IndexFunc(h.mistakes, func(s *suspect) bool { return s.Name == cause.Name })
		result.Causes = append(result.Causes, cause)
		diagnosis.Findings = append(diagnosis.Findings, finding(cause))
	}
	var open []*place
	for _, p := range m.places {
		sets := h.by[p.index]
		switch {
		case !p.fails:
		case len(sets) > 0 && sets[0]&^proved == 0:
			names[p.check.ID] = m.named(h, sets[0])
		default:
			if p.alone() {
				open = append(open, p)
			}
			if diagnosis.Unexplained++; diagnosis.Unexplained == 1 {
				diagnosis.Example = p.id()
			}
		}
	}
	if len(open) > 0 {
		for _, cause := range m.borders(ctx, open) {
			if cause.Lead {
				leads = append(leads, cause)
			} else {
				result.Causes = append(result.Causes, cause)
			}
		}
	}
	result.Causes = append(result.Causes, leads...)
	result.Diagnoses = append(result.Diagnoses, diagnosis)
	return ctx.Err()
}

// named joins the names of some mistakes of h.
func (m *examination) named(h hypothesis, set uint) string {
	var names []string
	for k, s := range h.mistakes {
		if set&(1<<k) != 0 {
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, " and ")
}

// read prepares what fails and what passes of the module. Counterexamples of laws count where no case fails: cases
// say more.
func (m *examination) read() error {
	fails := slices.ContainsFunc(m.collector.recorded, func(o observation) bool { return o.check.Module == m.module && o.fails() })
	observations := slices.Clone(m.collector.recorded)
	for _, o := range m.collector.broken {
		if !fails || o.single() {
			observations = append(observations, o)
		}
	}
	var small []*exhibit
	large, right := 0, 0
	for _, o := range observations {
		if o.check.Module != m.module {
			continue
		}
		e, err := m.collector.exhibit(o)
		if err != nil {
			return err
		}
		if e.elements > maxElements {
			switch {
			case !o.fails() && right+e.elements > maxLarge/4:
				continue
			case !o.fails():
				right += e.elements
				m.passingLarge = append(m.passingLarge, e)
			case large+e.elements > maxLarge:
				m.skipped += max(1, len(o.failing))
				continue
			default:
				large += e.elements
			}
		}
		if o.fails() {
			m.exhibits = append(m.exhibits, e)
		}
		passes := false
		for _, p := range e.places {
			p.index = len(m.places)
			m.places = append(m.places, p)
			if p.fails {
				m.failing++
			} else {
				passes = true
			}
		}
		if passes && e.elements <= maxElements {
			small = append(small, e)
		}
	}
	m.passing, m.passingAll = sampled(small, samplePassing), small
	m.table = newTable(m.places)
	return nil
}

// leastShare is the share of what a mistake should explain that a finding explains; below it is a lead.
const leastShare = 0.8

// mistakes describes the mistakes of a hypothesis, those of rules that must hold first, then those that
// explain most.
func (m *examination) mistakes(ctx context.Context, h hypothesis) []judge.Cause {
	var causes []judge.Cause
	for k, t := range m.tallies(h) {
		s := h.mistakes[k]
		cause := judge.Cause{
			Module: m.module, Kind: judge.KnownMistake, Name: s.Name, Sentence: s.Title, Why: s.Why, Right: s.Formula(m.module),
			Lead: t.share() < leastShare, Condition: t.condition.String(),
			Failing: m.failing, Contradicted: t.contradicted, Otherwise: t.otherwise,
		}
		for _, link := range s.Met {
			cause.Met = append(cause.Met, judge.Link(link))
		}
		if id := s.Rule(m.module); id != "" {
			if rule, err := m.collector.set.Rule(id); err == nil { // a test holds the catalogue to the rules
				cause.Rule, cause.Statement, cause.Requirement = rule.ID, rule.Statement, rule.Requirement
			}
		}
		var explained []*place
		with := map[string]int{}
		for _, p := range m.places {
			sets := h.by[p.index]
			if len(sets) == 0 || sets[0]&(1<<k) == 0 {
				continue
			}
			explained = append(explained, p)
			for j, other := range h.mistakes {
				if j != k && sets[0]&(1<<j) != 0 {
					with[other.Name]++
				}
			}
		}
		cause.With = slices.Sorted(maps.Keys(with))
		cover(&cause, explained)
		for _, p := range m.passingAll {
			cause.Held += len(p.places)
		}
		// Where it is alone it shows best.
		slices.SortStableFunc(explained, func(a, b *place) int { return bits(h.by[a.index][0]) - bits(h.by[b.index][0]) })
		if m.port != nil {
			cause.Fresh = m.fresh(ctx, h, explained)
			if f := cause.Fresh; f != nil && !f.Predicted && 10*cause.Explains < m.failing {
				continue // it happens to be near a few answers
			}
			cause.Reproduction = m.reproduction(ctx, h, explained)
		}
		causes = append(causes, cause)
	}
	slices.SortStableFunc(causes, byWeight)
	return causes
}

// byWeight orders causes: what breaks a rule that must hold comes first, then what explains most.
func byWeight(a, b judge.Cause) int {
	should := func(c judge.Cause) int {
		if c.Requirement == fixtures.Should {
			return 1
		}
		return 0
	}
	return cmp.Or(should(a)-should(b), b.Explains-a.Explains)
}

// maxIDs bounds the answers that a cause lists.
const maxIDs = 20

// cover notes in a cause the answers that it explains.
func cover(cause *judge.Cause, places []*place) {
	outputs := map[string]bool{}
	for _, p := range places {
		cause.Explains++
		outputs[cmp.Or(p.output, refusals)] = true
		if len(cause.IDs) < maxIDs {
			cause.IDs = append(cause.IDs, p.id())
		}
	}
	cause.Outputs = slices.Sorted(maps.Keys(outputs))
}

// finding is a cause in the form that results had before they had causes.
func finding(c judge.Cause) judge.Finding {
	return judge.Finding{
		Divergence: c.Name, Title: c.Sentence, Why: c.Why, Right: c.Right, Rule: c.Rule, Statement: c.Statement, Met: c.Met,
		Explains: c.Explains, Held: c.Held, Contradicted: c.Contradicted, Fresh: c.Fresh,
	}
}
