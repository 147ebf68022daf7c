//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lossproof/internal/version"
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

// TestAction runs the steps of action.yml as a runner does, with a pip that installs the test executable.
func TestAction(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes: make test-long runs it")
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
	// A pip that installs this program.
	fake := t.TempDir()
	pip := "#!/bin/bash\necho \"$@\" >\"$RUNNER_TEMP/pip\"\nwhile [ \"$1\" != --target ]; do shift; done\nmkdir -p \"$2/bin\"\n" +
		"printf '#!/bin/bash\\nexec env " + commandVariable + "=1 " + os.Args[0] + " \"$@\"\\n' >\"$2/bin/lossproof\"\nchmod +x \"$2/bin/lossproof\"\n"
	if err := os.WriteFile(filepath.Join(fake, "python3"), []byte(pip), 0o755); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	path := "PATH=" + fake + ":" + os.Getenv("PATH")
	release := t.TempDir() // of the action, not of a clone that is no release
	if err := os.MkdirAll(filepath.Join(release, "internal", "version"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(release, "internal", "version", "version.go"), []byte("const Tool = \"1.2.3\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	own := checkout + "/python"
	if !strings.HasSuffix(version.Tool, "-dev") {
		own = "lossproof==" + version.Tool
	}
	for _, test := range []struct{ checkout, pkg, want string }{
		{checkout, "", " " + own}, {release, "", " lossproof==1.2.3"}, {checkout, "dist/a wheel.whl", " dist/a wheel.whl"},
	} {
		pkg, want := test.pkg, test.want
		output, code := step(steps[0], "CHECKOUT="+test.checkout, "PACKAGE="+pkg, path)
		args, err := os.ReadFile(filepath.Join(temporary, "pip"))
		if code != 0 || err != nil || !strings.HasSuffix(string(args), want+"\n") {
			t.Fatalf("the installation of %q: exit code %d, pip got %q, want %q\n%s", pkg, code, args, want, output)
		}
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
