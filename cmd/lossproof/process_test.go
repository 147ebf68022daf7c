//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lossproof/internal/testports/misbehave"
	"lossproof/judge"
)

// The test executable is lossproof itself if this variable is set; if it is "memory", it says
// how much it took.
const commandVariable = "LOSSPROOF_TEST_COMMAND"

func TestMain(m *testing.M) {
	misbehave.Serve()
	if value := os.Getenv(commandVariable); value != "" {
		code := run()
		if value == "memory" {
			writeMemory()
		}
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// writeMemory says on stderr how much memory this process took at most.
func writeMemory() {
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		fmt.Fprintln(os.Stderr, regexp.MustCompile(`VmHWM:.*`).FindString(string(status)))
	}
}

// lossproof is a process with the command line args.
func lossproof(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), commandVariable+"=1")
	return cmd
}

// port is the command line of a port that misbehaves.
func port(t *testing.T, name string) []string {
	t.Helper()
	return []string{"env", misbehave.PortVariable + "=" + name, misbehave.StateVariable + "=" + t.TempDir(), os.Args[0]}
}

// TestTheBuiltinLossesOverTheWire: lossproof run -- lossproof port has the result of
// lossproof run, number for number.
func TestTheBuiltinLossesOverTheWire(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes: make test-long runs it")
	}
	t.Setenv(commandVariable, "1") // for the ports
	dir := t.TempDir()
	run := func(name string, args ...string) *judge.Result {
		file := filepath.Join(dir, name)
		got := command(append([]string{"run", "--json", file}, args...)...)
		check(t, got, exitConformant, "conformant (parity): BCEWithLogitsLoss float16 bfloat16 float32 float64")
		if strings.Contains(got.stderr, "warning") {
			t.Errorf("%s: %s", name, got.stderr)
		}
		return readResult(t, file)
	}
	want := run("in-process")
	for name, args := range map[string][]string{
		"one process": {"--timeout", "5m", "--", os.Args[0], "port"}, // a busy machine is slow
		"two":         {"--jobs", "2", "-V", "--timeout", "5m", "--", os.Args[0], "port"},
	} {
		if diff := cmp.Diff(want, run(name, args...), cmpopts.IgnoreFields(judge.Result{}, "Argv"), cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s: the results differ:\n%.2000s", name, diff)
		}
	}
}

// TestRunStdio: whoever starts lossproof is the port, and where it crashes the result has been
// kept, with nobody left who reads what lossproof writes.
func TestRunStdio(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]judge.Outcome{"none": judge.Pass, "dies in one case": judge.Crash} {
		file := filepath.Join(t.TempDir(), "result.json")
		judging := lossproof(t, append(fewCases, "--stdio", "--json", file)...)
		answering := exec.CommandContext(t.Context(), port(t, name)[0], port(t, name)[1:]...)
		requests, err := judging.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		answering.Stdin = requests
		answers, err := answering.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		judging.Stdin = answers
		unread, stderr, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		unread.Close()
		judging.Stderr = stderr
		for _, cmd := range []*exec.Cmd{answering, judging} {
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
		}
		stderr.Close()
		requests.Close() // the port has a copy
		answers.Close()
		_ = answering.Wait()
		_ = judging.Wait()
		result := readResult(t, file)
		if !result.Complete || result.Summary.Passed != (want == judge.Pass) {
			t.Errorf("%s: complete: %v, passed: %v", name, result.Complete, result.Summary.Passed)
		}
		if got := result.Cases[misbehave.At-1]; got.Outcome != want {
			t.Errorf("%s: got %s (%s), want %s", name, got.Outcome, got.Message, want)
		}
	}
}

func TestRunStdioUsage(t *testing.T) {
	t.Parallel()
	check(t, command("run", "--stdio", "--", "port"), exitUsage, "stderr:want no command behind --")
	check(t, command("run", "--stdio", "--json", "-"), exitUsage, "stderr:want a file in place of -")
	check(t, command("run", "--stdio", "--jobs", "2"), exitUsage, "stderr:--jobs: with --stdio there is one port")
}

