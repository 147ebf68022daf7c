package matchers

import (
	"errors"
	"fmt"
	"strings"

	"github.com/onsi/gomega/types"

	"lossproof/fixtures"
	"lossproof/judge/verdict"
	"lossproof/tensor"
)

// AgreeWithPublished succeeds if actual, a [tensor.Tensor], is what a text printed, within
// the rounding of the print. It is an error if the fixtures have no published figures for
// the output, or actual has another shape.
func AgreeWithPublished(expected fixtures.Expected) types.GomegaMatcher {
	return &AgreeWithPublishedMatcher{Expected: expected}
}

// AgreeWithPublishedMatcher is the matcher of [AgreeWithPublished].
type AgreeWithPublishedMatcher struct {
	Expected fixtures.Expected

	got   tensor.Tensor
	wrong []int
}

// Match implements [types.GomegaMatcher].
func (m *AgreeWithPublishedMatcher) Match(actual any) (bool, error) {
	got, err := tensorOf("AgreeWithPublished", actual)
	if err != nil {
		return false, err
	}
	if m.Expected.Published == nil {
		return false, errors.New("AgreeWithPublished: nothing was published for this output")
	}
	wrong, ok := verdict.ComparePublished(got, m.Expected)
	if !ok {
		return false, fmt.Errorf("AgreeWithPublished: shape is %s, want %s",
			tensor.FormatShape(got.Shape), tensor.FormatShape(m.Expected.Reference.Shape))
	}
	m.got, m.wrong = got, wrong
	return len(wrong) == 0, nil
}

// FailureMessage implements [types.GomegaMatcher]. It names the first five elements.
func (m *AgreeWithPublishedMatcher) FailureMessage(any) string {
	const most = 5
	var b strings.Builder
	fmt.Fprintf(&b, "Expected the tensor to agree with the published figures: %d of %d elements differ", len(m.wrong), len(m.Expected.Published))
	for _, i := range m.wrong[:min(len(m.wrong), most)] {
		fmt.Fprintf(&b, "\n  at %s: got %v, published %v ± %.3g",
			verdict.FormatIndex(m.got.Shape, i), m.got.Float64(i), m.Expected.Published[i], m.Expected.PublishedTolerance[i])
	}
	if more := len(m.wrong) - most; more > 0 {
		fmt.Fprintf(&b, "\n  and %d more", more)
	}
	return b.String()
}

// NegatedFailureMessage implements [types.GomegaMatcher].
func (m *AgreeWithPublishedMatcher) NegatedFailureMessage(any) string {
	return fmt.Sprintf("Expected the tensor not to agree with the published figures, all %d elements do", len(m.Expected.Published))
}
