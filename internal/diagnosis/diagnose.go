package diagnosis

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync"

	"lossproof/internal/divergence"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
)

// The bounds of a diagnosis, which keep it below two seconds.
const (
	// perRule is the number of failing, and of passing, cases of each rule that all divergences
	// are held against.
	perRule = 2
	// maxElements is the size of an input that is large: such are
	// looked at last.
	maxElements = 4096
	// candidates is the number of divergences that are held against everything.
	candidates = 3
	// maxFindings is the number of mistakes that are named.
	maxFindings = 3
	// leastShare is the share of the failures, which a finding has to explain, in percent.
	leastShare = 10
)

// Diagnose adds to the result of the run what explains its failures. port is asked once for each
// finding, with a fresh input; nil leaves that out. The error is about fixtures that
// cannot be read, or that of ctx.
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
		diagnosis, err := m.diagnose(ctx, names)
		if err != nil {
			return err
		}
		result.Diagnoses = append(result.Diagnoses, diagnosis)
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
	exhibits  []*exhibit
	// held are the passing outputs and refusals, those of large inputs apart.
	held []*exhibit
}

// suspect is a divergence with what it explains.
type suspect struct {
	*divergence.Divergence
	order int
	// explains has the failures by exhibit: names of outputs, "" for a refusal.
	explains map[*exhibit][]string
	// count is their number, identical that of those that are equal to the last bit.
	count, identical int
	contradicted     int
}

func (m *examination) diagnose(ctx context.Context, names map[string]string) (judge.Diagnosis, error) {
	for _, d := range divergence.All() {
		if d.Of(m.module) {
			m.catalogue = append(m.catalogue, d)
		}
	}
	if err := m.read(); err != nil {
		return judge.Diagnosis{}, err
	}
	diagnosis := judge.Diagnosis{Module: m.module, Catalogue: len(m.catalogue), Findings: []judge.Finding{}}
	for _, e := range m.exhibits {
		diagnosis.Examined += e.units()
	}
	diagnosis.Failing = diagnosis.Examined + m.collector.lost[m.module]
	open := diagnosis.Examined
	// left are the failures that are not explained yet.
	left := map[*exhibit]map[string]bool{}
	for _, e := range m.exhibits {
		left[e] = map[string]bool{}
		for _, name := range e.outputs {
			left[e][name] = true
		}
		if len(e.outputs) == 0 {
			left[e][""] = true
		}
	}
	for len(diagnosis.Findings) < maxFindings && open > 0 {
		s := m.best(ctx, left)
		if s == nil || s.count < min(3, open) || 100*s.count < leastShare*open {
			break
		}
		var explained []*exhibit
		for _, e := range m.exhibits {
			if len(s.explains[e]) == 0 {
				continue
			}
			explained = append(explained, e)
			for _, name := range s.explains[e] {
				delete(left[e], name)
			}
			if names[e.check.ID] == "" {
				names[e.check.ID] = s.Name
			}
		}
		open -= s.count
		finding, err := m.finding(s)
		if err != nil {
			return judge.Diagnosis{}, err
		}
		if m.port != nil {
			finding.Fresh = fresh(ctx, m.port, s.Divergence, explained, m.level)
		}
		diagnosis.Findings = append(diagnosis.Findings, finding)
	}
	diagnosis.Unexplained = open
	for _, e := range m.exhibits {
		for _, name := range append([]string{""}, e.outputs...) {
			if left[e][name] && diagnosis.Example == "" {
				diagnosis.Example = e.check.ID
				if name != "" {
					diagnosis.Example += "#" + name
				}
			}
		}
	}
	return diagnosis, ctx.Err()
}

// read prepares what fails and what passes of the module. Counterexamples of relations count where no
// case fails: cases say more.
func (m *examination) read() error {
	for _, failures := range [][]failure{m.collector.failures, m.collector.broken} {
		for _, f := range failures {
			if f.check.Module != m.module {
				continue
			}
			e, err := m.collector.exhibit(f)
			if err != nil {
				return err
			}
			m.exhibits = append(m.exhibits, e)
		}
		if len(m.exhibits) > 0 {
			break
		}
	}
	for _, p := range m.collector.passes {
		if p.check.Module != m.module {
			continue
		}
		want := p.outputs
		if p.check.Recorded.Rejection != nil {
			want = []string{ports.Loss} // whatever is asked for, the call is refused
		}
		e, err := m.collector.exhibit(failure{check: p.check, c: p.check.Recorded, outputs: p.outputs, want: want})
		if err != nil {
			return err
		}
		if e.elements <= maxElements {
			m.held = append(m.held, e)
		}
	}
	return nil
}