// fewCases are some that are all asked; their calls have the ids 1, 2, ….
var fewCases = []string{"run", "--select", "BCEWithLogitsLoss/reductions/*"}

func TestRunMisbehavingPorts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		args  []string
		code  int
		wants []string
	}{
		{"none", nil, exitConformant, []string{"conformant as far as asked (parity)"}},
		{"dies in one case", nil, exitNotConformant, []string{"not conformant (parity)", "1 of 36 cases fails", "f32-3x5-mean-grad-target-pos-weight: crash", "Segmentation fault in kernel 7"}},
		{"dies in every case", nil, exitNotConformant, []string{"cases were not run"}},
		{"hangs in one case", []string{"--timeout", "500ms"}, exitNotConformant, []string{": timeout", "nothing came in 3s"}},
		{"exits 1 at bye", nil, exitConformant, []string{"stderr:lossproof: warning: the port ended with exit status 1 after bye"}},
		{"exits at once", nil, exitPort, []string{"stderr:no GPU"}},
		{"wrong protocol", nil, exitPort, []string{"stderr:the port speaks protocol 2"}},
		{"never answers hello", []string{"--start-timeout", "500ms"}, exitPort, []string{"stderr:does the port flush its stdout after every line?"}},
		{"prints a banner", nil, exitPort, []string{"stderr:stdout is for the protocol alone"}},
		{"a kind in capitals", []string{"-V"}, exitNotConformant, []string{": malformed"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			args := slices.Concat(fewCases, test.args, []string{"--"}, port(t, test.name))
			check(t, command(args...), test.code, test.wants...)
		})
	}
}

func TestRunTrace(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "trace")
	check(t, command(slices.Concat(fewCases, []string{"--trace", file, "--"}, port(t, "none"))...), exitConformant)
	trace, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(trace), `1 -> {"cmd":"hello","protocol":1}`) || !strings.Contains(string(trace), `1 <- {"id":36,`) {
		t.Errorf("%v\n%.500s", err, trace)
	}
}

