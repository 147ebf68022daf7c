package drift_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossproof/internal/drift"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

const id = "BCEWithLogitsLoss/topic/a"

// result is one of a single case with a loss, which passes with an error of 1 ULP against
// both; change makes another one of it.
func result(change func(r *judge.Result)) *judge.Result {
	r := &judge.Result{
		Level:    string(verdict.Parity),
		Platform: judge.Platform{OS: "linux", Arch: "amd64", CPU: "EPYC", Cores: 2, SIMD: []string{"AVX2", "FMA"}, Go: "go1.26.8"},
		Port:     ports.Info{Name: "p", Version: "1", Language: "go", LanguageVersion: "1.26"},
		Claim:    map[string]ports.Claim{ports.BCEWithLogitsLoss: {DTypes: []tensor.DType{tensor.Float32}, Outputs: []string{ports.Loss}}},
		Cases: []judge.CheckResult{{
			ID: id, Kind: judge.Case, SHA256: "1", Gates: true, Outcome: judge.Pass,
			Outputs: map[string]judge.OutputResult{ports.Loss: {Outcome: judge.Pass, Errors: errors(1, 1)}},
		}},
	}
	if change != nil {
		change(r)
	}
	return r
}

func errors(exact, reference float64) *judge.Errors {
	of := func(ulp float64) *judge.Distance {
		if math.IsNaN(ulp) {
			return nil // there is none
		}
		return &judge.Distance{ULP: judge.Number(ulp), Headroom: judge.Number(ulp / 10)}
	}
	return &judge.Errors{Exact: of(exact), Reference: of(reference)}
}

// errorsOf and outcomeOf change the loss of a result.
func errorsOf(exact, reference float64) func(*judge.Result) {
	return func(r *judge.Result) {
		r.Cases[0].Outputs[ports.Loss] = judge.OutputResult{Outcome: judge.Pass, Errors: errors(exact, reference)}
	}
}

func outcomeOf(o judge.Outcome, known *judge.Known) func(*judge.Result) {
	return func(r *judge.Result) {
		r.Cases[0].Outputs[ports.Loss] = judge.OutputResult{Outcome: o, Known: known}
	}
}

func then(changes ...func(*judge.Result)) func(*judge.Result) {
	return func(r *judge.Result) {
		for _, change := range changes {
			change(r)
		}
	}
}

