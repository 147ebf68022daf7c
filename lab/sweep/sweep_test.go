package sweep

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossproof/loss"
)

// fewer returns an eighth of a number in a short run.
func fewer(n int) int {
	if testing.Short() {
		return n / 8
	}
	return n
}

// TestBuiltInLosses measures a sample of what `make exhaustive` measures in full.
func TestBuiltInLosses(t *testing.T) {
	ctx := context.Background()
	var r Report
	var err error
	if r.Float32, err = Sample(ctx, fewer(4096), Options{}); err != nil {
		t.Fatal(err)
	}
	if r.Random, err = Random(ctx, fewer(10_000), nil); err != nil {
		t.Fatal(err)
	}
	if r.Sums, err = Sums(ctx, 300_000, 10_000, nil); err != nil {
		t.Fatal(err)
	}
	measured := []string{BCEWithLogitsLoss, nearestLogits, BCELoss}
	if len(r.Float32) != len(measured) {
		t.Fatalf("got %d results, want one for each of %v", len(r.Float32), measured)
	}
	for i, result := range r.Float32 {
		if want := 256 * 2 * fewer(200); result.Module != measured[i] || result.Inputs < uint64(want) || result.Complete {
			t.Errorf("%s: got %d inputs (complete: %t), want at least %d of a sample of %s", result.Module, result.Inputs, result.Complete, want, measured[i])
		}
	}
	for i := range r.Random {
		if r.Random[i].DType == "float64" {
			// Twice the limit: whether a random point exceeds it is for make exhaustive to say.
			r.Random[i].Limit *= 2
		}
	}
	for _, miss := range r.Misses() {
		t.Error(miss)
	}
}

// textbook is torch's formula in float32, which cancels.
func textbook(l, g, input, target []float32) error {
	for i, x := range input {
		t := target[i]
		softplus := max(-x, 0) + float32(math.Log1p(math.Exp(-math.Abs(float64(x)))))
		l[i] = (1-t)*x + softplus
		g[i] = float32(1/(1+math.Exp(-float64(x)))) - t
	}
	return nil
}

// spoilt returns the built-in losses, whose results spoil may change.
func spoilt(spoil func(x, t float32, l, g *float32)) func(l, g, input, target []float32) error {
	right := BuiltIn()[0].Evaluate
	return func(l, g, input, target []float32) error {
		if err := right(l, g, input, target); err != nil {
			return err
		}
		for i := range input {
			spoil(input[i], target[i], &l[i], &g[i])
		}
		return nil
	}
}

// TestSampleFindsWrongLosses has losses that are wrong in one way each.
func TestSampleFindsWrongLosses(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	tests := []struct {
		name     string
		evaluate func(l, g, input, target []float32) error
		want     string // in the first miss
	}{
		{"the textbook formula", textbook, "float32 loss, target 0: "},
		{"one ULP at one logit", spoilt(func(x, t float32, l, _ *float32) {
			if x == -2 && t == 1 {
				*l = math.Nextafter32(*l, inf)
			}
		}), "at 0xc0000000 (-2), want at most 0.51"},
		{"one ULP of a gradient at the smallest normal number", spoilt(func(x, t float32, _, g *float32) {
			if x == 0x1p-126 && t == 0 {
				*g = math.Nextafter32(*g, inf)
			}
		}), "float32 gradient, target 0: an error of 1 ULP at 0x00800000 (1.1754944e-38)"},
		{"a gradient of the wrong sign", spoilt(func(x, t float32, _, g *float32) {
			if t == 1 {
				*g = -*g
			}
		}), "float32 gradient, target 1: "},
		{"a flushed subnormal result", spoilt(func(_, t float32, l, _ *float32) {
			if t == 0 && *l < 0x1p-126 {
				*l = 0
			}
		}), "float32 loss, target 0: "},
		{"NaN at an infinite logit", spoilt(func(x, t float32, l, _ *float32) {
			if x == inf && t == 1 {
				*l = nan
			}
		}), "float32 loss, target 1: 1 results are NaN or infinite where they should not be, or the other way round; first at 0x7f800000 (+Inf): got NaN, exact 0"},
		{"a number at NaN", spoilt(func(x, t float32, l, _ *float32) {
			if x != x && t == 0 {
				*l = 1
			}
		}), "float32 loss, target 0: "},
		{"an infinite gradient at the largest logit", spoilt(func(x, t float32, _, g *float32) {
			if x == -math.MaxFloat32 && t == 1 {
				*g = -inf
			}
		}), "first at 0xff7fffff (-3.4028235e+38): got -Inf, exact -1"},
		{"the wrong neighbour in too many places", spoilt(func(x, t float32, l, _ *float32) {
			if t == 1 || x < -30 || x > 15 {
				return
			}
			exact := math.Log1p(math.Exp(float64(x)))
			if d := exact - float64(*l); math.Abs(d)*inverseULP32(exact) > 0.4905 {
				*l = math.Nextafter32(*l, inf*float32(math.Copysign(1, d)))
			}
		}), "float32 loss, target 0: 98."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			checkMissed(t, BCEWithLogitsLoss, test.evaluate, test.want)
		})
	}
}

