package verdict_test

import (
	"fmt"
	"math"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"lossproof/fixtures"
	"lossproof/judge/verdict"
	"lossproof/tensor"
)

var (
	nan     = math.NaN()
	inf     = math.Inf(1)
	negZero = math.Copysign(0, -1)
)

// f32 and f64 make a 1-D tensor.
func f32(values ...float64) tensor.Tensor {
	narrow := make([]float32, len(values))
	for i, v := range values {
		narrow[i] = float32(v)
	}
	return tensor.FromFloat32(narrow, len(narrow))
}

func f64(values ...float64) tensor.Tensor { return tensor.FromFloat64(values, len(values)) }

func filled(n int, v float64) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = v
	}
	return values
}

// both expects reference and exact, with one parity and one tolerance for all elements.
func both(reference tensor.Tensor, parity float64, exact []float64, tolerance float64) fixtures.Expected {
	n := reference.Len()
	return fixtures.Expected{
		Reference: reference, Parity: filled(n, parity),
		Exact: exact, Tolerance: filled(n, tolerance),
	}
}

// passes returns the levels that a result passes.
func passes(r verdict.Result) []verdict.Level {
	levels := []verdict.Level{}
	for _, level := range []verdict.Level{verdict.Parity, verdict.Exact, verdict.Reference} {
		if r.Pass(level) {
			levels = append(levels, level)
		}
	}
	return levels
}

// row is one element and the verdict on it.
type row struct {
	got       tensor.Tensor
	want      fixtures.Expected
	agrees    verdict.Agreement
	parity    bool
	exact     bool
	reference bool
}

