// Package verdict compares a result with what was expected of it.
//
// It is the judge of fixtures/README.md, section "The verdict": for each element two
// independent answers, is it right by the oracle and is it right by the reference. How a
// result is described (message.go) is apart from how it is judged.
package verdict

import (
	"fmt"
	"math"

	"lossproof/fixtures"
	"lossproof/tensor"
)

// Level says which of the two answers an element needs.
type Level string

// The levels.
const (
	// Parity: right by the oracle or by the reference.
	Parity Level = "parity"
	// Exact: right by the oracle; by the reference where an element has none.
	Exact Level = "exact"
	// Reference: right by the reference.
	Reference Level = "reference"
)

// ParseLevel returns the level of that name.
func ParseLevel(name string) (Level, error) {
	switch level := Level(name); level {
	case Parity, Exact, Reference:
		return level, nil
	}
	return "", fmt.Errorf("level is %q, want parity, exact or reference", name)
}

// Agreement says with whom all elements of a result agree.
type Agreement string

// The agreements.
const (
	AgreesBoth  Agreement = "both"
	AgreesTorch Agreement = "torch"
	AgreesExact Agreement = "exact"
	// AgreesMixed: every element is right by the oracle or the reference, neither covers all.
	AgreesMixed   Agreement = "mixed"
	AgreesNeither Agreement = "neither"
)

// Mismatch says why elements could not be compared.
type Mismatch string

// The mismatches. The zero value means that elements were compared.
const (
	MismatchShape Mismatch = "shape"
	MismatchDType Mismatch = "dtype"
	// MismatchData: the bytes of the result do not fit its shape.
	MismatchData Mismatch = "data"
)

// Result is what a comparison found. It has numbers whether the result passes or not.
type Result struct {
	// DType and Shape are those expected, GotDType and GotShape those of the result.
	DType, GotDType tensor.DType
	Shape, GotShape []int
	// Mismatch is set where no element was compared; such a result agrees with neither.
	Mismatch Mismatch
	// Err says that the expectation is malformed, which is no fault of the result's. No
	// element was compared.
	Err error

	// Elements counts all elements, WithoutOracle those that only the reference judges.
	Elements, WithoutOracle int
	Agrees                  Agreement
	// ByReference has the elements that are wrong by the reference; ByOracle those that are
	// wrong by the oracle or, without one, by the reference; ByBoth those wrong by both.
	ByReference, ByOracle, ByBoth Wrong
	// PrematureOverflows counts the elements that are inf or NaN where the fixtures accept
	// that and the oracle does not.
	PrematureOverflows int

	// FromReference and FromOracle have the largest errors.
	FromReference, FromOracle Errors
}

// Wrong counts elements, and has the first of them.
type Wrong struct {
	Count int
	First []Element
}

// maxFirst is the number of elements that a [Wrong] keeps.
const maxFirst = 5

// Element is one element with what was expected of it.
type Element struct {
	// Index counts in row-major order.
	Index                  int
	Got, Reference, Parity float64
	// HasOracle says whether Exact, ExactLow and Tolerance mean anything. The oracle is
	// Exact + ExactLow.
	HasOracle                  bool
	Exact, ExactLow, Tolerance float64
}

// Errors has the largest errors of a result against the reference or the oracle. Where the
// class (NaN, inf, -inf, finite) differs from the expected one, each is infinite; where a
// non-finite value is right, the element has none.
type Errors struct {
	// Absolute is |got - want|.
	Absolute Largest
	// Relative is |got - want| / |want|. Where the wanted number is 0 there is none.
	Relative Largest
	// ULP is |got - want| / ulp(want), the spacing of the output's dtype at want.
	ULP Largest
	// Headroom is the error in units of what is allowed, |got - want| / tolerance or parity:
	// above 1 the element is wrong.
	Headroom Largest
	// Class is the index of the first element whose class differs, -1 where none does.
	Class int
}

// Largest is the largest number of its kind, and the index of the first element that has it;
// -1 where no element has one.
type Largest struct {
	Value float64
	Index int
}

// Pass reports whether the result passes at a level.
func (r *Result) Pass(level Level) bool {
	return r.Mismatch == "" && r.Err == nil && r.Wrong(level).Count == 0
}

// Wrong returns the elements that fail at a level.
func (r *Result) Wrong(level Level) Wrong {
	switch level {
	case Exact:
		return r.ByOracle
	case Reference:
		return r.ByReference
	}
	return r.ByBoth
}

// Compare judges got. Shape, dtype and the length of the data are compared first; then each
// element is asked whether it is right by the reference, |got - reference| <= parity, and by
// the oracle, |got - exact - exact_low| <= tolerance, classes included.
func Compare(got tensor.Tensor, want fixtures.Expected) Result {
	r := Result{
		DType: want.Reference.DType, Shape: want.Reference.Shape,
		GotDType: got.DType, GotShape: got.Shape,
		Agrees:        AgreesNeither,
		FromReference: noErrors(), FromOracle: noErrors(),
	}
	format, n, err := check(want)
	r.Elements = n
	switch {
	case err != nil:
		r.Err = err
	case !tensor.SameShape(got.Shape, want.Reference.Shape):
		r.Mismatch = MismatchShape
	case got.DType != want.Reference.DType:
		r.Mismatch = MismatchDType
	case len(got.Data) != len(want.Reference.Data):
		r.Mismatch = MismatchData
	default:
		r.compareElements(got, want, format)
	}
	return r
}

