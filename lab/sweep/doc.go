// Package sweep measures how accurate the losses are.
//
// Three things are measured, each against an oracle that is far more accurate than the dtype:
//
//   - [Float32]: BCEWithLogitsLoss 'none' and its gradient at every float32 logit, BCELoss at every float32
//     probability, with the targets 0 and 1. All bit patterns are looked at, or a stratified sample of them ([Sample]).
//   - [Random]: both dtypes at random inputs, CrossEntropyLoss in rows, with hard and soft targets and all options.
//   - [Sums]: means and sums over many elements, and whether they depend on the number of threads.
//
// An error is given in ULPs: the distance from the exact result, divided by the spacing of the
// dtype's numbers at the exact result (never less than the smallest subnormal number).
//
// [Report] has the results, says what misses the limits, and writes the tables of
// docs/accuracy.md.
package sweep
