// Package outline has what all checks have in common whose calls are made, and are not recorded in the fixtures.
package outline

import (
	"strings"

	"lossproof/fixtures"
	"lossproof/ports"
)

// Check is what is said of a check of one module.
type Check struct {
	// ID is a path, as that of a case: BCEWithLogitsLoss/relations/symmetry. Topic is the second part of it.
	ID, Topic string
	// Rule is what the check shows.
	Rule fixtures.Rule
	// Since is the version of the fixtures that the check came with.
	Since string
	// Inputs says in words what all checks of the topic are made on, Domain which of them this one is, and Tolerance
	// how far an answer may be from what it is held against.
	Inputs, Domain, Tolerance string
}

// New returns a check of the last part of its id, whose rule, named by a word and that part, must hold: it follows from the formula, and why says how.
func New(module ports.Module, topic, name, word, evidence, statement, why string) Check {
	return Check{
		ID: module.Name + "/" + topic + "/" + name, Topic: topic, Since: module.Since,
		Rule: fixtures.Rule{
			ID: module.Prefix + "-" + word + "-" + strings.ToUpper(name), Module: module.Name, Evidence: evidence,
			Statement: statement, Requirement: fixtures.Must,
			Basis: fixtures.Basis{Kind: "derived", Text: why, Link: Page(module.Name)},
		},
	}
}

// Page is that of a module in PyTorch's documentation.
func Page(module string) string {
	return "https://docs.pytorch.org/docs/2.15/generated/torch.nn." + module + ".html"
}
