package outfile_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"lossproof/internal/outfile"
)

// write makes a file.
func write(t *testing.T, name, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
}

// link makes a symbolic link, where there are some.
func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Skip(err)
	}
}

// checkFolder checks that a folder has these files, and no others.
func checkFolder(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if _, ok := want[entry.Name()]; !ok {
			t.Errorf("%s is left", entry.Name())
		}
	}
	for name, content := range want {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != content {
			t.Errorf("%s: got %q, %v; want %q", name, got, err, content)
		}
	}
}

// checkError checks that err names what is wrong.
func checkError(t *testing.T, err error, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q in it", err, want)
		}
	}
}

func TestPut(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "old"), "made before", 0o640)
	var paths outfile.Paths
	old, err := paths.Output("--old", filepath.Join(dir, "old"), func(begin []byte) bool { return bytes.HasPrefix(begin, []byte("made")) })
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := paths.Output("--new", filepath.Join(dir, "new"), nil)
	if err != nil {
		t.Fatal(err)
	}
	// A run that fails here leaves all as it was.
	checkFolder(t, dir, map[string]string{"old": "made before"})
	for _, content := range []string{"draft", "whole"} {
		for _, file := range []*outfile.File{old, fresh} {
			if err := file.Draft([]byte(content)); err != nil {
				t.Fatal(err)
			}
		}
	}
	checkFolder(t, dir, map[string]string{"old": "whole", "new": "whole"})
	if info, err := os.Stat(filepath.Join(dir, "old")); err != nil || info.Mode().Perm()&0o700 != 0o600 || info.Mode().Perm()&0o007 != 0 && os.PathSeparator == '/' {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
}

// TestLinks: a link stays, and what it leads to is written.
func TestLinks(t *testing.T) {
	dir, target := t.TempDir(), t.TempDir()
	write(t, filepath.Join(target, "there"), "before", 0o600)
	link(t, filepath.Join(target, "there"), filepath.Join(dir, "link"))
	link(t, filepath.Join(target, "missing"), filepath.Join(dir, "dangling"))
	link(t, "loop", filepath.Join(dir, "loop"))
	var paths outfile.Paths
	for _, name := range []string{"link", "dangling"} {
		file, err := paths.Output("--x", filepath.Join(dir, name), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Put([]byte(name)); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Readlink(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	checkFolder(t, target, map[string]string{"there": "link", "missing": "dangling"})
	_, err := paths.Output("--x", filepath.Join(dir, "loop"), nil)
	checkError(t, err, "--x: ", "loop")
}

// TestNoTwoPathsAreOneFile, in whatever way they lead there.
func TestNoTwoPathsAreOneFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "b.json")
	write(t, name, "{}", 0o600)
	link(t, name, filepath.Join(dir, "link"))
	link(t, dir, filepath.Join(dir, "folder"))
	if err := os.Link(name, filepath.Join(dir, "hard")); err != nil {
		t.Skip(err)
	}
	link(t, filepath.Join(dir, "new"), filepath.Join(dir, "to-new"))
	for _, pair := range [][2]string{
		{"b.json", "b.json"}, {"b.json", "link"}, {"hard", "b.json"}, {"folder/b.json", "b.json"}, {"new", "folder/new"}, {"to-new", "new"},
	} {
		var paths outfile.Paths
		if err := paths.Input("--baseline", filepath.Join(dir, pair[0])); err != nil {
			t.Fatal(err)
		}
		_, err := paths.Output("--json", filepath.Join(dir, pair[1]), nil)
		checkError(t, err, "--json: ", pair[1]+" is the file of --baseline too, want another")
	}
	var paths outfile.Paths
	for _, flag := range []string{"--json", "--junit"} {
		if _, err := paths.Output(flag, os.DevNull, nil); err != nil {
			t.Errorf("%s twice: %v", os.DevNull, err)
		}
	}
	if got, err := os.ReadFile(name); err != nil || string(got) != "{}" {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestRefused: what cannot or must not be written is found before anything is.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "README.md"), "# Mine", 0o600)
	write(t, filepath.Join(dir, "empty"), "", 0o600)
	made := func(begin []byte) bool { return begin[0] == '{' }
	for name, want := range map[string]string{
		"README.md": "README.md has something that is not of this kind, and would be lost", ".": "is a folder, want a file", "no/folder": "no",
	} {
		var paths outfile.Paths
		_, err := paths.Output("--json", filepath.Join(dir, name), made)
		checkError(t, err, "--json: ", want)
	}
	var paths outfile.Paths
	_, err := paths.Output("--json", "", made)
	checkError(t, err, "--json: got an empty name, want a file")
	if _, err := paths.Output("--json", filepath.Join(dir, "empty"), made); err != nil {
		t.Error(err)
	}
	checkFolder(t, dir, map[string]string{"README.md": "# Mine", "empty": ""})
}

