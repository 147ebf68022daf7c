package diagnosis

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"lossproof/internal/claim"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/ports/wire"
	"lossproof/tensor"
)

// The bounds of looking for a small call: tries without the port, and questions to it.
const (
	maxTries  = 400
	maxShrink = 45
)

// shrunk returns a smaller call for which is holds: without what is optional, with fewer elements and
// rounder numbers. is is asked at most so often.
func shrunk(ctx context.Context, call ports.Call, tries int, is func(ports.Call) bool) ports.Call {
	for smaller := true; smaller; {
		smaller = false
		for _, candidate := range smallerCalls(call) {
			if tries--; tries < 0 || ctx.Err() != nil {
				return call
			}
			if is(candidate) {
				call, smaller = candidate, true
				break
			}
		}
	}
	return call
}

// smallerCalls returns calls that are a step smaller, the smallest first.
func smallerCalls(call ports.Call) []ports.Call {
	var all []ports.Call
	change := func(f func(c *ports.Call)) {
		c := call
		c.Inputs = maps.Clone(call.Inputs)
		f(&c)
		all = append(all, c)
	}
	input := call.Inputs[ports.Input]
	for axis, n := range input.Shape {
		for _, kept := range partsOf(n) {
			if c, ok := kept.of(call, axis); ok {
				all = append(all, c)
			}
		}
	}
	for _, name := range []string{ports.GradOutput, ports.PosWeight, ports.Weight} {
		if _, ok := call.Inputs[name]; ok && !slices.Contains(call.Want, "grad_"+name) {
			change(func(c *ports.Call) { delete(c.Inputs, name) })
		}
	}
	if call.Options.LabelSmoothing != nil {
		change(func(c *ports.Call) { c.Options.LabelSmoothing = nil })
	}
	if call.Options.IgnoreIndex != nil {
		change(func(c *ports.Call) { c.Options.IgnoreIndex = nil })
	}
	for _, name := range []string{ports.Input, ports.Target, ports.Weight, ports.PosWeight, ports.GradOutput} {
		t, ok := call.Inputs[name]
		if !ok || !t.DType.IsFloat() || t.Len() > 64 {
			continue
		}
		values := t.Float64s()
		plain := []func(float64) float64{constant(0), constant(1), math.Round, halves, tenths}
		if name != ports.Input && name != ports.Target { // a weight of 0 hides everything, one of 1 nothing
			plain = []func(float64) float64{constant(2), constant(3), math.Round, halves, tenths}
		}
		for _, f := range plain {
			rounder := slices.Clone(values)
			for i, v := range values {
				if w := f(v); plainness(w) < plainness(v) {
					rounder[i] = w
				}
			}
			if !slices.Equal(rounder, values) {
				change(func(c *ports.Call) { c.Inputs[name] = tensor.FromValues(t.DType, rounder, t.Shape...) })
			}
			for i, v := range values {
				if w := f(v); len(values) <= 8 && plainness(w) < plainness(v) {
					one := slices.Clone(values)
					one[i] = w
					change(func(c *ports.Call) { c.Inputs[name] = tensor.FromValues(t.DType, one, t.Shape...) })
				}
			}
		}
	}
	return all
}

func constant(v float64) func(float64) float64 { return func(float64) float64 { return v } }

func halves(v float64) float64 { return math.Round(2*v) / 2 }
func tenths(v float64) float64 { return math.Round(10*v) / 10 }

// plainness orders numbers by how plain they are.
func plainness(v float64) float64 {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return 9
	case v == 0 && math.Signbit(v):
		return 0.5
	case v == 0:
		return 0
	case v == 1:
		return 1
	case v == math.Trunc(v):
		return 2 + math.Min(math.Abs(v), 1e6)/1e7
	case 2*v == math.Trunc(2*v):
		return 3
	case math.Abs(v-tenths(v)) < 1e-6:
		return 4
	}
	return 5
}

// part is a range of entries along an axis.
type part struct{ from, to int }

// partsOf returns parts of n entries: one, halves, all but one.
func partsOf(n int) []part {
	switch {
	case n < 2:
		return nil
	case n == 2:
		return []part{{0, 1}, {1, 2}}
	}
	return []part{{0, 1}, {n - 1, n}, {0, 2}, {0, (n + 1) / 2}, {n / 2, n}, {0, n - 1}, {1, n}}
}

