package judge

import (
	"context"
	"fmt"

	"lossproof/internal/generated"
	"lossproof/internal/words"
	"lossproof/ports"
	"lossproof/tensor"
)

// drawn is the evidence of a generated check.
type drawn struct {
	made
	check *generated.Check
}

func (e drawn) begin(ctx context.Context, j *Judge, r *CheckResult) (end func() []Exchange) {
	if e.recorded(j, r) {
		return nil
	}
	wait, outside := j.drawer().Begin(ctx, e.check)
	if outside != "" {
		r.Outcome, r.Message = Unsupported, outside
		return nil
	}
	return func() []Exchange {
		found := wait()
		r.Samples, r.Elements, r.Largest, r.Headroom = found.Calls, found.Elements, found.Largest, Number(found.Headroom)
		if found.Left > 0 {
			r.Note = fmt.Sprintf("the time of --effort %s was over: %s not made", j.Effort(), words.Plural(found.Left, "call was", "calls were"))
		}
		exchanges := ended(r, found.Err, found.Broken, found.Counterexample)
		if r.Outcome == Pass && found.Calls == 0 {
			r.Outcome, r.Message = NotRun, r.Note
		}
		return exchanges
	}
}

func (e drawn) calls(seed uint32) ([]ports.Call, error) { return e.check.Calls(seed), nil }

func (e drawn) dtypes() []tensor.DType { return e.check.DTypes }

func (drawn) outputs() []string { return []string{ports.Loss, ports.GradInput} }

// newDrawer returns what makes the generated checks.
func (j *Judge) newDrawer() *generated.Checker {
	return generated.NewChecker(j.description.Modules, generated.Options{
		Seed:   j.Seed(),
		Effort: j.Effort(),
		Level:  j.options.Level,
		DTypes: j.options.Selection.DTypes,
		Ask:    j.ask,

		FewShapes: j.description.Compiles,
	})
}

// Effort says how much generated checks ask.
type Effort = generated.Effort

// The efforts.
const (
	Quick    = generated.Quick
	Normal   = generated.Normal
	Thorough = generated.Thorough
)

// ParseEffort returns the effort of that name.
func ParseEffort(name string) (Effort, error) { return generated.ParseEffort(name) }

// Effort returns how much generated checks ask.
func (j *Judge) Effort() Effort {
	if j.options.Effort == "" {
		return Normal
	}
	return j.options.Effort
}
