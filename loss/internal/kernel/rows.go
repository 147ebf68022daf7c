package kernel

// Rows computes rows of logits of CrossEntropyLoss with class indices in float32 lanes, each row in one lane.
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
	// classesInLanes is the largest number of classes for which a row in a lane is faster than a row along the lanes.
	classesInLanes = 64
)

// RowsAtATime returns how many rows of so many classes Rows can compute at a time, 0 if none.
func RowsAtATime[T Float](classes int) int {
	if !useAVX2 || !single[T]() || classes == 0 || classes > classesInLanes {
		return 0
	}
	return min(RowsMax, rowElements/classes) &^ 7
}

// RowLosses sets the losses of as many rows as there are indices, and, with grads, what is needed for their gradients, whose factors are set. x may be longer than the rows. The
// index of a row that does not count may be that of no class.
func RowLosses[T Float](s *Rows, x []T, indices []int64, classes int, grads bool) {
	rows := len(indices)
	padded := (rows + 7) &^ 7
	s.classes = classes
	logits, n := as[float32](x), rows*classes
	if padded != rows || len(x) < n+3 {
		copy(s.x[:], logits[:n])
		clear(s.x[n : padded*classes+3])
		copy(s.indices[:], indices)
		clear(s.indices[rows:padded])
		logits, indices = s.x[:], s.indices[:padded]
	}
	losses, state := s.Losses[:padded], s.state[:padded*rowFields]
	acrossMaxima32AVX2(state, s.t[:], logits, indices, classes)
	if grads {
		acrossExps32AVX2(state, s.t[:], s.r[:], s.s[:], classes)
		finishRowsAVX2(losses, s.Factors[:padded], state)
	} else {
		acrossSums32AVX2(state, s.t[:], classes)
		finishLossesAVX2(losses, state)
	}
}

// Own returns the derivative of row r in the logit of its class.
func (s *Rows) Own(r int) float64 { return s.state[r>>3<<5+8+r&7] }

// RowGrads writes the gradients of the rows to dst, but for the logits of their classes.
func RowGrads[T Float](s *Rows, dst []T) {
	to := as[float32](dst)
	rows := len(dst) / s.classes
	padded := (rows + 7) &^ 7
	if padded != rows || s.classes < 4 {
		acrossGrads32AVX2(s.dst[:], s.t[:], s.r[:], s.s[:], s.state[:padded*rowFields], s.classes)
		copy(to, s.dst[:])
		return
	}
	acrossGrads32AVX2(to, s.t[:], s.r[:], s.s[:], s.state[:padded*rowFields], s.classes)
}
