//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestModulePath: with a host, pages and the action name the action that is there, and nothing says that there is no host.
func TestModulePath(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("there is no make")
	}
	dir := t.TempDir()
	files := []string{"Makefile", "go.mod", "action.yml", "README.md", "docs/python.md", "docs/writing-a-port.md", "internal/version/version.go", "examples/check/go.mod", "examples/check/bce.go", "ports/gomlx/go.mod"}
	read := func(name string) string {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	for _, name := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(read(filepath.Join("../..", name))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for path, uses := range map[string]string{"github.com/someone/lossproof": "someone/lossproof@v", "example.org/someone/lossproof": "./lossproof"} {
		cmd := exec.CommandContext(t.Context(), "make", "module-path", "P="+path)
		cmd.Dir = dir
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", path, err, text)
		}
		for name, want := range map[string]string{
			"action.yml": "- uses: " + uses, "docs/python.md": "\n- uses: " + uses, "docs/writing-a-port.md": "- uses: " + uses,
			"go.mod": "module " + path + "\n", "README.md": "\t\"" + path + "/loss\"\n", "examples/check/go.mod": "replace " + path + " =>", "ports/gomlx/go.mod": path,
		} {
			if got := read(filepath.Join(dir, name)); !strings.Contains(got, want) || strings.Contains(got, "no host yet") {
				t.Errorf("%s: %s lacks %q, or says that there is no host", path, name, want)
			}
		}
	}
}
