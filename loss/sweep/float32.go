package sweep

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
)

// Magnitudes of float32 are counted in chunks, the unit of work that a state remembers.
const (
	chunks    = 4096
	chunkSize = 1 << 31 / chunks
	blockSize = 1 << 12 // of one call, at both targets: the slices stay in the cache, and calls on one thread
	allLogits = 1 << 32
)

// Options say what part of the float32 logits is looked at, and how.
type Options struct {
	// Variants are the losses; nil means [BuiltIn].
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
	// number of logits done (those that were remembered included) and that of all.
	Progress func(done, total int64)
}

// Result is what became of the float32 logits.
type Result struct {
	// Sample says what was sampled; empty means that nothing was left out, or not yet.
	Sample string `json:",omitempty"`
	// Complete says that every float32 number was a logit.
	Complete bool
	// Logits is the number of logits, each evaluated at two targets.
	Logits uint64
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

// Float32 measures the losses at every float32 logit, NaNs and infinities included, and at
// the targets 0 and 1. The error is that of the context or of a variant, or says that the state
// file is not usable; there is none for wrong results.
func Float32(ctx context.Context, options Options) (*Result, error) {
	if options.Variants == nil {
		options.Variants = BuiltIn()
	}
	if options.Shards == 0 && options.Shard == 0 {
		options.Shard, options.Shards = 1, 1
	}
	if options.Shards < 1 || options.Shards > chunks || options.Shard < 1 || options.Shard > options.Shards {
		return nil, fmt.Errorf("shard %d/%d: want i/n with 1 ≤ i ≤ n ≤ %d", options.Shard, options.Shards, chunks)
	}
	if chunkSize%options.block() != 0 {
		return nil, fmt.Errorf("block of %d magnitudes: want a divisor of %d", options.Block, chunkSize)
	}
	state, err := openState(options)
	if err != nil {
		return nil, err
	}
	var todo []int
	total := int64(0)
	for c := options.Shard - 1; c < chunks; c += options.Shards {
		total += 2 * chunkSize
		if !state.Done.has(c) {
			todo = append(todo, c)
		}
	}
	progress := newProgress(options.Progress, total-int64(len(todo))*2*chunkSize, total)
	err = parallel(ctx, options.workers(), len(todo), func(ctx context.Context) func(i int) error {
		w := newWorker(options)
		return func(i int) error {
			w.reset()
			if err := w.chunk(ctx, todo[i], progress); err != nil {
				return err
			}
			return state.finish(todo[i], &w.counts)
		}
	})
	if err != nil {
		return nil, err
	}
	return state.result(), nil
}

// Sample measures the losses at a stratified sample of the float32 logits (see
// [SampleText]), of perBinade logits in the binades where the results vary. Options.Shard and
// Options.State are not used.
func Sample(ctx context.Context, perBinade int, options Options) (*Result, error) {
	if options.Variants == nil {
		options.Variants = BuiltIn()
	}
	if perBinade < 1 || perBinade > 1<<23 {
		return nil, fmt.Errorf("sample of %d logits in a binade: want 1 to %d", perBinade, 1<<23)
	}
	magnitudes := sample(perBinade)
	block := options.block()
	blocks := (len(magnitudes) + block - 1) / block
	progress := newProgress(options.Progress, 0, 2*int64(len(magnitudes)))
	var mu sync.Mutex
	all := newCounts(options.Variants)
	err := parallel(ctx, options.workers(), blocks, func(context.Context) func(i int) error {
		w := newWorker(options)
		return func(i int) error {
			w.reset()
			n := copy(w.magnitudes, magnitudes[i*block:min((i+1)*block, len(magnitudes))])
			if err := w.block(n); err != nil {
				return err
			}
			progress.add(2 * int64(n))
			mu.Lock()
			defer mu.Unlock()
			all.add(&w.counts)
			return nil
		}
	})
	if err != nil {
		return nil, err
	}
	result := all.result(options.Variants)
	result.Sample = SampleText(perBinade)
	return result, nil
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

// counts are the results of some logits.
type counts struct {
	Logits      uint64
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
	c.Logits += d.Logits
	for i := range c.Tallies {
		c.Tallies[i].add(&d.Tallies[i])
	}
	for i := range c.Differences {
		c.Differences[i].add(d.Differences[i])
	}
}

func (c *counts) result(variants []Variant) *Result {
	r := &Result{Logits: c.Logits, Complete: c.Logits == allLogits}
	for i, o := range outputs {
		r.Tallies = append(r.Tallies, NamedTally{o.String(), c.Tallies[i]})
	}
	for _, v := range variants {
		r.Variants = append(r.Variants, v.Name)
	}
	for _, d := range c.Differences {
		if d.Count > 0 {
			r.Differences = append(r.Differences, d)
		}
	}
	return r
}

// worker has the slices of one goroutine.
type worker struct {
	variants             []Variant
	counts               counts
	magnitudes           []uint32
	exact                functions[[]float64]
	input, target        []float32
	loss, grad           []float32
	otherLoss, otherGrad []float32
}

func newWorker(options Options) *worker {
	block := options.block()
	w := &worker{variants: options.Variants, magnitudes: make([]uint32, block)}
	for _, s := range []*[]float64{&w.exact.low, &w.exact.high, &w.exact.rest, &w.exact.sigma} {
		*s = make([]float64, block)
	}
	for _, s := range []*[]float32{&w.input, &w.target, &w.loss, &w.grad, &w.otherLoss, &w.otherGrad} {
		*s = make([]float32, 2*block)
	}
	return w
}

func (w *worker) reset() { w.counts = newCounts(w.variants) }

// chunk measures the logits whose magnitudes are in a chunk.
func (w *worker) chunk(ctx context.Context, c int, progress *progress) error {
	block := len(w.magnitudes)
	for first := c * chunkSize; first < (c+1)*chunkSize; first += block {
		if err := ctx.Err(); err != nil {
			return err
		}
		for i := range w.magnitudes {
			w.magnitudes[i] = uint32(first + i)
		}
		if err := w.block(block); err != nil {
			return err
		}
		progress.add(2 * int64(block))
	}
	return nil
}

// block measures the logits of both signs with the first n of w.magnitudes, which ascend,
// at both targets.
func (w *worker) block(n int) error {
	magnitudes := w.magnitudes[:n]
	for i, m := range magnitudes {
		f := oracle32At(m)
		w.exact.low[i], w.exact.high[i], w.exact.rest[i], w.exact.sigma[i] = f.low, f.high, f.rest, f.sigma
	}
	for _, sign := range []bool{false, true} {
		mask := uint32(0)
		if sign {
			mask = 1 << 31
		}
		for i, m := range magnitudes { // at target 0, and then at target 1
			x := math.Float32frombits(m | mask)
			w.input[i], w.input[n+i] = x, x
			w.target[i], w.target[n+i] = 0, 1
		}
		if err := w.evaluate(n, sign); err != nil {
			return err
		}
		w.counts.Logits += uint64(n)
	}
	return nil
}

// evaluate asks all variants for n logits at both targets.
func (w *worker) evaluate(n int, sign bool) error {
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
		w.counts.Tallies[i].measure(got, w.magnitudes[:n], w.exact.of(o, sign)[:n], o, sign)
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

// oracle32At returns the functions at the magnitude with the given bits; at infinity they
// are the limits, and NaN at a NaN.
func oracle32At(magnitude uint32) functions[float64] {
	switch {
	case magnitude > infinity32:
		nan := math.NaN()
		return functions[float64]{nan, nan, nan, nan}
	case magnitude == infinity32:
		return functions[float64]{low: 0, high: math.Inf(1), rest: 0, sigma: 1}
	}
	return oracle32(float64(math.Float32frombits(magnitude)))
}

// progress counts logits for Options.Progress.
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
