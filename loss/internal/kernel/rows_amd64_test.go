//go:build amd64 && !purego

package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRows compares rows in lanes with float64 arithmetic, for every number of classes up to 96 and some more, numbers of rows that are no multiple of eight, and any alignment. A loss
// may be off by 2⁻³⁰ of itself, a gradient by 0.51 ULP.
func TestRows(t *testing.T) {
	if !useAVX2 {
		t.Skip("no AVX2")
	}
	rng := rand.New(rand.NewPCG(41, 42))
	s := new(Rows)
	var all []int
	for classes := range 96 {
		all = append(all, 1+classes)
	}
	for _, classes := range append(all, 1000, 1024, 1025, 1033, 4096, 4098, 9001) {
		for round, kind := range []string{"ordinary", "ties", "dominated", "far", "large"} {
			rows := min(RowsAtATime[float32](classes, true), []int{1, 7, 8, 13, RowsMax}[(classes+round)%5])
			offset, slack := rng.IntN(4), rng.IntN(5)
			x := make([]float32, offset+rows*classes+slack)[offset:]
			for i := range x {
				switch x[i] = float32(4 * rng.NormFloat64()); kind {
				case "ties":
					x[i] = float32(rng.IntN(3))
				case "dominated":
					if x[i] -= 20; rng.IntN(classes) == 0 {
						x[i] = 9
					}
				case "far":
					x[i] *= 20
				case "large":
					x[i] += float32(1e4 * float64(rng.IntN(3)-1))
				}
			}
			indices := make([]int64, rows)
			for r := range indices {
				indices[r], s.Factors[r] = rng.Int64N(int64(classes)), math.Ldexp(1+rng.Float64(), rng.IntN(20)-15)
			}
			if kind == "far" && classes > 2000 { // whole stretches of nothing
				for i := range x[:len(x)/classes*classes] {
					if i%classes < classes/2 {
						x[i] = float32(math.Inf(-1))
					}
				}
				x[0] = 0
			}
			RowLosses(s, x, indices, classes, false)
			alone := s.Losses
			total := 0.0
			for _, loss := range alone[:rows] {
				total += loss
			}
			switch sum := RowSum(s, x, indices, classes); {
			case rows%8 != 0 || classes > ClassesInLanes || total != total:
				if sum == sum {
					t.Errorf("%d classes, %s, %d rows: sum %v, want NaN", classes, kind, rows, sum)
				}
			case !(math.Abs(sum-total) <= 0x1p-40*total):
				t.Errorf("%d classes, %s: sum %v, want %v", classes, kind, sum, total)
			}
			RowLosses(s, x, indices, classes, true)
			const guard = 12345
			dst := slices.Repeat([]float32{guard}, offset+rows*classes+1)[offset:]
			RowGrads(s, dst[:rows*classes], x)
			if dst[rows*classes] != guard {
				t.Fatalf("%d classes, %d rows: wrote behind the gradient", classes, rows)
			}
			for r, y := range indices {
				row, grads := x[r*classes:][:classes], dst[r*classes:][:classes]
				own, others, m := float64(row[y]), 0.0, math.Inf(-1)
				for c, v := range row {
					if c != int(y) {
						others += math.Exp(float64(v) - own)
						m = max(m, float64(v))
					}
				}
				got := s.Losses[r]
				if odd := !(math.Abs(m) < 1<<14 && math.Abs(m-own) < 700); got != got {
					if !odd && kind != "far" {
						t.Errorf("%d classes, %s, row %d: the lanes refuse %v", classes, kind, r, row)
					}
					continue
				}
				if want := math.Log1p(others); !(math.Abs(got-want) <= 0x1p-30*want) || alone[r] != got {
					t.Errorf("%d classes, %s, row %d: loss %v, without gradient %v, want %v", classes, kind, r, got, alone[r], want)
				}
				for c := range row {
					want, got := s.Factors[r]*math.Exp(float64(row[c])-own)/(1+others), float64(grads[c])
					if c == int(y) {
						want, got = -s.Factors[r]*others/(1+others), s.Own(r)
					}
					if d := math.Abs(got - want); !(d <= 0.51*ulp32(want)+0x1p-149) {
						t.Errorf("%d classes, %s, row %d: gradient [%d] %v, want %v: %.3f ULP", classes, kind, r, c, got, want, d/ulp32(want))
					}
				}
			}
		}
	}
}

