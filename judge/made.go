package judge

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"lossproof/internal/generated"
	"lossproof/internal/halves"
	"lossproof/internal/laws"
	"lossproof/internal/words"
	"lossproof/ports"
	"lossproof/tensor"
)

// made is the evidence of a check whose calls are made when it is checked: of a law, of a generated check
// or of every input of 16 bits.
type made struct {
	id, module string
	types      []tensor.DType
	of         func() []string
	first      func(seed uint32) []ports.Call
	// send is begin for a port that can be asked. Where the claim leaves out what the check needs, outside
	// says so.
	send func(ctx context.Context, j *Judge, r *CheckResult) (end func() []Exchange, outside string)
}

func (e made) begin(ctx context.Context, j *Judge, r *CheckResult) (end func() []Exchange) {
	outside := "the answers are recorded, and a " + string(r.Kind) + " has to ask"
	if _, recorded := j.port.(*Recorded); !recorded {
		end, outside = e.send(ctx, j, r)
	}
	if outside != "" {
		r.Outcome, r.Message = Unsupported, outside
		return nil
	}
	return end
}

func (e made) calls(seed uint32) ([]ports.Call, error) { return e.first(seed), nil }

func (e made) asks(j *Judge) ([]string, error) {
	if _, claimed := j.description.Modules[e.module]; !claimed {
		return nil, nil
	}
	return []string{e.id}, nil
}

func (e made) dtypes() []tensor.DType { return e.types }

func (e made) outputs() []string { return e.of() }

// size makes a check be made alone: it has many or large calls, and asks more to find a small counterexample.
func (made) size() int { return ahead }

func lossAndGradient() []string { return []string{ports.Loss, ports.GradInput} }

// relation is the evidence of a law.
func relation(law *laws.Relation) made {
	send := func(ctx context.Context, j *Judge, r *CheckResult) (func() []Exchange, string) {
		wait, outside := j.checker().Begin(ctx, law)
		return func() []Exchange {
			found := wait()
			r.Samples, r.Refused, r.Headroom, r.Blames = found.Samples, found.Refused, Number(found.Headroom), found.Blames
			if found.Refused > 0 {
				r.Note = bounded(fmt.Sprintf("%s refused, and others drawn: %s", words.Plural(found.Refused, "input was", "inputs were"), found.Refusal))
			}
			if r.Blames != "" && !slices.Contains(j.modules(), r.Blames) {
				r.Gates = false // nothing is asked of that module
			}
			return r.ended(found.Err, found.Broken, found.Counterexample)
		}, outside
	}
	return made{law.ID, law.Rule.Module, []tensor.DType{tensor.Float32, tensor.Float64}, law.Outputs, law.Calls, send}
}

// drawn is the evidence of a generated check.
func drawn(check *generated.Check) made {
	send := func(ctx context.Context, j *Judge, r *CheckResult) (func() []Exchange, string) {
		wait, outside := j.drawer().Begin(ctx, check)
		return func() []Exchange {
			found := wait()
			r.Samples, r.Elements, r.Largest, r.Headroom = found.Calls, found.Elements, found.Largest, Number(found.Headroom)
			if found.Left > 0 {
				r.Note = fmt.Sprintf("the time of --effort %s was over: %s not made", j.Effort(), words.Plural(found.Left, "call was", "calls were"))
			}
			exchanges := r.ended(found.Err, found.Broken, found.Counterexample)
			if r.Outcome == Pass && found.Calls == 0 {
				r.Outcome, r.Message = NotRun, r.Note
			}
			return exchanges
		}, outside
	}
	return made{check.ID, check.Rule.Module, check.DTypes, lossAndGradient, check.Calls, send}
}

// EveryInput says what came of a check of all inputs of a dtype of 16 bits.
type EveryInput struct {
	DType tensor.DType `json:"dtype"`
	// Of is what the inputs are: logits or probabilities.
	Of string `json:"of"`
	// Inputs counts those that were asked, Right those at which all results are right, and Nearest those at
	// which all results are the numbers nearest to the exact ones.
	Inputs  int `json:"inputs"`
	Right   int `json:"right"`
	Nearest int `json:"nearest"`
}

// every is the evidence of a check of all inputs of 16 bits.
func every(check *halves.Check) made {
	module := check.Rule.Module
	send := func(ctx context.Context, j *Judge, r *CheckResult) (func() []Exchange, string) {
		cl, claimed := j.description.Modules[module]
		if !claimed {
			return nil, module + " is not claimed"
		}
		wait, outside := check.Begin(ctx, cl, j.options.Level, j.ask)
		return func() []Exchange {
			found := wait()
			r.Samples, r.Headroom = found.Calls, Number(found.Headroom)
			r.Every = &EveryInput{check.DType, halves.Nouns(module), found.Inputs, found.Right, found.Nearest}
			if errors.Is(found.Err, halves.ErrRefused) {
				found.Err, found.Broken = nil, found.Err.Error()
			}
			r.ended(found.Err, found.Broken, nil)
			if found.Counterexample == nil || ctx.Err() != nil {
				return nil
			}
			r.Counterexample = []ports.Call{*found.Counterexample}
			answer, err := j.ask(ctx, *found.Counterexample)()
			if err != nil {
				return nil
			}
			return []Exchange{{Call: *found.Counterexample, Answer: answer}}
		}, outside
	}
	return made{check.ID, module, []tensor.DType{check.DType}, lossAndGradient, func(uint32) []ports.Call { return check.Calls() }, send}
}

// ask sends a call that no recorded answer is for.
func (j *Judge) ask(ctx context.Context, call ports.Call) (wait func() (ports.Answer, error)) {
	return j.send(ctx, "", call)
}

// ended says in r what came of the calls, with those of a counterexample, which it returns.
func (r *CheckResult) ended(err error, broken string, counterexample []Exchange) []Exchange {
	switch {
	case err != nil:
		r.Outcome, r.Message = outcomeOf(err), bounded(err.Error())
	case broken != "":
		r.Outcome, r.Message = Fail, bounded(broken)
	default:
		r.Outcome = Pass
	}
	for _, e := range counterexample {
		r.Counterexample = append(r.Counterexample, e.Call)
	}
	return counterexample
}

// newChecker returns what checks the relations.
func (j *Judge) newChecker() *laws.Checker {
	return laws.NewChecker(j.description.Modules, laws.Options{
		Seed: j.Seed(), Level: j.options.Level, DTypes: j.options.Selection.DTypes, Ask: j.ask, FewShapes: j.description.Compiles,
	})
}

// newDrawer returns what makes the generated checks.
func (j *Judge) newDrawer() *generated.Checker {
	return generated.NewChecker(j.description.Modules, generated.Options{
		Seed: j.Seed(), Effort: j.Effort(), Level: j.options.Level, DTypes: j.options.Selection.DTypes, Ask: j.ask, FewShapes: j.description.Compiles,
	})
}
