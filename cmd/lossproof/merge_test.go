//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// shard is a process that an engine would start: a line of it has the variables.
func shard(t *testing.T, variables string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), strings.Fields(variables)...)
	cmd.Env = append(cmd.Env, commandVariable+"=1")
	return cmd
}

// finished waits for a shard that may fail as a port does.
func finished(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if text, err := cmd.CombinedOutput(); err != nil && cmd.ProcessState.ExitCode() != exitNotConformant {
		t.Fatalf("%s: %v\n%s", cmd, err, text)
	}
}

// killed starts a shard, and kills it when its file is there.
func killed(t *testing.T, cmd *exec.Cmd, file string) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for ; ; time.Sleep(time.Millisecond) {
		if text, err := os.ReadFile(file); err == nil && len(text) > 0 {
			break
		}
		if t.Context().Err() != nil {
			t.Fatalf("%s does not begin", cmd)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Errorf("%s came to its end before it was killed", cmd)
	}
}

// TestShardsOfARun: the shards of a port as processes with the variables of Kubernetes, one of them
// killed and run again, make the result of the run in one piece, byte for byte but for the command
// line.
func TestShardsOfARun(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts processes: make test-long runs it")
	}
	// What generated checks ask in a minute depends on the machine.
	args := []string{"run", "--modules", "BCELoss", "--skip", "*/generated/*", "--json"}
	port := []string{"--", os.Args[0], "port", "--divergence", "one-log-clamped"}
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.json")
	finished(t, shard(t, "", append(append(args, whole), port...)...))
	const n = 3
	var files []string
	for i := range n {
		file := filepath.Join(dir, fmt.Sprintf("%d.json", i))
		files = append(files, file)
		process := func() *exec.Cmd {
			return shard(t, fmt.Sprintf("JOB_COMPLETION_INDEX=%d LOSSPROOF_SHARDS=%d", i, n), append(append(args, file, "--shard", "auto"), port...)...)
		}
		if i == 1 {
			killed(t, process(), file)
			check(t, command("merge", files[0], file), exitUsage, "stderr:"+file+": the result is not complete")
		}
		finished(t, process())
	}
	check(t, command("merge", files[0], files[2]), exitUsage, "stderr:missing: shard 2/3")
	merged := filepath.Join(dir, "merged.json")
	check(t, command(append([]string{"merge", "--json", merged}, files...)...), exitNotConformant, "not conformant (parity): BCELoss")
	finished(t, shard(t, "", slices.Concat([]string{"merge", "--json", merged}, files, port)...))
	compareResults(t, merged, whole)
}

// compareResults compares two result files but for command lines.
func compareResults(t *testing.T, gotFile, wantFile string) {
	t.Helper()
	var texts [2][]byte
	for i, name := range []string{gotFile, wantFile} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatal(err)
		}
		delete(members, "argv")
		if texts[i], err = json.Marshal(members); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(texts[0], texts[1]) {
		t.Errorf("got\n%.3000s\nwant\n%.3000s", texts[0], texts[1])
	}
}

// TestShardsOfASweep: every float32 probability, in shards of a Slurm array, one of them killed and
// run again with its state, has the same report as in one piece, byte for byte.
func TestShardsOfASweep(t *testing.T) {
	if os.Getenv("LOSSPROOF_FULL") == "" {
		t.Skip("it takes minutes: make deploy-check runs it")
	}
	dir := t.TempDir()
	args := []string{"sweep", "--module", "BCELoss", "--points", "0"}
	whole := filepath.Join(dir, "whole.json")
	finished(t, shard(t, "", append(args, "--json", whole)...))
	const n = 3
	var files []string
	for i := 1; i <= n; i++ {
		state := filepath.Join(dir, fmt.Sprintf("%d.state", i))
		files = append(files, state)
		process := func() *exec.Cmd {
			return shard(t, fmt.Sprintf("SLURM_ARRAY_TASK_ID=%d LOSSPROOF_SHARDS=%d", i, n), append(args, "--shard", "auto", "--state", state)...)
		}
		if i == 2 {
			killed(t, process(), state)
			check(t, command("merge", files[0], state), exitUsage, "stderr:missing: shard 3/3", "stderr:shard 2/3 is not done")
		}
		finished(t, process())
	}
	merged := filepath.Join(dir, "merged.json")
	check(t, command(append([]string{"merge", "--json", merged}, files...)...), exitConformant)
	got, err := os.ReadFile(merged)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%.3000s\nwant\n%.3000s", got, want)
	}
}

func TestMergeRefusesWrongUse(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	state, result := file("state", `{"lossproof_sweep": 5}`), file("result", "{}")
	for _, test := range []struct {
		want string
		args []string
	}{
		{"there is no FILE", nil},
		{"there is no FILE", []string{"--", "port"}},
		{"--jobs: there is no command", []string{"--jobs", "2", result}},
		{"have no causes", []string{state, "--", "port"}},
		{"no-such.json", []string{filepath.Join(dir, "no-such.json")}},
		{"no result of a run", []string{result}},
		{"--plot and --page are of a sweep", []string{"--plot", filepath.Join(dir, "x.svg"), result}},
		{"--junit, --markdown and --badge are of a run", []string{"--junit", filepath.Join(dir, "x.xml"), state}},
		{"got format 5 of the state", []string{state}},
	} {
		check(t, command(append([]string{"merge"}, test.args...)...), exitUsage, "stderr:"+test.want)
	}
	check(t, command("run", "--shard", "auto"), exitUsage, "stderr:--shard: found none of the variables TEST_SHARD_INDEX (Bazel)")
}
