package baseline_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossproof/fixtures"
	"lossproof/internal/baseline"
	"lossproof/internal/corpus"
	"lossproof/internal/diagnosis"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
)

// diagnosed judges a port with what a baseline knows.
func diagnosed(t *testing.T, set *fixtures.Set, port ports.Port, known judge.Baseline) *judge.Result {
	t.Helper()
	collector := diagnosis.New(set)
	result, err := judge.Run(t.Context(), port, judge.Options{
		Fixtures: set, Observe: collector.Observe, Known: known, Effort: judge.Quick, Selection: judge.Selection{Skip: []string{"*/every_input/*"}},
	})
	if err == nil {
		err = collector.Diagnose(t.Context(), port, result)
	}
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// alone is a port that claims BCEWithLogitsLoss and nothing else.
func alone(port testports.Port) testports.Port {
	port.DescribeFunc = func() (ports.Description, error) {
		d, err := testports.Port{}.Describe(context.Background())
		d.Modules = map[string]ports.Claim{ports.BCEWithLogitsLoss: d.Modules[ports.BCEWithLogitsLoss]}
		return d, err
	}
	return port
}

// failing counts the ids that fail.
func failing(result *judge.Result) (n int) {
	for _, r := range result.Checks() {
		for _, outcome := range r.Covers() {
			if outcome == judge.Fail {
				n++
			}
		}
	}
	return n
}

// TestPatterns: a baseline of a port with one mistake has its reason, and patterns in place of lists; it
// covers what it says, a port that is right makes it fail, and it shrinks.
func TestPatterns(t *testing.T) {
	set := corpus.Of(t, func(c *fixtures.Case, _ bool) bool {
		return c.Module == ports.BCEWithLogitsLoss && (c.Topic == "pos_weight" || c.Topic == "blog_example")
	})
	result := diagnosed(t, set, alone(testports.PosWeightIgnored), nil)
	fails := failing(result)
	b, changes := baseline.New(verdict.Parity).Update(set, result, 1, true)
	patterns, reasons := 0, 0
	for _, entry := range b.Known {
		if entry.IsPattern() {
			patterns++
		}
		if strings.Contains(entry.Reason, "(pos-weight-ignored)") {
			reasons++
		}
	}
	if changes.Added != len(b.Known) || 2*len(b.Known) > fails || patterns == 0 || reasons == 0 {
		t.Errorf("got %d entries, %d of them patterns, %d with the reason, for %d failures", len(b.Known), patterns, reasons, fails)
	}
	text, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	read, err := baseline.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b, read); diff != "" {
		t.Errorf("read again, it is another (-want +got):\n%s", diff)
	}
	again := diagnosed(t, set, alone(testports.PosWeightIgnored), b.ForJudge(set))
	for _, r := range again.Checks() {
		for id, outcome := range r.Covers() {
			if outcome == judge.Fixed || outcome == judge.Fail && b.ForJudge(set)[id].Reason != "" {
				t.Errorf("%s is %s with its baseline", id, outcome)
			}
		}
	}
	if same, changes := b.Update(set, again, 1, true); changes != (baseline.Changes{}) || cmp.Diff(b, same) != "" {
		t.Errorf("again: %+v\n%s", changes, cmp.Diff(b, same))
	}
	right := diagnosed(t, set, alone(testports.Port{}), b.ForJudge(set))
	if right.Summary.Passed {
		t.Error("a port that is right passes with the baseline of one that is not")
	}
	if none, changes := b.Update(set, right, 1, false); len(none.Known) > 0 || changes.Removed != len(b.Known) {
		t.Errorf("of a port that is right: %+v, %+v", none.Known, changes)
	}
}

// TestPatternsSplit: a pattern of which one id passes becomes the ids that fail.
func TestPatternsSplit(t *testing.T) {
	set := openSet(t)
	const topic = "BCEWithLogitsLoss/blog_example/"
	entry := func(id string) baseline.Entry { return baseline.Entry{ID: id, Outcome: judge.Fail, Reason: "why"} }
	b := &baseline.Baseline{Level: verdict.Parity, Known: baseline.Entries{entry(topic + "f32-*#loss"), entry("rule:NO-RULE"), entry("rule:MLSM-MEAN#loss")}}
	result := &judge.Result{}
	for id, outcome := range map[string]judge.Outcome{"f32-none": judge.KnownFailure, "f32-sum": judge.Fixed, "f32-mean": judge.KnownFailure, "f64-none": judge.Pass} {
		result.Cases = append(result.Cases, judge.CheckResult{ID: topic + id, Requirement: fixtures.Must, Outputs: map[string]judge.OutputResult{
			"loss": {Outcome: outcome, Known: &judge.Known{Outcome: judge.Fail}},
		}})
	}
	got, changes := b.Update(set, result, 0, false)
	want := baseline.Entries{entry(topic + "f32-mean#loss"), entry(topic + "f32-none#loss"), entry("rule:MLSM-MEAN#loss")}
	if diff := cmp.Diff(want, got.Known); diff != "" || changes.Removed != 2 {
		t.Errorf("%+v (-want +got)\n%s", changes, diff)
	}
	asks := map[string]bool{topic + "f32-mean#loss": true}
	err := b.CheckEntries(set, asks, false)
	for _, want := range []string{`entry "rule:NO-RULE" matches nothing`, `entry "rule:MLSM-MEAN#loss" matches nothing that is asked`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err != nil && strings.Contains(err.Error(), "f32-*") {
		t.Errorf("a pattern that matches is refused: %v", err)
	}
	if known := b.ForJudge(set); known[topic+"f32-none#loss"].Reason != "why" || known[topic+"f32-none#grad_input"].Reason != "" || known[topic+"f64-none#loss"].Reason != "" {
		t.Error("the pattern covers other ids than its own")
	}
}
