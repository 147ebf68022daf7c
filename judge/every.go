package judge

import (
	"context"
	"errors"

	"lossproof/internal/halves"
	"lossproof/ports"
	"lossproof/tensor"
)

// every is the evidence of a check of all inputs of 16 bits.
type every struct {
	made
	check *halves.Check
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

func (e every) begin(ctx context.Context, j *Judge, r *CheckResult) (end func() []Exchange) {
	if e.recorded(j, r) {
		return nil
	}
	cl, claimed := j.description.Modules[e.module]
	if !claimed {
		r.Outcome, r.Message = Unsupported, e.module+" is not claimed"
		return nil
	}
	wait, outside := e.check.Begin(ctx, cl, j.options.Level, j.ask)
	if outside != "" {
		r.Outcome, r.Message = Unsupported, outside
		return nil
	}
	return func() []Exchange {
		found := wait()
		r.Samples, r.Headroom = found.Calls, Number(found.Headroom)
		r.Every = &EveryInput{e.check.DType, halves.Nouns(e.module), found.Inputs, found.Right, found.Nearest}
		if errors.Is(found.Err, halves.ErrRefused) {
			found.Err, found.Broken = nil, found.Err.Error()
		}
		ended[Exchange](r, found.Err, found.Broken, nil)
		if found.Counterexample == nil || ctx.Err() != nil {
			return nil
		}
		r.Counterexample = []ports.Call{*found.Counterexample}
		answer, err := j.ask(ctx, *found.Counterexample)()
		if err != nil {
			return nil
		}
		return []Exchange{{*found.Counterexample, answer}}
	}
}

func (e every) calls(uint32) ([]ports.Call, error) { return e.check.Calls(), nil }

func (e every) dtypes() []tensor.DType { return []tensor.DType{e.check.DType} }

func (every) outputs() []string { return []string{ports.Loss, ports.GradInput} }
