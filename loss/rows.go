package loss

import (
	"math"
	"slices"

	"lossproof/loss/internal/kernel"
)

// rows are those of a CrossEntropyLoss, along the dimension of its classes.
//
// A row of logits x has the largest element m. With
//
//	e[c] = exp(x[c] - m)    which is 1 at the largest
//	S    = Σ e[c] = 1 + rest
//	-log p[c] = (m - x[c]) + log1p(rest)
//
// nothing cancels, and a small loss keeps its relative accuracy: rest is summed without the 1. Nor does anything in
//
//	p[c] = e[c]/S    1 - p[c] = ((1 - e[c]) + rest)/S
//
// With a[c], the coefficient of -log p[c], and A their sum, the loss of a row and its derivative are
//
//	Σ a[c]·(m - x[c]) + A·log1p(rest)
//	dx[c] = A·p[c] - a[c] = (A - a[c])·p[c] - a[c]·(1 - p[c])
type rows struct {
	// Element c of row r is at r/stride·classes·stride + r%stride + c·stride of input.
	classes, stride int
	// byIndex says which of indices and targets, the class probabilities, is the target.
	byIndex   bool
	indices   []int64
	ignore    int64
	ignored   int
	smoothing float64
}

const (
	// rowChunk is the number of classes that are computed at a time.
	rowChunk = 2 * kernel.ChunkLen
	// groupRows is the largest number of rows whose exponentials are computed at a time.
	groupRows = 128
)

// blockOfRows computes the rows first to end and returns the sum of their losses, if it is wanted.
func (j *job[T]) blockOfRows(first, end int, s *scratch[T]) kernel.Accumulator {
	var sums kernel.Sums
	for ; first < end; first += j.perGroup() {
		count := min(j.perGroup(), end-first)
		if j.rowsInLanes(first, count, s) {
			j.give(&sums, first, count, s)
			continue
		}
		if count > 1 {
			kernel.Softmax(s.m[:count], s.rest[:count], s.y[:count*j.classes+kernel.SoftmaxSlack],
				j.input[first*j.classes:(first+count)*j.classes], j.classes)
			kernel.Log1pRests[T](s.logSum[:count], s.rest[:count])
		}
		if count > 1 && j.byIndex && j.smoothing == 0 {
			j.ofIndices(first, count, s)
			j.give(&sums, first, count, s)
			continue
		}
		for k := range count {
			r := row{index: first + k, class: -1, exps: -1}
			if count > 1 {
				r.m, r.rest, r.logSum, r.exps = s.m[k], s.rest[k], s.logSum[k], k*j.classes
			}
			value := j.row(&r, s)
			s.values[k] = value
			if j.losses != nil {
				j.losses[r.index] = T(value)
			}
		}
		if j.sum {
			sums.Add(s.values[:count])
		}
	}
	return sums.Total()
}

// give writes or adds the losses of a group of rows, which are s.values.
func (j *job[T]) give(sums *kernel.Sums, first, count int, s *scratch[T]) {
	if j.losses != nil {
		kernel.Round(j.losses[first:first+count], s.values[:count])
	}
	if j.sum {
		sums.Add(s.values[:count])
	}
}

// perGroup returns the number of rows whose exponentials are computed at a time: as many as fit into one chunk.
func (j *job[T]) perGroup() int {
	if j.classes == 0 {
		return 1
	}
	if rows := kernel.RowsAtATime[T](j.classes, j.gradInput != nil); rows > 0 && j.plain() {
		return rows
	}
	if j.stride != 1 {
		return 1
	}
	if j.gradInput == nil && j.classes > kernel.ClassesInLanes && kernel.RowsAtATime[T](j.classes, false) > 0 {
		return 1 // without their exponentials
	}
	return max(1, min(groupRows, rowChunk/j.classes))
}

// plain reports whether the rows have class indices, without label smoothing, or with it, but without weights and gradients, and, if they are many, have their classes beside each other.
func (j *job[T]) plain() bool {
	return (j.stride == 1 || j.classes <= kernel.ClassesInLanes) && j.byIndex && j.gradTarget == nil && (j.smoothing == 0 || j.weight == nil && j.gradInput == nil)
}

