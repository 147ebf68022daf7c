package process

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lossproof/internal/plain"
	"lossproof/ports"
	"lossproof/ports/wire"
)

// deafGrace is how long a process that closed its stdin has for the answers that it owes.
const deafGrace = 500 * time.Millisecond

// worker asks calls of one process at a time. All of its state belongs to the goroutine
// of run.
type worker struct {
	port  *Port
	child *child // nil before the first, and after one was lost
	lost  bool   // says that one was
	// inflight are the calls that were written and not answered, in their order.
	inflight []*call
	// backlog are calls that are to be asked before new ones.
	backlog []*call
	// clock runs for inflight[0].
	clock *time.Timer
	// limit is what it was set to.
	limit time.Duration
	// deaf is that of the child, nil once it was seen.
	deaf    <-chan struct{}
	hearing bool
	// noise is what came while nothing was in flight.
	noise error
}

func newWorker(p *Port) *worker {
	w := &worker{port: p, clock: time.NewTimer(time.Hour)}
	w.clock.Stop()
	return w
}

// run works until the port is closed.
func (w *worker) run() {
	for {
		if len(w.backlog) == 0 && w.child == nil {
			select {
			case c := <-w.port.queue:
				w.backlog = append(w.backlog, c)
			case <-w.port.open.Done():
				return
			}
		}
		if w.child == nil {
			var err error
			if w.child, err = w.port.restart(); err != nil {
				w.giveUp(err)
				continue
			}
			if w.lost {
				w.port.restarts.Add(1)
			}
		}
		w.deaf, w.hearing, w.noise = w.child.deaf, true, nil
		if closed := w.serve(); closed {
			return
		}
		w.child = nil
	}
}

// serve works with one child until it is lost, or the port is closed.
func (w *worker) serve() (closed bool) {
	for {
		for len(w.backlog) > 0 && w.room(w.backlog[0]) {
			c := w.backlog[0]
			w.backlog = w.backlog[1:]
			w.send(c)
		}
		queue := w.port.queue
		if len(w.backlog) > 0 || !w.room(nil) {
			queue = nil
		}
		select {
		case c := <-queue:
			w.send(c)
		case l, ok := <-w.child.lines:
			if !ok {
				w.ended()
				return false
			}
			err := w.receive(l)
			l.done()
			if err != nil {
				w.lose(err)
				return false
			}
		case <-w.clock.C:
			w.late()
			return false
		case <-w.deaf:
			w.deaf, w.hearing = nil, false
			w.startClock()
		case <-w.port.open.Done():
			w.close()
			return true
		}
	}
}

// room reports whether c, or a new call where it is nil, may be sent now. A call that is
// asked once more is alone.
func (w *worker) room(c *call) bool {
	if len(w.inflight) == 0 {
		return true
	}
	again := w.inflight[0].lost != nil || c != nil && c.lost != nil
	return !again && len(w.inflight) < window
}

func (w *worker) send(c *call) {
	if c.ctx.Err() != nil { // nobody waits
		c.settle(ports.Answer{}, c.ctx.Err())
		return
	}
	text, err := w.port.encode(c)
	if err != nil {
		c.settle(ports.Answer{}, err)
		return
	}
	c.noise, w.noise = w.noise, nil
	w.child.requests <- text
	w.inflight = append(w.inflight, c)
	if len(w.inflight) == 1 {
		w.startClock()
	}
}

// startClock starts the clock of the first call in flight.
func (w *worker) startClock() {
	switch {
	case len(w.inflight) == 0:
		w.clock.Stop()
		return
	case w.hearing:
		w.limit = w.port.timeout(w.inflight[0])
	default:
		w.limit = min(deafGrace, w.port.options.Timeout)
	}
	w.clock.Reset(w.limit)
}

// settle ends the first call in flight, and starts the clock of the next.
func (w *worker) settle(answer ports.Answer, err error) {
	c := w.inflight[0]
	w.inflight = w.inflight[1:]
	if c.lost != nil && err == nil {
		if errors.Is(c.lost, ports.ErrTimeout) {
			w.port.slow.Store(true)
		}
		why, _, _ := strings.Cut(c.lost.Error(), "\n")
		answer.Note = "answered when asked once more, alone; at first: " + why
	}
	c.settle(answer, err)
	w.startClock()
}

