package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSweepSample(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long: make test-long runs it")
	}
	page := filepath.Join(t.TempDir(), "accuracy.md")
	committed, err := os.ReadFile(filepath.Join("..", "..", "docs", "accuracy.md"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(page, committed, 0o600); err != nil {
		t.Fatal(err)
	}
	got := command("sweep", "--sample", "--points", "2000", "--sums", "100000", "--json", "-", "--page", page)
	if got.code == exitUsage {
		t.Fatalf("exit code %d: %s", got.code, got.stderr)
	}
	check(t, got, got.code, "stderr:BCEWithLogitsLoss: float32, hard targets", "stderr:a stratified sample, which proves nothing", "stderr:gradient, target 1", "stderr:BCELoss: float32, hard targets",
		"stderr:BCEWithLogitsLoss: random points", "stderr:BCELoss: random points", "stderr:CrossEntropyLoss: random points", "stderr:CrossEntropyLoss          sum",
		"stderr:Means and sums", "stderr:MultiLabelSoftMarginLoss  sum", "stderr:100 000 elements")
	var report struct {
		Float32 []struct {
			Complete bool
			Tallies  []struct{ Correct uint64 }
		}
		Random []struct{ Points int }
		Sums   []struct{}
	}
	if err := json.Unmarshal([]byte(got.stdout), &report); err != nil {
		t.Fatal(err)
	}
	if missed := strings.Contains(got.stderr, "limit missed: "); missed != (got.code == exitNotConformant) {
		t.Errorf("exit code %d, missed limits: %t", got.code, missed)
	}
	if len(report.Float32) != 3 || len(report.Random) != 60 || report.Random[0].Points != 2000 || len(report.Sums) != 16 {
		t.Fatalf("got %+v", report)
	}
	for _, result := range report.Float32 {
		if result.Complete || result.Tallies[0].Correct == 0 {
			t.Errorf("got %+v", result)
		}
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "a stratified sample, which proves nothing") || !strings.HasPrefix(string(text), "# ") {
		t.Errorf("the page is\n%s", text)
	}
}

func TestSweepMerge(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "no-such.json")
	result := filepath.Join(t.TempDir(), "result.json")
	if err := os.WriteFile(result, []byte(`{"Machine":"x"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	check(t, command("merge", missing, "--json", result), exitUsage, "stderr:no-such.json")
	if text, err := os.ReadFile(result); err != nil || string(text) != `{"Machine":"x"}` {
		t.Errorf("%s has %q (%v), want the result of before", result, text, err)
	}
}

func TestSweepRefusesWrongUse(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "page.md")
	if err := os.WriteFile(bad, []byte("# No markers\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--shard", "3/2"}, `--shard: got "3/2", want i/n`},
		{[]string{"--shard", "1"}, `--shard: got "1", want i/n`},
		{[]string{"--shard", "1/5000"}, "want i/n with 1 ≤ i ≤ n ≤ 4096"},
		{[]string{"--sample", "--shard", "1/2"}, "--sample takes seconds"},
		{[]string{"--sample", "--state", "x"}, "--sample takes seconds"},
		{[]string{"--shard", "1/2", "--page", bad}, "a shard is not all"},
		{[]string{"--jobs", "-1"}, "--jobs: got -1"},
		{[]string{"--points", "-1"}, "--points: got -1"},
		{[]string{"--sums", "150000"}, "--sums: got 150000, want a multiple of 100000"},
		{[]string{"--sample", "--page", bad}, "want it once"},
		{[]string{"--sample", "--page", filepath.Join(dir, "none.md")}, "none.md"},
		{[]string{"--sample", "--json", filepath.Join(dir, "none", "x.json")}, "--json"},
		{[]string{"--sample", "--plot", filepath.Join(dir, "none", "x.svg")}, "--plot: "},
		{[]string{"BCEWithLogitsLoss"}, "takes no arguments"},
		{[]string{"--module", "MSELoss"}, `--module: got "MSELoss", want one of BCEWithLogitsLoss, BCELoss, CrossEntropyLoss`},
		{[]string{"--module", "BCELoss", "--module", "BCELoss"}, "--module: got BCELoss twice"},
		{[]string{"--module", "CrossEntropyLoss", "--state", "x"}, "got the module CrossEntropyLoss, want one that is measured at every float32 input: BCEWithLogitsLoss, BCELoss"},
		{[]string{"--module", "CrossEntropyLoss", "--plot", "x.svg"}, "got the module CrossEntropyLoss"},
		{[]string{"--module", "CrossEntropyLoss", "--points", "0"}, "--points and --sums: got 0 for CrossEntropyLoss"},
		{[]string{"--module", "CrossEntropyLoss", "--page", bad}, "--page: CrossEntropyLoss is not all"},
		{[]string{"--dtype", "float64"}, `--dtype: got "float64", want float32, float16 or bfloat16`},
		{[]string{"--dtype", "float16", "--sample"}, "--sample: goes without --dtype float16"},
		{[]string{"--dtype", "bfloat16", "--module", "MSELoss"}, `--module: got "MSELoss", want one of`},
		{[]string{"--module", "CrossEntropyLoss", "--", "port"}, `--module: got "CrossEntropyLoss", want one of BCEWithLogitsLoss, BCELoss`},
	} {
		got := command(append([]string{"sweep"}, test.args...)...)
		check(t, got, exitUsage, "stderr:"+test.want)
	}
}

// editor edits a file when it is written to for the first time.
type editor struct {
	edit func()
}

func (e *editor) Write(text []byte) (int, error) {
	if e.edit != nil {
		e.edit()
		e.edit = nil
	}
	return len(text), nil
}

// TestSweepKeepsEditsOfThePage that were made while the losses were measured.
func TestSweepKeepsEditsOfThePage(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	write := func(text string) {
		if err := os.WriteFile(page, []byte(text), 0o600); err != nil {
			t.Error(err)
		}
	}
	const empty = "<!-- lossproof sweep: begin -->\n<!-- lossproof sweep: end -->\n"
	write("# Errors\n\n" + empty)
	out := &editor{func() { write("# Errors\n\nEdited.\n\n" + empty) }}
	got := with(func(p *program) { p.stdout = out }, "sweep", "--sample", "--points", "0", "--page", page)
	text, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(text), "\nEdited.\n") || !strings.Contains(string(text), "a stratified sample") {
		t.Errorf("exit code %d: %s (%v); the page is\n%s", got.code, got.stderr, err, text)
	}
}

// TestSweepFindsDestinationsFirst: what cannot be written is found before the work, which the state would
// remember; and nothing else is written then.
func TestSweepFindsDestinationsFirst(t *testing.T) {
	dir := t.TempDir()
	none := filepath.Join(dir, "none")
	state, kept, made := filepath.Join(dir, "state"), filepath.Join(dir, "kept.svg"), filepath.Join(dir, "made.json")
	page := filepath.Join(dir, "page.md")
	pageText := "# Errors\n\n<!-- lossproof sweep: begin -->\n<!-- lossproof sweep: end -->\n"
	const drawn = "<svg what was drawn before"
	for file, text := range map[string]string{kept: drawn, page: pageText} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shard := []string{"sweep", "--shard", "1/4096", "--state", state, "--plot", kept, "--json", made}
	sample := []string{"sweep", "--sample", "--points", "0"} // a page is of no shard
	for _, test := range []struct {
		args []string
		want string
	}{
		{append(shard, "--plot", filepath.Join(none, "x.svg")), "--plot: "},
		{append(shard, "--plot", dir), "--plot: " + dir + " is a folder"},
		{append(shard, "--plot", page), "has something that is not of this kind"},
		{append(shard, "--json", state), state + " is the file of --state too"},
		{append(shard, "--json", filepath.Join(none, "x.json")), "--json: "},
		{append(sample, "--plot", kept, "--page", filepath.Join(none, "x.md")), "--page " + none},
		{append(sample, "--page", page, "--json", filepath.Join(none, "x.json")), "--json: "},
	} {
		got := command(test.args...)
		check(t, got, exitUsage, "stderr:"+test.want)
		if got.stdout != "" {
			t.Errorf("%q: got the results %s", test.args, got.stdout)
		}
		for _, file := range []string{state, made} {
			if _, err := os.Stat(file); !os.IsNotExist(err) {
				t.Fatalf("%q: %s is there (%v): was the work done?", test.args, file, err)
			}
		}
	}
	for file, want := range map[string]string{kept: drawn, page: pageText} {
		if text, err := os.ReadFile(file); err != nil || string(text) != want {
			t.Errorf("%s has %q (%v), want what it had", file, text, err)
		}
	}
	if os.Geteuid() == 0 {
		return // root may write everywhere
	}
	if err := os.Chmod(page, 0o400); err != nil {
		t.Fatal(err)
	}
	got := command(append(sample, "--page", page)...)
	check(t, got, exitUsage, "stderr:--page: open ")
	if got.stdout != "" {
		t.Errorf("got the results %s", got.stdout)
	}
}

// TestSweepOfAModule measures no other.
func TestSweepOfAModule(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds: make test-long runs it")
	}
	state := filepath.Join(t.TempDir(), "state")
	got := command("sweep", "--module", "BCELoss", "--shard", "2033/4096", "--state", state, "--points", "100", "--sums", "100000")
	check(t, got, exitConformant, "INCOMPLETE: 1 of the 1 065 353 218 float32 probabilities", "BCELoss: random points", "BCELoss  mean")
	if strings.Contains(got.stdout, "BCEWithLogitsLoss: ") || strings.Contains(got.stdout, "CrossEntropyLoss: ") || strings.Contains(got.stdout, "MultiLabelSoftMarginLoss ") {
		t.Errorf("other modules too:\n%s", got.stdout)
	}
	check(t, command("merge", state), exitUsage, "stderr:missing: shard 1/4096\n")
	rows := command("sweep", "--module", "CrossEntropyLoss", "--points", "160")
	check(t, rows, exitConformant, "CrossEntropyLoss: random points")
	if strings.Contains(rows.stdout, "hard targets") {
		t.Errorf("other modules too:\n%s", rows.stdout)
	}
}

// TestSweepOf16Bits asks all numbers, and draws them.
func TestSweepOf16Bits(t *testing.T) {
	plot := filepath.Join(t.TempDir(), "errors.svg")
	got := command("sweep", "--dtype", "float16", "--module", "BCELoss", "--plot", plot)
	check(t, got, exitConformant, "Every float16 number in [0, 1] was a probability, -0 too: 15 362", "100 %")
	if svg, err := os.ReadFile(plot); err != nil || !strings.Contains(string(svg), "BCELoss in float16, lossproof") {
		t.Errorf("no plot (%v)", err)
	}
}

// TestSweepGoesOn has a state in which everything is done.
func TestSweepGoesOn(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	// Chunks of subnormal inputs alone are quick: those of the first shard of 4096.
	first := command("sweep", "--shard", "1/4096", "--state", state)
	check(t, first, exitConformant, "INCOMPLETE: 1 048 576 of the 4 294 967 296 float32 logits", "INCOMPLETE: 524 289 of the 1 065 353 218 float32 probabilities")
	if strings.Contains(first.stdout, "random points") {
		t.Errorf("a shard draws random points too:\n%s", first.stdout)
	}
	second := command("sweep", "--shard", "1/4096", "--state", state)
	check(t, second, exitConformant, "stderr:float32 inputs: 100.0 % were done before")
	if first.stdout != second.stdout {
		t.Errorf("got\n%s\nthen\n%s", first.stdout, second.stdout)
	}
	if err := os.WriteFile(state, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	check(t, command("sweep", "--shard", "1/4096", "--state", state), exitUsage, "stderr:got format 0 of the state, want 6")
}

func TestSweepProgress(t *testing.T) {
	var lines bytes.Buffer
	s := newSweepProgress(&lines, 0, "float32 inputs")
	s.show(25, 100)
	s.show(30, 100)
	s.start = s.start.Add(-2 * sweepLines)
	s.last = s.start
	s.show(50, 100)
	if got, want := lines.String(), "lossproof: float32 inputs: 25.0 % were done before\nlossproof: float32 inputs: 50.0 % done, about 1m20s left\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var terminal bytes.Buffer
	s = newSweepProgress(&terminal, 80, "float32 logits")
	s.show(0, 100)
	s.show(50, 100)
	s.end()
	if !strings.Contains(terminal.String(), "float32 logits") {
		t.Errorf("got %q", terminal.String())
	}
}
