package sweep

import (
	"fmt"
	"math"
	"slices"
)

// firstNonFinite is the first chunk of NaNs and infinities: no chunk has finite numbers too.
const firstNonFinite = infinity32 / chunkSize

// check returns an error that names a field unless a sweep can have counted what
// the states have.
func (s *states) check() error {
	for i, m := range s.Modules {
		if m == nil {
			return wrong(fmt.Sprintf("Modules[%d]", i), "got null, want the state of a module")
		}
		if slices.ContainsFunc(s.Modules[:i], func(o *state) bool { return o.Module == m.Module }) {
			return wrong(fmt.Sprintf("Modules[%d].Module", i), "got %s twice", m.Module)
		}
		var err error
		if m.module, err = moduleOf(m.Module); err != nil {
			return fmt.Errorf("Modules[%d].Module: %w", i, err)
		}
		if err := m.check(); err != nil {
			return fmt.Errorf("%s: %w", m.Module, err)
		}
	}
	return nil
}

// check returns an error that names a field unless a sweep of the chunks done can have counted what
// the state has: it may come from outside, and reports rely on it.
func (s *state) check() error {
	if err := s.checkShard(); err != nil {
		return err
	}
	if inputs, _ := s.done(); s.Counts.Inputs != inputs {
		return wrong("Counts.Inputs", "got %d, want %d for %d chunks", s.Counts.Inputs, inputs, s.Done.len())
	}
	for i := range s.Counts.Tallies {
		if err := s.checkTally(&s.Counts.Tallies[i]); err != nil {
			return fmt.Errorf("Counts.Tallies[%d] (%s).%w", i, outputs[i], err)
		}
	}
	for i, d := range s.Counts.Differences {
		if err := s.checkDifference(d); err != nil {
			return fmt.Errorf("Counts.Differences[%d].%w", i, err)
		}
	}
	return nil
}

// done returns the number of inputs of the chunks done, and of the finite ones.
func (s *state) done() (inputs, finite uint64) {
	for c := range s.chunks() {
		if s.Done.has(c) {
			i, f := s.ofChunk(c)
			inputs, finite = inputs+i, finite+f
		}
	}
	return inputs, finite
}

func (s *state) checkShard() error {
	var i, n int
	if _, err := fmt.Sscanf(s.Shard, "%d/%d", &i, &n); err != nil || s.Shard != fmt.Sprintf("%d/%d", i, n) || i < 1 || i > n || n > chunks {
		return wrong("Shard", "got %.100q, want i/n with 1 ≤ i ≤ n ≤ %d", s.Shard, chunks)
	}
	for c := range chunks {
		switch {
		case s.Done.has(c) && c >= s.chunks():
			return wrong("Done", "got chunk %d, want those of the inputs of %s, below %d", c, s.Module, s.chunks())
		case s.Done.has(c) && c%n != i-1:
			return wrong("Done", "got chunk %d, want those of shard %s alone", c, s.Shard)
		}
	}
	return nil
}

func (s *state) checkTally(t *Tally) error {
	_, finite := s.done()
	switch {
	case t.Elements != s.Counts.Inputs:
		return wrong("Elements", "got %d, want %d", t.Elements, s.Counts.Inputs)
	case t.Finite != finite:
		return wrong("Finite", "got %d, want %d for the chunks done", t.Finite, finite)
	}
	for i, n := range t.Histogram { // each one first: their sum may be no uint64
		if n > finite {
			return wrong(fmt.Sprintf("Histogram[%d]", i), "got %d, want at most the %d finite inputs", n, finite)
		}
	}
	counted := t.Histogram.sum()
	if counted > finite {
		return wrong("Histogram", "got %d errors, want at most the %d finite inputs", counted, finite)
	}
	// Where the histogram lacks a finite input its result is of a wrong class.
	least, most := finite-counted, t.Elements-counted
	if t.WrongClass < least || t.WrongClass > most {
		return wrong("WrongClass", "got %d, want %d to %d where the histogram has %d of %d finite inputs", t.WrongClass, least, most, counted, finite)
	}
	if near := t.Histogram[0] + t.Histogram[1]; t.Correct > near {
		return wrong("Correct", "got %d, want at most %d, which have errors of at most %v ULP", t.Correct, near, HistogramLimits[1])
	}
	if err := s.checkWorst(t); err != nil {
		return err
	}
	for i, part := range t.Profile {
		switch {
		case part.WrongClass() && least == 0:
			return wrong("Profile", "got +Inf at part %d, want none where no finite input has a result of a wrong class", i)
		case !part.WrongClass() && part.ULP > profileULP(t.MaxULP()):
			return wrong("Profile", "got %v at part %d, want at most %v, the largest error", part.ULP, i, t.MaxULP())
		}
	}
	return s.checkExamples(t)
}

