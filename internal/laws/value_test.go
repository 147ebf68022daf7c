package laws

import (
	"math"
	"testing"
)

func TestEquationHolds(t *testing.T) {
	for _, test := range []struct {
		e    equation
		want bool
	}{
		{equation{got: 1, want: 2, allowed: 1}, true},
		{equation{got: 1, want: 2, allowed: 0.999}, false},
		{equation{got: 2, want: 1, allowed: 0.999}, false},
		{equation{got: math.NaN(), want: 2, allowed: 1}, false},
		{equation{got: 1, want: 2, allowed: math.NaN()}, false},
		{equation{got: math.Inf(1), want: math.Inf(1), allowed: 1}, false}, // the domain is finite
	} {
		if got := test.e.holds(); got != test.want {
			t.Errorf("%+v: got %t, want %t", test.e, got, test.want)
		}
	}
}

// TestInfiniteBreaks: neither a side that is not finite nor an allowance holds an equation.
func TestInfiniteBreaks(t *testing.T) {
	for _, e := range []equation{
		{got: math.Inf(1), want: 1, allowed: math.Inf(1)}, {got: 1, want: math.Inf(-1), allowed: math.Inf(1)},
		{got: 2, want: 1, allowed: math.Inf(1)}, {got: math.NaN(), want: 1, allowed: 1}, {got: 2, want: 1, allowed: 0.5},
	} {
		if e.holds() {
			t.Errorf("%v is %v within %v", e.got, e.want, e.allowed)
		}
	}
	if !(equation{got: 2, want: 1, allowed: 1}).holds() {
		t.Error("2 is not 1 within 1")
	}
}
