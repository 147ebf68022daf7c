// Package resolution measures the suite: how wrong an answer has to be for its cases to see it.
package resolution

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"lossproof/fixtures"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// Row is what the cases of a topic see of the answers of one dtype.
type Row struct {
	Module, Topic string
	DType         tensor.DType
	// Outputs is the number of answers that have a number to be scaled.
	Outputs int
	// Parity and Exact say what is seen at these levels.
	Parity, Exact Seen
}

// Seen says by which part an answer has to be scaled to fail.
type Seen struct {
	// Median and Worst are powers of ten: the largest part of an answer by which all of its elements can
	// be wrong and pass. 1 means that twice the answer passes, or 0. At is the output of Worst.
	Median, Worst float64
	At            string

	all []float64
}

// finest is the exponent of the smallest error that is tried.
const finest = 16

func (s *Seen) add(passing float64, at string) {
	s.all = append(s.all, passing)
	if s.At == "" || passing > s.Worst {
		s.Worst, s.At = passing, at
	}
}

// Of asks a port the cases, and multiplies each answer that passes by 1 ± 10^-k until it fails. Cases of
// quirks, which decide nothing, are left out.
func Of(ctx context.Context, port ports.Port, set *fixtures.Set, cases []*fixtures.Case) ([]Row, error) {
	var rows []Row
	for _, c := range cases {
		if rule, err := set.Rule(c.Rule); err != nil || c.Rejection != nil || rule.Requirement == fixtures.Quirk {
			continue
		}
		inputs, err := set.Inputs(c)
		if err != nil {
			return nil, err
		}
		answer, err := port.Evaluate(ctx, ports.Call{Module: c.Module, Options: c.Options, Inputs: inputs, Want: c.OutputNames()})
		if err != nil {
			return nil, err
		}
		for _, name := range c.OutputNames() {
			want, err := set.Expected(c, name)
			if err != nil {
				return nil, err
			}
			got, ok := answer.Outputs[name]
			if !ok || !scalable(got) {
				continue
			}
			r := find(&rows, c, inputs[ports.Input].DType)
			r.Outputs++
			for level, seen := range map[verdict.Level]*Seen{verdict.Parity: &r.Parity, verdict.Exact: &r.Exact} {
				if passes(got, want, level) {
					seen.add(passing(got, want, level), c.ID+"#"+name)
				}
			}
		}
	}
	for i := range rows {
		for _, seen := range []*Seen{&rows[i].Parity, &rows[i].Exact} {
			if slices.Sort(seen.all); len(seen.all) > 0 {
				seen.Median = seen.all[len(seen.all)/2]
			}
		}
	}
	return rows, nil
}

func find(rows *[]Row, c *fixtures.Case, dtype tensor.DType) *Row {
	i := slices.IndexFunc(*rows, func(r Row) bool { return r.Module == c.Module && r.Topic == c.Topic && r.DType == dtype })
	if i < 0 {
		i, *rows = len(*rows), append(*rows, Row{Module: c.Module, Topic: c.Topic, DType: dtype})
	}
	return &(*rows)[i]
}

// scalable reports whether an element is finite and not 0.
func scalable(t tensor.Tensor) bool {
	return slices.ContainsFunc(t.Float64s(), func(v float64) bool { return v != 0 && !math.IsNaN(v) && !math.IsInf(v, 0) })
}

func passes(got tensor.Tensor, want fixtures.Expected, level verdict.Level) bool {
	r := verdict.Compare(got, want)
	return r.Pass(level)
}

// passing is the largest power of ten by which all elements of an answer can be wrong and pass, 0 where
// none is that was tried.
func passing(got tensor.Tensor, want fixtures.Expected, level verdict.Level) float64 {
	for k := 0; k <= finest; k++ {
		e := math.Pow10(-k)
		for _, factor := range []float64{1 + e, 1 - e} {
			if passes(scaled(got, factor), want, level) {
				return e
			}
		}
	}
	return 0
}

func scaled(t tensor.Tensor, factor float64) tensor.Tensor {
	values := t.Float64s()
	for i := range values {
		values[i] *= factor
	}
	return tensor.FromValues(t.DType, values, t.Shape...)
}

// Write writes the rows as a table.
func Write(w io.Writer, rows []Row) {
	fmt.Fprintf(w, "%-26s %-22s %-8s %7s %8s %8s %8s %8s  %s\n", "module", "topic", "dtype", "outputs", "parity", "worst", "exact", "worst", "where parity is worst")
	for _, r := range rows {
		fmt.Fprintf(w, "%-26s %-22s %-8s %7d %8.0e %8.0e %8.0e %8.0e  %s\n", r.Module, r.Topic, r.DType, r.Outputs, r.Parity.Median, r.Parity.Worst, r.Exact.Median, r.Exact.Worst, r.Parity.At)
	}
	fmt.Fprintln(w, "\nparity, exact: the largest part 10^-k of an answer by which all of its elements can be wrong and pass at this level, of half of the outputs and of the worst")
}
