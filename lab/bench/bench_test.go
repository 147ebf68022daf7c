package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"lossproof/loss"
)

// keepThreads restores GOMAXPROCS after a test.
func keepThreads(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

// TestTensors pins the recipe to numbers that the Python driver's test has too.
func TestTensors(t *testing.T) {
	wantLogits := []float64{3.29925537109375, -3.3560791015625, -2.32958984375, -3.60302734375, -1.93731689453125, -0.81109619140625, 3.54052734375, -3.71417236328125}
	wantTargets := []float64{0, 1, 0, 1, 1, 1, 1, 1}
	wantUnit := [4]float64{0.883310854434967, 0.02643376588821411, 0.4315280318260193, 0.970881998538971}
	wantClasses := [4]int64{4, 9, 327, 38577}
	x, y := numbers[float64](8, logit), numbers[float64](8, target)
	if !slices.Equal(x, wantLogits) || !slices.Equal(y, wantTargets) {
		t.Errorf("got %v and %v, want %v and %v", x, y, wantLogits, wantTargets)
	}
	if got := [4]float64{probability(0), probability(1), share(0), share(1)}; got != wantUnit {
		t.Errorf("got the probabilities and shares %v", got)
	}
	if got := [4]int64{class(0, 10), class(1, 10), class(2, 1000), class(3, 50000)}; got != wantClasses {
		t.Errorf("got the classes %v", got)
	}
	if got := mix(1); got != 0xe220a8397b1dcdaf { // the first output of SplitMix64 for the seed 0, as published
		t.Errorf("mix(1) is %#x", got)
	}
	const n = 100_000
	x32, t32 := numbers[float32](n, logit), numbers[float32](n, target)
	var sum, squares, ones float64
	for i, v := range x32 {
		if float64(v) != logit(i) || math.Abs(float64(v)) > 8 {
			t.Fatalf("logit %d: got %v in float32, %v in float64", i, v, logit(i))
		}
		sum += float64(v)
		squares += float64(v) * float64(v)
		ones += float64(t32[i])
	}
	if mean, deviation := sum/n, math.Sqrt(squares/n); math.Abs(mean) > 0.03 || math.Abs(deviation-2.31) > 0.03 {
		t.Errorf("the logits have the mean %v and the standard deviation %v, want 0 and 2.31", mean, deviation)
	}
	if share := ones / n; math.Abs(share-0.5) > 0.01 {
		t.Errorf("%v of the targets are 1, want half", share)
	}
}

// TestRoundComputesWhatItTimes compares the values with the losses, called directly.
func TestRoundComputesWhatItTimes(t *testing.T) {
	keepThreads(t)
	var b Bench
	calls := 0 // of the largest round: on a busy machine one call may take the time of many
	const rows, classes = 6, 10
	tensor := func(number func(i int) float64) loss.Tensor[float64] {
		return loss.Tensor[float64]{Shape: []int{rows, classes}, Data: numbers[float64](rows*classes, number)}
	}
	x, y := tensor(logit), tensor(target)
	indices := make([]int64, rows)
	for r := range indices {
		indices[r] = class(r, classes)
	}
	// What the roundings of the input and of the result may add.
	roundings := map[string]float64{"float32": 1e-6, "float64": 1e-6, "float16": 5e-3, "bfloat16": 4e-2}
	for _, reduction := range []loss.Reduction{loss.Mean, loss.Sum, loss.None} {
		bce, err := loss.BCEWithLogitsLoss[float64]{Reduction: reduction}.Forward(x, y)
		if err != nil {
			t.Fatal(err)
		}
		multi, err := loss.MultiLabelSoftMarginLoss[float64]{Reduction: reduction}.Forward(x, y)
		if err != nil {
			t.Fatal(err)
		}
		certain, err := loss.BCELoss[float64]{Reduction: reduction}.Forward(tensor(probability), y)
		if err != nil {
			t.Fatal(err)
		}
		entropy := loss.CrossEntropyLoss[float64]{Reduction: reduction}
		hard, err := entropy.Forward(x, loss.ClassIndices[float64](indices, rows))
		if err != nil {
			t.Fatal(err)
		}
		soft, err := entropy.Forward(x, loss.ClassProbabilities(tensor(share)))
		if err != nil {
			t.Fatal(err)
		}
		entropy.LabelSmoothing = 0.1
		smooth, err := entropy.Forward(x, loss.ClassIndices[float64](indices, rows))
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			module        string
			smoothing     float64
			probabilities bool
			want          float64
		}{
			{bceWithLogitsLoss, 0, false, bce.Data[0]},
			{multiLabelSoftMarginLoss, 0, false, multi.Data[0]},
			{bceLoss, 0, false, certain.Data[0]},
			{crossEntropyLoss, 0, false, hard.Data[0]},
			{crossEntropyLoss, 0, true, soft.Data[0]},
			{crossEntropyLoss, 0.1, false, smooth.Data[0]},
		} {
			want := test.want
			for _, dtype := range DTypes() {
				for _, gradient := range []bool{false, true} {
					c := Config{Module: test.module, Reduction: reduction.String(), DType: dtype, Shape: Shape{rows, classes}, Threads: 3, Gradient: gradient,
						LabelSmoothing: test.smoothing, ClassProbabilities: test.probabilities}
					got, err := b.Round(c)
					if err != nil {
						t.Fatalf("%+v: %v", c, err)
					}
					if math.Abs(got.Value-want) > roundings[dtype]*math.Abs(want) || got.Nanoseconds <= 0 || got.Calls < 1 {
						t.Errorf("%+v: got %+v, want the value %v", c, got, want)
					}
					calls = max(calls, got.Calls)
					if gradient {
						checkGradient(t, b.data)
					}
					if runtime.GOMAXPROCS(0) != 3 {
						t.Errorf("GOMAXPROCS is %d, want 3", runtime.GOMAXPROCS(0))
					}
				}
			}
		}
	}
	if calls < 2 {
		t.Error("no round has more than one call")
	}
}

