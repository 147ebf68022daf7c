package loss_test

import (
	"math"
	"testing"

	"lossproof/loss"
	"lossproof/tensor"
)

// halves are the two types of 16 bits.
var halves = []struct {
	dtype tensor.DType
	round func(v float64) uint16
	value func(bits uint16) float64
}{
	{tensor.Float16, func(v float64) uint16 { return uint16(loss.ToFloat16(v)) }, func(b uint16) float64 { return loss.Float16(b).Float64() }},
	{tensor.BFloat16, func(v float64) uint16 { return uint16(loss.ToBFloat16(v)) }, func(b uint16) float64 { return loss.BFloat16(b).Float64() }},
}

// TestHalf: every number of 16 bits is itself, and from half-way to the next one it is that, or the even one of both.
func TestHalf(t *testing.T) {
	for _, h := range halves {
		f := h.dtype.Format()
		for bits := range 1 << 15 {
			v := h.value(uint16(bits))
			if want := tensor.FromBits16(h.dtype, []uint16{uint16(bits)}).Float64(0); v != want && !(math.IsNaN(v) && math.IsNaN(want)) {
				t.Fatalf("%s: bits %#x: got %v, want %v", h.dtype, bits, v, want)
			}
			if math.IsNaN(v) {
				if got := h.value(h.round(v)); !math.IsNaN(got) {
					t.Fatalf("%s: NaN became %v", h.dtype, got)
				}
				continue
			}
			middle, even := v+f.ULP(v)/2, uint16(bits+bits&1)
			for _, test := range []struct {
				of   float64
				want uint16
			}{{v, uint16(bits)}, {math.Nextafter(middle, 0), uint16(bits)}, {middle, even}, {math.Nextafter(middle, math.Inf(1)), uint16(bits + 1)}} {
				if math.IsInf(v, 0) {
					test.of, test.want = v, uint16(bits)
				}
				if got := h.round(test.of); got != test.want {
					t.Fatalf("%s: %v, by %v: got bits %#x, want %#x", h.dtype, test.of, v, got, test.want)
				}
				if got := h.round(-test.of); got != test.want|0x8000 {
					t.Fatalf("%s: %v: got bits %#x, want %#x", h.dtype, -test.of, got, test.want|0x8000)
				}
			}
		}
	}
}

// TestHalfReductions: a sum that float16 does not hold has a mean that it does.
func TestHalfReductions(t *testing.T) {
	n := 4096
	input := loss.Tensor[loss.Float16]{Shape: []int{n}, Data: make([]loss.Float16, n)}
	target := loss.Tensor[loss.Float16]{Shape: []int{n}, Data: make([]loss.Float16, n)}
	for i := range input.Data {
		input.Data[i] = loss.ToFloat16(64)
	}
	for reduction, want := range map[loss.Reduction]float64{loss.Mean: 64, loss.Sum: math.Inf(1)} {
		got, err := loss.BCEWithLogitsLoss[loss.Float16]{Reduction: reduction}.Forward(input, target)
		if err != nil || got.Data[0].Float64() != want {
			t.Errorf("%v: got %v and %v, want %v", reduction, got.Data, err, want)
		}
	}
}

// TestHalfMemory: Into allocates nothing once there was a call as large, and may write over its arguments.
func TestHalfMemory(t *testing.T) {
	n := 1000
	input := loss.Tensor[loss.BFloat16]{Shape: []int{n}, Data: make([]loss.BFloat16, n)}
	weight := loss.Tensor[loss.BFloat16]{Shape: []int{n}, Data: make([]loss.BFloat16, n)}
	for i := range input.Data {
		input.Data[i], weight.Data[i] = loss.ToBFloat16(float64(i-500)/8), loss.ToBFloat16(float64(i)/512)
	}
	target := loss.Tensor[loss.BFloat16]{Shape: []int{n}, Data: make([]loss.BFloat16, n)}
	l := loss.BCEWithLogitsLoss[loss.BFloat16]{Weight: &weight, Reduction: loss.None}
	value, grad, err := l.ForwardGrad(input, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	results := loss.Results[loss.BFloat16]{Loss: make([]loss.BFloat16, n), GradInput: make([]loss.BFloat16, n)}
	if raceDetector {
		t.Log("the race detector drops what a pool has")
	} else if allocations := testing.AllocsPerRun(20, func() { err = l.Into(results, input, target, nil) }); allocations != 0 || err != nil {
		t.Errorf("got %v allocations and %v, want none", allocations, err)
	}
	if err := l.Into(loss.Results[loss.BFloat16]{Loss: target.Data, GradInput: input.Data}, input, target, nil); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if target.Data[i] != value.Data[i] || input.Data[i] != grad.Data[i] {
			t.Fatalf("element %d, over the arguments: got %v and %v, want %v and %v", i, target.Data[i].Float64(), input.Data[i].Float64(), value.Data[i].Float64(), grad.Data[i].Float64())
		}
	}
}

// TestHalfNearest: a term far below the last bit of float64 decides between two numbers that are as near.
func TestHalfNearest(t *testing.T) {
	of := func(v float64) loss.Tensor[loss.BFloat16] { return loss.Scalar(loss.ToBFloat16(v)) }
	for _, test := range []struct {
		x, target, want float64
		of              string
	}{
		{-20480, 0.30078125, 6176, "6160 + exp(-20480)"},
		{20480, 0.69921875, 6176, "6160 + exp(-20480)"},
		{-20480, -0.30078125, -6144, "-6160 + exp(-20480)"},
	} {
		got, err := loss.BCEWithLogitsLoss[loss.BFloat16]{Reduction: loss.None}.Forward(of(test.x), of(test.target))
		if err != nil || got.Data[0].Float64() != test.want {
			t.Errorf("x=%v, target %v: got %v and %v, want %v, of %s", test.x, test.target, got.Data[0].Float64(), err, test.want, test.of)
		}
	}
}
