package judge

import (
	"context"
	"fmt"
	"slices"

	"lossproof/internal/laws"
	"lossproof/ports"
	"lossproof/tensor"
)

// relation is the evidence of a law.
type relation struct{ law *laws.Relation }

// offline says why relations cannot be checked on answers that are there already.
const offline = "the answers are recorded, and a relation has to ask"

func (e relation) begin(ctx context.Context, j *Judge, r *CheckResult) (end func() []Exchange) {
	if _, recorded := j.port.(*Recorded); recorded {
		r.Outcome, r.Message = Unsupported, offline
		return nil
	}
	wait, outside := j.checker().Begin(ctx, e.law)
	if outside != "" {
		r.Outcome, r.Message = Unsupported, outside
		return nil
	}
	return func() []Exchange {
		found := wait()
		r.Samples, r.Refused, r.Headroom, r.Blames = found.Samples, found.Refused, Number(found.Headroom), found.Blames
		if found.Refused > 0 {
			r.Note = bounded(fmt.Sprintf("%s refused, and others drawn: %s", plural(found.Refused, "input was", "inputs were"), found.Refusal))
		}
		if r.Blames != "" && !slices.Contains(j.modules(), r.Blames) {
			r.Gates = false // nothing is asked of that module
		}
		switch {
		case found.Err != nil:
			r.Outcome, r.Message = outcomeOf(found.Err), bounded(found.Err.Error())
		case found.Broken != "":
			r.Outcome, r.Message = Fail, bounded(found.Broken)
		default:
			r.Outcome = Pass
		}
		var exchanges []Exchange
		for _, e := range found.Counterexample {
			exchanges = append(exchanges, Exchange(e))
			r.Counterexample = append(r.Counterexample, e.Call)
		}
		return exchanges
	}
}

func (e relation) calls(seed uint32) ([]ports.Call, error) { return e.law.Calls(seed), nil }

func (e relation) asks(j *Judge) ([]string, error) {
	if _, claimed := j.description.Modules[e.law.Rule.Module]; !claimed {
		return nil, nil
	}
	return []string{e.law.ID}, nil
}

func (relation) dtypes() []tensor.DType { return []tensor.DType{tensor.Float32, tensor.Float64} }

func (e relation) outputs() []string { return e.law.Outputs() }

// size makes a relation be checked alone: it has many calls, and asks more to find a small counterexample.
func (relation) size() int { return ahead }

// newChecker returns what checks the relations.
func (j *Judge) newChecker() *laws.Checker {
	return laws.NewChecker(j.description.Modules, laws.Options{
		Seed:   j.Seed(),
		Level:  j.options.Level,
		DTypes: j.options.Selection.DTypes,
		Ask: func(ctx context.Context, call ports.Call) func() (ports.Answer, error) {
			return j.send(ctx, "", call)
		},
	})
}

// Seed is what the inputs of relations are drawn from in this release.
const Seed = laws.Seed

// seedFrom says where the seed of a run comes from.
func (o Options) seedFrom() SeedFrom {
	switch {
	case o.Random:
		return Random
	case seedOr(o.Seed) == Seed:
		return Release
	}
	return Given
}

// seedOr returns a seed, or that of the release for 0.
func seedOr(seed uint32) uint32 {
	if seed == 0 {
		return Seed
	}
	return seed
}