// checkGradient checks that the gradient was computed, and clears it.
func checkGradient(t *testing.T, d data) {
	t.Helper()
	switch d := d.(type) {
	case *typed[float32]:
		wantNoZero(t, d.grad)
	case *typed[float64]:
		wantNoZero(t, d.grad)
	case *typed[loss.Float16]:
		wantNoZero(t, d.grad)
	case *typed[loss.BFloat16]:
		wantNoZero(t, d.grad)
	}
}

func wantNoZero[T loss.Element](t *testing.T, grad []T) {
	t.Helper()
	if slices.Contains(grad, 0) {
		t.Error("the gradient was not computed")
	}
	clear(grad)
}

// TestRoundsAllocateNothing: the garbage collector must not run in a round.
func TestRoundsAllocateNothing(t *testing.T) {
	keepThreads(t)
	var b Bench
	for _, c := range []Config{
		{Module: "BCEWithLogitsLoss", Reduction: "mean", DType: "float32", Shape: Shape{64, 10}, Threads: 1},
		{Module: "BCEWithLogitsLoss", Reduction: "none", DType: "float64", Shape: Shape{64, 10}, Threads: 1, Gradient: true},
		{Module: "MultiLabelSoftMarginLoss", Reduction: "none", DType: "float32", Shape: Shape{64, 10}, Threads: 1},
		{Module: "MultiLabelSoftMarginLoss", Reduction: "sum", DType: "float64", Shape: Shape{64, 10}, Threads: 1, Gradient: true},
		{Module: "BCELoss", Reduction: "mean", DType: "float32", Shape: Shape{64, 10}, Threads: 1, Gradient: true},
		{Module: "CrossEntropyLoss", Reduction: "mean", DType: "float32", Shape: Shape{64, 10}, Threads: 1, Gradient: true, LabelSmoothing: 0.1},
		{Module: "CrossEntropyLoss", Reduction: "none", DType: "float64", Shape: Shape{64, 10}, Threads: 1, ClassProbabilities: true},
		{Module: "BCEWithLogitsLoss", Reduction: "mean", DType: "bfloat16", Shape: Shape{64, 10}, Threads: 1, Gradient: true},
		{Module: "CrossEntropyLoss", Reduction: "none", DType: "float16", Shape: Shape{64, 10}, Threads: 1, Gradient: true},
		{DType: "float32", Shape: Shape{64, 10}, Threads: 1, Read: true},
	} {
		if _, err := b.Round(c); err != nil {
			t.Fatal(err)
		}
		call := b.task.call
		if n := testing.AllocsPerRun(100, func() { _, _ = call() }); n != 0 {
			t.Errorf("%+v: %v allocations a call", c, n)
		}
	}
}