// start starts lossproof over a port that hangs at the fifth case, waits until the four
// before it are answered, and returns the process ids of the port and what it forked.
func start(t *testing.T, file, trace, name string) (*exec.Cmd, []int) {
	t.Helper()
	command := port(t, name)
	forked := filepath.Join(strings.TrimPrefix(command[2], misbehave.StateVariable+"="), misbehave.ForkedFile)
	cmd := lossproof(t, slices.Concat(fewCases, []string{"--timeout", "1h", "--json", file, "--trace", trace, "--"}, command)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 6000 {
		text, _ := os.ReadFile(trace)
		if match := regexp.MustCompile(`-- started .* as process (\d+)`).FindSubmatch(text); match != nil && bytes.Contains(text, []byte(`<- {"id":4,`)) {
			pid, _ := strconv.Atoi(string(match[1]))
			pids := []int{pid}
			if name == "forks, and hangs" {
				text, err := os.ReadFile(forked)
				if pid, _ = strconv.Atoi(string(text)); err != nil || pid == 0 {
					time.Sleep(10 * time.Millisecond)
					continue // not yet
				}
				pids = append(pids, pid)
			}
			return cmd, pids
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the port did not get as far as the fifth case")
	return nil, nil
}

// checkGone checks that processes have ended. A zombie, which waits for whoever adopted it,
// has.
func checkGone(t *testing.T, pids []int) {
	t.Helper()
	for _, pid := range pids {
		gone := false
		for range 6000 {
			stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			if gone = syscall.Kill(pid, 0) != nil || err == nil && strings.Contains(string(stat), ") Z "); gone {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if !gone {
			t.Errorf("process %d is alive", pid)
		}
	}
}

// TestRunInterruptedOverAPort: the results so far are kept, in a file that says that it is not
// complete, and the port ends.
func TestRunInterruptedOverAPort(t *testing.T) {
	if signal.Ignored(os.Interrupt) {
		t.Skip("the test runs in the background of a script, which ignores interrupts")
	}
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "result.json")
	cmd, pids := start(t, file, filepath.Join(dir, "trace"), "forks, and hangs")
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if r := readResult(t, file); r.Complete || len(r.Cases) > 4 || r.Summary.Cases[judge.Pass] != len(r.Cases) || r.Summary.Conformant {
		t.Errorf("complete %t, %d cases, %v", r.Complete, len(r.Cases), r.Summary.Cases)
	}
	checkGone(t, pids)
}

// TestThePortIsGoneBeforeTheResult: what it writes to the file of the result does not stay.
func TestThePortIsGoneBeforeTheResult(t *testing.T) {
	t.Parallel()
	command := port(t, "forges the result at bye")
	file := filepath.Join(strings.TrimPrefix(command[2], misbehave.StateVariable+"="), misbehave.ForgedFile)
	check(t, against(t, nil, slices.Concat(fewCases, []string{"--json", file, "--"}, command)...), exitConformant)
	if r := readResult(t, file); !r.Complete || len(r.Cases) != 36 {
		t.Errorf("complete %t, %d cases", r.Complete, len(r.Cases))
	}
}

// TestRunKilledOverAPort: not even a kill leaves a result that looks complete, or a port.
func TestRunKilledOverAPort(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only on Linux the port dies with lossproof")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "result.json")
	check(t, command("run", "--select", "*/blog_example/*", "--json", file), exitConformant) // an older result
	if !readResult(t, file).Complete {
		t.Fatal("the older result is not complete")
	}
	cmd, pids := start(t, file, filepath.Join(dir, "trace"), "hangs in one case")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if r := readResult(t, file); r.Complete || r.Summary.Conformant {
		t.Error("the result says that it is complete")
	}
	checkGone(t, pids)
	if names, _ := filepath.Glob(filepath.Join(dir, ".*.partial")); len(names) > 0 {
		t.Errorf("left: %q", names)
	}
}

// maxMemory is the most that a run may take, whatever the port does, in KiB.
const maxMemory = 300 << 10

func TestRunMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes: make test-long runs it")
	}
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the memory of a process is read from /proc")
	}
	few := []string{"--select", "BCEWithLogitsLoss/reductions/f32-3x5-*"}
	for name, args := range map[string][]string{
		"a line of gigabytes": few, "a huge unwanted output": few, "many members": few, "a huge failure": few,
		"floods stdout with lines": append(few, "--timeout", "500ms"), "floods stderr": few,
		"huge outputs in every case": {"--select", "BCEWithLogitsLoss/reductions/f32-3x5-mean*", "--jobs", "4"},
	} {
		t.Run(name, func(t *testing.T) {
			checkMemory(t, lossproof(t, slices.Concat([]string{"run", "-V"}, args, []string{"--"}, port(t, name))...))
		})
	}
}

// checkMemory runs a command of lossproof, and checks that it takes no more than maxMemory.
func checkMemory(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Env = append(cmd.Env, commandVariable+"=memory")
	cmd.Stderr = &stderr
	err := cmd.Run()
	match := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(stderr.Bytes())
	if match == nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	kib, _ := strconv.Atoi(string(match[1]))
	t.Logf("%d MiB, exit code %d", kib>>10, cmd.ProcessState.ExitCode())
	if kib > maxMemory {
		t.Errorf("%s took %d KiB, at most %d are allowed", cmd.Args[1], kib, maxMemory)
	}
}

// TestUnknownKernels: a misspelt limit would let everything run.
func TestUnknownKernels(t *testing.T) {
	cmd := exec.Command(os.Args[0], "version")
	cmd.Env = append(os.Environ(), commandVariable+"=1", "LOSSPROOF_KERNEL=avx")
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if want := "lossproof: the environment variable LOSSPROOF_KERNEL: got \"avx\", want avx2 or purego, or none\n"; !errors.As(err, &exit) || exit.ExitCode() != exitUsage || string(text) != want {
		t.Errorf("got %v, %q", err, text)
	}
}