// checkMissed checks the first limit that losses miss.
func checkMissed(t *testing.T, module string, evaluate func(loss, grad, input, target []float32) error, want string) {
	t.Helper()
	results, err := Sample(context.Background(), 256, Options{Variants: []Variant{{module, "spoilt", evaluate}}})
	if err != nil {
		t.Fatal(err)
	}
	misses := (&Report{Float32: results}).Misses()
	if len(misses) == 0 || !strings.Contains(misses[0], want) {
		t.Errorf("got %q, want %q in the first", misses, want)
	}
}

// TestEveryFiniteLogitIsCounted: in the histogram by its error, or with those of a wrong class; and
// in the profile.
func TestEveryFiniteLogitIsCounted(t *testing.T) {
	inf := float32(math.Inf(1))
	wrong := uint64(0)
	results, err := Sample(context.Background(), 1024, Options{Workers: 1, Variants: []Variant{{BCEWithLogitsLoss, "three ULP", spoilt(func(x, t float32, l, g *float32) {
		for range 3 {
			*l = math.Nextafter32(*l, 1)
		}
		if t == 1 && x < -4 && x > -inf {
			wrong++
			*g = -inf
		}
	})}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tally := range results[0].Tallies {
		want := uint64(0)
		if tally.Output == "gradient, target 1" {
			want = wrong
		}
		if tally.WrongClass-tally.WrongFinite() > 2 { // the losses at infinite logits are moved too
			t.Errorf("%s: got %d results of a wrong class, %d of them at finite logits", tally.Output, tally.WrongClass, tally.WrongFinite())
		}
		if tally.WrongFinite() != want || tally.Histogram.sum()+want != tally.Finite {
			t.Errorf("%s: got %d finite logits, %d in the histogram, %d of a wrong class, want %d of these", tally.Output, tally.Finite, tally.Histogram.sum(), tally.WrongFinite(), want)
		}
		for i, part := range tally.Profile {
			x := tally.Profile.Logit(i)
			if !part.Measured || part.WrongClass() != (want > 0 && x < -4) {
				t.Fatalf("%s: at %v got %+v", tally.Output, x, part)
			}
		}
		if strings.HasPrefix(tally.Output, "loss") {
			// Three ULPs and at most a half, or half as much across a power of two.
			if n := tally.Histogram[3] + tally.Histogram[4]; n != tally.Finite || tally.Histogram[3] > n/100 {
				t.Errorf("%s: got the errors %v, want all between 1 and 4 ULPs, nearly all above 2", tally.Output, tally.Histogram)
			}
		}
	}
}

// TestFirstExamples: blocks of positive and negative logits take turns; the first ones are those with the smallest bits.
func TestFirstExamples(t *testing.T) {
	nan := float32(math.NaN())
	got, exact := slices.Repeat([]float32{nan}, 8), make([]float64, 8)
	var tally Tally
	for block := range uint32(2) {
		var magnitudes []uint32
		for i := range uint32(8) {
			magnitudes = append(magnitudes, block*8+i)
		}
		if block > 0 {
			tally.measure(got, measured{modules[0], magnitudes, make([]float64, 8), exact, false}, Output{})
		}
		tally.measure(got, measured{modules[0], magnitudes, make([]float64, 8), exact, true}, Output{})
	}
	if len(tally.Examples) != maxExamples || tally.WrongClass != 24 {
		t.Fatalf("got %d examples of %d", len(tally.Examples), tally.WrongClass)
	}
	for i, e := range tally.Examples {
		if e.Input != Bits32(8+i) {
			t.Errorf("example %d: got %s, want %s", i, e.Input, Bits32(8+i))
		}
	}
}

func TestVariantsAreCompared(t *testing.T) {
	variants := []Variant{BuiltIn()[0], BuiltIn()[1], {BCEWithLogitsLoss, "another", spoilt(func(x, t float32, l, _ *float32) {
		if x <= -4 && t == 1 {
			*l *= 2
		}
	})}}
	results, err := Sample(context.Background(), 16, Options{Variants: variants})
	if err != nil {
		t.Fatal(err)
	}
	if len(results[0].Differences) != 1 {
		t.Fatalf("got the differences %v, want one", results[0].Differences)
	}
	d := results[0].Differences[0]
	if d.Variant != "another" || d.Input != Bits32(math.Float32bits(-4)) || d.Output != "loss, target 1" || d.Got != 2*d.Want || d.Count < 100 {
		t.Errorf("got %+v", d)
	}
	if misses := (&Report{Float32: results}).Misses(); len(misses) != 1 || !strings.Contains(misses[0], "another") {
		t.Errorf("got %q", misses)
	}
}

func TestErrorOfAVariant(t *testing.T) {
	failure := errors.New("out of order")
	variants := []Variant{{BCEWithLogitsLoss, "broken", func(_, _, _, _ []float32) error { return failure }}}
	for name, sweep := range map[string]func() ([]*Result, error){
		"Sample":  func() ([]*Result, error) { return Sample(context.Background(), 1, Options{Variants: variants}) },
		"Float32": func() ([]*Result, error) { return Float32(context.Background(), Options{Variants: variants}) },
	} {
		if _, err := sweep(); !errors.Is(err, failure) || !strings.Contains(err.Error(), "broken") {
			t.Errorf("%s: got %v, want the error and the variant's name", name, err)
		}
	}
}

// cheap is a variant that costs nothing and is right nowhere but in its bits being the same.
func cheap(l, g, input, _ []float32) error {
	copy(l, input)
	copy(g, input)
	return nil
}

// two are options for two chunks, that of the smallest magnitudes and that from 2 on.
func two(state string) Options {
	return Options{Variants: []Variant{{BCEWithLogitsLoss, "cheap", cheap}}, Shard: 1, Shards: chunks / 2, State: state, Workers: 1}
}

// reread returns the state in the file of the options.
func reread(t *testing.T, o Options) *state {
	t.Helper()
	groups, err := groupsOf(o.Variants)
	if err != nil {
		t.Fatal(err)
	}
	s, err := openState(groups, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// count returns how many are true.
func count(done []bool) int {
	n := 0
	for _, d := range done {
		if d {
			n++
		}
	}
	return n
}

func TestResume(t *testing.T) {
	results, err := Float32(context.Background(), two(""))
	if err != nil {
		t.Fatal(err)
	}
	whole := results[0]
	if want := uint64(2 * 2 * chunkSize); whole.Inputs != want || whole.Tallies[0].Elements != want || whole.Complete {
		t.Fatalf("got %d logits, %d elements (complete: %t), want %d of a part", whole.Inputs, whole.Tallies[0].Elements, whole.Complete, want)
	}

	file := filepath.Join(t.TempDir(), "new folder", "state.json")
	ctx, interrupt := context.WithCancel(context.Background())
	options := two(file)
	options.Progress = func(done, total int64) {
		if total != 2*2*chunkSize {
			t.Errorf("got the total %d, want %d", total, 2*2*chunkSize)
		}
		if done > 2*chunkSize { // in the second chunk
			interrupt()
		}
	}
	if _, err := Float32(ctx, options); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want an interruption", err)
	}
	if done := reread(t, options).Done[0]; count(done) != 1 || !done[0] {
		t.Fatalf("got %d chunks done, want the first one", count(done))
	}

	options.Progress = func(done, _ int64) {
		if done < 2*chunkSize {
			t.Errorf("%d logits done, but %d were remembered", done, 2*chunkSize)
		}
	}
	resumed, err := Float32(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(results, resumed, cmp.AllowUnexported(Result{})); diff != "" {
		t.Errorf("an interrupted run and a whole one differ (-whole +resumed):\n%s", diff)
	}
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 1 {
		t.Errorf("got the files %v, want the state alone", left)
	}

	// The state is that of these losses and this shard.
	options.Shard = 2
	if _, err := Float32(context.Background(), options); err == nil || !strings.Contains(err.Error(), "got shard 1/2048, want 2/2048") {
		t.Errorf("another shard: got %v", err)
	}
	options = two(file)
	options.Variants = []Variant{{BCEWithLogitsLoss, "cheap", textbook}}
	if _, err := Float32(context.Background(), options); err == nil || !strings.Contains(err.Error(), "the losses have changed since") {
		t.Errorf("other losses: got %v", err)
	}
}

// TestResumeOfModules: a state that was left in the second module is gone on with there.
func TestResumeOfModules(t *testing.T) {
	options := func(state string) Options { // a chunk of each module
		return Options{Variants: []Variant{{BCEWithLogitsLoss, "cheap", cheap}, {BCELoss, "cheap", cheap}}, Shard: 1, Shards: chunks, State: state, Workers: 1}
	}
	const total = 2*chunkSize + chunkSize + 1
	whole, err := Float32(context.Background(), options(""))
	if err != nil {
		t.Fatal(err)
	}
	if len(whole) != 2 || whole[0].Inputs != 2*chunkSize || whole[1].Inputs != chunkSize+1 || whole[1].Module != BCELoss {
		t.Fatalf("got %+v", whole)
	}
	interrupted := options(filepath.Join(t.TempDir(), "state.json"))
	ctx, interrupt := context.WithCancel(context.Background())
	interrupted.Progress = func(done, all int64) {
		if all != total {
			t.Errorf("got the total %d, want %d", all, total)
		}
		if done > 2*chunkSize {
			interrupt()
		}
	}
	if _, err := Float32(ctx, interrupted); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want an interruption", err)
	}
	if s := reread(t, interrupted); count(s.Done[0]) != 1 || count(s.Done[1]) != 0 {
		t.Fatalf("got %d and %d chunks done, want the first module's", count(s.Done[0]), count(s.Done[1]))
	}
	interrupted.Progress = func(done, _ int64) {
		if done < 2*chunkSize {
			t.Errorf("%d inputs done, but %d were remembered", done, 2*chunkSize)
		}
	}
	resumed, err := Float32(context.Background(), interrupted)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole, resumed, cmp.AllowUnexported(Result{})); diff != "" {
		t.Errorf("an interrupted run and a whole one differ (-whole +resumed):\n%s", diff)
	}
	one := options(interrupted.State)
	one.Variants = one.Variants[1:]
	if _, err := Float32(context.Background(), one); err == nil || !strings.Contains(err.Error(), "other modules, or the losses have changed since") {
		t.Errorf("one module: got %v", err)
	}
	one.Variants = []Variant{{"MSELoss", "another", cheap}}
	for name, sweep := range map[string]func() ([]*Result, error){
		"Float32": func() ([]*Result, error) { return Float32(context.Background(), one) },
		"Sample":  func() ([]*Result, error) { return Sample(context.Background(), 1, one) },
	} {
		if _, err := sweep(); err == nil || !strings.Contains(err.Error(), `got the module "MSELoss", want one of BCEWithLogitsLoss, BCELoss`) {
			t.Errorf("%s: another module: got %v", name, err)
		}
	}
}

func TestBadState(t *testing.T) {
	options := two(filepath.Join(t.TempDir(), "state"))
	if reread(t, options); t.Failed() {
		return
	}
	good, err := os.ReadFile(options.State)
	if err != nil {
		t.Fatal(err)
	}
	groups, err := groupsOf(options.Variants)
	if err != nil {
		t.Fatal(err)
	}
	fewer, err := openState(groups, options)
	if err != nil {
		t.Fatal(err)
	}
	fewer.Done[0] = fewer.Done[0][:7]
	fewer.file += " of fewer chunks"
	if err := fewer.write(); err != nil {
		t.Fatal(err)
	}
	short, err := os.ReadFile(fewer.file)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "", "not the state of a sweep"},
		{"the format before", `{"lossproof_sweep": 5}`, "got format 5 of the state, want 6"},
		{"half of it", string(good[:len(good)/2]), "not the state of a sweep"},
		{"another platform", strings.Replace(string(good), runtime.GOOS, "plan9", 1), `got the state of "plan9`},
		{"fewer chunks", string(short), "the state is damaged: its parts are not those of"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := os.WriteFile(options.State, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Float32(context.Background(), options)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), options.State) {
				t.Errorf("got %v, want %q and the file's name", err, test.want)
			}
		})
	}
}

