package baseline_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossproof/fixtures"
	"lossproof/internal/baseline"
	"lossproof/internal/corpus"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

const (
	none    = "BCEWithLogitsLoss/blog_example/f32-none"
	refused = "BCEWithLogitsLoss/rejections/f32-reduction-batchmean"
	law     = "BCEWithLogitsLoss/relations/mean"
)

var openSet = corpus.Whole

// claims claims one module, without some words.
func claims(without ...string) map[string]ports.Claim {
	return map[string]ports.Claim{"BCELoss": {DTypes: []tensor.DType{"float32", "float64"}, Outputs: []string{"loss", "grad_input"}, Without: without}}
}

func TestClaimShrank(t *testing.T) {
	b := &baseline.Baseline{Fixtures: "1.1.0", Claim: claims("empty"), Asked: 10}
	less := claims("empty")
	less["BCELoss"] = ports.Claim{DTypes: []tensor.DType{"float64"}, Outputs: []string{"loss"}, Without: []string{"empty", "weight"}}
	more := claims()
	more["CrossEntropyLoss"] = ports.Claim{}
	for _, test := range []struct {
		reason  string
		claims  map[string]ports.Claim
		asked   int
		version string
		want    []string
	}{
		{"the same", claims("empty"), 10, "1.1.0", nil},
		{"more", more, 20, "1.1.0", nil},
		{"less of everything", less, 10, "1.1.0", []string{"BCELoss: dtypes: float32 is claimed no more", "BCELoss: outputs: grad_input is claimed no more", "BCELoss: without weight is new"}},
		{"another module", map[string]ports.Claim{"CrossEntropyLoss": {}}, 10, "1.1.0", []string{"BCELoss is claimed no more"}},
		{"fewer outputs", claims("empty"), 9, "1.1.0", []string{"the claim asks for 9 outputs, it asked for 10"}},
		{"fewer outputs of other fixtures", claims("empty"), 9, "1.2.0", nil},
	} {
		if diff := cmp.Diff(test.want, b.ClaimShrank(test.claims, test.asked, test.version)); diff != "" {
			t.Errorf("%s: -want +got\n%s", test.reason, diff)
		}
	}
}

func TestCheckEntries(t *testing.T) {
	set := openSet(t)
	asks := map[string]bool{none + "#loss": true, refused: true, law: true}
	for _, test := range []struct {
		id     string
		shrank bool
		want   string // "": no error
	}{
		{none + "#loss", false, ""}, {refused, false, ""}, {law, false, ""},
		{none + "#grad_input", false, "it is outside the claim, and not asked"},
		{none + "#grad_input", true, ""},
		{"BCELoss/relations/mean", false, "it is outside the claim, and not asked"},
		{none, false, "an entry is for one output, did you mean \"" + none + "#loss\"?"},
		{none, true, "an entry is for one output"},
		{none + "#grad_weight", false, "the case has no grad_weight, but loss, grad_input"},
		{refused + "#loss", false, "PyTorch refuses this call, which has no outputs, did you mean \"" + refused + "\"?"},
		{none + "x#loss", false, "there is no case \"" + none + "x\", did you mean \"" + none + "\"?"},
		{strings.Replace(refused, "f32", "f64", 1), true, ""},
	} {
		b := &baseline.Baseline{Known: []baseline.Entry{{ID: test.id}}}
		switch err := b.CheckEntries(set, asks, test.shrank); {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.id, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasSuffix(err.Error(), "\n--update-baseline removes such entries")):
			t.Errorf("%s: got error %v, want %q", test.id, err, test.want)
		}
	}
	b := &baseline.Baseline{}
	for _, n := range []struct {
		entries int
		more    bool
	}{{10, false}, {11, true}} {
		b.Known = make([]baseline.Entry, n.entries)
		if err := b.CheckEntries(set, asks, false); strings.Contains(err.Error(), "\nand 1 more\n") != n.more || strings.Contains(err.Error(), "and 0 more") || strings.Count(err.Error(), "matches nothing") != 10 {
			t.Errorf("%d entries: %v", n.entries, err)
		}
	}
}

func TestCheckLevel(t *testing.T) {
	b := baseline.New(verdict.Exact)
	if err := b.CheckLevel(verdict.Exact); err != nil {
		t.Error(err)
	}
	if err := b.CheckLevel(verdict.Parity); err == nil || !strings.Contains(err.Error(), "made at --level exact, this run is at parity") {
		t.Errorf("got error %v", err)
	}
}

