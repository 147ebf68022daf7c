package sweep

import (
	"context"
	"math"
	"testing"
)

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