// rowsInLanes computes a group of rows in float32 lanes, and sets s.values to their losses, or to numbers with the same sum if that is all that is wanted. It returns false if there are no lanes for such rows.
func (j *job[T]) rowsInLanes(first, count int, s *scratch[T]) bool {
	if !j.plain() || kernel.RowsAtATime[T](j.classes, j.gradInput != nil) == 0 {
		return false
	}
	indices, grads := j.indices[first:first+count], j.gradInput != nil
	if grads {
		j.factors(first, indices, s.rows.Factors[:count])
	}
	input := j.rowsOf(first, count, s)
	values, odd := s.values[:count], false
	if j.sum && !grads && j.weight == nil && j.smoothing == 0 && (j.ignored == 0 || !slices.Contains(indices, j.ignore)) {
		if sum := kernel.RowSum(&s.rows, input, indices, j.classes); sum == sum {
			clear(values)
			values[0] = sum
			return true
		}
	}
	kernel.RowLosses(&s.rows, input, indices, j.classes, grads)
	for k, y := range indices {
		v := s.rows.Losses[k]
		if y == j.ignore {
			v = 0
		}
		odd = odd || v != v
		values[k] = v
	}
	for k, y := range indices {
		switch {
		case y == j.ignore || j.weight == nil && j.smoothing == 0:
		case j.weight != nil:
			values[k] *= float64(j.weight[y])
		default:
			values[k] = j.smoothed(values[k], input[k*j.classes:][:j.classes], int(y))
		}
	}
	var dst []T
	switch {
	case grads && j.stride == 1:
		dst = j.gradInput[first*j.classes:][:count*j.classes]
	case grads:
		dst = s.target[:count*j.classes]
	}
	if odd {
		j.oddRows(first, indices, dst, s)
	}
	if grads {
		j.laneGrads(first, indices, dst, input, s)
	}
	return true
}

// rowsOf returns the logits of rows, in s.input unless the classes of a row are beside each other.
func (j *job[T]) rowsOf(first, count int, s *scratch[T]) []T {
	if j.stride == 1 {
		return j.input[first*j.classes:]
	}
	j.eachRun(first, count, func(row, c, at, n int) {
		for i, v := range j.input[at:][:n] {
			s.input[(row+i)*j.classes+c] = v
		}
	})
	return s.input[:]
}

// laneGrads writes the gradients of rows that the lanes have computed to dst, and, if the classes of a row are not beside each other, from there to where they belong.
func (j *job[T]) laneGrads(first int, indices []int64, dst, input []T, s *scratch[T]) {
	kernel.RowGrads(&s.rows, dst, input[:len(dst)])
	for k, y := range indices {
		row := dst[k*j.classes:][:j.classes]
		switch v := s.rows.Losses[k]; {
		case y == j.ignore:
			clear(row)
		case v == v:
			row[y] = T(s.rows.Own(k))
		case j.stride == 1 && j.classes <= kernel.ClassesInLanes:
			copy(row, s.out[k*j.classes:]) // of oddRows
		}
	}
	if j.stride == 1 {
		return
	}
	j.eachRun(first, len(indices), func(row, c, at, n int) {
		for i := range j.gradInput[at:][:n] {
			if v := s.rows.Losses[row+i]; v == v || indices[row+i] == j.ignore {
				j.gradInput[at+i] = dst[(row+i)*j.classes+c]
			}
		}
	})
}

// eachRun calls f for each class c of rows whose classes are not beside each other, for as many of the rows as have it beside each other: n, from row first+row on, at j.input[at].
func (j *job[T]) eachRun(first, count int, f func(row, c, at, n int)) {
	for row := 0; row < count; {
		r := first + row
		n := min(count-row, j.stride-r%j.stride)
		for c := range j.classes {
			f(row, c, r/j.stride*j.classes*j.stride+r%j.stride+c*j.stride, n)
		}
		row += n
	}
}

