package judge

import (
	"slices"
	"testing"

	"lossproof/ports"
	"lossproof/tensor"
)

// TestUncheckedPairs: an output that is checked in one dtype says nothing of it in another.
func TestUncheckedPairs(t *testing.T) {
	of := checkable{tensor.Float32: {ports.Loss: true, ports.GradInput: true}, tensor.Float16: {ports.Loss: true}}
	cl := ports.Claim{DTypes: []tensor.DType{tensor.Float16, tensor.Float32}, Outputs: []string{ports.Loss, ports.GradInput}}
	if got := uncheckedPairs(of, cl); !slices.Equal(got, []string{"no check of grad_input in float16"}) {
		t.Errorf("got %q", got)
	}
}
