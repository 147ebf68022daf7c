package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"

	"lossproof/ports"
	"lossproof/ports/wire"
)

// drainGrace is how long what a process has written may take to be read after its
// end. Only a descendant outside its group can keep the pipe open for longer.
const drainGrace = 500 * time.Millisecond

// killGrace is how long a killed process may take to be gone, which is long for a driver that
// must finish first, and on a busy machine.
const killGrace = 10 * time.Second

// child is a running process, or what answers over the streams of Options. One goroutine at a
// time uses it.
type child struct {
	number int
	cmd    *exec.Cmd // nil over streams
	trace  *trace
	// killTree is killTree, but for tests.
	killTree func(*exec.Cmd) error
	// exitTimeout is Options.ExitTimeout.
	exitTimeout time.Duration

	stdin  io.WriteCloser
	stdout io.ReadCloser
	stderr *tail

	// lines are those of stdout; it is closed at the end.
	lines chan line
	// large has room for one; see read.
	large chan struct{}
	// requests are written to stdin in their order; it has room for a window, hello and bye.
	requests chan []byte
	// deaf is closed when stdin cannot be written to any more.
	deaf chan struct{}
	// quit ends the goroutines that read and write.
	quit chan struct{}
	// exited is closed when the process has ended, and its group with it.
	exited chan struct{}
	// heard is closed when stderr has been read to its end.
	heard chan struct{}
}

type line struct {
	text  []byte
	torn  bool          // the end came before the line feed
	err   error         // wire.ErrLineTooLong
	large chan struct{} // is held for the line; nil for most
}

// done says that the line is not needed any more.
func (l line) done() {
	if l.large != nil {
		<-l.large
	}
}

func startChild(options Options, number int, trace *trace, large chan struct{}) (*child, error) {
	c := &child{
		number: number, trace: trace, killTree: options.killTree, exitTimeout: options.ExitTimeout, large: large, stderr: &tail{},
		lines: make(chan line), requests: make(chan []byte, window+2),
		deaf: make(chan struct{}), quit: make(chan struct{}), exited: make(chan struct{}), heard: make(chan struct{}),
	}
	if options.Streams != nil {
		c.connect(*options.Streams)
		return c, nil
	}
	cmd := exec.Command(options.Command[0], options.Command[1:]...)
	cmd.Dir, cmd.Env = options.Dir, options.Env
	setGroup(cmd)
	c.cmd = cmd
	// Pipes of our own: those of exec.Cmd are closed by its Wait, with what was not read.
	var theirs, ours []*os.File
	closeAll := func(files []*os.File) {
		for _, f := range files {
			f.Close()
		}
	}
	var stdout, stderr *os.File
	for _, pipe := range []struct{ child, parent func(*os.File) }{
		{func(f *os.File) { cmd.Stdin = f }, func(f *os.File) { c.stdin = f }},
		{func(f *os.File) { cmd.Stdout = f }, func(f *os.File) { c.stdout, stdout = f, f }},
		{func(f *os.File) { cmd.Stderr = f }, func(f *os.File) { stderr = f }},
	} {
		r, w, err := os.Pipe()
		if err != nil {
			closeAll(theirs)
			closeAll(ours)
			return nil, err
		}
		if cmd.Stdin == nil { // the first pipe: the child reads
			r, w = w, r
		}
		pipe.child(w)
		pipe.parent(r)
		theirs, ours = append(theirs, w), append(ours, r)
	}
	started := make(chan error)
	go func() {
		// On Linux a child dies with the thread that started it, which this goroutine holds.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		_ = cmd.Wait() // the state says it
		killRest(cmd)
		close(c.exited)
	}()
	err := <-started
	closeAll(theirs)
	if err != nil {
		closeAll(ours)
		return nil, err
	}
	trace.note(number, "started %q as process %d", options.Command, cmd.Process.Pid)
	go c.read()
	go c.write()
	go func() {
		defer close(c.heard)
		_, _ = io.Copy(c.stderr, stderr)
	}()
	go func() {
		<-c.exited
		time.Sleep(drainGrace)
		stderr.Close()
		// Ends a read that waits for a descendant outside the group.
		_ = stdout.SetReadDeadline(time.Now())
	}()
	return c, nil
}

// connect makes a child of streams. Nothing has been started, and nothing needs to be waited for.
func (c *child) connect(streams Streams) {
	c.stdin, c.stdout = streams.Requests, streams.Answers
	close(c.exited)
	close(c.heard)
	c.trace.note(c.number, "speaks over streams")
	go c.read()
	go c.write()
}

// state says how the child ended.
func (c *child) state() string {
	if c.cmd == nil {
		return "it closed the stream of its answers"
	}
	select {
	case <-c.exited:
		return c.cmd.ProcessState.String()
	default:
		return "it could not be killed"
	}
}

// read reads stdout line by line.
func (c *child) read() {
	defer close(c.lines)
	reader := wire.NewLineReader(c.stdout)
	var l line
	// All processes of a port together have one large line at a time in memory: from here
	// on until the worker is done with it.
	reader.Large = func() {
		select {
		case c.large <- struct{}{}:
			l.large = c.large
		case <-c.quit:
		}
	}
	for {
		l = line{}
		l.text, l.err = reader.Next()
		l.torn = reader.Torn()
		switch {
		case errors.Is(l.err, wire.ErrLineTooLong):
			c.trace.note(c.number, "<- %v", l.err)
		case l.err != nil:
			l.done()
			return
		default:
			c.trace.line(c.number, "<-", l.text)
		}
		select {
		case c.lines <- l:
		case <-c.quit:
			l.done()
			return
		}
	}
}