// smoothed returns the loss of a row with label smoothing ε, given the loss without:
//
//	(1-ε)·loss + ε/C·Σ (log Σ exp(x) - x[c])    log Σ exp(x) = loss + x[y]
func (j *job[T]) smoothed(loss float64, x []T, y int) float64 {
	n := float64(len(x))
	return (1-j.smoothing)*loss + j.smoothing/n*(n*(loss+float64(x[y]))-kernel.SumLogits(x))
}

// factors sets what the gradients of rows are multiplied by.
func (j *job[T]) factors(first int, indices []int64, factors []float64) {
	if j.weight == nil && len(j.upstream.values) <= 1 {
		factor := j.upstream.number(first) / j.div
		for k, y := range indices {
			if factors[k] = factor; y == j.ignore {
				factors[k] = 0
			}
		}
		return
	}
	for k, y := range indices {
		if factors[k] = 0; y != j.ignore {
			factors[k] = kernel.Product(j.weightOf(int(y)), j.upstream.number(first+k), 1/j.div)
		}
	}
}

// oddRows computes the rows of a group that the lanes do not, before the gradient of any row is written, perhaps over the logits of others. Where gradients are written by group, theirs
// wait in s.out.
func (j *job[T]) oddRows(first int, indices []int64, dst []T, s *scratch[T]) {
	for k, y := range indices {
		if v := s.rows.Losses[k]; v == v || y == j.ignore {
			continue
		}
		r := row{index: first + k, class: -1, exps: -1}
		s.values[k] = j.row(&r, s)
		if dst != nil && j.stride == 1 && j.classes <= kernel.ClassesInLanes {
			copy(s.out[k*j.classes:], dst[k*j.classes:][:j.classes])
		}
	}
}

// row is where a row is, and what all its classes need.
type row struct {
	index int
	// start is the offset of the first class.
	start int
	// m is the largest logit, rest Σ exp(x-m) without one that is equal to m, logSum log1p(rest).
	m, rest, logSum float64
	// class is the class index, -1 without one.
	class int
	// exps is where in s.y all exp(x-m) are, -1 if they do not fit into one chunk or are not yet there.
	exps int
}

// row computes a row, and returns its loss, if losses are wanted. r has the index, and, if it is one of a group, what kernel.Softmax gives.
func (j *job[T]) row(r *row, s *scratch[T]) (value float64) {
	if j.stride != 1 {
		r.start = r.index/j.stride*j.classes*j.stride + r.index%j.stride
	} else {
		r.start = r.index * j.classes
	}
	if j.byIndex {
		if j.indices[r.index] == j.ignore {
			j.fill(r, 0)
			return 0
		}
		r.class = int(j.indices[r.index])
	}
	if j.classes == 0 {
		return 0
	}
	if r.exps < 0 {
		j.softmax(r, s)
		j.finish(r, s)
	}
	r.limit()
	switch {
	case j.gradTarget != nil:
		j.gradClassTargets(r, s)
	case j.byIndex && j.smoothing == 0:
		value = j.ofIndex(r, s)
	default:
		value = j.ofCoefficients(r, s)
	}
	return value
}

// fill sets the gradient of a row to v.
func (j *job[T]) fill(r *row, v T) {
	if j.gradInput == nil {
		return
	}
	for c := range j.classes {
		j.gradInput[r.start+c*j.stride] = v
	}
}

// classesOf returns the elements lo to hi of a row of values, in buf unless they are neighbours in memory.
func (j *job[T]) classesOf(values []T, r *row, lo, hi int, buf *[rowChunk]T) []T {
	if j.stride == 1 {
		return values[r.start+lo : r.start+hi]
	}
	x := buf[:hi-lo]
	at := r.start + lo*j.stride
	for i := range x {
		x[i] = values[at]
		at += j.stride
	}
	return x
}

// out returns where to write the elements lo to hi of a row of dst; store must follow.
func (j *job[T]) out(dst []T, r *row, lo, hi int, buf *[rowChunk]T) []T {
	if j.stride == 1 {
		return dst[r.start+lo : r.start+hi]
	}
	return buf[:hi-lo]
}

