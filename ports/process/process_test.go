//go:build unix

package process_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lossproof/fixtures"
	"lossproof/internal/testports/misbehave"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/ports/process"
	"lossproof/ports/wire"
	"lossproof/ports/wire/schemas"
)

func TestMain(m *testing.M) {
	misbehave.Serve()
	// Most of the tests wait for a process that hangs: they do so together.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

var embedded = sync.OnceValues(fixtures.Embedded)

// selection is a topic of more cases than are in flight; all of its cases are asked, so that
// the id of a call is the place of its case.
var selection = judge.Selection{Select: []string{"BCEWithLogitsLoss/reductions/*"}}

// options are those of a port that misbehaves. What hangs is to be found out soon, all else
// has time on a slow machine too.
func options(t testing.TB, name string) process.Options {
	o := process.Options{
		Command:     []string{os.Args[0]},
		Env:         misbehave.Env(name, t.TempDir()),
		Timeout:     time.Minute,
		ExitTimeout: time.Minute,
	}
	switch name {
	case "closes stdin", "hangs in one case", "floods stdout with lines", "leaves its group, and hangs", "is slow once", "is slow in many cases", "says that it is slow":
		o.Timeout = time.Second // six when asked once more
	case "ignores bye", "leaves its group, and ignores bye":
		o.ExitTimeout = time.Second
	case "closes stdout":
		// Its last process ends at bye, which the race detector delays by a second.
		o.ExitTimeout = 6 * time.Second
	}
	return o
}

// session is what came of a run.
type session struct {
	result   *judge.Result
	err      error
	closeErr error
	trace    string
	port     *process.Port
}

// run runs the cases of selection, closes the port, and checks that no process is left.
func run(t *testing.T, o process.Options) session {
	t.Helper()
	set, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	var trace bytes.Buffer
	o.Trace = &trace
	var s session
	if s.port, err = process.New(o); err != nil {
		t.Fatal(err)
	}
	s.result, s.err = judge.Run(t.Context(), s.port, judge.Options{Fixtures: set, Selection: selection})
	s.closeErr = s.port.Close()
	s.trace = trace.String()
	checkNoneLeft(t, s.trace)
	return s
}

var startedPID = regexp.MustCompile(`-- started .* as process (\d+)`)

// checkNoneLeft checks that no process of a trace is alive.
func checkNoneLeft(t *testing.T, trace string) {
	t.Helper()
	for _, match := range startedPID.FindAllStringSubmatch(trace, -1) {
		pid, _ := strconv.Atoi(match[1])
		if alive(pid) {
			t.Errorf("process %d is alive", pid)
		}
	}
}

// alive reports whether a process runs. A zombie, which waits to be collected by whoever
// adopted it, does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return !errors.Is(err, os.ErrNotExist) || runtime.GOOS != "linux"
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}

// message is what a case says, with its outputs.
func message(r judge.CheckResult) string {
	text := r.Message
	for _, name := range r.OutputNames() {
		text += r.Outputs[name].Message
	}
	return text
}

func TestHello(t *testing.T) {
	for _, test := range []struct {
		name string
		want []string
	}{
		{"exits at once", []string{"there is none, the port ended (exit status 3)", "stderr ends with:\n    no GPU"}},
		{"wrong protocol", []string{"the port speaks protocol 2: I speak 2"}},
		{"never answers hello", []string{"there is none after 300ms: does the port flush its stdout after every line?"}},
		{"prints a banner", []string{`got "Welcome to NumLib 3!", want an object (stdout is for the protocol alone`}},
		{"hello of gigabytes", []string{"the line has more than 67108864 bytes"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := options(t, test.name)
			if test.name == "never answers hello" {
				o.StartTimeout = 300 * time.Millisecond
			}
			s := run(t, o)
			var portError *judge.PortError
			if !errors.As(s.err, &portError) || s.result != nil {
				t.Fatalf("got error %v, result %v, want a PortError alone", s.err, s.result)
			}
			for _, want := range test.want {
				if !strings.Contains(s.err.Error(), want) {
					t.Errorf("got error %q, want %q in it", s.err, want)
				}
			}
			if s.closeErr != nil {
				t.Errorf("Close: %v", s.closeErr)
			}
		})
	}
	t.Run("cannot be started", func(t *testing.T) {
		s := run(t, process.Options{Command: []string{"there/is/no/such/port"}})
		if s.err == nil || !strings.Contains(s.err.Error(), "could not be started: fork/exec there/is/no/such/port") {
			t.Errorf("got error %v", s.err)
		}
	})
	t.Run("wrong protocol is a ProtocolError", func(t *testing.T) {
		t.Parallel()
		var wrong *wire.ProtocolError
		if s := run(t, options(t, "wrong protocol")); !errors.As(s.err, &wrong) || wrong.Protocol != 2 {
			t.Errorf("got %v, want a ProtocolError of protocol 2", s.err)
		}
	})
}

