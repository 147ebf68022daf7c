package judge

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"lossproof/fixtures"
	"lossproof/ports"
	"lossproof/tensor"
)

// FormatOptions writes the options of a constructor as in Python, or "no options".
func FormatOptions(o fixtures.Options) string {
	var parts []string
	if o.Reduction != nil {
		parts = append(parts, "reduction="+strconv.Quote(*o.Reduction))
	}
	if o.SizeAverage != nil {
		parts = append(parts, "size_average="+strconv.FormatBool(*o.SizeAverage))
	}
	if o.Reduce != nil {
		parts = append(parts, "reduce="+strconv.FormatBool(*o.Reduce))
	}
	if o.IgnoreIndex != nil {
		parts = append(parts, "ignore_index="+strconv.FormatInt(*o.IgnoreIndex, 10))
	}
	if o.LabelSmoothing != nil {
		parts = append(parts, "label_smoothing="+FormatNumber(*o.LabelSmoothing, tensor.Float64))
	}
	if len(parts) == 0 {
		return "no options"
	}
	return strings.Join(parts, ", ")
}

// callText describes the call of a case:
//
//	reduction="none"; input float32 (3, 5), target float32 (3, 5), weight float32 (5,)
func (j *Judge) callText(c *fixtures.Case) string {
	var parts []string
	for _, name := range c.InputNames() {
		dtype, shape, err := j.set.Type(c, c.Inputs[name])
		if err != nil {
			return ""
		}
		parts = append(parts, fmt.Sprintf("%s %s %s", name, dtype, tensor.FormatShape(shape)))
	}
	return FormatOptions(c.Options) + "; " + strings.Join(parts, ", ")
}

// DescribeCall describes a call as results do:
//
//	reduction="none"; input float32 (3, 5), target float32 (3, 5), weight float32 (5,)
func DescribeCall(call ports.Call) string {
	var parts []string
	for _, name := range []string{ports.Input, ports.Target, ports.Weight, ports.PosWeight, ports.GradOutput} {
		if t, ok := call.Inputs[name]; ok {
			parts = append(parts, fmt.Sprintf("%s %s %s", name, t.DType, tensor.FormatShape(t.Shape)))
		}
	}
	return FormatOptions(fixtures.Options(call.Options)) + "; " + strings.Join(parts, ", ")
}

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
	// The loss of one sample is that of several classes.
	ofSample := module == ports.MultiLabelSoftMarginLoss && output == ports.Loss
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
				parts = append(parts, name+" "+FormatNumber(at(index), t.DType))
			}
		}
		return strings.Join(parts, ", ")
	}
}

// elementOf returns a function that finds, for an element of an input of that shape, the element
// of another tensor of the call that it meets.
func elementOf(module string, t tensor.Tensor, input []int, name string) (at func(i int) float64, ok bool) {
	if module != ports.CrossEntropyLoss || name == ports.Input {
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

// FormatNumber writes an element in the shortest form that its dtype tells apart.
func FormatNumber(x float64, dtype tensor.DType) string {
	bits := 64
	if dtype == tensor.Float32 {
		bits = 32
	}
	return strconv.FormatFloat(x, 'g', -1, bits)
}
