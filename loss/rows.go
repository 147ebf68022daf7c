package loss

import (
	"math"
	"runtime"

	"lossproof/loss/internal/kernel"
)

// rowsJob is what is to be computed of a CrossEntropyLoss.
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
type rowsJob[T Float] struct {
	// Element c of row r is at r/stride·classes·stride + r%stride + c·stride of input.
	input                 []T
	rows, classes, stride int
	// byIndex says which of indices and probabilities is the target.
	byIndex       bool
	indices       []int64
	probabilities []T
	weight        []T // nil means ones
	ignore        int64
	smoothing     float64
	// losses is nil or gets the loss of every row.
	losses []T
	// sum is whether the sum of all losses is wanted.
	sum bool
	// gradInput and gradTarget are nil or get a gradient.
	gradInput, gradTarget []T
	// upstream is nil, or has the upstream gradient of all rows or one for each.
	upstream []T
	// div is what the sum of the losses is divided by.
	div    float64
	stream bool
}

const (
	// rowChunk is the number of classes that are computed at a time.
	rowChunk = 2 * kernel.ChunkLen
	// groupRows is the largest number of rows whose exponentials are computed at a time.
	groupRows = 128
	// blockElements is the least number of logits in a block of rows but the last.
	blockElements = blockChunks * kernel.ChunkLen
	// parallelElements is the number of logits from which on goroutines pay.
	parallelElements = parallelChunks * kernel.ChunkLen
	// streamClasses is the number of classes from which on a row is worth being written past the caches.
	streamClasses = 256
)

// rowScratch is the memory that a goroutine computes with.
type rowScratch[T Float] struct {
	// exps are those of a chunk of classes; coefficients its a[c].
	exps         [rowChunk + kernel.SoftmaxSlack]float64
	coefficients [rowChunk]float64
	// m, rest and logSum are those of a group of rows, or of a chunk; values are the losses of a group.
	m, rest, logSum, values [groupRows]float64
	// input and target hold a chunk whose classes are not neighbours in memory, out a result of it.
	input, target, out [rowChunk]T
}

// run computes all that is asked for, and returns the sum of the losses, if that is.
func (j *rowsJob[T]) run() float64 {
	if j.classes == 0 && j.losses == nil {
		return 0 // there may be more rows than any memory holds
	}
	j.stream = j.classes >= streamClasses && len(j.input)*sizeOf[T]() >= streamBytes
	if workers := j.workers(); workers > 1 {
		return j.parallel(workers)
	}
	var scratch rowScratch[T]
	var total kernel.Accumulator
	for b := range j.blocks() {
		total.Merge(j.block(b, &scratch))
	}
	return total.Value()
}

// parallel is run with goroutines.
func (j *rowsJob[T]) parallel(workers int) float64 {
	shared := *j // so that j itself is not on the heap
	sums := make([]kernel.Accumulator, j.blocks())
	inBlocks(len(sums), workers, func() *rowScratch[T] { return new(rowScratch[T]) }, func(b int, scratch *rowScratch[T]) {
		sums[b] = shared.block(b, scratch)
	})
	var total kernel.Accumulator
	for _, s := range sums {
		total.Merge(s)
	}
	return total.Value()
}

// workers returns the number of goroutines to use.
func (j *rowsJob[T]) workers() int {
	if len(j.input) < parallelElements {
		return 1
	}
	return min(runtime.GOMAXPROCS(0), j.blocks())
}

// perBlock returns the number of rows in a block, which depends on the shape alone.
func (j *rowsJob[T]) perBlock() int { return (blockElements-1)/max(1, j.classes) + 1 }

func (j *rowsJob[T]) blocks() int { return (j.rows + j.perBlock() - 1) / j.perBlock() }

