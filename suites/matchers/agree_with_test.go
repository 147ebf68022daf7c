package matchers_test

import (
	"math"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/format"

	"lossproof/fixtures"
	"lossproof/judge/verdict"
	"lossproof/suites/matchers"
	"lossproof/tensor"
)

var _ = Describe("AgreeWith", func() {
	// torch says 1 and 2, mathematics 1 and 2.5.
	expected := fixtures.Expected{
		Reference: tensor.FromFloat32([]float32{1, 2}, 2),
		Parity:    []float64{0, 0.125},
		Exact:     []float64{1, 2.5}, Tolerance: []float64{0, 0.125},
	}
	torch := tensor.FromFloat32([]float32{1, 2}, 2)
	exact := tensor.FromFloat32([]float32{1, 2.5}, 2)
	neither := tensor.FromFloat32([]float32{1, 2.25}, 2)

	It("judges at its level", func() {
		Expect(torch).To(matchers.AgreeWith(expected, verdict.Parity))
		Expect(torch).To(matchers.AgreeWith(expected, verdict.Reference))
		Expect(torch).NotTo(matchers.AgreeWith(expected, verdict.Exact))
		Expect(exact).To(matchers.AgreeWith(expected, verdict.Parity))
		Expect(exact).To(matchers.AgreeWith(expected, verdict.Exact))
		Expect(exact).NotTo(matchers.AgreeWith(expected, verdict.Reference))
		for _, level := range []verdict.Level{verdict.Parity, verdict.Exact, verdict.Reference} {
			Expect(neither).NotTo(matchers.AgreeWith(expected, level))
		}
		Expect(&torch).To(matchers.AgreeWith(expected, verdict.Parity))
	})

	It("tells shape and dtype apart", func() {
		Expect(tensor.FromFloat32([]float32{1, 2}, 1, 2)).NotTo(matchers.AgreeWith(expected, verdict.Parity))
		Expect(tensor.FromFloat64([]float64{1, 2}, 2)).NotTo(matchers.AgreeWith(expected, verdict.Parity))
	})

	It("composes with other matchers", func() {
		outputs := map[string]tensor.Tensor{"loss": torch}
		Expect(outputs).To(HaveKeyWithValue("loss", matchers.AgreeWith(expected, verdict.Parity)))
		Expect(outputs).NotTo(HaveKeyWithValue("loss", matchers.AgreeWith(expected, verdict.Exact)))
		Expect([]tensor.Tensor{torch, exact}).To(HaveEach(matchers.AgreeWith(expected, verdict.Parity)))
	})

	It("says what differs, in a bounded message", func() {
		m := matchers.AgreeWith(expected, verdict.Exact)
		Expect(m.Match(neither)).To(BeFalse())
		Expect(m.FailureMessage(neither)).To(HavePrefix("Expected the tensor to agree with what is expected at level exact\n" +
			"float32 of shape (2,): 1 of 2 elements are wrong at level exact (1 by the reference, 1 by the oracle); agrees: neither\n" +
			"  at (1,): got 2.25\n" +
			"    reference 2, off by 0.25 (> 1e6 ULP), allowed 0.125\n" +
			"    exact     2.5, off by 0.25 (> 1e6 ULP), allowed 0.125\n"))

		const n = 1 << 16
		huge := tensor.FromFloat32(make([]float32, n), n)
		parity := make([]float64, n)
		reference := make([]float32, n)
		for i := range reference {
			reference[i] = 1
		}
		m = matchers.AgreeWith(fixtures.Expected{Reference: tensor.FromFloat32(reference, n), Parity: parity}, verdict.Parity)
		Expect(m.Match(huge)).To(BeFalse())
		Expect(len(m.FailureMessage(huge))).To(BeNumerically("<", 2000))
	})

	It("says what agrees where it should not", func() {
		m := matchers.AgreeWith(expected, verdict.Parity)
		Expect(m.Match(torch)).To(BeTrue())
		Expect(m.NegatedFailureMessage(torch)).To(HavePrefix("Expected the tensor not to agree with what is expected at level parity\n" +
			"float32 of shape (2,): 0 of 2 elements are wrong at level parity (0 by the reference, 1 by the oracle); agrees: torch"))
	})

	DescribeTable("refuses wrong use with an error",
		func(actual any, expected fixtures.Expected, level verdict.Level, message string) {
			matched, err := matchers.AgreeWith(expected, level).Match(actual)
			Expect(err).To(MatchError(message))
			Expect(matched).To(BeFalse())
		},
		Entry("a slice", []float32{1, 2}, expected, verdict.Parity, "AgreeWith: got a []float32, want a tensor.Tensor"),
		Entry("nil", nil, expected, verdict.Parity, "AgreeWith: got a <nil>, want a tensor.Tensor"),
		Entry("a nil pointer", (*tensor.Tensor)(nil), expected, verdict.Parity, "AgreeWith: got a *tensor.Tensor, want a tensor.Tensor"),
		Entry("an unknown level", torch, expected, verdict.Level("strict"), `AgreeWith: level is "strict", want parity, exact or reference`),
		Entry("a malformed expectation", torch, fixtures.Expected{Reference: torch}, verdict.Parity,
			"AgreeWith: the expectation is malformed: parity has 0 elements, the reference 2"),
	)

	It("changes no global of Gomega", func() {
		before := []any{format.MaxLength, format.MaxDepth, format.TruncatedDiff, format.UseStringerRepresentation}
		m := matchers.AgreeWith(expected, verdict.Exact)
		Expect(m.Match(torch)).To(BeFalse())
		_, _ = m.FailureMessage(torch), m.NegatedFailureMessage(torch)
		Expect([]any{format.MaxLength, format.MaxDepth, format.TruncatedDiff, format.UseStringerRepresentation}).To(Equal(before))
	})
})