var _ = DescribeTable("The verdict on one element",
	func(t row) {
		r := verdict.Compare(t.got, t.want)
		Expect(r.Err).NotTo(HaveOccurred())
		Expect([]bool{r.Pass(verdict.Parity), r.Pass(verdict.Exact), r.Pass(verdict.Reference)}).
			To(Equal([]bool{t.parity, t.exact, t.reference}), "parity, exact, reference")
		Expect(r.Agrees).To(Equal(t.agrees))
		for _, level := range []verdict.Level{verdict.Parity, verdict.Exact, verdict.Reference} {
			Expect(verdict.Passes(t.got, t.want, level)).To(Equal(r.Pass(level)), string(level))
		}
	},
	// Finite numbers.
	Entry("equal", row{got: f32(1), want: both(f32(1), 0, []float64{1}, 0),
		agrees: verdict.AgreesBoth, parity: true, exact: true, reference: true}),
	Entry("at both bounds", row{got: f32(1.25), want: both(f32(1), 0.25, []float64{1.5}, 0.25),
		agrees: verdict.AgreesBoth, parity: true, exact: true, reference: true}),
	Entry("beyond the parity", row{got: f32(1.25), want: both(f32(1), 0.2499, []float64{1.5}, 0.25),
		agrees: verdict.AgreesExact, parity: true, exact: true}),
	Entry("beyond the tolerance", row{got: f32(1.25), want: both(f32(1), 0.25, []float64{1.5}, 0.2499),
		agrees: verdict.AgreesTorch, parity: true, reference: true}),
	Entry("beyond both, between them", row{got: f32(1.25), want: both(f32(1), 0.2, []float64{1.5}, 0.2),
		agrees: verdict.AgreesNeither}),
	Entry("below", row{got: f32(0.75), want: both(f32(1), 0.25, []float64{1}, 0.2499),
		agrees: verdict.AgreesTorch, parity: true, reference: true}),
	Entry("the other sign", row{got: f32(-1), want: both(f32(1), 0.5, []float64{1}, 0.5), agrees: verdict.AgreesNeither}),

	// NaN.
	Entry("NaN where both are NaN", row{got: f32(nan), want: both(f32(nan), 0, []float64{nan}, 1),
		agrees: verdict.AgreesBoth, parity: true, exact: true, reference: true}),
	Entry("NaN like torch, the oracle is finite", row{got: f32(nan), want: both(f32(nan), 0, []float64{1}, 1),
		agrees: verdict.AgreesTorch, parity: true, reference: true}),
	Entry("finite like the oracle, torch has NaN", row{got: f32(1), want: both(f32(nan), 0, []float64{1}, 1),
		agrees: verdict.AgreesExact, parity: true, exact: true}),
	Entry("NaN where both are finite", row{got: f32(nan), want: both(f32(1), inf, []float64{1}, inf), agrees: verdict.AgreesNeither}),
	Entry("finite where both are NaN", row{got: f32(1), want: both(f32(nan), 0, []float64{nan}, 1), agrees: verdict.AgreesNeither}),

	// Infinities.
	Entry("inf where both are", row{got: f32(inf), want: both(f32(inf), 0, []float64{inf}, 1),
		agrees: verdict.AgreesBoth, parity: true, exact: true, reference: true}),
	Entry("-inf where both are inf", row{got: f32(-inf), want: both(f32(inf), 0, []float64{inf}, 1), agrees: verdict.AgreesNeither}),
	Entry("the largest number where both are inf", row{got: f32(math.MaxFloat32), want: both(f32(inf), 0, []float64{inf}, inf),
		agrees: verdict.AgreesNeither}),
	Entry("inf like the oracle, torch has NaN", row{got: f32(inf), want: both(f32(nan), 0, []float64{inf}, 1),
		agrees: verdict.AgreesExact, parity: true, exact: true}),
	Entry("inf where both are finite", row{got: f32(inf), want: both(f32(1), 1, []float64{1}, 1), agrees: verdict.AgreesNeither}),
	Entry("inf under an infinite parity", row{got: f32(inf), want: both(f32(1), inf, []float64{1}, 1), agrees: verdict.AgreesNeither}),

	// Zeros: the sign does not count.
	Entry("-0 where both are 0", row{got: f32(negZero), want: both(f32(0), 0, []float64{0}, 0),
		agrees: verdict.AgreesBoth, parity: true, exact: true, reference: true}),
	Entry("0 where both are -0", row{got: f32(0), want: both(f32(negZero), 0, []float64{negZero}, 0),
		agrees: verdict.AgreesBoth, parity: true, exact: true, reference: true}),

	// Subnormals.
	Entry("the smallest subnormal, allowed", row{got: f32(0x1p-149), want: both(f32(0), 0x1p-149, []float64{0}, 0x1p-149),
		agrees: verdict.AgreesBoth, parity: true, exact: true, reference: true}),
	Entry("flushed to zero", row{got: f32(0), want: both(f32(0x1p-130), 0x1p-149, []float64{0x1p-130}, 0x1p-147), agrees: verdict.AgreesNeither}),
	Entry("a subnormal float64", row{got: f64(0x1p-1074), want: both(f64(0x1p-1073), 0, []float64{0x1p-1073}, 0x1p-1074),
		agrees: verdict.AgreesExact, parity: true, exact: true}),

	// The top of the range.
	Entry("float32: inf where e + tolerance reaches the largest number", row{got: f32(inf),
		want: both(f32(math.MaxFloat32), 0, []float64{math.MaxFloat32 - 0x1p104}, 0x1p104), agrees: verdict.AgreesExact, parity: true, exact: true}),
	Entry("float32: inf where e + tolerance stays below it", row{got: f32(inf),
		want: both(f32(math.MaxFloat32), 0, []float64{math.MaxFloat32 - 0x1p104}, 0x1p103), agrees: verdict.AgreesNeither}),
	Entry("float32: -inf at the other end", row{got: f32(-inf),
		want: both(f32(-math.MaxFloat32), 0, []float64{-math.MaxFloat32}, 0), agrees: verdict.AgreesExact, parity: true, exact: true}),
	Entry("float32: inf of the wrong sign", row{got: f32(-inf),
		want: both(f32(math.MaxFloat32), 0, []float64{math.MaxFloat32}, 0), agrees: verdict.AgreesNeither}),
	Entry("float32: the largest number where e lies beyond it", row{got: f32(math.MaxFloat32),
		want: both(f32(inf), 0, []float64{math.MaxFloat32 + 0x1p103}, 0x1p104), agrees: verdict.AgreesExact, parity: true, exact: true}),
	Entry("float32: too small where e lies beyond the largest", row{got: f32(math.MaxFloat32 - 0x1p105),
		want: both(f32(inf), 0, []float64{math.MaxFloat32 + 0x1p103}, 0x1p104), agrees: verdict.AgreesNeither}),
	Entry("inf where the oracle is 0 and the tolerance huge", row{got: f32(inf),
		want: both(f32(0), 0, []float64{0}, inf), agrees: verdict.AgreesNeither}),
	Entry("float64: exact_low takes the oracle beyond the largest number", row{got: f64(inf),
		want: withLow(both(f64(1), 0, []float64{math.MaxFloat64}, 0), 0x1p1023), agrees: verdict.AgreesExact, parity: true, exact: true}),
	Entry("float64: the largest number is too far below it", row{got: f64(math.MaxFloat64),
		want: withLow(both(f64(1), 0, []float64{math.MaxFloat64}, 0x1p972), 0x1p1023), agrees: verdict.AgreesNeither}),
	Entry("float64: -inf, with exact_low", row{got: f64(-inf),
		want: withLow(both(f64(1), 0, []float64{-math.MaxFloat64}, 0), -0x1p1000), agrees: verdict.AgreesExact, parity: true, exact: true}),
	Entry("float64: exact_low takes the oracle away from the largest number", row{got: f64(inf),
		want: withLow(both(f64(1), 0, []float64{math.MaxFloat64}, 0x1p960), -0x1p970), agrees: verdict.AgreesNeither}),
	Entry("float64: a difference that overflows", row{got: f64(math.MaxFloat64),
		want: both(f64(-math.MaxFloat64), 0x1p1023, []float64{-math.MaxFloat64}, 0x1p1023), agrees: verdict.AgreesNeither}),

	// exact_low.
	Entry("right thanks to exact_low", row{got: f64(1), want: withLow(both(f64(2), 0, []float64{1 + 0x1p-52}, 0x1p-53), -0x1p-53),
		agrees: verdict.AgreesExact, parity: true, exact: true}),
	Entry("wrong because of exact_low", row{got: f64(1), want: withLow(both(f64(2), 0, []float64{1 + 0x1p-52}, 0x1p-52), 0x1p-60),
		agrees: verdict.AgreesNeither}),

	// may_overflow.
	Entry("NaN where it may overflow", row{got: f32(nan), want: mayOverflow(both(f32(1), 0, []float64{1}, 0)),
		agrees: verdict.AgreesExact, parity: true, exact: true}),
	Entry("-inf where it may overflow", row{got: f32(-inf), want: mayOverflow(both(f32(1), 0, []float64{1}, 0)),
		agrees: verdict.AgreesExact, parity: true, exact: true}),
	Entry("a wrong finite number where it may overflow", row{got: f32(2), want: mayOverflow(both(f32(1), 0, []float64{1}, 0)),
		agrees: verdict.AgreesNeither}),

	// No oracle.
	Entry("no oracle here: right by the reference", row{got: f32(1), want: both(f32(1), 0, []float64{5}, nan),
		agrees: verdict.AgreesTorch, parity: true, exact: true, reference: true}),
	Entry("no oracle here: wrong by the reference", row{got: f32(5), want: both(f32(1), 0, []float64{5}, nan),
		agrees: verdict.AgreesNeither}),
	Entry("no oracle at all", row{got: f32(nan), want: fixtures.Expected{Reference: f32(nan), Parity: []float64{0}},
		agrees: verdict.AgreesTorch, parity: true, exact: true, reference: true}),
	Entry("no oracle: may_overflow does not help", row{got: f32(nan), want: mayOverflow(both(f32(1), 0, []float64{5}, nan)),
		agrees: verdict.AgreesNeither}),

	// Other dtypes.
	Entry("float16: inf at the top of the range", row{got: half(0x7c00), want: both(half(0x7bff), 0, []float64{65504}, 0),
		agrees: verdict.AgreesExact, parity: true, exact: true}),
	Entry("float16: inf below it", row{got: half(0x7c00), want: both(half(0x7bff), 0, []float64{65000}, 16), agrees: verdict.AgreesNeither}),
)

