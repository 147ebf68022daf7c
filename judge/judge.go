package judge

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/internal/laws"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// Options say what is judged, and how. The zero value judges all cases at parity.
type Options struct {
	Level     verdict.Level
	Selection Selection
	// Quirks makes the rules that are quirks gate.
	Quirks bool
	// MaxFail ends a run after so many failing cases that gate; 0 means never.
	MaxFail int
	// Known are the known failures of the port, by output (case#output), or by case for a
	// rejection. See internal/baseline.
	Known map[string]Known
	// Seed is what the inputs of the relations are drawn from; 0 means [laws.Seed].
	Seed uint32
	// Argv is recorded in the result.
	Argv []string
	// Observe, if set, is called with every answer that came to a case that was asked, and its
	// result; from several goroutines if [Judge.Case] is.
	Observe func(c *fixtures.Case, result CaseResult, answer ports.Answer)
	// Progress, if set, is called by Run after every case.
	Progress func(done, total int, latest CaseResult)
}

// PortError says that the port could not be asked at all: it does not answer hello, or
// claims what there is not.
type PortError struct{ Err error }

func (e *PortError) Error() string { return "the port's answer to hello: " + e.Err.Error() }

func (e *PortError) Unwrap() error { return e.Err }

// Judge asks a port and judges its answers, one case at a time. It is safe for concurrent
// use if the port is.
type Judge struct {
	set         *fixtures.Set
	port        ports.Port
	options     Options
	description ports.Description
	cases       []*fixtures.Case
	relations   []*laws.Relation
	// checker checks the relations.
	checker func() (*laws.Checker, error)
}

// New selects the cases, asks the port what it claims, and checks the claim. The error
// is a *SelectionError or a *PortError, or that of ctx.
func New(ctx context.Context, set *fixtures.Set, port ports.Port, options Options) (*Judge, error) {
	if options.Level == "" {
		options.Level = verdict.Parity
	}
	cases, relations, err := choose(set, options.Selection)
	if err != nil {
		return nil, err
	}
	description, err := describe(ctx, port)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &PortError{err}
	}
	j := &Judge{set: set, port: port, options: options, description: description, cases: cases, relations: relations}
	j.checker = sync.OnceValues(j.newChecker)
	return j, nil
}

func describe(ctx context.Context, port ports.Port) (d ports.Description, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	if d, err = port.Describe(ctx); err != nil {
		return ports.Description{}, err
	}
	return d, claim.Validate(d.Modules)
}

// Cases returns the selected cases.
func (j *Judge) Cases() []*fixtures.Case { return j.cases }

// Description returns what the port said of itself.
func (j *Judge) Description() ports.Description { return j.description }

// Level returns the level that answers are judged at.
func (j *Judge) Level() verdict.Level { return j.options.Level }

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
func (j *Judge) question(c *fixtures.Case) (question, error) {
	q := question{c: c, expected: make(map[string]fixtures.Expected, len(c.Outputs))}
	var err error
	if q.inputs, err = j.set.Inputs(c); err != nil {
		return question{}, err
	}
	for name := range c.Outputs {
		if q.expected[name], err = j.set.Expected(c, name); err != nil {
			return question{}, err
		}
	}
	cl, ok := j.description.Modules[c.Module]
	if !ok {
		q.outside = c.Module + " is not claimed"
		return q, nil
	}
	q.features = claim.Features(c, q.inputs, q.expected)
	dtype := q.inputs[ports.Input].DType
	if q.outside = claim.Outside(cl, c, dtype, q.features); q.outside != "" {
		return q, nil
	}
	if c.Rejection != nil {
		// torch refuses the loss; a port without it is asked for what it has.
		q.want = []string{cl.Outputs[0]}
		if slices.Contains(cl.Outputs, ports.Loss) {
			q.want[0] = ports.Loss
		}
		q.excused = claim.Excused(cl, dtype, q.features)
		return q, nil
	}
	for _, name := range c.OutputNames() {
		if slices.Contains(cl.Outputs, name) {
			q.want = append(q.want, name)
		}
	}
	if len(q.want) == 0 {
		q.outside = "none of its outputs is claimed"
	}
	return q, nil
}

// Outside says why a case lies outside the claim and is not asked; "" means that it is.
func (j *Judge) Outside(c *fixtures.Case) (string, error) {
	q, err := j.question(c)
	return q.outside, err
}

// Call returns the call that asks the port a case, of the outputs that it claims; outside
// says why the case is not asked.
func (j *Judge) Call(c *fixtures.Case) (call ports.Call, outside string, err error) {
	q, err := j.question(c)
	if err != nil || q.outside != "" {
		return ports.Call{}, q.outside, err
	}
	return q.call(), "", nil
}

