package kernel

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestEmulatedAVX512 runs the AVX-512 kernels in the emulator, at logits of all sizes and hard and soft targets.
func TestEmulatedAVX512(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 32))
	e := newEmulator(t)
	const n = 256
	for round := range 24 {
		x, target := make([]float32, n), make([]float32, n)
		soft := round%4 == 3
		for i := range x {
			x[i], target[i] = float32(6*rng.NormFloat64()), float32(rng.IntN(2))
			if round%3 == 1 {
				x[i] = float32(math.Ldexp(rng.NormFloat64(), rng.IntN(45)-40))
			}
			if x[i] = max(-farthest, min(farthest, x[i])); soft {
				target[i] = rng.Float32()
			}
		}
		s := new(LaneScratch)
		power, q, linear, high, low := s[0][:n], s[1][:n], s[2][:n], s[3][:n], s[4][:n]
		results := e.call("expProductsPairsAVX512", power, q, linear, high, low, x, target)
		largest, isSoft := math.Float32frombits(binary.LittleEndian.Uint32(results)), results[4] != 0
		want := slices.MaxFunc(x, func(a, b float32) int { return int(math.Copysign(1, math.Abs(float64(a))-math.Abs(float64(b)))) })
		if float64(largest) != math.Abs(float64(want)) || isSoft != soft {
			t.Errorf("round %d: largest %v, soft %t, want %v, %t", round, largest, isSoft, want, soft)
		}
		var hard, general [48]float64
		e.call("softProductsAVX512", &general, power, q, x, target)
		e.call("hardProductsAVX512", &hard, power, q, linear)
		losses, grads := make([]float32, n), make([]float32, n)
		const delta = 4
		e.call("lossPairsAVX512", losses, high, low, x, target)
		e.call("gradPairsAVX512", grads, high, low, x, target, float32(delta))
		var wantSum float64
		for i := range x {
			x, t64 := float64(x[i]), float64(target[i])
			y := math.Exp(-math.Abs(x))
			a, b, slope := 1-t64, t64*y, 1-t64
			if x < 0 {
				a, b, slope = (1-t64)*y, t64, -t64
			}
			loss, grad := math.Log1p(y)+slope*x, (a-b)/(delta*(1+y))
			wantSum += loss
			if soft {
				continue
			}
			for k, pair := range [][2]float64{{float64(losses[i]), loss}, {float64(grads[i]), grad}} {
				spacing := ulp32(pair[1])
				if d := math.Abs(pair[0] - pair[1]); !(d <= 0.51*spacing) {
					t.Errorf("round %d: output %d at x=%v, target=%v: got %v, want %v: %.3f ULP", round, k, x, t64, pair[0], pair[1], d/spacing)
				}
			}
		}
		total := func(lanes [48]float64) float64 {
			s := Sums{products: products{lanes: lanes, factors: n}}
			sum := s.Total()
			return sum.Value()
		}
		if got := total(general); math.Abs(got-wantSum) > 0x1p-30*wantSum {
			t.Errorf("round %d: sum %v, want %v", round, got, wantSum)
		}
		if got := total(hard); !soft && math.Abs(got-wantSum) > 0x1p-30*wantSum {
			t.Errorf("round %d: sum of hard targets %v, want %v", round, got, wantSum)
		}
		if useAVX512 {
			compareWithProcessor(t, x, target, s, losses, grads, hard, general)
		}
	}
	if !useAVX512 {
		t.Log("the processor has no AVX-512: the kernels ran in the emulator alone")
	}
}

// compareWithProcessor wants the same bits from the processor.
func compareWithProcessor(t *testing.T, x, target []float32, s *LaneScratch, losses, grads []float32, hard, general [48]float64) {
	t.Helper()
	n := len(x)
	own := new(LaneScratch)
	expProductsPairsAVX512(own[0][:n], own[1][:n], own[2][:n], own[3][:n], own[4][:n], x, target)
	if *own != *s {
		t.Error("the processor has other exponentials than the emulator")
	}
	var ownHard, ownGeneral [48]float64
	hardProductsAVX512(&ownHard, own[0][:n], own[1][:n], own[2][:n])
	softProductsAVX512(&ownGeneral, own[0][:n], own[1][:n], x, target)
	if ownHard != hard || ownGeneral != general {
		t.Error("the processor has other products than the emulator")
	}
	ownLosses, ownGrads := make([]float32, n), make([]float32, n)
	lossPairsAVX512(ownLosses, own[3][:n], own[4][:n], x, target)
	gradPairsAVX512(ownGrads, own[3][:n], own[4][:n], x, target, 4)
	if !slices.Equal(ownLosses, losses) || !slices.Equal(ownGrads, grads) {
		t.Error("the processor has other losses or gradients than the emulator")
	}
}

// ulp32 returns the spacing of float32 numbers at v.
func ulp32(v float64) float64 {
	_, exponent := math.Frexp(v)
	return math.Ldexp(1, max(exponent, -125)-24)
}
