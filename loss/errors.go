package loss

import (
	"fmt"
	"strconv"
	"strings"
)

// ShapeError says that an argument does not have a shape, or a slice not the length,
// that the call needs. Get at it with [errors.As].
type ShapeError struct {
	// Module is the class name of the loss, empty for the constructors of tensors.
	Module string
	// Argument names the argument that is refused: input, target, weight, pos_weight,
	// grad_output, or one of the slices to write to: loss, grad_input, grad_target, grad_weight. The constructors
	// of tensors refuse tensor and rows.
	Argument string
	// Reason says what was found and what was expected, both shapes included.
	Reason string
}

// Error returns the module, the argument and the reason in one line.
func (e *ShapeError) Error() string { return message(e.Module, e.Argument, e.Reason) }

// OptionError says that an option of a loss has a value that does not exist or does not go with the target, or that a
// call needs an option that was not given. Get at it with [errors.As].
type OptionError struct {
	// Module is the class name of the loss, empty for [ParseReduction].
	Module string
	// Option names the option, as PyTorch does: reduction, weight, ignore_index or label_smoothing.
	Option string
	// Reason says what was found and what was expected.
	Reason string
}

// Error returns the module, the option and the reason in one line.
func (e *OptionError) Error() string { return message(e.Module, e.Option, e.Reason) }

func message(module, name, reason string) string {
	if module == "" {
		module = "loss"
	}
	return module + ": " + name + ": " + reason
}

func shapeErrorf(module, argument, format string, a ...any) error {
	return &ShapeError{Module: module, Argument: argument, Reason: fmt.Sprintf(format, a...)}
}

// formatShape writes a shape as PyTorch and NumPy users know it: (), (5,), (3, 5).
func formatShape(shape []int) string {
	parts := make([]string, len(shape))
	for i, d := range shape {
		parts[i] = strconv.Itoa(d)
	}
	if len(parts) == 1 {
		return "(" + parts[0] + ",)"
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

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