// Case asks the port one case and judges the answer. Whatever goes wrong is an outcome;
// the error is that of ctx alone.
func (j *Judge) Case(ctx context.Context, c *fixtures.Case) (CaseResult, error) {
	p := j.prepare(c)
	switch recorded, ok := j.port.(*Recorded); {
	case !p.ask:
	case ok:
		p.wait = func() (ports.Answer, error) { return recorded.answer(c.ID) }
	default:
		p.wait = func() (ports.Answer, error) { return j.port.Evaluate(ctx, p.q.call()) }
	}
	return j.conclude(ctx, p)
}

// pending is a case on its way to its result.
type pending struct {
	// result is final unless the case is asked.
	result CaseResult
	q      question
	ask    bool
	// wait returns the answer.
	wait func() (ports.Answer, error)
}

// prepare does what comes before asking.
func (j *Judge) prepare(c *fixtures.Case) pending {
	p := pending{result: CaseResult{ID: c.ID, SHA256: c.SHA256, Module: c.Module, Topic: c.Topic, Rule: c.Rule, Also: c.Also, Rejection: c.Rejection != nil}}
	result := &p.result
	rule, err := j.set.Rule(c.Rule)
	if err != nil {
		result.Outcome, result.Gates, result.Message = SuiteError, true, err.Error()
		return p
	}
	result.Statement, result.Requirement = rule.Statement, rule.Requirement
	result.Gates = rule.Requirement != fixtures.Quirk || j.options.Quirks

	p.q, err = j.question(c)
	result.Features = p.q.features
	switch {
	case err != nil:
		result.Outcome, result.Message = SuiteError, err.Error()
	case p.q.outside != "":
		result.Outcome, result.Message = Unsupported, p.q.outside
		result.Outputs = unclaimed(c, nil)
	default:
		p.ask = true
	}
	return p
}

// conclude waits for the answer, where there is one to come, and judges it.
func (j *Judge) conclude(ctx context.Context, p pending) (CaseResult, error) {
	if !p.ask {
		return p.result, nil
	}
	answer, err := guarded(p.wait)
	if ctx.Err() != nil {
		return CaseResult{}, ctx.Err()
	}
	if p.result.Rejection {
		judgeRefusal(&p.result, p.q, answer, err)
	} else {
		j.judgeOutputs(&p.result, p.q, answer, err)
	}
	if answer.Note != "" {
		p.result.Note = strings.TrimPrefix(p.result.Note+"; "+bounded(answer.Note), "; ")
	}
	if p.result.Outcome.Failing() {
		p.result.Call = j.callText(p.q.c)
	}
	applyKnown(&p.result, j.options.Known)
	if err == nil && j.options.Observe != nil {
		j.options.Observe(p.q.c, p.result, answer)
	}
	return p.result, nil
}

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

// errPanic says that a port in process panicked, which is how it crashes.
var errPanic = fmt.Errorf("%w: panic", ports.ErrCrash)

// guarded asks the port, and makes an error of a panic.
func guarded(ask func() (ports.Answer, error)) (answer ports.Answer, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanic, r, debug.Stack())
		}
	}()
	answer, err = ask()
	if err == nil {
		err = checkForm(answer)
	}
	return answer, err
}

// call returns the call that a question makes.
func (q question) call() ports.Call { return Call(q.c, q.inputs, q.want) }

// Call returns the call that a case makes.
func Call(c *fixtures.Case, inputs map[string]tensor.Tensor, want []string) ports.Call {
	return ports.Call{Module: c.Module, Options: c.Options, Inputs: inputs, Want: want}
}

// checkForm checks that an answer says exactly one thing.
func checkForm(a ports.Answer) error {
	said := 0
	for _, is := range []bool{a.Outputs != nil, a.Rejected != nil, a.Unsupported != nil, a.Failed != nil} {
		if is {
			said++
		}
	}
	if said != 1 {
		return fmt.Errorf("%w: it has %d of outputs, rejected, unsupported and failed, want exactly one", ports.ErrMalformed, said)
	}
	return nil
}

// outcomeOf names the outcome of an error of asking.
func outcomeOf(err error) Outcome {
	switch {
	case errors.Is(err, ports.ErrRequest):
		return SuiteError
	case errors.Is(err, ports.ErrNotRun):
		return NotRun
	case errors.Is(err, ports.ErrMalformed):
		return Malformed
	case errors.Is(err, ports.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return Timeout
	case errors.Is(err, ports.ErrCrash):
		return Crash
	}
	return Error
}
