package halves

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"lossproof/internal/claim"
	"lossproof/internal/definition"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// Ask sends a call, and returns what waits for its answer. It has to bear panics.
type Ask func(ctx context.Context, call ports.Call) (wait func() (ports.Answer, error))

// Result is what came of a check.
type Result struct {
	// Inputs counts the numbers that were asked, Right those at which all results are right, and Nearest
	// those at which all results are the numbers nearest to the exact ones.
	Inputs, Right, Nearest int
	// Calls is the number of calls that were answered.
	Calls int
	// Broken describes what is wrong; "" means that all is right. Counterexample is the call of the worst
	// input alone.
	Broken         string
	Counterexample *ports.Call
	// Err says that no answer came, or no answer to the call: see [ports.Port].
	Err error
	// Headroom is the largest error, as a share of what is allowed.
	Headroom float64
}

// ahead is the number of calls that are under way at once.
const ahead = 4

// Begin returns what makes a check: end asks the port and judges every answer. It is worth nothing where
// ctx has ended. Where the claim leaves out what the check needs, outside says so, and end is nil.
func (c *Check) Begin(ctx context.Context, cl ports.Claim, level verdict.Level, ask Ask) (end func() Result, outside string) {
	parts, outside := c.parts(cl)
	if outside != "" {
		return nil, outside
	}
	return func() Result {
		j := judging{Check: c, level: level, filter: definition.FilterOf(c.Rule.Module), flushes: slices.Contains(cl.Without, claim.Subnormals), finite: slices.Contains(cl.Without, claim.NonFinite)}
		var waits []func() (ports.Answer, error)
		var result Result
		for i := range parts {
			for len(waits) < len(parts) && len(waits) < i+ahead {
				waits = append(waits, ask(ctx, parts[len(waits)].call))
			}
			answer, err := waits[i]()
			if err == nil {
				err = j.judge(parts[i], answer)
			}
			if err != nil || ctx.Err() != nil {
				for _, wait := range waits[i+1:] { // the port answers in the order in which it was asked
					_, _ = wait()
				}
				if result.Err = err; errors.Is(err, ErrRefused) && ctx.Err() == nil {
					call := j.refused(ctx, parts[i], ask)
					result.Counterexample = &call
				}
				break
			}
			result.Calls++
		}
		j.sum(&result)
		return result
	}, ""
}

// judging is a check under way. The numbers are known by their bits.
type judging struct {
	*Check
	level  verdict.Level
	filter func(x float64) definition.Filter
	// unfiltered leaves everything to the definition.
	unfiltered bool
	// flushes and finite say that the claim leaves out subnormal numbers, and what is not finite.
	flushes, finite bool

	asked, wrong, rough [1 << 16]bool
	// losses are what the filter says of the numbers that were asked.
	losses   [1 << 16]definition.Filter
	headroom float64
	// faults are those of each output at each target, in the order in which they were found.
	faults []*fault
}

// fault is what is wrong with an output at a target.
type fault struct {
	output string
	target float64
	count  int
	// The worst of them, by its share of what is allowed.
	part                       part
	bits                       uint16
	share, got, exact, allowed float64
}

// judge judges an answer.
func (j *judging) judge(p part, a ports.Answer) error {
	switch {
	case a.Failed != nil:
		return fmt.Errorf("the port says that it failed: %s\nthe call: %s", a.Failed.Message, p.call)
	case a.Rejected != nil:
		return fmt.Errorf("%w: the port refuses it: %s\nthe call: %s", ErrRefused, a.Rejected.Message, p.call)
	case a.Unsupported != nil:
		return fmt.Errorf("%w: unsupported inside the claim: %s\nthe call: %s", ErrRefused, a.Unsupported.Reason, p.call)
	}
	inputs := tensor.FromBits16(j.DType, p.bits, len(p.bits)).Float64s()
	for i, bits := range p.bits {
		if !j.asked[bits] {
			j.asked[bits], j.losses[bits] = true, j.filter(inputs[i])
		}
	}
	t, rest := p.target, 1-p.target
	if target := p.call.Inputs[ports.Target]; target.DType.IsFloat() {
		t = target.Float64(0)
		if rest = 1 - t; ports.ModuleOf(p.call.Module).HasClasses() {
			rest = target.Float64(1) // the two do not add to 1 once they are rounded
		}
	}
	for _, output := range p.call.Want {
		got, shape := a.Outputs[output], Shape(p.call.Module, output, len(p.bits))
		if _, err := tensor.New(got.DType, got.Shape, got.Data); err != nil {
			return fmt.Errorf("%w: %s: %w\nthe call: %s", ports.ErrMalformed, output, err, p.call)
		}
		if got.DType != j.DType || !tensor.SameShape(got.Shape, shape) {
			return fmt.Errorf("%w: %s is %s %s, want %s %s\nthe call: %s", ErrRefused, output,
				got.DType, tensor.FormatShape(got.Shape), j.DType, tensor.FormatShape(shape), p.call)
		}
		var apart []int
		columns := got.Len() / len(p.bits)
		values, format := got.Float64s(), j.DType.Format()
		for i, bits := range p.bits {
			one, zero := j.losses[bits].One, j.losses[bits].Zero
			if output == ports.GradInput {
				one, zero = j.losses[bits].SlopeOne, j.losses[bits].SlopeZero
			}
			if j.unfiltered || !nearest(format, t*one, rest*zero, values[i*columns:(i+1)*columns]) {
				apart = append(apart, i)
			}
		}
		if err := j.closely(p, output, got, columns, apart); err != nil {
			return err
		}
	}
	return nil
}