func half(bits uint16) tensor.Tensor {
	return tensor.Tensor{DType: tensor.Float16, Shape: []int{1}, Data: []byte{byte(bits), byte(bits >> 8)}}
}

func withLow(want fixtures.Expected, low float64) fixtures.Expected {
	want.ExactLow = filled(len(want.Parity), low)
	return want
}

func mayOverflow(want fixtures.Expected) fixtures.Expected {
	want.MayOverflow = make([]bool, len(want.Parity))
	for i := range want.MayOverflow {
		want.MayOverflow[i] = true
	}
	return want
}

var _ = Describe("The verdict on several elements", func() {
	It("is mixed where torch has some and mathematics the others", func() {
		r := verdict.Compare(f32(1, 2), both(f32(1, 9), 0, []float64{9, 2}, 0))
		Expect(r.Agrees).To(Equal(verdict.AgreesMixed))
		Expect(passes(r)).To(Equal([]verdict.Level{verdict.Parity}))
		Expect(r.ByReference.Count).To(Equal(1))
		Expect(r.ByReference.First[0].Index).To(Equal(1))
		Expect(r.ByOracle.First[0].Index).To(Equal(0))
		Expect(r.ByBoth.Count).To(BeZero())
	})

	It("agrees with mathematics where one element has an oracle and the others are like torch", func() {
		want := both(f32(1, 1), 0, []float64{2, 7}, 0)
		want.Tolerance[1] = nan
		r := verdict.Compare(f32(2, 1), want)
		Expect(r.Agrees).To(Equal(verdict.AgreesExact))
		Expect(r.WithoutOracle).To(Equal(1))
		Expect(passes(r)).To(Equal([]verdict.Level{verdict.Parity, verdict.Exact}))
	})

	It("counts premature overflows and no others", func() {
		want := mayOverflow(both(f32(1, 1, inf, 1), 0, []float64{1, 1, inf, 1}, 0))
		r := verdict.Compare(f32(inf, nan, inf, 1), want)
		Expect(r.PrematureOverflows).To(Equal(2))
		Expect(r.Agrees).To(Equal(verdict.AgreesExact))
	})

	It("passes an empty tensor, with both", func() {
		for _, want := range []fixtures.Expected{
			{Reference: tensor.FromFloat32(nil, 0, 3), Parity: []float64{}},
			{Reference: tensor.FromFloat32(nil, 0, 3), Parity: []float64{}, Exact: []float64{}, Tolerance: []float64{}},
		} {
			r := verdict.Compare(tensor.FromFloat32(nil, 0, 3), want)
			Expect(r.Agrees).To(Equal(verdict.AgreesBoth))
			Expect(passes(r)).To(HaveLen(3))
			Expect(r.FromOracle.ULP.Index).To(Equal(-1))
			Expect(r.Message(verdict.Parity)).To(ContainSubstring("0 of 0 elements"))
		}
	})

	It("judges a 0-d tensor", func() {
		want := both(tensor.FromFloat64([]float64{0.5}), 0, []float64{0.5}, 0)
		Expect(passes(verdict.Compare(tensor.FromFloat64([]float64{0.5}), want))).To(HaveLen(3))
		r := verdict.Compare(tensor.FromFloat64([]float64{0.25}), want)
		Expect(passes(r)).To(BeEmpty())
		Expect(r.Message(verdict.Parity)).To(ContainSubstring("float64 of shape (): 1 of 1 elements are wrong"))
		Expect(r.Message(verdict.Parity)).To(ContainSubstring("at (): got 0.25"))
	})
})