// block computes block b and returns the sum of its losses, if it is wanted.
func (j *rowsJob[T]) block(b int, scratch *rowScratch[T]) kernel.Accumulator {
	var sums kernel.Sums
	end := min((b+1)*j.perBlock(), j.rows)
	for first := b * j.perBlock(); first < end; first += j.perGroup() {
		count := min(j.perGroup(), end-first)
		if count > 1 {
			kernel.Softmax(scratch.m[:count], scratch.rest[:count], scratch.exps[:count*j.classes+kernel.SoftmaxSlack],
				j.input[first*j.classes:(first+count)*j.classes], j.classes)
			kernel.Log1pRests[T](scratch.logSum[:count], scratch.rest[:count])
		}
		if count > 1 && j.byIndex && j.smoothing == 0 {
			j.ofIndices(first, count, scratch)
			if j.losses != nil {
				kernel.Round(j.losses[first:first+count], scratch.values[:count], false)
			}
			if j.sum {
				sums.Add(scratch.values[:count])
			}
			continue
		}
		for k := range count {
			r := row{index: first + k, class: -1, exps: -1}
			if count > 1 {
				r.m, r.rest, r.logSum, r.exps = scratch.m[k], scratch.rest[k], scratch.logSum[k], k*j.classes
			}
			value := j.row(&r, scratch)
			scratch.values[k] = value
			if j.losses != nil {
				j.losses[r.index] = T(value)
			}
		}
		if j.sum {
			sums.Add(scratch.values[:count])
		}
	}
	return sums.Total()
}

// perGroup returns the number of rows whose exponentials are computed at a time: as many as fit into one chunk.
func (j *rowsJob[T]) perGroup() int {
	if j.stride != 1 || j.classes == 0 {
		return 1
	}
	return max(1, min(groupRows, rowChunk/j.classes))
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
	// exps is where in scratch.exps all exp(x-m) are, -1 if they do not fit into one chunk or are not yet there.
	exps int
}

// row computes a row, and returns its loss, if losses are wanted. r has the index, and, if it is one of a group, what kernel.Softmax gives.
func (j *rowsJob[T]) row(r *row, scratch *rowScratch[T]) (value float64) {
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
		j.softmax(r, scratch)
		j.finish(r, scratch)
	}
	r.limit()
	switch {
	case j.gradTarget != nil:
		j.gradTargets(r, scratch)
	case j.byIndex && j.smoothing == 0:
		value = j.ofIndex(r, scratch)
	default:
		value = j.ofCoefficients(r, scratch)
	}
	return value
}

// fill sets the gradient of a row to v.
func (j *rowsJob[T]) fill(r *row, v T) {
	if j.gradInput == nil {
		return
	}
	for c := range j.classes {
		j.gradInput[r.start+c*j.stride] = v
	}
}

