// Package process is a port in another process: a command that speaks wire protocol 1 on
// its stdin and stdout.
//
//	port, err := process.New(process.Options{Command: []string{"python3", "port.py"}})
//	defer port.Close()
//	result, err := judge.Run(ctx, port, judge.Options{Fixtures: set})
//
// Several requests are in flight at a time. Whatever the process does, a run ends, and keeps
// the answers that it has: a crash or a timeout blames the first unanswered call, which is
// asked once more, alone, in a new process, with more time; the rest is asked again. After
// [Options.MaxRestarts] restarts nothing more is asked, and every call that is left is an
// [ports.ErrNotRun].
//
// With [Options.Streams] nothing is started: whoever holds the other ends answers, as the process
// that started this one does. What it loses is lost: there is no other to ask.
//
// A process is in a process group of its own, which is killed with it; on Linux it also
// dies with its parent. A descendant that leaves the group (setsid) is out of reach. A process
// that may not be killed is left behind, and ends the run.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"lossproof/ports"
	"lossproof/ports/wire"
)

// The defaults of Options.
const (
	DefaultTimeout      = 10 * time.Second
	DefaultStartTimeout = 60 * time.Second
	DefaultExitTimeout  = 10 * time.Second
	DefaultMaxRestarts  = 20
)

// MaxJobs bounds Options.Jobs: each is a process, and a port of a framework needs much memory.
const MaxJobs = 256

// A port is slow on a busy machine, or while it compiles, and that is no failure.
const (
	// patience is how much longer a call has that is asked once more, and every call of a
	// port that says it is slow, or that answered so late.
	patience = 6
	// maxHung is the number of calls that may miss that time too, before it is given no more:
	// the port hangs.
	maxHung = 3
	// startTries is how often a lost process is started again, with once, twice, … the
	// start timeout, and startPause what passes in between, once, twice, ….
	startTries = 3
	startPause = time.Second
)

// window is the number of requests that one process has in flight: enough to hide the
// time that a line takes, and few enough that little is asked again after a crash.
const window = 16

// Streams are the ends of two pipes to a port that runs already.
type Streams struct {
	Requests io.WriteCloser
	Answers  io.ReadCloser
}

// Options say which command is run, and how. Only Command or Streams is required.
type Options struct {
	// Command is the program, found as a shell finds it, and its arguments.
	Command []string
	// Streams, if set, stand in place of Command: nothing is started, and a port that is lost
	// is not started again. Jobs and MaxRestarts mean nothing then. A write to Requests whose
	// reader is gone has to return an error: whoever hands in os.Stdout ignores SIGPIPE.
	Streams *Streams
	// Dir is the working directory, "" for that of the caller.
	Dir string
	// Env is the environment, nil for that of the caller.
	Env []string
	// Timeout is the time for one answer. Its clock starts when the answer before it
	// arrived. A call that is asked once more has six times as long, and so has every call of
	// a port that says that it is slow, or that answered one when it was asked once more. 0 is
	// DefaultTimeout.
	Timeout time.Duration
	// StartTimeout is the time from the start to the answer to hello. 0 is
	// DefaultStartTimeout.
	StartTimeout time.Duration
	// ExitTimeout is the time in which a process must end after bye, or after it closed
	// its stdout; then it is killed. 0 is DefaultExitTimeout.
	ExitTimeout time.Duration
	// Jobs is the number of processes that share the calls, at most MaxJobs; 0 is 1.
	Jobs int
	// MaxRestarts is the number of processes that may be started in place of lost ones, in
	// all; 0 is DefaultMaxRestarts, a negative number allows none.
	MaxRestarts int
	// Trace, if set, gets every line of both directions, with the time in seconds and the
	// number of the process.
	Trace io.Writer
	// Validate, if set, checks every message of both directions. An error for a request
	// is one of the suite, an error for an answer makes the answer malformed.
	Validate Validator

	// killTree is killTree, but for tests.
	killTree func(*exec.Cmd) error
}

// Validator checks messages, each one line without its line feed.
type Validator interface {
	Request(line []byte) error
	Answer(line []byte) error
}

// errClosed is the answer of a port that is closed.
var errClosed = errors.New("the port is closed")

