// Package generated has checks of any size: calls that are drawn from a seed, whose every element is
// judged against the exact result that the definition of the module (package definition) computes at
// run time. Recorded cases are small, and laws know no results; kernels work in blocks, tiles, chunks
// and vectors, and go wrong where these meet.
//
// A [Check] is a subject of one module, such as weights or ignored rows. Its calls have the sizes at
// which such seams lie (sizes.go), up to what the [Effort] allows. What is special in a call moves over
// the whole tensor (draw.go), so that an element that is left out, computed twice or read from another
// place shows. A call that a port gets wrong is made smaller (shrink.go).
//
// Rules that must hold allow for sums that are accumulated one term after the other in the dtype of the
// input (see [slack]): how accurate a sum is, is a rule of its own, that should hold.
package generated