// TestOneCaseGoesWrong: the case that went wrong has its outcome, all others pass.
func TestOneCaseGoesWrong(t *testing.T) {
	for _, test := range []struct {
		name    string
		outcome judge.Outcome
		want    string // in the message, or in the note of a case that passes
		starts  int    // of processes
		closes  string // in the error of Close
	}{
		{"none", judge.Pass, "", 1, ""},
		{"dies in one case", judge.Crash, "the port ended (exit status 139)\nthe port's stderr ends with:\n    Segmentation fault in kernel 7", 3, ""},
		{"dies once", judge.Pass, "answered when asked once more, alone; at first: the port ended (exit status 1)", 2, ""},
		{"half a line, then exits", judge.Crash, "the port ended (exit status 0) after it had begun to answer: half a line: `{\"id\":5", 3, ""},
		{"closes stdout", judge.Crash, "it closed its stdout and lived on", 3, ""},
		{"dies, and starts again at the third try", judge.Pass, "at first: the port ended (exit status 1)", 4, ""},
		{"closes stdin", judge.Timeout, "nothing came in 6s", 3, ""},
		{"hangs in one case", judge.Timeout, "nothing came in 6s", 3, ""},
		{"leaves its group, and hangs", judge.Timeout, "nothing came in 6s", 3, ""},
		{"is slow once", judge.Pass, "at first: no answer in time: nothing came in 1s", 2, ""},
		{"is slow in many cases", judge.Pass, "at first: no answer in time: nothing came in 1s", 2, ""}, // waited for from the first one on
		{"says that it is slow", judge.Pass, "", 1, ""},
		{"a stack trace for an answer", judge.Malformed, `got "Traceback (most recent call last):"`, 1, ""},
		{"a stack trace and an answer", judge.Malformed, `got "Traceback (most recent call last):"`, 1, ""},
		{"a stack trace, then exits", judge.Malformed, `got "Traceback (most recent call last):", want an object (stdout is for the protocol alone: what a library prints belongs on stderr) (then: the port ended (exit status 1))`, 2, ""},
		{"a stack trace at the end", judge.Pass, "", 1, "the port wrote a line that answers nothing: `Traceback (most recent call last):`"},
		{"blank lines", judge.Pass, "", 1, ""},
		{"carriage returns", judge.Pass, "", 1, ""},
		{"wrong id", judge.Malformed, "got an answer to id 99, want id 5", 2, ""},
		{"the id of the next", judge.Malformed, "got an answer to id 6, want id 5", 2, ""},
		{"no id", judge.Malformed, `member "id" is missing`, 1, ""},
		{"a protocol error", judge.Malformed, `I do not know run`, 1, ""},
		{"wrong byte count", judge.Malformed, "got 60 bytes, want 18 elements of 4 bytes", 1, ""},
		{"wrong shape", judge.Fail, "shape is (5, 3), want (3, 5)", 1, ""},
		{"unknown dtype", judge.Malformed, `dtype: got "float31", want one of float16`, 1, ""},
		{"a shape of 2^31 x 2^31", judge.Malformed, "got 60 bytes, want 4611686018427387904 elements", 1, ""},
		{"a shape that overflows", judge.Malformed, "the number of elements overflows", 1, ""},
		{"a line of gigabytes", judge.Malformed, "the line has more than 67108864 bytes", 2, ""},
		{"a huge unwanted output", judge.Malformed, "which is more than all inputs broadcast together have", 1, ""},
		{"many members", judge.Malformed, "it has more than 1000 members", 1, ""},
		{"a deep nest", judge.Malformed, "exceeded max depth", 1, ""},
		{"a huge failure", judge.Error, "the port says that it failed: xxx", 1, ""},
		{"floods stderr", judge.Pass, "", 1, ""},
		{"floods stdout with lines", judge.Malformed, `the line is not JSON`, 2, ""},
		{"floods stderr, then dies", judge.Crash, "the last line", 3, ""},
		{"forks, and dies", judge.Crash, "the port ended (exit status 1)", 3, ""},
		{"forks, and goes on", judge.Pass, "", 1, ""},
		{"ignores bye", judge.Pass, "", 1, "the port did not end within 1s of bye, and was killed"},
		{"leaves its group, and ignores bye", judge.Pass, "", 1, "the port did not end within 1s of bye, and was killed"},
		{"exits 1 at bye", judge.Pass, "", 1, "the port ended with exit status 1 after bye, want exit status 0\nthe port's stderr ends with:\n    leaked 3 tensors"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if testing.Short() && regexp.MustCompile("gigabytes|huge|floods|many members").MatchString(test.name) {
				t.Skip("it writes many megabytes: make test-long runs it")
			}
			t.Parallel()
			o := options(t, test.name)
			s := run(t, o)
			if s.err != nil {
				t.Fatal(s.err)
			}
			before := "" // on a busy machine an earlier case may be the slow one that is noticed
			for i, r := range s.result.Cases {
				want := judge.Pass
				if before += r.Note; i+1 == misbehave.At {
					want = test.outcome
					if test.name == "is slow in many cases" {
						r.Note = before
					}
					if text := message(r) + r.Note; !strings.Contains(text, test.want) || test.want == "" && text != "" {
						t.Errorf("%s says %q, want %q in it", r.ID, text, test.want)
					}
				}
				if r.Outcome != want {
					t.Errorf("%s is %s, want %s: %s", r.ID, r.Outcome, want, message(r))
				}
			}
			if !s.result.Complete || s.result.Summary.NotRun > 0 || s.result.Summary.Conformant != (test.outcome == judge.Pass) {
				t.Errorf("complete %t, not run %d, conformant %t", s.result.Complete, s.result.Summary.NotRun, s.result.Summary.Conformant)
			}
			if got := strings.Count(s.trace, "-- started"); got != test.starts {
				t.Errorf("%d processes were started, want %d", got, test.starts)
			}
			lost, restarts := s.result.Summary.Incidents, test.starts-1
			if strings.HasSuffix(test.name, "at the third try") {
				restarts = 1
			}
			if lost.Total() != restarts || s.result.Restarts != restarts {
				t.Errorf("%v, and %d restarts, want %d", lost, s.result.Restarts, restarts)
			}
			if got := fmt.Sprint(s.closeErr); !strings.Contains(got, test.closes) || test.closes == "" && s.closeErr != nil {
				t.Errorf("Close: got %q, want %q", got, test.closes)
			}
			if strings.HasPrefix(test.name, "forks") {
				checkForked(t, o, false)
			}
		})
	}
}

