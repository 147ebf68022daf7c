package definition

import (
	"math"
	"math/rand/v2"
	"testing"
)

// within reports whether two ways to the same number differ by no more than their bounds say.
func within(a, b exact) bool {
	d := a.sub(b)
	return math.Abs(d.hi) <= d.err*1.001
}

// TestExactBounds: identities hold to within the bounds, and those are small.
func TestExactBounds(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var zero exact
	draw := func() float64 { return math.Ldexp(rng.Float64()-0.5, rng.IntN(40)-25) }
	for range 20000 {
		a, b := zero.of(draw()), zero.of(draw())
		third := a.div(zero.of(3))
		size := exact{hi: math.Abs(a.hi)}
		for name, pair := range map[string][2]exact{
			"(a+b)-b = a":             {a.add(b).sub(b), a},
			"a/b·b = a":               {a.div(b).mul(b), a},
			"(a+b)·a/3 = a²/3 + ab/3": {a.add(b).mul(third), a.mul(third).add(b.mul(third))},
			"exp(a)·exp(-a) = 1":      {a.exp().mul(a.neg().exp()), one},
			"exp(a+b) = exp(a)exp(b)": {a.add(b).exp(), a.exp().mul(b.exp())},
			"log(exp(a/3)) = a/3":     {third.exp().log(), third},
			"exp(log|a|) = |a|":       {size.log().exp(), size},
			"log1p(|a|) = log(1+|a|)": {size.log1p(), one.add(size).log()},
			"log(a²) = 2·log|a|":      {a.mul(a).log(), size.log().mul(zero.of(2))},
		} {
			if !within(pair[0], pair[1]) {
				t.Fatalf("%s for a = %v, b = %v: got %v and %v", name, a.hi, b.hi, pair[0], pair[1])
			}
		}
		for name, v := range map[string]exact{"exp": a.exp(), "log1p": size.log1p(), "log": size.add(one).add(one).log(), "1/a": one.div(a), "a³": a.mul(a).mul(a)} {
			if v.err > math.Abs(v.hi)*0x1p-85 {
				t.Fatalf("%s of %v is %v: its bound is large", name, a.hi, v)
			}
		}
	}
}

// TestExactRange: exact numbers neither overflow nor underflow, and become pairs of float64 as the
// fixtures have them.
func TestExactRange(t *testing.T) {
	var zero exact
	tiny := zero.of(-800).exp()
	if back := tiny.log(); !within(back, zero.of(-800)) {
		t.Errorf("log(exp(-800)) is %v", back)
	}
	huge := zero.of(math.MaxFloat64)
	if v := huge.mul(huge).div(huge); !within(v, huge) {
		t.Errorf("max²/max is %v", v)
	}
	inf := math.Inf(1)
	for _, test := range []struct {
		name      string
		v         exact
		high, low float64
	}{
		{"1/3", one.div(zero.of(3)), 1.0 / 3, 0x1p-54 / 3},
		{"1.5·max", huge.mul(zero.of(1.5)), math.MaxFloat64, math.MaxFloat64 / 2},
		{"-3·max", huge.mul(zero.of(-3)), -inf, 0},
		{"3/4 of the smallest", zero.of(0x1p-1073).mul(zero.of(0.375)), 0x1p-1074, 0},
		{"1 + smallest", one.add(zero.of(0x1p-1074)), 1, 0x1p-1074},
		{"inf - 1", zero.of(inf).sub(one), inf, 0},
		{"1/0", one.div(zero), inf, 0},
		{"1/inf", one.div(zero.of(inf)), 0, 0},
		{"exp(-inf)", zero.of(-inf).exp(), 0, 0},
		{"log 0", zero.log(), -inf, 0},
		{"log1p(-1)", zero.of(-1).log1p(), -inf, 0},
	} {
		high, low := test.v.pair()
		if high != test.high || math.Abs(low-test.low) > 0x1p-50*math.Abs(test.low) {
			t.Errorf("%s: got %v + %v, want %v + %v", test.name, high, low, test.high, test.low)
		}
	}
	for name, v := range map[string]exact{
		"inf - inf": zero.of(inf).sub(zero.of(inf)), "0·inf": zero.mul(zero.of(inf)), "0/0": zero.div(zero), "log -1": zero.of(-1).log(), "exp NaN": zero.of(math.NaN()).exp(),
	} {
		if !math.IsNaN(v.float()) {
			t.Errorf("%s is %v", name, v)
		}
	}
}

// TestError: in units, between the smallest numbers of float64 too.
func TestError(t *testing.T) {
	var zero exact
	inf := math.Inf(1)
	e := Exact{values: []exact{zero.of(3).div(zero.of(8)), zero.of(0x1p-1074).mul(zero.of(0.375)), zero.of(inf), zero.of(-2)}}
	for _, test := range []struct {
		i               int
		got, unit, want float64
	}{
		{0, 0.5, 0.25, 0.5}, {0, 0.25, 0.25, -0.5}, {1, 0, 0x1p-1074, -0.375}, {1, 0x1p-1074, 0x1p-1074, 0.625}, {2, 1, 1, -inf}, {3, inf, 1, inf}, {3, -3, 2, -0.5},
	} {
		if got := e.Error(test.i, test.got, test.unit); got != test.want {
			t.Errorf("%v from %v in units of %v: got %v, want %v", test.got, e.values[test.i], test.unit, got, test.want)
		}
	}
}
