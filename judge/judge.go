package judge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"sync"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/internal/generated"
	"lossproof/internal/laws"
	"lossproof/judge/verdict"
	"lossproof/ports"
)

// Options say what is judged, and how. The zero value judges all cases at parity.
type Options struct {
	// Fixtures are those that are checked; nil means those of this program.
	Fixtures  *fixtures.Set
	Level     verdict.Level
	Selection Selection
	// Quirks makes the rules that are quirks gate.
	Quirks bool
	// MaxFail ends a run after so many failing cases that gate; 0 means never.
	MaxFail int
	// Known are the failures of the port that are no news.
	Known Baseline
	// Seed is what the inputs of the relations are drawn from; 0 means that of the release. Random says
	// that it was drawn for this run, so that the port cannot have known it.
	Seed   uint32
	Random bool
	// Effort says how much generated checks ask; "" means [Normal].
	Effort Effort
	// Argv is recorded in the result.
	Argv []string
	// Observe, if set, is called with the result of every check that was asked, and with the answers
	// that it is about: to a recorded case, or of the counterexample of a relation; from several
	// goroutines if [Judge.Check] is.
	Observe func(c *Check, result CheckResult, exchanges []Exchange)
	// Progress, if set, is called by Run after every check of a claimed module, of which there are total.
	Progress func(done, total int, latest CheckResult)
}

// embedded are the fixtures of this program, opened once.
var embedded = sync.OnceValues(fixtures.Embedded)

// PortError says that the port could not be asked at all: it does not answer hello, or
// claims what there is not.
type PortError struct{ Err error }

func (e *PortError) Error() string { return "the port's answer to hello: " + e.Err.Error() }

func (e *PortError) Unwrap() error { return e.Err }

// Judge asks a port and judges its answers, one check at a time. It is safe for concurrent
// use if the port is.
type Judge struct {
	set         *fixtures.Set
	port        ports.Port
	options     Options
	description ports.Description
	// checks are those that are selected, of all that there are, which can show something of modules.
	checks, all []*Check
	can         map[string]checkable
	// checker checks the relations, drawer makes the generated checks.
	checker func() *laws.Checker
	drawer  func() *generated.Checker
	// panics counts those of a port in process.
	panics panics
}

// New selects the checks, asks the port what it claims, and checks the claim. The error
// is about damaged fixtures or a level that there is not, a
// *SelectionError or a *PortError, or that of ctx.
func New(ctx context.Context, port ports.Port, options Options) (*Judge, error) {
	if options.Level == "" {
		options.Level = verdict.Parity
	}
	if _, err := verdict.ParseLevel(string(options.Level)); err != nil {
		return nil, err
	}
	set := options.Fixtures
	if set == nil {
		var err error
		if set, err = embedded(); err != nil {
			return nil, err
		}
	}
	j, err := newJudge(set, options)
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
	if err := checkClaims(set, j.can, description.Modules); err != nil {
		return nil, &PortError{err}
	}
	j.port, j.description = port, description
	j.checker, j.drawer = sync.OnceValue(j.newChecker), sync.OnceValue(j.newDrawer)
	return j, nil
}

