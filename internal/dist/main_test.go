package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestPack(t *testing.T) {
	tree := fstest.MapFS{
		"b/data.npy":    {Data: []byte("array"), ModTime: time.Now(), Mode: 0o600},
		"manifest.json": {Data: []byte("{}")},
		"a.txt":         {Data: nil},
	}
	var first, second bytes.Buffer
	if err := errors.Join(pack(&first, tree, "top"), pack(&second, tree, "top")); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two archives of one tree differ")
	}
	zipped, err := gzip.NewReader(&first)
	if err != nil {
		t.Fatal(err)
	}
	var listing strings.Builder
	for archive := tar.NewReader(zipped); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&listing, "%s %o %s %d %q %s\n", header.Name, header.Mode, header.ModTime.UTC().Format(time.DateOnly), header.Uid, header.Uname, data)
	}
	const want = `top/ 755 1980-01-01 0 "" 
top/a.txt 644 1980-01-01 0 "" 
top/b/ 755 1980-01-01 0 "" 
top/b/data.npy 644 1980-01-01 0 "" array
top/manifest.json 644 1980-01-01 0 "" {}
`
	if listing.String() != want {
		t.Errorf("got\n%swant\n%s", listing.String(), want)
	}
}

// TestLicenses: the licence of each module that is linked is there, and that of Go.
func TestLicenses(t *testing.T) {
	t.Chdir("../..")
	text, err := licenses()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"lossproof ", "Apache License", "Go, its library and runtime, LICENSE", "Copyright 2009 The Go Authors", "github.com/spf13/cobra v", "github.com/inconshreveable/mousetrap v"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("want %q in it", want)
		}
	}
	if strings.Contains(string(text), "onsi/gomega v") {
		t.Error("it has the licence of what is not linked")
	}
}

func TestSums(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"lossproof-b", "lossproof-a"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeSums(dir, []string{"lossproof-b", "lossproof-a"}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, sums))
	want := fmt.Sprintf("%x  lossproof-a\n%x  lossproof-b\n", sha256.Sum256([]byte("lossproof-a")), sha256.Sum256([]byte("lossproof-b")))
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if err := clear(dir); err != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("%d files are left, %v", len(entries), err)
	}
	if err := os.WriteFile(filepath.Join(dir, "thesis.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := clear(dir); err == nil || !strings.Contains(err.Error(), "thesis.txt, which is not of a release") {
		t.Errorf("got error %v", err)
	}
}
