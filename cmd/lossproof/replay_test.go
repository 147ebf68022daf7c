//go:build unix

package main

import (
	"os"
	"os/exec"
	"testing"
)

// TestABrokenLawIsReplayed: the command that is printed for a broken law, run as it stands, breaks it again in
// the same way. This one is broken at level exact alone, in one dtype, by a port that is a process.
func TestABrokenLawIsReplayed(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("there is no bash")
	}
	t.Setenv(commandVariable, "1")
	args := []string{"run", "--level", "exact", "--select", "BCEWithLogitsLoss/relations/s*", "--seed", "7", "--dtypes=float32", "--", os.Args[0], "port", "--divergence", "sigmoid-minus-target"}
	got := command(args...)
	check(t, got, exitNotConformant, " --level exact ", " --dtypes=float32 ", " --seed 7 -- ", " port --divergence sigmoid-minus-target\n")
	first := counterexample.FindStringSubmatch(got.stdout)
	if first == nil {
		t.Fatalf("no counterexample in\n%s", got.stdout)
	}
	bash := exec.CommandContext(t.Context(), "bash", "-c", `lossproof() { "$0" "$@"; }; `+first[2], os.Args[0])
	again, err := bash.Output()
	if code := bash.ProcessState.ExitCode(); code != exitNotConformant {
		t.Errorf("$ %s\nexit code %d, want %d: %v", first[2], code, exitNotConformant, err)
	}
	if second := counterexample.FindStringSubmatch(string(again)); second == nil || second[1] != first[1] || second[2] != first[2] {
		t.Errorf("$ %s\ngot\n%s\nwant\n%s", first[2], again, first[0])
	}
}
