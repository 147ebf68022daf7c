package verdict

import (
	"math"

	"lossproof/fixtures"
	"lossproof/tensor"
)

// ComparePublished returns the indices of the elements of got that differ from what a text
// printed by more than its rounding allows, |got - published| <= published_tolerance. ok is
// false where nothing was published or got has another shape; the dtype does not matter.
func ComparePublished(got tensor.Tensor, want fixtures.Expected) (wrong []int, ok bool) {
	if want.Published == nil || !tensor.SameShape(got.Shape, want.Reference.Shape) ||
		len(got.Data) != len(want.Published)*got.DType.Size() || len(want.PublishedTolerance) != len(want.Published) {
		return nil, false
	}
	for i, published := range want.Published {
		if !(math.Abs(got.Float64(i)-published) <= want.PublishedTolerance[i]) {
			wrong = append(wrong, i)
		}
	}
	return wrong, true
}
