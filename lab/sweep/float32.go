package sweep

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"lossproof/internal/halves"
	"lossproof/tensor"
)

// Magnitudes of float32 are counted in chunks, the unit of work that a state remembers.
const (
	chunks    = 4096
	chunkSize = 1 << 31 / chunks
	blockSize = 1 << 12 // of one call, at both targets: the slices stay in the cache, and calls on one thread
)

// Options say what part of the float32 inputs is looked at, and how.
type Options struct {
	// Variants are the losses, of modules that [Exhaustive] returns; nil means [BuiltIn]. The
	// first one of a module is measured.
	Variants []Variant
	// Shard and Shards select every Shards-th chunk, beginning with the Shard-th, from 1; 0 of 0
	// selects all.
	Shard, Shards int
	// Source is what the file of State says of where it comes from.
	Source Source
	// State is the file that remembers what was done, so that a later call goes on from
	// there; empty means that nothing is remembered.
	State string
	// Block is the number of magnitudes in one call of a variant, each at both targets; it divides
	// 524288. 0 means what is best in process; a variant that has calls to pay for, as one
	// in another process, wants more.
	Block int
	// Workers is the number of goroutines that measure; 0 means GOMAXPROCS.
	Workers int
	// Progress, if not nil, is called now and then, by one goroutine at a time, with the
	// number of inputs done (those that were remembered included) and that of all.
	Progress func(done, total int64)
}

// Result is what became of the float32 inputs of a module.
type Result struct {
	Module string
	// DType is that of 16 bits; empty means float32.
	DType tensor.DType `json:",omitempty"`
	// Sample says what was sampled; empty means that nothing was left out, or not yet.
	Sample string `json:",omitempty"`
	// Complete says that every input was looked at.
	Complete bool
	// Inputs is the number of inputs, each evaluated at two targets.
	Inputs uint64
	// Tallies are those of the outputs.
	Tallies []NamedTally
	// Variants are the names of the variants, the measured one first.
	Variants []string
	// Differences are those of the other variants, of which there was at least one.
	Differences []Difference `json:",omitempty"`
	// Maps have for loss and gradient of 16 bits how accurate they are at each number, the worse of the targets.
	Maps map[string]*halves.Map `json:",omitempty"`

	// points are those of 16 bits.
	points *halfPoints
}

// NamedTally is the tally of one output.
type NamedTally struct {
	Output string
	Tally
}

// Float32 measures the losses at every float32 input, and at
// the targets 0 and 1: a result for each module. BCEWithLogitsLoss has all numbers as inputs, NaNs and infinities included, BCELoss
// those from 0 to 1, and -0. The error is that of the context or of a variant, or says that the state
// file is not usable; there is none for wrong results.
func Float32(ctx context.Context, options Options) ([]*Result, error) {
	if options.Shards == 0 && options.Shard == 0 {
		options.Shard, options.Shards = 1, 1
	}
	if options.Shards < 1 || options.Shards > chunks || options.Shard < 1 || options.Shard > options.Shards {
		return nil, fmt.Errorf("shard %d/%d: want i/n with 1 ≤ i ≤ n ≤ %d", options.Shard, options.Shards, chunks)
	}
	if chunkSize%options.block() != 0 {
		return nil, fmt.Errorf("block of %d magnitudes: want a divisor of %d", options.Block, chunkSize)
	}
	groups, err := groupsOf(options.Variants)
	if err != nil {
		return nil, err
	}
	s, err := openState(groups, options)
	if err != nil {
		return nil, err
	}
	var todo []job
	done, total := int64(0), int64(0)
	for k, g := range groups {
		for c := options.Shard - 1; c < g.chunks(); c += options.Shards {
			total += int64(g.ofChunk(c))
			if s.Done[k][c] {
				done += int64(g.ofChunk(c))
			} else {
				todo = append(todo, job{group: k, chunk: c})
			}
		}
	}
	if err := measure(ctx, options, groups, todo, done, total, s.finish); err != nil {
		return nil, err
	}
	return s.results(), nil
}