var _ = Describe("Shape, dtype and data", func() {
	want := both(tensor.FromFloat32([]float32{1, 2, 3}, 3), 9, []float64{1, 2, 3}, 9)

	DescribeTable("another one is wrong at every level",
		func(got tensor.Tensor, mismatch verdict.Mismatch, message string) {
			r := verdict.Compare(got, want)
			Expect(r.Mismatch).To(Equal(mismatch))
			Expect(r.Err).NotTo(HaveOccurred())
			Expect(passes(r)).To(BeEmpty())
			Expect(r.Agrees).To(Equal(verdict.AgreesNeither))
			Expect(r.Message(verdict.Parity)).To(Equal(message))
		},
		Entry("(1, 3) for (3,)", tensor.FromFloat32([]float32{1, 2, 3}, 1, 3), verdict.MismatchShape, "shape is (1, 3), want (3,)"),
		Entry("0-d", tensor.FromFloat32([]float32{1}), verdict.MismatchShape, "shape is (), want (3,)"),
		Entry("float64 for float32", f64(1, 2, 3), verdict.MismatchDType, "dtype is float64, want float32"),
		Entry("the shape is told before the dtype", f64(1, 2), verdict.MismatchShape, "shape is (2,), want (3,)"),
		Entry("too few bytes", tensor.Tensor{DType: tensor.Float32, Shape: []int{3}, Data: make([]byte, 11)},
			verdict.MismatchData, "the data do not have the 3 elements of float32 of shape (3,)"),
		Entry("no tensor", tensor.Tensor{}, verdict.MismatchShape, "shape is (), want (3,)"),
	)

	It("keeps the message about an absurd shape short", func() {
		shape := make([]int, 1_000_000)
		for i := range shape {
			shape[i] = 1
		}
		r := verdict.Compare(tensor.Tensor{DType: tensor.Float32, Shape: shape, Data: make([]byte, 4)}, want)
		Expect(r.Message(verdict.Parity)).To(Equal("shape is (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, … 1000000 dimensions), want (3,)"))
	})

	DescribeTable("a malformed expectation is an error of the suite, no panic",
		func(change func(*fixtures.Expected), message string) {
			broken := want
			change(&broken)
			r := verdict.Compare(f32(1, 2, 3), broken)
			Expect(r.Err).To(MatchError(message))
			Expect(passes(r)).To(BeEmpty())
			Expect(r.Message(verdict.Parity)).To(Equal("the expectation is malformed: " + message))
		},
		Entry("no reference", func(e *fixtures.Expected) { e.Reference = tensor.Tensor{} }, `the reference has dtype "", want a floating-point one`),
		Entry("integers", func(e *fixtures.Expected) { e.Reference.DType = tensor.Int32 }, `the reference has dtype "int32", want a floating-point one`),
		Entry("a short reference", func(e *fixtures.Expected) { e.Reference.Data = e.Reference.Data[:8] },
			"the reference: float32 tensor of shape (3,): got 8 bytes, want 3 elements of 4 bytes"),
		Entry("no parity", func(e *fixtures.Expected) { e.Parity = nil }, "parity has 0 elements, the reference 3"),
		Entry("no tolerance", func(e *fixtures.Expected) { e.Tolerance = nil }, "exact has 3 elements and tolerance 0, the reference 3"),
		Entry("a short exact_low", func(e *fixtures.Expected) { e.ExactLow = []float64{0} }, "exact_low has 1 elements, the reference 3"),
		Entry("a short may_overflow", func(e *fixtures.Expected) { e.MayOverflow = []bool{true} }, "may_overflow has 1 elements, the reference 3"),
	)
})

