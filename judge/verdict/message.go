package verdict

import (
	"fmt"
	"math"
	"strings"

	"lossproof/tensor"
)

// Message describes a result at a level in a few lines: dtype and shape, how many elements
// are wrong, the first of them with index, values, errors and bits, and the largest errors.
// It is bounded whatever the size of the tensors.
func (r *Result) Message(level Level) string {
	return r.MessageFrom(level, nil)
}

// MessageFrom is Message that also says of each element it shows, by its row-major index,
// which numbers it comes from. A nil from, and one that returns "", says nothing.
func (r *Result) MessageFrom(level Level, from func(index int) string) string {
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
		r.writeElement(&b, &wrong.First[i], from)
	}
	if more := wrong.Count - len(wrong.First); more > 0 {
		fmt.Fprintf(&b, "\n  and %d more", more)
	}
	if r.Elements > 1 || wrong.Count == 0 { // the errors of a single element are there already
		r.FromReference.write(&b, "reference", r.Shape)
		r.FromOracle.write(&b, "oracle", r.Shape)
	}
	if r.PrematureOverflows > 0 {
		fmt.Fprintf(&b, "\n  premature overflows (accepted): %d", r.PrematureOverflows)
	}
	return b.String()
}

// writeElement writes one element:
//
//	at (0, 1): got 1.25 (0x3fa00000)
//	    from input 0.5, target 1
//	    reference 1.2499999 (0x3f9fffff), off by 1.19e-07 (1 ULP), allowed 1e-08
//	    exact     1.2499999 (0x3f9fffff), off by 1.19e-07 (1 ULP), allowed 7e-08
//
// The bits tell neighbors apart; they are left out where nothing that was wanted is near.
func (r *Result) writeElement(b *strings.Builder, e *Element, from func(index int) string) {
	number := r.number
	if !near(e.Got, e.Reference) && !(e.HasOracle && near(e.Got, e.Exact)) {
		number = r.decimal
	}
	fmt.Fprintf(b, "  at %s: got %s\n", FormatIndex(r.Shape, e.Index), number(e.Got))
	if from != nil {
		if text := from(e.Index); text != "" {
			fmt.Fprintf(b, "    from %s\n", text)
		}
	}
	fmt.Fprintf(b, "    reference %s, %s", number(e.Reference), r.distance(e.Got, e.Reference, 0, e.Parity))
	switch {
	case !e.HasOracle:
		b.WriteString("\n    exact     has no value here")
	default:
		fmt.Fprintf(b, "\n    exact     %s", number(e.Exact))
		if e.ExactLow != 0 {
			fmt.Fprintf(b, " %+.3g", e.ExactLow)
		}
		fmt.Fprintf(b, ", %s", r.distance(e.Got, e.Exact, e.ExactLow, e.Tolerance))
	}
}

// near reports whether the relative error of got is at most a thousandth.
func near(got, want float64) bool {
	return got == want || math.Abs(got-want) <= 1e-3*math.Abs(want) && !math.IsInf(want, 0)
}

// number writes a number, and the bits that it has in the output's dtype.
func (r *Result) number(x float64) string {
	switch r.DType {
	case tensor.Float64:
		return fmt.Sprintf("%s (%#016x)", r.decimal(x), math.Float64bits(x))
	case tensor.Float32:
		return fmt.Sprintf("%s (%#08x)", r.decimal(x), math.Float32bits(float32(x)))
	}
	return r.decimal(x)
}

// decimal writes a number in the shortest form that its dtype tells apart.
func (r *Result) decimal(x float64) string {
	return tensor.FormatNumber(x, r.DType)
}

func (r *Result) distance(got, e, low, allowed float64) string {
	if !isFinite(got) || !isFinite(e) {
		if got == e || math.IsNaN(got) && math.IsNaN(e) {
			return "which is right"
		}
		return "the kind differs (finite, NaN, ±Inf)"
	}
	d := math.Abs((got - e) - low)
	return fmt.Sprintf("off by %.3g (%s ULP), allowed %.3g", d, formatULP(d/ulp(r.DType.Format(), e, low)), allowed)
}

// write writes a line with the largest errors, if there are any:
//
//	largest error against the oracle, at (0, 1): 0.25 absolute, 0.2 relative, > 1e6 ULP, 2.5e+05 of what is allowed
//
// Errors that are not all at one place have each its own.
func (x *Errors) write(b *strings.Builder, what string, shape []int) {
	if x.Absolute.Index < 0 {
		return
	}
	fmt.Fprintf(b, "\n  largest error against the %s", what)
	if x.Class >= 0 {
		fmt.Fprintf(b, ": the kind differs (finite, NaN, ±Inf) at %s", FormatIndex(shape, x.Class))
		return
	}
	if x.Absolute.Value == 0 {
		b.WriteString(": 0")
		return
	}
	errors := []struct {
		Largest
		text string
	}{
		{x.Absolute, fmt.Sprintf("%.3g absolute", x.Absolute.Value)},
		{x.Relative, fmt.Sprintf("%.3g relative", x.Relative.Value)},
		{x.ULP, formatULP(x.ULP.Value) + " ULP"},
		{x.Headroom, fmt.Sprintf("%.3g of what is allowed", x.Headroom.Value)},
	}
	if math.IsInf(x.Headroom.Value, 1) {
		errors[3].text = "where nothing is allowed"
	}
	together := true
	for _, e := range errors {
		// Without a relative error all wanted numbers are 0, or those that are not are met.
		together = together && (e.Index == x.Absolute.Index || e.Index < 0 || e.Value == 0)
	}
	if together {
		fmt.Fprintf(b, ", at %s", FormatIndex(shape, x.Absolute.Index))
	}
	separator := ": "
	for _, e := range errors {
		switch {
		case e.Index < 0 || e.Value == 0:
			continue
		case together:
			b.WriteString(separator + e.text)
		default:
			fmt.Fprintf(b, "%s%s at %s", separator, e.text, FormatIndex(shape, e.Index))
		}
		separator = ", "
	}
}

// formatULP writes a distance in ULPs, whose digits say nothing where it is huge.
func formatULP(ulp float64) string {
	if ulp > 1e6 {
		return "> 1e6"
	}
	return fmt.Sprintf("%.3g", ulp)
}

// FormatIndex writes the row-major index of an element as one index for each dimension:
// (), (4,), (0, 1).
func FormatIndex(shape []int, index int) string {
	return formatShape(tensor.Index(shape, index))
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
