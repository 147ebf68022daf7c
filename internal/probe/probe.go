// Package probe finds out what a port can do, whatever it claims.
//
// The port is asked everything. A module, a dtype or an output is claimed if the port
// passes something of it. A word goes to `without` if the port passes nothing that the word
// names, or answers "unsupported" to what no other word explains. A dtype or a rank also goes where a
// third of it is wrong and the rest of the port is not, as its maintainer would say that it does not
// work. What then fails is wrong, and stays inside the claim: a claim does not hide faults.
package probe

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// Report is what a port can do.
type Report struct {
	Port ports.Info
	// Modules are those of which something passes, in the order of the fixtures.
	Modules []Module
	// Nothing has the modules of which nothing passes.
	Nothing []string
}

// Module is the smallest honest claim of a module.
type Module struct {
	Name  string
	Claim ports.Claim
	// Left explains the claim: one line for each dtype, output and word that is not claimed.
	Left []string
	// Inside counts the cases inside the claim that gate, Wrong those of them that fail.
	Inside, Wrong int
	// WrongIDs are the first of them.
	WrongIDs []string
}

// maxWrong bounds WrongIDs.
const maxWrong = 5

// Run probes a port. progress, if set, is called after every case. The error is that of
// Describe, of reading the fixtures, or of ctx.
func Run(ctx context.Context, set *fixtures.Set, port ports.Port, progress func(done, total int)) (*Report, error) {
	description, err := port.Describe(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &judge.PortError{Err: err}
	}
	p := &prober{ctx: ctx, set: set, port: port, progress: progress}
	report := &Report{Port: description.Port}
	for _, module := range modules(set) {
		m, err := p.module(module)
		switch {
		case err != nil:
			return nil, err
		case m == nil:
			report.Nothing = append(report.Nothing, module)
		default:
			report.Modules = append(report.Modules, *m)
		}
	}
	return report, nil
}

