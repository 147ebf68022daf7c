//go:build !unix

package process

import (
	"os/exec"
	"runtime"
	"strconv"
)

// setGroup does nothing: there are no process groups.
func setGroup(*exec.Cmd) {}

// killGroup kills the child, on Windows with what it started.
func killGroup(cmd *exec.Cmd) {
	if runtime.GOOS == "windows" {
		_ = exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid)).Run()
	}
	_ = cmd.Process.Kill()
}