func TestRun(t *testing.T) {
	keepThreads(t)
	var b Bench
	c := Config{Module: "BCEWithLogitsLoss", Reduction: "sum", DType: "float32", Shape: Shape{16, 1024}, Threads: 1}
	r, err := b.Run(c, 5)
	if err != nil {
		t.Fatal(err)
	}
	if r.Minimum <= 0 || r.Median < r.Minimum || r.Rounds != 5 || r.Value == 0 || r.Path == "" {
		t.Errorf("got %+v", r)
	}
	if got, want := r.ElementsPerSecond*r.Minimum, 16*1024*1e9; math.Abs(got-want) > 1 {
		t.Errorf("got %v elements a second in %v ns, want %v", r.ElementsPerSecond, r.Minimum, want/r.Minimum)
	}
	if r.BytesPerSecond != 8*r.ElementsPerSecond || r.ReadShare != r.BytesPerSecond/r.ReadBytesPerSecond {
		t.Errorf("got %+v", r)
	}
	if !(r.ReadBytesPerSecond > 0) {
		t.Errorf("a plain read of 128 KB reached %v bytes a second", r.ReadBytesPerSecond)
	}
	if _, err := b.Run(c, 0); err == nil {
		t.Error("no rounds: got no error")
	}
}

func TestConfigErrors(t *testing.T) {
	keepThreads(t)
	good := Config{Module: "BCEWithLogitsLoss", Reduction: "mean", DType: "float32", Shape: Shape{2, 3}, Threads: 1}
	tests := []struct {
		change func(*Config)
		want   string
	}{
		{func(c *Config) { c.Module = "NLLLoss" }, `module: got "NLLLoss"`},
		{func(c *Config) { c.LabelSmoothing = 0.1 }, "which only CrossEntropyLoss has"},
		{func(c *Config) { c.ClassProbabilities = true }, "which only CrossEntropyLoss has"},
		{func(c *Config) { c.Module, c.Shape = "CrossEntropyLoss", Shape{3} }, "shape: got 3, want rows and classes"},
		{func(c *Config) { c.Module, c.LabelSmoothing = "CrossEntropyLoss", 2 }, "label_smoothing"},
		{func(c *Config) { c.Module, c.Nearest = "BCELoss", true }, "module: got BCELoss with nearest, want BCEWithLogitsLoss"},
		{func(c *Config) { c.Nearest = true }, "reduction: got mean with nearest, want none"},
		{func(c *Config) { c.Reduction, c.DType, c.Nearest = "none", "float64", true }, "dtype: got float64 with nearest, want float32"},
		{func(c *Config) { c.Reduction = "max" }, `got "max", want mean, sum or none`},
		{func(c *Config) { c.DType = "float8" }, `dtype: got "float8"`},
		{func(c *Config) { c.Shape = nil }, "shape: got none"},
		{func(c *Config) { c.Shape = Shape{3, 0} }, "shape: got 3x0"},
		{func(c *Config) { c.Shape = Shape{math.MaxInt, 2} }, "at most 1073741824 elements"},
		{func(c *Config) { c.Threads = 0 }, "threads: got 0"},
	}
	for _, test := range tests {
		c := good
		test.change(&c)
		if _, err := new(Bench).Round(c); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: got %v, want %q", c, err, test.want)
		}
	}
	for _, text := range []string{"", "x", "3x", "3x-1", "0", "3.5", "3X4", "99999999999999999999", "1073741824x2"} {
		if s, err := ParseShape(text); err == nil {
			t.Errorf("the shape %q: got %v, want an error", text, s)
		}
	}
	if s, err := ParseShape("4096x1024"); err != nil || !slices.Equal(s, Shape{4096, 1024}) || s.String() != "4096x1024" {
		t.Errorf("got %v, %v", s, err)
	}
}

