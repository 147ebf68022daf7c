//go:build !unix

package process

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strconv"
)

// setGroup does nothing: there are no process groups.
func setGroup(*exec.Cmd) {}

// killRest does nothing: the child is gone, so that nothing leads to what it started, and its number may be that of
// another process by now.
func killRest(*exec.Cmd) {}

// killTree kills the child, on Windows with what it started. That it is gone is no error.
func killTree(cmd *exec.Cmd) error {
	if runtime.GOOS == "windows" {
		ctx, cancel := context.WithTimeout(context.Background(), killGrace)
		defer cancel()
		_ = exec.CommandContext(ctx, "taskkill", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid)).Run()
	}
	if err := cmd.Process.Kill(); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}
