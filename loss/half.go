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
	bits, _ := binary16.round(v)
	return Float16(bits)
}

// ToBFloat16 returns the number nearest to v, ties to even; beyond the largest one by half of its spacing that is an infinity. NaN
// stays NaN.
func ToBFloat16(v float64) BFloat16 {
	bits, _ := bfloat16.round(v)
	return BFloat16(bits)
}

// Float64 returns the number, which float64 has exactly.
func (h Float16) Float64() float64 {
	const exponent = 0x1f << 10
	magnitude := uint64(h &^ 0x8000)
	sign := uint64(h>>15) << 63
	switch {
	case magnitude >= exponent: // an infinity or NaN
		return math.Float64frombits(sign | 0x7ff<<52 | (magnitude&^exponent)<<42)
	case magnitude < 1<<10: // subnormal
		return math.Copysign(float64(magnitude)*0x1p-24, math.Float64frombits(sign))
	}
	return math.Float64frombits(sign | (magnitude<<42 + (1023-15)<<52))
}

// Float64 returns the number, which float64 has exactly.
func (h BFloat16) Float64() float64 { return float64(math.Float32frombits(uint32(h) << 16)) }

// half is a format of 16 bits.
type half struct {
	// fraction is the number of bits behind the leading one, and 1-bias the smallest exponent of a normal number.
	fraction, bias int
}

var (
	binary16 = half{10, 15}
	bfloat16 = half{7, 127}
)

// The bits of float64.
const (
	sign64     = 1 << 63
	infinity64 = 0x7ff << 52
)

// round returns the number nearest to v, ties to even, and whether v is so close to the middle of two that its own error counts.
func (f half) round(v float64) (bits uint16, near bool) {
	b := math.Float64bits(v)
	sign, magnitude := uint16(b>>48)&0x8000, b&^sign64
	infinity := uint16(1<<15 - 1<<f.fraction)
	switch {
	case magnitude > infinity64:
		return sign | infinity | 1<<(f.fraction-1), false
	case magnitude == infinity64:
		return sign | infinity, false
	case magnitude < uint64(1024-f.bias)<<52: // subnormal, or rounded to the smallest normal number
		units := math.Abs(v) * math.Float64frombits(uint64(1022+f.bias+f.fraction)<<52)
		whole := math.RoundToEven(units)
		return sign | uint16(whole), math.Abs(math.Abs(units-whole)-0.5) <= units*closeness
	}
	drop := 52 - f.fraction
	middle, rest := uint64(1)<<(drop-1), magnitude&(1<<drop-1)
	rounded := (magnitude + middle - 1 + magnitude>>drop&1) >> drop
	near = rest-middle+closeBits <= 2*closeBits
	return sign | uint16(min(rounded-uint64(1023-f.bias)<<f.fraction, uint64(infinity))), near
}

// What is closer to the middle of two numbers than this, relatively, is computed once more. The error of a float64 result
// is thousands of times smaller, but where terms cancel.
const (
	closeBits = 1 << 14
	closeness = closeBits * 0x1p-52
)

// roundPair returns the number nearest to p.
func (f half) roundPair(p kernel.Pair) uint16 {
	high := p.High + p.Low
	if low := (p.High - high) + p.Low; low != 0 {
		// Rounding to odd: a number that ends in a one is not the middle of two.
		if b := math.Float64bits(high); b&1 == 0 && high != 0 {
			if (low > 0) == (high > 0) {
				b++
			} else {
				b--
			}
			high = math.Float64frombits(b)
		}
	}
	bits, _ := f.round(high)
	return bits
}

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

// computeWide computes a checked call of 16-bit elements: in float64, and rounds each result once.
func computeWide[T Float16 | BFloat16](c *criterion[T], f half, r *Results[T], input *Tensor[T], target *ClassTarget[T], gradOutput *Tensor[T]) error {
	w, ok := wides.Get().(*wide)
	if !ok {
		w = new(wide)
	}
	defer func() {
		w.job, w.criterion, w.tensors = job[float64]{}, criterion[float64]{}, [3]Tensor[float64]{} // nothing of the caller's stays
		wides.Put(w)
	}()
	w.criterion = criterion[float64]{
		module: c.module, kind: c.kind, reduction: c.reduction, ignore: c.ignore, smoothing: c.smoothing,
		weight: widenOptional(&w.tensors[0], &w.weight, c.weight), posWeight: widenOptional(&w.tensors[1], &w.posWeight, c.posWeight),
	}
	results := Results[float64]{
		Loss: sized(&w.loss, r.Loss), GradInput: sized(&w.gradInput, r.GradInput),
		GradTarget: sized(&w.gradTarget, r.GradTarget), GradWeight: sized(&w.gradWeight, r.GradWeight),
	}
	err := compute(&w.criterion, &w.job, results, Tensor[float64]{input.Shape, widen(&w.input, input.Data)},
		ClassTarget[float64]{target.kind, target.shape, target.indices, widen(&w.target, target.probabilities)},
		widenOptional(&w.tensors[2], &w.gradOutput, gradOutput))
	if err != nil {
		return err
	}
	nearest := nearest{job: &w.job, rowAt: -1}
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

// sized returns memory for as many numbers as like has, nil for none.
func sized[T Element](memory *[]float64, like []T) []float64 {
	if like == nil {
		return nil
	}
	if cap(*memory) < len(like) || *memory == nil {
		*memory = make([]float64, len(like))
	}
	return (*memory)[:len(like)]
}

func widen[T Float16 | BFloat16](memory *[]float64, values []T) []float64 {
	dst := sized(memory, values)
	switch values := any(values).(type) {
	case []Float16:
		for i, v := range values {
			dst[i] = v.Float64()
		}
	case []BFloat16:
		for i, v := range values {
			dst[i] = v.Float64()
		}
	}
	return dst
}

func widenOptional[T Float16 | BFloat16](dst *Tensor[float64], memory *[]float64, t *Tensor[T]) *Tensor[float64] {
	if t == nil {
		return nil
	}
	*dst = Tensor[float64]{t.Shape, widen(memory, t.Data)}
	return dst
}

// narrow rounds values to dst. Those near the middle of two numbers are taken from exactly, unless that is nil.
func narrow[T Float16 | BFloat16](dst []T, values []float64, f half, exactly func(i int) kernel.Pair) {
	for i := range dst {
		bits, near := f.round(values[i])
		if near && exactly != nil {
			bits = f.roundPair(exactly(i))
		}
		dst[i] = T(bits)
	}
}