// store writes what out has returned to dst, unless it is there already.
func (j *job[T]) store(dst []T, r *row, lo int, values []T) {
	if j.stride == 1 {
		return
	}
	at := r.start + lo*j.stride
	for _, v := range values {
		dst[at] = v
		at += j.stride
	}
}

// softmax finds m, rest and, if there is a gradient, exps of a row.
func (j *job[T]) softmax(r *row, s *scratch[T]) {
	if j.gradInput == nil && j.stride == 1 {
		var ok bool
		if r.m, r.rest, ok = kernel.RowRest(j.input[r.start:][:j.classes]); ok {
			return
		}
	}
	for lo := 0; lo < j.classes; lo += rowChunk {
		x := j.classesOf(j.input, r, lo, min(lo+rowChunk, j.classes), &s.input)
		kernel.Softmax(s.m[:1], s.rest[:1], s.y[:len(x)+kernel.SoftmaxSlack], x, len(x))
		if len(x) == j.classes {
			r.exps = 0
		}
		if lo == 0 {
			r.m, r.rest = s.m[0], s.rest[0]
		} else {
			r.merge(s.m[0], s.rest[0])
		}
	}
}

// finish computes logSum, of rest.
func (j *job[T]) finish(r *row, s *scratch[T]) {
	s.rest[0] = r.rest
	kernel.Log1pRests[T](s.logSum[:1], s.rest[:1])
	r.logSum = s.logSum[0]
}

// limit makes rest and logSum NaN where an infinite logit leaves no limit.
func (r *row) limit() {
	if math.IsInf(r.m, 0) && r.rest > 0 {
		r.rest, r.logSum = math.NaN(), math.NaN()
	}
}

// merge adds a chunk of a row, given its largest logit and Σ exp(x-m) without one that is equal to m.
func (r *row) merge(m, rest float64) {
	switch {
	case m == r.m:
		r.rest += 1 + rest
	case m < r.m:
		r.rest += (1 + rest) * math.Exp(m-r.m)
	default:
		r.m, r.rest = m, rest+(1+r.rest)*math.Exp(r.m-m)
	}
}

// exps sets s.y to exp(x-m) of the classes lo to hi of a row. It adds those of x < m to sums, and returns the number of x equal to m.
func (j *job[T]) exps(sums *kernel.Sums, r *row, lo, hi int, s *scratch[T]) (ties int) {
	return kernel.ExpSum(sums, s.y[:hi-lo], j.classesOf(j.input, r, lo, hi, &s.input), T(r.m))
}

// expsAgain returns numbers that, times factor, are exp(x-m) of the classes lo to hi of a row, after softmax.
func (j *job[T]) expsAgain(r *row, lo, hi int, s *scratch[T]) (e []float64, factor float64) {
	if r.exps >= 0 {
		return s.y[r.exps:][:j.classes], 1
	}
	if sizeOf[T]() == 8 { // a product would have a rounding more
		var sums kernel.Sums
		j.exps(&sums, r, lo, hi, s)
		return s.y[:hi-lo], 1
	}
	x := j.classesOf(j.input, r, lo, hi, &s.input)
	kernel.Softmax(s.m[:1], s.rest[:1], s.y[:len(x)+kernel.SoftmaxSlack], x, len(x))
	factor = 1
	if m := s.m[0]; m != r.m {
		factor = math.Exp(m - r.m)
	}
	return s.y[:len(x)], factor
}

// allExps is expsAgain without a factor.
func (j *job[T]) allExps(r *row, lo, hi int, s *scratch[T]) []float64 {
	e, factor := j.expsAgain(r, lo, hi, s)
	if factor != 1 {
		for i := range e {
			e[i] *= factor
		}
	}
	return e
}

// weightOf returns the weight of a class.
func (j *job[T]) weightOf(class int) float64 {
	if j.weight == nil {
		return 1
	}
	return float64(j.weight[class])
}