// checkWorst checks that the largest error is one, and the largest of the histogram.
func (s *state) checkWorst(t *Tally) error {
	last := histogramBins - 1
	for last > 0 && t.Histogram[last] == 0 {
		last--
	}
	w := t.Worst
	if w == nil {
		if last > 0 {
			return wrong("Worst", "got none, want one: the histogram has errors above %v ULP", HistogramLimits[last-1])
		}
		return nil
	}
	if err := s.checkInput(w.Input); err != nil {
		return fmt.Errorf("Worst.%w", err)
	}
	want := ulps(float64(w.Got), float64(w.Exact))
	switch {
	case !w.Input.finite():
		return wrong("Worst.Input", "got %s, want a finite input", w.Input)
	case !(want <= math.MaxFloat64):
		return wrong("Worst", "got the result %v, exact %v, want finite numbers", float64(w.Got), float64(w.Exact))
	case w.ULP != want || want == 0:
		return wrong("Worst.ULP", "got %v, want %v, which is not 0, between %v and %v", w.ULP, want, float64(w.Got), float64(w.Exact))
	case histogramBin(w.ULP) != last || t.Histogram[last] == 0:
		return wrong("Worst.ULP", "got %v, want the largest error of the histogram %v", w.ULP, t.Histogram)
	}
	return nil
}

// checkExamples checks that the first results of a wrong class are there, and that they are that.
func (s *state) checkExamples(t *Tally) error {
	if got, want := len(t.Examples), int(min(t.WrongClass, maxExamples)); got != want {
		return wrong("Examples", "got %d, want %d of the %d results of a wrong class", got, want, t.WrongClass)
	}
	atFinite := uint64(0)
	for i, e := range t.Examples {
		if err := s.checkInput(e.Input); err != nil {
			return fmt.Errorf("Examples[%d].%w", i, err)
		}
		got, exact := float64(e.Got), float64(e.Exact)
		right := sameClass(got, exact)
		if e.Input.finite() {
			atFinite++
			right = math.IsInf(exact, 0) || math.IsNaN(exact) || ulps(got, exact) <= math.MaxFloat64
		}
		switch {
		case i > 0 && e.Input <= t.Examples[i-1].Input:
			return fmt.Errorf("Examples[%d].Input: got %s, want the bits to ascend", i, e.Input)
		case e.ULP != 0:
			return fmt.Errorf("Examples[%d].ULP: got %v, want 0", i, e.ULP)
		case right:
			return fmt.Errorf("Examples[%d].Got: got %v, want a result of a wrong class where %v is exact", i, got, exact)
		}
	}
	if others := uint64(len(t.Examples)) - atFinite; atFinite > t.WrongFinite() || others > t.WrongClass-t.WrongFinite() {
		return wrong("Examples", "got %d at finite inputs and %d at others, want at most %d and %d", atFinite, others, t.WrongFinite(), t.WrongClass-t.WrongFinite())
	}
	return nil
}

func (s *state) checkDifference(d Difference) error {
	if d.Count == 0 {
		if d != (Difference{Variant: d.Variant}) {
			return wrong("Count", "got 0, want the number of the differences, of which there is one at %s", d.Input)
		}
		return nil
	}
	if most := uint64(len(outputs)) * s.Counts.Inputs; d.Count > most {
		return wrong("Count", "got %d, want at most the %d results", d.Count, most)
	}
	if err := s.checkInput(d.Input); err != nil {
		return err
	}
	switch {
	case !slices.ContainsFunc(outputs[:], func(o Output) bool { return o.String() == d.Output }):
		return wrong("Output", "got %.100q, want one such as %q", d.Output, outputs[0])
	case sameClass(float64(d.Got), float64(d.Want)):
		return wrong("Got", "got %v, want another number than %v", float64(d.Got), float64(d.Want))
	}
	return nil
}

// checkInput returns an error unless the number is an input of the chunks done.
func (s *state) checkInput(b Bits32) error {
	if !s.has(b) {
		return wrong("Input", "got %s, want an input of %s", b, s.Module)
	}
	if c := int(b&^sign32) / chunkSize; !s.Done.has(c) {
		return wrong("Input", "got %s, want an input of the chunks done: chunk %d is not", b, c)
	}
	return nil
}

// wrong is the error of a field, under its name in the file.
func wrong(field, format string, args ...any) error {
	return fmt.Errorf("%s: %s", field, fmt.Sprintf(format, args...))
}