// TestRead has slices of every alignment and tail.
func TestRead(t *testing.T) {
	for n := range 40 {
		for offset := range 2 {
			s := make([]float32, n+offset)[offset:]
			want := uint64(0)
			for i := range s {
				s[i] = math.Float32frombits(uint32(i + 1))
				want += uint64(i + 1)
			}
			w := words(s)
			if 2*len(w) > n || n-2*len(w) > 2 {
				t.Errorf("%d elements: got %d words", n, len(w))
			}
			sum := readWords(w)
			got := sum&math.MaxUint32 + sum>>32
			// What fills no word, at most one element at either end, is left out.
			if got > want || want-got > uint64(n+1) {
				t.Errorf("%d elements from %d on: read %d, want %d less at most the ends", n, offset, got, want)
			}
		}
		for offset := range 4 { // of 16 bits: at most three elements at either end fill no word
			w := words(make([]loss.Float16, n+offset)[offset:])
			if 4*len(w) > n || n-4*len(w) > 6 || len(w) > 0 && uintptr(unsafe.Pointer(&w[0]))%8 != 0 {
				t.Errorf("%d elements of 16 bits from %d on: got %d words", n, offset, len(w))
			}
		}
	}
	x := make([]float64, 1000)
	for i := range x {
		x[i] = math.Float64frombits(1)
	}
	for threads := 1; threads <= 4; threads++ {
		before := sink.Load()
		read(x, x[:1000], threads)
		read(x, nil, threads) // class indices are not read
		if got := sink.Load() - before; got != 3000 {
			t.Errorf("%d threads: read %d of 3000 elements", threads, got)
		}
	}
}

func TestServe(t *testing.T) {
	keepThreads(t)
	in := strings.Join([]string{
		`{"module":"BCEWithLogitsLoss","reduction":"mean","dtype":"float32","shape":"6x10","threads":1,"gradient":true}`,
		`{"module":"BCEWithLogitsLoss","reduction":"mean","dtype":"float32","shape":"6x","threads":1}`,
		`{"modul":"BCEWithLogitsLoss"}`,
		`{"dtype":"float64","shape":"6x10","threads":2,"read":true}`,
	}, "\n") + "\n"
	var out bytes.Buffer
	if err := Serve(context.Background(), strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 5 {
		t.Fatalf("got %d lines, want 5:\n%s", len(lines), out.String())
	}
	var hello Hello
	if err := json.Unmarshal([]byte(lines[0]), &hello); err != nil || hello.Machine.Cores != runtime.NumCPU() || hello.Path == "" {
		t.Errorf("got the hello %s (%v)", lines[0], err)
	}
	var rounds [4]struct {
		NS, Value float64
		Error     string
	}
	for i := range rounds {
		if err := json.Unmarshal([]byte(lines[i+1]), &rounds[i]); err != nil {
			t.Fatal(err)
		}
	}
	if r := rounds[0]; r.NS <= 0 || r.Value <= 0 || r.Error != "" {
		t.Errorf("got %s", lines[1])
	}
	if r := rounds[1]; !strings.Contains(r.Error, `got "6x"`) {
		t.Errorf("got %s", lines[2])
	}
	if r := rounds[2]; !strings.Contains(r.Error, "modul") {
		t.Errorf("got %s", lines[3])
	}
	if r := rounds[3]; r.NS <= 0 || r.Value != 0 || r.Error != "" {
		t.Errorf("got %s", lines[4])
	}
}
