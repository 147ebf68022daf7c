package process

import (
	"os/exec"
	"syscall"
)

// setGroup gives the child a process group of its own, and has the kernel kill it when
// its parent is killed.
func setGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
