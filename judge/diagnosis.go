package judge

import (
	"encoding/json"

	"lossproof/fixtures"
)

// Cause is what explains failures of one module, in the order in which a report has them: what is
// proved comes first, then leads.
type Cause struct {
	Module string    `json:"module"`
	Kind   CauseKind `json:"kind"`
	// Lead says that it explains less than four fifths of what it should: somewhere to look, no finding.
	Lead bool `json:"lead"`
	// Name is that of a known mistake in the catalogue of divergences, and Alike are others that give the same answers to a
	// single call.
	Name  string   `json:"name,omitempty"`
	Alike []string `json:"alike,omitempty"`
	// Sentence says what is wrong, Condition where, if not everywhere, and How what the answers are
	// instead of the right ones.
	Sentence  string `json:"sentence"`
	Condition string `json:"condition,omitempty"`
	How       string `json:"how,omitempty"`
	// Why says why people make the mistake, Right has the right formula, and Met are public issues of
	// others who made it.
	Why   string `json:"why,omitempty"`
	Right string `json:"right,omitempty"`
	Met   []Link `json:"met,omitempty"`
	// Rule is the id of the rule that is broken, with its sentence.
	Rule        string               `json:"rule,omitempty"`
	Statement   string               `json:"statement,omitempty"`
	Requirement fixtures.Requirement `json:"requirement,omitempty"`
	// Explains counts the answers that it explains, of Failing ones of the module; Outputs are the outputs
	// among them, and IDs the first of them: case#output, or the case for a refusal.
	Explains int      `json:"explains"`
	Failing  int      `json:"failing"`
	Outputs  []string `json:"outputs"`
	IDs      []string `json:"ids"`
	// With are the other mistakes that it explains some of them with.
	With []string `json:"with,omitempty"`
	// Held counts the answers that pass and that it was held against. Under the condition, Contradicted
	// counts those of them that it would get wrong, and Otherwise those that are wrong in another way.
	Held         int `json:"held"`
	Contradicted int `json:"contradicted"`
	Otherwise    int `json:"otherwise"`
	// Fresh says what came of an input that is in no fixture; nil where none could be made, or asked.
	Fresh *Fresh `json:"fresh,omitempty"`
	// Asked are inputs on either side of the condition, which are in no fixture.
	Asked []Probe `json:"asked,omitempty"`
	// Reproduction is a small call that shows it.
	Reproduction *Reproduction `json:"reproduction,omitempty"`
}

// Probe is an input that is in no fixture.
type Probe struct {
	Call string `json:"call"`
	// Within says that the condition holds for it, Predicted that the answer is wrong there, or right where it
	// does not hold.
	Within    bool `json:"within"`
	Predicted bool `json:"predicted"`
}

// CauseKind says how a cause was found.
type CauseKind string

// The kinds of causes.
const (
	// KnownMistake: the answers equal those of a divergence.
	KnownMistake CauseKind = "mistake"
	// Delimited: no divergence explains them, and a condition tells them from right ones.
	Delimited CauseKind = "condition"
	// Raises: the port raises an error instead of answering.
	Raises CauseKind = "error"
)

// Reproduction is a call with what the port answered, and what is right.
type Reproduction struct {
	// Request is the call as a line of the wire protocol.
	Request json.RawMessage `json:"request"`
	// Call describes it in a line: options, and the numbers.
	Call string `json:"call"`
	// Output is the one that is wrong, Got and Want its elements: "refused" where a call is refused.
	Output string `json:"output"`
	Got    string `json:"got"`
	Want   string `json:"want"`
}

// Diagnosis says which known mistakes explain the wrong answers of one module. Package
// internal/diagnosis makes it.
type Diagnosis struct {
	Module string `json:"module"`
	// Failing counts the outputs and refusals that fail and gate, Examined those that were
	// held against the catalogue: answers that are too large to keep are not.
	Failing  int `json:"failing"`
	Examined int `json:"examined"`
	// Catalogue is the number of divergences that they were held against.
	Catalogue int `json:"catalogue"`
	// Findings are the divergences that explain failures, the one that explains most first.
	Findings []Finding `json:"findings"`
	// Unexplained counts the examined failures that no finding explains, Example is one of them:
	// case#output, or the case for a refusal.
	Unexplained int    `json:"unexplained"`
	Example     string `json:"example,omitempty"`
	// Open counts those that no cause explains, leads apart.
	Open int `json:"open"`
}

// Finding is a divergence that a port's wrong answers equal.
type Finding struct {
	// Divergence is the name in the catalogue of divergences.
	Divergence string `json:"divergence"`
	// Title says what is wrong, Why why people make the mistake, Right has the corrected formula.
	Title string `json:"title"`
	Why   string `json:"why"`
	Right string `json:"right"`
	// Rule is the id of the rule that is broken, with its sentence; empty for a port that computes
	// nothing, which breaks all.
	Rule      string `json:"rule,omitempty"`
	Statement string `json:"statement,omitempty"`
	// Met are public issues of others who made the mistake.
	Met []Link `json:"met,omitempty"`
	// Explains counts the examined failures that equal the divergence's answers.
	Explains int `json:"explains"`
	// Held counts the passing outputs and refusals that the divergence was held against, Contradicted
	// those of them that it would get wrong: the port does not do all that the divergence does.
	Held         int `json:"held"`
	Contradicted int `json:"contradicted"`
	// Fresh says what came of a fresh input; nil where none could be made, or asked.
	Fresh *Fresh `json:"fresh,omitempty"`
}

// Fresh is a call that is in no fixture, made of one of them.
type Fresh struct {
	// From is the id of the case that it was made of.
	From string `json:"from"`
	// Call describes it.
	Call string `json:"call"`
	// Predicted says whether the port answered as the divergence does, which is wrong.
	Predicted bool `json:"predicted"`
}

// Link is a public issue or pull request.
type Link struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}