// TestOddRows has one element in a group that the lanes cannot compute: the loss of its row is NaN, and no other changes.
func TestOddRows(t *testing.T) {
	if !useAVX2 {
		t.Skip("no AVX2")
	}
	inf := float32(math.Inf(1))
	for _, classes := range []int{1, 2, 3, 4, 5, 10, 64} {
		const rows = 9
		x, indices := make([]float32, rows*classes), make([]int64, rows)
		for i := range x {
			x[i] = float32(i%7) / 4
		}
		s := new(Rows)
		if RowLosses(s, x, indices, classes, false); classes == 1 && s.Losses[0] == s.Losses[0] {
			t.Error("a row of one class has no others, and yet a loss")
		} else if classes == 1 {
			continue
		}
		before := s.Losses
		for i := range x {
			for _, odd := range []float32{float32(math.NaN()), inf, -inf, 1 << 15, -1 << 15, 800} {
				was := x[i]
				x[i] = odd
				RowLosses(s, x, indices, classes, false)
				x[i] = was
				for r := range rows {
					// Among several others a very small one counts as nothing.
					fine := i%classes != 0 && classes > 2 && odd < 0
					switch loss := s.Losses[r]; {
					case r == i/classes && !fine && loss == loss:
						t.Errorf("%d classes: %v at %d: loss %v, want NaN", classes, odd, i, loss)
					case r != i/classes && loss != before[r]:
						t.Errorf("%d classes: %v at %d changes the loss of row %d", classes, odd, i, r)
					}
				}
			}
		}
	}
}

// TestRowRest compares with float64 arithmetic where the largest logit leaves much and little to the others, and so does PlainEntropy's sums.
func TestRowRest(t *testing.T) {
	if !useAVX2 {
		t.Skip("no AVX2")
	}
	rng := rand.New(rand.NewPCG(43, 44))
	for _, classes := range []int{1, 2, 7, 8, 9, 70, 1000, 4097, 9001} {
		for lead := range 60 {
			x, probabilities := make([]float32, classes), make([]float32, classes)
			for i := range x {
				x[i], probabilities[i] = float32(4*rng.NormFloat64()), rng.Float32()
			}
			x[rng.IntN(classes)] = float32(2 * lead)
			m, rest, ok := RowRest(x)
			sum, total, _ := PlainEntropy(x, probabilities, m)
			wantRest, wantSum, wantTotal := 0.0, 0.0, 0.0
			for i, v := range x {
				if float64(v) != m {
					wantRest += math.Exp(float64(v) - m)
				}
				wantSum += float64(probabilities[i]) * (m - float64(v))
				wantTotal += float64(probabilities[i])
			}
			near := func(got, want float64) bool { return math.Abs(got-want) <= 0x1p-28*want }
			if m != float64(slices.Max(x)) || classes > 1 && !(ok && near(rest, wantRest)) || !near(sum, wantSum) || !near(total, wantTotal) {
				t.Errorf("%d classes: got %v, %v, %t, %v, %v; want rest %v, sums %v, %v", classes, m, rest, ok, sum, total, wantRest, wantSum, wantTotal)
			}
		}
	}
	if _, _, ok := RowRest([]float32{1, float32(math.NaN()), 3}); ok {
		t.Error("a row with NaN is ordinary")
	}
	if _, _, ok := RowRest([]float64{1, 2}); ok {
		t.Error("there are lanes for float64")
	}
}
