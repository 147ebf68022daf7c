//go:build unix

package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossproof/ports"
	"lossproof/ports/process"
	"lossproof/tensor"
)

// TestRemember: what was answered before a run was stopped is not asked again, and a line that was not finished
// is forgotten alone.
func TestRemember(t *testing.T) {
	ctx := context.Background()
	call := func(module string) ports.Call {
		x, err := tensor.New(tensor.Float32, []int{1}, []byte{0, 0, 0x80, 0x3f})
		if err != nil {
			t.Fatal(err)
		}
		return ports.Call{Module: module, Inputs: map[string]tensor.Tensor{ports.Input: x, ports.Target: x}, Want: []string{ports.Loss}}
	}
	// It answers each request by the number of those before it, and refuses every third.
	port := filepath.Join(t.TempDir(), "port.py")
	program := `import json, sys
n = 0
for line in sys.stdin:
    request = json.loads(line)
    if request["cmd"] == "hello":
        print(json.dumps({"protocol": 1, "port": {"name": "counts", "version": "1", "language": "python", "language_version": "3"},
                          "modules": {"BCELoss": {"dtypes": ["float32"], "outputs": ["loss"]}}}), flush=True)
        continue
    if request["cmd"] == "bye":
        break
    n += 1
    answer = {"outputs": {"loss": {"dtype": "uint8", "shape": [], "data": ["AA==", "AQ==", "Ag==", "Aw=="][n]}}}
    if n == 3:
        answer = {"rejected": {"kind": "value", "message": "the third"}}
    print(json.dumps({"id": request["id"], **answer}), flush=True)
`
	if err := os.WriteFile(port, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "answers.jsonl")
	answers := func(modules ...string) []ports.Answer {
		child, err := process.New(process.Options{Command: []string{"python3", port}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = child.Close() }()
		r, err := remember(child, name)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.file.Close() }()
		var list []ports.Answer
		for _, module := range modules {
			answer, err := r.Evaluate(ctx, call(module))
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, answer)
		}
		return list
	}

	first := answers("BCELoss", "CrossEntropyLoss", "BCEWithLogitsLoss")
	if first[2].Rejected == nil {
		t.Fatalf("got %v, want a refusal", first[2])
	}
	again := answers("BCEWithLogitsLoss", "CrossEntropyLoss", "BCELoss")
	if diff := cmp.Diff([]ports.Answer{first[2], first[1], first[0]}, again); diff != "" {
		t.Errorf("what was asked before was asked again (-first +again):\n%s", diff)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text[:len(text)-10], 0o600); err != nil {
		t.Fatal(err)
	}
	again = answers("BCELoss", "CrossEntropyLoss", "BCEWithLogitsLoss", "MultiLabelSoftMarginLoss", "BCEWithLogitsLoss")
	want := []ports.Answer{first[0], first[1], first[0], first[1], first[0]}
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("after a line without its end (-want +got):\n%s", diff)
	}
	if last := answers("MultiLabelSoftMarginLoss"); !cmp.Equal(last[0], first[1]) {
		t.Errorf("got %v, want what was added after it", last[0])
	}
}
