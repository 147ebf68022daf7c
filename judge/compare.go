package judge

import (
	"lossproof/fixtures"
	"lossproof/judge/verdict"
	"lossproof/tensor"
)

// compare gives the verdict on one output its form in a result. origin, asked only where
// elements are wrong, returns what says of an element which numbers it comes from.
func compare(got tensor.Tensor, want fixtures.Expected, level verdict.Level, origin func() func(int) string) OutputResult {
	v := verdict.Compare(got, want)
	result := OutputResult{Outcome: Pass}
	switch {
	case v.Err != nil:
		return OutputResult{Outcome: SuiteError, Message: v.Message(level)}
	case !v.Pass(level):
		result.Outcome, result.Message = Fail, v.MessageFrom(level, origin())
	}
	result.Agrees = string(v.Agrees)
	if v.Mismatch == "" {
		result.Elements = v.Elements
		result.Errors = &Errors{
			Reference:         distance(v.FromReference, v.Shape),
			Exact:             distance(v.FromOracle, v.Shape),
			PrematureOverflow: v.PrematureOverflows,
		}
	}
	return result
}

// distance returns nil where no element has an error.
func distance(e verdict.Errors, shape []int) *Distance {
	if e.Absolute.Index < 0 {
		return nil
	}
	return &Distance{
		Abs: Number(e.Absolute.Value), AbsAt: multiIndex(shape, e.Absolute.Index),
		Rel: Number(e.Relative.Value), RelAt: multiIndex(shape, e.Relative.Index),
		ULP: Number(e.ULP.Value), ULPAt: multiIndex(shape, e.ULP.Index),
		Headroom: Number(e.Headroom.Value),
	}
}

// multiIndex returns the index of a row-major element along each axis, nil for none.
func multiIndex(shape []int, i int) []int {
	if i < 0 {
		return nil
	}
	return tensor.Index(shape, i)
}
