package loss

import (
	"math"
	"sync"

	"lossproof/loss/internal/kernel"
)

// Float16 is a number of IEEE 754 binary16, PyTorch's float16, by its bits: a []uint16 of them is converted element by element.
type Float16 uint16

// BFloat16 is a number of PyTorch's bfloat16, by its bits: the upper half of those of float32.
type BFloat16 uint16

// ToFloat16 returns the number nearest to v, ties to even; from 65520 on that is an infinity. NaN stays NaN.
func ToFloat16(v float64) Float16 {
	bits, _ := kernel.Binary16.Round(v)
	return Float16(bits)
}

// ToBFloat16 returns the number nearest to v, ties to even; beyond the largest one by half of its spacing that is an infinity. NaN
// stays NaN.
func ToBFloat16(v float64) BFloat16 {
	bits, _ := kernel.BFloat16.Round(v)
	return BFloat16(bits)
}

// Float64 returns the number, which float64 has exactly.
func (h Float16) Float64() float64 { return kernel.Binary16.Value(uint16(h)) }

// Float64 returns the number, which float64 has exactly.
func (h BFloat16) Float64() float64 { return float64(math.Float32frombits(uint32(h) << 16)) }

// wide has the operands and results of a call as float64 numbers.
type wide struct {
	input, target, weight, posWeight, gradOutput []float64
	loss, gradInput, gradTarget, gradWeight      []float64
	// tensors are the optional operands.
	tensors   [3]Tensor[float64]
	criterion criterion[float64]
	job       job[float64]
}

var wides sync.Pool

// computeHalf computes a checked call of 16-bit elements, and rounds each result once.
func computeHalf[T Float16 | BFloat16](c *criterion[T], f kernel.Half, r *Results[T], input *Tensor[T], target *ClassTarget[T], gradOutput *Tensor[T]) error {
	if done, err := computeSingly(c, f, r, input, target, gradOutput); done {
		return err
	}
	return computeWide(c, f, r, input, target, gradOutput)
}

// computeWide is computeHalf in float64, for any call.
func computeWide[T Float16 | BFloat16](c *criterion[T], f kernel.Half, r *Results[T], input *Tensor[T], target *ClassTarget[T], gradOutput *Tensor[T]) error {
	w := pooled[wide](&wides)
	defer func() {
		w.job, w.criterion, w.tensors = job[float64]{}, criterion[float64]{}, [3]Tensor[float64]{} // nothing of the caller's stays
		wides.Put(w)
	}()
	w.criterion = criterion[float64]{
		module: c.module, kind: c.kind, reduction: c.reduction, ignore: c.ignore, ignored: c.ignored, smoothing: c.smoothing,
		weight: widenOptional(f, &w.tensors[0], &w.weight, c.weight), posWeight: widenOptional(f, &w.tensors[1], &w.posWeight, c.posWeight),
	}
	results := Results[float64]{
		Loss: sizedLike(&w.loss, r.Loss), GradInput: sizedLike(&w.gradInput, r.GradInput),
		GradTarget: sizedLike(&w.gradTarget, r.GradTarget), GradWeight: sizedLike(&w.gradWeight, r.GradWeight),
	}
	err := compute(&w.criterion, &w.job, &results, &Tensor[float64]{input.Shape, widen(f, &w.input, input.Data)},
		&ClassTarget[float64]{target.kind, target.shape, target.indices, widen(f, &w.target, target.probabilities)},
		widenOptional(f, &w.tensors[2], &w.gradOutput, gradOutput))
	if err != nil {
		return err
	}
	nearest := nearest[float64]{job: &w.job, rowAt: -1}
	if c.reduction == None {
		narrow(r.Loss, results.Loss, f, nearest.loss)
	} else {
		narrow(r.Loss, results.Loss, f, nil)
	}
	narrow(r.GradInput, results.GradInput, f, nearest.gradInput)
	narrow(r.GradTarget, results.GradTarget, f, nearest.gradTarget)
	narrow(r.GradWeight, results.GradWeight, f, nil)
	return nil
}

// sized returns memory for n elements.
func sized[E any](memory *[]E, n int) []E {
	if cap(*memory) < n || *memory == nil {
		*memory = make([]E, n)
	}
	return (*memory)[:n]
}

// sizedLike returns memory for as many numbers as like has, nil for none.
func sizedLike[T Element](memory *[]float64, like []T) []float64 {
	if like == nil {
		return nil
	}
	return sized(memory, len(like))
}

func widen[T Float16 | BFloat16](f kernel.Half, memory *[]float64, values []T) []float64 {
	dst := sizedLike(memory, values)
	var some [kernel.ChunkLen]float32
	for lo := 0; lo < len(dst); lo += len(some) {
		part := some[:min(len(some), len(dst)-lo)]
		f.Widen(part, bitsOf(values[lo:]))
		for i, v := range part {
			dst[lo+i] = float64(v)
		}
	}
	return dst
}

func widenOptional[T Float16 | BFloat16](f kernel.Half, dst *Tensor[float64], memory *[]float64, t *Tensor[T]) *Tensor[float64] {
	if t == nil {
		return nil
	}
	*dst = Tensor[float64]{t.Shape, widen(f, memory, t.Data)}
	return dst
}

// narrow rounds values to dst. Those near the middle of two numbers are taken from exactly, unless that is nil.
func narrow[T Float16 | BFloat16](dst []T, values []float64, f kernel.Half, exactly func(i int) kernel.Pair) {
	for i := range dst {
		bits, near := f.Round(values[i])
		if near && exactly != nil {
			bits = f.RoundPair(exactly(i))
		}
		dst[i] = T(bits)
	}
}
