package tensor_test

import (
	"testing"

	"lossproof/tensor"
)

// The dtypes of 16 bits are halves, and no other is.
func TestIsHalf(t *testing.T) {
	for dtype, want := range map[tensor.DType]bool{
		tensor.Float16: true, tensor.BFloat16: true, tensor.Float32: false, tensor.Float64: false, tensor.Int64: false, tensor.Bool: false, "": false,
	} {
		if got := dtype.IsHalf(); got != want {
			t.Errorf("%q: got %t", dtype, got)
		}
	}
}