var _ = Describe("The largest errors", func() {
	It("are kept for a result that passes", func() {
		r := verdict.Compare(f32(1, 2.5, 4), both(f32(1, 2, 8), 8, []float64{1, 2, 4}, 1))
		Expect(r.Pass(verdict.Parity)).To(BeTrue())
		Expect(r.FromOracle.Absolute).To(Equal(verdict.Largest{Value: 0.5, Index: 1}))
		Expect(r.FromOracle.Relative).To(Equal(verdict.Largest{Value: 0.25, Index: 1}))
		Expect(r.FromOracle.ULP).To(Equal(verdict.Largest{Value: 0x1p21, Index: 1}))
		Expect(r.FromOracle.Headroom).To(Equal(verdict.Largest{Value: 0.5, Index: 1}))
		Expect(r.FromReference.Absolute).To(Equal(verdict.Largest{Value: 4, Index: 2}))
		Expect(r.FromReference.Headroom).To(Equal(verdict.Largest{Value: 0.5, Index: 2}))
	})

	It("are zero, at the first element, where nothing differs", func() {
		r := verdict.Compare(f32(0, 1), both(f32(0, 1), 0, []float64{0, 1}, 0))
		Expect(r.FromOracle.Absolute).To(Equal(verdict.Largest{Value: 0, Index: 0}))
		Expect(r.FromOracle.Relative).To(Equal(verdict.Largest{Value: 0, Index: 1}), "there is no relative error at 0")
		Expect(r.FromOracle.Headroom).To(Equal(verdict.Largest{Value: 0, Index: 0}))
	})

	It("are infinite where the class differs", func() {
		r := verdict.Compare(f32(nan, 1), both(f32(1, 1), 1, []float64{1, 1}, 1))
		Expect(r.FromOracle.ULP).To(Equal(verdict.Largest{Value: inf, Index: 0}))
		Expect(r.FromReference.Headroom).To(Equal(verdict.Largest{Value: inf, Index: 0}))
		Expect(r.FromReference.Class).To(BeZero())
		r = verdict.Compare(f32(3, 1), both(f32(1, 1), 1, []float64{1, 1}, 1))
		Expect(r.FromReference.Class).To(Equal(-1))
	})

	It("leave out what is not finite and right", func() {
		r := verdict.Compare(f32(inf, 2), both(f32(inf, 1), 1, []float64{inf, 2}, 1))
		Expect(r.FromOracle.Absolute).To(Equal(verdict.Largest{Value: 0, Index: 1}))
		Expect(r.FromReference.Absolute).To(Equal(verdict.Largest{Value: 1, Index: 1}))
	})

	It("leave out elements without an oracle", func() {
		r := verdict.Compare(f32(1), both(f32(1), 0, []float64{5}, nan))
		Expect(r.FromOracle.Absolute.Index).To(Equal(-1))
		Expect(r.FromReference.Absolute.Index).To(Equal(0))
	})

	It("have an infinite headroom where nothing is allowed", func() {
		r := verdict.Compare(f32(1.5), both(f32(1), 0, []float64{1}, 0))
		Expect(r.FromOracle.Headroom).To(Equal(verdict.Largest{Value: inf, Index: 0}))
	})

	It("count exact_low", func() {
		r := verdict.Compare(f64(1), withLow(both(f64(1), 0, []float64{1}, 1), 0x1p-60))
		Expect(r.FromOracle.Absolute.Value).To(Equal(0x1p-60))
	})

	DescribeTable("in ULP are in the spacing of the output's dtype at what was wanted",
		func(got, want tensor.Tensor, exact, low, ulp float64) {
			e := both(want, 0, []float64{exact}, 0)
			if low != 0 {
				e = withLow(e, low)
			}
			Expect(verdict.Compare(got, e).FromOracle.ULP.Value).To(Equal(ulp))
		},
		Entry("float32, one above 1", f32(1+0x1p-23), f32(1), 1.0, 0.0, 1.0),
		Entry("float32, one below 1: half the spacing above it", f32(1-0x1p-24), f32(1), 1.0, 0.0, 0.5),
		Entry("float32, from just below 1", f32(1), f32(1), 1-0x1p-30, 0.0, 0x1p-6),
		Entry("float32, across a power of two", f32(2), f32(2-0x1p-23), 2-0x1p-23, 0.0, 1.0),
		Entry("float32, down across a power of two", f32(2-0x1p-23), f32(2), 2.0, 0.0, 0.5),
		Entry("float32, negative", f32(-1-0x1p-22), f32(-1), -1.0, 0.0, 2.0),
		Entry("float32, subnormal", f32(0x1p-149), f32(0), 0.0, 0.0, 1.0),
		Entry("float32, in the first normal binade", f32(0x1p-126+0x1p-149), f32(0x1p-126), 0x1p-126, 0.0, 1.0),
		Entry("float32, an exact value below the smallest subnormal", f32(0x1p-149), f32(0), 0x1p-160, 0.0, 1-0x1p-11),
		Entry("float32, an exact value beyond the largest number", f32(math.MaxFloat32), f32(1), 0x1p128+0x1p104, 0.0, 2.0),
		Entry("float64, one above 1", f64(1+0x1p-52), f64(1), 1.0, 0.0, 1.0),
		Entry("float64, exact_low below a power of two", f64(1), f64(1), 1.0, -0x1p-55, 0.25),
		Entry("float64, exact_low above a power of two", f64(1), f64(1), 1.0, 0x1p-55, 0.125),
		Entry("float64, exact_low inside a binade", f64(1.5+0x1p-52), f64(1.5), 1.5, -0x1p-55, 1.125),
		Entry("float64, subnormal", f64(3*0x1p-1074), f64(0), 0x1p-1074, 0.0, 2.0),
		Entry("float64, at the top", f64(math.MaxFloat64), f64(1), math.MaxFloat64, 0x1p971, 1.0),
	)
})

