package sweep

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sampleState has one number of everything: three chunks, the first of the smallest magnitudes, the
// second from 1.5 on, the third of infinities and NaNs.
func sampleState() *state {
	s := &state{Module: BCEWithLogitsLoss, Platform: "a platform", Fingerprint: "a fingerprint", Shard: "1/2040"}
	s.Counts = counts{Differences: []Difference{
		{Variant: "the second", Count: 5, Output: "gradient, target 0", Input: 0x3fc00000, Got: 1, Want: 2},
		{Variant: "the third"},
	}}
	for _, c := range []int{0, 2040, firstNonFinite} {
		s.Done.add(c)
		s.Counts.Inputs += 2 * chunkSize
		for i := range s.Counts.Tallies {
			part := modules[0].flawless(c)
			s.Counts.Tallies[i].add(&part)
		}
	}
	t := &s.Counts.Tallies[0]
	t.Histogram[0] -= 12
	t.Histogram[4] = 10 // and two of a wrong class
	t.Correct = t.Histogram[0] - 3
	t.WrongClass = 3
	t.Worst = &Error{ULP: 3, Input: 0x3fc00000, Got: 1 + 3*0x1p-23, Exact: 1}
	t.Examples = []Error{
		{Input: 0x3fc00001, Got: Number(math.Inf(1)), Exact: 1}, {Input: 0x7f800000, Got: 1, Exact: 0}, {Input: 0xbfc00001, Got: Number(math.NaN()), Exact: 1},
	}
	t.Profile.add(1.5, 3)
	t.Profile.add(1.5, math.Inf(1))
	t.Profile.add(-1.5, 3)
	t.Profile.add(0, 0)
	return s
}

// sampleProbabilities has two chunks of BCELoss: the smallest magnitudes and -0, and 1 alone.
func sampleProbabilities() *state {
	s := &state{Module: BCELoss, Platform: "a platform", Fingerprint: "a fingerprint", Shard: "1/2032"}
	s.Counts = counts{Differences: []Difference{
		{Variant: "the second", Count: 1, Output: "loss, target 0", Input: sign32, Got: 1, Want: 2}, {Variant: "the third"},
	}}
	for _, c := range []int{0, 2032} {
		s.Done.add(c)
		inputs, _ := modules[1].ofChunk(c)
		s.Counts.Inputs += inputs
		for i := range s.Counts.Tallies {
			part := modules[1].flawless(c)
			s.Counts.Tallies[i].add(&part)
		}
	}
	t := &s.Counts.Tallies[1]
	t.Histogram[0]--
	t.Correct--
	t.WrongClass = 1
	t.Examples = []Error{{Input: sign32, Got: Number(math.Inf(1)), Exact: 100}}
	return s
}