// checkForked checks that what the port forked is dead; if it is left on purpose, kills it.
func checkForked(t *testing.T, o process.Options, left bool) {
	t.Helper()
	dir := strings.TrimPrefix(o.Env[len(o.Env)-1], misbehave.StateVariable+"=")
	text, err := os.ReadFile(filepath.Join(dir, misbehave.ForkedFile))
	if err != nil {
		t.Fatal(err)
	}
	pid, _ := strconv.Atoi(string(text))
	if left {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Errorf("kill %d: %v", pid, err)
		}
		return
	}
	// A killed process may take a moment to be gone, many on a slow machine.
	for range 6000 {
		if !alive(pid) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d, which the port forked, is alive", pid)
}

// TestDiesNowAndThen: a port whose answers are all right when it is asked once more is conformant after a death or two,
// which the verdict names, and not after many.
func TestDiesNowAndThen(t *testing.T) {
	t.Parallel()
	set, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		selected   []string
		conformant bool
		verdict    string
	}{
		{[]string{"BCELoss/relations/mean", "BCELoss/relations/shape"}, true, `2 of 17 laws selected, .*the port was lost once: 1 crash\]$`},
		{[]string{"BCELoss/relations/*"}, false, `no cases selected, .*\]: the port was lost \d+ times: \d+ crashes \(up to 3 are no fault\)$`},
	} {
		port, err := process.New(options(t, "dies now and then"))
		if err != nil {
			t.Fatal(err)
		}
		result, err := judge.Run(t.Context(), port, judge.Options{Fixtures: set, Selection: judge.Selection{Select: test.selected}})
		if err := errors.Join(err, port.Close()); err != nil {
			t.Fatal(err)
		}
		for _, r := range result.Relations {
			if r.Outcome != judge.Pass && r.Outcome != judge.Unsupported {
				t.Errorf("%s is %s: %s", r.ID, r.Outcome, r.Message)
			}
		}
		s := result.Summary
		if s.Conformant != test.conformant || s.Passed != test.conformant || !regexp.MustCompile(test.verdict).MatchString(s.Verdict[0]) {
			t.Errorf("conformant %t, passed %t: %q, want %q", s.Conformant, s.Passed, s.Verdict, test.verdict)
		}
		if all := result.Incidents[ports.BCELoss].Plus(result.Incidents[ports.BCEWithLogitsLoss]); all != s.Incidents || s.Incidents.Crashes != result.Restarts {
			t.Errorf("%v, %v, %d restarts", result.Incidents, s.Incidents, result.Restarts)
		}
	}
}

