//go:build amd64 && !purego

package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// lanePaths calls f on each path that has float32 lanes, and says which this machine lacks.
func lanePaths(t *testing.T, f func(t *testing.T)) {
	if !useAVX2 {
		t.Skip("no float32 lanes: no AVX2, or kept to Go")
	}
	t.Run(Path(), f)
	if useAVX512 {
		t.Run("AVX2", func(t *testing.T) { withoutAVX512(t); f(t) })
	} else {
		t.Log("the AVX-512 kernels did not run: the processor lacks them")
	}
}

// TestLanes compares what is computed in float32 lanes with float64: hard and soft targets, every length and alignment, guards around
// every slice, results over the operands.
func TestLanes(t *testing.T) { lanePaths(t, testLanes) }

func testLanes(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	for round := range 400 {
		n := LaneElements * (1 + round%16)
		x, target := make([]float32, n), make([]float32, n)
		soft := round%3 == 2
		for i := range x {
			x[i], target[i] = float32(8*rng.NormFloat64()), float32(rng.IntN(2))
			if round%2 == 1 {
				x[i] = float32(math.Ldexp(rng.NormFloat64(), rng.IntN(30)-30))
			}
			if x[i] = max(-farthest, min(farthest, x[i])); soft {
				target[i] = rng.Float32()
			}
		}
		if round%5 == 0 {
			x[rng.IntN(n)] = farthest
		}
		scratch := new(LaneScratch)
		offset := func(v []float32) guarded[float32] { return guardedCopy(v, rng.IntN(16)) }
		gx, gt := offset(x), offset(target)
		losses, grads := offset(make([]float32, n)), offset(make([]float32, n))
		u := float64(1 + rng.IntN(3))
		div := u * float64(1+rng.IntN(100000))
		var wantSum float64
		want := make([][2]float64, n)
		for i := range x {
			x, t := float64(x[i]), float64(target[i])
			y := math.Exp(-math.Abs(x))
			a, b, slope := 1-t, t*y, 1-t
			if x < 0 {
				a, b, slope = (1-t)*y, t, -t
			}
			want[i] = [2]float64{math.Log1p(y) + slope*x, (a - b) * u / (div * (1 + y))}
			wantSum += want[i][0]
		}
		check := func(name string, k int, got []float32) {
			t.Helper()
			for i, v := range got {
				w := math.Abs(want[i][k])
				if d := math.Abs(float64(v) - want[i][k]); !(d <= 0.51*ulp[float32](w)) && !(d <= 0.51*float64(math.Nextafter32(float32(w), 0))*0x1p-23) {
					t.Errorf("%s, n=%d: [%d]: x=%v target=%v: got %v, want %v: %.4f ULP", name, n, i, x[i], target[i], v, want[i][k], d/ulp[float32](w))
				}
			}
		}
		var sums, sumsBoth Sums
		l := Lanes[float32]{Input: gx.slice, Target: gt.slice, Sums: &sums, U: u, Div: div}
		l.Compute(scratch)
		total := sums.Total()
		if l.Sums != nil || math.Abs(total.Value()-wantSum) > 0x1p-28*wantSum {
			t.Errorf("n=%d soft=%t: sum %v, want %v", n, soft, total.Value(), wantSum)
		}
		l = Lanes[float32]{Input: gx.slice, Target: gt.slice, Sums: &sumsBoth, Grads: grads.slice, U: u, Div: div}
		l.Compute(scratch)
		if both := sumsBoth.Total(); both != total {
			t.Errorf("n=%d: with gradients the sum is %v, without %v", n, both.Value(), total.Value())
		}
		if soft != (l.Grads != nil) {
			t.Errorf("n=%d: soft=%t, gradients computed: %t", n, soft, l.Grads == nil)
		}
		if !soft {
			check("sum and gradient", 1, grads.slice)
			l = Lanes[float32]{Input: gx.slice, Target: gt.slice, Grads: grads.slice, U: u, Div: div}
			clear(grads.slice)
			l.Compute(scratch)
			check("gradient", 1, grads.slice)
		}
		l = Lanes[float32]{Input: gx.slice, Target: gt.slice, Losses: losses.slice, U: u, Div: div}
		l.Compute(scratch)
		if computed := l.Losses == nil; computed != (useAVX512 && !soft) {
			t.Errorf("n=%d soft=%t: losses computed: %t", n, soft, computed)
		} else if computed {
			check("losses", 0, losses.slice)
		}
		if !soft {
			lossOver, gradOver := gx.slice, gt.slice
			l = Lanes[float32]{Input: gx.slice, Target: gt.slice, Losses: lossOver, Grads: gradOver, U: u, Div: div}
			l.Compute(scratch)
			check("losses over the input", 0, lossOver)
			check("gradients over the target", 1, gradOver)
			for i, g := range gradOver {
				if g != grads.slice[i] {
					t.Errorf("n=%d: [%d]: the gradient is %v with losses, %v without", n, i, g, grads.slice[i])
				}
			}
		}
		for i, g := range []guarded[float32]{gx, gt, losses, grads} {
			g.check(t, fmt.Sprintf("slice %d", i))
		}
	}
}