// of returns a call with a part of the entries along an axis of the input, and of what belongs to it.
func (p part) of(call ports.Call, axis int) (ports.Call, bool) {
	c := call
	c.Inputs = map[string]tensor.Tensor{}
	input := call.Inputs[ports.Input]
	n, rank := input.Shape[axis], len(input.Shape)
	rows := ports.ModuleOf(call.Module).HasClasses()
	classAxis := rank // there is none
	if rows {
		classAxis = min(1, rank-1)
	} else if ports.ModuleOf(call.Module).LossOf == ports.OfLastDimension {
		classAxis = rank - 1
	}
	for name, t := range call.Inputs {
		at := axis - (rank - len(t.Shape)) // as broadcasting has it
		lacks := rows && name == ports.Target && !t.DType.IsFloat() || name == ports.GradOutput && len(t.Shape) == rank-1
		switch {
		case rows && name == ports.Weight:
			at = -1
			if axis == classAxis {
				at = 0
			}
		case lacks && axis == classAxis:
			at = -1
			if t.DType == tensor.Int64 && name == ports.Target {
				for i := range t.Len() {
					if y := t.Float64(i); y >= float64(p.to-p.from) {
						return c, false // its class is gone
					}
				}
			}
		case lacks:
			if at = axis; axis > classAxis {
				at--
			}
		}
		if at >= 0 && at < len(t.Shape) && t.Shape[at] == n {
			t = cut(t, at, p)
		}
		c.Inputs[name] = t
	}
	return c, true
}

// cut returns a part of a tensor along an axis.
func cut(t tensor.Tensor, axis int, p part) tensor.Tensor {
	shape := slices.Clone(t.Shape)
	n, inner := shape[axis], t.DType.Size()
	for _, d := range shape[axis+1:] {
		inner *= d
	}
	shape[axis] = p.to - p.from
	var data []byte
	for start := 0; start+n*inner <= len(t.Data) && n*inner > 0; start += n * inner {
		data = append(data, t.Data[start+p.from*inner:start+p.to*inner]...)
	}
	return tensor.Tensor{DType: t.DType, Shape: shape, Data: data}
}

// reproduction returns a small call that shows the mistakes which explain one of the places, as the port
// makes them, the plainest of a few; nil where there is none.
// under a condition.
func (m *examination) reproduction(ctx context.Context, h hypothesis, explained []*place, under condition) (best *judge.Reproduction) {
	least := math.Inf(1)
	explained = slices.DeleteFunc(slices.Clone(explained), func(p *place) bool { return !under.holds(p) })
	for _, p := range simplest(explained) {
		d, ok := m.together(h, h.by[p.index][0])
		if !ok || p.elements > maxElements {
			continue
		}
		first := p.call
		if p.output != "" {
			first.Want = []string{p.output}
		}
		if !shows(d, first, m.level) {
			continue
		}
		small := shrunk(ctx, first, maxTries, func(c ports.Call) bool {
			return under.holds(&place{exhibit: exhibitOf(c), output: p.output}) && showsPlainly(d, c, p, m)
		})
		for _, call := range []ports.Call{small, first} {
			answer, err := judge.Ask(ctx, m.port, call)
			if err != nil {
				return best
			}
			if sameAnswer(d, call, answer, d.Evaluate(call), m.level) {
				if r, w := reproduced(call, answer), weightOfCall(call); r != nil && w < least {
					best, least = r, w
				}
				break
			}
		}
	}
	return best
}

// weightOfCall is how much there is to read in a call: few dimensions and round numbers are plain.
func weightOfCall(call ports.Call) float64 {
	w := float64(len(call.Inputs[ports.Input].Shape))
	for _, t := range call.Inputs {
		for _, v := range t.Float64s() {
			w += 1 + plainness(v)
		}
	}
	return w
}

// showsPlainly reports whether the answer of d to a call is wrong, in the same way as at p: a refusal, or
// numbers that are wrong.
func showsPlainly(d interface {
	Evaluate(ports.Call) ports.Answer
}, call ports.Call, p *place, m *examination) bool {
	theirs, ours := d.Evaluate(call), right.Evaluate(call)
	if p.output == "" {
		return (theirs.Rejected == nil) != (ours.Rejected == nil) && theirs.Failed == nil && ours.Failed == nil
	}
	return theirs.Rejected == nil && ours.Outputs != nil && ours.Outputs[p.output].Len() > 0 && !sameAnswer(right, call, theirs, ours, m.level)
}

// exhibitOf is a call that is in no fixture.
func exhibitOf(call ports.Call) *exhibit {
	words := claim.FeaturesOf(call)
	return &exhibit{observation: observation{words: words}, call: call, elements: call.Inputs[ports.Input].Len()}
}

// within reports whether a wrong answer lies within a border, by one of the elements that are wrong.
func (m *examination) within(b *Border, output string, call ports.Call, answer, ours ports.Answer) bool {
	e := exhibitOf(call)
	got, want := answer.Outputs[output], ours.Outputs[output]
	_, err := tensor.New(got.DType, got.Shape, got.Data)
	if !slices.Contains(b.Outputs, output) || err != nil || got.Len() != want.Len() {
		r := callRow(e)
		return b.holds(&r)
	}
	call.Want = []string{output}
	wrong := wrongElements(got, want, byMagnitude(right, call, output, want, m.level), min(want.Len(), maxElements))
	return slices.ContainsFunc(rowsOf(&place{exhibit: e, output: output}, wrong, nil), func(r row) bool { return b.holds(&r) })
}

