// Package laws has laws that hold between the answers of a port, checked on generated
// inputs: 'none' of a permuted batch is the permuted 'none', a mean is a sum over a count,
// the losses of the targets 0 and 1 differ by the logit. Nobody has to know the right
// result, so a port cannot have learnt it by heart.
//
// A [Relation] is a law as a rule of one module; [All] lists them. Its inputs are drawn
// with pgregory.net/rapid from a seed, so that the same seed asks the same; what breaks the
// law is shrunk to a small counterexample.
//
// Together the laws of BCEWithLogitsLoss and MultiLabelSoftMarginLoss leave no room: two of
// them, exp(-l(x, 0)) + exp(-l(x, 1)) = 1 and l(x, 0) - l(x, 1) = x, have softplus as their
// only solution, and the others carry it to all targets, weights, reductions and gradients.
// CrossEntropyLoss is asked for inputs (N, C) alone: its other shapes are asked by cases.
//
// The tolerance of a law is what is allowed of the answers that it compares (see
// fixtures/README.md), each at its own place: at level exact the tolerance to the oracle, at
// the other levels at least the cap of parity, B·eps·M, which bounds what the textbook
// formula loses.
package laws
