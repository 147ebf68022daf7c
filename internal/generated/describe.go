package generated

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// describe describes a counterexample.
func (k *Checker) describe(_ *Check, call ports.Call, f finding) string {
	return "the call: " + describe(call) + "\n" + f.what
}

// maxShown bounds the elements of an array that are all written, maxRuns the elements that are named
// where most others are equal.
const (
	maxShown = 16
	maxRuns  = 6
)

// describe writes a call with its inputs.
func describe(call ports.Call) string {
	parts := []string{call.Module, cmp.Or(call.Options.String(), "no options")}
	for _, name := range ports.InputNames() {
		if t, ok := call.Inputs[name]; ok {
			parts = append(parts, fmt.Sprintf("%s %s %s %s", name, t.DType, tensor.FormatShape(t.Shape), contents(t)))
		}
	}
	return strings.Join(parts, "; ")
}

// contents writes the elements of a tensor: all of them where they are few, else the most frequent one
// and the others, or nothing where these are many.
func contents(t tensor.Tensor) string {
	n := t.Len()
	format := func(i int) string {
		if t.DType.IsFloat() {
			return tensor.FormatNumber(t.Float64(i), t.DType)
		}
		return strconv.FormatInt(int64(t.Float64(i)), 10)
	}
	if n <= maxShown {
		all := make([]string, n)
		for i := range all {
			all[i] = format(i)
		}
		return "[" + strings.Join(all, ", ") + "]"
	}
	counts := map[float64]int{}
	for i := range n {
		counts[t.Float64(i)]++
	}
	first, most := 0, 0
	for i := range n {
		if count := counts[t.Float64(i)]; count > most {
			first, most = i, count
		}
	}
	if n-most > maxRuns {
		return ""
	}
	text := "all " + format(first)
	var others []string
	for i := range n {
		if t.Float64(i) != t.Float64(first) {
			others = append(others, format(i)+" at "+verdict.FormatIndex(t.Shape, i))
		}
	}
	if len(others) > 0 {
		text += " but " + strings.Join(others, ", ")
	}
	return text
}