// TestADaemonHoldsThePipes: what leaves the process group cannot be killed, and must not
// keep the run from noticing that the port is dead.
func TestADaemonHoldsThePipes(t *testing.T) {
	t.Parallel()
	o := options(t, "forks a daemon, and dies")
	o.Timeout = time.Hour
	s := run(t, o)
	checkForked(t, o, true)
	if s.err != nil || !s.result.Summary.Conformant || !strings.Contains(s.result.Cases[misbehave.At-1].Note, "at first: the port ended") {
		t.Errorf("error %v, verdict %q", s.err, s.result.Summary.Verdict)
	}
}

// TestItCannotBeKilled: a process that lossproof may not kill, such as one that runs as another user, is named, and
// ends the run.
func TestItCannotBeKilled(t *testing.T) {
	t.Parallel()
	o := options(t, "hangs in one case")
	var left atomic.Pointer[os.Process]
	o = process.Killing(o, func(cmd *exec.Cmd) error { left.Store(cmd.Process); return syscall.EPERM })
	set, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	port, err := process.New(o)
	if err != nil {
		t.Fatal(err)
	}
	result, err := judge.Run(t.Context(), port, judge.Options{Fixtures: set, Selection: selection})
	if err != nil {
		t.Fatal(err)
	}
	defer left.Load().Kill() //nolint:errcheck // it may have ended
	want := fmt.Sprintf("the port could not be killed, and lives on: process %d: operation not permitted", left.Load().Pid)
	last := result.Cases[len(result.Cases)-1]
	if last.Outcome != judge.NotRun || !strings.Contains(last.Message, want) || result.Cases[misbehave.At-1].Outcome != judge.Timeout {
		t.Errorf("the last case is %s: %q, want not-run and %q in it", last.Outcome, last.Message, want)
	}
	if err := port.Close(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Close: got %v, want %q in it", err, want)
	}
}

// TestItNeverWorks: a run over a port that never works ends after a bounded number of
// processes and timeouts, and says of every case what came of it.
func TestItNeverWorks(t *testing.T) {
	for _, test := range []struct {
		name    string
		outcome judge.Outcome
		want    string
		passes  int
		fails   int // cases of outcome
		starts  int
	}{
		{"hangs in every case", judge.Timeout, "nothing came in ", 0, 3, 5},
		{"dies in every case", judge.Crash, "the port ended (exit status 1)", 0, 3, 5},
		{"is deaf", judge.Crash, "the port ended: it closed its stdin", 0, 3, 5},
		{"always id 0", judge.Malformed, "got an answer to id 0, want id ", 0, 5, 5},
		// Every other death blames a case, which passes when it is alone.
		{"dies after every answer", judge.Crash, "the port ended (exit status 0)", 5, 1, 5},
		{"dies, and changes its claim", judge.Crash, "the port ended (exit status 1)", misbehave.At - 1, 1, 2},
		{"dies, and does not start again", judge.Crash, "the port ended (exit status 1)", misbehave.At - 1, 1, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := options(t, test.name)
			o.MaxRestarts = 4
			if test.outcome == judge.Timeout {
				o.Timeout = 200 * time.Millisecond
			}
			s := run(t, o)
			if s.err != nil {
				t.Fatal(s.err)
			}
			counts := s.result.Summary.Cases
			notRun := len(s.result.Cases) - test.passes - test.fails
			if counts[judge.Pass] != test.passes || counts[judge.NotRun] != notRun || test.fails > 0 && counts[test.outcome] != test.fails {
				t.Errorf("got %v, want %d passed, %d %s, the rest not-run", counts, test.passes, test.fails, test.outcome)
			}
			if failing := s.result.Summary.Topics[0].Failing; failing != test.fails { // what was not run did not fail
				t.Errorf("%d cases fail, want %d", failing, test.fails)
			}
			if s.result.Summary.NotRun != notRun || s.result.Summary.Conformant {
				t.Errorf("not run %d, want %d; conformant %t", s.result.Summary.NotRun, notRun, s.result.Summary.Conformant)
			}
			for _, r := range s.result.Cases {
				switch {
				case r.Outcome == judge.NotRun && !strings.Contains(r.Message, "not asked: the port"):
					t.Errorf("%s is not-run: %q", r.ID, r.Message)
				case r.Outcome == test.outcome && !strings.Contains(r.Message, test.want):
					t.Errorf("%s is %s: %q, want %q", r.ID, r.Outcome, r.Message, test.want)
				}
			}
			if got := strings.Count(s.trace, "-- started"); got != test.starts {
				t.Errorf("%d processes were started, want %d", got, test.starts)
			}
		})
	}
}

