// Package snippets fills in the programs that a port gives of its own language, each of which makes a
// call by the library itself.
package snippets

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"lossproof/ports"
	"lossproof/tensor"
)

// MaxLiteral is the number of elements of a tensor that a program has as a literal; larger ones make it
// unreadable.
const MaxLiteral = 64

// placeholder is a word in braces that stands for something of a call; a program may have others of its language.
var placeholder = regexp.MustCompile(`\{(?:(?:input|target|weight|pos_weight|grad_output)(?:_dtype|_shape)?|reduction|ignore_index|label_smoothing|size_average|reduce)\}`)

// Fill is a snippet with the numbers of a call: {input} and the other inputs are lists of numbers, {input_shape} is a
// list too, {reduction} and the other options are their values. A line that asks for what the call lacks is left out.
func Fill(snippet string, call ports.Call) string {
	values := map[string]string{}
	for name, t := range call.Inputs {
		if t.Len() > MaxLiteral {
			return ""
		}
		values[name], values[name+"_dtype"], values[name+"_shape"] = "[]", string(t.DType), strings.ReplaceAll(fmt.Sprint(t.Shape), " ", ", ")
		if t.Len() > 0 {
			values[name] = List(t)
		}
	}
	o := call.Options
	if o.Reduction != nil {
		values["reduction"] = *o.Reduction
	}
	if o.IgnoreIndex != nil {
		values["ignore_index"] = strconv.FormatInt(*o.IgnoreIndex, 10)
	}
	for name, b := range map[string]*bool{"size_average": o.SizeAverage, "reduce": o.Reduce} {
		if b != nil {
			values[name] = map[bool]string{true: "True", false: "False"}[*b]
		}
	}
	if o.LabelSmoothing != nil {
		values["label_smoothing"] = strings.ToLower(strconv.FormatFloat(*o.LabelSmoothing, 'g', -1, 64)) // nan and inf of Python
	}
	var lines []string
	for line := range strings.SplitSeq(strings.TrimRight(snippet, "\n"), "\n") {
		lacks := false
		line = placeholder.ReplaceAllStringFunc(line, func(word string) string {
			value, ok := values[strings.Trim(word, "{}")]
			lacks = lacks || !ok
			return value
		})
		if !lacks {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// List writes the elements of a tensor as nested lists of Python, all of their bits.
func List(t tensor.Tensor) string { return nested(t, 0, t.Shape) }

func nested(t tensor.Tensor, first int, shape []int) string {
	if len(shape) == 0 {
		return pythonNumber(t, first)
	}
	size := 1
	for _, d := range shape[1:] {
		size *= d
	}
	parts := make([]string, shape[0])
	for i := range parts {
		parts[i] = nested(t, first+i*size, shape[1:])
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// pythonNumber writes an element so that Python reads the same one: Python reads a float64,
// which PyTorch rounds to the dtype.
func pythonNumber(t tensor.Tensor, i int) string {
	v := t.Float64(i)
	switch {
	case math.IsNaN(v):
		return "nan"
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	case t.DType == tensor.Bool:
		return map[bool]string{true: "True", false: "False"}[v != 0]
	case !t.DType.IsFloat():
		return t.Text(i)
	}
	text := strconv.FormatFloat(v, 'g', -1, 64)
	if t.DType == tensor.Float32 {
		short := strconv.FormatFloat(v, 'g', -1, 32)
		if read, err := strconv.ParseFloat(short, 64); err == nil && float64(float32(read)) == v {
			text = short
		}
	}
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}
