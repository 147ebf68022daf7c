//go:build unix

package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lossproof/internal/corpus"
	"lossproof/internal/matrix"
	"lossproof/judge"
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

// TestOnlyChecks: the answers that a row had are judged anew, and its errors along the logits stay, but for a port or a claim
// that is another.
func TestOnlyChecks(t *testing.T) {
	if testing.Short() {
		t.Skip("it judges a whole port: make test-long runs it")
	}
	root := t.TempDir()
	dir := filepath.Join(root, "ports", "one")
	file(t, root, "fixtures/data/manifest.sha256", "1")
	const program = `import json, sys
for line in sys.stdin:
    request = json.loads(line)
    if request["cmd"] == "hello":
        print(json.dumps({"protocol": 1, "port": {"name": "refuses", "version": "1", "language": "python", "language_version": "3"},
                          "modules": {"BCELoss": {"dtypes": ["float32"], "outputs": ["loss"]}}}), flush=True)
    elif request["cmd"] == "bye":
        break
    else:
        print(json.dumps({"id": request["id"], "rejected": {"kind": "value", "message": "all"}}), flush=True)
`
	file(t, dir, "port.py", program)
	p := port{Name: "one", Implementation: "one", Run: []string{"python3", "port.py"}, Version: []string{"echo", "1"}}
	m := maker{done: filepath.Join(root, "done"), lossproof: "false", timeout: time.Minute}
	row := func() (*matrix.Row, error) { return m.row(t.Context(), dir, p, corpus.Whole(t)) }
	was, err := row()
	if err != nil {
		t.Fatal(err)
	}
	was.Curves = []matrix.Curve{{Module: "BCELoss", Output: "loss", Step: 1, ULP: []judge.Number{1}}}
	if err := write(filepath.Join(dir, "matrix.json"), was); err != nil {
		t.Fatal(err)
	}
	file(t, m.done, "one/parity.json", "of another lossproof")
	m.checksOnly = true
	is, err := row()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(was, is); diff != "" {
		t.Errorf("the row is another (-want +got):\n%s", diff)
	}
	file(t, dir, "port.py", strings.Replace(program, "float32", "float64", 1))
	if _, err := row(); err == nil || !strings.Contains(err.Error(), "want the dtypes and outputs that matrix.json has") {
		t.Errorf("another claim: got %v", err)
	}
}