// flawless returns what a chunk without errors would have counted.
func (m *module) flawless(c int) (t Tally) {
	t.Elements = m.ofChunk(c)
	if c < infinity32/chunkSize {
		t.Finite = t.Elements
	}
	t.Correct, t.Histogram[0] = t.Finite, t.Finite
	return t
}

func TestMerge(t *testing.T) {
	dir := t.TempDir()
	files := []string{filepath.Join(dir, "1"), filepath.Join(dir, "2")}
	groups, err := groupsOf(nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range files {
		s, err := openState(groups, Options{Shard: i + 1, Shards: 2, State: file, Source: Source{Machine: []string{"one", "two"}[i], Path: "a kernel"}})
		if err != nil {
			t.Fatal(err)
		}
		for k, g := range groups {
			for c := i; c < g.chunks(); c += 2 {
				part := newCounts(g.variants)
				part.Inputs = g.ofChunk(c)
				for o := range part.Tallies {
					part.Tallies[o] = g.flawless(c)
				}
				s.Done[k][c] = true
				s.Counts[k].add(&part)
			}
		}
		if err := s.write(); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := Merge(files...)
	if err != nil {
		t.Fatal(err)
	}
	all := whole.Float32
	for i, want := range []struct{ inputs, finite uint64 }{{1 << 32, 4278190080}, {1 << 32, 4278190080}, {1065353218, 1065353218}} {
		if r := all[i]; !r.Complete || r.Inputs != want.inputs || r.Tallies[3].Correct != want.finite || r.Tallies[3].Elements != want.inputs {
			t.Errorf("got %+v", r)
		}
	}
	if whole.Machine != "one; two" || whole.Path != "a kernel" {
		t.Errorf("got the machine %q and the path %q", whole.Machine, whole.Path)
	}
	other := filepath.Join(dir, "other")
	change := func(edit func(*state)) string {
		s, err := readState(files[1])
		if err != nil {
			t.Fatal(err)
		}
		edit(s)
		s.file = other
		if err := s.write(); err != nil {
			t.Fatal(err)
		}
		return other
	}
	for _, test := range []struct {
		want  string
		files []string
	}{
		{"missing: shard 2/2", files[:1]},
		{"got shard 1/2, which " + files[0] + " is too", []string{files[0], files[0]}},
		{"other modules, losses or platforms", []string{files[0], change(func(s *state) { s.Of = "another" })}},
	} {
		if got, err := Merge(test.files...); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %+v, %v, want %q", got, err, test.want)
		}
	}
	for want, edit := range map[string]func(*state){
		"got the losses of":       func(s *state) { s.Path = "another kernel" },
		"got shard 2/3":           func(s *state) { s.Shard = "2/3" },
		`Shard: got "", want i/n`: func(s *state) { s.Shard = "" },
		"shard 2/2 is not done, it has 5111 of 5112 parts: go on with --state": func(s *state) { s.Done[2][2031] = false },
		"the state is damaged": func(s *state) { s.Modules[0] = "MSELoss" },
	} {
		if got, err := Merge(files[0], change(edit)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %+v, %v, want %q", got, err, want)
		}
	}
	if _, err := Merge(); err == nil {
		t.Error("nothing is merged")
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{{Shard: 3, Shards: 2}, {Shard: 0, Shards: 2}, {Shard: 1, Shards: chunks + 1}, {Shard: -1, Shards: -1}} {
		if _, err := Float32(context.Background(), o); err == nil || !strings.Contains(err.Error(), "want i/n") {
			t.Errorf("shard %d/%d: got %v", o.Shard, o.Shards, err)
		}
	}
	if _, err := Sample(context.Background(), 0, Options{}); err == nil {
		t.Error("a sample of nothing: got no error")
	}
	if _, err := Random(context.Background(), 0, nil); err == nil {
		t.Error("no random points: got no error")
	}
	for _, n := range []int{0, 1000, 2500} {
		if _, err := Sums(context.Background(), n, 2000, nil); err == nil {
			t.Errorf("sums of %d elements of 2000 distinct ones: got no error", n)
		}
	}
}

// TestChunksCoverEverything counts the logits of all chunks without measuring them.
func TestChunksCoverEverything(t *testing.T) {
	if chunks*chunkSize*2 != 1<<32 || chunkSize%blockSize != 0 {
		t.Errorf("%d chunks of %d magnitudes in blocks of %d do not make 2³² logits", chunks, chunkSize, blockSize)
	}
	// 1 has the bits 0x3f800000, and -0 is an input too.
	for i, want := range []uint64{1 << 32, 0x3f800000 + 2} {
		sum := uint64(0)
		for c := range modules[i].chunks() {
			sum += modules[i].ofChunk(c)
		}
		if sum != want || modules[i].all() != want {
			t.Errorf("%s: got %d inputs in chunks and %d in all, want %d", modules[i].name, sum, modules[i].all(), want)
		}
	}
	for _, shards := range []int{1, 3, 512} {
		seen := make([]int, chunks)
		for shard := range shards {
			for c := shard; c < chunks; c += shards {
				seen[c]++
			}
		}
		if slices.ContainsFunc(seen, func(n int) bool { return n != 1 }) {
			t.Errorf("%d shards do not partition the chunks", shards)
		}
	}
}

// TestSampleIsStratified checks what sampleText says.
func TestSampleIsStratified(t *testing.T) {
	magnitudes := modules[0].sample(64)
	if !slices.IsSorted(magnitudes) || len(slices.Compact(slices.Clone(magnitudes))) != len(magnitudes) {
		t.Error("the magnitudes do not ascend")
	}
	var parts [256]map[uint32]bool
	for i := range parts {
		parts[i] = map[uint32]bool{}
	}
	for _, m := range magnitudes {
		parts[m>>23][m<<9>>26] = true // one of 64 parts of the binade
	}
	for e, p := range parts {
		want := 4
		if x := math.Float32frombits(uint32(e) << 23); x >= 0x1p-30 && x < 0x1p7 {
			want = 64
		}
		if len(p) < want || want == 4 && len(p) > 6 {
			t.Errorf("exponent %d: got %d of 64 parts, want %d", e, len(p), want)
		}
		for _, edge := range []uint32{0, 1<<23 - 1} {
			if _, found := slices.BinarySearch(magnitudes, uint32(e)<<23+edge); !found {
				t.Errorf("exponent %d: the edge %#x is missing", e, edge)
			}
		}
	}
}

// TestSampleOfProbabilitiesIsStratified: by the binades of x and of 1-x.
func TestSampleOfProbabilitiesIsStratified(t *testing.T) {
	magnitudes := modules[1].sample(64)
	if !slices.IsSorted(magnitudes) || len(slices.Compact(slices.Clone(magnitudes))) != len(magnitudes) {
		t.Error("the magnitudes do not ascend")
	}
	if first, last := magnitudes[0], magnitudes[len(magnitudes)-1]; first != 0 || last != one32 {
		t.Errorf("got %#x to %#x, want 0 to 1", first, last)
	}
	near, far := map[int]int{}, map[int]int{}
	for _, m := range magnitudes {
		x := float64(math.Float32frombits(m))
		_, e := math.Frexp(x)
		near[e]++
		_, e = math.Frexp(1 - x)
		far[e]++
	}
	for e := 0; e > -149; e-- {
		want := 64
		if e < -126 {
			want = min(64, 1<<(e+148)) // all of the smallest numbers
		}
		if near[e] < want {
			t.Errorf("%d numbers from 2^%d to 2^%d, want at least %d", near[e], e-1, e, want)
		}
		if e > -24 && far[e] < min(64, 1<<(e+23)) {
			t.Errorf("%d numbers with 1-x from 2^%d to 2^%d", far[e], e-1, e)
		}
	}
}

// TestRandomFindsWrongLosses has losses that are wrong in one setting, in one dtype.
func TestRandomFindsWrongLosses(t *testing.T) {
	spoil := func(all batch) error {
		if err := all.evaluate(); err != nil {
			return err
		}
		b, ok := all.(*points[float64])
		if !ok || b.posWeights == nil || b.weights != nil {
			return nil
		}
		for i, x := range b.input { // 1 + (p-1)·t, which loses p
			t, p := b.target[i], b.posWeights[i]
			b.loss[i] = (1-t)*x + (1+(p-1)*t)*(math.Log1p(math.Exp(-math.Abs(x)))+max(-x, 0))
		}
		return nil
	}
	rows, err := random[float64](context.Background(), settings, 3000, newProgress(nil, 0, 0), spoil)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		wrong := row.Setting == "hard targets, pos_weight" && row.Output == "loss"
		if wrong != (row.Max > 1000) {
			t.Errorf("%s, %s: got an error of %g", row.Setting, row.Output, row.Max)
		}
		if row.Module != CrossEntropyLoss && row.Points != 3000 || row.Correct == 0 || row.At == "" {
			t.Errorf("%s, %s: got %+v", row.Setting, row.Output, row)
		}
	}
}

func TestRandomFindsNaN(t *testing.T) {
	spoil := func(all batch) error {
		err := all.evaluate()
		if b := all.(*points[float32]); b.weights != nil {
			b.grad[1] = float32(math.NaN())
		}
		return err
	}
	rows, err := random[float32](context.Background(), settings[:9], batchSize+2, newProgress(nil, 0, 0), spoil)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		want := uint64(0)
		if strings.Contains(row.Setting, ", weight") && row.Output == "gradient" {
			want = 2 // one in each batch
		}
		if row.WrongClass != want {
			t.Errorf("%s, %s: got %d results of a wrong class, want %d", row.Setting, row.Output, row.WrongClass, want)
		}
	}
}

