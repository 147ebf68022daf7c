// Package matchers has Gomega matchers over the comparison of judge/verdict. It changes no
// Gomega global.
package matchers

import (
	"fmt"

	"github.com/onsi/gomega/types"

	"lossproof/fixtures"
	"lossproof/judge/verdict"
	"lossproof/tensor"
)

// AgreeWith succeeds if actual, a [tensor.Tensor], passes at level against what the fixtures
// expect: shape, dtype, and each element by the reference or the oracle.
//
//	expected, err := set.Expected(c, "loss")
//	Expect(answer.Outputs["loss"]).To(matchers.AgreeWith(expected, verdict.Parity))
//
// It is an error, not a mismatch, if actual is no tensor, the level is unknown or the
// expectation malformed.
func AgreeWith(expected fixtures.Expected, level verdict.Level) types.GomegaMatcher {
	return &AgreeWithMatcher{Expected: expected, Level: level}
}

// AgreeWithMatcher is the matcher of [AgreeWith]. It keeps the result of its last match: use
// a new one for each assertion.
type AgreeWithMatcher struct {
	Expected fixtures.Expected
	Level    verdict.Level

	// Result is what the last match found.
	Result verdict.Result
}

// Match implements [types.GomegaMatcher].
func (m *AgreeWithMatcher) Match(actual any) (bool, error) {
	got, err := tensorOf("AgreeWith", actual)
	if err != nil {
		return false, err
	}
	if _, err := verdict.ParseLevel(string(m.Level)); err != nil {
		return false, fmt.Errorf("AgreeWith: %w", err)
	}
	m.Result = verdict.Compare(got, m.Expected)
	if m.Result.Err != nil {
		return false, fmt.Errorf("AgreeWith: the expectation is malformed: %w", m.Result.Err)
	}
	return m.Result.Pass(m.Level), nil
}

// FailureMessage implements [types.GomegaMatcher]. It is bounded: never whole tensors.
func (m *AgreeWithMatcher) FailureMessage(any) string {
	return fmt.Sprintf("Expected the tensor to agree with what is expected at level %s\n%s", m.Level, m.Result.Message(m.Level))
}

// NegatedFailureMessage implements [types.GomegaMatcher].
func (m *AgreeWithMatcher) NegatedFailureMessage(any) string {
	return fmt.Sprintf("Expected the tensor not to agree with what is expected at level %s\n%s", m.Level, m.Result.Message(m.Level))
}

// tensorOf returns actual as a tensor, or says what it is instead.
func tensorOf(matcher string, actual any) (tensor.Tensor, error) {
	switch t := actual.(type) {
	case tensor.Tensor:
		return t, nil
	case *tensor.Tensor:
		if t != nil {
			return *t, nil
		}
	}
	return tensor.Tensor{}, fmt.Errorf("%s: got a %T, want a tensor.Tensor", matcher, actual)
}
