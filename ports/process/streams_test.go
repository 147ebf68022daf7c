//go:build unix

package process_test

import (
	"bufio"
	"io"
	"strings"
	"testing"
	"time"

	"lossproof/judge"
	"lossproof/ports/builtin"
	"lossproof/ports/process"
	"lossproof/ports/wire"
)

// answerOver has the built-in losses answer over streams, as the caller of a run does: the lines
// that before lets through.
func answerOver(t *testing.T, before func(n int) bool) *process.Streams {
	t.Helper()
	requests, toPort := io.Pipe()
	fromPort, answers := io.Pipe()
	filtered, next := io.Pipe()
	go func() {
		lines := bufio.NewReader(requests)
		for n := 0; ; n++ {
			line, err := lines.ReadString('\n')
			if err != nil || !before(n) {
				next.CloseWithError(io.EOF)
				return
			}
			_, _ = io.WriteString(next, line)
		}
	}()
	go func() {
		_ = wire.Serve(t.Context(), builtin.Port{}, filtered, answers)
		_, _ = answers.Close(), requests.Close()
	}()
	return &process.Streams{Requests: toPort, Answers: fromPort}
}

func TestStreams(t *testing.T) {
	s := run(t, process.Options{Streams: answerOver(t, func(int) bool { return true })})
	if s.err != nil || s.closeErr != nil {
		t.Fatal(s.err, s.closeErr)
	}
	if !s.result.Summary.Conformant {
		t.Error("the built-in losses are not conformant over streams")
	}
}

// TestStreamsLost: what stops answering is blamed, and nothing more is asked, for nothing can be
// started.
func TestStreamsLost(t *testing.T) {
	block := make(chan struct{})
	defer close(block)
	for name, test := range map[string]struct {
		before  func(n int) bool
		outcome judge.Outcome
	}{
		"ends":  {func(n int) bool { return n < misbehaveLine }, judge.Crash},
		"hangs": {func(n int) bool { return n < misbehaveLine || waitFor(block) }, judge.Timeout},
	} {
		s := run(t, process.Options{Streams: answerOver(t, test.before), Timeout: time.Second})
		if s.err != nil {
			t.Fatalf("%s: %v", name, s.err)
		}
		for i, c := range s.result.Cases {
			want := judge.Pass
			switch n := i + 1; {
			case n == misbehaveLine:
				want = test.outcome
			case n > misbehaveLine:
				want = judge.NotRun
			}
			if c.Outcome != want {
				t.Errorf("%s: %s: got %s, want %s (%s)", name, c.ID, c.Outcome, want, message(c))
			}
			if c.Outcome == judge.NotRun && !strings.Contains(c.Message, "nothing but its caller can start it again") {
				t.Errorf("%s: %s: got %q", name, c.ID, c.Message)
			}
		}
	}
}

// misbehaveLine is the number of the line that is not answered: hello is line 0.
const misbehaveLine = 5

func waitFor(block chan struct{}) bool {
	<-block
	return false
}

func TestStreamsAndACommand(t *testing.T) {
	_, err := process.New(process.Options{Streams: &process.Streams{}, Command: []string{"port"}})
	if err == nil || !strings.Contains(err.Error(), "want one of the two") {
		t.Errorf("got %v", err)
	}
}