var _ = Describe("AgreeWithPublished", func() {
	expected := fixtures.Expected{
		Reference: tensor.FromFloat32([]float32{0.6566, 1, 2}, 3),
		Published: []float64{0.6567, 1, 2}, PublishedTolerance: []float64{1e-3, 5e-5, 5e-5},
	}

	It("allows the rounding of the print", func() {
		Expect(tensor.FromFloat32([]float32{0.6566, 1, 2.00001}, 3)).To(matchers.AgreeWithPublished(expected))
		Expect(tensor.FromFloat64([]float64{0.6566, 1, 2.0001}, 3)).NotTo(matchers.AgreeWithPublished(expected))
		Expect(tensor.FromFloat64([]float64{0.6566, math.NaN(), 2}, 3)).NotTo(matchers.AgreeWithPublished(expected))
	})

	It("says what differs", func() {
		got := tensor.FromFloat64([]float64{0.6, 1, 2.5}, 3)
		m := matchers.AgreeWithPublished(expected)
		Expect(m.Match(got)).To(BeFalse())
		Expect(m.FailureMessage(got)).To(Equal("Expected the tensor to agree with the published figures: 2 of 3 elements differ\n" +
			"  at (0,): got 0.6, published 0.6567 ± 0.001\n" +
			"  at (2,): got 2.5, published 2 ± 5e-05"))
		right := tensor.FromFloat64([]float64{0.6567, 1, 2}, 3)
		Expect(m.Match(right)).To(BeTrue())
		Expect(m.NegatedFailureMessage(right)).To(ContainSubstring("all 3 elements do"))
	})

	It("refuses wrong use with an error", func() {
		_, err := matchers.AgreeWithPublished(fixtures.Expected{}).Match(tensor.FromFloat64([]float64{1}))
		Expect(err).To(MatchError("AgreeWithPublished: nothing was published for this output"))
		_, err = matchers.AgreeWithPublished(expected).Match(tensor.FromFloat64([]float64{1}))
		Expect(err).To(MatchError("AgreeWithPublished: shape is (), want (3,)"))
		_, err = matchers.AgreeWithPublished(expected).Match(1.5)
		Expect(err).To(MatchError("AgreeWithPublished: got a float64, want a tensor.Tensor"))
	})
})
