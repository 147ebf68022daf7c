package loss

import (
	"fmt"
	"strconv"
	"strings"
)

// ValueError says that an element of an argument has a value that the module does not
// accept. Get at it with [errors.As].
type ValueError struct {
	// Module is the class name of the loss.
	Module string
	// Argument names the argument: input or target.
	Argument string
	// Reason says which element is refused, its value, and what was expected.
	Reason string
}

// Error returns the module, the argument and the reason in one line.
func (e *ValueError) Error() string { return message(e.Module, e.Argument, e.Reason) }

// valueError returns the error of element i of an argument of a shape.
func valueError(module, argument string, shape []int, i int, value any, want string) error {
	return &ValueError{Module: module, Argument: argument, Reason: fmt.Sprintf("element %s is %v, want %s", formatIndex(shape, i), value, want)}
}

// formatIndex writes the index of element i, in row-major order, of a shape: [2, 0].
func formatIndex(shape []int, i int) string {
	parts := make([]string, len(shape))
	for k := len(shape) - 1; k >= 0; k-- {
		parts[k] = strconv.Itoa(i % shape[k])
		i /= shape[k]
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
