package report_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"lossproof/internal/corpus"
	"lossproof/internal/diagnosis"
	"lossproof/internal/divergence"
	"lossproof/internal/prose"
	"lossproof/internal/report"
	"lossproof/internal/resultfile"
	"lossproof/internal/testports"
	"lossproof/internal/testports/divergent"
	"lossproof/judge"
	"lossproof/ports"
)

// diagnosed is the result of a port on a few cases, with its diagnosis.
func diagnosed(t *testing.T, port ports.Port, patterns ...string) *judge.Result {
	t.Helper()
	set := corpus.Whole(t)
	collector := diagnosis.New(set)
	result, err := judge.Run(t.Context(), port, judge.Options{Fixtures: set, Selection: judge.Selection{Select: patterns}, Observe: collector.Observe})
	if err != nil {
		t.Fatal(err)
	}
	if err := collector.Diagnose(t.Context(), port, result); err != nil {
		t.Fatal(err)
	}
	return result
}

// TestDiagnosis: all formats give the advice: what is wrong, the rule, the right formula, where
// others met it, and what speaks for it.
func TestDiagnosis(t *testing.T) {
	d, ok := divergence.ByName("pos-weight-interpolated")
	if !ok {
		t.Fatal("there is no such divergence")
	}
	result := diagnosed(t, d.Port(), "BCEWithLogitsLoss/pos_weight/*")
	got := text(t, result, report.TextOptions{})
	for _, want := range []string{
		"\ndiagnosis of BCEWithLogitsLoss: pos-weight-interpolated\n\n  " + d.Title + "\n    name      pos-weight-interpolated\n",
		"\n    why       " + d.Why, "\n    rule      BCEWL-POS-WEIGHT (must): pos_weight multiplies the term of the positive targets",
		"\n    right     " + d.Right,
		"\n    met       " + d.Met[0].URL + " (" + d.Met[0].Title + ")\n",
		"\n    evidence  it explains ", "answers that fail; it predicts the answer to a fresh input, too, which is in no fixture (reduction=",
		"\n  diagnosis: as pos-weight-interpolated does\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the text lacks %q:\n%s", want, got)
		}
	}
	page := write(t, report.Markdown, result)
	for _, want := range []string{
		"\n### Diagnosis of BCEWithLogitsLoss: pos-weight-interpolated\n", "- right: l = w\\*(p\\*t",
		"- met: " + d.Met[1].URL, "fresh input",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the Markdown lacks %q:\n%s", want, page)
		}
	}
	var file struct {
		Diagnoses []judge.Diagnosis
		Cases     []struct{ ID, Outcome, Diagnosis string }
	}
	data := write(t, report.JSON, result)
	if err := json.Unmarshal([]byte(data), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Diagnoses) != 1 || file.Diagnoses[0].Findings[0].Divergence != d.Name || !file.Diagnoses[0].Findings[0].Fresh.Predicted {
		t.Errorf("the JSON has %+v", file.Diagnoses)
	}
	for _, c := range file.Cases {
		if (c.Outcome == "fail") != (c.Diagnosis == d.Name) {
			t.Errorf("%s: %s, diagnosis %q", c.ID, c.Outcome, c.Diagnosis)
		}
	}
	parsed, err := resultfile.Parse([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	if again := text(t, parsed, report.TextOptions{}); again != got {
		t.Error("a result file that is read again has another text")
	}
}

// TestEverythingFailsOnAScreen: what is said of a port that fails everything fits a screen of 24 lines, also at 80
// columns with four modules; -v says the rest.
func TestEverythingFailsOnAScreen(t *testing.T) {
	port := testports.Port{EvaluateFunc: func(_ context.Context, call ports.Call) (ports.Answer, error) { return divergent.Nothing(call), nil }}
	result := diagnosed(t, port, "*/blog_example/*", "*/reductions/*")
	if len(result.Causes) < 4 || len(result.Summary.Modules) != 4 {
		t.Fatalf("%d causes in %d modules, want a few of each", len(result.Causes), len(result.Summary.Modules))
	}
	got := text(t, result, report.TextOptions{Width: 80})
	lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
	if len(lines) > 24 || strings.Contains(got, "diagnosis of") {
		t.Errorf("%d lines, want 24 at most:\n%s", len(lines), got)
	}
	for _, want := range []string{"not conformant (parity): ", "\ncause: ", " more, with topics, failures and evidence by -v\n", ": got ", "\nnext: lossproof show "} {
		if !strings.Contains(got, want) {
			t.Errorf("the text lacks %q:\n%s", want, got)
		}
	}
	// What is recommended next is of the cause that is named, and where that has no name, a lead is.
	first := slices.IndexFunc(result.Causes, func(c judge.Cause) bool { return strings.Contains(got, "\n       "+prose.CauseSentence(c)+"\n") })
	_, next, _ := strings.Cut(got, "\nnext: lossproof show ")
	next, _, _ = strings.Cut(next, "\n")
	if first < 0 || !slices.ContainsFunc(result.Checks(), func(r judge.CheckResult) bool { return r.ID == next && slices.Contains(r.Causes, first) }) {
		t.Errorf("%s is not of the cause above it:\n%s", next, got)
	}
	lead := *result
	lead.Causes = append(slices.Clone(result.Causes), judge.Cause{Module: result.Causes[max(first, 0)].Module, Name: "some-mistake", Lead: true})
	if got := text(t, &lead, report.TextOptions{Width: 80}); !strings.Contains(got, "; a lead: some-mistake, in ") {
		t.Errorf("the text lacks the lead:\n%s", got)
	}
	if all := text(t, result, report.TextOptions{Width: 80, Verbose: true}); strings.Count(all, "diagnosis of ") < 4 || !strings.Contains(all, "evidence  ") {
		t.Error("-v lacks the diagnosis")
	}
}

// TestOtherDiagnoses: what is not known, not asked, not kept and contradicted is said.
func TestOtherDiagnoses(t *testing.T) {
	cause := judge.Cause{
		Module: "M", Kind: judge.KnownMistake, Name: "some-mistake", Sentence: "It is wrong.", Right: "1+1 = 2", Condition: "in float32",
		Explains: 4, Failing: 5, Held: 9, Contradicted: 1, Otherwise: 2, With: []string{"another-one"},
	}
	unpredicted := cause
	unpredicted.Fresh, unpredicted.Lead = &judge.Fresh{Call: "no options"}, true
	finding := []judge.Finding{{Divergence: "some-mistake"}}
	for _, test := range []struct {
		diagnosis judge.Diagnosis
		causes    []judge.Cause
		want      []string
	}{
		{judge.Diagnosis{Module: "M", Failing: 7, Examined: 7, Catalogue: 99, Unexplained: 7, Example: "M/t/c#loss"}, nil, []string{
			"diagnosis of M: no known mistake", "None of the 99 known mistakes explains the 7 answers that fail; one is M/t/c#loss.",
		}},
		{judge.Diagnosis{Module: "M", Failing: 7, Examined: 5, Unexplained: 1, Example: "M/t/c", Findings: finding}, []judge.Cause{cause}, []string{
			"diagnosis of M: some-mistake", "\n  It is wrong: in float32.\n", "it explains 4 of 5 answers that fail, some together with another-one; no fresh input was asked that would show it;",
			"2 answers are otherwise wrong", "it would also get 1 of 9 answers that pass wrong", "No known mistake explains 1 answer that fails, such as M/t/c. 2 wrong answers were not looked at",
		}},
		{judge.Diagnosis{Module: "M", Failing: 4, Examined: 4}, []judge.Cause{unpredicted}, []string{
			"diagnosis of M: no known mistake", "\n  a lead: It is wrong: in float32.\n", "but it does not predict the answer to a fresh input, which is in no fixture (no options)",
		}},
		{judge.Diagnosis{Module: "M", Failing: 1}, nil, []string{"No answer was kept to look at. 1 wrong answer was not looked at"}},
	} {
		got := text(t, &judge.Result{Diagnoses: []judge.Diagnosis{test.diagnosis}, Causes: test.causes}, report.TextOptions{})
		page := write(t, report.Markdown, &judge.Result{Diagnoses: []judge.Diagnosis{test.diagnosis}, Causes: test.causes})
		for _, want := range test.want {
			if !strings.Contains(got, want) {
				t.Errorf("the text lacks %q:\n%s", want, got)
			}
			if words := strings.Fields(want); slices.Contains(words, "looked") && !strings.Contains(page, "looked at") {
				t.Errorf("the Markdown lacks %q:\n%s", want, page)
			}
		}
	}
}