// distance returns m - x, and 0 at the largest logit, also if it is infinite. No branch depends on which logit is the largest: a processor would
// often guess wrong.
func (r *row) distance(x float64) float64 {
	d := r.m - x
	if d != d && x == r.m {
		return 0
	}
	return d
}

// complement returns S·(1-p[c]), given e[c].
func (r *row) complement(e float64) float64 { return 1 - e + r.rest }

// weighted returns a·v, and 0 if a is 0 and v an infinity: the limit in the logit, where v becomes infinite.
func weighted(a, v float64) float64 {
	if a == 0 && math.IsInf(v, 0) {
		return 0
	}
	return a * v
}

// ofIndex returns the loss of a row with a class index and without label smoothing, and writes its gradient:
// w·p[c], but -w·(1-p[c]) at the class.
func (j *job[T]) ofIndex(r *row, s *scratch[T]) float64 {
	x, w := float64(j.input[r.start+r.class*j.stride]), j.weightOf(r.class)
	value := weighted(w, r.distance(x)+r.logSum)
	if j.gradInput == nil {
		return value
	}
	sum := 1 + r.rest
	scale := kernel.Product(w, j.upstream.number(r.index), 1/(sum*j.div))
	for lo := 0; lo < j.classes; lo += rowChunk {
		hi := min(lo+rowChunk, j.classes)
		e, factor := j.expsAgain(r, lo, hi, s)
		dst := j.out(j.gradInput, r, lo, hi, &s.out)
		kernel.ScaleRound(dst, e, scale*factor, kernel.NoOffset)
		if class := r.class - lo; class >= 0 && class < len(e) {
			dst[class] = T(scale * -r.complement(e[class]*factor))
		}
		j.store(j.gradInput, r, lo, dst)
	}
	return value
}

// ofIndices is ofIndex for a group of rows, given what kernel.Softmax gives. It writes their losses to s.values. For rows of few classes what a
// row costs besides its classes counts: a loop over the rows, with nothing in memory but the slices, takes a fifth of the time of a call for each.
func (j *job[T]) ofIndices(first, count int, s *scratch[T]) {
	for k, y := range j.indices[first : first+count] {
		start := (first + k) * j.classes
		if y == j.ignore {
			s.values[k] = 0
			if j.gradInput != nil {
				clear(j.gradInput[start:][:j.classes])
			}
			continue
		}
		m, rest, logSum, w := s.m[k], s.rest[k], s.logSum[k], j.weightOf(int(y))
		x := float64(j.input[start+int(y)])
		distance := m - x
		if math.IsInf(m, 0) {
			r := row{m: m, rest: rest, logSum: logSum}
			r.limit()
			rest, logSum, distance = r.rest, r.logSum, r.distance(x)
		}
		s.values[k] = weighted(w, distance+logSum)
		if j.gradInput == nil {
			continue
		}
		e, dst := s.y[k*j.classes:][:j.classes], j.gradInput[start:][:j.classes]
		scale := kernel.Product(w, j.upstream.number(first+k), 1/((1+rest)*j.div))
		kernel.ScaleRound(dst, e, scale, kernel.NoOffset)
		dst[y] = T(scale * -(1 - e[y] + rest))
	}
}

// coefficientsOf returns the a[c] of the classes lo to hi of a row.
func (j *job[T]) coefficientsOf(r *row, lo, hi int, s *scratch[T]) []float64 {
	a := s.l[:hi-lo]
	even := j.smoothing / float64(j.classes)
	if j.byIndex {
		for i := range a {
			a[i] = even
		}
		if class := r.class - lo; class >= 0 && class < len(a) {
			a[class] += 1 - j.smoothing
		}
	} else {
		t := j.classesOf(j.target, r, lo, hi, &s.target)
		for i := range a {
			a[i] = float64(t[i])*(1-j.smoothing) + even
		}
	}
	if j.weight != nil {
		kernel.Scale(a, j.weight[lo:hi])
	}
	return a
}

