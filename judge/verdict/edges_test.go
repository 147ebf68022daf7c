package verdict_test

import (
	"strings"
	"testing"

	"lossproof/judge/verdict"
	"lossproof/tensor"
)

// What mutation testing found untested: see make mutation.

// TestTheFirstElementOfAnotherClass: the class may differ at the very first element, and the
// first one that differs is named.
func TestTheFirstElementOfAnotherClass(t *testing.T) {
	r := verdict.Compare(f32(nan, 1, inf), both(f32(1, 1, 1), 1e-6, []float64{1, 1, 1}, 1e-6))
	if r.FromReference.Class != 0 || r.FromOracle.Class != 0 {
		t.Errorf("class of %d and %d, want that of element 0", r.FromReference.Class, r.FromOracle.Class)
	}
	if message := r.Message(verdict.Parity); !strings.Contains(message, "against the reference: the kind differs (finite, NaN, ±Inf) at (0,)") {
		t.Errorf("got %s", message)
	}
}

// TestTheLowPartOfTheOracle counts in what a message says of the distance: the oracle is the sum
// of its two parts.
func TestTheLowPartOfTheOracle(t *testing.T) {
	const ulp = 0x1p-52
	want := both(f64(1), 0, []float64{1}, ulp)
	want.ExactLow = []float64{-4 * ulp}
	r := verdict.Compare(f64(1+ulp), want)
	// 1 + ulp is off by 5 units from 1 - 4 ulp, which has a spacing of half of one.
	if got := r.FromOracle.Absolute.Value; got != 5*ulp {
		t.Errorf("off by %v, want %v", got, 5*ulp)
	}
	if message := r.Message(verdict.Exact); !strings.Contains(message, "off by 1.11e-15 (") {
		t.Errorf("got %s", message)
	}
}

// TestHugeDistances: a million ULPs are counted, more are not.
func TestHugeDistances(t *testing.T) {
	const ulp = 0x1p-52
	for off, want := range map[float64]string{1e6: "(1e+06 ULP)", 1e6 + 1: "(> 1e6 ULP)"} {
		r := verdict.Compare(f64(1+off*ulp), both(f64(1), 0, []float64{1}, 0))
		if message := r.Message(verdict.Exact); !strings.Contains(message, want) {
			t.Errorf("%v ULPs: got %s", off, message)
		}
	}
}

// TestManyDimensions: sixteen are written out, of more there is a number.
func TestManyDimensions(t *testing.T) {
	ones := func(n int) []int {
		shape := make([]int, n)
		for i := range shape {
			shape[i] = 1
		}
		return shape
	}
	for n, want := range map[int]string{16: "(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)", 17: "… 17 dimensions)"} {
		got := tensor.FromFloat32([]float32{1}, ones(n)...)
		r := verdict.Compare(got, both(f32(1), 1, []float64{1}, 1))
		if message := r.Message(verdict.Parity); !strings.Contains(message, want) {
			t.Errorf("got %s, want %s in it", message, want)
		}
	}
}
