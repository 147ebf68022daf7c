package verdict

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"lossproof/tensor"
)

// Message describes a result at a level in a few lines: dtype and shape, how many elements
// are wrong, the first of them with index, values, errors and bits, and the largest errors.
// It is bounded whatever the size of the tensors.
func (r *Result) Message(level Level) string {
	var b strings.Builder
	switch {
	case r.Err != nil:
		fmt.Fprintf(&b, "the expectation is malformed: %v", r.Err)
		return b.String()
	case r.Mismatch == MismatchShape:
		fmt.Fprintf(&b, "shape is %s, want %s", formatShape(r.GotShape), formatShape(r.Shape))
		return b.String()
	case r.Mismatch == MismatchDType:
		fmt.Fprintf(&b, "dtype is %.20s, want %s", r.GotDType, r.DType)
		return b.String()
	case r.Mismatch == MismatchData:
		fmt.Fprintf(&b, "the data do not have the %d elements of %s of shape %s", r.Elements, r.DType, formatShape(r.Shape))
		return b.String()
	}
	wrong := r.Wrong(level)
	fmt.Fprintf(&b, "%s of shape %s: %d of %d elements are wrong at level %s (%d by the reference, %d by the oracle); agrees: %s",
		r.DType, formatShape(r.Shape), wrong.Count, r.Elements, level, r.ByReference.Count, r.ByOracle.Count, r.Agrees)
	for i := range wrong.First {
		b.WriteString("\n")
		r.writeElement(&b, &wrong.First[i])
	}
	if more := wrong.Count - len(wrong.First); more > 0 {
		fmt.Fprintf(&b, "\n  and %d more", more)
	}
	r.FromReference.write(&b, "reference", r.Shape)
	r.FromOracle.write(&b, "oracle", r.Shape)
	if r.PrematureOverflows > 0 {
		fmt.Fprintf(&b, "\n  premature overflows (accepted): %d", r.PrematureOverflows)
	}
	return b.String()
}

// writeElement writes one element:
//
//	at (0, 1): got 1.5 (0x3fc00000)
//	    reference 1.25 (0x3fa00000), off by 0.25 = 2.1e+06 ULP, allowed 1e-06
//	    exact     1.2499998 (0x3f9ffffe), off by 0.2500002 = 2.1e+06 ULP, allowed 7e-07
func (r *Result) writeElement(b *strings.Builder, e *Element) {
	fmt.Fprintf(b, "  at %s: got %s\n", FormatIndex(r.Shape, e.Index), r.number(e.Got))
	fmt.Fprintf(b, "    reference %s, %s", r.number(e.Reference), r.distance(e.Got, e.Reference, 0, e.Parity))
	switch {
	case !e.HasOracle:
		b.WriteString("\n    exact     has no value here")
	default:
		fmt.Fprintf(b, "\n    exact     %s", r.number(e.Exact))
		if e.ExactLow != 0 {
			fmt.Fprintf(b, " %+.3g", e.ExactLow)
		}
		fmt.Fprintf(b, ", %s", r.distance(e.Got, e.Exact, e.ExactLow, e.Tolerance))
	}
}

// number writes a number, and the bits that it has in the output's dtype.
func (r *Result) number(x float64) string {
	text := strconv.FormatFloat(x, 'g', -1, 64)
	switch r.DType {
	case tensor.Float64:
		return fmt.Sprintf("%s (%#016x)", text, math.Float64bits(x))
	case tensor.Float32:
		if x == float64(float32(x)) { // short, if it is a float32
			text = strconv.FormatFloat(x, 'g', -1, 32)
		}
		return fmt.Sprintf("%s (%#08x)", text, math.Float32bits(float32(x)))
	}
	return text
}

func (r *Result) distance(got, e, low, allowed float64) string {
	if !isFinite(got) || !isFinite(e) {
		return "another class"
	}
	d := math.Abs((got - e) - low)
	return fmt.Sprintf("off by %.3g = %.3g ULP, allowed %.3g", d, d/forms[r.DType].ulp(e, low), allowed)
}

// write writes a line with the largest errors, if there are any.
func (x *Errors) write(b *strings.Builder, what string, shape []int) {
	if x.Absolute.Index < 0 {
		return
	}
	fmt.Fprintf(b, "\n  largest error against the %s: %s absolute, %s relative, %s ULP, %s of what is allowed",
		what, x.Absolute.in(shape), x.Relative.in(shape), x.ULP.in(shape), x.Headroom.in(shape))
}

// in writes the number and where it is.
func (l Largest) in(shape []int) string {
	if l.Index < 0 {
		return "no"
	}
	if l.Value == 0 {
		return "0"
	}
	return fmt.Sprintf("%.3g at %s", l.Value, FormatIndex(shape, l.Index))
}

// FormatIndex writes the row-major index of an element as one index for each dimension:
// (), (4,), (0, 1).
func FormatIndex(shape []int, index int) string {
	multi := make([]int, len(shape))
	for k := len(shape) - 1; k >= 0; k-- {
		if shape[k] > 0 {
			multi[k] = index % shape[k]
			index /= shape[k]
		}
	}
	return formatShape(multi)
}

// formatShape writes a shape, shortened if it is absurdly long: a port may send any.
func formatShape(shape []int) string {
	const most = 16
	if len(shape) <= most {
		return tensor.FormatShape(shape)
	}
	head := strings.TrimSuffix(tensor.FormatShape(shape[:most]), ")")
	return fmt.Sprintf("%s, … %d dimensions)", head, len(shape))
}
