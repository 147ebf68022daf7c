// Package diagnosis says which known mistake a port makes: its wrong answers are held against
// the catalogue of divergences (internal/divergence).
//
//	collector := diagnosis.New(set)
//	result, err := judge.Run(ctx, port, judge.Options{Fixtures: set, Observe: collector.Observe})
//	err = collector.Diagnose(ctx, port, result)
package diagnosis

import (
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

	mu       sync.Mutex
	failures []failure
	// broken are the counterexamples of relations.
	broken []failure
	// passes are the outputs that pass, by case, and the refusals that do.
	passes []pass
	kept   int
	// lost counts failures by module whose answers were not kept.
	lost map[string]int
	// evaluated counts the elements of the inputs on which divergences were evaluated: what a diagnosis costs.
	evaluated atomic.Int64
}

// failure is a wrong answer to one case, or the counterexample of a relation.
type failure struct {
	check *judge.Check
	// exchanges are those of a counterexample; the fields below are those of a case.
	exchanges []judge.Exchange
	c         *fixtures.Case
	// outputs are the names of those that fail, none where the call was wrongly accepted or refused.
	outputs []string
	// want are the outputs that were asked for.
	want   []string
	answer ports.Answer
}

// pass is a case with outputs that pass, or with none where the call was refused as it has to be.
type pass struct {
	check   *judge.Check
	outputs []string
}

// New returns a collector for one run.
func New(set *fixtures.Set) *Collector {
	return &Collector{set: set, lost: map[string]int{}}
}

// Observe is for [judge.Options]. It keeps the answers that fail and gate.
func (c *Collector) Observe(check *judge.Check, result judge.CheckResult, exchanges []judge.Exchange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if check.Recorded == nil {
		if result.Gates && result.Outcome == judge.Fail {
			c.broken = append(c.broken, failure{check: check, exchanges: exchanges})
		}
		return
	}
	cs, answer := check.Recorded, exchanges[0].Answer
	passing := outputsOf(result, judge.Pass)
	if result.Outcome == judge.Pass {
		c.passes = append(c.passes, pass{check, passing})
		return
	}
	if !result.Gates || answer.Failed != nil {
		return
	}
	if result.Rejection || answer.Outputs == nil {
		if result.Outcome == judge.Fail {
			c.keep(failure{check: check, c: cs, want: asked(result, answer), answer: answer})
		}
		return
	}
	if len(passing) > 0 {
		c.passes = append(c.passes, pass{check, passing})
	}
	if failing := outputsOf(result, judge.Fail); len(failing) > 0 {
		c.keep(failure{check: check, c: cs, outputs: failing, want: failing, answer: answer})
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

// keep keeps a failure, if its answer is not too large.
func (c *Collector) keep(f failure) {
	outputs := map[string]tensor.Tensor{}
	bytes := 0
	for name, output := range f.answer.Outputs {
		if _, err := tensor.New(output.DType, output.Shape, output.Data); err != nil || !output.DType.IsFloat() {
			continue // it equals nothing
		}
		if len(f.outputs) == 0 || slices.Contains(f.outputs, name) {
			outputs[name] = output
			bytes += len(output.Data)
		}
	}
	if c.kept+bytes > maxKept {
		c.lost[f.c.Module] += max(1, len(f.outputs))
		return
	}
	c.kept += bytes
	if f.answer.Outputs != nil {
		f.answer.Outputs = outputs
	}
	c.failures = append(c.failures, f)
}

// modules lists the modules that fail, in order.
func (c *Collector) modules() []string {
	seen := maps.Clone(c.lost)
	for _, f := range slices.Concat(c.failures, c.broken) {
		seen[f.check.Module]++
	}
	return slices.SortedFunc(maps.Keys(seen), strings.Compare)
}
