// Package mutants runs the suite against divergences: a wrong implementation that the suite
// does not find shows a hole in it.
package mutants

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"lossproof/fixtures"
	"lossproof/internal/divergence"
	"lossproof/internal/generated"
	"lossproof/internal/halves"
	"lossproof/internal/laws"
	"lossproof/judge"
	"lossproof/judge/verdict"
)

// Least is the number of cases that have to fail for a divergence to count as killed, one of
// them of the rule that it breaks.
const Least = 3

// Kill is what the suite says of one divergence of one module.
type Kill struct {
	Divergence *divergence.Divergence
	Module     string
	// Level is the level at which the divergence was judged: its own.
	Level verdict.Level
	// Conformant says that the suite found nothing.
	Conformant bool
	// Verdict is the line of the verdict.
	Verdict string
	// Failing counts the failing cases that gate, OfRule those that stand for or touch the rule
	// that the divergence breaks, Topics all of them by topic.
	Failing, OfRule int
	Topics          map[string]int
	// Passed has what gates and passes all the same, of a null port.
	Passed []Passed
	// AtParity says whether a divergence of level exact is killed at parity, too. A case or two may see it there.
	AtParity bool
	// Inexact counts the answers that fail of a divergence of level exact, TorchToo those of them in which PyTorch is
	// not exact either.
	Inexact, TorchToo int
}

// Killed reports whether enough cases fail.
func (k Kill) Killed() bool {
	if k.Divergence.Null {
		return !k.Conformant && k.Failing >= Least
	}
	return !k.Conformant && k.Failing >= Least && k.OfRule > 0
}

// large are the topics whose tensors have thousands of elements; they are left out where a
// divergence shows in small ones as well. Null ports are asked them: what they pass is a list of all.
var large = []string{"*/accumulation/*", "*/large/*"}

// Scope says which cases a divergence is asked.
type Scope int

const (
	// EveryCase is every case, but for those of large tensors where a divergence needs none.
	EveryCase Scope = iota
	// CasesOfRules are those of the rules that the divergence breaks, for tests of seconds. A null port, which breaks
	// them all, is asked those of one topic.
	CasesOfRules
)

// nullTopic is what a null port is asked in place of the cases of its rules.
const nullTopic = "nonfinite"

// Run judges a divergence, and returns a kill for each of its modules.
func Run(ctx context.Context, set *fixtures.Set, d *divergence.Divergence, scope Scope) ([]Kill, error) {
	kills, err := run(ctx, set, d, d.Level, scope)
	if err != nil || d.Level == verdict.Parity {
		return kills, err
	}
	parity, err := run(ctx, set, d, verdict.Parity, scope)
	if err != nil {
		return nil, err
	}
	for i := range kills {
		kills[i].AtParity = parity[i].Killed()
	}
	return kills, nil
}

func run(ctx context.Context, set *fixtures.Set, d *divergence.Divergence, level verdict.Level, scope Scope) ([]Kill, error) {
	// Generated inputs are to find what no recorded case does; here the cases are on trial.
	selection := judge.Selection{Modules: d.Modules, Skip: []string{"*/" + laws.Topic + "/*", "*/" + generated.Topic + "/*", "*/" + halves.Topic + "/*"}}
	if !d.Sums && !d.Null {
		selection.Skip = append(selection.Skip, large...)
	}
	switch {
	case scope == EveryCase:
	case d.Null:
		selection.Select = []string{"*/" + nullTopic + "/*"}
	default:
		for _, module := range d.Modules {
			selection.Rules = append(selection.Rules, d.Rule(module))
		}
	}
	result, err := judge.Run(ctx, d.Port(), judge.Options{Fixtures: set, Level: level, Selection: selection})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.Name, err)
	}
	kills := make([]Kill, len(d.Modules))
	for i, module := range d.Modules {
		if kills[i], err = kill(set, result, d, module); err != nil {
			return nil, err
		}
		if level == verdict.Exact {
			if err := kills[i].askTorch(set, result); err != nil {
				return nil, err
			}
		}
	}
	return kills, nil
}

// askTorch judges what PyTorch returned where a divergence is wrong.
func (k *Kill) askTorch(set *fixtures.Set, result *judge.Result) error {
	for _, r := range result.Cases {
		if r.Module != k.Module || r.Rejection || !r.Outcome.Failing() {
			continue
		}
		c, err := set.Case(r.ID)
		if err != nil {
			return err
		}
		for _, name := range r.OutputNames() {
			if r.Outputs[name].Outcome != judge.Fail {
				continue
			}
			want, err := set.Expected(c, name)
			if err != nil {
				return err
			}
			k.Inexact++
			if torch := verdict.Compare(want.Reference, want); !torch.Pass(verdict.Exact) {
				k.TorchToo++
			}
		}
	}
	return nil
}

// kill sums up what a result says of one module.
func kill(set *fixtures.Set, result *judge.Result, d *divergence.Divergence, module string) (Kill, error) {
	k := Kill{Divergence: d, Module: module, Level: verdict.Level(result.Level), Topics: map[string]int{}}
	for i, m := range result.Summary.Modules {
		if m.Module == module {
			k.Conformant, k.Verdict = m.Conformant, result.Summary.Verdict[i]
		}
	}
	for _, c := range result.Cases {
		if c.Module != module || !c.Gates {
			continue
		}
		if d.Null {
			p, err := passed(set, d, c)
			if err != nil {
				return Kill{}, err
			}
			k.Passed = append(k.Passed, p...)
		}
		if !c.Outcome.Failing() {
			continue
		}
		k.Failing++
		k.Topics[c.Topic]++
		if rule := d.Rule(module); c.Rule == rule || slices.Contains(c.Also, rule) {
			k.OfRule++
		}
	}
	return k, nil
}

// All judges a catalogue, on all processors, in the order of the catalogue and of the modules.
func All(ctx context.Context, set *fixtures.Set, catalogue []*divergence.Divergence, scope Scope) ([]Kill, error) {
	kills, errs := make([][]Kill, len(catalogue)), make([]error, len(catalogue))
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				kills[i], errs[i] = Run(ctx, set, catalogue[i], scope)
			}
		})
	}
	for i := range catalogue {
		next <- i
	}
	close(next)
	workers.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return slices.Concat(kills...), nil
}