// Port is a [ports.Pipelined] over processes. It is safe for concurrent use.
type Port struct {
	options Options
	trace   *trace
	// queue hands calls to the workers.
	queue   chan *call
	workers sync.WaitGroup
	// open ends when the port is closed.
	open  context.Context
	close context.CancelFunc
	// large is held by the process whose large line is in memory.
	large chan struct{}

	lastID   atomic.Int64
	restarts atomic.Int64 // children that were started in place of lost ones
	hung     atomic.Int64 // calls that missed the time of a second try
	slow     atomic.Bool  // a call was answered at its second try that had missed the time of its first

	mu          sync.Mutex
	described   bool
	description ports.Description
	children    int // started so far
	lost        int // children that were lost
	incidents   map[string]ports.Incidents
	gaveUp      error
	warnings    []error
}

// New returns a port that runs a command. Nothing is started before the port is asked.
func New(options Options) (*Port, error) {
	switch {
	case options.Streams != nil && len(options.Command) > 0:
		return nil, errors.New("process: got a command and streams, want one of the two")
	case options.Streams != nil:
		options.Jobs, options.MaxRestarts = 1, -1
	case len(options.Command) == 0:
		return nil, errors.New("process: got no command, want a program and its arguments")
	}
	for _, d := range []struct {
		name  string
		value *time.Duration
		other time.Duration
	}{
		{"Timeout", &options.Timeout, DefaultTimeout},
		{"StartTimeout", &options.StartTimeout, DefaultStartTimeout},
		{"ExitTimeout", &options.ExitTimeout, DefaultExitTimeout},
	} {
		switch {
		case *d.value < 0:
			return nil, fmt.Errorf("process: %s: got %v, want more than 0", d.name, *d.value)
		case *d.value == 0:
			*d.value = d.other
		}
	}
	if options.Jobs < 0 || options.Jobs > MaxJobs {
		return nil, fmt.Errorf("process: Jobs: got %d, want 1 to %d", options.Jobs, MaxJobs)
	}
	options.Jobs = max(options.Jobs, 1)
	if options.MaxRestarts == 0 {
		options.MaxRestarts = DefaultMaxRestarts
	}
	if options.killTree == nil {
		options.killTree = killTree
	}
	p := &Port{options: options, trace: newTrace(options.Trace), queue: make(chan *call), large: make(chan struct{}, 1), incidents: map[string]ports.Incidents{}}
	p.open, p.close = context.WithCancel(context.Background())
	return p, nil
}

// Describe starts the process, if it does not run yet, and returns its answer to hello.
func (p *Port) Describe(ctx context.Context) (ports.Description, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.open.Err() != nil:
		return ports.Description{}, errClosed
	case p.described:
		return p.description, nil
	}
	p.children++
	c, description, err := p.start(ctx, p.children, p.options.StartTimeout)
	if err != nil {
		return ports.Description{}, err
	}
	p.described, p.description = true, description
	if description.Slow {
		p.options.Timeout *= patience
	}
	for i := range p.options.Jobs {
		w := newWorker(p)
		if i == 0 {
			w.child = c
		}
		p.workers.Go(w.run)
	}
	return description, nil
}

// start starts a process and says hello to it.
func (p *Port) start(ctx context.Context, number int, timeout time.Duration) (*child, ports.Description, error) {
	c, err := startChild(p.options, number, p.trace, p.large)
	if err != nil {
		return nil, ports.Description{}, fmt.Errorf("there is none, the command could not be started: %w", err)
	}
	description, err := c.hello(ctx, timeout, p.options.Validate)
	if err != nil {
		killErr := c.kill()
		err = fmt.Errorf("%w%s", err, c.lastWords())
		return nil, ports.Description{}, errors.Join(err, killErr)
	}
	return c, description, nil
}

// restart starts a process in place of a lost one, or one more. A start that fails is tried
// again. The error has become that of the port: there will be no other try.
func (p *Port) restart() (*child, error) {
	for try := time.Duration(1); ; try++ {
		number, err := p.nextChild()
		if err != nil {
			return nil, err
		}
		c, description, err := p.start(p.open, number, try*p.options.StartTimeout)
		switch {
		case err == nil && reflect.DeepEqual(description, p.description): // set before there were workers
			return c, nil
		case err == nil:
			err = errors.New("the port, started once more, answers hello otherwise than at first")
			return nil, p.giveUp(errors.Join(err, c.kill()))
		case try == startTries, errors.Is(err, errAlive), p.open.Err() != nil:
			return nil, p.giveUp(fmt.Errorf("the port, started once more: %w", err))
		}
		select {
		case <-time.After(try * startPause):
		case <-p.open.Done():
		}
	}
}

