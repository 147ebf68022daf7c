//go:build unix

package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestJudgeMemory: outputs that nobody asked for, hundreds of megabytes of them, are not kept.
func TestJudgeMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it writes many megabytes: make test-long runs it")
	}
	if runtime.GOOS != "linux" {
		t.Skip("the memory of a process is read from /proc")
	}
	selected := []string{"--select", "BCEWithLogitsLoss/weights/f32-*"}
	requests := command(append([]string{"requests"}, selected...)...)
	port := lossproof(t, "port")
	port.Stdin = strings.NewReader(requests.stdout)
	answers, err := port.Output()
	if err != nil {
		t.Fatal(err)
	}
	const megabytes = 4
	huge := map[string]any{"dtype": "float32", "shape": []int{megabytes << 18}, "data": base64.StdEncoding.EncodeToString(make([]byte, megabytes<<20))}
	name := filepath.Join(t.TempDir(), "answers.jsonl")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	written := 0
	for line := range bytes.Lines(answers) {
		var answer map[string]any
		if err := json.Unmarshal(line, &answer); err != nil {
			t.Fatal(err)
		}
		if outputs, ok := answer["outputs"].(map[string]any); ok {
			outputs["unwanted"] = huge
			written += megabytes
		}
		if err := json.NewEncoder(file).Encode(answer); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if written<<10 < maxMemory {
		t.Fatalf("%d MiB of outputs, want more than the limit", written)
	}
	checkMemory(t, lossproof(t, append(append([]string{"judge"}, selected...), name)...))
}
