//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// scripts returns what the steps of an action run, in their order: the blocks of "run: |".
func scripts(t *testing.T, name string) []string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var scripts []string
	inside := false
	for _, line := range strings.SplitAfter(string(data), "\n") {
		switch {
		case strings.TrimSpace(line) == "run: |":
			inside = true
			scripts = append(scripts, "")
		case inside && strings.HasPrefix(line, "        "):
			scripts[len(scripts)-1] += strings.TrimPrefix(line, "        ")
		default:
			inside = false
		}
	}
	return scripts
}

// TestAction runs the steps of action.yml as a runner does, but for the installation of Go.
func TestAction(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes under the race detector")
	}
	steps := scripts(t, "../../action.yml")
	if len(steps) != 2 {
		t.Fatalf("%d steps, want 2", len(steps))
	}
	checkout, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	temporary := t.TempDir()
	step := func(script string, variables ...string) (output string, code int) {
		cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
		cmd.Dir = temporary
		cmd.Env = append(os.Environ(), append(variables, "RUNNER_TEMP="+temporary, "GITHUB_ACTIONS=true",
			"GITHUB_STEP_SUMMARY="+filepath.Join(temporary, "summary.md"), "GITHUB_OUTPUT="+filepath.Join(temporary, "output"))...)
		data, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil {
			t.Fatal(err)
		}
		return string(data), cmd.ProcessState.ExitCode()
	}
	if output, code := step(steps[0], "CHECKOUT="+checkout, "CGO_ENABLED=0"); code != 0 {
		t.Fatalf("the build: exit code %d\n%s", code, output)
	}
	inputs := func(command, arguments string) []string {
		return []string{"COMMAND=" + command, "LEVEL=parity", "BASELINE=", "ARGUMENTS=" + arguments, "RESULT=result.json", "JUNIT=junit.xml", "BADGE=badge.json"}
	}
	const few = " --select\n*/blog_example/*"
	output, code := step(steps[1], inputs(`"$RUNNER_TEMP/lossproof" port`, "--timeout 30s"+few)...)
	if code != 0 {
		t.Errorf("a right port: exit code %d\n%s", code, output)
	}
	for file, want := range map[string]string{
		"summary.md": "is conformant", "result.json": `"complete": true`, "junit.xml": "<testsuites", "badge.json": `"schemaVersion":1`, "output": "exit-code=0\n",
	} {
		if data, err := os.ReadFile(filepath.Join(temporary, file)); err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s: %v, want %q in\n%.500s", file, err, want, data)
		}
	}
	output, code = step(steps[1], inputs(`sed -u 's/"reduction":"mean"/"reduction":"sum"/' | "$RUNNER_TEMP/lossproof" port`, few)...)
	if code != 1 || !strings.Contains(output, "::error title=lossproof") {
		t.Errorf("a wrong port: exit code %d\n%s", code, output)
	}
	if output, code := step(steps[1], inputs("false", few)...); code != 3 {
		t.Errorf("no port: exit code %d\n%s", code, output)
	}
}
