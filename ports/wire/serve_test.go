package wire_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"lossproof/ports"
	"lossproof/ports/wire"
	"lossproof/tensor"
)

// echo is a port that answers with its input, and misbehaves on demand.
type echo struct{}

func (echo) Describe(context.Context) (ports.Description, error) {
	return ports.Description{Port: ports.Info{Name: "echo"}}, nil
}

func (echo) Evaluate(_ context.Context, call ports.Call) (ports.Answer, error) {
	switch call.Module {
	case "panic":
		panic("boom")
	case "error":
		return ports.Answer{}, errors.New("no memory")
	case "nothing":
		return ports.Answer{}, nil
	case "torn":
		return ports.Answer{Outputs: map[string]tensor.Tensor{"loss": {DType: tensor.Float32, Shape: []int{3}}}}, nil
	}
	return ports.Answer{Outputs: map[string]tensor.Tensor{"loss": call.Inputs["input"]}}, nil
}

func serve(t *testing.T, in string) []string {
	t.Helper()
	var out bytes.Buffer
	if err := wire.Serve(context.Background(), echo{}, strings.NewReader(in), &out); err != nil {
		t.Fatalf("Serve: %v", err)
	}
	if out.Len() == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

func TestServe(t *testing.T) {
	module := func(id, name string) string {
		return `{"cmd":"run","id":` + id + `,"module":"` + name + `","inputs":{"input":{"dtype":"float32","shape":[],"data":"AACAPw=="}},"want":["loss"]}`
	}
	requests := []string{
		`{"cmd":"hello","protocol":1}`, `"port":{"name":"echo"`,
		`{"cmd":"hello","protocol":2}`, `{"protocol":1,"error":"hello: got protocol 2, want 1"}`,
		`{"cmd":"hello","protocol":"one"}`, `{"protocol":1,"error":"hello: protocol: got`,
		module("1", "M"), `{"id":1,"outputs":{"loss":{"dtype":"float32","shape":[],"data":"AACAPw=="}}}`,
		`garbage`, `{"protocol":1,"error":"the line is not JSON`,
		"\xff\xfe\x00", `{"protocol":1,"error":"the line is not UTF-8`,
		`{"cmd":"hello","protocol":2,"protocol":1}`, `{"protocol":1,"error":"the message: member \"protocol\" stands twice"}`,
		module("2", "panic"), `{"id":2,"failed":{"message":"panic: boom","traceback":"goroutine`,
		module("3", "error"), `{"id":3,"failed":{"message":"no memory"}}`,
		module("4", "nothing"), `{"id":4,"failed":{"message":"the answer: it has 0 of`,
		module("5", "torn"), `{"id":5,"failed":{"message":"outputs.loss: float32 tensor of shape (3,): got 0 bytes`,
		`{"cmd":"run","id":6}`, `{"id":6,"failed":{"message":"member \"module\" is missing"}}`,
		`{"cmd":"run","id":7,"module":"M","inputs":{"mask":{}},"want":[]}`, `{"id":7,"unsupported":{"reason":"inputs: unknown name \"mask\"`,
		`{"cmd":"stop","id":8}`, `{"id":8,"failed":{"message":"cmd: got \"stop\"`,
		`{"cmd":"stop"}`, `{"protocol":1,"error":"cmd: got \"stop\"`,
		module("9", "M"), `{"id":9,"outputs":`,
	}
	var in strings.Builder
	for i := 0; i < len(requests); i += 2 {
		in.WriteString(requests[i] + "\n\n \t\r\n") // blank lines are no requests
	}
	in.WriteString(`{"cmd":"bye"}` + "\n" + module("99", "M") + "\n")
	answers := serve(t, in.String())
	if len(answers) != len(requests)/2 {
		t.Fatalf("got %d answers, want %d:\n%s", len(answers), len(requests)/2, strings.Join(answers, "\n"))
	}
	for i, answer := range answers {
		if !strings.Contains(answer, requests[2*i+1]) {
			t.Errorf("to %s\ngot  %s\nwant %s", requests[2*i], answer, requests[2*i+1])
		}
	}
}

func TestServeAnswersALastLineWithoutLineFeed(t *testing.T) {
	if answers := serve(t, `{"cmd":"hello","protocol":1}`); len(answers) != 1 {
		t.Errorf("got %q, want one answer", answers)
	}
}

func TestServeGoesOnAfterALineThatIsTooLong(t *testing.T) {
	long := strings.Repeat("x", wire.MaxLine+1)
	answers := serve(t, long+"\n"+`{"cmd":"hello","protocol":1}`+"\n")
	if len(answers) != 2 || !strings.Contains(answers[0], "more than 67108864 bytes") || !strings.Contains(answers[1], "echo") {
		t.Errorf("got %.200q", answers)
	}
}

// TestServeFlushesEveryAnswer asks the next question only when the last is answered.
func TestServeFlushesEveryAnswer(t *testing.T) {
	requests, in := io.Pipe()
	out, answers := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- wire.Serve(context.Background(), echo{}, requests, answers) }()
	// An answer that is kept back must fail, not hang.
	watch := time.AfterFunc(time.Minute, func() { answers.CloseWithError(errors.New("no answer")) })
	defer watch.Stop()
	reader := wire.NewLineReader(out)
	for range 3 {
		if _, err := io.WriteString(in, `{"cmd":"hello","protocol":1}`+"\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := reader.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(in, `{"cmd":"bye"}`+"\n"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	requests, _ := io.Pipe() // never a line
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := wire.Serve(ctx, echo{}, requests, io.Discard); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the error of the context", err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestServeReportsAClosedPipe(t *testing.T) {
	err := wire.Serve(context.Background(), echo{}, strings.NewReader(`{"cmd":"hello","protocol":1}`+"\n"), broken{})
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v, want %v", err, io.ErrClosedPipe)
	}
}

func TestLineReader(t *testing.T) {
	reader := wire.NewLineReader(strings.NewReader("a\n\nb\r\nlast"))
	for _, want := range []string{"a", "", "b\r", "last"} {
		if got, err := reader.Next(); err != nil || string(got) != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	if _, err := reader.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want io.EOF", err)
	}
}

var seeds = []string{
	`{"cmd":"hello","protocol":1}`, `{"cmd":"bye"}`, `{}`, `null`, `[]`, `"`, "\x00", `{"cmd":"run","id":1e3}`,
	run("shape", `[2]`), run("shape", `[null]`), run("shape", `[9223372036854775807,3]`), run("dtype", `"bool"`), run("data", `"===="`),
	`{"id":1,"outputs":{"loss":{"dtype":"float64","shape":[0],"data":""}}}`, `{"id":1,"rejected":{"kind":"shape","static":true}}`,
	`{"id":1,"unsupported":{"reason":"x"}}`, `{"id":1,"failed":{}}`, `{"protocol":2,"error":"x"}`,
	`{"protocol":1,"port":{"name":"x"},"modules":{"M":{"dtypes":["float32"],"outputs":["loss"],"without":[]}}}`,
	strings.Repeat(`[`, 20000), strings.Repeat(`{"a":`, 20000),
}

// FuzzDecode: what decodes can be encoded again and decodes to the same; nothing panics.
func FuzzDecode(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if request, err := wire.DecodeRequest(line); err == nil && request.Cmd == wire.CmdRun {
			again, err := wire.EncodeRun(request.ID, request.Call)
			if err != nil {
				t.Fatalf("decoded but not encoded: %v", err)
			}
			if _, err := wire.DecodeRequest(again); err != nil {
				t.Fatalf("%s: %v", again, err)
			}
		}
		if id, answer, err := wire.DecodeAnswer(line); err == nil {
			if _, err := wire.EncodeAnswer(id, answer); err != nil {
				t.Fatalf("decoded but not encoded: %v", err)
			}
		}
		if description, err := wire.DecodeDescription(line); err == nil {
			if _, err := wire.EncodeDescription(description); err != nil {
				t.Fatalf("decoded but not encoded: %v", err)
			}
		}
	})
}

// FuzzServe: every line that is not blank, up to bye, has one answer, which is JSON.
func FuzzServe(f *testing.F) {
	f.Add([]byte(strings.Join(seeds, "\n")))
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		want := 0
		for line := range bytes.SplitSeq(in, []byte("\n")) {
			if request, err := wire.DecodeRequest(line); err == nil && request.Cmd == wire.CmdBye {
				break
			}
			if len(bytes.TrimSpace(line)) > 0 {
				want++
			}
		}
		var out bytes.Buffer
		if err := wire.Serve(context.Background(), echo{}, bytes.NewReader(in), &out); err != nil {
			t.Fatal(err)
		}
		got := 0
		for line := range bytes.SplitSeq(bytes.TrimSuffix(out.Bytes(), []byte("\n")), []byte("\n")) {
			if len(line) > 0 && !json.Valid(line) {
				t.Errorf("not JSON: %q", line)
			}
			if len(line) > 0 {
				got++
			}
		}
		if got != want {
			t.Errorf("got %d answers, want %d", got, want)
		}
	})
}
