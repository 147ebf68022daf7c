package judge

import (
	"maps"
	"slices"

	"lossproof/internal/claim"
	"lossproof/ports"
)

// OutputNames returns the names of a result's outputs in the order loss, grad_input,
// grad_target, grad_weight.
func (r CheckResult) OutputNames() []string { return namesOf(r.Outputs) }

// namesOf returns the names of outputs: those that are known first, in their order.
func namesOf[V any](outputs map[string]V) []string {
	known := ports.Present(claim.Outputs, outputs)
	others := slices.DeleteFunc(slices.Sorted(maps.Keys(outputs)), func(name string) bool { return slices.Contains(known, name) })
	return append(known, others...)
}
