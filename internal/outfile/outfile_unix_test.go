//go:build unix

package outfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"lossproof/internal/outfile"
)

// TestPipe: a pipe is written to once, and one that nobody reads is an error at once.
func TestPipe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Skip(err)
	}
	var paths outfile.Paths
	_, err := paths.Output("--json", name, nil)
	checkError(t, err, "--json: ", name)
	reader, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	file, err := new(outfile.Paths).Output("--json", name, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Draft([]byte("draft")); err != nil {
		t.Fatal(err)
	}
	if err := file.Put([]byte("whole")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 100)
	if n, err := reader.Read(got); err != nil || string(got[:n]) != "whole" {
		t.Errorf("got %q, %v", got[:n], err)
	}
}

// TestReadOnly: who may not write to a file does not replace it, and a full disk leaves what there was.
func TestReadOnly(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "result.json")
	write(t, name, "{}", 0o400)
	_, err := new(outfile.Paths).Output("--json", name, nil)
	checkError(t, err, "permission denied")
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700) //nolint:errcheck // so that it can be removed
	_, err = new(outfile.Paths).Output("--json", filepath.Join(dir, "new"), nil)
	checkError(t, err, "permission denied")
}

// TestFull: what cannot be written whole leaves what there was, and nothing beside it.
func TestFull(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "result.json")
	write(t, name, "{}", 0o600)
	file, err := new(outfile.Paths).Output("--json", name, nil)
	if err != nil {
		t.Fatal(err)
	}
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	limit := was
	limit.Cur = 1 << 20
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Skip(err)
	}
	err = file.Put([]byte(strings.Repeat("x", 2<<20)))
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	checkError(t, err, "--json: ", "file too large")
	checkFolder(t, dir, map[string]string{"result.json": "{}"})
}