// TestUpdate: what is fixed goes, what fails otherwise stays, and only add adds.
func TestUpdate(t *testing.T) {
	set := openSet(t)
	const (
		mean = "BCEWithLogitsLoss/blog_example/f32-mean"
		sum  = "BCEWithLogitsLoss/blog_example/f32-sum"
	)
	outputs := func(loss, grad judge.Outcome) map[string]judge.OutputResult {
		return map[string]judge.OutputResult{"loss": {Outcome: loss}, "grad_input": {Outcome: grad}}
	}
	result := &judge.Result{
		Fixtures: judge.FixturesInfo{Version: "1.1.0"}, Claim: claims("empty", "weight"),
		Cases: []judge.CheckResult{
			{ID: none, Requirement: fixtures.Must, Outputs: outputs(judge.Fixed, judge.KnownFailure)},
			{ID: mean, Requirement: fixtures.Must, Outputs: outputs(judge.Crash, judge.Fail)},
			{ID: sum, Requirement: fixtures.Must, Outputs: outputs(judge.Unsupported, judge.SuiteError)},
			{ID: refused, Requirement: fixtures.Quirk, Rejection: true, Outcome: judge.Fail},
		},
		Relations: []judge.CheckResult{{ID: law, Requirement: fixtures.Must, Outcome: judge.Fail}, {ID: "BCELoss/relations/mean", Requirement: fixtures.Quirk, Outcome: judge.Fail}},
	}
	entry := func(id string, outcome judge.Outcome) baseline.Entry {
		return baseline.Entry{ID: id, Outcome: outcome, Reason: "why"}
	}
	b := &baseline.Baseline{
		Level: verdict.Parity, Fixtures: "1.0.0", Claim: claims("empty"), Asked: 5,
		Known: []baseline.Entry{
			entry(none+"#grad_input", judge.Fail), entry(none+"#loss", judge.Fail), entry(mean+"#loss", judge.Fail),
			entry(sum+"#loss", judge.Fail), entry("BCELoss/nowhere/f32#loss", judge.Fail), entry("BCELoss/relations/sum", judge.Fail),
		},
	}
	fresh := func(id string, outcome judge.Outcome) baseline.Entry { return baseline.Entry{ID: id, Outcome: outcome} }
	for _, test := range []struct {
		name    string
		add     bool
		quirks  bool
		claim   map[string]ports.Claim
		want    baseline.Baseline
		changes baseline.Changes
	}{
		{name: "remove, with a claim that shrank", claim: claims("empty", "weight"), changes: baseline.Changes{Removed: 2}, want: baseline.Baseline{
			Level: verdict.Parity, Fixtures: "1.0.0", Claim: claims("empty"), Asked: 5,
			Known: []baseline.Entry{
				entry("BCELoss/relations/sum", judge.Fail), entry(mean+"#loss", judge.Fail), entry(none+"#grad_input", judge.Fail), entry(sum+"#loss", judge.Fail),
			},
		}},
		{name: "remove", claim: claims(), changes: baseline.Changes{Removed: 2}, want: baseline.Baseline{
			Level: verdict.Parity, Fixtures: "1.1.0", Claim: claims(), Asked: 7,
			Known: []baseline.Entry{
				entry("BCELoss/relations/sum", judge.Fail), entry(mean+"#loss", judge.Fail), entry(none+"#grad_input", judge.Fail), entry(sum+"#loss", judge.Fail),
			},
		}},
		{name: "add", add: true, claim: claims("empty", "weight"), changes: baseline.Changes{Removed: 4, Added: 3}, want: baseline.Baseline{
			Level: verdict.Parity, Fixtures: "1.1.0", Claim: claims("empty", "weight"), Asked: 7,
			Known: []baseline.Entry{
				entry("BCELoss/relations/sum", judge.Fail), fresh(mean+"#grad_input", judge.Fail), fresh(mean+"#loss", judge.Crash), entry(none+"#grad_input", judge.Fail), fresh(law, judge.Fail),
			},
		}},
		{name: "add, with quirks", add: true, quirks: true, claim: claims("empty"), changes: baseline.Changes{Removed: 4, Added: 5}, want: baseline.Baseline{
			Level: verdict.Parity, Fixtures: "1.1.0", Claim: claims("empty"), Asked: 7,
			Known: []baseline.Entry{
				fresh("BCELoss/relations/mean", judge.Fail), entry("BCELoss/relations/sum", judge.Fail), fresh(mean+"#grad_input", judge.Fail), fresh(mean+"#loss", judge.Crash),
				entry(none+"#grad_input", judge.Fail), fresh(refused, judge.Fail), fresh(law, judge.Fail),
			},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			result.Quirks, result.Claim = test.quirks, test.claim
			got, changes := b.Update(set, result, 7, test.add)
			if diff := cmp.Diff(&test.want, got); diff != "" || changes != test.changes {
				t.Errorf("%+v, want %+v; -want +got\n%s", changes, test.changes, diff)
			}
		})
	}
}

