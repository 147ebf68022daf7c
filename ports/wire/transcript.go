package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"lossproof/ports"
)

// Transcript is what a port answered to requests that were written down before.
type Transcript struct {
	Description ports.Description
	// Answers has every answer by its id, Malformed why there is none although a line has
	// the id.
	Answers   map[int64]ports.Answer
	Malformed map[int64]error
	// Noise says what the first of the other lines are, Strays is the number of them all.
	Noise  []error
	Strays int

	call func(id int64) (ports.Call, bool)
}

// maxNoise bounds the lines that are remembered, which are no answers.
const maxNoise = 20

// ReadTranscript reads the answers of a port: that to hello first, then those to run in any
// order. call returns the call of an id; what it does not want is not kept. The error is that of
// reading, or says that there is no answer to hello; what is wrong with other lines is in the
// Transcript.
func ReadTranscript(ctx context.Context, in io.Reader, call func(id int64) (ports.Call, bool)) (*Transcript, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := &Transcript{Answers: map[int64]ports.Answer{}, Malformed: map[int64]error{}, call: call}
	lines := readLines(ctx, in)
	described := false
	for number := 1; ; number++ {
		var next lineOrError
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case next = <-lines:
		}
		switch {
		case errors.Is(next.err, io.EOF) && !described:
			return nil, &HelloError{errors.New("there is no answer to hello: the input is empty")}
		case errors.Is(next.err, io.EOF):
			return t, nil
		case next.err != nil && !errors.Is(next.err, ErrLineTooLong):
			return nil, fmt.Errorf("reading an answer: %w", next.err)
		case next.err == nil && len(bytes.TrimSpace(next.line)) == 0:
			continue
		}
		if !described {
			if next.err == nil {
				t.Description, next.err = DecodeDescription(next.line)
			}
			if next.err != nil {
				return nil, &HelloError{fmt.Errorf("line %d is not the answer to hello: %w", number, next.err)}
			}
			described = true
			continue
		}
		t.add(number, next)
	}
}

// HelloError says that the answer to hello is missing or wrong.
type HelloError struct{ Err error }

func (e *HelloError) Error() string { return e.Err.Error() }

func (e *HelloError) Unwrap() error { return e.Err }

// add takes a line that may be an answer.
func (t *Transcript) add(number int, next lineOrError) {
	id, answer, err := int64(0), ports.Answer{}, next.err
	if err == nil {
		id, answer, err = DecodeAnswer(next.line)
	}
	call, asked := t.call(id)
	if err == nil {
		answer, err = Fit(call, answer)
	}
	_, again := t.Answers[id]
	switch {
	case !asked:
		if err == nil {
			err = fmt.Errorf("nothing was asked under id %d", id)
		}
		t.Strays++
		if len(t.Noise) < maxNoise {
			t.Noise = append(t.Noise, fmt.Errorf("line %d: %w", number, err))
		}
	case err != nil:
		t.Malformed[id] = fmt.Errorf("line %d: %w", number, err)
	case again:
		t.Malformed[id] = fmt.Errorf("line %d is one more answer with id %d", number, id)
	default:
		t.Answers[id] = answer
	}
}