// TestBits: the answers to all calls are those of the same port in process, bit for bit.
func TestBits(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes: make test-long runs it")
	}
	t.Parallel()
	set, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	port, err := process.New(options(t, "none"))
	if err != nil {
		t.Fatal(err)
	}
	type pending struct {
		id   string
		want ports.Answer
		wait func() (ports.Answer, error)
	}
	var sent []pending
	outputs := 0
	collect := func() {
		for _, p := range sent {
			got, err := p.wait()
			if err != nil {
				t.Fatalf("%s: %v", p.id, err)
			}
			if diff := cmp.Diff(p.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s: in process - in another +\n%.1000s", p.id, diff)
			}
			outputs += len(got.Outputs)
		}
		sent = nil
	}
	for i := range set.Cases {
		c := &set.Cases[i]
		inputs, err := set.Inputs(c)
		if err != nil {
			t.Fatal(err)
		}
		want := c.OutputNames()
		if len(want) == 0 {
			want = []string{ports.Loss}
		}
		call := judge.Call(c, inputs, want)
		answer, err := builtin.Port{}.Evaluate(t.Context(), call)
		if err != nil {
			t.Fatal(err)
		}
		sent = append(sent, pending{c.ID, answer, port.Send(t.Context(), call)})
		if len(sent) == 50 {
			collect()
		}
	}
	collect()
	if outputs < 4000 {
		t.Errorf("%d outputs were compared", outputs)
	}
	if err := port.Close(); err != nil {
		t.Error(err)
	}
}

func TestEveryAnswerTwice(t *testing.T) {
	t.Parallel()
	s := run(t, options(t, "every answer twice"))
	if s.err != nil || s.result.Summary.Conformant || s.result.Summary.Cases[judge.Malformed] == 0 {
		t.Errorf("error %v, %v", s.err, s.result.Summary.Cases)
	}
}

// TestJobs: several processes share the cases; results come in the order of the cases, and a
// process that is lost takes nothing of the others with it.
func TestJobs(t *testing.T) {
	for name, want := range map[string]judge.Outcome{"none": judge.Pass, "dies in one case": judge.Crash, "hangs in one case": judge.Timeout} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(t, name)
			o.Jobs = 3
			s := run(t, o)
			if s.err != nil {
				t.Fatal(s.err)
			}
			set, _ := embedded()
			cases, _ := judge.Select(set, selection)
			for i, r := range s.result.Cases {
				if r.ID != cases[i].ID {
					t.Fatalf("case %d is %s, want %s", i, r.ID, cases[i].ID)
				}
			}
			counts := s.result.Summary.Cases
			if want == judge.Pass && counts[judge.Pass] != len(cases) || want != judge.Pass && (counts[want] != 1 || counts[judge.Pass] != len(cases)-1) {
				t.Errorf("got %v", counts)
			}
			if name == "none" && !strings.Contains(s.trace, " 2 <- ") {
				t.Error("one process answered all")
			}
		})
	}
}

// TestInterrupt: the end of the context ends the run, and the port with it.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	set, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	o := options(t, "hangs in one case")
	o.Timeout = time.Hour
	var trace bytes.Buffer
	o.Trace = &trace
	port, err := process.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	result, err := judge.Run(ctx, port, judge.Options{Fixtures: set,
		Selection: selection,
		Progress: func(done, _ int, _ judge.CheckResult) {
			if done == misbehave.At-1 {
				cancel()
			}
		},
	})
	if !errors.Is(err, context.Canceled) || result == nil || result.Complete || len(result.Cases) != misbehave.At-1 {
		t.Errorf("got error %v, result %+v; want that of the context, and %d cases", err, result, misbehave.At-1)
	}
	if err := port.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	checkNoneLeft(t, trace.String())
	if _, err := port.Evaluate(t.Context(), ports.Call{}); err == nil {
		t.Error("a closed port answers")
	}
	if err := port.Close(); err != nil {
		t.Errorf("Close, once more: %v", err)
	}
}

