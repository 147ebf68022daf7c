package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lossproof/ports/skeleton"
)

func TestInit(t *testing.T) {
	for _, language := range skeleton.Languages() {
		dir := filepath.Join(t.TempDir(), "port")
		got := command("init", language, dir)
		if got.code != exitConformant {
			t.Fatalf("%s: exit code %d: %s", language, got.code, got.stderr)
		}
		if _, err := os.Stat(filepath.Join(dir, "README.md")); err != nil {
			t.Error(err)
		}
		for _, step := range append([]string{"cd " + dir}, skeleton.Steps(language, inPath)...) {
			if !strings.Contains(got.stdout, "\n  "+step+"\n") {
				t.Errorf("%s: stdout does not say %q:\n%s", language, step, got.stdout)
			}
		}
	}
}

func TestInitRefuses(t *testing.T) {
	full := t.TempDir()
	if err := os.Mkdir(filepath.Join(full, "src"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"init"}, "lossproof init takes a LANG (javascript, python, rust) and a DIR, got 0 arguments"},
		{[]string{"init", "python"}, "got 1 argument"},
		{[]string{"init", "pyton", filepath.Join(full, "new")}, `there is no skeleton in "pyton", did you mean "python"?`},
		{[]string{"init", "python", full}, "is not empty (it has src): want a new or an empty folder"},
	} {
		got := command(test.args...)
		if got.code != exitUsage {
			t.Errorf("%q: exit code %d, want %d", test.args, got.code, exitUsage)
		}
		if !strings.Contains(got.stderr, test.want) {
			t.Errorf("%q: stderr is %q, want %q in it", test.args, got.stderr, test.want)
		}
		if got.stdout != "" {
			t.Errorf("%q: stdout is %q, want nothing", test.args, got.stdout)
		}
	}
}
