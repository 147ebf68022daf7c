package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lossproof/internal/testports"
	"lossproof/judge"
)

// files reads a folder.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		found[entry.Name()] = string(text)
	}
	return found
}

// readResult reads a result file, complete or not.
func readResult(t *testing.T, name string) *judge.Result {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var result judge.Result
	if err := json.Unmarshal(data, &result); err != nil {
		t.Fatal(err)
	}
	return &result
}

// TestNothingOfTheUserIsOverwritten: a run whose flags would replace an input, another output or
// what lossproof did not write says so before it asks anything, and leaves all files as they are.
func TestNothingOfTheUserIsOverwritten(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	check(t, against(t, testports.Port{}, "run", "--select", someCases, "--baseline", in("b.json"), "--update-baseline=add"), 0)
	for name, text := range map[string]string{"README.md": "# Mine\n", "a.jsonl": `{"protocol":1,"port":{"name":"x"},"modules":{}}`} {
		if err := os.WriteFile(in(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(in("b.json"), in("link.json")); err != nil {
		t.Skip(err)
	}
	before := files(t, dir)
	run := []string{"run", "--select", someCases}
	for _, test := range []struct {
		args []string
		want string
	}{
		{append(run, "--baseline", in("b.json"), "--json", in("b.json")), "b.json is the file of --baseline too"},
		{append(run, "--baseline", in("b.json"), "--json", in("link.json")), "link.json is the file of --baseline too"},
		{[]string{"judge", in("a.jsonl"), "--select", someCases, "--json", in("a.jsonl")}, "a.jsonl is the file of FILE too"},
		{append(run, "--json", in("b.json")), "b.json has something that is not of this kind"},
		{append(run, "--json", in("new"), "--junit", in("new")), "--junit: " + in("new") + " is the file of --json too"},
		{append(run, "--badge", in("README.md")), "README.md has something that is not of this kind"},
		{append(run, "--markdown", in("README.md")), "README.md has something that is not of this kind"},
		{append(run, "--trace", in("README.md"), "--", "true"), "README.md has something that is not of this kind"},
		{append(run, "--trace", in("new"), "--json", in("new"), "--", "true"), "--json: " + in("new") + " is the file of --trace too"},
		{append(run, "--json", dir), "is a folder, want a file"},
		{append(run, "--junit", in("none/junit.xml")), "--junit: "},
	} {
		check(t, against(t, testports.Port{}, test.args...), exitUsage, "stderr:"+test.want)
	}
	after := files(t, dir)
	delete(after, "new") // an empty trace
	if len(after) != len(before) {
		t.Errorf("got the files %v, before %v", len(after), len(before))
	}
	for name, text := range before {
		if after[name] != text {
			t.Errorf("%s has become %.200q", name, after[name])
		}
	}
}

// TestAFailedRunLeavesTheOldOutputs: JUnit, Markdown and badge are those of the run before, or whole.
func TestAFailedRunLeavesTheOldOutputs(t *testing.T) {
	dir := t.TempDir()
	outputs := func(more ...string) []string {
		args := []string{"run", "--select", someCases}
		for _, format := range []string{"junit", "markdown", "badge"} {
			args = append(args, "--"+format, filepath.Join(dir, format))
		}
		return append(args, more...)
	}
	check(t, against(t, testports.Port{}, outputs("--json", filepath.Join(dir, "json"))...), 0)
	before := files(t, dir)
	if len(before) != 4 {
		t.Fatalf("there are %d files", len(before))
	}
	check(t, against(t, testports.Port{}, outputs("--", "there/is/no/such/port")...), exitPort)
	check(t, against(t, testports.Port{}, outputs("--json", filepath.Join(dir, "none", "json"))...), exitUsage)
	for name, text := range files(t, dir) {
		if before[name] != text {
			t.Errorf("%s has become %.200q", name, text)
		}
	}
	check(t, against(t, testports.Zeros, outputs()...), exitNotConformant)
	after := files(t, dir)
	for _, name := range []string{"junit", "markdown", "badge"} {
		if after[name] == before[name] {
			t.Errorf("%s is that of the run before", name)
		}
	}
	if len(after) != 4 {
		t.Errorf("there are %d files", len(after))
	}
}

// TestStepSummary: two runs in one step of a CI job both stand in its summary.
func TestStepSummary(t *testing.T) {
	name := filepath.Join(t.TempDir(), "summary")
	if err := os.WriteFile(name, []byte("# The job\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GITHUB_STEP_SUMMARY", name)
	for range 2 {
		check(t, against(t, testports.Port{}, "run", "--select", someCases, "--markdown", name), 0)
	}
	text, err := os.ReadFile(name)
	if err != nil || !strings.HasPrefix(string(text), "# The job\n") || strings.Count(string(text), "lossproof: ") != 2 {
		t.Errorf("got %s, %v", text, err)
	}
}

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestAFullStdoutIsAnError, of every command.
func TestAFullStdoutIsAnError(t *testing.T) {
	for _, args := range [][]string{
		{"version"}, {"--version"}, {"help"}, {"help", "run"}, {"run", "--help"}, {"init", "python", filepath.Join(t.TempDir(), "new")},
		{"fixtures", "verify"}, {"list"}, {"show", blog}, {"explain", "BCEWL-FORMULA"}, {"run", "--select", someCases},
	} {
		var stderr bytes.Buffer
		p := &program{stdin: strings.NewReader(""), stdout: full{}, stderr: &stderr, port: testports.Port{}, open: openSet}
		if code := p.main(t.Context(), args); code != exitUsage || !strings.Contains(stderr.String(), "no space left on device") {
			t.Errorf("%q: exit code %d, %s", args, code, stderr.String())
		}
	}
}
