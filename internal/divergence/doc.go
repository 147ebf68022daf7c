// Package divergence is the catalogue of divergences: named wrong variants of the modules,
// each a small variation of one right definition, with the rule that it breaks, why people
// make the mistake and where it was met.
//
// They serve twice. As mutants: a suite that does not find one of them would not find the
// mistake in a port either ([Divergence.Port]; make docs writes the kill matrix). As diagnosis: the
// outputs of a port that fails are held against theirs (internal/diagnosis).
//
// The right definition is that of package definition. A divergence replaces one of its steps, of the
// way forward: its gradients follow, as anybody gets them who differentiates automatically, unless
// they are the mistake. vary.go has the functions that make variations.
package divergence
