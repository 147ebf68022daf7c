//go:build unix

package process

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// killTree kills the child, wherever it moved, and its group. That they are gone is no error.
func killTree(cmd *exec.Cmd) error {
	killRest(cmd)
	if err := cmd.Process.Kill(); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// killRest kills what is left of the group of a child: what it started.
func killRest(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