// nearest reports whether the results of an input are surely the numbers that are nearest to the sum of the two
// terms, as far as the filter can tell: of other results the definition decides.
func nearest(format tensor.Format, positive, negative float64, got []float64) bool {
	v, off := positive+negative, 4*definition.FilterError*(math.Abs(positive)+math.Abs(negative))
	least := format.Round(v - off)
	if !(least == format.Round(v+off)) || definition.NotFinite(least) {
		return false
	}
	for column, g := range got {
		if column == 0 && g != least || column == 1 && g != -least {
			return false
		}
	}
	return true
}

// refused returns a call of as few inputs of a part as are refused still, when halves of it are asked.
func (j *judging) refused(ctx context.Context, p part, ask Ask) ports.Call {
	of := func(bits []uint16) part {
		return part{Call(p.call.Module, j.DType, bits, p.target, p.call.Want), p.target, bits}
	}
	still := func(bits []uint16) bool {
		smaller := of(bits)
		answer, err := ask(ctx, smaller.call)()
		return err == nil && errors.Is(j.judge(smaller, answer), ErrRefused)
	}
	bits := p.bits
	for len(bits) > 1 {
		low, high := bits[:len(bits)/2], bits[len(bits)/2:]
		switch {
		case still(low):
			bits = low
		case still(high):
			bits = high
		default:
			return of(bits).call
		}
	}
	return of(bits).call
}

// ErrRefused says that the port answered, but not with the results of the call.
var ErrRefused = fmt.Errorf("no results")

// closely judges those inputs of a part by the exact result.
func (j *judging) closely(p part, output string, got tensor.Tensor, columns int, apart []int) error {
	if len(apart) == 0 {
		return nil
	}
	bits := make([]uint16, len(apart))
	for i, k := range apart {
		bits[i] = p.bits[k]
	}
	call := Call(j.Rule.Module, j.DType, bits, p.target, []string{output})
	l := definition.Of(call.Module)
	exact, err := l.Exact(call)
	if err != nil {
		return fmt.Errorf("%w: %w", ports.ErrRequest, err)
	}
	allowance, err := l.Allow(call, output)
	if err != nil {
		return fmt.Errorf("%w: %w", ports.ErrRequest, err)
	}
	e, format := exact[output], j.DType.Format()
	for i, k := range apart {
		for column := range columns {
			at := i*columns + column
			g := got.Float64(k*columns + column)
			least, most := e.Nearest(at)
			if g >= least && g <= most || math.IsNaN(g) && math.IsNaN(least) {
				continue
			}
			j.rough[bits[i]] = true
			high, low := e.Pair(at)
			allowed := allowance.Tolerance(at, high)
			if j.level != verdict.Exact && !definition.NotFinite(allowance.Cap(at)) {
				allowed = max(allowed, allowance.Cap(at))
			}
			if j.flushes && math.Abs(high) < format.SmallestNormal() {
				allowed = max(allowed, format.SmallestNormal())
			}
			infinite := math.IsInf(tensor.FromBits16(j.DType, bits[i:i+1]).Float64(0), 0)
			switch {
			case !allowance.Known(at), infinite && math.IsNaN(g): // where PyTorch returns NaN, too
			case j.finite && definition.NotFinite(least):
			case verdict.Right(g, high, low, allowed, format.Largest()):
				if share := math.Abs((g-high)-low) / allowed; !definition.NotFinite(share) {
					j.headroom = max(j.headroom, share)
				}
			default:
				j.wrong[bits[i]] = true
				j.fault(p, output, bits[i], g, high, allowed)
			}
		}
	}
	return nil
}

// fault counts what is wrong.
func (j *judging) fault(p part, output string, bits uint16, got, exact, allowed float64) {
	i := slices.IndexFunc(j.faults, func(f *fault) bool { return f.output == output && f.target == p.target })
	if i < 0 {
		i = len(j.faults)
		j.faults = append(j.faults, &fault{output: output, target: p.target})
	}
	f := j.faults[i]
	share := math.Abs(got-exact) / allowed
	if math.IsNaN(share) {
		share = math.Inf(1)
	}
	if f.count++; share > f.share {
		f.part, f.bits, f.share, f.got, f.exact, f.allowed = p, bits, share, got, exact, allowed
	}
}

// sum sets what is known of the inputs.
func (j *judging) sum(r *Result) {
	for bits, asked := range j.asked {
		if !asked {
			continue
		}
		r.Inputs++
		if !j.wrong[bits] {
			r.Right++
		}
		if !j.rough[bits] {
			r.Nearest++
		}
	}
	r.Headroom = j.headroom
	if len(j.faults) == 0 || r.Counterexample != nil {
		return
	}
	var lines []string
	worst := j.faults[0]
	for _, f := range j.faults {
		x := tensor.FromBits16(j.DType, []uint16{f.bits})
		lines = append(lines, fmt.Sprintf("%s at target %v: %d wrong, the worst at %s: got %s, exact %.6g, allowed %.3g",
			f.output, f.target, f.count, tensor.FormatNumber(x.Float64(0), j.DType), tensor.FormatNumber(f.got, j.DType), f.exact, f.allowed))
		if f.share > worst.share {
			worst = f
		}
	}
	r.Broken = fmt.Sprintf("%d of %d %s %s are right, %d correctly rounded\n%s", r.Right, r.Inputs, j.DType, Nouns(j.Rule.Module), r.Nearest, strings.Join(lines, "\n"))
	call := Call(j.Rule.Module, j.DType, []uint16{worst.bits}, worst.target, worst.part.call.Want)
	r.Counterexample = &call
}