// write writes requests to stdin.
func (c *child) write() {
	for {
		select {
		case text := <-c.requests:
			c.trace.line(c.number, "->", text)
			if _, err := c.stdin.Write(append(text, '\n')); err != nil {
				close(c.deaf)
				return
			}
		case <-c.quit:
			return
		}
	}
}

// hello asks the process what it is.
func (c *child) hello(ctx context.Context, timeout time.Duration, validate Validator) (ports.Description, error) {
	request := wire.EncodeHello()
	if validate != nil {
		if err := validate.Request(request); err != nil {
			return ports.Description{}, fmt.Errorf("%w: %w", ports.ErrRequest, err)
		}
	}
	c.requests <- request
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ports.Description{}, ctx.Err()
		case <-timer.C:
			return ports.Description{}, fmt.Errorf("there is none after %v: does the port flush its stdout after every line?", timeout)
		case l, ok := <-c.lines:
			if !ok {
				return ports.Description{}, fmt.Errorf("there is none, the port ended (%s)", c.end())
			}
			if l.err == nil && blank(l.text) {
				continue
			}
			description, err := decodeHello(l, validate)
			l.done()
			return description, err
		}
	}
}

func decodeHello(l line, validate Validator) (ports.Description, error) {
	if l.err != nil {
		return ports.Description{}, l.err
	}
	description, err := wire.DecodeDescription(l.text)
	if err == nil && validate != nil {
		err = validate.Answer(l.text)
	}
	var protocol *wire.ProtocolError
	if err != nil && !errors.As(err, &protocol) {
		err = fmt.Errorf("%w (%s)", err, stdoutHint)
	}
	return description, err
}

// stdoutHint is said where a line is none of the protocol.
const stdoutHint = "stdout is for the protocol alone: what a library prints belongs on stderr"

// end waits until the process has ended, kills it if it does not, and says how it ended.
func (c *child) end() string {
	timer := time.NewTimer(c.exitTimeout)
	defer timer.Stop()
	select {
	case <-c.exited:
		return c.state()
	case <-timer.C:
	}
	_ = c.stop() // kill says so once more
	return "it closed its stdout and lived on; " + c.state()
}

// stop kills the process and its group. The error says that the process lives on all the
// same: it runs as another user, or waits for a device. Nobody waits for it any more.
func (c *child) stop() error {
	select {
	case <-c.exited: // the group is gone, its number may be that of another
		return nil
	default:
	}
	err, grace := c.killTree(c.cmd), killGrace
	if err != nil { // it may still end, now that nobody talks to it
		c.stdin.Close()
		grace = drainGrace
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-c.exited:
		return nil
	case <-timer.C:
	}
	if err == nil {
		err = fmt.Errorf("it was not gone %v later", grace)
	}
	return fmt.Errorf("%w: process %d: %w", errAlive, c.cmd.Process.Pid, err)
}

// errAlive says that a process is left behind.
var errAlive = errors.New("the port could not be killed, and lives on")

// bye asks the process to end. The error says what it did instead.
func (c *child) bye() error {
	c.requests <- wire.EncodeBye()
	timer := time.NewTimer(c.exitTimeout)
	defer timer.Stop()
	var stray error
	for {
		select {
		case l, ok := <-c.lines:
			if ok {
				if stray == nil && !blank(l.text) {
					stray = fmt.Errorf("the port wrote a line that answers nothing: %s", excerpt(l.text))
				}
				l.done()
				continue
			}
			how := c.end()
			if err := c.kill(); err != nil {
				return errors.Join(stray, err)
			}
			if c.cmd != nil && c.cmd.ProcessState.ExitCode() != 0 {
				return errors.Join(stray, fmt.Errorf("the port ended with %s after bye, want exit status 0%s", how, c.lastWords()))
			}
			return stray
		case <-timer.C:
			if err := c.kill(); err != nil {
				return errors.Join(stray, err)
			}
			return errors.Join(stray, fmt.Errorf("the port did not end within %v of bye, and was killed", c.exitTimeout))
		}
	}
}

// kill ends the process and its group, and what serves them. The error is that of stop. It may
// be called twice.
func (c *child) kill() error {
	select {
	case <-c.quit:
		return nil
	default:
	}
	close(c.quit)
	err := c.stop()
	// What the process wrote to stderr is wanted for the message.
	timer := time.NewTimer(drainGrace)
	defer timer.Stop()
	select {
	case <-c.heard:
	case <-timer.C:
	}
	c.stdin.Close()
	c.stdout.Close()
	c.trace.note(c.number, "ended: %s", c.state())
	return err
}

// lastWords is the end of stderr, as it is added to an error of a child that was killed.
func (c *child) lastWords() string {
	text := c.stderr.String()
	if text == "" {
		return ""
	}
	return "\nthe port's stderr ends with:\n" + text
}
