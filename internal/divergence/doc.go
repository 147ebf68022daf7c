// Package divergence is the catalogue of divergences: named wrong variants of the modules,
// each a small variation of one right definition, with the rule that it breaks, why people
// make the mistake and where it was met.
//
// They serve twice. As mutants: a suite that does not find one of them would not find the
// mistake in a port either ([Divergence.Port]; make docs writes the kill matrix). As diagnosis: the
// outputs of a port that fails are held against theirs (internal/diagnosis).
//
// A family of modules has one definition (definition.go) in plain float64, rounded to the
// dtype of the output, and divergences that change one step of it. Another module with the
// same steps adds its right functions to [right]; one with other steps adds a family of its
// own, whose divergences are appended to [All].
package divergence