// check returns the format of the output's dtype and the number of elements, or an error if
// the arrays of an expectation do not fit each other.
func check(want fixtures.Expected) (tensor.Format, int, error) {
	format := want.Reference.DType.Format()
	if format == (tensor.Format{}) {
		return format, 0, fmt.Errorf("the reference has dtype %q, want a floating-point one", want.Reference.DType)
	}
	if _, err := tensor.New(want.Reference.DType, want.Reference.Shape, want.Reference.Data); err != nil {
		return format, 0, fmt.Errorf("the reference: %w", err)
	}
	n := want.Reference.Len()
	if len(want.Parity) != n {
		return format, n, fmt.Errorf("parity has %d elements, the reference %d", len(want.Parity), n)
	}
	if want.Exact == nil {
		return format, n, nil
	}
	if len(want.Exact) != n || len(want.Tolerance) != n {
		return format, n, fmt.Errorf("exact has %d elements and tolerance %d, the reference %d", len(want.Exact), len(want.Tolerance), n)
	}
	if want.ExactLow != nil && len(want.ExactLow) != n {
		return format, n, fmt.Errorf("exact_low has %d elements, the reference %d", len(want.ExactLow), n)
	}
	if want.MayOverflow != nil && len(want.MayOverflow) != n {
		return format, n, fmt.Errorf("may_overflow has %d elements, the reference %d", len(want.MayOverflow), n)
	}
	return format, n, nil
}

func (r *Result) compareElements(got tensor.Tensor, want fixtures.Expected, format tensor.Format) {
	anyOracle, largest := false, format.Largest()
	for i := range r.Elements {
		e, torch, exact, premature := judged(got, &want, largest, i)
		r.FromReference.add(i, e.Got, e.Reference, 0, e.Parity, torch, format)
		if e.HasOracle {
			anyOracle = true
			if premature {
				r.PrematureOverflows++
			}
			r.FromOracle.add(i, e.Got, e.Exact, e.ExactLow, e.Tolerance, exact, format)
		} else {
			r.WithoutOracle++
		}
		if !torch {
			r.ByReference.add(e)
		}
		if !exact {
			r.ByOracle.add(e)
		}
		if !torch && !exact {
			r.ByBoth.add(e)
		}
	}
	allTorch := r.ByReference.Count == 0
	allExact := r.ByOracle.Count == 0 && (anyOracle || r.Elements == 0)
	switch {
	case allTorch && allExact:
		r.Agrees = AgreesBoth
	case allTorch:
		r.Agrees = AgreesTorch
	case allExact:
		r.Agrees = AgreesExact
	case r.ByBoth.Count == 0:
		r.Agrees = AgreesMixed
	}
}

// judged says of an element whether it is right by the reference and by the oracle, which is the reference where there is none;
// premature says that it is because it may overflow.
func judged(got tensor.Tensor, want *fixtures.Expected, largest float64, i int) (e Element, torch, exact, premature bool) {
	e = Element{Index: i, Got: got.Float64(i), Reference: want.Reference.Float64(i), Parity: want.Parity[i]}
	torch = byReference(e.Got, e.Reference, e.Parity)
	if want.Exact == nil || math.IsNaN(want.Tolerance[i]) {
		return e, torch, torch, false
	}
	e.HasOracle, e.Exact, e.Tolerance = true, want.Exact[i], want.Tolerance[i]
	if want.ExactLow != nil {
		e.ExactLow = want.ExactLow[i]
	}
	exact = Right(e.Got, e.Exact, e.ExactLow, e.Tolerance, largest)
	premature = !exact && want.MayOverflow != nil && want.MayOverflow[i] && !isFinite(e.Got)
	return e, torch, exact || premature, premature
}

// Each returns what says of each element of got whether it is right at a level, as [Compare] does of all; ok is false where they are
// of another shape or dtype than is expected.
func Each(got tensor.Tensor, want fixtures.Expected, level Level) (right func(i int) bool, ok bool) {
	format, _, err := check(want)
	if err != nil || got.DType != want.Reference.DType || !tensor.SameShape(got.Shape, want.Reference.Shape) || len(got.Data) != len(want.Reference.Data) {
		return nil, false
	}
	largest := format.Largest()
	return func(i int) bool {
		_, torch, exact, _ := judged(got, &want, largest, i)
		return exact && level != Reference || torch && level != Exact
	}, true
}

// Passes reports whether a result passes at a level.
func Passes(got tensor.Tensor, want fixtures.Expected, level Level) bool {
	right, ok := Each(got, want, level)
	for i := 0; ok && i < want.Reference.Len(); i++ {
		ok = right(i)
	}
	return ok
}

// byReference reports whether g is right by the reference r.
func byReference(g, r, parity float64) bool {
	switch {
	case math.IsNaN(r):
		return math.IsNaN(g)
	case math.IsInf(r, 0):
		return g == r
	}
	return isFinite(g) && math.Abs(g-r) <= parity
}

// Right reports whether g is right by the oracle e + low. Near the largest finite number
// of the dtype, infinity is right as well.
func Right(g, e, low, tolerance, largest float64) bool {
	switch {
	case math.IsNaN(e):
		return math.IsNaN(g)
	case math.IsInf(e, 0):
		return g == e
	case math.IsNaN(g):
		return false
	case math.IsInf(g, 1):
		return e > 0 && e+low+tolerance >= largest
	case math.IsInf(g, -1):
		return e < 0 && -e-low+tolerance >= largest
	}
	return math.Abs((g-e)-low) <= tolerance
}

func (w *Wrong) add(e Element) {
	w.Count++
	if len(w.First) < maxFirst {
		w.First = append(w.First, e)
	}
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
