// Command pack builds the losses for the page of curves, and writes them with Go's own script that
// runs them as one script: a page that is opened from the disk may load scripts, but fetch nothing.
//
//	go run ./internal/site/wasm/pack -o dist/curves-data.js
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// maxScript bounds what the page loads, in bytes.
const maxScript = 3_000_000

func main() {
	out := flag.String("o", "", "the `file` to write")
	flag.Parse()
	if err := pack(*out); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func pack(out string) error {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	runner, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "lossproof-wasm-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program := filepath.Join(dir, "losses.wasm")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "./internal/site/wasm")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("go build: %w", err)
	}
	wasm, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(wasm); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	script := fmt.Sprintf("%s\nconst lossproofWasm = %q;\n", runner, base64.StdEncoding.EncodeToString(packed.Bytes()))
	if len(script) > maxScript {
		return fmt.Errorf("the script has %d bytes, want at most %d", len(script), maxScript)
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(out, []byte(script), 0o644); err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes of WebAssembly, %d in the script\n", out, len(wasm), len(script))
	return nil
}