// TestRandomIsRepeatable: neither the order of the goroutines nor their number shows.
func TestRandomIsRepeatable(t *testing.T) {
	first, err := Random(context.Background(), 1200, nil)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Random(context.Background(), 1200, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Error(diff)
	}
}

// TestSumsFindWrongReductions has a naive float32 sum, and one that depends on the number of threads.
func TestSumsFindWrongReductions(t *testing.T) {
	right := sumCalls[float32](BCEWithLogitsLoss)[1]
	naive, turns := right, right
	each := func(e elements[float32]) []float32 {
		l, err := loss.BCEWithLogitsLoss[float32]{Reduction: loss.None}.Forward(matrix(e.input), matrix(e.target))
		if err != nil {
			t.Fatal(err)
		}
		return l.Data
	}
	naive.forward = func(dst []float32, e elements[float32]) error {
		dst[0] = 0
		for _, l := range each(e) {
			dst[0] += l
		}
		return nil
	}
	turns.forward = func(dst []float32, e elements[float32]) error {
		if err := right.forward(dst, e); err != nil {
			return err
		}
		if runtime.GOMAXPROCS(0) == sumThreads[len(sumThreads)-1] {
			dst[0] = math.Nextafter32(dst[0], 0)
		}
		return nil
	}
	rows, err := sums(context.Background(), 200_000, 20_000, newProgress(nil, 0, 0), []sumCall[float32]{right, naive, turns})
	if err != nil {
		t.Fatal(err)
	}
	if rows[0].ULP > 0.51 || !rows[0].Same {
		t.Errorf("the right one: got %+v", rows[0])
	}
	if rows[1].ULP < 2 || !rows[1].Same {
		t.Errorf("the naive one: got %+v", rows[1])
	}
	if rows[2].Same {
		t.Errorf("the one that depends on threads: got %+v", rows[2])
	}
	if misses := (&Report{Sums: rows}).Misses(); len(misses) != 2 {
		t.Errorf("got %q, want two", misses)
	}
}

