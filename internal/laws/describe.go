package laws

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"lossproof/internal/definition"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// maxShown bounds the number of elements of an array that are written.
const maxShown = 24

// describe describes a counterexample: the calls, and the equation that is furthest apart.
func (k *Checker) describe(q *trial, f finding) string {
	var b strings.Builder
	var asked []call
	at := 0
	for i, c := range q.calls {
		if c.asked() {
			asked = append(asked, c)
		}
		if i == f.at {
			at = len(asked)
		}
	}
	fmt.Fprintf(&b, "broken by %s", plural(len(asked), "a call", "calls"))
	for i, c := range asked {
		fmt.Fprintf(&b, "\n  %d. %s", i+1, c.describe())
	}
	if f.blames != "" {
		fmt.Fprintf(&b, "\n%s is wrong here, and not the module that the law is of", f.blames)
	}
	if f.refused != "" {
		fmt.Fprintf(&b, "\ncall %d: %s", at, f.refused)
		return b.String()
	}
	e := f.worst
	fmt.Fprintf(&b, "\n%s", e.what)
	if len(e.shape) > 0 {
		fmt.Fprintf(&b, " %s", verdict.FormatIndex(e.shape, e.index))
	}
	fmt.Fprintf(&b, ": %s, but the law demands %s; they are %.3g apart, allowed are %.3g",
		tensor.FormatNumber(e.got, q.s.dtype), tensor.FormatNumber(e.want, q.s.dtype), math.Abs(e.got-e.want), e.allowed)
	if f.all > 1 {
		fmt.Fprintf(&b, " (%d of %d elements)", f.failing, f.all)
	}
	return b.String()
}

// describe writes a call with its inputs.
func (c call) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, reduction=%q, %s", c.module, cmp.Or(c.as, c.reduction), c.dtype)
	if c.smoothing != 0 {
		fmt.Fprintf(&b, ", label_smoothing=%v", c.smoothing)
	}
	if c.ignore != nil {
		fmt.Fprintf(&b, ", ignore_index=%d", *c.ignore)
	}
	for _, input := range []struct {
		name string
		a    *array
	}{
		{ports.Input, &c.x}, {ports.Target, &c.t}, {ports.Weight, c.w}, {ports.PosWeight, c.p}, {ports.GradOutput, c.u},
	} {
		if input.a != nil {
			fmt.Fprintf(&b, ", %s=%s", input.name, input.a.describe(c.dtype))
		}
	}
	return b.String()
}

// describe writes the values as nested lists, or the shape alone where they are many.
func (a array) describe(dtype tensor.DType) string {
	if len(a.values) > maxShown {
		return fmt.Sprintf("%s values of shape %s", strconv.Itoa(len(a.values)), tensor.FormatShape(a.shape))
	}
	return a.nested(a.shape, 0, dtype)
}

func (a array) nested(shape []int, first int, dtype tensor.DType) string {
	if len(shape) == 0 {
		return tensor.FormatNumber(a.values[first], dtype)
	}
	size := definition.Size(shape[1:])
	parts := make([]string, shape[0])
	for i := range parts {
		parts[i] = a.nested(shape[1:], first+i*size, dtype)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// plural writes a number with the word that agrees with it.
func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf("%d %s", n, many)
}