// chunk returns the elements lo to hi of a row of values, in buf unless they are neighbours in memory.
func (j *rowsJob[T]) chunk(values []T, r *row, lo, hi int, buf *[rowChunk]T) []T {
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
func (j *rowsJob[T]) out(dst []T, r *row, lo, hi int, buf *[rowChunk]T) []T {
	if j.stride == 1 {
		return dst[r.start+lo : r.start+hi]
	}
	return buf[:hi-lo]
}

// store writes what out has returned to dst, unless it is there already.
func (j *rowsJob[T]) store(dst []T, r *row, lo int, values []T) {
	if j.stride == 1 {
		return
	}
	at := r.start + lo*j.stride
	for _, v := range values {
		dst[at] = v
		at += j.stride
	}
}

// softmax finds m, rest and exps of a row.
func (j *rowsJob[T]) softmax(r *row, scratch *rowScratch[T]) {
	for lo := 0; lo < j.classes; lo += rowChunk {
		x := j.chunk(j.input, r, lo, min(lo+rowChunk, j.classes), &scratch.input)
		kernel.Softmax(scratch.m[:1], scratch.rest[:1], scratch.exps[:len(x)+kernel.SoftmaxSlack], x, len(x))
		if len(x) == j.classes {
			r.exps = 0
		}
		if lo == 0 {
			r.m, r.rest = scratch.m[0], scratch.rest[0]
		} else {
			r.merge(scratch.m[0], scratch.rest[0])
		}
	}
}

// finish computes logSum, of rest.
func (j *rowsJob[T]) finish(r *row, scratch *rowScratch[T]) {
	scratch.rest[0] = r.rest
	kernel.Log1pRests[T](scratch.logSum[:1], scratch.rest[:1])
	r.logSum = scratch.logSum[0]
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

// exps sets scratch.exps to exp(x-m) of the classes lo to hi of a row. It adds those of x < m to sums, and returns the number of x equal to m.
func (j *rowsJob[T]) exps(sums *kernel.Sums, r *row, lo, hi int, scratch *rowScratch[T]) (ties int) {
	return kernel.ExpSum(sums, scratch.exps[:hi-lo], j.chunk(j.input, r, lo, hi, &scratch.input), T(r.m))
}

// expsAgain returns numbers that, times factor, are exp(x-m) of the classes lo to hi of a row, after softmax.
func (j *rowsJob[T]) expsAgain(r *row, lo, hi int, scratch *rowScratch[T]) (e []float64, factor float64) {
	if r.exps >= 0 {
		return scratch.exps[r.exps:][:j.classes], 1
	}
	if sizeOf[T]() == 8 { // a product would have a rounding more
		var sums kernel.Sums
		j.exps(&sums, r, lo, hi, scratch)
		return scratch.exps[:hi-lo], 1
	}
	x := j.chunk(j.input, r, lo, hi, &scratch.input)
	kernel.Softmax(scratch.m[:1], scratch.rest[:1], scratch.exps[:len(x)+kernel.SoftmaxSlack], x, len(x))
	factor = 1
	if m := scratch.m[0]; m != r.m {
		factor = math.Exp(m - r.m)
	}
	return scratch.exps[:len(x)], factor
}

// allExps is expsAgain without a factor.
func (j *rowsJob[T]) allExps(r *row, lo, hi int, scratch *rowScratch[T]) []float64 {
	e, factor := j.expsAgain(r, lo, hi, scratch)
	if factor != 1 {
		for i := range e {
			e[i] *= factor
		}
	}
	return e
}

// weightOf returns the weight of a class.
func (j *rowsJob[T]) weightOf(class int) float64 {
	if j.weight == nil {
		return 1
	}
	return float64(j.weight[class])
}

// upstreamOf returns the upstream gradient of a row.
func (j *rowsJob[T]) upstreamOf(index int) float64 {
	switch len(j.upstream) {
	case 0:
		return 1
	case 1:
		return float64(j.upstream[0])
	}
	return float64(j.upstream[index])
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
func (j *rowsJob[T]) ofIndex(r *row, scratch *rowScratch[T]) float64 {
	x, w := float64(j.input[r.start+r.class*j.stride]), j.weightOf(r.class)
	value := weighted(w, r.distance(x)+r.logSum)
	if j.gradInput == nil {
		return value
	}
	sum := 1 + r.rest
	scale := kernel.Product(w, j.upstreamOf(r.index), 1/(sum*j.div))
	for lo := 0; lo < j.classes; lo += rowChunk {
		hi := min(lo+rowChunk, j.classes)
		e, factor := j.expsAgain(r, lo, hi, scratch)
		dst := j.out(j.gradInput, r, lo, hi, &scratch.out)
		kernel.ScaleRound(dst, e, scale*factor, j.stream)
		if class := r.class - lo; class >= 0 && class < len(e) {
			dst[class] = T(scale * -r.complement(e[class]*factor))
		}
		j.store(j.gradInput, r, lo, dst)
	}
	return value
}

// ofIndices is ofIndex for a group of rows, given what kernel.Softmax gives. It writes their losses to scratch.values. For rows of few classes what a
// row costs besides its classes counts: a loop over the rows, with nothing in memory but the slices, takes a fifth of the time of a call for each.
func (j *rowsJob[T]) ofIndices(first, count int, scratch *rowScratch[T]) {
	for k, y := range j.indices[first : first+count] {
		start := (first + k) * j.classes
		if y == j.ignore {
			scratch.values[k] = 0
			if j.gradInput != nil {
				clear(j.gradInput[start:][:j.classes])
			}
			continue
		}
		m, rest, logSum, w := scratch.m[k], scratch.rest[k], scratch.logSum[k], j.weightOf(int(y))
		x := float64(j.input[start+int(y)])
		distance := m - x
		if math.IsInf(m, 0) {
			r := row{m: m, rest: rest, logSum: logSum}
			r.limit()
			rest, logSum, distance = r.rest, r.logSum, r.distance(x)
		}
		scratch.values[k] = weighted(w, distance+logSum)
		if j.gradInput == nil {
			continue
		}
		e, dst := scratch.exps[k*j.classes:][:j.classes], j.gradInput[start:][:j.classes]
		scale := kernel.Product(w, j.upstreamOf(first+k), 1/((1+rest)*j.div))
		kernel.ScaleRound(dst, e, scale, j.stream)
		dst[y] = T(scale * -(1 - e[y] + rest))
	}
}

// coefficientsOf returns the a[c] of the classes lo to hi of a row.
func (j *rowsJob[T]) coefficientsOf(r *row, lo, hi int, scratch *rowScratch[T]) []float64 {
	a := scratch.coefficients[:hi-lo]
	even := j.smoothing / float64(j.classes)
	if j.byIndex {
		for i := range a {
			a[i] = even
		}
		if class := r.class - lo; class >= 0 && class < len(a) {
			a[class] += 1 - j.smoothing
		}
	} else {
		t := j.chunk(j.probabilities, r, lo, hi, &scratch.target)
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
func (j *rowsJob[T]) ofCoefficients(r *row, scratch *rowScratch[T]) float64 {
	sum, total, fused := j.entropySums(r, scratch)
	if !fused {
		sum, total = j.coefficientSums(r, scratch)
	}
	value := sum + total.Value()*r.logSum
	switch {
	case j.gradInput == nil:
	case fused:
		j.entropyGrads(r, total, scratch)
	default:
		j.coefficientGrads(r, total, scratch)
	}
	return value
}

// entropySums returns Σ a[c]·(m - x[c]) and Σ a[c] by a kernel, unless there is none for T, or one of the two is not finite.
func (j *rowsJob[T]) entropySums(r *row, scratch *rowScratch[T]) (sum float64, total kernel.Accumulator, ok bool) {
	var sums kernel.Sums
	for lo := 0; lo < j.classes; lo += rowChunk {
		hi := min(lo+rowChunk, j.classes)
		x := j.chunk(j.input, r, lo, hi, &scratch.input)
		part, ok := kernel.EntropySums(&sums, x, j.targetChunk(r, lo, hi, scratch), j.weightChunk(lo, hi), r.m, 1-j.smoothing, j.smoothing/float64(j.classes))
		if !ok {
			return 0, kernel.Accumulator{}, false
		}
		sum += part
	}
	total = sums.Total()
	if j.byIndex {
		a := (1 - j.smoothing) * j.weightOf(r.class)
		sum += a * r.distance(float64(j.input[r.start+r.class*j.stride]))
		total.Add(a)
	}
	infinity := sum - sum + (total.Value() - total.Value()) // NaN unless both are finite
	return sum, total, infinity == 0
}

// targetChunk returns the elements lo to hi of the class probabilities of a row, nil for a class index.
func (j *rowsJob[T]) targetChunk(r *row, lo, hi int, scratch *rowScratch[T]) []T {
	if j.byIndex {
		return nil
	}
	return j.chunk(j.probabilities, r, lo, hi, &scratch.target)
}

func (j *rowsJob[T]) weightChunk(lo, hi int) []T {
	if j.weight == nil {
		return nil
	}
	return j.weight[lo:hi]
}

// entropyGrads writes the gradient of a row for which entropySums has returned total.
func (j *rowsJob[T]) entropyGrads(r *row, total kernel.Accumulator, scratch *rowScratch[T]) {
	keep, even := 1-j.smoothing, j.smoothing/float64(j.classes)
	scale := j.upstreamOf(r.index) / ((1 + r.rest) * j.div)
	for lo := 0; lo < j.classes; lo += rowChunk {
		hi := min(lo+rowChunk, j.classes)
		e := j.allExps(r, lo, hi, scratch)
		dst := j.out(j.gradInput, r, lo, hi, &scratch.out)
		kernel.EntropyGrads(any(dst).([]float32), e, any(j.targetChunk(r, lo, hi, scratch)).([]float32), any(j.weightChunk(lo, hi)).([]float32),
			total, r.rest, keep, even, scale, j.stream)
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
func (j *rowsJob[T]) coefficientSums(r *row, scratch *rowScratch[T]) (sum float64, total kernel.Accumulator) {
	var value kernel.Accumulator
	for lo := 0; lo < j.classes; lo += rowChunk {
		hi := min(lo+rowChunk, j.classes)
		x := j.chunk(j.input, r, lo, hi, &scratch.input)
		for i, a := range j.coefficientsOf(r, lo, hi, scratch) {
			value.Add(weighted(a, r.distance(float64(x[i]))))
			total.Add(a)
		}
	}
	return value.Value(), total
}

// coefficientGrads writes the gradient of a row for which coefficientSums has returned total.
func (j *rowsJob[T]) coefficientGrads(r *row, total kernel.Accumulator, scratch *rowScratch[T]) {
	sum, u := 1+r.rest, j.upstreamOf(r.index)
	for lo := 0; lo < j.classes; lo += rowChunk {
		hi := min(lo+rowChunk, j.classes)
		e := j.allExps(r, lo, hi, scratch)
		for i, a := range j.coefficientsOf(r, lo, hi, scratch) {
			others := total
			others.Add(-a)
			difference := (others.Value()*e[i] - a*r.complement(e[i])) / sum
			e[i] = difference * u / j.div
		}
		dst := j.out(j.gradInput, r, lo, hi, &scratch.out)
		kernel.Round(dst, e, j.stream)
		j.store(j.gradInput, r, lo, dst)
	}
}

// gradTargets writes the gradient of a row in its class probabilities.
func (j *rowsJob[T]) gradTargets(r *row, scratch *rowScratch[T]) {
	u := j.upstreamOf(r.index)
	for lo := 0; lo < j.classes; lo += rowChunk {
		hi := min(lo+rowChunk, j.classes)
		x := j.chunk(j.input, r, lo, hi, &scratch.input)
		dst := j.out(j.gradTarget, r, lo, hi, &scratch.out)
		for i := range x {
			v := r.distance(float64(x[i])) + r.logSum
			dst[i] = T(weighted(kernel.Product(j.weightOf(lo+i), u, 1-j.smoothing), v) / j.div)
		}
		j.store(j.gradTarget, r, lo, dst)
	}
}

// gradWeights writes the gradient in the weights, for class probabilities: for each class the sum over the rows. It takes as many classes at a
// time as fit, and each time the softmax of all rows.
func (j *rowsJob[T]) gradWeights(dst []T) {
	var scratch rowScratch[T]
	var sums [kernel.ChunkLen]kernel.Accumulator
	even := j.smoothing / float64(j.classes)
	for lo := 0; lo < j.classes; lo += len(sums) {
		hi := min(lo+len(sums), j.classes)
		sums = [len(sums)]kernel.Accumulator{}
		for index := range j.rows {
			r := row{index: index, exps: -1, start: index/j.stride*j.classes*j.stride + index%j.stride}
			j.softmax(&r, &scratch)
			j.finish(&r, &scratch)
			r.limit()
			u := j.upstreamOf(r.index)
			for c := lo; c < hi; c++ {
				at := r.start + c*j.stride
				t := float64(j.probabilities[at])*(1-j.smoothing) + even
				sums[c-lo].Add(weighted(t*u, r.distance(float64(j.input[at]))+r.logSum))
			}
		}
		for c := lo; c < hi; c++ {
			dst[c] = T(sums[c-lo].Value() / j.div)
		}
	}
}
