package judge

import (
	"context"
	"strings"

	"lossproof/ports"
	"lossproof/tensor"
)

// Ask asks a port one call. A panic of a port in process is an error, as is an answer that does
// not say exactly one thing.
func Ask(ctx context.Context, port ports.Port, call ports.Call) (ports.Answer, error) {
	return guarded(func() (ports.Answer, error) { return port.Evaluate(ctx, call) })
}

// originOf returns a function that names the numbers that an element of an output of that
// shape comes from, and nothing where these are many, as for a reduction:
//
//	input 0.5, target 1, weight 2
func originOf(module, output string, shape []int, inputs map[string]tensor.Tensor) func(index int) string {
	input := inputs[ports.Input]
	// A loss of several elements is not one of any of them.
	ofSample := ports.ModuleOf(module).LossOf != ports.OfElement && output == ports.Loss
	if ofSample || !tensor.SameShape(shape, input.Shape) {
		return nil
	}
	return func(index int) string {
		var parts []string
		for _, name := range []string{ports.Input, ports.Target, ports.Weight, ports.PosWeight} {
			t, ok := inputs[name]
			if !ok {
				continue
			}
			if at, ok := elementOf(module, t, input.Shape, name); ok {
				parts = append(parts, name+" "+tensor.FormatNumber(at(index), t.DType))
			}
		}
		return strings.Join(parts, ", ")
	}
}

// elementOf returns a function that finds, for an element of an input of that shape, the element
// of another tensor of the call that it meets.
func elementOf(module string, t tensor.Tensor, input []int, name string) (at func(i int) float64, ok bool) {
	if !ports.ModuleOf(module).HasClasses() || name == ports.Input {
		return tensor.Broadcast(t, input)
	}
	if len(input) == 0 {
		return nil, false
	}
	classes := tensor.ClassesOf(input)
	switch {
	case name == ports.Weight:
		return func(i int) float64 { return t.Float64(classes.Class(i)) }, t.Len() == classes.Count
	case tensor.SameShape(t.Shape, input):
		return t.Float64, true
	}
	n, err := tensor.Count(input)
	return func(i int) float64 { return t.Float64(classes.Row(i)) }, err == nil && t.Len()*classes.Count == n
}
