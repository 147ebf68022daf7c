package process

import "os/exec"

// Killing returns options with another way to kill a process.
func Killing(o Options, kill func(*exec.Cmd) error) Options {
	o.killTree = kill
	return o
}