// best returns the divergence that explains most of what is left, and is not contradicted
// by more than it explains.
func (m *examination) best(ctx context.Context, left map[*exhibit]map[string]bool) *suspect {
	small, large := divided(m.exhibits, left)
	suspects := make([]*suspect, 0, len(m.catalogue))
	for i, d := range m.catalogue {
		// What fails large inputs alone is a matter of sums.
		if len(small) > 0 || d.Sums {
			suspects = append(suspects, &suspect{Divergence: d, order: i})
		}
	}
	sample := sampled(small)
	if len(small) == 0 {
		sample = large
	}
	// First a few of each rule for all of the catalogue, then everything for those that fit best.
	few := sampled(m.held)
	m.inParallel(ctx, suspects, func(s *suspect) {
		if s.hold(sample, left, m.level); s.count > 0 {
			s.contradict(few, m.level)
		}
	})
	suspects = m.likely(suspects)
	m.inParallel(ctx, suspects, func(s *suspect) {
		s.hold(slices.Concat(small, large[:min(len(large), 1)]), left, m.level)
		s.contradict(m.held, m.level)
	})
	suspects = m.likely(suspects)
	if len(suspects) > 0 {
		suspects[0].hold(slices.Concat(small, large), left, m.level)
	}
	if len(suspects) == 0 {
		return nil
	}
	return suspects[0]
}

// byCount orders suspects by what they explain less what contradicts them, then by how much of
// that is equal to the last bit, then as the catalogue does.
func byCount(a, b *suspect) int {
	return cmp.Or(
		cmp.Compare(b.count-b.contradicted, a.count-a.contradicted),
		cmp.Compare(b.identical, a.identical),
		cmp.Compare(a.order, b.order),
	)
}

// hold counts the failures of exhibits that s explains and that are left.
func (s *suspect) hold(exhibits []*exhibit, left map[*exhibit]map[string]bool, level verdict.Level) {
	s.explains, s.count, s.identical = map[*exhibit][]string{}, 0, 0
	for _, e := range exhibits {
		if len(left[e]) == 0 {
			continue
		}
		names, identical := e.explained(s.Divergence, level)
		s.identical += identical
		for _, name := range names {
			if left[e][name] {
				s.explains[e] = append(s.explains[e], name)
				s.count++
			}
		}
	}
}

// contradict counts the passing outputs that s would get wrong, and the refusals that it would not make.
func (s *suspect) contradict(held []*exhibit, level verdict.Level) {
	s.contradicted = 0
	for _, e := range held {
		theirs := e.evaluate(s.Divergence)
		if e.c.Rejection != nil && theirs.Rejected == nil {
			s.contradicted++
		}
		for _, name := range e.outputs {
			output, ok := theirs.Outputs[name]
			if !ok {
				s.contradicted++
				continue
			}
			if r := verdict.Compare(output, e.expected[name]); !r.Pass(level) {
				s.contradicted++
			}
		}
	}
}

// likely returns the first few suspects that explain something, and more than contradicts them.
func (m *examination) likely(suspects []*suspect) []*suspect {
	suspects = slices.DeleteFunc(suspects, func(s *suspect) bool { return s.count == 0 || s.contradicted > s.count })
	slices.SortFunc(suspects, byCount)
	return suspects[:min(len(suspects), candidates)]
}

// divided returns the exhibits that are not explained yet, those with large inputs apart.
func divided(exhibits []*exhibit, left map[*exhibit]map[string]bool) (small, large []*exhibit) {
	for _, e := range exhibits {
		switch {
		case len(left[e]) == 0:
		case e.elements > maxElements:
			large = append(large, e)
		default:
			small = append(small, e)
		}
	}
	return small, large
}

// sampled returns a few exhibits of each rule.
func sampled(exhibits []*exhibit) []*exhibit {
	var sample []*exhibit
	seen := map[string]int{}
	for _, e := range exhibits {
		if seen[e.check.Rule.ID]++; seen[e.check.Rule.ID] <= perRule {
			sample = append(sample, e)
		}
	}
	return sample
}

// inParallel does f to all suspects, on all processors.
func (m *examination) inParallel(ctx context.Context, suspects []*suspect, f func(*suspect)) {
	next := make(chan *suspect)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for s := range next {
				if ctx.Err() == nil {
					f(s)
				}
			}
		})
	}
	for _, s := range suspects {
		next <- s
	}
	close(next)
	workers.Wait()
}

// finding describes a suspect.
func (m *examination) finding(s *suspect) (judge.Finding, error) {
	f := judge.Finding{
		Divergence: s.Name, Title: s.Title, Why: s.Why, Right: s.Formula(m.module),
		Explains: s.count, Contradicted: s.contradicted,
	}
	for _, e := range m.held {
		f.Held += e.units()
	}
	for _, link := range s.Met {
		f.Met = append(f.Met, judge.Link(link))
	}
	if id := s.Rule(m.module); id != "" {
		rule, err := m.collector.set.Rule(id)
		if err != nil {
			return judge.Finding{}, err
		}
		f.Rule, f.Statement = rule.ID, rule.Statement
	}
	return f, nil
}