// TestLanesRefuse checks that one logit that the lanes do not compute is seen at every place, and leaves no trace.
func TestLanesRefuse(t *testing.T) {
	lanePaths(t, func(t *testing.T) {
		scratch, target := new(LaneScratch), make([]float32, ChunkLen)
		for _, odd := range []float32{math.Nextafter32(farthest, 99), -math.Nextafter32(farthest, 99), 1e30, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), -float32(math.NaN())} {
			for at := range 64 {
				x, grads := make([]float32, 64), make([]float32, 64)
				x[at] = odd
				var sums Sums
				l := Lanes[float32]{Input: x, Target: target[:64], Sums: &sums, Grads: grads, U: 1, Div: 1}
				l.Compute(scratch)
				if l.Sums == nil || l.Grads == nil || sums != (Sums{}) || grads[0] != 0 {
					t.Errorf("%v at %d is not seen", odd, at)
				}
			}
		}
	})
}

// TestProductsDoNotOverflow has many chunks whose exponentials are 1.
func TestProductsDoNotOverflow(t *testing.T) {
	lanePaths(t, func(t *testing.T) {
		x, scratch := make([]float32, ChunkLen), new(LaneScratch)
		var sums Sums
		const chunks = 100
		for range chunks {
			l := Lanes[float32]{Input: x, Target: x, Sums: &sums, U: 1, Div: 1}
			l.Compute(scratch)
		}
		if total, want := sums.Total(), chunks*ChunkLen*math.Ln2; math.Abs(total.Value()-want) > 1e-12*want {
			t.Errorf("got %v, want %v", total.Value(), want)
		}
	})
}

// withoutAVX512 keeps the kernels to AVX2 until the test ends.
func withoutAVX512(t *testing.T) {
	before := useAVX512
	useAVX512 = false
	t.Cleanup(func() { useAVX512 = before })
}

// TestProbabilitySums compares the sum of logarithms of products with float64, near and far from 0 and 1, and what it refuses.
func TestProbabilitySums(t *testing.T) {
	if !useAVX2 {
		t.Skip("no AVX2, or kept to Go")
	}
	rng := rand.New(rand.NewPCG(10, 11))
	for round := range 600 {
		n := ProbabilitySumsElements * (1 + rng.IntN(32))
		x, target := make([]float32, n), make([]float32, n)
		want := 0.0
		for i := range x {
			target[i] = float32(rng.IntN(2))
			x[i] = rng.Float32()
			switch round % 6 {
			case 1: // right and confident
				x[i] = float32(math.Ldexp(rng.Float64(), -rng.IntN(60)))
				if target[i] == 1 {
					x[i] = 1 - x[i]
				}
			case 2: // wrong and confident
				x[i] = float32(math.Ldexp(rng.Float64(), -rng.IntN(148)))
				target[i] = 1
			case 3:
				x[i] = 0.71 // just above the square root of a half, so that every product shrinks
				target[i] = 1
			case 4:
				x[i] = 0.706
				target[i] = 1
			case 5:
				x[i] = float32(rng.IntN(2))
			}
			a := math.Log(float64(x[i]))
			if target[i] == 0 {
				a = math.Log1p(-float64(x[i]))
			}
			want -= max(a, -100)
		}
		gx, gt := guardedCopy(x, rng.IntN(16)), guardedCopy(target, rng.IntN(16))
		sums := Sums{twoSum: [8]float64{0.5}}
		if !ProbabilitySums(&sums, gx.slice, gt.slice) {
			t.Fatalf("round %d: refused", round)
		}
		total := sums.Total()
		if got := total.Value() - 0.5; math.Abs(got-want) > 1e-11*want+1e-15 {
			t.Errorf("round %d, n=%d: got %v, want %v", round, n, got, want)
		}
		before, at := sums, rng.IntN(n)
		odd := []float32{-1e-30, 1 + 0x1p-23, float32(math.NaN()), 2, float32(math.Inf(1)), 0.5, -1}[round%7]
		if round%7 == 5 || round%2 == 0 {
			target[at] = odd
		} else {
			x[at] = odd
		}
		if ProbabilitySums(&sums, x, target) || sums != before {
			t.Errorf("round %d: %v at %d of %d is not refused", round, odd, at, n)
		}
	}
}