// receive takes a line. The error, of kind malformed, says that the child is out of step:
// no line of it can be believed any more.
func (w *worker) receive(l line) error {
	if l.err == nil && blank(l.text) {
		return nil
	}
	if len(w.inflight) == 0 {
		if w.noise == nil {
			w.noise = noise(l)
		}
		return nil
	}
	if l.err != nil {
		return fmt.Errorf("%w: %w", ports.ErrMalformed, l.err)
	}
	id, answer, err := decode(l.text, w.port.options.Validate)
	if err != nil && id == 0 { // what a library prints, or half an answer
		switch c := w.inflight[0]; {
		case c.noise != nil:
		case l.torn:
			c.noise = fmt.Errorf("%w: half a line: %s", errTorn, excerpt(l.text))
		case bytes.HasPrefix(bytes.TrimSpace(l.text), []byte("{")): // the error does not quote it
			c.noise = fmt.Errorf("%w: %w: %s", ports.ErrMalformed, err, excerpt(l.text))
		default:
			c.noise = fmt.Errorf("%w: %w", ports.ErrMalformed, err)
		}
		return nil //nolint:nilerr // the error is kept as noise, to be told with the answer that is missing
	}
	first := w.inflight[0]
	if id != first.id && first.noise != nil && len(w.inflight) > 1 && id == w.inflight[1].id {
		// The noise stood for the answer.
		w.settle(ports.Answer{}, first.noise)
		first = w.inflight[0]
	}
	switch {
	case id != first.id:
		return fmt.Errorf("%w: got an answer to id %d, want id %d: %s", ports.ErrMalformed, id, first.id, excerpt(l.text))
	case first.noise != nil:
		w.settle(ports.Answer{}, first.noise)
	case err != nil:
		w.settle(ports.Answer{}, fmt.Errorf("%w: %w", ports.ErrMalformed, err))
	default:
		if answer, err = wire.Fit(first.call, answer); err != nil {
			err = fmt.Errorf("%w: %w", ports.ErrMalformed, err)
		}
		w.settle(answer, err)
	}
	return nil
}

// ended deals with a child whose stdout has ended.
func (w *worker) ended() {
	how := w.child.end()
	w.lose(fmt.Errorf("%w (%s)", ports.ErrCrash, how))
}

// late deals with a clock that ran out.
func (w *worker) late() {
	if !w.hearing {
		w.lose(fmt.Errorf("%w: it closed its stdin", ports.ErrCrash))
		return
	}
	if w.inflight[0].lost != nil {
		w.port.hung.Add(1)
	}
	w.lose(fmt.Errorf("%w: nothing came in %v", ports.ErrTimeout, w.limit))
}

// lose kills the child and blames the first call in flight: it is asked once more, unless
// that was the second time, or its answer is known to be malformed. The others are asked
// again.
func (w *worker) lose(err error) {
	w.lost = true
	w.clock.Stop()
	if err := w.child.kill(); err != nil {
		w.port.warn(err)
		_ = w.port.giveUp(err)
	}
	calls := w.inflight
	w.inflight = nil
	if len(calls) == 0 {
		w.port.countLost("", err)
		return
	}
	blamed := calls[0]
	w.port.countLost(blamed.call.Module, err)
	switch {
	case blamed.noise == nil:
	case errors.Is(blamed.noise, errTorn):
		err = fmt.Errorf("%w after %w", err, blamed.noise)
	default:
		err = fmt.Errorf("%w (then: %w)", blamed.noise, err) // the noise is what it is
	}
	err = fmt.Errorf("%w%s", err, w.child.lastWords())
	if blamed.lost != nil || errors.Is(err, ports.ErrMalformed) {
		blamed.settle(ports.Answer{}, err)
		calls = calls[1:]
	} else {
		blamed.lost, blamed.noise = err, nil
	}
	w.backlog = slices.Concat(calls, w.backlog)
}

// giveUp settles what cannot be asked any more.
func (w *worker) giveUp(err error) {
	for _, c := range w.backlog {
		if c.lost != nil {
			c.settle(ports.Answer{}, c.lost)
			continue
		}
		c.settle(ports.Answer{}, err)
	}
	w.backlog = nil
}

// close ends the child, politely where it owes no answer.
func (w *worker) close() {
	w.clock.Stop()
	for _, c := range slices.Concat(w.inflight, w.backlog) {
		c.settle(ports.Answer{}, errClosed)
	}
	end := w.child.bye
	if len(w.inflight) > 0 {
		end = w.child.kill
	}
	if err := end(); err != nil {
		w.port.warn(err)
	}
}

// noise is the error of a line that came when nothing was asked.
func noise(l line) error {
	if l.err != nil {
		return fmt.Errorf("%w: %w", ports.ErrMalformed, l.err)
	}
	return fmt.Errorf("%w: before the call, the port wrote a line that answers nothing: %s", ports.ErrMalformed, excerpt(l.text))
}

// decode decodes an answer. With an error the id is 0 where there is none.
func decode(text []byte, validate Validator) (id int64, answer ports.Answer, err error) {
	id, answer, err = wire.DecodeAnswer(text)
	if err != nil && !json.Valid(text) {
		err = fmt.Errorf("%w (%s)", err, stdoutHint)
	}
	if err == nil && validate != nil {
		err = validate.Answer(text)
	}
	return id, answer, err
}

// errTorn says that the process ended in the middle of a line.
var errTorn = errors.New("it had begun to answer")

// excerpt quotes the beginning of a line, in backquotes if that will do: JSON is full of
// quotation marks.
func excerpt(text []byte) string {
	const limit = 200
	begin := text[:min(len(text), limit)]
	for len(begin) < len(text) && len(begin) > 0 && !utf8.RuneStart(text[len(begin)]) {
		begin = begin[:len(begin)-1]
	}
	quoted := fmt.Sprintf("%#q", begin)
	if plain.Text(quoted, len(quoted)) != quoted {
		quoted = fmt.Sprintf("%q", begin)
	}
	if len(begin) < len(text) {
		quoted += fmt.Sprintf("… (%d bytes)", len(text))
	}
	return quoted
}

func blank(text []byte) bool { return len(bytes.TrimSpace(text)) == 0 }