func TestNearest32(t *testing.T) {
	tests := []struct {
		name string
		g    float32
		e    [2]float64
		want bool
	}{
		{"the number itself", 1, [2]float64{1}, true},
		{"just below the middle", 1, [2]float64{1 + 0x1p-24, -0x1p-80}, true},
		{"just above the middle", 1, [2]float64{1 + 0x1p-24, 0x1p-80}, false},
		{"the upper neighbour, just above the middle", 1 + 0x1p-23, [2]float64{1 + 0x1p-24, 0x1p-80}, true},
		{"below a power of two the middle is nearer", 1, [2]float64{1 - 0x1p-25, -0x1p-80}, false},
		{"and on its other side", 1, [2]float64{1 - 0x1p-25, 0x1p-80}, true},
		{"zero and the smallest subnormal number", 0, [2]float64{0x1p-150, -0x1p-210}, true},
		{"the smallest subnormal number", 0x1p-149, [2]float64{0x1p-150, -0x1p-210}, false},
	}
	for _, test := range tests {
		if got := nearest32(test.g, func(v float64) float64 { return (v - test.e[0]) - test.e[1] }); got != test.want {
			t.Errorf("%s: got %t", test.name, got)
		}
	}
}

// TestBetweenTwoNumbers: σ(-a) = 1/2 - a/4 + a³/48 + … lies, for a = 3·2⁻²⁴, so close to the middle between two numbers that only the
// definition knows the nearer one.
func TestBetweenTwoNumbers(t *testing.T) {
	const a = 3 * 0x1p-24
	for _, test := range []struct {
		got  float32
		want uint64
	}{{0.5 - 0x1p-25, 1}, {0.5 - 0x1p-24, 0}} {
		var tally Tally
		exact := oracle32(a)
		tally.measure([]float32{test.got}, measured{modules[0], []uint32{math.Float32bits(a)}, []float64{a}, []float64{exact[3]}, true}, Output{Gradient: true})
		if tally.Correct != test.want || tally.Finite != 1 || math.Abs(tally.MaxULP()-0.5) > oracleError {
			t.Errorf("%v: got %d correct of %d, largest error %v ULP, want %d of 1, 0.5 ULP", test.got, tally.Correct, tally.Finite, tally.MaxULP(), test.want)
		}
	}
}