// newJudge returns a judge that has no port yet.
func newJudge(set *fixtures.Set, options Options) (*Judge, error) {
	all := Checks(set)
	checks, err := choose(set, all, options.Selection)
	return &Judge{set: set, options: options, checks: checks, all: all, can: checkables(all)}, err
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

// Fixtures returns the fixtures that are checked.
func (j *Judge) Fixtures() *fixtures.Set { return j.set }

// Checks returns the selected checks.
func (j *Judge) Checks() []*Check { return j.checks }

// Description returns what the port said of itself.
func (j *Judge) Description() ports.Description { return j.description }

// Seed returns what the inputs of the relations are drawn from.
func (j *Judge) Seed() uint32 { return seedOr(j.options.Seed) }

// Outside says why a recorded case lies outside the claim and is not asked; "" means that it is.
func (j *Judge) Outside(c *fixtures.Case) (string, error) {
	q, err := recorded{j.set, c}.question(j)
	return q.outside, err
}

// Call returns the call that asks the port a recorded case, of the outputs that it claims; outside
// says why the case is not asked.
func (j *Judge) Call(c *fixtures.Case) (call ports.Call, outside string, err error) {
	q, err := recorded{j.set, c}.question(j)
	if err != nil || q.outside != "" {
		return ports.Call{}, q.outside, err
	}
	return q.call(), "", nil
}

// Check asks the port one check and judges the answers. Whatever goes wrong is an outcome; the
// error is that of ctx alone.
func (j *Judge) Check(ctx context.Context, c *Check) (CheckResult, error) {
	raw, exchanges, err := j.begin(ctx, c).end()
	if err != nil {
		return CheckResult{}, err
	}
	return j.settle(c, raw, exchanges), nil
}

// begun is a check whose calls are under way.
type begun struct {
	check *Check
	// end waits for the answers and judges them; the result is without the effect of the baseline.
	end func() (CheckResult, []Exchange, error)
}

// begin asks a check.
func (j *Judge) begin(ctx context.Context, c *Check) begun {
	r := CheckResult{
		ID: c.ID, Module: c.Module, Topic: c.Topic, Kind: c.Kind, Also: c.Also,
		Rule: c.Rule.ID, Statement: c.Rule.Statement, Requirement: c.Rule.Requirement,
		Gates: j.gates(c),
	}
	if c.Recorded != nil {
		r.SHA256, r.Rejection = c.Recorded.SHA256, c.Recorded.Rejection != nil
	}
	end := c.evidence.begin(ctx, j, &r)
	return begun{c, func() (CheckResult, []Exchange, error) {
		if end == nil {
			return r, nil, nil
		}
		exchanges := end()
		return r, exchanges, ctx.Err()
	}}
}

// settle takes the known failures into account, and lets the observer see what was answered.
func (j *Judge) settle(c *Check, raw CheckResult, exchanges []Exchange) CheckResult {
	r := j.options.Known.Apply(raw)
	if len(exchanges) > 0 && j.options.Observe != nil {
		j.options.Observe(c, r, exchanges)
	}
	return r
}

// gates reports whether a failure of a check makes its module not conformant.
func (j *Judge) gates(c *Check) bool { return c.Rule.Requirement != fixtures.Quirk || j.options.Quirks }

// send sends a call to the port, of whatever kind it is; id is that of a recorded case.
func (j *Judge) send(ctx context.Context, id string, call ports.Call) (wait func() (ports.Answer, error)) {
	var answer func() (ports.Answer, error)
	switch port := j.port.(type) {
	case *Recorded:
		answer = func() (ports.Answer, error) { return port.answer(id) }
	case ports.Pipelined:
		answer = sent(ctx, port, call)
	default:
		answer = func() (ports.Answer, error) {
			given := copied(call)
			asked := call
			asked.Inputs = maps.Clone(call.Inputs) // the list is the port's, the arrays are not
			got, err := port.Evaluate(ctx, asked)
			if err == nil {
				err = untouched(given, call)
			}
			return got, err
		}
	}
	return func() (ports.Answer, error) {
		got, err := guarded(answer)
		if errors.Is(err, errPanic) {
			j.panics.count(call.Module, err)
		}
		return got, err
	}
}

// sent sends a call ahead, and makes an error of a panic.
func sent(ctx context.Context, port ports.Pipelined, call ports.Call) (wait func() (ports.Answer, error)) {
	defer func() {
		if r := recover(); r != nil {
			err := fmt.Errorf("%w: %v\n%s", errPanic, r, debug.Stack())
			wait = func() (ports.Answer, error) { return ports.Answer{}, err }
		}
	}()
	return port.Send(ctx, call)
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
		if form := answer.Check(); form != nil {
			err = fmt.Errorf("%w: %w", ports.ErrMalformed, form)
		}
	}
	return answer, err
}

// outcomeOf names the outcome of an error of asking.
func outcomeOf(err error) Outcome {
	switch {
	case errors.Is(err, errTouched):
		return Fail
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
