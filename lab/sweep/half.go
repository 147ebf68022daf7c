package sweep

import (
	"context"
	"fmt"
	"math"
	"slices"

	"lossproof/internal/definition"
	"lossproof/internal/halves"
	"lossproof/ports"
	"lossproof/tensor"
)

// halfPoint is what an output has at an input.
type halfPoint struct {
	got, exact float64
	// ulps is the error, infinite for a result of a wrong class.
	ulps  float32
	asked bool
	// zero says that the result is 0, and the nearest number is not.
	zero bool
}

// halfPoints are those of the outputs, by the bits of the input.
type halfPoints [len(outputs)][1 << 16]halfPoint

// Half measures modules of a port at every number of a dtype of 16 bits, and at the targets 0 and 1: a result for each module. The rows of CrossEntropyLoss are
// (x, 0). The oracle is the definition of the loss. No modules are those that the port claims for the dtype.
func Half(ctx context.Context, port ports.Port, dtype tensor.DType, modules []string, progress func(done, total int64)) ([]*Result, ports.Description, error) {
	d, err := port.Describe(ctx)
	if err != nil {
		return nil, d, err
	}
	if len(modules) == 0 {
		for _, m := range ports.Modules() {
			if slices.Contains(d.Modules[m.Name].DTypes, dtype) {
				modules = append(modules, m.Name)
			}
		}
	}
	if len(modules) == 0 {
		return nil, d, fmt.Errorf("the port claims no module for %s", dtype)
	}
	var results []*Result
	for k, module := range modules {
		without := []string{"reduction:none", "rank:2"}
		if ports.ModuleOf(module).HasClasses() {
			without = append(without, "integer_targets")
		}
		if err := claims(d, module, dtype, without...); err != nil {
			return nil, d, err
		}
		show := func(done int64) {
			if progress != nil {
				progress(int64(k)<<16+done, int64(len(modules))<<16)
			}
		}
		show(0)
		r, err := measureHalf(ctx, port, dtype, module, show)
		if err != nil {
			return nil, d, err
		}
		r.Variants = []string{fmt.Sprintf("%s of %s %s", module, d.Port.Name, d.Port.Version)}
		results = append(results, r)
	}
	return results, d, nil
}

// measureHalf measures a module.
func measureHalf(ctx context.Context, port ports.Port, dtype tensor.DType, module string, progress func(done int64)) (*Result, error) {
	r := &Result{Module: module, DType: dtype, Complete: true, points: new(halfPoints)}
	for _, o := range outputs {
		r.Tallies = append(r.Tallies, NamedTally{Output: o.String()})
	}
	all := halves.Numbers(module, dtype, false, false)
	for inputs := range slices.Chunk(all, halves.PerCall) {
		for _, one := range []bool{false, true} {
			if err := r.askHalf(ctx, port, inputs, one); err != nil {
				return nil, err
			}
		}
		r.Inputs += uint64(len(inputs))
		progress(int64(r.Inputs) << 16 / int64(len(all)))
	}
	r.Maps = map[string]*halves.Map{}
	for o, output := range outputs {
		name := "loss"
		if output.Gradient {
			name = "gradient"
		}
		m := r.Maps[name]
		if m == nil {
			m = new(halves.Map)
			r.Maps[name] = m
		}
		for k := range m {
			if p := r.points[o][halves.Ascending(k)]; p.asked {
				m[k] = max(m[k], halves.AccuracyOf(float64(p.ulps), p.zero))
			}
		}
	}
	return r, nil
}

// askHalf measures some inputs at a target.
func (r *Result) askHalf(ctx context.Context, port ports.Port, inputs []uint16, one bool) error {
	target := 0.0
	if one {
		target = 1
	}
	call := halves.Call(r.Module, r.DType, inputs, target, []string{ports.Loss, ports.GradInput})
	shapes := map[string][]int{}
	for _, output := range call.Want {
		shapes[output] = halves.Shape(r.Module, output, len(inputs))
	}
	got, err := ask(ctx, port, call, r.DType, shapes)
	if err != nil {
		return err
	}
	exact, err := definition.Of(r.Module).Exact(call)
	if err != nil {
		return err
	}
	m, columns := r.module(), call.Inputs[ports.Input].Shape[1]
	for o, output := range outputs {
		name, step := ports.Loss, 1
		if output.Gradient {
			name, step = ports.GradInput, columns
		}
		if output.One != one {
			continue
		}
		for i, bits := range inputs {
			x := call.Inputs[ports.Input].Float64(i * columns)
			r.Tallies[o].half(&r.points[o][bits], m, x, got[name].Float64(i*step), exact[name], i*step)
		}
	}
	return nil
}

// half counts a result of 16 bits, and sets what is known of it.
func (t *Tally) half(p *halfPoint, m *module, x, got float64, exact definition.Exact, at int) {
	least, most := exact.Nearest(at)
	high, low := exact.Pair(at)
	input := Bits32(math.Float32bits(float32(x)))
	right := got >= least && got <= most || math.IsNaN(got) && math.IsNaN(least)
	sameKind := math.IsNaN(got) == math.IsNaN(least) && math.IsInf(got, 0) == math.IsInf(least, 0)
	*p = halfPoint{got: got, exact: high, asked: true, zero: got == 0 && !right}
	t.Elements++
	finite := !math.IsNaN(x) && !math.IsInf(x, 0)
	if finite {
		t.Finite++
	}
	if !right && (!finite || !sameKind) {
		p.ulps = float32(math.Inf(1))
		t.wrongClass(Error{Input: input, Got: Number(got), Exact: Number(high)})
		if finite {
			t.Profile.add(m.place(x), math.Inf(1))
		}
		return
	}
	if !finite {
		return
	}
	ulps := 0.0
	if !math.IsInf(got, 0) && !math.IsNaN(got) {
		ulps = math.Abs((got-high)-low) / exact.DType.Format().ULP(high)
	}
	p.ulps = float32(ulps)
	if right {
		t.Correct++
	}
	if p.zero {
		t.Zeros++
		if t.FirstZero == nil || math.Abs(x) < math.Abs(float64(t.FirstZero.Float())) {
			t.FirstZero = &input
		}
	}
	t.Histogram.add(ulps)
	t.Profile.add(m.place(x), ulps)
	if ulps > 0 {
		t.worst(&Error{ULP: ulps, Input: input, Got: Number(got), Exact: Number(high)})
	}
}

// halfModule is a module at the numbers of 16 bits.
func halfModule(name string, dtype tensor.DType) *module {
	m := &module{name: name, input: halves.Noun(name), inputs: halves.Nouns(name), axis: "logit", every: fmt.Sprintf("Every %s number was a %s", dtype, halves.Noun(name))}
	switch name {
	case BCELoss:
		m.every, m.axis, m.note = fmt.Sprintf("Every %s number in [0, 1] was a probability, -0 too", dtype), modules[1].axis, boundedText
	case CrossEntropyLoss:
		m.note = "The rows are (x, 0): the loss at target 1 is that of the class of x, and the gradient that in x."
	}
	return m
}

// place returns where an input lies on the axis.
func (m *module) place(x float64) float64 {
	if m.name == BCELoss {
		return math.Log(x) - math.Log1p(-x)
	}
	return x
}
