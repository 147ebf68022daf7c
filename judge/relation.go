package judge

import (
	"context"
	"fmt"
	"slices"

	"lossproof/internal/laws"
	"lossproof/internal/words"
	"lossproof/ports"
	"lossproof/tensor"
)

// relation is the evidence of a law.
type relation struct {
	made
	law *laws.Relation
}

func (e relation) begin(ctx context.Context, j *Judge, r *CheckResult) (end func() []Exchange) {
	if e.recorded(j, r) {
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
			r.Note = bounded(fmt.Sprintf("%s refused, and others drawn: %s", words.Plural(found.Refused, "input was", "inputs were"), found.Refusal))
		}
		if r.Blames != "" && !slices.Contains(j.modules(), r.Blames) {
			r.Gates = false // nothing is asked of that module
		}
		return ended(r, found.Err, found.Broken, found.Counterexample)
	}
}

func (e relation) calls(seed uint32) ([]ports.Call, error) { return e.law.Calls(seed), nil }

func (relation) dtypes() []tensor.DType { return []tensor.DType{tensor.Float32, tensor.Float64} }

func (e relation) outputs() []string { return e.law.Outputs() }

// newChecker returns what checks the relations.
func (j *Judge) newChecker() *laws.Checker {
	return laws.NewChecker(j.description.Modules, laws.Options{
		Seed:   j.Seed(),
		Level:  j.options.Level,
		DTypes: j.options.Selection.DTypes,
		Ask:    j.ask,

		FewShapes: j.description.Compiles,
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