func TestInterruptedHello(t *testing.T) {
	t.Parallel()
	var trace bytes.Buffer
	o := options(t, "never answers hello")
	o.Trace = &trace
	port, err := process.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := port.Describe(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err := port.Close(); err != nil {
		t.Error(err)
	}
	checkNoneLeft(t, trace.String())
}

// TestEvaluate asks one call at a time, as the specs of a suite do.
func TestEvaluate(t *testing.T) {
	t.Parallel()
	port, err := process.New(options(t, "dies once"))
	if err != nil {
		t.Fatal(err)
	}
	set, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	j, err := judge.New(t.Context(), port, judge.Options{Fixtures: set, Selection: selection})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range j.Checks() {
		if r, err := j.Check(t.Context(), c); err != nil || r.Outcome != judge.Pass {
			t.Errorf("%s: %s, %v", c.ID, r.Outcome, err)
		}
	}
	if err := port.Close(); err != nil {
		t.Error(err)
	}
}

// TestClock: the clock of a case starts when the answer before it came. A port that takes
// longer in all, but less for each, is not late.
func TestClock(t *testing.T) {
	t.Parallel()
	o := options(t, "takes its time")
	o.Timeout = 3 * time.Second
	if s := run(t, o); s.err != nil || !s.result.Summary.Conformant {
		t.Errorf("error %v, %v", s.err, s.result.Summary.Cases)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	validator, err := schemas.Load()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]judge.Outcome{"none": judge.Pass, "an issue_url that is a number": judge.Malformed, "a kind in capitals": judge.Malformed} {
		o := options(t, name)
		o.Validate = validator
		if s := run(t, o); s.err != nil || s.result.Cases[misbehave.At-1].Outcome != want {
			t.Errorf("%s: error %v, %s: %s", name, s.err, s.result.Cases[misbehave.At-1].Outcome, message(s.result.Cases[misbehave.At-1]))
		}
	}
	// A request that the schema forbids is a fault of the suite.
	o := options(t, "none")
	o.Validate = forbids{validator}
	if s := run(t, o); s.err != nil || s.result.Summary.Cases[judge.SuiteError] != len(s.result.Cases) {
		t.Errorf("error %v, %v", s.err, s.result.Summary.Cases)
	}
}

// forbids forbids every run request.
type forbids struct{ process.Validator }

func (f forbids) Request(line []byte) error {
	if bytes.Contains(line, []byte(`"run"`)) {
		return errors.New("forbidden")
	}
	return f.Validator.Request(line)
}

func TestOptions(t *testing.T) {
	for _, o := range []process.Options{
		{},
		{Command: []string{"x"}, Timeout: -1},
		{Command: []string{"x"}, StartTimeout: -1},
		{Command: []string{"x"}, ExitTimeout: -1},
		{Command: []string{"x"}, Jobs: -1},
		{Command: []string{"x"}, Jobs: process.MaxJobs + 1},
	} {
		if _, err := process.New(o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}

// TestTrace: the trace has the whole exchange, in order, byte for byte.
func TestTrace(t *testing.T) {
	t.Parallel()
	s := run(t, options(t, "none"))
	var got []string
	for line := range strings.Lines(s.trace) {
		_, rest, _ := strings.Cut(line, " 1 ")
		got = append(got, strings.TrimSuffix(rest, "\n"))
	}
	description, _ := builtin.Port{}.Describe(t.Context())
	hello, _ := wire.EncodeDescription(description)
	for i, want := range []string{"-- started", "-> " + string(wire.EncodeHello()), "<- " + string(hello), `-> {"cmd":"run","id":1,"module":"BCEWithLogitsLoss"`} {
		if !strings.HasPrefix(got[i], want) {
			t.Errorf("line %d is %q, want %q", i+1, got[i], want)
		}
	}
	end := got[len(got)-2:]
	if end[0] != "-> "+string(wire.EncodeBye()) || end[1] != "-- ended: exit status 0" {
		t.Errorf("the trace ends with %q", end)
	}
	if n := strings.Count(s.trace, " 1 <- "); n != len(s.result.Cases)+1 {
		t.Errorf("%d answers are traced, want %d", n, len(s.result.Cases)+1)
	}
}
