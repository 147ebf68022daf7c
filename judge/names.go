package judge

import (
	"maps"
	"slices"

	"lossproof/internal/claim"
	"lossproof/tensor"
)

// outputNames returns the names of an answer's outputs: those that are known first, in
// the order loss, grad_input, grad_target, grad_weight.
func outputNames(outputs map[string]tensor.Tensor) []string {
	return inOrder(slices.Sorted(maps.Keys(outputs)))
}

// OutputNames returns the names of a result's outputs in the order loss, grad_input,
// grad_target, grad_weight.
func (r CheckResult) OutputNames() []string {
	return inOrder(slices.Sorted(maps.Keys(r.Outputs)))
}

// inOrder moves the known outputs to the front, in their order.
func inOrder(names []string) []string {
	var ordered []string
	for _, name := range claim.Outputs {
		if slices.Contains(names, name) {
			ordered = append(ordered, name)
		}
	}
	for _, name := range names {
		if !slices.Contains(ordered, name) {
			ordered = append(ordered, name)
		}
	}
	return ordered
}
