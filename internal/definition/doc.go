// Package definition is what the losses are: each module's way forward, written once (modules.go),
// over an abstract number. With other numbers the same steps give
//
//   - the outputs in float64 ([Loss.Evaluate]),
//   - the exact outputs in double-double, with a bound on the error in them ([Loss.Exact]),
//   - how far from those, and from PyTorch's, a right result may be ([Loss.Allow]),
//   - the smallest intermediate ([Loss.Smallest]).
//
// Gradients follow by differentiation in reverse: a [Number] belongs to a [Tape], which records
// what numbers are made of. An element, or a row of CrossEntropyLoss, has a short tape that is used
// again for the next one, so that a large call needs no more memory than its tensors.
//
// A [Loss] is a list of steps, from the options to the outputs. [Of] returns PyTorch's; a wrong
// variant of a module (package divergence) replaces a step, or wraps it:
//
//	l := definition.Of(ports.BCEWithLogitsLoss)
//	l.View = func(u *definition.Unit) { u.W[0] = u.W[0].Scale(math.Log2E) } // a logarithm of base 2
//	answer := l.Evaluate(call)
//
// and gets its gradients as anybody does who differentiates it automatically. Where the gradient
// itself is the mistake, it is one of [Loss.Gradients].
//
// A test holds the exact results, the tolerances and the parities to every array of the fixtures,
// which another program computed with mpmath.
package definition