func TestInfo(t *testing.T) {
	b := &baseline.Baseline{Fixtures: "1.1.0", Known: []baseline.Entry{{ID: "a", Reason: "why"}, {ID: "b"}}}
	for _, test := range []struct {
		version string
		shrank  []string
		notes   int
	}{{"1.1.0", nil, 0}, {"1.2.0", nil, 1}, {"1.1.0", []string{"BCELoss is claimed no more"}, 0}} {
		info := b.Info(test.version, test.shrank)
		if info.Entries != 2 || !cmp.Equal(info.WithoutReason, []string{"b"}) || !cmp.Equal(info.ClaimShrank, test.shrank) || len(info.Notes) != test.notes {
			t.Errorf("got %+v", info)
		}
	}
}

// TestGroups: a file has the ids of each reason and outcome together; one entry for each, as earlier
// versions wrote, is read too.
func TestGroups(t *testing.T) {
	const head = `{"level":"parity","fixtures":"1.0.0","claim":{},"asked":0,"known":[`
	const grouped = head + `{"reason":"y","outcome":"fail","ids":["a#loss","c"]},{"reason":"y","outcome":"crash","ids":["b"]},{"reason":"","outcome":"fail","ids":["d","e"]}]}`
	for _, text := range []string{
		grouped,
		head + `{"id":"e","outcome":"fail","reason":""},{"id":"c","outcome":"fail","reason":" y "},{"id":"d","outcome":"fail","reason":""},{"id":"b","outcome":"crash","reason":"y"},{"id":"a#loss","outcome":"fail","reason":"y"}]}`,
		head + `{"outcome":"fail","reason":"y","ids":["c"]},{"id":"b","outcome":"crash","reason":"y"},{"outcome":"fail","reason":"","ids":["e","d"]},{"id":"a#loss","outcome":"fail","reason":"y"}]}`,
	} {
		b, err := baseline.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := json.Marshal(b); err != nil || string(got) != grouped {
			t.Errorf("%s\nis written as\n%s, %v", text, got, err)
		}
	}
	for _, wrong := range []string{
		`{"outcome":"fail","reason":"y"}`, `{"outcome":"fail","reason":"y","ids":[]}`, `{"outcome":"fail","reason":"y","ids":["a"],"id":"b"}`,
		`{"outcome":"fail","ids":["a"]}`, `{"outcome":"fail","reason":"y","ids":["a#b#c"]}`, `{"outcome":"fail","reason":"y","ids":["a","a"]}`,
	} {
		if b, err := baseline.Parse([]byte(head + wrong + "]}")); err == nil {
			t.Errorf("%s is read as %+v", wrong, b.Known)
		}
	}
}

func TestEncodeAndParse(t *testing.T) {
	b := &baseline.Baseline{Level: verdict.Parity, Fixtures: "1.1.0", Claim: claims("empty"), Asked: 5, Known: []baseline.Entry{{ID: none + "#loss", Outcome: judge.Fail, Reason: "a < b"}}}
	text, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := baseline.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if _, err := baseline.Parse(bytes.Replace(text, []byte(`"claim"`), []byte(`"claim": {}, "cl\u0061im"`), 1)); err == nil || !strings.Contains(err.Error(), `member "claim" occurs twice`) {
		t.Errorf("a member that stands twice: got error %v", err)
	}
	twice := `{"level":"parity","fixtures":"1.0.0","claim":{},"asked":0,"known":[{"id":"b","outcome":"fail","reason":""},{"id":"a","outcome":"fail","reason":""},{"id":"b","outcome":"crash","reason":""}]}`
	if _, err := baseline.Parse([]byte(twice)); err == nil || !strings.Contains(err.Error(), `two entries have the id "b"`) {
		t.Errorf("got error %v", err)
	}
}
