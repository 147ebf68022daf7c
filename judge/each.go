package judge

import (
	"context"
	"fmt"
	"iter"
	"runtime/debug"

	"lossproof/ports"
)

// ahead is the number of cases that are prepared and sent before the first of them is
// judged; the port itself may allow fewer.
const ahead = 64

// each judges the selected cases, in their order; those of a [ports.Pipelined] are asked
// ahead. It ends with the first error, which is that of ctx.
func (j *Judge) each(ctx context.Context) iter.Seq2[CaseResult, error] {
	port, ok := j.port.(ports.Pipelined)
	if !ok {
		return func(yield func(CaseResult, error) bool) {
			for _, c := range j.cases {
				if r, err := j.Case(ctx, c); !yield(r, err) || err != nil {
					return
				}
			}
		}
	}
	return func(yield func(CaseResult, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		sent := make(chan pending, ahead)
		go func() {
			defer close(sent)
			for _, c := range j.cases {
				p := j.prepare(c)
				if p.ask {
					p.wait = send(ctx, port, p.q.call())
					p.q.inputs = nil // not needed any more
				}
				select {
				case sent <- p:
				case <-ctx.Done():
					return
				}
			}
		}()
		defer func() {
			cancel()
			for range sent { // until the goroutine has ended: nothing more is sent
			}
		}()
		for range j.cases {
			p, ok := <-sent
			if !ok {
				yield(CaseResult{}, ctx.Err())
				return
			}
			if r, err := j.conclude(ctx, p); !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// send sends a call, and makes an error of a panic.
func send(ctx context.Context, port ports.Pipelined, call ports.Call) (wait func() (ports.Answer, error)) {
	defer func() {
		if r := recover(); r != nil {
			err := fmt.Errorf("%w: %v\n%s", errPanic, r, debug.Stack())
			wait = func() (ports.Answer, error) { return ports.Answer{}, err }
		}
	}()
	return port.Send(ctx, call)
}