func modules(set *fixtures.Set) []string {
	var names []string
	for i := range set.Cases {
		if name := set.Cases[i].Module; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

type prober struct {
	ctx      context.Context
	set      *fixtures.Set
	port     ports.Port
	progress func(done, total int)
	done     int
}

// item is a case of a module with its features.
type item struct {
	c        *fixtures.Case
	dtypes   []tensor.DType
	features []string
	gates    bool
	passes   bool
	// refused says that the port answered "unsupported".
	refused bool
}

// module probes one module; nil means that nothing of it passes.
func (p *prober) module(name string) (*Module, error) {
	items, err := p.items(name)
	if err != nil {
		return nil, err
	}
	m := &Module{Name: name}
	if m.Claim.DTypes, m.Claim.Outputs, err = p.basics(m, items); err != nil {
		return nil, err
	}
	if len(m.Claim.DTypes) == 0 || len(m.Claim.Outputs) == 0 {
		return nil, nil
	}
	if err := p.ask(m, items); err != nil {
		return nil, err
	}
	without(m, items)
	parts(m, items)
	for _, it := range items {
		if !it.gates || claim.Outside(m.Claim, it.c, it.dtypes, it.features) != "" || !asksAny(m.Claim, it.c) {
			continue
		}
		if it.refused && claim.Excused(m.Claim, it.dtypes, it.features) != "" {
			continue // a refusal, of a call outside the claim
		}
		m.Inside++
		if !it.passes {
			m.Wrong++
			if len(m.WrongIDs) < maxWrong {
				m.WrongIDs = append(m.WrongIDs, it.c.ID)
			}
		}
	}
	return m, nil
}

func (p *prober) items(module string) ([]*item, error) {
	var items []*item
	for i := range p.set.Cases {
		c := &p.set.Cases[i]
		if c.Module != module {
			continue
		}
		inputs, err := p.set.Inputs(c)
		if err != nil {
			return nil, err
		}
		expected := map[string]fixtures.Expected{}
		for name := range c.Outputs {
			if expected[name], err = p.set.Expected(c, name); err != nil {
				return nil, err
			}
		}
		rule, err := p.set.Rule(c.Rule)
		if err != nil {
			return nil, err
		}
		items = append(items, &item{
			c: c, dtypes: claim.DTypesOf(inputs), features: claim.Features(c, inputs, expected), gates: rule.Requirement != fixtures.Quirk,
		})
	}
	return items, nil
}

// tries is the number of wrong answers, for each set of features, after which a dtype and
// an output are taken not to be there.
const tries = 3

// basics finds the dtypes and outputs of which something passes: each is asked for alone,
// first in the cases with the fewest features, then in all others. A port may do little of
// an output (a gradient of the mean alone), so no set of features is left out.
func (p *prober) basics(m *Module, items []*item) (dtypes []tensor.DType, outputs []string, err error) {
	plain := slices.Clone(items)
	slices.SortStableFunc(plain, func(a, b *item) int { return len(a.features) - len(b.features) })
	tried := map[string]int{}
	passes := map[string]bool{}
	for _, it := range plain {
		for _, output := range it.c.OutputNames() {
			key := string(it.dtypes[0]) + " " + output
			set := key + " " + strings.Join(it.features, " ")
			if !it.gates || passes[key] || tried[set] == tries {
				continue
			}
			tried[key]++
			tried[set]++
			ok, err := p.passes(it.c, output)
			if err != nil {
				return nil, nil, err
			}
			passes[key] = ok
		}
	}
	for _, dtype := range claim.DTypes {
		if passes[dtype+" "+ports.Loss] || passes[dtype+" "+ports.GradInput] {
			dtypes = append(dtypes, tensor.DType(dtype))
		} else if tried[dtype+" "+ports.Loss] > 0 {
			m.Left = append(m.Left, fmt.Sprintf("%s: nothing passes", dtype))
		}
	}
	for _, output := range claim.Outputs {
		any, all := false, true
		for _, dtype := range dtypes {
			key := string(dtype) + " " + output
			any = any || passes[key]
			all = all && (passes[key] || tried[key] == 0)
		}
		switch {
		case any:
			outputs = append(outputs, output)
			if !all {
				m.Left = append(m.Left, output+": it is claimed, and not right for every dtype")
			}
		case len(dtypes) > 0 && tried[string(dtypes[0])+" "+output] > 0:
			m.Left = append(m.Left, output+": nothing passes")
		}
	}
	return dtypes, outputs, nil
}

// passes asks for one output and compares it. An output without a finite value but zero is
// not asked for: it takes no computing.
func (p *prober) passes(c *fixtures.Case, output string) (bool, error) {
	inputs, err := p.set.Inputs(c)
	if err != nil {
		return false, err
	}
	expected, err := p.set.Expected(c, output)
	if err != nil {
		return false, err
	}
	if !slices.ContainsFunc(expected.Reference.Float64s(), func(v float64) bool { return math.Abs(v) > 0 && !math.IsInf(v, 0) }) {
		return false, nil
	}
	answer, err := p.port.Evaluate(p.ctx, judge.Call(c, inputs, []string{output}))
	if p.ctx.Err() != nil {
		return false, p.ctx.Err()
	}
	got, ok := answer.Outputs[output]
	if err != nil || !ok {
		return false, nil //nolint:nilerr // no answer is no pass
	}
	result := verdict.Compare(got, expected)
	return result.Pass(verdict.Parity), nil
}

// ask asks all cases of the claimed dtypes, for the claimed outputs, and judges them.
func (p *prober) ask(m *Module, items []*item) error {
	wide := ports.Description{Port: ports.Info{Name: "probe"}, Modules: map[string]ports.Claim{
		m.Name: {DTypes: m.Claim.DTypes, Outputs: m.Claim.Outputs},
	}}
	answers := &judge.Recorded{Description: wide, Answers: map[string]judge.Reply{}}
	j, err := judge.New(p.ctx, answers, judge.Options{Fixtures: p.set, Selection: judge.Selection{Modules: []string{m.Name}}, Quirks: true})
	if err != nil {
		return err
	}
	checks := map[string]*judge.Check{}
	for _, c := range j.Checks() {
		checks[c.ID] = c
	}
	type pending struct {
		it   *item
		wait func() (ports.Answer, error)
	}
	var sent []pending
	settle := func() error {
		first := sent[0]
		sent = sent[1:]
		answer, err := first.wait()
		if p.ctx.Err() != nil {
			return p.ctx.Err()
		}
		first.it.refused = err == nil && answer.Unsupported != nil
		answers.Answers[first.it.c.ID] = judge.Reply{Answer: answer, Err: err}
		r, err := j.Check(p.ctx, checks[first.it.c.ID])
		if err != nil {
			return err
		}
		first.it.passes = r.Outcome == judge.Pass
		delete(answers.Answers, first.it.c.ID) // its arrays are not needed any more
		p.done++
		if p.progress != nil {
			p.progress(p.done, len(p.set.Cases))
		}
		return nil
	}
	pipelined, ahead := p.port.(ports.Pipelined)
	for _, it := range items {
		call, outside, err := j.Call(it.c)
		if err != nil {
			return err
		}
		if outside != "" {
			continue
		}
		wait := func() (ports.Answer, error) { return p.port.Evaluate(p.ctx, call) }
		if ahead {
			wait = pipelined.Send(p.ctx, call)
		}
		sent = append(sent, pending{it, wait})
		if len(sent) > window {
			if err := settle(); err != nil {
				return err
			}
		}
	}
	for len(sent) > 0 {
		if err := settle(); err != nil {
			return err
		}
	}
	return nil
}

// window is the number of calls that are sent before the first is judged.
const window = 32

func asksAny(cl ports.Claim, c *fixtures.Case) bool {
	return c.Rejection != nil || slices.ContainsFunc(c.OutputNames(), func(name string) bool { return slices.Contains(cl.Outputs, name) })
}
