package matrix

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossproof/internal/corpus"
	"lossproof/internal/diagnosis"
	"lossproof/internal/halves"
	"lossproof/internal/report"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

func run(t *testing.T, port ports.Port, level verdict.Level) *judge.Result {
	t.Helper()
	set := corpus.Whole(t)
	collector := diagnosis.New(set)
	result, err := judge.Run(t.Context(), port, judge.Options{Fixtures: set, Level: level, Observe: collector.Observe, Selection: judge.Selection{
		Select: []string{"BCEWithLogitsLoss/pos_weight/f32-*", "BCEWithLogitsLoss/blog_example/*", "BCEWithLogitsLoss/rejections/*", "*/relations/shape"},
	}})
	if err == nil {
		err = collector.Diagnose(t.Context(), port, result)
	}
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestNew: what a rule's answers agree with, what breaks it and why; a file has all of it.
func TestNew(t *testing.T) {
	row, err := New(run(t, testports.PosWeightIgnored, verdict.Parity), run(t, testports.PosWeightIgnored, verdict.Exact))
	if err != nil {
		t.Fatal(err)
	}
	m := row.Module("BCEWithLogitsLoss")
	state, d := m.State("BCEWL-POS-WEIGHT")
	if state != Differs || d.Failing == 0 || d.Asked < d.Failing || len(d.Causes) == 0 || !strings.Contains(d.Got, "got ") || !strings.Contains(d.Got, "exact ") {
		t.Errorf("got %s, %+v", state, d)
	}
	if state, d := m.State("BCEWL-REDUCTION-INVALID"); state != Both || d != nil {
		t.Errorf("of refusals: got %s, %+v", state, d)
	}
	if len(m.Causes) == 0 || m.Causes[0].Name != d.Causes[0] || m.Parity.Conformant || m.Exact.Failing == 0 {
		t.Errorf("got the causes %+v and the verdicts %+v, %+v", m.Causes, m.Parity, m.Exact)
	}
	row.Maps = []Map{{Module: "BCEWithLogitsLoss", DType: tensor.Float16, Output: "loss", Accuracy: &halves.Map{7: halves.Vanished}}}
	text, err := row.Encode()
	if err != nil {
		t.Fatal(err)
	}
	read, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(row, read); diff != "" {
		t.Errorf("the file has another row (-want +got):\n%s", diff)
	}
	if changes := Changes(row, read); len(changes) > 0 {
		t.Errorf("got the changes %v of a row to itself", changes)
	}
}

func TestChanges(t *testing.T) {
	was, err := New(run(t, testports.Port{}, verdict.Parity), nil)
	if err != nil {
		t.Fatal(err)
	}
	is, err := New(run(t, testports.PosWeightIgnored, verdict.Parity), nil)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, c := range Changes(was, is) {
		texts = append(texts, c.String())
	}
	for _, want := range []string{"BCEWithLogitsLoss: verdict at parity: conformant -> not conformant", "BCEWithLogitsLoss: BCEWL-POS-WEIGHT: both -> differs: " + is.Module("BCEWithLogitsLoss").Causes[0].Name} {
		if !slices.ContainsFunc(texts, func(text string) bool { return strings.HasPrefix(text, want) }) {
			t.Errorf("want %q in\n%s", want, strings.Join(texts, "\n"))
		}
	}
	is.Modules[1].Topics, was.Modules[1].Topics = []Topic{{Topic: "tails", ULP: 7}, {Topic: "means", ULP: 1.5}}, []Topic{{Topic: "tails", ULP: 2}, {Topic: "means", ULP: 1}}
	texts = nil
	for _, c := range Changes(was, is) {
		texts = append(texts, c.String())
	}
	if all := strings.Join(texts, "\n"); !strings.Contains(all, "largest error of tails: 2 ULP -> 7 ULP") || strings.Contains(all, "means") {
		t.Errorf("errors that grew: got\n%s", all)
	}
	is.Modules = is.Modules[:1]
	is.Modules[0].Module = "BCELoss"
	if changes := Changes(was, is); len(changes) == 0 || changes[0].Was == changes[0].Is {
		t.Errorf("a module is claimed no more: got %v", changes)
	}
}

// TestInstead: where nothing is known to cause what fails, a row says what the port does instead, or the other module that does it.
func TestInstead(t *testing.T) {
	r := &rule{id: "RULE"}
	for _, message := range []string{"dtype is float32, want float64", "refused what PyTorch accepts: no", "refused what PyTorch accepts (shape): [3]", "1 of 2 elements\n  at (0): got 1\n  want 2"} {
		r.add(judge.CheckResult{Kind: judge.Case, Outcome: judge.Fail, Message: message})
	}
	want := "It refuses what PyTorch accepts (2 of 4); it answers in float32 instead of float64 (1 of 4); it gives numbers that are neither PyTorch's nor the exact ones (1 of 4)."
	if got := r.instead(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	result := &judge.Result{
		Causes:    []judge.Cause{{Module: "BCEWithLogitsLoss", Sentence: "The loss is doubled."}},
		Relations: judge.Made{{Kind: judge.Relation, Module: "BCELoss", Rule: "LAW", Outcome: judge.Fail, Blames: "BCEWithLogitsLoss", Causes: []int{0}}},
	}
	if got, want := elsewhere(result, "BCELoss", "LAW"), "BCEWithLogitsLoss: The loss is doubled"; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestState: outputs that agree with one of the two, and what was not run.
func TestState(t *testing.T) {
	output := func(agrees ...string) judge.CheckResult {
		c := judge.CheckResult{Outcome: judge.Pass, Outputs: map[string]judge.OutputResult{}}
		for i, a := range agrees {
			c.Outputs[string(rune('a'+i))] = judge.OutputResult{Outcome: judge.Pass, Agrees: a}
		}
		return c
	}
	refused := judge.CheckResult{Outcome: judge.Pass, Rejection: true}
	outcome := func(o judge.Outcome) judge.CheckResult { return judge.CheckResult{Outcome: o, Message: "so"} }
	for _, test := range []struct {
		want   State
		checks []judge.CheckResult
	}{
		{Both, []judge.CheckResult{output("both", "both"), refused}},
		{Torch, []judge.CheckResult{output("both"), output("torch")}},
		{Exact, []judge.CheckResult{output("exact", "both")}},
		{Either, []judge.CheckResult{output("exact"), output("torch")}},
		{Either, []judge.CheckResult{output("mixed")}},
		{Unsupported, []judge.CheckResult{outcome(judge.Unsupported)}},
		{NotRun, []judge.CheckResult{outcome(judge.NotRun), outcome(judge.Unsupported)}},
		{Both, []judge.CheckResult{outcome(judge.NotRun), output("both")}},
		{Both, []judge.CheckResult{outcome(judge.Fixed)}},
		{Differs, []judge.CheckResult{output("both"), outcome(judge.Crash)}},
		{Differs, []judge.CheckResult{{Outcome: judge.KnownFailure, Known: &judge.Known{Outcome: judge.Timeout}}}},
	} {
		r := &rule{id: "RULE"}
		for _, c := range test.checks {
			r.add(c)
		}
		if got := r.state(); got != test.want {
			t.Errorf("%+v: got %s, want %s", test.checks, got, test.want)
		}
		if d := r.difference; test.want == Differs && d.Outcome != judge.Crash && d.Outcome != judge.Timeout {
			t.Errorf("got the outcome %s", d.Outcome)
		}
	}
}

func TestReadAll(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, result *judge.Result) string {
		name = filepath.Join(dir, name)
		file, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := report.JSON(file, result); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		return name
	}
	result := run(t, testports.Port{}, verdict.Parity)
	parity, exact := write("parity", result), write("exact", run(t, testports.Port{}, verdict.Exact))
	rows, err := ReadAll(context.Background(), []string{exact, parity})
	if err != nil || len(rows) != 1 || rows[0].Modules[0].Parity == nil || rows[0].Modules[0].Exact == nil {
		t.Fatalf("got %+v, %v", rows, err)
	}
	text, err := rows[0].Encode()
	if err != nil {
		t.Fatal(err)
	}
	row := filepath.Join(dir, "row.json")
	if err := os.WriteFile(row, text, 0o600); err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(dir, "bad.json")
	if err := os.WriteFile(bad, []byte(`{"lossproof_matrix": 2}`), 0o600); err != nil {
		t.Fatal(err)
	}
	result.Level = string(verdict.Reference)
	for want, files := range map[string][]string{
		"it is a second result of": {parity, parity},
		"two rows have the name":   {row, parity},
		"level: got reference":     {write("reference", result)},
		"no row of the matrix":     {bad},
		"no-such.json":             {filepath.Join(dir, "no-such.json")},
	} {
		if _, err := ReadAll(context.Background(), files); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestFindingsPage has what was confirmed: faults first, with where they are reported or how.
func TestFindingsPage(t *testing.T) {
	finding := func(title, fault, report, rule string, confirmed bool) Finding {
		return Finding{Demonstration: Demonstration{File: "x.py", Run: "python x.py", Title: title, Fault: fault, Report: report, Rules: []string{rule}}, Output: "1\n2", Confirmed: confirmed, IsFault: fault != "" && rule != "R3"}
	}
	row := &Row{Name: "one", Implementation: "One", Port: ports.Info{Version: "1.0", Language: "go"}, Run: "./one",
		Modules: []Module{{Module: "BCELoss", Differs: []Difference{{Rule: "R1", Example: "BCELoss/a/b#loss"}}}},
		Findings: []Finding{
			finding("It is (1-t)*x*y.", "", "", "R1", true), finding("It cancels.", "Mathematics.", "", "R1", true),
			finding("It is known.", "Mathematics.", "https://example.org/1", "R2", true), finding("It was.", "Mathematics.", "", "R1", false),
			finding("A library may.", "A text.", "", "R3", true),
		}}
	page := FindingsPage([]*Row{row, {Name: "two", Implementation: "Two"}})
	at := -1
	for _, want := range []string{
		"| [One 1.0](#one-10) | 2 | 2 |\n| all | 2 | 2 |", "### It cancels.\n\n**Fault.** Mathematics.", "repro BCELoss/a/b#loss --issue -- ./one", "ports/one/findings/x.py",
		"    $ python x.py\n    1\n    2\n", "Reported: <https://example.org/1>.", `### It is (1-t)\*x\*y.`, "A difference.", "A difference. A text.",
	} {
		i := strings.Index(page, want)
		if i <= at {
			t.Errorf("%q is at %d, want it after %d in\n%s", want, i, at, page)
		}
		at = max(at, i)
	}
	if strings.Contains(page, "It was.") || strings.Contains(page, "Two") {
		t.Errorf("what was not confirmed is there:\n%s", page)
	}
}
