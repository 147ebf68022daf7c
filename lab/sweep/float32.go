package sweep

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
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
	states, err := openStates(options)
	if err != nil {
		return nil, err
	}
	type job struct {
		state *state
		chunk int
	}
	var todo []job
	done, total := int64(0), int64(0)
	for _, s := range states.Modules {
		for c := options.Shard - 1; c < s.chunks(); c += options.Shards {
			inputs, _ := s.ofChunk(c)
			total += int64(inputs)
			if s.Done.has(c) {
				done += int64(inputs)
			} else {
				todo = append(todo, job{s, c})
			}
		}
	}
	progress := newProgress(options.Progress, done, total)
	err = parallel(ctx, options.workers(), len(todo), func(ctx context.Context) func(i int) error {
		w := newWorker(options)
		return func(i int) error {
			w.reset(todo[i].state.group)
			if err := w.chunk(ctx, todo[i].chunk, progress); err != nil {
				return err
			}
			return states.finish(todo[i].state, todo[i].chunk, &w.counts)
		}
	})
	if err != nil {
		return nil, err
	}
	return states.results(), nil
}

// Sample measures the losses at a stratified sample of the float32 inputs (see
// Result.Sample), of perBinade inputs in the binades where the results vary: a result for each module. Options.Shard and
// Options.State are not used.
func Sample(ctx context.Context, perBinade int, options Options) ([]*Result, error) {
	if perBinade < 1 || perBinade > 1<<23 {
		return nil, fmt.Errorf("sample of %d inputs in a binade: want 1 to %d", perBinade, 1<<23)
	}
	groups, err := options.groups()
	if err != nil {
		return nil, err
	}
	type job struct {
		group      int
		magnitudes []uint32
	}
	var todo []job
	total := uint64(0)
	all := make([]counts, len(groups))
	for k, g := range groups {
		all[k] = newCounts(g.variants)
		magnitudes := g.sample(perBinade)
		for _, m := range magnitudes {
			total += g.in(m, m+1)
		}
		for part := range slices.Chunk(magnitudes, options.block()) {
			todo = append(todo, job{k, part})
		}
	}
	progress := newProgress(options.Progress, 0, int64(total))
	var mu sync.Mutex
	err = parallel(ctx, options.workers(), len(todo), func(context.Context) func(i int) error {
		w := newWorker(options)
		return func(i int) error {
			w.reset(groups[todo[i].group])
			if err := w.block(copy(w.magnitudes, todo[i].magnitudes)); err != nil {
				return err
			}
			progress.add(int64(w.counts.Inputs))
			mu.Lock()
			defer mu.Unlock()
			all[todo[i].group].add(&w.counts)
			return nil
		}
	})
	if err != nil {
		return nil, err
	}
	var results []*Result
	for k, g := range groups {
		result := all[k].result(g)
		result.Sample = g.sampleText(perBinade)
		results = append(results, result)
	}
	return results, nil
}

// groups returns the variants, together by their modules.
func (o Options) groups() ([]group, error) {
	if o.Variants == nil {
		o.Variants = BuiltIn()
	}
	return groupsOf(o.Variants)
}

func (o Options) block() int {
	if o.Block > 0 {
		return o.Block
	}
	return blockSize
}

func (o Options) workers() int {
	if o.Workers > 0 {
		return o.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// parallel calls the functions that start returns, one for each worker, for every i below n. It stops at
// the first error, and when ctx does.
func parallel(ctx context.Context, workers, n int, start func(context.Context) func(i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(workers, n) {
		work := start(ctx)
		wg.Go(func() {
			for i := range next {
				if err := work(i); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	for i := range n {
		select {
		case next <- i:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}

// counts are the results of some inputs of a module.
type counts struct {
	Inputs      uint64
	Tallies     [len(outputs)]Tally
	Differences []Difference
}

func newCounts(variants []Variant) counts {
	c := counts{Differences: make([]Difference, len(variants)-1)}
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

func (c *counts) result(g group) *Result {
	r := &Result{Module: g.name, Inputs: c.Inputs, Complete: c.Inputs == g.all()}
	for i, o := range outputs {
		r.Tallies = append(r.Tallies, NamedTally{o.String(), c.Tallies[i]})
	}
	for _, v := range g.variants {
		r.Variants = append(r.Variants, v.Name)
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

// reset begins with inputs of a module.
func (w *worker) reset(g group) { w.group, w.counts = g, newCounts(g.variants) }

// chunk measures the inputs whose magnitudes are in a chunk.
func (w *worker) chunk(ctx context.Context, c int, progress *progress) error {
	block, end := uint32(len(w.magnitudes)), min(uint32(c+1)*chunkSize, w.last+1)
	for first := uint32(c) * chunkSize; first < end; first += block {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(block, end-first)
		for i := range n {
			w.magnitudes[i] = first + i
		}
		before := w.counts.Inputs
		if err := w.block(int(n)); err != nil {
			return err
		}
		progress.add(int64(w.counts.Inputs - before))
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
	if err := w.side(n, false); err != nil {
		return err
	}
	for n > 0 && w.magnitudes[n-1] > w.lastNegative {
		n--
	}
	if n == 0 {
		return nil
	}
	return w.side(n, true)
}

// side measures the inputs of one sign with the first n of w.magnitudes.
func (w *worker) side(n int, negative bool) error {
	mask := uint32(0)
	if negative {
		mask = sign32
	}
	for i, m := range w.magnitudes[:n] { // at target 0, and then at target 1
		x := math.Float32frombits(m | mask)
		w.input[i], w.input[n+i] = x, x
		w.target[i], w.target[n+i] = 0, 1
	}
	w.counts.Inputs += uint64(n)
	return w.evaluate(n, negative)
}

// evaluate asks all variants for n inputs at both targets.
func (w *worker) evaluate(n int, negative bool) error {
	for i, v := range w.variants {
		l, g := w.loss[:2*n], w.grad[:2*n]
		if i > 0 {
			l, g = w.otherLoss[:2*n], w.otherGrad[:2*n]
		}
		if err := v.Evaluate(l, g, w.input[:2*n], w.target[:2*n]); err != nil {
			return fmt.Errorf("%s: %w", v.Name, err)
		}
		for _, o := range outputs {
			if i > 0 && o.Gradient {
				w.compare(&w.counts.Differences[i-1], o, o.part(g), o.part(w.grad[:2*n]))
			} else if i > 0 {
				w.compare(&w.counts.Differences[i-1], o, o.part(l), o.part(w.loss[:2*n]))
			}
		}
	}
	for i, o := range outputs {
		got := o.part(w.loss[:2*n])
		if o.Gradient {
			got = o.part(w.grad[:2*n])
		}
		points := measured{w.module, w.magnitudes[:n], w.places[:n], w.exact.of(o, negative && w.mirrored)[:n], negative}
		w.counts.Tallies[i].measure(got, points, o)
	}
	return nil
}

// part returns the half of the results that is at the output's target.
func (o Output) part(results []float32) []float32 {
	n := len(results) / 2
	if o.One {
		return results[n:]
	}
	return results[:n]
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