// ofCoefficients returns the loss of a row for any coefficients, and writes its gradient.
func (j *job[T]) ofCoefficients(r *row, s *scratch[T]) float64 {
	sum, total, fused := j.entropySums(r, s)
	if !fused {
		sum, total = j.coefficientSums(r, s)
	}
	value := sum + total.Value()*r.logSum
	switch {
	case j.gradInput == nil:
	case fused:
		j.entropyGrads(r, total, s)
	default:
		j.coefficientGrads(r, total, s)
	}
	return value
}

// entropySums returns Σ a[c]·(m - x[c]) and Σ a[c] by a kernel, unless there is none for T, or one of the two is not finite.
func (j *job[T]) entropySums(r *row, s *scratch[T]) (sum float64, total kernel.Accumulator, ok bool) {
	if j.flat() {
		even := j.smoothing / float64(j.classes)
		for lo := 0; lo < j.classes; lo += rowChunk {
			x := j.classesOf(j.input, r, lo, min(lo+rowChunk, j.classes), &s.input)
			sum += even * kernel.SumDistances(any(x).([]float32), r.m)
		}
		all := even * float64(j.classes)
		total.Add(all)
		total.Add(math.FMA(even, float64(j.classes), -all))
		return j.withClass(r, sum, total)
	}
	if j.gradInput == nil && !j.byIndex && j.weight == nil && j.smoothing == 0 && j.stride == 1 {
		if sum, all, ok := kernel.PlainEntropy(j.input[r.start:][:j.classes], j.target[r.start:][:j.classes], r.m); ok {
			total.Add(all)
			return j.withClass(r, sum, total)
		}
	}
	var sums kernel.Sums
	for lo := 0; lo < j.classes; lo += rowChunk {
		hi := min(lo+rowChunk, j.classes)
		x := j.classesOf(j.input, r, lo, hi, &s.input)
		part, ok := kernel.EntropySums(&sums, x, j.targetChunk(r, lo, hi, s), j.weightChunk(lo, hi), r.m, 1-j.smoothing, j.smoothing/float64(j.classes))
		if !ok {
			return 0, kernel.Accumulator{}, false
		}
		sum += part
	}
	return j.withClass(r, sum, sums.Total())
}

// flat reports whether the coefficients of a row of float32 logits are one number, but that of its class.
func (j *job[T]) flat() bool { return j.byIndex && j.weight == nil && sizeOf[T]() == 4 }

// withClass adds the part of the class index to the sums of entropySums.
func (j *job[T]) withClass(r *row, sum float64, total kernel.Accumulator) (float64, kernel.Accumulator, bool) {
	if j.byIndex {
		a := (1 - j.smoothing) * j.weightOf(r.class)
		sum += a * r.distance(float64(j.input[r.start+r.class*j.stride]))
		total.Add(a)
	}
	infinity := sum - sum + (total.Value() - total.Value()) // NaN unless both are finite
	return sum, total, infinity == 0
}

// targetChunk returns the elements lo to hi of the class probabilities of a row, nil for a class index.
func (j *job[T]) targetChunk(r *row, lo, hi int, s *scratch[T]) []T {
	if j.byIndex {
		return nil
	}
	return j.classesOf(j.target, r, lo, hi, &s.target)
}

func (j *job[T]) weightChunk(lo, hi int) []T {
	if j.weight == nil {
		return nil
	}
	return j.weight[lo:hi]
}

// entropyGrads writes the gradient of a row for which entropySums has returned total.
func (j *job[T]) entropyGrads(r *row, total kernel.Accumulator, s *scratch[T]) {
	keep, even := 1-j.smoothing, j.smoothing/float64(j.classes)
	scale := j.upstream.number(r.index) / ((1 + r.rest) * j.div)
	for lo := 0; lo < j.classes; lo += rowChunk {
		hi := min(lo+rowChunk, j.classes)
		e := j.allExps(r, lo, hi, s)
		dst := j.out(j.gradInput, r, lo, hi, &s.out)
		if j.flat() {
			kernel.ScaleRound(dst, e, total.Value()*scale, -even*(1+r.rest)*scale)
		} else {
			kernel.EntropyGrads(any(dst).([]float32), e, any(j.targetChunk(r, lo, hi, s)).([]float32), any(j.weightChunk(lo, hi)).([]float32),
				total, r.rest, keep, even, scale)
		}
		if class := r.class - lo; class >= 0 && class < len(e) {
			// The parts of its coefficient as they are in total: their rounded sum would leave a difference.
			a, b := keep*j.weightOf(r.class), even*j.weightOf(r.class)
			others := total
			others.Add(-a)
			others.Add(-b)
			dst[class] = T((others.Value()*e[class] - (a+b)*r.complement(e[class])) * scale)
		}
		j.store(j.gradInput, r, lo, dst)
	}
}