var _ = Describe("The message", func() {
	It("has index, values, errors and bits of the first wrong elements", func() {
		got := tensor.FromFloat32([]float32{1, 1.25, 3, 4, 5.5, 6}, 2, 3)
		want := both(tensor.FromFloat32([]float32{1, 1.2499999, 3, 4, 5, 6}, 2, 3), 1e-8, []float64{1, 1.25 - 0x1p-24, 3, 4, 5, 6}, 7e-9)
		r := verdict.Compare(got, want)
		from := func(i int) string { return fmt.Sprintf("input %d", i) }
		Expect(r.MessageFrom(verdict.Parity, from)).To(Equal(strings.TrimLeft(`
float32 of shape (2, 3): 2 of 6 elements are wrong at level parity (2 by the reference, 2 by the oracle); agrees: neither
  at (0, 1): got 1.25 (0x3fa00000)
    from input 1
    reference 1.2499999 (0x3f9fffff), off by 1.19e-07 (1 ULP), allowed 1e-08
    exact     1.2499999403953552 (0x3fa00000), off by 5.96e-08 (0.5 ULP), allowed 7e-09
  at (1, 1): got 5.5
    from input 4
    reference 5, off by 0.5 (> 1e6 ULP), allowed 1e-08
    exact     5, off by 0.5 (> 1e6 ULP), allowed 7e-09
  largest error against the reference, at (1, 1): 0.5 absolute, 0.1 relative, > 1e6 ULP, 5e+07 of what is allowed
  largest error against the oracle, at (1, 1): 0.5 absolute, 0.1 relative, > 1e6 ULP, 7.14e+07 of what is allowed`, "\n")))
		Expect(r.Message(verdict.Parity)).NotTo(ContainSubstring("from"))
	})

	It("says where the class differs, once", func() {
		r := verdict.Compare(f32(2, nan, -inf), both(f32(1, 1, inf), 0, []float64{1, 1, inf}, 0))
		Expect(r.Message(verdict.Parity)).To(Equal(strings.TrimLeft(`
float32 of shape (3,): 3 of 3 elements are wrong at level parity (3 by the reference, 3 by the oracle); agrees: neither
  at (0,): got 2
    reference 1, off by 1 (> 1e6 ULP), allowed 0
    exact     1, off by 1 (> 1e6 ULP), allowed 0
  at (1,): got NaN
    reference 1, the kind differs (finite, NaN, ±Inf)
    exact     1, the kind differs (finite, NaN, ±Inf)
  at (2,): got -Inf
    reference +Inf, the kind differs (finite, NaN, ±Inf)
    exact     +Inf, the kind differs (finite, NaN, ±Inf)
  largest error against the reference: the kind differs (finite, NaN, ±Inf) at (1,)
  largest error against the oracle: the kind differs (finite, NaN, ±Inf) at (1,)`, "\n")))
	})

	It("does not blame a class that is right", func() {
		r := verdict.Compare(f32(nan, inf), both(f32(nan, inf), 0, []float64{1, 1}, 0))
		Expect(r.Message(verdict.Exact)).To(ContainSubstring("at (0,): got NaN\n    reference NaN, which is right\n    exact     1, the kind differs (finite, NaN, ±Inf)"))
		Expect(r.Message(verdict.Exact)).To(ContainSubstring("reference +Inf (0x7f800000), which is right"))
	})

	It("has the largest errors with their places, those at one place together, that of a single element once", func() {
		r := verdict.Compare(f32(1.5, 100), both(f32(1, 96), 10, []float64{1, 96}, 1))
		Expect(r.Message(verdict.Exact)).To(ContainSubstring("the oracle: 4 absolute at (1,), 0.5 relative at (0,), > 1e6 ULP at (0,), 4 of what is allowed at (1,)"))
		r = verdict.Compare(f32(0.5, 1), both(f32(0, 1), 0, []float64{0, 1}, 0))
		Expect(r.Message(verdict.Exact)).To(ContainSubstring("the oracle, at (0,): 0.5 absolute, > 1e6 ULP, where nothing is allowed"))
		r = verdict.Compare(f32(0.5, 1), both(f32(0, 1), 0, []float64{0.5, 1}, 0))
		Expect(r.Message(verdict.Reference)).To(ContainSubstring("against the oracle: 0"))
		r = verdict.Compare(f32(2), both(f32(1), 0, []float64{1}, 0))
		Expect(r.Message(verdict.Exact)).NotTo(ContainSubstring("largest"))
		r = verdict.Compare(f32(1.5), both(f32(1), 1, []float64{1}, 1))
		Expect(r.Message(verdict.Exact)).To(ContainSubstring("largest error against the oracle, at (0,): 0.5 absolute"))
	})

	It("is that of its level", func() {
		r := verdict.Compare(f64(1, 2, 7), both(f64(1, 9, 7), 0, []float64{9, 2, 8}, 0))
		Expect(r.Message(verdict.Reference)).To(ContainSubstring("1 of 3 elements are wrong at level reference"))
		Expect(r.Message(verdict.Reference)).To(ContainSubstring("  at (1,): got 2 (0x4000000000000000)\n"))
		Expect(r.Message(verdict.Reference)).NotTo(ContainSubstring("  at (0,)"))
		Expect(r.Message(verdict.Exact)).To(ContainSubstring("2 of 3 elements are wrong at level exact"))
		Expect(r.Message(verdict.Exact)).To(ContainSubstring("  at (0,): got 1 (0x3ff0000000000000)\n"))
		Expect(r.Message(verdict.Parity)).To(ContainSubstring("0 of 3 elements are wrong at level parity"))
		Expect(r.Message(verdict.Parity)).NotTo(ContainSubstring("  at "))
	})

	It("says where there is no oracle, what the low part is, and that overflows were accepted", func() {
		r := verdict.Compare(f64(2), both(f64(1), 0, []float64{5}, nan))
		Expect(r.Message(verdict.Exact)).To(ContainSubstring("exact     has no value here"))
		r = verdict.Compare(f64(2), withLow(both(f64(1), 0, []float64{1}, 0), 0x1p-60))
		Expect(r.Message(verdict.Exact)).To(ContainSubstring("exact     1 +8.67e-19, off by 1 ("))
		r = verdict.Compare(f32(nan), mayOverflow(both(f32(1), 0, []float64{1}, 0)))
		Expect(r.Message(verdict.Parity)).To(ContainSubstring("premature overflows (accepted): 1"))
	})

	It("is bounded for a huge tensor that is all wrong", func() {
		const n = 1 << 22
		got := tensor.Tensor{DType: tensor.Float32, Shape: []int{2, n / 2}, Data: make([]byte, 4*n)}
		want := both(tensor.FromFloat32(make([]float32, n), 2, n/2), 0, filled(n, 1), 0)
		r := verdict.Compare(got, want)
		message := r.Message(verdict.Exact)
		Expect(r.ByOracle.Count).To(Equal(n))
		Expect(r.ByOracle.First).To(HaveLen(5))
		Expect(message).To(ContainSubstring("and 4194299 more"))
		Expect(len(message)).To(BeNumerically("<", 2000))
	})

	It("writes an index for each dimension", func() {
		Expect(verdict.FormatIndex([]int{2, 3, 4}, 23)).To(Equal("(1, 2, 3)"))
		Expect(verdict.FormatIndex([]int{5}, 4)).To(Equal("(4,)"))
		Expect(verdict.FormatIndex(nil, 0)).To(Equal("()"))
	})
})