// nextChild returns the number of the next process, or why there is none.
func (p *Port) nextChild() (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.children++
	return p.children, p.gaveUp
}

// giveUp keeps the first reason why no process is started any more, and returns it.
func (p *Port) giveUp(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gaveUp == nil {
		p.gaveUp = fmt.Errorf("%w: %w", ports.ErrNotRun, err)
	}
	return p.gaveUp
}

// countLost counts a process that was lost, with the reason, while it owed an answer to a call of module,
// "" for none.
func (p *Port) countLost(module string, why error) {
	p.mu.Lock()
	p.lost++
	lost, of := p.lost, p.incidents[module]
	of.Count(why)
	p.incidents[module] = of
	p.mu.Unlock()
	switch {
	case p.options.Streams != nil:
		_ = p.giveUp(errors.New("the port was lost, and nothing but its caller can start it again"))
	case lost > max(p.options.MaxRestarts, 0):
		_ = p.giveUp(fmt.Errorf("the port was lost %d times (crashes, timeouts, answers out of step)", lost))
	}
}

// Incidents implements [ports.Unsteady].
func (p *Port) Incidents() (of map[string]ports.Incidents, restarts int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.incidents), int(p.restarts.Load())
}

// timeout is the time for an answer to c.
func (p *Port) timeout(c *call) time.Duration {
	patient := (c.lost != nil || p.slow.Load()) && p.hung.Load() < maxHung || p.options.Streams != nil // there is no other try
	if patient && !p.description.Slow {
		return patience * p.options.Timeout
	}
	return p.options.Timeout
}

func (p *Port) warn(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.warnings = append(p.warnings, err)
}

// Send implements [ports.Pipelined].
func (p *Port) Send(ctx context.Context, request ports.Call) (wait func() (ports.Answer, error)) {
	c := &call{ctx: ctx, call: request, done: make(chan reply, 1)}
	if _, err := p.Describe(ctx); err != nil {
		c.settle(ports.Answer{}, err)
		return c.wait
	}
	c.id = p.lastID.Add(1)
	p.mu.Lock()
	gaveUp := p.gaveUp
	p.mu.Unlock()
	if gaveUp != nil {
		c.settle(ports.Answer{}, gaveUp)
		return c.wait
	}
	select {
	case p.queue <- c:
	case <-ctx.Done():
		c.settle(ports.Answer{}, ctx.Err())
	case <-p.open.Done():
		c.settle(ports.Answer{}, errClosed)
	}
	return c.wait
}

// Evaluate implements [ports.Port].
func (p *Port) Evaluate(ctx context.Context, request ports.Call) (ports.Answer, error) {
	return p.Send(ctx, request)()
}

// Close says bye to the processes that have nothing left to answer, and kills those that
// have, and those that do not end. The error, which says nothing about the answers, names
// what else the processes did wrong: such as ignoring bye.
func (p *Port) Close() error {
	p.mu.Lock() // no process starts meanwhile
	p.close()
	p.mu.Unlock()
	p.workers.Wait()
	return errors.Join(errors.Join(p.warnings...), p.trace.err())
}

// call is a call on its way.
type call struct {
	ctx  context.Context
	id   int64
	call ports.Call
	done chan reply // has room for the one reply
	// lost is why the first try failed; nil before.
	lost error
	// noise is what stood on stdout in place of the answer.
	noise error
}

type reply struct {
	answer ports.Answer
	err    error
}

func (c *call) settle(answer ports.Answer, err error) { c.done <- reply{answer, err} }

func (c *call) wait() (ports.Answer, error) {
	select {
	case r := <-c.done:
		return r.answer, r.err
	case <-c.ctx.Done():
		return ports.Answer{}, c.ctx.Err()
	}
}

// encode returns the line of a call.
func (p *Port) encode(c *call) ([]byte, error) {
	line, err := wire.EncodeRun(c.id, c.call)
	if err == nil && p.options.Validate != nil {
		err = p.options.Validate.Request(line)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ports.ErrRequest, err)
	}
	return line, nil
}
