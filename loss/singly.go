package loss

import (
	"math/bits"
	"runtime"
	"sync"
	"unsafe"

	"lossproof/loss/internal/kernel"
)

// halfBlock is the least number of elements of a block but the last: as float32 numbers they stay in a cache.
const halfBlock = 4096

// singly is a call of 16-bit elements that is computed as float32 numbers, block by block, and rounded once more where a result is not close to
// the middle of two numbers. The others are computed as pairs: so all are rounded as if they had been exact. That needs
// results that are as accurate as float32 can hold, and so a call in which no terms cancel: hard targets, no weights.
type singly struct {
	criterion                 criterion[float32]
	format                    kernel.Half
	input, target, loss, grad []uint16
	indices                   []int64
	upstream                  []float32
	one                       [1]float32
	// A unit, of perUnit elements, is one of them, or a row; a block has perBlock units.
	units, perUnit, perBlock int
	div                      float64
	rows                     bool
}

// halfScratch is the memory of a goroutine.
type halfScratch struct {
	input, target, loss, grad []float32
	near                      []uint8
	shape                     [2]int
	job                       job[float32]
}

var (
	singlies      sync.Pool
	halfScratches sync.Pool
)

// bitsOf returns the bits of numbers.
func bitsOf[T Float16 | BFloat16](v []T) []uint16 {
	if v == nil {
		return nil
	}
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(v))), len(v))
}

// computeSingly computes a call as [singly] does. It returns false, and has done nothing, where that is not accurate enough.
func computeSingly[T Float16 | BFloat16](c *criterion[T], f kernel.Half, r *Results[T], input *Tensor[T], target *ClassTarget[T], gradOutput *Tensor[T]) (done bool, err error) {
	classes := c.kind == ofClasses
	switch {
	case len(input.Data) == 0, r.GradTarget != nil, r.GradWeight != nil, c.weight != nil, c.posWeight != nil, c.smoothing != 0:
		return false, nil
	case gradOutput != nil && len(gradOutput.Data) != 1:
		return false, nil
	case classes && (target.kind != byIndex || c.classAxis(input.Shape) != len(input.Shape)-1):
		return false, nil
	case !classes && !f.Hard(bitsOf(target.probabilities)):
		return false, nil
	}
	s := pooled[singly](&singlies)
	defer func() {
		*s = singly{}
		singlies.Put(s)
	}()
	*s = singly{
		criterion: criterion[float32]{module: c.module, kind: c.kind, reduction: c.reduction, ignore: c.ignore, ignored: c.ignored},
		format:    f, input: bitsOf(input.Data), target: bitsOf(target.probabilities), loss: bitsOf(r.Loss), grad: bitsOf(r.GradInput),
		indices: target.indices, perUnit: 1, rows: classes || c.kind == ofLabels,
	}
	if gradOutput != nil {
		s.one[0] = float32(f.Value(uint16(gradOutput.Data[0])))
		s.upstream = s.one[:]
	}
	if s.rows {
		s.perUnit = fromEnd(input.Shape, 0)
	}
	s.units, s.perBlock = len(input.Data)/s.perUnit, (halfBlock-1)/s.perUnit+1
	s.div = div(&s.criterion, input.Shape, &ClassTarget[float32]{kind: target.kind, indices: target.indices})
	sum, refused := s.run()
	if refused != nil {
		return true, valueError(c.module, refused.argument, input.Shape, refused.index, refused.value, "a number from 0 to 1")
	}
	if r.Loss != nil && c.reduction != None {
		s.loss[0], _ = f.Round(sum / s.div)
	}
	return true, nil
}

// pooled returns what a pool has, or something new.
func pooled[T any](pool *sync.Pool) *T {
	if v, ok := pool.Get().(*T); ok {
		return v
	}
	return new(T)
}

// run computes all blocks, and returns the sum of the losses, if it is wanted.
func (s *singly) run() (float64, *refusal) {
	blocks := (s.units + s.perBlock - 1) / s.perBlock
	if workers := min(runtime.GOMAXPROCS(0), blocks); len(s.input) >= parallelElements && workers > 1 && !s.overwritesUnread() {
		shared := new(singly)
		*shared = *s
		return parallel(workers, blocks, func() (func(int) (kernel.Accumulator, *refusal), func()) {
			scratch := pooled[halfScratch](&halfScratches)
			return func(b int) (kernel.Accumulator, *refusal) { return shared.block(b, scratch) }, func() { halfScratches.Put(scratch) }
		})
	}
	scratch := pooled[halfScratch](&halfScratches)
	defer halfScratches.Put(scratch)
	var total kernel.Accumulator
	for b := range blocks {
		sum, refused := s.block(b, scratch)
		if refused != nil {
			return 0, refused
		}
		total.Merge(sum)
	}
	return total.Value(), nil
}

// overwritesUnread is that of job.
func (s *singly) overwritesUnread() bool {
	return s.rows && len(s.loss) > 0 && (&s.loss[0] == &s.input[0] || len(s.target) > 0 && &s.loss[0] == &s.target[0])
}

// block computes block b.
func (s *singly) block(b int, scratch *halfScratch) (sum kernel.Accumulator, refused *refusal) {
	first, end := b*s.perBlock, min((b+1)*s.perBlock, s.units)
	lo, hi := first*s.perUnit, end*s.perUnit
	scratch.shape = [2]int{end - first, s.perUnit}
	shape := scratch.shape[:1]
	if s.rows {
		shape = scratch.shape[:]
	}
	input, target := Tensor[float32]{shape, s.widened(&scratch.input, s.input[lo:hi])}, ClassTarget[float32]{kind: byIndex}
	if s.target != nil {
		target = ClassTarget[float32]{kind: byProbability, shape: shape, probabilities: s.widened(&scratch.target, s.target[lo:hi])}
	} else {
		target.indices = s.indices[first:end]
	}
	j := &scratch.job
	*j = job[float32]{kind: s.criterion.kind, div: s.div, sum: s.loss != nil && s.criterion.reduction != None}
	defer func() { *j = job[float32]{} }() // nothing of the caller's stays
	j.upstream.values = s.upstream
	if s.loss != nil && !j.sum {
		j.losses = sized(&scratch.loss, end-first)
	}
	if s.grad != nil {
		j.gradInput = sized(&scratch.grad, hi-lo)
	}
	cut(&s.criterion, j, &input, &target)
	value, refused := j.run()
	if refused != nil {
		refused.index += lo
		return sum, refused
	}
	sum.Add(value)
	exactly := nearest[float32]{job: j, rowAt: -1}
	if j.losses != nil {
		s.narrow(s.loss[first:end], j.losses, scratch, exactly.loss)
	}
	if j.gradInput != nil {
		s.narrow(s.grad[lo:hi], j.gradInput, scratch, exactly.gradInput)
	}
	return sum, refused
}

func (s *singly) widened(memory *[]float32, values []uint16) []float32 {
	dst := sized(memory, len(values))
	s.format.Widen(dst, values)
	return dst
}

// narrow rounds values to dst.
func (s *singly) narrow(dst []uint16, values []float32, scratch *halfScratch, exactly func(i int) kernel.Pair) {
	near := sized(&scratch.near, (len(values)+7)/8)
	s.format.Narrow(dst, values, near)
	for k, mask := range near {
		for ; mask != 0; mask &= mask - 1 {
			i := 8*k + bits.TrailingZeros8(mask)
			dst[i] = s.format.RoundPair(exactly(i))
		}
	}
}