func TestInverseULP32(t *testing.T) {
	for _, test := range []struct{ e, want float64 }{
		{1, 0x1p-23}, {math.Nextafter(1, 0), 0x1p-24}, {1.999, 0x1p-23}, {0x1p-126, 0x1p-149}, {0x1p-130, 0x1p-149},
		{0, 0x1p-149}, {1e-300, 0x1p-149}, {math.MaxFloat32, 0x1p104}, {1e300, 0x1p104},
	} {
		if got := 1 / inverseULP32(test.e); got != test.want {
			t.Errorf("at %g: got %g, want %g", test.e, got, test.want)
		}
	}
}

// TestResultAsJSON: JSON holds what is not finite too.
func TestResultAsJSON(t *testing.T) {
	results, err := Sample(context.Background(), 4, Options{Variants: []Variant{{BCEWithLogitsLoss, "the logit itself", cheap}}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(results[0])
	if err != nil {
		t.Fatal(err)
	}
	if want := `"Input":"0xff800000 (-Inf)","Got":"-Inf","Exact":"0"`; !strings.Contains(string(text), want) {
		t.Errorf("%s is missing in %s", want, text)
	}
}

// TestUnknownModules are named, where Random and Sums are asked for them.
func TestUnknownModules(t *testing.T) {
	_, random := Random(context.Background(), 16, nil, CrossEntropyLoss, "MSELoss")
	_, sums := Sums(context.Background(), 1000, 1000, nil, "MSELoss")
	for name, err := range map[string]error{"Random": random, "Sums": sums} {
		const want = `module: got "MSELoss", want one of BCEWithLogitsLoss, BCELoss, CrossEntropyLoss`
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}
