//go:build unix

package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
)

// TestASecondSignalEndsWhatDoesNotEnd: the first one is left to the command.
func TestASecondSignalEndsWhatDoesNotEnd(t *testing.T) {
	t.Parallel()
	signals := make(chan os.Signal, 1)
	asked := make(chan struct{})
	go func() {
		signals <- syscall.SIGINT
		<-asked
		signals <- syscall.SIGINT
	}()
	code := untilSignal(signals, func(ctx context.Context) int {
		<-ctx.Done()
		close(asked)
		select {}
	})
	if code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
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
	if r := readResult(t, file); r.Complete || len(r.Cases) != 4 {
		t.Errorf("complete %t, %d cases", r.Complete, len(r.Cases))
	}
	checkGone(t, pids)
}
