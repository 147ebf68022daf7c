package kernel

import (
	"math"
	"slices"
)

// Rows computes rows of logits of CrossEntropyLoss with class indices in float32 lanes: of few classes each row in one lane, of many one row after the other along the lanes.
//
// A row is taken without the logit of its class: what the others sum up to, beside the largest of them, keeps its relative accuracy wherever the class is.
type Rows struct {
	// Losses are the losses, NaN for a row that is out of the ordinary.
	Losses [RowsMax]float64
	// Factors are what the gradients are multiplied by.
	Factors [RowsMax]float64
	// state has rowFields numbers of each row: eight rows have eight times the first, then the second, and so on.
	state   [RowsMax * rowFields]float64
	t, r, s [rowElements + 3*8]float32
	x, dst  [rowElements + 3]float32
	indices [RowsMax]int64
	classes int
}

const (
	// RowsMax is the largest number of rows that are computed at a time, a multiple of eight.
	RowsMax     = 128
	rowElements = 2 * ChunkLen
	rowFields   = 4
	// ClassesInLanes is the largest number of classes for which a row in a lane is faster than a row along the lanes.
	ClassesInLanes = 64
	// alongMax is the largest number of logits that are computed along the lanes in one call: they stay in the first-level cache.
	alongMax = 4096
	// ln2Low is what asm/pairs.go takes for ln2Lo32.
	ln2Low = -0x1.05c61p-29
)

// RowsAtATime returns how many rows of so many classes Rows can compute at a time, with or without gradients, 0 if none.
func RowsAtATime[T Float](classes int, grads bool) int {
	if !useAVX2 || !single[T]() || classes == 0 {
		return 0
	}
	if classes > ClassesInLanes {
		if grads {
			return 1
		}
		return 8
	}
	return min(RowsMax, rowElements/classes) &^ 7
}

// RowLosses sets the losses of as many rows as there are indices, and, with grads, what is needed for their gradients, whose factors are set. x may be longer than the rows. The
// index of a row that does not count may be that of no class.
func RowLosses[T Float](s *Rows, x []T, indices []int64, classes int, grads bool) {
	rows := len(indices)
	padded := (rows + 7) &^ 7
	losses, state := s.Losses[:padded], s.state[:padded*rowFields]
	s.classes = classes
	if logits := as[float32](x); classes > ClassesInLanes {
		s.along(logits, indices, grads)
	} else {
		s.across(logits, indices, state, grads)
	}
	if grads {
		finishRowsAVX2(losses, s.Factors[:padded], state)
	} else {
		finishLossesAVX2(losses, state)
	}
}

// RowSum returns the sum of the losses of rows in lanes, as the logarithm of a product, NaN if the rows are no multiple of eight or one is out of the ordinary. Each
// index must be that of a class.
func RowSum[T Float](s *Rows, x []T, indices []int64, classes int) float64 {
	if len(indices)%8 != 0 || classes > ClassesInLanes {
		return math.NaN()
	}
	s.classes = classes
	state := s.state[:len(indices)*rowFields]
	s.across(as[float32](x), indices, state, false)
	var totals [12]float64
	finishSumAVX2(&totals, state)
	product := 0.0
	for _, p := range totals[:8] {
		product = times(product, p) // at most ClassesInLanes^16 each
	}
	return math.Log1p(product) + (totals[8] + totals[9]) + (totals[10] + totals[11])
}

// across is RowLosses with each row in a lane, but for what finishes it.
func (s *Rows) across(logits []float32, indices []int64, state []float64, grads bool) {
	n, padded := len(indices)*s.classes, len(state)/rowFields
	if padded != len(indices) || len(logits) < n+3 {
		copy(s.x[:], logits[:n])
		clear(s.x[n : padded*s.classes+3])
		copy(s.indices[:], indices)
		clear(s.indices[len(indices):padded])
		logits, indices = s.x[:], s.indices[:padded]
	}
	acrossMaxima32AVX2(state, s.t[:], logits, indices, s.classes)
	if grads {
		acrossExps32AVX2(state, s.t[:], s.r[:], s.s[:], s.classes)
	} else {
		acrossSums32AVX2(state, s.t[:], s.classes)
	}
}

// along is across with one row after the other.
func (s *Rows) along(logits []float32, indices []int64, grads bool) {
	for r, y := range indices {
		row := logits[r*s.classes:][:s.classes]
		own, before, behind := float32(0), row, row[:0]
		if y >= 0 && y < int64(len(row)) {
			own, before, behind = row[y], row[:y], row[y+1:]
		}
		sum := rowSum{m: float32(math.Inf(-1))}
		if grads && len(row) <= rowElements {
			sum.m, sum.k, sum.sum = alongExps32AVX2(before, behind, s.t[:], s.r[:], s.s[:], 4*len(row))
		} else {
			sum.add(before, behind)
		}
		for i, v := range [rowFields]float64{float64(sum.m), float64(sum.k), sum.sum, float64(own)} {
			*s.field(r, i) = v
		}
	}
}

