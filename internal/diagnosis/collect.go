// Package diagnosis says which known mistake a port makes: its wrong answers are held against
// the catalogue of divergences (internal/divergence).
//
//	collector := diagnosis.New(set)
//	result, err := judge.Run(ctx, port, judge.Options{Fixtures: set, Observe: collector.Observe})
//	err = collector.Diagnose(ctx, port, result)
package diagnosis

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"lossproof/fixtures"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/tensor"
)

// maxKept bounds the answers that a collector keeps, in bytes.
const maxKept = 64 << 20

// Collector keeps the wrong answers of a run. It is safe for concurrent use.
type Collector struct {
	set *fixtures.Set

	mu sync.Mutex
	// recorded are the cases that were asked and gate, broken the counterexamples of other checks, and quirks
	// cases that fail and do not gate.
	recorded, broken, quirks []observation
	kept                     int
	// lost counts failures by module whose answers were not kept.
	lost map[string]int
	// evaluated counts the elements of the inputs on which divergences were evaluated: what a diagnosis costs.
	evaluated atomic.Int64

	// Borders are those that the diagnosis drew, where no known mistake explains what fails.
	Borders []*Border
}

// observation is what came of one check.
type observation struct {
	check *judge.Check
	// module is that whose answers fail.
	module string
	// exchanges are those of a counterexample; the fields below are those of a case.
	exchanges []judge.Exchange
	c         *fixtures.Case
	// words describe the case, as a claim does.
	words []string
	// failing and passing are outputs. Where a call was wrongly accepted or refused, refusal says so,
	// and where it was refused rightly, refused.
	failing, passing []string
	refusal, refused bool
	// quirk says that what fails does not gate.
	quirk bool
	// raised is the error that kept the port from answering.
	raised string
	// want are the outputs that were asked for.
	want []string
	// answer has the outputs that fail.
	answer ports.Answer
}

// New returns a collector for one run.
func New(set *fixtures.Set) *Collector {
	return &Collector{set: set, lost: map[string]int{}}
}

// Observe is for [judge.Options]. It keeps the answers that fail, of checks that gate, and notes what
// passes.
func (c *Collector) Observe(check *judge.Check, result judge.CheckResult, exchanges []judge.Exchange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	quirk := !result.Gates && result.Outcome != judge.Pass
	if quirk && (result.Outcome != judge.Fail || check.Recorded == nil) || result.Requirement == fixtures.Quirk && result.Outcome == judge.Pass {
		return // what a port makes of quirks speaks neither for nor against a mistake
	}
	if check.Recorded == nil {
		if result.Outcome == judge.Fail {
			c.broken = append(c.broken, observation{check: check, module: cmp.Or(result.Blames, check.Module), exchanges: exchanges})
		}
		return
	}
	o := observation{
		check: check, module: check.Module, c: check.Recorded, words: result.Features, answer: exchanges[0].Answer, quirk: quirk,
		failing: outputsOf(result, judge.Fail), passing: outputsOf(result, judge.Pass),
	}
	o.want = slices.Concat(o.failing, o.passing)
	switch {
	case o.answer.Failed != nil:
		o.raised, o.passing, o.want = cmp.Or(o.answer.Failed.Message, "an error"), nil, asked(result, o.answer)
		if len(o.want) == 0 {
			o.want = []string{ports.Loss}
		}
	case result.Rejection && result.Outcome == judge.Pass:
		o.refused, o.want = true, []string{ports.Loss} // whatever is asked for, the call is refused
	case result.Outcome == judge.Fail && (result.Rejection || o.answer.Outputs == nil):
		o.refusal, o.failing, o.want = true, nil, asked(result, o.answer)
	case len(o.want) == 0:
		return
	}
	switch kept := c.keep(&o); {
	case kept && quirk:
		c.quirks = append(c.quirks, o)
	case kept:
		c.recorded = append(c.recorded, o)
	case !quirk:
		c.lost[o.c.Module] += max(1, len(o.failing))
	}
}

// outputsOf lists the outputs with an outcome, none of a refusal.
func outputsOf(result judge.CheckResult, outcome judge.Outcome) []string {
	var names []string
	for _, name := range result.OutputNames() {
		if result.Outputs[name].Outcome == outcome {
			names = append(names, name)
		}
	}
	return names
}

// asked lists the outputs that were asked for: those that PyTorch has and the port claims, or what
// it answered to a call that PyTorch refuses.
func asked(result judge.CheckResult, answer ports.Answer) []string {
	var names []string
	for _, name := range result.OutputNames() {
		if result.Outputs[name].Outcome != judge.Unsupported {
			names = append(names, name)
		}
	}
	if result.Rejection {
		names = slices.Sorted(maps.Keys(answer.Outputs))
	}
	return names
}

// keep keeps what fails of the answer of an observation, and reports whether there was room.
func (c *Collector) keep(o *observation) bool {
	outputs := map[string]tensor.Tensor{}
	bytes := 0
	for name, output := range o.answer.Outputs {
		if _, err := tensor.New(output.DType, output.Shape, output.Data); err != nil || !output.DType.IsFloat() {
			continue // it equals nothing
		}
		if o.refusal || slices.Contains(o.failing, name) {
			outputs[name] = output
			bytes += len(output.Data)
		}
	}
	if c.kept+bytes > maxKept {
		return false
	}
	c.kept += bytes
	if o.answer.Outputs != nil {
		o.answer.Outputs = outputs
	}
	return true
}

// fails reports whether something of the check fails.
func (o observation) fails() bool {
	return o.c == nil || o.refusal || o.raised != "" || len(o.failing) > 0
}

// modules lists the modules that fail, in order.
func (c *Collector) modules() []string {
	seen := maps.Clone(c.lost)
	for _, o := range slices.Concat(c.recorded, c.broken) {
		if o.fails() {
			seen[o.module]++
		}
	}
	return slices.SortedFunc(maps.Keys(seen), strings.Compare)
}