// shown returns a small call that shows what lies within a border: the port is asked, and is wrong in one way or another, as wrong says.
func (m *examination) shown(ctx context.Context, b *Border, group []*place, wrong func(p *place, answer, ours ports.Answer, call ports.Call) bool) *judge.Reproduction {
	asks := maxShrink
	for k, p := range simplest(group) {
		if k == 2 || p.elements > maxElements {
			return nil
		}
		first := p.call
		if p.output != "" {
			first.Want = []string{p.output}
		}
		is := func(c ports.Call) bool {
			if asks--; asks < 0 {
				return false
			}
			answer, err := judge.Ask(ctx, m.port, c)
			if err != nil {
				return false
			}
			ours := right.Evaluate(c)
			return wrong(p, answer, ours, c) && m.within(b, p.output, c, answer, ours)
		}
		if !is(first) {
			continue
		}
		small := shrunk(ctx, first, maxTries, is)
		if answer, err := judge.Ask(ctx, m.port, small); err == nil {
			return reproduced(small, answer)
		}
	}
	return nil
}

// simplest returns the few places whose calls are the plainest: finite, small, with few inputs.
func simplest(places []*place) []*place {
	weight := func(p *place) int {
		w := min(p.elements, 1000) + 20*len(p.call.Inputs)
		if p.elements == 0 {
			w += 2000
		}
		for _, t := range p.call.Inputs {
			for i := range min(t.Len(), 64) {
				if v := t.Float64(i); math.IsNaN(v) || math.IsInf(v, 0) {
					return w + 5000
				}
			}
		}
		return w
	}
	some := places[:min(len(places), 400)]
	some = slices.Clone(some)
	slices.SortStableFunc(some, func(a, b *place) int { return weight(a) - weight(b) })
	return some[:min(len(some), 3)]
}

// reproduced describes a call and the wrong answer to it.
func reproduced(call ports.Call, answer ports.Answer) *judge.Reproduction {
	line, err := wire.EncodeRun(1, call)
	if err != nil || len(line) > 4000 || len(call.Want) == 0 {
		return nil
	}
	r := &judge.Reproduction{Request: line, Call: callInNumbers(call), Output: call.Want[0]}
	r.Got, r.Want = answerInNumbers(answer, r.Output), answerInNumbers(right.Evaluate(call), r.Output)
	return r
}

func answerInNumbers(answer ports.Answer, output string) string {
	switch {
	case answer.Rejected != nil:
		return "refused"
	case answer.Unsupported != nil:
		return "unsupported"
	case answer.Failed != nil:
		message, _, _ := strings.Cut(answer.Failed.Message, "\n")
		return "an error, " + message
	}
	t, ok := answer.Outputs[output]
	if !ok {
		return "nothing"
	}
	if _, err := tensor.New(t.DType, t.Shape, t.Data); err != nil {
		return "nothing of sense"
	}
	return inNumbers(t)
}

// callInNumbers writes a call in a line: reduction="mean"; float32 input [1, -2], target [1, 0]. The dtype of another input is
// said where it is not what one thinks.
func callInNumbers(call ports.Call) string {
	var parts []string
	for _, name := range ports.InputNames() {
		if t, ok := call.Inputs[name]; ok {
			if classes := ports.ModuleOf(call.Module).HasClasses() && name == ports.Target; classes && t.DType != tensor.Int64 || !classes && t.DType != call.Inputs[ports.Input].DType {
				name += " " + string(t.DType) // it says what the numbers are
			}
			parts = append(parts, name+" "+inNumbers(t))
		}
	}
	options := call.Options.String()
	if options != "" {
		options += "; "
	}
	return fmt.Sprintf("%s%s %s", options, call.Inputs[ports.Input].DType, strings.Join(parts, ", "))
}

// maxNumbers bounds the numbers of a tensor that are written.
const maxNumbers = 12

func inNumbers(t tensor.Tensor) string {
	if t.Len() > maxNumbers || t.Len() == 0 {
		return "of shape " + tensor.FormatShape(t.Shape)
	}
	at := 0
	var nested func(shape []int) string
	nested = func(shape []int) string {
		if len(shape) == 0 {
			at++
			return t.Text(at - 1)
		}
		parts := make([]string, shape[0])
		for i := range parts {
			parts[i] = nested(shape[1:])
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return nested(t.Shape)
}