// Sample measures the losses at a stratified sample of the float32 inputs (see
// Result.Sample), of perBinade inputs in the binades where the results vary: a result for each module. Options.Shard and
// Options.State are not used.
func Sample(ctx context.Context, perBinade int, options Options) ([]*Result, error) {
	if perBinade < 1 || perBinade > binade {
		return nil, fmt.Errorf("sample of %d inputs in a binade: want 1 to %d", perBinade, binade)
	}
	groups, err := groupsOf(options.Variants)
	if err != nil {
		return nil, err
	}
	var todo []job
	total := int64(0)
	s := newState(groups)
	for k, g := range groups {
		magnitudes := g.sample(perBinade)
		for _, m := range magnitudes {
			total += int64(g.in(m, m+1))
		}
		for part := range slices.Chunk(magnitudes, options.block()) {
			todo = append(todo, job{group: k, magnitudes: part})
		}
	}
	err = measure(ctx, options, groups, todo, 0, total, func(j job, c *counts) error {
		s.Counts[j.group].add(c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	results := s.results()
	for k, g := range groups {
		results[k].Sample = g.sampleText(perBinade)
	}
	return results, nil
}

// job are inputs of a module to look at: a chunk, or the magnitudes of a block of a sample.
type job struct {
	group, chunk int
	magnitudes   []uint32
}

// measure does jobs; finish takes what was counted, one job at a time.
func measure(ctx context.Context, o Options, groups []group, todo []job, done, total int64, finish func(job, *counts) error) error {
	progress := newProgress(o.Progress, done, total)
	idle := sync.Pool{New: func() any { return newWorker(o) }}
	var mu sync.Mutex
	return parallel(ctx, o.Workers, len(todo), func(ctx context.Context, i int) error {
		w := idle.Get().(*worker)
		defer idle.Put(w)
		w.group = groups[todo[i].group]
		w.counts = newCounts(w.variants)
		if err := w.job(ctx, todo[i], progress); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		return finish(todo[i], &w.counts)
	})
}

func (o Options) block() int {
	if o.Block > 0 {
		return o.Block
	}
	return blockSize
}

// parallel calls work for every i below n, by several goroutines, GOMAXPROCS if workers is 0. It stops at the first error, and when ctx does.
func parallel(ctx context.Context, workers, n int, work func(ctx context.Context, i int) error) error {
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	all, inner := errgroup.WithContext(ctx)
	all.SetLimit(workers)
	for i := 0; i < n && inner.Err() == nil; i++ {
		all.Go(func() error { return work(inner, i) })
	}
	if err := all.Wait(); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// counts are the results of some inputs of a module.
type counts struct {
	// Variants are the names of the variants, the measured one first.
	Variants    []string
	Inputs      uint64
	Tallies     [len(outputs)]Tally
	Differences []Difference
}

func newCounts(variants []Variant) counts {
	c := counts{Differences: make([]Difference, len(variants)-1)}
	for _, v := range variants {
		c.Variants = append(c.Variants, v.Name)
	}
	for i, v := range variants[1:] {
		c.Differences[i].Variant = v.Name
	}
	return c
}

func (c *counts) add(d *counts) {
	c.Inputs += d.Inputs
	for i := range c.Tallies {
		c.Tallies[i].add(&d.Tallies[i])
	}
	for i := range c.Differences {
		c.Differences[i].add(d.Differences[i])
	}
}

func (c *counts) result(m *module) *Result {
	r := &Result{Module: m.name, Inputs: c.Inputs, Complete: c.Inputs == m.all(), Variants: c.Variants}
	for i, o := range outputs {
		r.Tallies = append(r.Tallies, NamedTally{o.String(), c.Tallies[i]})
	}
	for _, d := range c.Differences {
		if d.Count > 0 {
			r.Differences = append(r.Differences, d)
		}
	}
	return r
}

// worker has the slices of one goroutine, and what it is at.
type worker struct {
	group
	counts               counts
	magnitudes           []uint32
	exact                values[[]float64]
	places               []float64
	input, target        []float32
	loss, grad           []float32
	otherLoss, otherGrad []float32
}

func newWorker(options Options) *worker {
	block := options.block()
	w := &worker{magnitudes: make([]uint32, block), places: make([]float64, block)}
	for i := range w.exact {
		w.exact[i] = make([]float64, block)
	}
	for _, s := range []*[]float32{&w.input, &w.target, &w.loss, &w.grad, &w.otherLoss, &w.otherGrad} {
		*s = make([]float32, 2*block)
	}
	return w
}

// job measures the inputs of a job, block by block.
func (w *worker) job(ctx context.Context, j job, progress *progress) error {
	block := func(n int) error {
		before := w.counts.Inputs
		err := w.block(n)
		progress.add(int64(w.counts.Inputs - before))
		return err
	}
	if j.magnitudes != nil {
		return block(copy(w.magnitudes, j.magnitudes))
	}
	end := min(uint32(j.chunk+1)*chunkSize, w.last+1)
	for first := uint32(j.chunk) * chunkSize; first < end; first += uint32(len(w.magnitudes)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(len(w.magnitudes), int(end-first))
		for i := range n {
			w.magnitudes[i] = first + uint32(i)
		}
		if err := block(n); err != nil {
			return err
		}
	}
	return nil
}

// block measures the inputs of both signs with the first n of w.magnitudes, which ascend,
// at both targets.
func (w *worker) block(n int) error {
	for i, m := range w.magnitudes[:n] {
		exact, place := w.oracle32(m)
		for o := range exact {
			w.exact[o][i] = exact[o]
		}
		w.places[i] = place
	}
	if err := w.side(n, 0); err != nil {
		return err
	}
	for n > 0 && w.magnitudes[n-1] > w.lastNegative {
		n--
	}
	if n == 0 {
		return nil
	}
	return w.side(n, sign32)
}

// side measures the inputs of one sign with the first n of w.magnitudes, by all variants at both targets.
func (w *worker) side(n int, sign uint32) error {
	for i, m := range w.magnitudes[:n] { // at target 0, and then at target 1
		x := math.Float32frombits(m | sign)
		w.input[i], w.input[n+i] = x, x
		w.target[i], w.target[n+i] = 0, 1
	}
	w.counts.Inputs += uint64(n)
	// part is the half of the results that is at the output's target.
	part := func(o Output, l, g []float32) []float32 {
		if o.Gradient {
			l = g
		}
		if o.One {
			return l[n : 2*n]
		}
		return l[:n]
	}
	for i, v := range w.variants {
		l, g := w.loss, w.grad
		if i > 0 {
			l, g = w.otherLoss, w.otherGrad
		}
		if err := v.Evaluate(l[:2*n], g[:2*n], w.input[:2*n], w.target[:2*n]); err != nil {
			return fmt.Errorf("%s: %w", v.Name, err)
		}
		for _, o := range outputs {
			if i > 0 {
				w.compare(&w.counts.Differences[i-1], o, part(o, l, g), part(o, w.loss, w.grad))
			}
		}
	}
	negative := sign != 0
	for i, o := range outputs {
		points := measured{w.module, w.magnitudes[:n], w.places[:n], w.exact.of(o, negative && w.mirrored)[:n], negative}
		w.counts.Tallies[i].measure(part(o, w.loss, w.grad), points, o)
	}
	return nil
}

// compare counts the elements of got that are other numbers than those of want.
func (w *worker) compare(d *Difference, o Output, got, want []float32) {
	for i, g := range got {
		if g == want[i] || g != g && want[i] != want[i] {
			continue
		}
		d.add(Difference{Variant: d.Variant, Count: 1, Output: o.String(), Input: Bits32(math.Float32bits(w.input[i])),
			Got: Number(g), Want: Number(want[i])})
	}
}

// Difference says where a variant gave other bits than the first one. NaNs count as equal, zeros too.
type Difference struct {
	// Variant is the name of the variant.
	Variant string
	// Count is the number of results that differ.
	Count uint64
	// Output and Input say where the first one is, by the bits of the input, Got and Want what it is and what
	// the first variant returned.
	Output    string
	Input     Bits32
	Got, Want Number
}

func (d Difference) String() string {
	return fmt.Sprintf("%s: %d results are not those of the first variant, first %s at %s: %v, not %v",
		d.Variant, d.Count, d.Output, d.Input, float64(d.Got), float64(d.Want))
}

// add adds the count of e, which is of the same variant and at other inputs.
func (d *Difference) add(e Difference) {
	count := d.Count + e.Count
	if d.Count == 0 || e.Count > 0 && e.Input < d.Input {
		*d = e
	}
	d.Count = count
}

// progress counts inputs for Options.Progress.
type progress struct {
	mu          sync.Mutex
	report      func(done, total int64)
	done, total int64
}

func newProgress(report func(done, total int64), done, total int64) *progress {
	p := &progress{report: report, done: done, total: total}
	p.add(0)
	return p
}

func (p *progress) add(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	if p.report != nil {
		p.report(p.done, p.total)
	}
}
