package loss

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"lossproof/loss/internal/kernel"
)

// TestSingly: what is computed as float32 numbers is what is computed in float64, at every number of 16 bits, and both are rounded as the exact
// results: halves.TestBuiltin holds them to the definition.
func TestSingly(t *testing.T) {
	testSingly[Float16](t, kernel.Binary16)
	testSingly[BFloat16](t, kernel.BFloat16)
}

func testSingly[T Float16 | BFloat16](t *testing.T, f kernel.Half) {
	t.Helper()
	one, _ := f.Round(1)
	rng := rand.New(rand.NewPCG(16, 16))
	for _, kind := range []kind{ofLogits, ofLabels, ofProbabilities, ofClasses} {
		for _, reduction := range []Reduction{None, Sum, Mean} {
			for _, columns := range []int{1, 2, 7, 1000} {
				if columns > 2 && (testing.Short() && reduction == Sum) || columns == 1 && kind == ofClasses {
					continue
				}
				var input []T
				for bits := range 1 << 16 {
					v := f.Value(uint16(bits))
					if kind == ofProbabilities && !(v >= 0 && v <= 1) || reduction != None && !(math.Abs(v) <= 64) { // so that sums are finite
						continue
					}
					if input = append(input, T(bits)); reduction != None { // twice, for several goroutines
						input = append(input, T(bits))
					}
				}
				if columns > 1 {
					rng.Shuffle(len(input), func(i, k int) { input[i], input[k] = input[k], input[i] })
				}
				if kind == ofClasses && columns == 2 {
					for i := range input { // rows (x, 0)
						input[i] = T(uint16(input[i]) * uint16(1-i%2))
					}
				}
				rows := len(input) / columns
				input = input[:rows*columns]
				x := Tensor[T]{[]int{rows, columns}, input}
				target := ClassTarget[T]{kind: byProbability, shape: x.Shape, probabilities: make([]T, len(input))}
				for i := range input {
					target.probabilities[i] = T(uint16(rng.IntN(2)) * one)
				}
				if kind == ofClasses {
					target = ClassTarget[T]{kind: byIndex, shape: x.Shape[:1]}
					for range rows {
						target.indices = append(target.indices, rng.Int64N(int64(columns)))
					}
				}
				c := &criterion[T]{kind: kind, reduction: reduction}
				if err := c.check(&x, &target); err != nil {
					t.Fatal(err)
				}
				results := func() Results[T] {
					return Results[T]{Loss: make([]T, c.lossLen(x.Shape)), GradInput: make([]T, len(input))}
				}
				got, want := results(), results()
				upstream, _ := f.Round(-1.7)
				gradOutput := &Tensor[T]{Data: []T{T(upstream)}}
				if reduction == None {
					gradOutput = nil
				}
				if done, err := computeSingly(c, f, &got, &x, &target, gradOutput); !done || err != nil {
					t.Fatal(done, err)
				}
				if err := computeWide(c, f, &want, &x, &target, gradOutput); err != nil {
					t.Fatal(err)
				}
				// By one goroutine, and the loss alone: the same numbers.
				single, alone := results(), Results[T]{Loss: make([]T, len(got.Loss))}
				threads := runtime.GOMAXPROCS(1)
				_, err := computeSingly(c, f, &single, &x, &target, gradOutput)
				runtime.GOMAXPROCS(threads)
				if _, errAlone := computeSingly(c, f, &alone, &x, &target, gradOutput); err != nil || errAlone != nil {
					t.Fatal(err, errAlone)
				}
				name := fmt.Sprintf("%T, kind %d, %s, %d columns", input, kind, reduction, columns)
				compareHalf(t, name+": loss by one goroutine", f, single.Loss, got.Loss)
				compareHalf(t, name+": gradient by one goroutine", f, single.GradInput, got.GradInput)
				compareHalf(t, name+": loss alone", f, alone.Loss, got.Loss)
				compareHalf(t, name+": loss", f, got.Loss, want.Loss)
				compareHalf(t, name+": gradient", f, got.GradInput, want.GradInput)
			}
		}
	}
}

func compareHalf[T Float16 | BFloat16](t *testing.T, name string, f kernel.Half, got, want []T) {
	t.Helper()
	different := 0
	for i := range got {
		g, w := f.Value(uint16(got[i])), f.Value(uint16(want[i]))
		if g == w || g != g && w != w { // zeros and NaNs have any sign
			continue
		}
		if different++; different == 1 {
			t.Errorf("%s: element %d: got %v, want %v", name, i, g, w)
		}
	}
	if different > 1 {
		t.Errorf("%s: %d of %d differ", name, different, len(got))
	}
}
