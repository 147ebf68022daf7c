package mlsm_test

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	mlsm "example.com/ginkgo"

	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/suites"
)

func TestLosses(t *testing.T) {
	RegisterFailHandler(Fail)
	for _, level := range []verdict.Level{verdict.Parity, verdict.Exact} {
		Describe("conformance at "+string(level), func() {
			if err := suites.Register(port{}, judge.Options{Level: level}); err != nil {
				t.Fatal(err)
			}
		})
	}
	RunSpecs(t, "mlsm")
}

// Specs of your own stand beside them.
var _ = Describe("Loss", func() {
	It("is log 2 where the logits say nothing", func() {
		grad := make([]float32, 2)
		Expect(mlsm.Loss(grad, []float32{0, 0}, []float32{0, 1})).To(BeNumerically("~", 0.6931472, 1e-7))
		Expect(grad).To(Equal([]float32{0.25, -0.25}))
	})
})
