//go:build unix

package infile_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"lossproof/internal/infile"
)

// TestPipe: a pipe is read where something writes to it, and waited for until the run is interrupted.
func TestPipe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	read := make(chan error, 1)
	go func() {
		_, err := infile.Read(ctx, name)
		read <- err
	}()
	cancel()
	if err := <-read; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	writer, err := os.OpenFile(name, os.O_RDWR, 0) // does not wait
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	go func() { // it has been opened, and nothing comes
		_, err := infile.Read(ctx, name)
		read <- err
	}()
	cancel()
	if err := <-read; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
}
