package judge

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
