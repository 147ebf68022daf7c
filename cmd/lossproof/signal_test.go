//go:build unix

package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestASecondSignalEndsWhatDoesNotEnd: the first one is left to the command, also where it comes twice at once.
func TestASecondSignalEndsWhatDoesNotEnd(t *testing.T) {
	t.Parallel()
	signals := make(chan os.Signal, 1)
	asked := make(chan struct{})
	go func() {
		signals <- syscall.SIGINT
		<-asked
		for range 100 {
			signals <- syscall.SIGINT
			time.Sleep(10 * time.Millisecond)
		}
	}()
	start := time.Now()
	code := untilSignal(signals, func(ctx context.Context) int {
		<-ctx.Done()
		close(asked)
		select {}
	})
	if took := time.Since(start); code != exitInterrupted || took < sameSignal || took > endGrace/2 {
		t.Errorf("exit code %d after %v, want %d", code, took, exitInterrupted)
	}
}

// TestInterruptedAtAPipe: a pipe that nobody writes to is no reason to stay.
func TestInterruptedAtAPipe(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	for _, args := range [][]string{{"judge", pipe}, {"run", "--baseline", pipe}, {"diff", pipe, pipe}, {"requests", "--hello", pipe}} {
		ctx, cancel := context.WithCancel(t.Context())
		p := &program{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, open: openSet}
		ended := make(chan int)
		go func() { ended <- p.main(ctx, args) }()
		cancel()
		if code := <-ended; code != exitInterrupted {
			t.Errorf("%q: exit code %d, want %d", args, code, exitInterrupted)
		}
	}
}

// TestHangUp: the end of the terminal is an interrupt too, the port ends with lossproof.
func TestHangUp(t *testing.T) {
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("the test runs under nohup")
	}
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "result.json")
	cmd, pids := start(t, file, filepath.Join(dir, "trace"), "leaves its group, and hangs")
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if r := readResult(t, file); r.Complete || len(r.Cases) > 4 { // on a busy machine fewer: what was answered is judged later
		t.Errorf("complete %t, %d cases", r.Complete, len(r.Cases))
	}
	checkGone(t, pids)
}
