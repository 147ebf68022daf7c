//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSweepOfAPort measures the built-in losses over the wire, by a sample: the same errors as
// in process, a histogram, and a plot.
func TestSweepOfAPort(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes: make test-long runs it")
	}
	t.Setenv(commandVariable, "1")
	dir := t.TempDir()
	svg, page := filepath.Join(dir, "errors.svg"), filepath.Join(dir, "page.md")
	text := "# Errors\n\n<!-- lossproof sweep of lossproof: begin -->\n<!-- lossproof sweep of lossproof: end -->\n"
	if err := os.WriteFile(page, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	check(t, command("sweep", "--plot", svg, "--page", page, "--", os.Args[0], "port"), 0,
		"a stratified sample, which proves nothing", "how often which error", "0.501878", "over the wire")
	written, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(written), "](errors.svg)") || !strings.Contains(string(written), "| loss, target 0 | 0.501878 |") {
		t.Errorf("the page is (%v)\n%s", err, written)
	}
	if drawn, err := os.ReadFile(svg); err != nil || !strings.Contains(string(drawn), "</svg>") {
		t.Errorf("no plot: %v", err)
	}
	check(t, command("sweep", "--module", "BCELoss", "--", os.Args[0], "port"), 0,
		"BCELoss of lossproof ", "a stratified sample, which proves nothing", "at the probability", "over the wire")
	for _, test := range []struct {
		want string
		args []string
	}{
		{"stderr:there is no command", []string{"sweep", "--all"}},
		{"stderr:exclude each other", []string{"sweep", "--all", "--sample", "--", os.Args[0], "port"}},
		{"stderr:go without a command", []string{"sweep", "--points", "5", "--", os.Args[0], "port"}},
	} {
		check(t, command(test.args...), 2, test.want)
	}
}

// TestSweepOfAPortByShard: --shard and --state measure a port at every logit of a part, not at a
// sample, and in calls of 1 Mi elements.
func TestSweepOfAPortByShard(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes: make test-long runs it")
	}
	t.Setenv(commandVariable, "1")
	dir := t.TempDir()
	state, log := filepath.Join(dir, "state"), filepath.Join(dir, "requests")
	// What is asked passes through a file on its way.
	port := []string{"--", "bash", "-c", `exec "$1" port < <(tee "$0")`, log, os.Args[0]}
	const part = "INCOMPLETE: 1 048 576 of the 4 294 967 296 float32 logits"
	first := command(append([]string{"sweep", "--shard", "1/4096", "--state", state}, port...)...)
	check(t, first, 0, part, "over the wire")
	sizes := callSizes(t, log)
	if sizes[1<<20] != 2 || len(sizes) != 2 {
		t.Errorf("got calls of these numbers of elements, and how many: %v, want 2 of %d and those of the fingerprint", sizes, 1<<20)
	}

	second := command(append([]string{"sweep", "--shard", "1/4096", "--state", state}, port...)...)
	check(t, second, 0, "stderr:100.0 % were done before")
	if first.stdout != second.stdout {
		t.Errorf("got\n%s\nthen\n%s", first.stdout, second.stdout)
	}
	if sizes := callSizes(t, log); sizes[1<<20] != 0 {
		t.Errorf("what was done before is asked again: %v", sizes)
	}
	check(t, command(append([]string{"sweep", "--shard", "2/4096", "--state", state}, port...)...), 2, "stderr:got shard 1/4096, want 2/4096")
	check(t, command(append([]string{"sweep", "--shard", "1/4096"}, port...)...), 0, part)
}

// callSizes counts the calls in a file of requests by their number of elements.
func callSizes(t *testing.T, name string) map[int]int {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	sizes := map[int]int{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var request struct {
			Cmd    string
			Inputs map[string]struct{ Shape []int }
		}
		if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
			t.Fatal(err)
		}
		if request.Cmd == "run" {
			sizes[request.Inputs["input"].Shape[0]]++
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return sizes
}

// TestSweepOfAPortThatOverflows: where its losses are infinite, and its gradients NaN, the texts say how many and where.
func TestSweepOfAPortThatOverflows(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes: make test-long runs it")
	}
	t.Setenv(commandVariable, "1")
	dir := t.TempDir()
	svg, page, result := filepath.Join(dir, "errors.svg"), filepath.Join(dir, "page.md"), filepath.Join(dir, "result.json")
	text := "# Errors\n\n<!-- lossproof sweep of exp-overflows: begin -->\n<!-- lossproof sweep of exp-overflows: end -->\n"
	if err := os.WriteFile(page, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	const first, row = "first at 0x42b173b1 (88.72596): got +Inf, exact 88.72595977783203", "134 202"
	check(t, command("sweep", "--plot", svg, "--page", page, "--json", result, "--", os.Args[0], "port", "--divergence", "exp-overflows"), 0,
		"WRONG CLASS: loss, target 0: "+row+" results", first, ", and wrong class", // and at the infinite logit itself:
		"WRONG CLASS: gradient, target 0: 134 203 results are NaN", "got NaN, exact 1")
	for file, wants := range map[string][]string{
		page:   {first, "| 0 | " + row + " |\n"},
		svg:    {"target 0: NaN or infinite<", "target 1: NaN or infinite<"},
		result: {`"Input": "0x42b173b1 (88.72596)"`, `"Got": "+Inf"`, `"Exact": "88.72595977783203"`},
	} {
		written, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(written), want) {
				t.Errorf("%q is missing in %s", want, file)
			}
		}
	}
}