// TestStreams: what is redirected to the run's own output is not cut.
func TestStreams(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "log")
	stdout, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	paths := outfile.Paths{Streams: []*os.File{stdout}}
	file, err := paths.Output("--json", name, nil)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(stdout, "before")
	if err := file.Draft([]byte("draft\n")); err != nil {
		t.Fatal(err)
	}
	if err := file.Put([]byte("result\n")); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(stdout, "after")
	checkFolder(t, dir, map[string]string{"log": "before\nresult\nafter\n"})
}

func TestAppendAndOpen(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "summary"), "first\n", 0o600)
	write(t, filepath.Join(dir, "trace"), "old", 0o600)
	var paths outfile.Paths
	file, err := paths.Append("--markdown", filepath.Join(dir, "summary"))
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Put([]byte("second\n")); err != nil {
		t.Fatal(err)
	}
	if file, err = paths.Output("--trace", filepath.Join(dir, "trace"), nil); err != nil {
		t.Fatal(err)
	}
	w, err := file.Open()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, "a")
	checkFolder(t, dir, map[string]string{"summary": "first\nsecond\n", "trace": "a"})
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

// TestFolder: a folder is written into where there is nothing, and left as it was where that fails.
func TestFolder(t *testing.T) {
	root := fstest.MapFS{"README.md": {Data: []byte("page")}, "data/a/b": {Data: []byte("b")}, "data/z": {Data: []byte("z")}}
	place := func(name string) string { return strings.TrimPrefix(name, "data/") }
	dir := t.TempDir()
	for _, to := range []string{dir, filepath.Join(dir, "new/below")} {
		if err := outfile.Folder(to, root, place); err != nil {
			t.Fatal(err)
		}
		checkFolder(t, filepath.Join(to, "a"), map[string]string{"b": "b"})
		if err := os.RemoveAll(filepath.Join(to, "a")); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"z", "README.md"} {
			if err := os.Remove(filepath.Join(to, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "new")); err != nil {
		t.Fatal(err)
	}
	broken := func(name string) string {
		if name == "data/z" {
			return "README.md/z" // which is a file
		}
		return place(name)
	}
	for _, to := range []string{dir, filepath.Join(dir, "new/below")} {
		if err := outfile.Folder(to, root, broken); err == nil {
			t.Error("got no error")
		}
		checkFolder(t, dir, nil)
	}
	t.Chdir(dir)
	checkError(t, outfile.Folder("", root, place), "got an empty name, want a new or an empty folder")
	checkFolder(t, dir, nil)
	write(t, "mine", "mine", 0o600)
	checkError(t, outfile.Folder(dir, root, place), dir+" is not empty (it has mine): want a new or an empty folder")
	checkError(t, outfile.Folder("mine", root, place), "mine: want a new or an empty folder")
	checkFolder(t, dir, map[string]string{"mine": "mine"})
}

// TestUpdate: of runs that update one file at a time, one succeeds, and the others say that they did not.
func TestUpdate(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "baseline.json")
	for _, was := range [][]byte{nil, []byte("0")} {
		var wait sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wait.Go(func() {
				var paths outfile.Paths
				file, err := paths.Output("--baseline", name, nil)
				if err == nil {
					err = file.Update(was, fmt.Append(nil, "run ", i))
				}
				errs[i] = err
			})
		}
		wait.Wait()
		var won []int
		for i, err := range errs {
			if err == nil {
				won = append(won, i)
			} else {
				checkError(t, err, "--baseline: ", "was changed by another")
			}
		}
		if len(won) != 1 {
			t.Fatalf("%d updates succeeded, want 1: %v", len(won), errs)
		}
		checkFolder(t, dir, map[string]string{"baseline.json": fmt.Sprint("run ", won[0])})
		write(t, name, "0", 0o600)
	}
}
