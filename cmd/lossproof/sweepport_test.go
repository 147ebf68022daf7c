//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSweepOfAPort measures the built-in losses over the wire, by a sample: the same errors as
// in process, a histogram, and plots.
func TestSweepOfAPort(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes under the race detector")
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
	for _, test := range []struct {
		want string
		args []string
	}{
		{"stderr:there is no command", []string{"sweep", "--all"}},
		{"stderr:.svg or .png", []string{"sweep", "--plot", "errors.gif", "--", os.Args[0], "port"}},
		{"stderr:exclude each other", []string{"sweep", "--all", "--sample", "--", os.Args[0], "port"}},
		{"stderr:go without a command", []string{"sweep", "--points", "5", "--", os.Args[0], "port"}},
	} {
		check(t, command(test.args...), 2, test.want)
	}
}

// TestSweepOfAPortThatOverflows: where its losses are infinite the texts say how many and where.
func TestSweepOfAPortThatOverflows(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes under the race detector")
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
		"WRONG CLASS: loss, target 0: "+row+" results", first, ", and wrong class", "The 2 052 NaN and infinite logits have the right results")
	for file, wants := range map[string][]string{
		page:   {first, "| 0 | " + row + " |\n"},
		svg:    {"target 0: wrong class (NaN or infinite)<", "target 1: wrong class (NaN or infinite)<"},
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