var _ = Describe("Levels", func() {
	It("are parsed by name", func() {
		for _, level := range []verdict.Level{verdict.Parity, verdict.Exact, verdict.Reference} {
			Expect(verdict.ParseLevel(string(level))).To(Equal(level))
		}
		_, err := verdict.ParseLevel("strict")
		Expect(err).To(MatchError(`level is "strict", want parity, exact or reference`))
	})
})

var _ = Describe("Published figures", func() {
	want := fixtures.Expected{Reference: f32(0.6566, 1), Published: []float64{0.6567, 1}, PublishedTolerance: []float64{1e-3, 1e-5}}

	It("are right within the rounding of the print", func() {
		wrong, ok := verdict.ComparePublished(f32(0.6566, 1), want)
		Expect(ok).To(BeTrue())
		Expect(wrong).To(BeEmpty())
	})
	It("are right at its bound and wrong just beyond it", func() {
		at := fixtures.Expected{Reference: f32(1), Published: []float64{1}, PublishedTolerance: []float64{0.25}}
		wrong, _ := verdict.ComparePublished(f32(1.25), at)
		Expect(wrong).To(BeEmpty())
		wrong, _ = verdict.ComparePublished(f32(0.74), at)
		Expect(wrong).To(Equal([]int{0}))
	})
	It("are wrong beyond it", func() {
		wrong, ok := verdict.ComparePublished(f64(0.6566, 1.1), want)
		Expect(ok).To(BeTrue())
		Expect(wrong).To(Equal([]int{1}))
		wrong, _ = verdict.ComparePublished(f64(nan, 1), want)
		Expect(wrong).To(Equal([]int{0}))
	})
	It("are not there for most outputs, nor for another shape", func() {
		_, ok := verdict.ComparePublished(f32(1), fixtures.Expected{Reference: f32(1)})
		Expect(ok).To(BeFalse())
		_, ok = verdict.ComparePublished(f32(1), want)
		Expect(ok).To(BeFalse())
	})
})

var _ = Describe("The verdict vectors", Ordered, func() {
	set, err := fixtures.Embedded()
	if err != nil {
		It("are there", func() { Expect(err).NotTo(HaveOccurred()) })
		return
	}
	vectors, err := set.VerdictVectors()
	It("are there", func() {
		Expect(err).NotTo(HaveOccurred())
		Expect(len(vectors)).To(BeNumerically(">", 20))
	})
	for _, v := range vectors {
		It(v.Name, func() {
			r := verdict.Compare(v.Got, v.Expected)
			Expect(r.Err).NotTo(HaveOccurred())
			Expect(fixtures.Verdict{
				Parity: r.Pass(verdict.Parity), Exact: r.Pass(verdict.Exact), Reference: r.Pass(verdict.Reference),
				Agrees: string(r.Agrees),
			}).To(Equal(v.Verdict), "%s\n%s", v.Reason, r.Message(verdict.Parity))
		})
	}
})
