package skeleton_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossproof/ports/skeleton"
)

// built are the folders that a skeleton makes when it is built or run where it lies.
var built = []string{".venv", ".ruff_cache", "__pycache__", "node_modules", "target"}

// tree returns the files below dir by their paths.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(built, entry.Name()):
			return filepath.SkipDir
		case entry.IsDir():
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		found[filepath.ToSlash(name)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestLanguages(t *testing.T) {
	want := []string{"javascript", "python", "rust"}
	if diff := cmp.Diff(want, skeleton.Languages()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Everything in the folder of a skeleton is written, dotfiles and lock files included.
func TestWrite(t *testing.T) {
	for _, language := range skeleton.Languages() {
		t.Run(language, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a", "new", "folder")
			if err := skeleton.Write(language, dir); err != nil {
				t.Fatal(err)
			}
			want := tree(t, language)
			for _, name := range []string{"README.md", ".gitignore", ".github/workflows/conformance.yml"} {
				if want[name] == "" {
					t.Errorf("the skeleton has no %s", name)
				}
			}
			if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestWriteToAnEmptyFolder(t *testing.T) {
	dir := t.TempDir()
	if err := skeleton.Write("python", dir); err != nil {
		t.Fatal(err)
	}
	if len(tree(t, dir)) == 0 {
		t.Error("nothing was written")
	}
}

func TestWriteRefuses(t *testing.T) {
	full := t.TempDir()
	file := filepath.Join(full, "notes.txt")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(t.TempDir(), "fresh")
	for _, test := range []struct {
		name, language, dir string
		want                []string
	}{
		{"a folder with a file", "rust", full, []string{full, "not empty", "notes.txt"}},
		{"a file", "rust", file, []string{file, "want a new or an empty folder"}},
		{"an empty name", "python", "", []string{"got an empty name, want a new or an empty folder"}},
		{"a misspelt language", "pyhton", fresh, []string{`"pyhton"`, `did you mean "python"?`, "javascript, python, rust"}},
		{"another language", "cobol", fresh, []string{`"cobol"`, "javascript, python, rust"}},
		{"no language", "", fresh, []string{`""`, "javascript, python, rust"}},
		{"a path", "../skeleton/python", fresh, []string{"../skeleton/python", "javascript, python, rust"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := skeleton.Write(test.language, test.dir)
			if err == nil {
				t.Fatal("got no error")
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("got the error %q, want one with %q", err, part)
				}
			}
		})
	}
	if _, err := os.Stat(fresh); !os.IsNotExist(err) {
		t.Errorf("a refused call made %s", fresh)
	}
	if diff := cmp.Diff(map[string]string{"notes.txt": "mine"}, tree(t, full)); diff != "" {
		t.Errorf("a refused call changed a folder: -want +got:\n%s", diff)
	}
}

// What init prints is what the README of the skeleton says.
func TestSteps(t *testing.T) {
	for _, language := range skeleton.Languages() {
		all := func(string) bool { return true }
		steps := skeleton.Steps(language, all)
		if len(steps) == 0 {
			t.Errorf("%s: no steps", language)
		}
		files := tree(t, language)
		readme := files["README.md"]
		without := skeleton.Steps(language, func(program string) bool { return program != "uv" })
		if pinned := strings.Contains(files["pyproject.toml"], `dependencies = ["ml-dtypes==0.5.4", "numpy==2.4.6"]`); language == "python" && (slices.Contains(without, steps[0]) || !pinned) {
			t.Errorf("without uv: %q", without)
		}
		for _, step := range append(without, steps...) {
			if !strings.Contains(readme, "\n    "+step+"\n") {
				t.Errorf("%s: the README does not say %q", language, step)
			}
		}
		if _, command, ok := strings.Cut(steps[len(steps)-1], " -- "); !ok || !strings.Contains(tree(t, language)[".github/workflows/conformance.yml"], command) {
			t.Errorf("%s: the workflow does not run %q", language, command)
		}
	}
	if steps := skeleton.Steps("cobol", func(string) bool { return true }); steps != nil {
		t.Errorf("an unknown language: got %q, want nothing", steps)
	}
}
