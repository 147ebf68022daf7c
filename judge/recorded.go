package judge

import (
	"context"
	"slices"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/ports"
	"lossproof/tensor"
)

// recorded is the evidence of a case of the fixtures.
type recorded struct {
	set *fixtures.Set
	c   *fixtures.Case
}

// question is a case with its data, and what is asked of it.
type question struct {
	c        *fixtures.Case
	inputs   map[string]tensor.Tensor
	expected map[string]fixtures.Expected
	// features are the words of package claim that describe the case.
	features []string
	// want are the outputs asked for; none where outside says why the case is not asked.
	want    []string
	outside string
	// excused says why "unsupported" is an answer to a case that is asked.
	excused string
}

// question loads a case and holds it against the claim.
func (e recorded) question(j *Judge) (question, error) {
	q := question{c: e.c, expected: make(map[string]fixtures.Expected, len(e.c.Outputs))}
	var err error
	if q.inputs, err = e.set.Inputs(e.c); err != nil {
		return question{}, err
	}
	for name := range e.c.Outputs {
		if q.expected[name], err = e.set.Expected(e.c, name); err != nil {
			return question{}, err
		}
	}
	cl, ok := j.description.Modules[e.c.Module]
	if !ok {
		q.outside = e.c.Module + " is not claimed"
		return q, nil
	}
	q.features = claim.Features(e.c, q.inputs, q.expected)
	dtypes := claim.DTypesOf(q.inputs)
	if q.outside = claim.Outside(cl, e.c, dtypes, q.features); q.outside != "" {
		return q, nil
	}
	if e.c.Rejection != nil {
		// torch refuses the loss; a port without it is asked for what it has.
		q.want = []string{cl.Outputs[0]}
		if slices.Contains(cl.Outputs, ports.Loss) {
			q.want[0] = ports.Loss
		}
		q.excused = claim.Excused(cl, dtypes, q.features)
		return q, nil
	}
	for _, name := range e.c.OutputNames() {
		if slices.Contains(cl.Outputs, name) {
			q.want = append(q.want, name)
		}
	}
	if len(q.want) == 0 {
		q.outside = "none of its outputs is claimed"
	}
	return q, nil
}

func (e recorded) begin(ctx context.Context, j *Judge, r *CheckResult) (end func() []Exchange) {
	q, err := e.question(j)
	r.Features = q.features
	switch {
	case err != nil:
		r.Outcome, r.Message = SuiteError, err.Error()
		return nil
	case q.outside != "":
		r.Outcome, r.Message = Unsupported, q.outside
		r.Outputs = unclaimed(e.c, nil)
		return nil
	}
	wait := j.send(ctx, e.c.ID, q.call())
	q.inputs = nil // not needed any more
	return func() []Exchange {
		answer, err := wait()
		if r.Rejection {
			judgeRefusal(r, q, answer, err)
		} else {
			e.judgeOutputs(j.options.Level, r, q, answer, err)
		}
		if answer.Note != "" {
			r.Note = strings.TrimPrefix(r.Note+"; "+bounded(answer.Note), "; ")
		}
		if r.Outcome.Failing() {
			if inputs, err := e.set.Inputs(e.c); err == nil { // it was read before
				r.Call = Call(e.c, inputs, nil).String()
			}
		}
		if err != nil {
			return nil
		}
		return []Exchange{{Call: q.call(), Answer: answer}}
	}
}

func (e recorded) calls(uint32) ([]ports.Call, error) {
	inputs, err := e.set.Inputs(e.c)
	if err != nil {
		return nil, err
	}
	want := e.c.OutputNames()
	if e.c.Rejection != nil {
		want = []string{ports.Loss}
	}
	return []ports.Call{Call(e.c, inputs, want)}, nil
}

func (e recorded) asks(j *Judge) ([]string, error) {
	q, err := e.question(j)
	switch {
	case err != nil || q.outside != "":
		return nil, err
	case e.c.Rejection != nil:
		return []string{e.c.ID}, nil
	}
	asked := make([]string, len(q.want))
	for i, name := range q.want {
		asked[i] = e.c.ID + "#" + name
	}
	return asked, nil
}

func (e recorded) dtypes() []tensor.DType {
	dtype, _, err := e.set.Type(e.c, e.c.Inputs[ports.Input])
	if err != nil {
		return nil // opening the set has checked every reference
	}
	return []tensor.DType{dtype}
}

func (e recorded) outputs() []string { return e.c.OutputNames() }

func (recorded) size() int { return 1 }

// unclaimed returns results for the outputs that are not wanted.
func unclaimed(c *fixtures.Case, want []string) map[string]OutputResult {
	outputs := make(map[string]OutputResult, len(c.Outputs))
	for name := range c.Outputs {
		if !slices.Contains(want, name) {
			outputs[name] = OutputResult{Outcome: Unsupported}
		}
	}
	return outputs
}

// call returns the call that a question makes.
func (q question) call() ports.Call { return Call(q.c, q.inputs, q.want) }

// Call returns the call that a case makes.
func Call(c *fixtures.Case, inputs map[string]tensor.Tensor, want []string) ports.Call {
	return ports.Call{Module: c.Module, Options: c.Options, Inputs: inputs, Want: want}
}