func (s *Rows) field(r, i int) *float64 { return &s.state[r>>3<<5+i<<3+r&7] }

// rowSum is a sum of exponentials of logits, of which m is the largest, divided by 2^(k-40)·exp(-k·ln2Low).
type rowSum struct {
	m, k float32
	sum  float64
}

// add adds those of two parts of a row to a sum of none.
func (s *rowSum) add(x, y []float32) {
	ahead := 4 * max(len(x)+len(y)+1, ChunkLen)
	if len(x)+len(y) <= alongMax {
		s.m, s.k, s.sum = alongSum32AVX2(x, y, ahead)
		return
	}
	for _, part := range [][]float32{x, y} {
		for len(part) > 0 {
			chunk := part[:min(alongMax, len(part))]
			part = part[len(chunk):]
			var other rowSum
			if other.m, other.k, other.sum = alongSum32AVX2(chunk, nil, 4*alongMax); other.m > s.m {
				*s, other = other, *s
			}
			if other.sum != 0 {
				s.sum += other.sum * powerOf(other.k-s.k)
			}
		}
	}
}

// Own returns the derivative of row r in the logit of its class.
func (s *Rows) Own(r int) float64 { return *s.field(r, 1) }

// RowRest returns the largest logit of a row of float32 numbers, and the sum of all exp(x-m) but one that is 1, as [Softmax] does, without the exponentials. It returns false if the row is out of
// the ordinary, or there are no lanes for T.
func RowRest[T Float](x []T) (m, rest float64, ok bool) {
	if !useAVX2 || !single[T]() || len(x) == 0 {
		return 0, 0, false
	}
	row := as[float32](x)
	all := rowSum{m: float32(math.Inf(-1))}
	all.add(row, nil)
	m, rest = float64(all.m), all.total()-1
	// Beside a large exponential small ones lose their digits.
	const least = 0.25
	if rest < least {
		at := slices.Index(row, all.m)
		others := rowSum{m: float32(math.Inf(-1))}
		others.add(row[:at], row[at+1:])
		rest = others.total() * math.Exp(float64(others.m)-m)
	}
	return m, rest, rest >= 0
}

// total returns the sum, divided by exp(m), and NaN if m is not in the middle of the range.
func (s *rowSum) total() float64 {
	m := float64(s.m)
	if !(math.Abs(m) < 1<<14) {
		return math.NaN()
	}
	const ln2High = 0x1.62e43p-1 // ln2Hi32 in asm/pairs.go
	return s.sum * math.Exp(float64(s.k)*ln2High-m) / (1 << 40)
}

// SumLogits returns the sum of a row that [RowLosses] has computed.
func SumLogits[T Float](x []T) float64 { return sumLogits32AVX2(as[float32](x)) }

// powerOf returns 2^k·exp(-k·ln2Low) for the distance of two k, and next to nothing for a large negative one.
func powerOf(k float32) float64 {
	apart := max(float64(k), -1000)
	return math.Ldexp(1-apart*ln2Low, int(apart))
}

// RowGrads writes the gradients of the rows to dst, but for the logits of their classes, and none for a row out of the ordinary along the lanes. dst may be the memory of x.
func RowGrads[T Float](s *Rows, dst, x []T) {
	to := as[float32](dst)
	rows := len(dst) / s.classes
	padded := (rows + 7) &^ 7
	switch {
	case s.classes > ClassesInLanes:
		if s.Losses[0] == s.Losses[0] {
			s.gradsAlong(to, as[float32](x)[:len(to)])
		}
	case padded != rows || s.classes < 4:
		acrossGrads32AVX2(s.dst[:], s.t[:], s.r[:], s.s[:], s.state[:padded*rowFields], s.classes)
		copy(to, s.dst[:])
	default:
		acrossGrads32AVX2(to, s.t[:], s.r[:], s.s[:], s.state[:padded*rowFields], s.classes)
	}
}

// gradsAlong is RowGrads for a row along the lanes. What does not fit into the scratch is computed once more.
func (s *Rows) gradsAlong(dst, x []float32) {
	scale := *s.field(0, 2)
	if len(x) <= rowElements {
		alongGrads32AVX2(dst, s.t[:], s.r[:], s.s[:], scale)
		return
	}
	whole := float32(*s.field(0, 0))
	_, k, _ := alongSum32AVX2([]float32{whole}, nil, 0)
	for len(x) > 0 {
		n := min(rowElements, len(x))
		m, own, _ := alongExps32AVX2(x[:n], nil, s.t[:], s.r[:], s.s[:], 4*rowElements)
		if m < whole-200 { // perhaps -Inf
			clear(dst[:n])
		} else {
			alongGrads32AVX2(dst[:n], s.t[:], s.r[:], s.s[:], scale*powerOf(own-k))
		}
		dst, x = dst[n:], x[n:]
	}
}
