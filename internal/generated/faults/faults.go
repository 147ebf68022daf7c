// Package faults is a catalogue of losses that are wrong by position and size: in the tail of a block,
// from the second tile on, beyond 2^16, in a large vocabulary. Recorded cases are too small to show
// them. Each is found by a generated check, which the entry names.
package faults

import (
	"context"
	_ "embed"
	"encoding/json"
	"maps"
	"math"

	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/tensor"
)

// Fault is a loss that is wrong by position or size.
type Fault struct {
	// Name is that of the catalogue, Title says what is wrong.
	Name, Title string
	Module      string
	// By is the last part of the id of a generated check that finds it.
	By string

	answer answer
}

// Found is how a fault is found.
type Found struct {
	Name   string `json:"name"`
	Title  string `json:"title"`
	Module string `json:"module"`
	By     string `json:"by"`
	// Call is the smallest call that shows it.
	Call string `json:"call"`
}

//go:embed found.json
var found []byte

// Catalogue returns how each fault is found, as the tests of this package found it.
func Catalogue() (list []Found, err error) {
	err = json.Unmarshal(found, &list)
	return list, err
}

// answer answers a call, for which the right loss may be asked.
type answer func(call ports.Call, right func(ports.Call) ports.Answer) ports.Answer

// Port returns the built-in losses with the fault.
func (f *Fault) Port() ports.Port { return port{f} }

type port struct{ fault *Fault }

// Describe implements [ports.Port].
func (port) Describe(ctx context.Context) (ports.Description, error) {
	return builtin.Port{}.Describe(ctx)
}

// Evaluate implements [ports.Port].
func (p port) Evaluate(ctx context.Context, call ports.Call) (ports.Answer, error) {
	var failed error
	right := func(call ports.Call) ports.Answer {
		a, err := builtin.Port{}.Evaluate(ctx, call)
		if err != nil {
			failed = err
		}
		return a
	}
	if call.Module != p.fault.Module {
		return right(call), failed
	}
	return p.fault.answer(call, right), failed
}

// output changes an output, whose elements it may change in place.
func output(name string, change func(c call, v []float64) []float64) answer {
	return func(request ports.Call, right func(ports.Call) ports.Answer) ports.Answer {
		a := right(request)
		if t, ok := a.Outputs[name]; ok {
			v := change(call{request}, t.Float64s())
			shape := t.Shape
			if len(v) != t.Len() {
				shape = []int{len(v)}
			}
			a.Outputs[name] = tensor.FromValues(t.DType, v, shape...)
		}
		return a
	}
}

// input changes an input, whose elements it may change in place.
func input(name string, change func(c call, v []float64) []float64) answer {
	return func(request ports.Call, right func(ports.Call) ports.Answer) ports.Answer {
		if t, ok := request.Inputs[name]; ok {
			v := change(call{request}, t.Float64s())
			changed := map[string]tensor.Tensor{}
			maps.Copy(changed, request.Inputs)
			changed[name] = tensor.FromValues(t.DType, v, t.Shape...)
			request.Inputs = changed
		}
		return right(request)
	}
}

// reduction makes another 'mean' or 'sum' of the losses of elements or rows.
func reduction(change func(c call, losses []float64, mean bool) float64) answer {
	return func(request ports.Call, right func(ports.Call) ports.Answer) ports.Answer {
		a := right(request)
		t, ok := a.Outputs[ports.Loss]
		c := call{request}
		if !ok || c.reduction() == "none" {
			return a
		}
		unreduced, none := request, "none"
		unreduced.Options.Reduction, unreduced.Want = &none, []string{ports.Loss}
		unreduced.Inputs = map[string]tensor.Tensor{}
		for name, t := range request.Inputs {
			if name != ports.GradOutput {
				unreduced.Inputs[name] = t
			}
		}
		losses := right(unreduced).Outputs[ports.Loss]
		a.Outputs[ports.Loss] = tensor.FromValues(t.DType, []float64{change(c, losses.Float64s(), c.reduction() == "mean")}, t.Shape...)
		return a
	}
}

// call is a call with what faults look at.
type call struct{ ports.Call }

func (c call) reduction() string {
	if c.Options.Reduction == nil {
		return "mean"
	}
	return *c.Options.Reduction
}

func (c call) shape() []int { return c.Inputs[ports.Input].Shape }

// classes is the number of classes, and width that of the elements of an entry along the first
// dimension.
func (c call) classes() int { return tensor.ClassesOf(c.shape()).Count }

func (c call) width() int {
	if shape := c.shape(); len(shape) > 0 {
		return definition.Size(shape[1:])
	}
	return 1
}

// target returns the class index of a row, -1 where there is none.
func (c call) target(row int) int {
	t := c.Inputs[ports.Target]
	if t.DType.IsFloat() || row >= t.Len() {
		return -1
	}
	return int(t.Int64(row))
}

// zeroFrom clears what lies at or behind an element.
func zeroFrom(from func(c call, n int) int) func(c call, v []float64) []float64 {
	return func(c call, v []float64) []float64 {
		for i := max(0, from(c, len(v))); i < len(v); i++ {
			v[i] = 0
		}
		return v
	}
}

// modulo reads element i mod n.
func modulo(n int) func(c call, v []float64) []float64 {
	return func(_ call, v []float64) []float64 {
		for i := n; i < len(v); i++ {
			v[i] = v[i%n]
		}
		return v
	}
}

// divided divides a sum for 'mean'.
func divided(sum, n float64, mean bool) float64 {
	if mean {
		return sum / n
	}
	return sum
}

func total(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum
}

var negative = math.Inf(-1)
