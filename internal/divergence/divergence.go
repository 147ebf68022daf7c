package divergence

import (
	"slices"
	"strings"

	"lossproof/judge/verdict"
	"lossproof/ports"
)

// Divergence is a named wrong variant of one or more modules.
type Divergence struct {
	// Name is unique: lower case, words joined by hyphens.
	Name string
	// Modules are those that it is a variant of.
	Modules []string
	// Title says what is wrong, in one sentence about the implementation.
	Title string
	// Why says why people make the mistake.
	Why string
	// Right is the corrected formula, in which {loss}, {grad} and {grad_target} stand for those of a
	// module: see [Divergence.Formula].
	Right string
	// Met are public issues of those who made the mistake; there may be none.
	Met []Link
	// Level is the level at which it fails: verdict.Parity, or verdict.Exact where what it loses is within what
	// parity allows, what the textbook formula may lose at its magnitude. PyTorch may be right there:
	// The kill matrix counts where it is.
	Level verdict.Level
	// Null marks a port that computes nothing.
	Null bool
	// Sums marks what only sums over thousands of elements show.
	Sums bool
	// Fresh marks those that were invented when the cases were there, and that the cases found as they were.
	Fresh bool

	// rule is the end of the rule's id, after the module's prefix; rules has the ids that differ.
	rule  string
	rules map[string]string
	// vary makes the right definition wrong. It is nil where answer is set, which needs no
	// definition.
	vary   func(*definition)
	answer func(ports.Call) ports.Answer
}

// Link is a public issue or pull request.
type Link struct {
	// Title says what the issue is about, in our words.
	Title string `json:"title"`
	URL   string `json:"url"`
}

// prefixes begin the ids of the rules of a module.
var prefixes = map[string]string{
	ports.BCEWithLogitsLoss:        "BCEWL-",
	ports.MultiLabelSoftMarginLoss: "MLSM-",
	ports.BCELoss:                  "BCE-",
	ports.CrossEntropyLoss:         "CE-",
}

// Rule returns the id of the rule of a module that d breaks; "" for a null port, which breaks
// them all.
func (d *Divergence) Rule(module string) string {
	if id, ok := d.rules[module]; ok {
		return id
	}
	if d.rule == "" {
		return ""
	}
	return prefixes[module] + d.rule
}

// formulae are what Right may refer to.
var formulae = map[string]*strings.Replacer{
	ports.BCEWithLogitsLoss: strings.NewReplacer(
		"{loss}", "w*(p*t*softplus(-x) + (1-t)*softplus(x))",
		"{grad}", "w*((1-t)*sigmoid(x) - p*t*sigmoid(-x))",
		"{grad_target}", "w*(p*softplus(-x) - softplus(x))",
	),
	ports.MultiLabelSoftMarginLoss: strings.NewReplacer(
		"{loss}", "w*(t*softplus(-x) + (1-t)*softplus(x))",
		"{grad}", "w*((1-t)*sigmoid(x) - t*sigmoid(-x))/C",
		"{grad_target}", "-w*x/C",
	),
	ports.BCELoss: strings.NewReplacer(
		"{loss}", "-w*(t*max(log(x), -100) + (1-t)*max(log(1-x), -100))",
		"{grad}", "w*(x-t)/(x*(1-x))",
		"{grad_target}", "w*(log(1-x) - log(x))",
	),
	ports.CrossEntropyLoss: strings.NewReplacer(
		"{loss}", "sum(a[c]*(log(sum exp(x)) - x[c])), a[c] = w[c]*((1-e)*t[c] + e/C), a class index as one-hot t",
		"{grad}", "softmax(x)[c]*sum(a) - a[c]",
		"{grad_target}", "w[c]*(1-e)*(log(sum exp(x)) - x[c])",
	),
}

// Formula returns the corrected formula for a module of d.
func (d *Divergence) Formula(module string) string {
	if r, ok := formulae[module]; ok {
		return r.Replace(d.Right)
	}
	return d.Right
}

// Of reports whether d is a variant of a module.
func (d *Divergence) Of(module string) bool { return slices.Contains(d.Modules, module) }

// Evaluate answers a call of one of the modules of d; one of another module is unsupported. It does not change the call.
func (d *Divergence) Evaluate(call ports.Call) ports.Answer {
	if !d.Of(call.Module) {
		return ports.Answer{Unsupported: &ports.Unsupported{Reason: d.Name + " is no variant of " + call.Module}}
	}
	if d.answer != nil {
		return d.answer(call)
	}
	return d.definition(call.Module).evaluate(call)
}

// Magnitude answers a call with the numbers that the rounding errors of d's outputs scale
// with, once multiplied by the machine epsilon, summed and divided as the outputs are: for the losses and the
// gradients of target and weight of the modules of logits, |u*w|*max(1,|p|)*max(1,|t|,|1-t|)*(1+|x|), for
// that of the input without (1+|x|); the other modules have magnitudes of their own. See "Tolerances" in
// fixtures/README.md.
func (d *Divergence) Magnitude(call ports.Call) ports.Answer {
	if d.answer != nil || !d.Of(call.Module) {
		return d.Evaluate(call)
	}
	return d.definition(call.Module).magnitudes().evaluate(call)
}

// definition returns the definition of d for a module.
func (d *Divergence) definition(module string) *definition {
	def := right(module)
	d.vary(def)
	return def
}

// Right answers a call with the right definition. Its error-free claim is that of
// [RightPort].
func Right(call ports.Call) ports.Answer { return right(call.Module).evaluate(call) }

// All returns the catalogue, null ports last. The order is that of the kill matrix.
func All() []*Divergence {
	return slices.Concat(
		reductions(), emptiness(), axes(), options(), weights(), posWeights(), targets(), formulas(), tails(), precision(),
		gradients(), nonfinite(), refusals(), probabilities(),
		classMeans(), smoothings(), ignorings(), softmaxes(), classWeights(), fresh(), nulls(),
	)
}

// ByName returns the divergence of that name.
func ByName(name string) (*Divergence, bool) {
	for _, d := range All() {
		if d.Name == name {
			return d, true
		}
	}
	return nil, false
}
