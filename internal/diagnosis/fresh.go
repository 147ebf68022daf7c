package diagnosis

import (
	"context"
	"hash/fnv"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"lossproof/internal/divergence"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// How many calls are tried until one shows a divergence: of so many failures, with so many
// seeds each.
const (
	freshFailures = 12
	freshSeeds    = 6
)

// fresh makes calls that no fixture has and that show the mistakes which explain some of the places, and asks the port, until two
// of three are answered alike. It returns nil where there is no such call, or no answer.
func (m *examination) fresh(ctx context.Context, h hypothesis, explained []*place) *judge.Fresh {
	tried := 0
	var asked []*judge.Fresh
	var last *exhibit
	for _, p := range explained {
		if p.exhibit == last {
			continue
		}
		last = p.exhibit
		d, ok := m.together(h, h.by[p.index][0])
		if !ok {
			continue
		}
		seeds := freshSeeds
		if p.elements > maxElements { // it takes its time
			if seeds = 1; !d.Sums {
				continue
			}
		}
		if _, ok := Varied(p.call, p.check.ID, 0); !ok { // a scalar 0 or 1
			continue
		}
		if tried += freshSeeds / seeds; tried > freshFailures {
			break
		}
		for seed := range seeds {
			call, ok := Varied(p.call, p.check.ID, uint64(seed))
			if p.output != "" { // another output may be right, or another matter
				call.Want = []string{p.output}
			}
			if !ok || !shows(d, call, m.level) {
				continue
			}
			answer, err := judge.Ask(ctx, m.port, call)
			if err != nil {
				break
			}
			// With other numbers, the other mistakes may show as well.
			predicted := sameAnswer(d, call, answer, d.Evaluate(call), m.level)
			if all, ok := m.together(h, 1<<len(h.mistakes)-1); !predicted && ok {
				predicted = sameAnswer(all, call, answer, all.Evaluate(call), m.level)
			}
			this := &judge.Fresh{From: p.check.ID, Call: call.String(), Predicted: predicted}
			if slices.ContainsFunc(asked, func(other *judge.Fresh) bool { return other.Predicted == predicted }) {
				return this
			}
			asked = append(asked, this)
			break
		}
	}
	if len(asked) == 0 {
		return nil
	}
	return asked[0]
}

// sameAnswer reports whether a port's answer is that of d.
func sameAnswer(d *divergence.Divergence, call ports.Call, answer, predicted ports.Answer, level verdict.Level) bool {
	switch {
	case predicted.Rejected != nil:
		return answer.Rejected != nil
	case predicted.Unsupported != nil:
		return answer.Unsupported != nil
	case answer.Outputs == nil || predicted.Outputs == nil:
		return false
	}
	return sameOutputs(d, call, answer.Outputs, predicted.Outputs, level)
}

// shows reports whether the answer of d to a call is not the right one.
func shows(d *divergence.Divergence, call ports.Call, level verdict.Level) bool {
	right, theirs := divergence.Right(call), d.Evaluate(call)
	return !sameAnswer(d, call, right, theirs, level)
}

// Varied returns a call like another, with other numbers: finite ones that are neither 0 nor a
// target 1 are scaled at random. Where there are none, the call gets other sizes. ok is false
// where neither makes a difference.
func Varied(call ports.Call, id string, seed uint64) (ports.Call, bool) {
	hash := fnv.New64a()
	hash.Write([]byte(id))
	random := rand.New(rand.NewPCG(hash.Sum64(), seed))
	other := call
	other.Inputs = map[string]tensor.Tensor{}
	changed := false
	for _, name := range slices.Sorted(maps.Keys(call.Inputs)) {
		role := name
		if name == ports.Input && call.Module == ports.BCELoss {
			role = ports.Target // it has to stay in the range as well
		}
		t, different := scaled(call.Inputs[name], role, random)
		other.Inputs[name] = t
		changed = changed || different
	}
	if changed {
		return other, true
	}
	return enlarged(call, 1, 1)
}

// enlarged returns a call whose sizes above 1 are so many times as large, and some more. Equal sizes stay equal.
func enlarged(call ports.Call, times, more int) (ports.Call, bool) {
	other := call
	other.Inputs = map[string]tensor.Tensor{}
	changed := false
	for name, t := range call.Inputs {
		grown, different := resized(t, times, more)
		other.Inputs[name] = grown
		changed = changed || different
	}
	return other, changed
}

// stretched returns a call whose logits are so many times as far from 0, and whose probabilities are nearer to 0 and 1.
func stretched(call ports.Call, times float64) (ports.Call, bool) {
	t := call.Inputs[ports.Input]
	if t.DType != tensor.Float32 && t.DType != tensor.Float64 {
		return call, false
	}
	values := t.Float64s()
	for i, v := range values {
		switch w := v * times; {
		case call.Module == ports.BCELoss && v < 0.5:
			values[i] = math.Pow(v, times)
		case call.Module == ports.BCELoss:
			values[i] = 1 - math.Pow(1-v, times)
		case math.Abs(w) <= largest(t.DType):
			values[i] = w
		}
	}
	call.Inputs = maps.Clone(call.Inputs)
	call.Inputs[ports.Input] = tensor.FromValues(t.DType, values, t.Shape...)
	return call, !slices.Equal(values, t.Float64s())
}

// afield are ways to calls that are far from those of the fixtures.
var afield = []func(call ports.Call) (ports.Call, bool){
	func(call ports.Call) (ports.Call, bool) { return stretched(call, 2.75) },
	func(call ports.Call) (ports.Call, bool) { return enlarged(call, 8, 1) },
}

// maxAfield is the number of such calls that a mistake is held against, leastAfield that of those that it has to fail.
// maxTriedAfield bounds those that are made.
const maxAfield, leastAfield, maxTriedAfield = 4, 2, 32

// refuted reports whether the port makes none of the answers that a mistake predicts to calls of larger numbers, or of
// larger sizes, than those that it explains: what it explains has another reason.
func (m *examination) refuted(ctx context.Context, h hypothesis, explained []*place, under condition) bool {
	all, ok := m.together(h, 1<<len(h.mistakes)-1)
	fails := func(far func(call ports.Call) (ports.Call, bool)) bool {
		asked, tried := 0, 0
		var last *exhibit
		for _, p := range explained {
			if tried > maxTriedAfield || ctx.Err() != nil {
				break
			}
			d, has := m.together(h, h.by[p.index][0])
			if p.exhibit == last || p.output == "" || p.elements > smallEnough || !has {
				continue
			}
			last = p.exhibit
			tried++
			call, different := far(p.call)
			call.Want = []string{p.output}
			if !different || call.Inputs[ports.Input].Len() > 4*maxElements || !under.holds(&place{exhibit: exhibitOf(call), output: p.output}) || !shows(d, call, m.level) {
				continue
			}
			answer, err := judge.Ask(ctx, m.port, call)
			if err != nil || answer.Outputs == nil || sameAnswer(d, call, answer, d.Evaluate(call), m.level) ||
				ok && sameAnswer(all, call, answer, all.Evaluate(call), m.level) {
				return false
			}
			if asked++; asked == maxAfield {
				break
			}
		}
		return asked >= leastAfield
	}
	return slices.ContainsFunc(afield, fails)
}

// scaled returns a tensor with its ordinary numbers scaled.
func scaled(t tensor.Tensor, name string, random *rand.Rand) (tensor.Tensor, bool) {
	changed := false
	if t.DType != tensor.Float32 && t.DType != tensor.Float64 {
		return t, false
	}
	values := t.Float64s()
	for i, v := range values {
		factor := 1 + 0.25*(2*random.Float64()-1)
		if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) || name == ports.Target && v == math.Trunc(v) {
			continue
		}
		if name == ports.Target && 0 < v && v < 1 {
			factor = min(factor, 1) // stay in the range
		}
		if w := v * factor; !math.IsInf(w, 0) && math.Abs(w) <= largest(t.DType) {
			values[i] = w
			changed = true
		}
	}
	return tensor.FromValues(t.DType, values, t.Shape...), changed
}

// resized returns a tensor whose sizes above 1 are so many times as large and some more, filled with the same numbers
// over and over.
func resized(t tensor.Tensor, times, more int) (tensor.Tensor, bool) {
	shape := slices.Clone(t.Shape)
	changed := false
	for axis, d := range shape {
		if d > 1 {
			shape[axis] = times*d + more
			changed = true
		}
	}
	n, err := tensor.Count(shape)
	if err != nil || !changed {
		return t, false
	}
	size := t.DType.Size()
	data := make([]byte, 0, n*size)
	for i := 0; len(t.Data) > 0 && i < n; i++ {
		at := i % t.Len() * size
		data = append(data, t.Data[at:at+size]...)
	}
	return tensor.Tensor{DType: t.DType, Shape: shape, Data: data}, true
}

func largest(dtype tensor.DType) float64 {
	if dtype == tensor.Float32 {
		return math.MaxFloat32
	}
	return math.MaxFloat64
}
