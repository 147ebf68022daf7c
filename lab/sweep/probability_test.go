package sweep

import (
	"context"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// bigProbability returns the exact |results| of BCELoss with hard targets by its definition.
func bigProbability(x float64) values[*big.Float] {
	rest := newBig().Sub(bigOf(1), bigOf(x))
	logs := [2]*big.Float{bigOf(-1000), bigOf(-1000)} // of 1-x and of x; less than -100 for 0
	if x > 0 {
		logs[1] = bigLog(bigOf(x))
	}
	switch {
	case x <= 0.5: // 320 bits do not hold 1-x
		logs[0] = bigLog1p(bigOf(-x))
	case x < 1:
		logs[0] = bigLog(rest)
	}
	for i, l := range logs {
		if l.Neg(l); l.Cmp(bigOf(100)) > 0 {
			logs[i] = bigOf(100)
		}
	}
	denominator := newBig().Mul(bigOf(x), rest)
	if bound := bigOf(float64(float32(1e-12))); denominator.Cmp(bound) < 0 {
		denominator = bound
	}
	// x-0 and 1-x over the denominator.
	return values[*big.Float]{logs[0], logs[1], newBig().Quo(bigOf(x), denominator), newBig().Quo(rest, denominator)}
}

// probabilities are those at which the oracles are compared: the edges and seams, each binade of x and of 1-x, and random ones. All are
// exact in float32.
func probabilities(n int) []float64 {
	below := func(x float64) float64 { return float64(math.Nextafter32(float32(x), 0)) }
	above := func(x float64) float64 { return float64(math.Nextafter32(float32(x), 1)) }
	xs := []float64{0, 1, epsilon, below(epsilon), above(epsilon), 0.25, 0.75, math.Exp(-100)}
	for _, x := range []float64{math.Exp(-100), math.Sqrt2 / 2, 0.5, 0x1p-60} {
		xs = append(xs, float64(float32(x)), below(x), above(x))
	}
	for e := 1; e < 150; e++ {
		xs = append(xs, math.Ldexp(1, -e), below(math.Ldexp(1, -e)))
	}
	for e := 1; e <= 24; e++ {
		xs = append(xs, 1-math.Ldexp(1, -e))
	}
	rng := rand.New(rand.NewPCG(15, 16))
	for range n {
		xs = append(xs, rng.Float64(), math.Pow(2, -149*rng.Float64()), 1-math.Pow(2, -24*rng.Float64()))
	}
	for i, x := range xs {
		xs[i] = float64(float32(x))
	}
	return xs
}

// TestProbability32 proves oracleError for BCELoss on a sample, as TestOracle32 does.
func TestProbability32(t *testing.T) {
	worst := 0.0
	for _, x := range probabilities(fewer(700)) {
		got, place := probability32(math.Float32bits(float32(x)))
		for i, want := range bigProbability(x) {
			exact, _ := want.Float64()
			difference, _ := newBig().Sub(bigOf(got[i]), want).Float64()
			e := math.Abs(difference) * inverseULP32(exact)
			worst = max(worst, e)
			if !(e <= oracleError/10) {
				t.Errorf("%s at x=%v: got %v, exact %.20g: %.3g ULP of float32", outputs[i], x, got[i], want, e)
			}
		}
		if want := math.Log(x / (1 - x)); !(math.Abs(place-want) <= 1e-6) && place != want {
			t.Errorf("x=%v lies at %v, want %v", x, place, want)
		}
	}
	t.Logf("largest error: %.3g ULP of float32", worst)
	if worst == 0 {
		t.Error("the oracle is never wrong: is it compared with itself?")
	}
}

// TestPreciseProbability proves the relative error of preciseProbability, also at numbers of float64.
func TestPreciseProbability(t *testing.T) {
	xs := append(probabilities(100), math.Nextafter(1, 0), math.Nextafter(0.5, 1), 1e-290, math.Nextafter(0x1p-60, 0), math.Nextafter(math.Exp(-100), 0), 1e-12, 1-1e-12)
	rng := rand.New(rand.NewPCG(17, 18))
	for range 100 {
		xs = append(xs, rng.Float64(), math.Pow(10, -290*rng.Float64()), 1-math.Pow(2, -53*rng.Float64()))
	}
	limit := bigOf(0x1p-90)
	for _, x := range xs {
		got := preciseProbability(x)
		for i, want := range bigProbability(x) {
			value := newBig().Add(bigOf(got[i].m.hi), bigOf(got[i].m.lo))
			value.SetMantExp(value, -got[i].k)
			difference := newBig().Sub(value, want)
			if allowed := newBig().Mul(want, limit); difference.Abs(difference).Cmp(allowed) > 0 {
				t.Errorf("%s at x=%v: got %.40g, exact %.40g", outputs[i], x, value, want)
			}
		}
	}
}

// spoiltProbabilities returns the built-in BCELoss, whose results spoil may change.
func spoiltProbabilities(spoil func(x, t float32, l, g *float32)) func(l, g, input, target []float32) error {
	right := BuiltIn(BCELoss)[0].Evaluate
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

// withoutClamp is BCELoss whose logarithms may be infinite.
var withoutClamp = spoiltProbabilities(func(x, t float32, l, _ *float32) {
	if t == 1 {
		*l = float32(-math.Log(float64(x)))
	} else {
		*l = float32(-math.Log1p(-float64(x)))
	}
})

// TestSampleFindsWrongBCELoss has losses that are wrong in one way each.
func TestSampleFindsWrongBCELoss(t *testing.T) {
	inf := float32(math.Inf(1))
	const eps = float32(1e-12)
	tests := []struct {
		name     string
		evaluate func(l, g, input, target []float32) error
		want     string // in the first miss
	}{
		{"one ULP at one probability", spoiltProbabilities(func(x, t float32, l, _ *float32) {
			if x == 0.25 && t == 1 {
				*l = math.Nextafter32(*l, inf)
			}
		}), "BCELoss float32 loss, target 1: an error of 1.032 ULP at 0x3e800000 (0.25), want at most 0.51"},
		{"one ULP of a gradient at the largest number below 1", spoiltProbabilities(func(x, t float32, _, g *float32) {
			if x == 1-0x1p-24 && t == 0 {
				*g = math.Nextafter32(*g, inf)
			}
		}), "BCELoss float32 gradient, target 0: an error of 1 ULP at 0x3f7fffff (0.99999994)"},
		{"one ULP at 1", spoiltProbabilities(func(x, t float32, l, _ *float32) {
			if x == 1 && t == 0 {
				*l = math.Nextafter32(*l, 0)
			}
		}), "BCELoss float32 loss, target 0: an error of 1 ULP at 0x3f800000 (1)"},
		{"one ULP at -0", spoiltProbabilities(func(x, t float32, l, _ *float32) {
			if math.Float32bits(x) == sign32 && t == 1 {
				*l = math.Nextafter32(*l, 0)
			}
		}), "BCELoss float32 loss, target 1: an error of 1 ULP at 0x80000000 (-0)"},
		{"the targets of -0 exchanged, as those of negative logits are", spoiltProbabilities(func(x, t float32, l, _ *float32) {
			if math.Float32bits(x) == sign32 {
				*l = 100 * (1 - t)
			}
		}), "BCELoss float32 loss, target 0: "},
		{"no clamp", withoutClamp, "BCELoss float32 loss, target 0: 1 results are NaN or infinite where they should not be, or the other way round; first at 0x3f800000 (1): got +Inf, exact 100"},
		{"a clamp at 1e-7", spoiltProbabilities(func(x, t float32, l, _ *float32) {
			if t == 1 {
				*l = min(*l, float32(-math.Log(1e-7)))
			}
		}), "BCELoss float32 loss, target 1: an error of "},
		{"log of the rounded 1-x", spoiltProbabilities(func(x, t float32, l, _ *float32) {
			if t == 0 && x < 1 {
				*l = -float32(math.Log(float64(1 - x)))
			}
		}), "BCELoss float32 loss, target 0: an error of "},
		{"a gradient that is not bounded", spoiltProbabilities(func(x, t float32, _, g *float32) {
			if t == 1 && x > 0 {
				*g = -1 / x
			}
		}), "BCELoss float32 gradient, target 1: "},
		{"a gradient that is bounded elsewhere", spoiltProbabilities(func(x, t float32, _, g *float32) {
			if x < eps && t == 1 {
				*g = float32((float64(x) - 1) / 1e-11)
			}
		}), "at 0x00000000 (0), want at most 0.51"},
		{"a gradient of the wrong sign", spoiltProbabilities(func(x, t float32, _, g *float32) {
			if t == 1 {
				*g = -*g
			}
		}), "BCELoss float32 gradient, target 1: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			checkMissed(t, BCELoss, test.evaluate, test.want)
		})
	}
}

// TestProbabilitiesNearTheEdge: the last chunk of BCELoss has 1 alone, the first -0 too, and none has negative numbers.
func TestProbabilitiesNearTheEdge(t *testing.T) {
	for _, test := range []struct {
		shard  int
		inputs []float32 // the first and the last of some
		count  int
	}{{1, []float32{0, float32(math.Copysign(0, -1))}, chunkSize + 1}, {2033, []float32{1, 1}, 1}, {2034, nil, 0}} {
		var seen []float32
		all := Variant{BCELoss, "all", func(_, _, input, _ []float32) error {
			seen = append(seen, input[:len(input)/2]...)
			return nil
		}}
		results, err := Float32(context.Background(), Options{Variants: []Variant{all}, Shard: test.shard, Shards: chunks, Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		if results[0].Inputs != uint64(test.count) || results[0].Complete || len(seen) != test.count {
			t.Fatalf("shard %d: got %d inputs, asked for %d, want %d of a part", test.shard, results[0].Inputs, len(seen), test.count)
		}
		minusZeros := 0
		for _, x := range seen {
			if math.Signbit(float64(x)) {
				minusZeros++
			}
			if !(x >= 0 && x <= 1) {
				t.Fatalf("shard %d: asked for %v", test.shard, x)
			}
		}
		if want := map[int]int{1: 1}[test.shard]; minusZeros != want {
			t.Errorf("shard %d: asked %d times for -0, want %d", test.shard, minusZeros, want)
		}
	}
}