func compare(t *testing.T, old, is func(*judge.Result), slack float64) *drift.Report {
	t.Helper()
	r, err := drift.Compare(result(old), result(is), slack)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestErrors(t *testing.T) {
	none := math.NaN()
	atLevel := func(level verdict.Level) func(*judge.Result) {
		return func(r *judge.Result) { r.Level = string(level) }
	}
	for _, test := range []struct {
		reason       string
		level        verdict.Level
		was, is      func(*judge.Result)
		slack        float64
		grew, shrank string // against whom
	}{
		{"the same", verdict.Parity, errorsOf(1, 1), errorsOf(1, 1), 0, "", ""},
		{"against the exact result it grew, in tolerance", verdict.Parity, errorsOf(1, 1), errorsOf(1.25, 1), 0, "exact", ""},
		{"the reference does not count where there is an exact result", verdict.Parity, errorsOf(1, 1), errorsOf(1, 9), 0, "", ""},
		{"at level exact either", verdict.Exact, errorsOf(1, 1), errorsOf(1, 9), 0, "", ""},
		{"at level reference it does, and the exact one does not", verdict.Reference, errorsOf(1, 1), errorsOf(9, 2), 0, "reference", ""},
		{"without an exact result", verdict.Parity, errorsOf(none, 1), errorsOf(none, 2), 0, "reference", ""},
		{"without any", verdict.Parity, errorsOf(none, none), errorsOf(none, none), 0, "", ""},
		{"smaller", verdict.Parity, errorsOf(2, 1), errorsOf(1, 1), 0, "", "exact"},
		{"as much as may be", verdict.Parity, errorsOf(1, 1), errorsOf(1.5, 1), 0.5, "", ""},
		{"more than may be", verdict.Parity, errorsOf(1, 1), errorsOf(1.75, 1), 0.5, "exact", ""},
		{"to infinity", verdict.Parity, errorsOf(1, 1), errorsOf(math.Inf(1), 1), 0, "exact", ""},
		{"infinite before", verdict.Parity, errorsOf(math.Inf(1), 1), errorsOf(math.Inf(1), 1), 0, "", ""},
		{"in a case that does not gate", verdict.Parity, errorsOf(1, 1), then(errorsOf(9, 9), func(r *judge.Result) { r.Cases[0].Gates = false }), 0, "", ""},
	} {
		r := compare(t, then(test.was, atLevel(test.level)), then(test.is, atLevel(test.level)), test.slack)
		against := func(list []drift.Growth) string {
			if len(list) == 0 {
				return ""
			}
			if list[0].ID != id+"#loss" {
				t.Errorf("%s: id %q", test.reason, list[0].ID)
			}
			return list[0].Against
		}
		if grew, shrank := against(r.Grew), against(r.Shrank); grew != test.grew || shrank != test.shrank || r.Fails() != (test.grew != "") {
			t.Errorf("%s: grew %q, shrank %q, fails %t; want %q, %q", test.reason, grew, shrank, r.Fails(), test.grew, test.shrank)
		}
	}
}

func TestOutcomes(t *testing.T) {
	known := &judge.Known{Outcome: judge.Fail}
	for _, test := range []struct {
		was, is       func(*judge.Result)
		worse, better drift.Change
	}{
		{outcomeOf(judge.Pass, nil), outcomeOf(judge.Fail, nil), drift.Change{ID: id + "#loss", Was: judge.Pass, Is: judge.Fail}, drift.Change{}},
		{outcomeOf(judge.Fail, nil), outcomeOf(judge.Pass, nil), drift.Change{}, drift.Change{ID: id + "#loss", Was: judge.Fail, Is: judge.Pass}},
		{outcomeOf(judge.Fail, nil), outcomeOf(judge.Crash, nil), drift.Change{ID: id + "#loss", Was: judge.Fail, Is: judge.Crash}, drift.Change{}},
		{outcomeOf(judge.Crash, nil), outcomeOf(judge.Fail, nil), drift.Change{}, drift.Change{ID: id + "#loss", Was: judge.Crash, Is: judge.Fail}},
		// To claim less is no way to get better than a pass.
		{outcomeOf(judge.Pass, nil), outcomeOf(judge.Unsupported, nil), drift.Change{ID: id + "#loss", Was: judge.Pass, Is: judge.Unsupported}, drift.Change{}},
		{outcomeOf(judge.Unsupported, nil), outcomeOf(judge.Fail, nil), drift.Change{ID: id + "#loss", Was: judge.Unsupported, Is: judge.Fail}, drift.Change{}},
		// A baseline has no effect.
		{outcomeOf(judge.Pass, nil), outcomeOf(judge.KnownFailure, known), drift.Change{ID: id + "#loss", Was: judge.Pass, Is: judge.Fail}, drift.Change{}},
		{outcomeOf(judge.Fail, nil), outcomeOf(judge.KnownFailure, known), drift.Change{}, drift.Change{}},
		{outcomeOf(judge.KnownFailure, known), outcomeOf(judge.Fixed, nil), drift.Change{}, drift.Change{ID: id + "#loss", Was: judge.Fail, Is: judge.Pass}},
		{nil, then(outcomeOf(judge.Fail, nil), func(r *judge.Result) { r.Cases[0].Gates = false }), drift.Change{}, drift.Change{}},
	} {
		r := compare(t, test.was, test.is, 0)
		one := func(list []drift.Change) drift.Change {
			if len(list) == 0 {
				return drift.Change{}
			}
			return list[0]
		}
		if one(r.Worse) != test.worse || one(r.Better) != test.better || r.Fails() != (test.worse != drift.Change{}) {
			t.Errorf("worse %v, better %v; want %v, %v", r.Worse, r.Better, test.worse, test.better)
		}
	}
	rejection := func(o judge.Outcome) func(*judge.Result) {
		return func(r *judge.Result) { r.Cases[0].Rejection, r.Cases[0].Outcome, r.Cases[0].Outputs = true, o, nil }
	}
	r := compare(t, rejection(judge.Pass), rejection(judge.Fail), 0)
	if want := []drift.Change{{ID: id, Was: judge.Pass, Is: judge.Fail}}; !slices.Equal(r.Worse, want) || r.Compared != 1 {
		t.Errorf("a rejection: worse %v of %d, want %v", r.Worse, r.Compared, want)
	}
}

// TestOnlyTheSameCases: a case whose content changed is left out, whatever came of it.
func TestRelations(t *testing.T) {
	relation := func(id string, o judge.Outcome, known *judge.Known, gates bool) judge.CheckResult {
		return judge.CheckResult{ID: id, Kind: judge.Relation, Outcome: o, Known: known, Gates: gates}
	}
	r := compare(t,
		func(r *judge.Result) {
			r.Relations = []judge.CheckResult{
				relation("breaks", judge.Pass, nil, true), relation("known", judge.Pass, nil, true), relation("mends", judge.Fail, nil, true),
				relation("holds", judge.Pass, nil, true), relation("does not gate", judge.Pass, nil, false), relation("old", judge.Pass, nil, true),
			}
		},
		func(r *judge.Result) {
			r.Relations = []judge.CheckResult{
				relation("new", judge.Fail, nil, true), relation("holds", judge.Pass, nil, true), relation("mends", judge.Pass, nil, true),
				relation("known", judge.KnownFailure, &judge.Known{Outcome: judge.Fail}, true), relation("breaks", judge.Fail, nil, true),
				relation("does not gate", judge.Fail, nil, false),
			}
		}, 0)
	want := []drift.Change{{ID: "known", Was: judge.Pass, Is: judge.Fail}, {ID: "breaks", Was: judge.Pass, Is: judge.Fail}}
	if diff := cmp.Diff(want, r.Worse); diff != "" {
		t.Errorf("worse: -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]drift.Change{{ID: "mends", Was: judge.Fail, Is: judge.Pass}}, r.Better); diff != "" {
		t.Errorf("better: -want +got:\n%s", diff)
	}
	if r.Relations != 5 || r.Compared != 1 || !r.Fails() {
		t.Errorf("got %d relations and %d outputs, failing %v, want 5 and 1, failing", r.Relations, r.Compared, r.Fails())
	}
}

func TestOnlyTheSameCases(t *testing.T) {
	more := func(ids ...string) func(*judge.Result) {
		return func(r *judge.Result) {
			for _, name := range ids {
				c := r.Cases[0]
				c.ID = name
				r.Cases = append(r.Cases, c)
			}
		}
	}
	changed := func(r *judge.Result) {
		r.Cases[1].SHA256 = "2"
		r.Cases[1].Outputs = map[string]judge.OutputResult{ports.Loss: {Outcome: judge.Fail}}
	}
	r := compare(t, more("b", "old 1", "old 2", "old 3"), then(more("b", "new 1", "new 2"), changed), 0)
	if r.Compared != 1 || !slices.Equal(r.Changed, []string{"b"}) || r.OnlyOld != 3 || r.OnlyNew != 2 || r.Fails() {
		t.Errorf("got %+v", r)
	}
	for _, test := range []struct {
		change func(*judge.Result)
		want   string
	}{
		{func(r *judge.Result) { r.Cases[0].SHA256 = "2" }, "no case in common whose content is the same"},
		{func(r *judge.Result) { r.Level = string(verdict.Exact) }, "two levels, parity and exact"},
	} {
		if r, err := drift.Compare(result(nil), result(test.change), 0); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, %v, want an error with %q", r, err, test.want)
		}
	}
}

func TestDifferencesAreNamed(t *testing.T) {
	r := compare(t, nil, func(r *judge.Result) {
		r.Platform = judge.Platform{OS: "darwin", Arch: "arm64", CPU: "M4", Cores: 10, SIMD: []string{"NEON"}, Go: "go1.27.0"}
		r.Port = ports.Info{Name: "q", Version: "2", Language: "rust"}
		r.Claim = map[string]ports.Claim{}
		r.Lossproof, r.Fixtures.Version, r.Reference.Version = "0.2.0", "1.1.0", "2.16.0"
	}, 0)
	want := &drift.Report{
		Compared: 1,
		Machines: []drift.Difference{
			{What: "system", Was: "linux/amd64", Is: "darwin/arm64"},
			{What: "CPU", Was: "EPYC", Is: "M4"},
			{What: "cores", Was: "2", Is: "10"},
			{What: "instruction sets", Was: "AVX2 FMA", Is: "NEON"},
			{What: "Go of lossproof", Was: "go1.26.8", Is: "go1.27.0"},
		},
		Port: []drift.Difference{
			{What: "name", Was: "p", Is: "q"},
			{What: "version", Was: "1", Is: "2"},
			{What: "language", Was: "go 1.26", Is: "rust"},
			{What: "claim of BCEWithLogitsLoss", Was: "BCEWithLogitsLoss float32, loss", Is: "not claimed"},
		},
		Run: []drift.Difference{
			{What: "lossproof", Was: "", Is: "0.2.0"},
			{What: "fixtures", Was: "", Is: "1.1.0"},
			{What: "reference", Was: " ", Is: " 2.16.0"},
		},
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("want - got +\n%s", diff)
	}
	if r := compare(t, nil, nil, 0); len(r.Machines)+len(r.Port)+len(r.Run) > 0 {
		t.Errorf("of the same machine: %+v", r)
	}
}

// TestTheLargestFirst: what grew most is listed first.
func TestTheLargestFirst(t *testing.T) {
	cases := func(ulps ...float64) func(*judge.Result) {
		return func(r *judge.Result) {
			r.Cases = nil
			for i, ulp := range ulps {
				r.Cases = append(r.Cases, judge.CheckResult{ID: string(rune('a' + i)), Gates: true, Outputs: map[string]judge.OutputResult{
					ports.Loss: {Outcome: judge.Pass, Errors: errors(ulp, ulp)},
				}})
			}
		}
	}
	ids := func(list []drift.Growth) (text string) {
		for _, g := range list {
			text += g.ID[:1]
		}
		return text
	}
	r := compare(t, cases(1, 1, 1, 5, 5), cases(2, 4, 3, 4, 1), 0)
	if ids(r.Grew) != "bca" || ids(r.Shrank) != "ed" {
		t.Errorf("grew %q, shrank %q", ids(r.Grew), ids(r.Shrank))
	}
}