// coefficientSums returns Σ a[c]·(m - x[c]) and Σ a[c].
func (j *job[T]) coefficientSums(r *row, s *scratch[T]) (sum float64, total kernel.Accumulator) {
	var value kernel.Accumulator
	for lo := 0; lo < j.classes; lo += rowChunk {
		hi := min(lo+rowChunk, j.classes)
		x := j.classesOf(j.input, r, lo, hi, &s.input)
		for i, a := range j.coefficientsOf(r, lo, hi, s) {
			value.Add(weighted(a, r.distance(float64(x[i]))))
			total.Add(a)
		}
	}
	return value.Value(), total
}

// coefficientGrads writes the gradient of a row for which coefficientSums has returned total.
func (j *job[T]) coefficientGrads(r *row, total kernel.Accumulator, s *scratch[T]) {
	sum, u := 1+r.rest, j.upstream.number(r.index)
	for lo := 0; lo < j.classes; lo += rowChunk {
		hi := min(lo+rowChunk, j.classes)
		e := j.allExps(r, lo, hi, s)
		for i, a := range j.coefficientsOf(r, lo, hi, s) {
			others := total
			others.Add(-a)
			difference := (others.Value()*e[i] - a*r.complement(e[i])) / sum
			e[i] = difference * u / j.div
		}
		dst := j.out(j.gradInput, r, lo, hi, &s.out)
		kernel.Round(dst, e)
		j.store(j.gradInput, r, lo, dst)
	}
}

// gradClassTargets writes the gradient of a row in its class probabilities.
func (j *job[T]) gradClassTargets(r *row, s *scratch[T]) {
	u := j.upstream.number(r.index)
	for lo := 0; lo < j.classes; lo += rowChunk {
		hi := min(lo+rowChunk, j.classes)
		x := j.classesOf(j.input, r, lo, hi, &s.input)
		dst := j.out(j.gradTarget, r, lo, hi, &s.out)
		for i := range x {
			v := r.distance(float64(x[i])) + r.logSum
			dst[i] = T(weighted(kernel.Product(j.weightOf(lo+i), u, 1-j.smoothing), v) / j.div)
		}
		j.store(j.gradTarget, r, lo, dst)
	}
}

// gradClassWeights writes the gradient in the weights, for class probabilities: for each class the sum over the rows. It takes as many classes at a
// time as fit, and each time the softmax of all rows.
func (j *job[T]) gradClassWeights(dst []T) {
	s := newScratch[T]()
	defer s.release()
	var sums [kernel.ChunkLen]kernel.Accumulator
	even := j.smoothing / float64(j.classes)
	for lo := 0; lo < j.classes; lo += len(sums) {
		hi := min(lo+len(sums), j.classes)
		sums = [len(sums)]kernel.Accumulator{}
		for index := range j.units {
			r := row{index: index, exps: -1, start: index/j.stride*j.classes*j.stride + index%j.stride}
			j.softmax(&r, s)
			j.finish(&r, s)
			r.limit()
			u := j.upstream.number(r.index)
			for c := lo; c < hi; c++ {
				at := r.start + c*j.stride
				t := float64(j.target[at])*(1-j.smoothing) + even
				sums[c-lo].Add(weighted(t*u, r.distance(float64(j.input[at]))+r.logSum))
			}
		}
		for c := lo; c < hi; c++ {
			dst[c] = T(sums[c-lo].Value() / j.div)
		}
	}
}