func text(tb testing.TB, s ...*state) []byte {
	tb.Helper()
	text, err := json.MarshalIndent(&states{Format: stateFormat, Modules: s}, "", " ")
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func TestGoodState(t *testing.T) {
	want := []*state{sampleState(), sampleProbabilities()}
	got, err := parseStates(text(t, want...))
	if err != nil {
		t.Fatal(err)
	}
	sameNaN := cmp.Comparer(func(a, b Number) bool { return sameClass(float64(a), float64(b)) })
	for i, s := range want {
		if diff := cmp.Diff(s.Counts, got.Modules[i].Counts, sameNaN); diff != "" {
			t.Errorf("%s: %s", s.Module, diff)
		}
	}
}

// TestStatesOfBCELossThatCannotBe: its inputs are those from 0 to 1, and -0.
func TestStatesOfBCELossThatCannotBe(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(s *state, t *Tally)
		want   string
	}{
		{"another module", func(s *state, _ *Tally) { s.Module = "BCEWithLogitsLoss" }, "BCEWithLogitsLoss: Counts.Inputs: got 524290, want 2097152 for 2 chunks"},
		{"no module", func(s *state, _ *Tally) { s.Module = "MSELoss" }, `Modules[0].Module: got the module "MSELoss", want one of BCEWithLogitsLoss, BCELoss`},
		{"a chunk above 1", func(s *state, _ *Tally) { s.Shard = "1/1"; s.Done.add(2033) }, "BCELoss: Done: got chunk 2033, want those of the inputs of BCELoss, below 2033"},
		{"as many negative inputs", func(s *state, _ *Tally) { s.Counts.Inputs = 2 * chunkSize }, "BCELoss: Counts.Inputs: got 1048576, want 524290 for 2 chunks"},
		{"too few finite inputs", func(_ *state, t *Tally) { t.Finite-- }, "BCELoss: Counts.Tallies[1] (loss, target 1).Finite: got 524289, want 524290 for the chunks done"},
		{"an example below 0", func(_ *state, t *Tally) { t.Examples[0].Input = sign32 + 1 }, "Examples[0].Input: got 0x80000001 (-1e-45), want an input of BCELoss"},
		{"an example above 1", func(_ *state, t *Tally) { t.Examples[0].Input = one32 + 1 }, "Examples[0].Input: got 0x3f800001 (1.0000001), want an input of BCELoss"},
		{"an example at NaN", func(_ *state, t *Tally) { t.Examples[0].Input = 0x7fc00000 }, "Examples[0].Input: got 0x7fc00000 (NaN), want an input of BCELoss"},
		{"a largest error at -1", func(_ *state, t *Tally) { t.Worst = &Error{ULP: 0.5, Input: sign32 + one32} }, "Worst.Input: got 0xbf800000 (-1), want an input of BCELoss"},
		{"a difference below 0", func(s *state, _ *Tally) { s.Counts.Differences[0].Input = sign32 + 1 }, "Counts.Differences[0].Input: got 0x80000001 (-1e-45), want an input of BCELoss"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := sampleProbabilities()
			test.change(s, &s.Counts.Tallies[1])
			if _, err := parseStates(text(t, s)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if _, err := parseStates(text(t, sampleProbabilities(), sampleProbabilities())); err == nil || !strings.Contains(err.Error(), "Modules[1].Module: got BCELoss twice") {
		t.Errorf("a module twice: got %v", err)
	}
	if _, err := parseStates(text(t, nil)); err == nil || !strings.Contains(err.Error(), "Modules[0]: got null") {
		t.Errorf("null: got %v", err)
	}
}

// TestStatesOfSweepsAreGood: what a sweep writes is taken, whatever the losses are.
func TestStatesOfSweepsAreGood(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long under the race detector")
	}
	nan := float32(math.NaN())
	overflows := Variant{BCEWithLogitsLoss, "overflows", spoilt(func(x, _ float32, l, g *float32) {
		if x > 90 || x < -96 {
			*l, *g = x*2e38, nan
		}
	})}
	for _, test := range []struct {
		variants []Variant
		shard    int // of 4096: a chunk
	}{
		{[]Variant{{BCEWithLogitsLoss, "cheap", cheap}, BuiltIn()[0]}, 1}, {BuiltIn(), 2041}, {[]Variant{overflows, BuiltIn()[0]}, 2135},
		{[]Variant{{BCEWithLogitsLoss, "textbook", textbook}, overflows}, firstNonFinite + 1}, {[]Variant{overflows}, firstNonFinite},
		{append(BuiltIn(BCELoss), Variant{BCELoss, "without a clamp", withoutClamp}), 1}, {[]Variant{{BCELoss, "without a clamp", withoutClamp}}, 1},
		{BuiltIn(BCELoss), 2033}, {BuiltIn(BCELoss), 2034},
	} {
		options := Options{Variants: test.variants, Shard: test.shard, Shards: chunks, State: filepath.Join(t.TempDir(), "state.json")}
		first, err := Float32(context.Background(), options)
		if err != nil {
			t.Fatal(err)
		}
		second, err := Merge(test.variants, options.State)
		if err != nil {
			t.Errorf("%s: %v", test.variants[0].Name, err)
			continue
		}
		sameNaN := cmp.Comparer(func(a, b Number) bool { return sameClass(float64(a), float64(b)) })
		if diff := cmp.Diff(first, second, sameNaN); diff != "" {
			t.Errorf("%s: %s", test.variants[0].Name, diff)
		}
	}
}

// TestStatesThatCannotBe changes one number at a time.
func TestStatesThatCannotBe(t *testing.T) {
	inf, nan := Number(math.Inf(1)), Number(math.NaN())
	const finite = 2 * 2 * chunkSize
	for _, test := range []struct {
		name   string
		change func(s *state, t *Tally)
		want   string
	}{
		{"a shard of nothing", func(s *state, _ *Tally) { s.Shard = "1/0" }, `Shard: got "1/0", want i/n`},
		{"a shard with more", func(s *state, _ *Tally) { s.Shard = "1/2040 " }, `Shard: got "1/2040 ", want i/n`},
		{"a chunk of another shard", func(s *state, _ *Tally) { s.Done.add(1) }, "Done: got chunk 1, want those of shard 1/2040 alone"},
		{"too few logits", func(s *state, _ *Tally) { s.Counts.Inputs-- }, "Counts.Inputs: got 3145727, want 3145728 for 3 chunks"},
		{"too many elements", func(_ *state, t *Tally) { t.Elements++ }, "Elements: got 3145729, want 3145728"},
		{"too few finite inputs", func(_ *state, t *Tally) { t.Finite = 5 }, "Finite: got 5, want 2097152 for the chunks done"},
		{"more finite inputs than elements", func(_ *state, t *Tally) { t.Finite = t.Elements + 1 }, "Finite: got 3145729"},
		{"more correct than finite", func(_ *state, t *Tally) { t.Correct = finite + 1 }, "Correct: got 2097153, want at most 2097140"},
		{"more correct than near", func(_ *state, t *Tally) { t.Correct = t.Histogram[0] + 1 }, "Correct: got 2097141, want at most 2097140, which have errors of at most 0.51 ULP"},
		{"a bin too large", func(_ *state, t *Tally) { t.Histogram[1] = finite + 1 }, "Histogram[1]: got 2097153, want at most the 2097152 finite inputs"},
		{"a histogram too large", func(_ *state, t *Tally) { t.Histogram[1] = 3 }, "Histogram: got 2097153 errors, want at most the 2097152 finite inputs"},
		{"a sum that overflows", func(_ *state, t *Tally) { t.Histogram[2], t.Histogram[3] = 1<<63, 1<<63 }, "Histogram[2]: got 9223372036854775808"},
		{"a histogram too small", func(_ *state, t *Tally) { t.Histogram[0] -= 2 }, "WrongClass: got 3, want 4 to 1048580 where the histogram has 2097148 of 2097152 finite inputs"},
		{"more of a wrong class than there can be", func(_ *state, t *Tally) { t.WrongClass = 1<<20 + 3 }, "WrongClass: got 1048579, want 2 to 1048578"},
		{"a wrong class without examples", func(_ *state, t *Tally) { t.Examples = nil }, "Examples: got 0, want 3 of the 3 results of a wrong class"},
		{"examples without a wrong class", func(s *state, _ *Tally) {
			s.Counts.Tallies[0].Examples, s.Counts.Tallies[3].Examples = s.Counts.Tallies[3].Examples, s.Counts.Tallies[0].Examples
		}, "Examples: got 0, want 3"},
		{"an example too many", func(_ *state, t *Tally) { t.Examples = append(t.Examples, Error{Input: 0xbfc00002, Got: inf}) }, "Examples: got 4, want 3"},
		{"an example of another chunk", func(_ *state, t *Tally) { t.Examples[0].Input = 0x3f800000 }, "Examples[0].Input: got 0x3f800000 (1), want an input of the chunks done: chunk 2032 is not"},
		{"the last chunk", func(_ *state, t *Tally) { t.Examples[2].Input = 0xffffffff }, "Examples[2].Input: got 0xffffffff (NaN), want an input of the chunks done: chunk 4095 is not"},
		{"examples in no order", func(_ *state, t *Tally) { t.Examples[0], t.Examples[2] = t.Examples[2], t.Examples[0] }, "Examples[1].Input: got 0x7f800000 (+Inf), want the bits to ascend"},
		{"an example twice", func(_ *state, t *Tally) { t.Examples[1] = t.Examples[0] }, "Examples[1].Input: got 0x3fc00001 (1.5000001), want the bits to ascend"},
		{"an example with an error", func(_ *state, t *Tally) { t.Examples[0].ULP = 1 }, "Examples[0].ULP: got 1, want 0"},
		{"an example of the right class", func(_ *state, t *Tally) { t.Examples[0].Got = 2 }, "Examples[0].Got: got 2, want a result of a wrong class where 1 is exact"},
		{"an exact result that is none", func(_ *state, t *Tally) { t.Examples[0].Exact = inf }, "Examples[0].Got: got +Inf, want a result of a wrong class where +Inf is exact"},
		{"an exact result that is NaN", func(_ *state, t *Tally) { t.Examples[0].Exact = nan }, "Examples[0].Got: got +Inf, want a result of a wrong class where NaN is exact"},
		{"the right limit", func(_ *state, t *Tally) { t.Examples[1].Exact = 1 }, "Examples[1].Got: got 1, want a result of a wrong class where 1 is exact"},
		{"an example at a logit too many", func(_ *state, t *Tally) { t.Examples[1].Input = 0x3fc00002; t.Examples[1].Got = nan }, "Examples: got 3 at finite inputs and 0 at others, want at most 2 and 1"},
		{"no largest error", func(_ *state, t *Tally) { t.Worst = nil }, "Worst: got none, want one: the histogram has errors above 2 ULP"},
		{"a largest error elsewhere", func(_ *state, t *Tally) { t.Worst.Input = 0x3f800000 }, "Worst.Input: got 0x3f800000 (1), want an input of the chunks done"},
		{"a largest error at infinity", func(_ *state, t *Tally) { t.Worst.Input = 0x7f800000 }, "Worst.Input: got 0x7f800000 (+Inf), want a finite input"},
		{"a largest error of NaN", func(_ *state, t *Tally) { t.Worst.Got = nan }, "Worst: got the result NaN, exact 1, want finite numbers"},
		{"a largest error of infinity", func(_ *state, t *Tally) { t.Worst.Exact = -inf }, "Worst: got the result 1.0000003576278687, exact -Inf, want finite numbers"},
		{"an error that is another", func(_ *state, t *Tally) { t.Worst.ULP = 2.5 }, "Worst.ULP: got 2.5, want 3"},
		{"an error of 0", func(_ *state, t *Tally) { t.Worst.ULP, t.Worst.Got = 0, 1 }, "Worst.ULP: got 0, want 0, which is not 0"},
		{"an error that is not the largest", func(_ *state, t *Tally) { t.Worst.ULP, t.Worst.Got = 1, 1+0x1p-23 }, "Worst.ULP: got 1, want the largest error of the histogram"},
		{"a profile above the largest error", func(_ *state, t *Tally) { t.Profile[7] = Part{true, 3.5} }, "Profile: got 3.5 at part 7, want at most 3, the largest error"},
		{"a profile of a wrong class", func(s *state, _ *Tally) { s.Counts.Tallies[0].Profile[7] = Part{true, 4} }, "Profile: got 4 at part 7"},
		{"a difference without a count", func(s *state, _ *Tally) { s.Counts.Differences[0].Count = 0 }, "Counts.Differences[0].Count: got 0, want the number of the differences, of which there is one at 0x3fc00000 (1.5)"},
		{"more differences than results", func(s *state, _ *Tally) { s.Counts.Differences[0].Count = 1 << 40 }, "Counts.Differences[0].Count: got 1099511627776, want at most the 12582912 results"},
		{"a difference elsewhere", func(s *state, _ *Tally) { s.Counts.Differences[0].Input = 0xff800001 + 1<<20 }, "Counts.Differences[0].Input: got 0xff900001 (NaN), want an input of the chunks done"},
		{"a difference of nothing", func(s *state, _ *Tally) { s.Counts.Differences[0].Output = "the loss\n## of" }, `Counts.Differences[0].Output: got "the loss\n## of", want one such as "loss, target 0"`},
		{"a difference that is none", func(s *state, _ *Tally) { s.Counts.Differences[0].Want = 1 }, "Counts.Differences[0].Got: got 1, want another number than 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := sampleState()
			test.change(s, &s.Counts.Tallies[0])
			if _, err := parseStates(text(t, s)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	s := sampleState()
	s.Counts.Tallies[3].Profile[7] = Part{true, float32(inf)}
	if _, err := parseStates(text(t, s)); err == nil || !strings.Contains(err.Error(), "Counts.Tallies[3] (gradient, target 1).Profile: got +Inf at part 7, want none") {
		t.Errorf("a wrong class in the profile alone: got %v", err)
	}
}

// TestBadStatesAreNamed: a state of a wrong class without an example, as a run and as a merge take it.
func TestBadStatesAreNamed(t *testing.T) {
	all, err := openStates(Options{Shard: 1, Shards: chunks, State: filepath.Join(t.TempDir(), "state.json")})
	if err != nil {
		t.Fatal(err)
	}
	s := all.Modules[0]
	s.Done.add(0)
	s.Counts.Inputs = 2 * chunkSize
	for i := range s.Counts.Tallies {
		s.Counts.Tallies[i] = modules[0].flawless(0)
	}
	s.Counts.Tallies[1].WrongClass = 3
	s.Counts.Tallies[1].Histogram[0] -= 3
	s.Counts.Tallies[1].Correct -= 3
	if err := all.write(); err != nil {
		t.Fatal(err)
	}
	want := all.file + ": BCEWithLogitsLoss: Counts.Tallies[1] (loss, target 1).Examples: got 0, want 3 of the 3 results of a wrong class"
	if _, err := Float32(context.Background(), Options{Shard: 1, Shards: chunks, State: all.file}); err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
	if _, err := Merge(nil, all.file); err == nil || err.Error() != want {
		t.Errorf("merged: got %v, want %q", err, want)
	}
	// A variant that is compared is one of these losses.
	s.Counts.Tallies[1] = modules[0].flawless(0)
	s.Counts.Differences[1].Variant = "another\n## Title"
	if err := all.write(); err != nil {
		t.Fatal(err)
	}
	want = `Counts.Differences[1].Variant: got "another\n## Title", want "MultiLabelSoftMarginLoss`
	if _, err := Merge(nil, all.file); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
	if err := os.WriteFile(all.file, []byte("null"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Merge(nil, all.file); err == nil || !strings.Contains(err.Error(), "got format 0 of the state") {
		t.Errorf("got %v", err)
	}
}
