package wire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"lossproof/ports"
)

// Serve answers requests from in on out, in their order, until bye or the end of in,
// and flushes every answer. It returns nil at bye and at the end of in, the error of
// ctx when that ends first (a read that blocks is then left behind), and an error of
// reading or writing.
//
// What cannot be understood is answered all the same: with "failed" under its id where
// it has one, otherwise with {"protocol":1,"error":"…"}. An option or an input that the
// protocol does not know is answered "unsupported". A panic of the port is answered
// "failed". Blank lines are skipped.
func Serve(ctx context.Context, port ports.Port, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines := readLines(ctx, in)
	w := bufio.NewWriter(out)
	for {
		var next lineOrError
		select {
		case <-ctx.Done():
			return ctx.Err()
		case next = <-lines:
		}
		if errors.Is(next.err, io.EOF) {
			return nil
		}
		if next.err != nil && !errors.Is(next.err, ErrLineTooLong) {
			return fmt.Errorf("reading a request: %w", next.err)
		}
		answer, bye, err := respond(ctx, port, next)
		if err != nil {
			return err
		}
		if bye {
			return nil
		}
		if answer == nil {
			continue
		}
		if _, err := w.Write(append(answer, '\n')); err != nil {
			return fmt.Errorf("writing an answer: %w", err)
		}
		if err := w.Flush(); err != nil {
			return fmt.Errorf("writing an answer: %w", err)
		}
	}
}

type lineOrError struct {
	line []byte
	err  error
}

// readLines reads in a goroutine, so that Serve can end while a read blocks.
func readLines(ctx context.Context, in io.Reader) <-chan lineOrError {
	lines := make(chan lineOrError)
	go func() {
		reader := NewLineReader(in)
		for {
			line, err := reader.Next()
			select {
			case lines <- lineOrError{line, err}:
			case <-ctx.Done():
				return
			}
			if err != nil && !errors.Is(err, ErrLineTooLong) {
				return
			}
		}
	}()
	return lines
}

// respond returns the answer to one line, nil for a blank one.
func respond(ctx context.Context, port ports.Port, next lineOrError) (answer []byte, bye bool, err error) {
	if next.err != nil {
		answer, err = EncodeProtocolError(next.err.Error())
		return answer, false, err
	}
	if len(bytes.TrimSpace(next.line)) == 0 {
		return nil, false, nil
	}
	request, err := DecodeRequest(next.line)
	if err != nil {
		answer, err = refuse(err)
		return answer, false, err
	}
	switch request.Cmd {
	case CmdBye:
		return nil, true, nil
	case CmdHello:
		answer, err = describe(ctx, port, request.Protocol)
		return answer, false, err
	}
	answer, err = EncodeAnswer(request.ID, evaluate(ctx, port, request.Call))
	if err != nil {
		// What the port returned cannot be sent; that is a fault of the port.
		answer, err = EncodeAnswer(request.ID, failed(err))
	}
	return answer, false, err
}

// refuse answers a line that is no request.
func refuse(err error) ([]byte, error) {
	var request *RequestError
	if !errors.As(err, &request) || !request.HasID {
		return EncodeProtocolError(err.Error())
	}
	if _, ok := errors.AsType[*UnknownNameError](err); ok {
		return EncodeAnswer(request.ID, ports.Answer{Unsupported: &ports.Unsupported{Reason: err.Error()}})
	}
	return EncodeAnswer(request.ID, failed(err))
}

// describe answers hello.
func describe(ctx context.Context, port ports.Port, protocol int64) ([]byte, error) {
	if protocol != Version {
		return EncodeProtocolError(fmt.Sprintf("hello: got protocol %d, want %d", protocol, Version))
	}
	description, err := port.Describe(ctx)
	if err != nil {
		return EncodeProtocolError(err.Error())
	}
	return EncodeDescription(description)
}

// evaluate asks the port and turns an error or a panic into "failed".
func evaluate(ctx context.Context, port ports.Port, call ports.Call) (answer ports.Answer) {
	defer func() {
		if r := recover(); r != nil {
			answer = ports.Answer{Failed: &ports.Failed{
				Message: fmt.Sprintf("panic: %v", r), Traceback: string(debug.Stack()),
			}}
		}
	}()
	answer, err := port.Evaluate(ctx, call)
	if err != nil {
		return failed(err)
	}
	return answer
}

func failed(err error) ports.Answer {
	return ports.Answer{Failed: &ports.Failed{Message: err.Error()}}
}
