package semantics

import (
	"fmt"
	"slices"
	"strings"

	"lossproof/docs/pages/facts"
	"lossproof/fixtures"
	"lossproof/ports"
	"lossproof/tensor"
)

// argument is something that a module takes or gives.
type argument struct {
	what string
	// has reports whether a case has it.
	has func(c *fixtures.Case) bool
}

func takes(input string) func(c *fixtures.Case) bool {
	return func(c *fixtures.Case) bool { _, ok := c.Inputs[input]; return ok }
}

func gives(output string) func(c *fixtures.Case) bool {
	return func(c *fixtures.Case) bool { _, ok := c.Outputs[output]; return ok }
}

var argumentsShown = []argument{
	{"weight", takes(ports.Weight)},
	{"pos_weight", takes(ports.PosWeight)},
	{"ignore_index", func(c *fixtures.Case) bool { return c.Options.IgnoreIndex != nil }},
	{"label_smoothing", func(c *fixtures.Case) bool { return c.Options.LabelSmoothing != nil }},
	{"gradient of the input", gives(ports.GradInput)},
	{"gradient of the target", gives(ports.GradTarget)},
	{"gradient of the weight", gives(ports.GradWeight)},
}

// arguments writes what each module takes and gives: what some case that PyTorch does not refuse has.
func (w writer) arguments() (string, error) {
	var lines [][]string
	for _, a := range argumentsShown {
		cells := []string{a.what}
		for _, module := range facts.Modules {
			has := "no"
			if slices.ContainsFunc(w.set.Cases, func(c fixtures.Case) bool {
				return c.Module == module && c.Rejection == nil && a.has(&c)
			}) {
				has = "yes"
			}
			cells = append(cells, has)
		}
		lines = append(lines, cells)
	}
	return table(append([]string{""}, facts.Modules...), lines), nil
}

// show says what of a result a line of the comparison shows.
type show int

const (
	values show = iota
	shapes
	dtypes
)

// answer is the case in which a module answers, by its name without the module, and the rule that it shows.
type answer struct{ name, rule string }

// comparison asks the modules the same.
type comparison struct {
	what string
	// answers are in the order of facts.Modules. A zero answer is that of a module that no case asks, or of
	// CrossEntropyLoss where classes has its answers.
	answers [4]answer
	show    show
	// classes are the answers of CrossEntropyLoss where they depend on the kind of its target.
	classes []classAnswer
	// unasked says below the table why no case asks a module, with the rules for it.
	unasked string
	rules   []string
}

// classAnswer is the answer of CrossEntropyLoss with one kind of target: a case that is named, or one that is asked for.
type classAnswer struct {
	target string
	answer
	asks *question
}

// question describes a case of CrossEntropyLoss, without weight and options.
type question struct {
	reduction string
	input     []int
	indices   bool
}

var comparisons = []comparison{
	{what: "'none' of (3, 5)", answers: [4]answer{
		{"shapes/f32-none-3x5", "BCEWL-NONE-SHAPE"},
		{"shapes/f32-none-3x5", "MLSM-NONE-SHAPE"},
		{"shapes/f32-none-3x5", "BCE-NONE-SHAPE"},
		{"blog_example/f32-none-index", "CE-NONE-SHAPE"},
	}, show: shapes},
	{what: "'none' of (5,)", answers: [4]answer{
		{"shapes/f32-none-5", "BCEWL-RANK"},
		{"shapes/f32-none-5", "MLSM-NO-BATCH"},
		{"shapes/f32-none-5", "BCE-RANK"},
		{"shapes/f32-none-index-5", "CE-NO-BATCH"},
	}, show: shapes},
	{what: "'none' of (2, 3, 4)", answers: [4]answer{
		{"shapes/f32-none-2x3x4", "BCEWL-RANK"},
		{"shapes/f32-none-2x3x4", "MLSM-RANK"},
		{"shapes/f32-none-2x3x4", "BCE-RANK"},
		{"shapes/f32-none-index-2x3x4", "CE-CLASS-AXIS"},
	}, show: shapes},
	{what: "'none' of a 0-d input", answers: [4]answer{
		{"shapes/f32-none-0d", "BCEWL-SCALAR"},
		{"rejections/f32-none-0d", "MLSM-NO-SCALAR"},
		{"shapes/f32-none-0d", "BCE-SCALAR"},
		{},
	}, show: shapes, classes: []classAnswer{
		{target: "class index", asks: &question{"none", nil, true}},
		{target: "probability", asks: &question{"none", nil, false}},
	}},
	{what: "'mean' of (0, 3)", answers: [4]answer{
		{"shapes/f32-mean-0x3", "BCEWL-EMPTY-MEAN"},
		{"shapes/f32-mean-0x3", "MLSM-EMPTY-MEAN"},
		{"shapes/f32-mean-0x3", "BCE-EMPTY-MEAN"},
		{"shapes/f32-mean-index-0x3", "CE-EMPTY-MEAN"},
	}, show: values},
	{what: "'sum' of (0, 3)", answers: [4]answer{
		{"shapes/f32-sum-0x3", "BCEWL-EMPTY-SUM"},
		{"shapes/f32-sum-0x3", "MLSM-EMPTY-SUM"},
		{"shapes/f32-sum-0x3", "BCE-EMPTY-SUM"},
		{"shapes/f32-sum-index-0x3", "CE-EMPTY-SUM"},
	}, show: values},
	{what: "'sum' of (3, 0)", answers: [4]answer{
		{"shapes/f32-sum-3x0", "BCEWL-EMPTY-SUM"},
		{"shapes/f32-sum-3x0", "MLSM-EMPTY-CLASSES"},
		{"shapes/f32-sum-3x0", "BCE-EMPTY-SUM"},
		{},
	}, show: values, classes: []classAnswer{
		{target: "class indices", answer: answer{"no_classes/f32-index-3x0", "CE-INDEX-RANGE"}},
		{target: "probabilities", asks: &question{"sum", []int{3, 0}, false}},
	}},
	{what: "a target that would have to be broadcast", answers: [4]answer{
		{"rejections/f32-none-target-3x5-and-5", "BCEWL-TARGET-SHAPE"},
		{"broadcasting/f32-none-target-3x5-and-5", "MLSM-TARGET-BROADCAST-QUIRK"},
		{"rejections/f32-target-3x5-and-5", "BCE-TARGET-SHAPE"},
		{"rejections/f32-probabilities-4x3-and-1x3", "CE-TARGET-SHAPE"},
	}, show: shapes},
	{what: "int64 targets", answers: [4]answer{
		{"rejections/f32-none-int64-target", "BCEWL-TARGET-DTYPE"},
		{"mixed_dtype/none-float32-input-int64-target", "MLSM-TARGET-INTEGER-QUIRK"},
		{"rejections/f32-none-int64-target", "BCE-TARGET-DTYPE"},
		{},
	}, show: shapes, classes: []classAnswer{
		{target: "class indices", answer: answer{"blog_example/f32-none-index", "CE-NONE-SHAPE"}},
		{target: "of the input's shape", answer: answer{"rejections/f32-int64-probabilities-4x3", "CE-TARGET-DTYPE"}},
	}},
	{what: "a target outside [0, 1]", answers: [4]answer{
		{"targets/f32-none-outside", "BCEWL-TARGET-RANGE"},
		{"targets/f32-none-outside", "MLSM-TARGET-RANGE"},
		{"rejections/f32-mean-target-2", "BCE-TARGET-RANGE"},
		{"class_probabilities/f32-none-above-1", "CE-TARGET-RANGE"},
	}, show: shapes},
	{what: "float64 targets for float32 inputs: dtype of the loss", answers: [4]answer{
		{"mixed_dtype/none-float32-input-float64-target", "BCEWL-DTYPE-QUIRK"},
		{"mixed_dtype/none-float32-input-float64-target", "MLSM-DTYPE-QUIRK"},
		{"rejections/f32-none-float64-target", "BCE-TARGET-DTYPE"},
		{"mixed_dtype/none-float32-input-float64-target", "CE-DTYPE-QUIRK"},
	}, show: dtypes},
	{what: "float32 targets for float64 inputs: dtype of the loss", answers: [4]answer{
		{"mixed_dtype/none-float64-input-float32-target", "BCEWL-DTYPE-QUIRK"},
		{"mixed_dtype/none-float64-input-float32-target", "MLSM-DTYPE-QUIRK"},
		{"rejections/f64-none-float32-target", "BCE-TARGET-DTYPE"},
		{"mixed_dtype/none-float64-input-float32-target", "CE-DTYPE-QUIRK"},
	}, show: dtypes},
	{what: "one weight for each class", answers: [4]answer{
		{"weights/f32-none-class", "BCEWL-WEIGHT-BROADCAST"},
		{"weights/f32-none-class", "MLSM-WEIGHT-BROADCAST"},
		{"weights/f32-none-class", "BCE-WEIGHT-BROADCAST"},
		{"weights/f32-none-index-3x3", "CE-WEIGHT"},
	}, show: shapes},
	{what: "one weight for each element", answers: [4]answer{
		{"weights/f32-none-NxC", "BCEWL-WEIGHT-BROADCAST"},
		{"weights/f32-none-NxC", "MLSM-WEIGHT-ELEMENT"},
		{"weights/f32-none-NxC", "BCE-WEIGHT-BROADCAST"},
		{"rejections/f32-index-weight-4x3", "CE-WEIGHT-SHAPE"},
	}, show: shapes},
	{what: "a weight (2, 3, 5) for an input (3, 5)", answers: [4]answer{
		{"rejections/f32-weight-2x3x5", "BCEWL-WEIGHT-SHAPE"},
		{"broadcasting/f32-none-weight-2x3x5", "MLSM-WEIGHT-RANK-QUIRK"},
		{"rejections/f32-weight-2x3x5", "BCE-WEIGHT-SHAPE"},
		{},
	}, show: shapes, unasked: "its weight is one number for each class", rules: []string{"CE-WEIGHT"}},
	{what: "reduction='elementwise_mean'", answers: [4]answer{
		{"rejections/f32-reduction-elementwise_mean", "BCEWL-REDUCTION-QUIRK"},
		{"rejections/f32-reduction-elementwise_mean", "MLSM-REDUCTION-INVALID"},
		{"rejections/f32-reduction-elementwise_mean", "BCE-REDUCTION-QUIRK"},
		{"rejections/f32-reduction-elementwise_mean", "CE-REDUCTION-QUIRK"},
	}, show: shapes},
}

// agreement writes the comparisons. Each answer links to its rule, and its title is the case. Below the table stands what
// no case asks of a module, where the table has a dash.
func (w writer) agreement() (string, error) {
	var lines [][]string
	unasked := make([][]string, len(facts.Modules))
	for _, c := range comparisons {
		cells := []string{c.what}
		for i := range facts.Modules {
			cell, err := w.answerOf(c, i)
			if err != nil {
				return "", err
			}
			if cell == "" {
				cell = "–"
				what := c.what
				if c.unasked != "" {
					links, err := w.rule(c.rules...)
					if err != nil {
						return "", err
					}
					what += fmt.Sprintf(" (%s: %s)", c.unasked, links)
				}
				unasked[i] = append(unasked[i], what)
			}
			cells = append(cells, cell)
		}
		lines = append(lines, cells)
	}
	text := table(append([]string{"asked"}, facts.Modules...), lines) + "\n"
	for i, what := range unasked {
		if len(what) > 0 {
			text += fmt.Sprintf("\n– stands where no case asks %s: %s.\n", facts.Modules[i], strings.Join(what, "; "))
		}
	}
	return strings.TrimSuffix(text, "\n"), nil
}

// answerOf writes the answers of module i, or nothing if no case asks it.
func (w writer) answerOf(c comparison, i int) (string, error) {
	module := facts.Modules[i]
	if c.answers[i] != (answer{}) {
		return w.link(module, c.answers[i], c.show)
	}
	if module != ports.CrossEntropyLoss {
		return "", nil
	}
	var parts []string
	for _, a := range c.classes {
		if a.asks != nil {
			found, err := w.sought(*a.asks)
			if err != nil {
				return "", err
			}
			if found == nil {
				continue
			}
			a.answer = answer{strings.TrimPrefix(found.ID, module+"/"), found.Rule}
		}
		text, err := w.link(module, a.answer, c.show)
		if err != nil {
			return "", err
		}
		parts = append(parts, a.target+": "+text)
	}
	return strings.Join(parts, "; "), nil
}

// sought returns the first float32 case of a question, or nil. A refusal will do whatever the reduction: PyTorch
// reduces afterwards.
func (w writer) sought(q question) (*fixtures.Case, error) {
	var refusal *fixtures.Case
	for i := range w.set.Cases {
		c := &w.set.Cases[i]
		_, answers := c.Outputs[ports.Loss]
		if c.Module != ports.CrossEntropyLoss || !answers && c.Rejection == nil || len(c.Inputs) != 2 || c.Options.IgnoreIndex != nil || c.Options.LabelSmoothing != nil {
			continue
		}
		dtype, shape, err := w.set.Type(c, c.Inputs[ports.Input])
		if err != nil {
			return nil, err
		}
		target, _, err := w.set.Type(c, c.Inputs[ports.Target])
		if err != nil {
			return nil, err
		}
		if dtype != tensor.Float32 || !tensor.SameShape(shape, q.input) || target.IsFloat() == q.indices {
			continue
		}
		switch {
		case c.Options.Reduction != nil && *c.Options.Reduction == q.reduction:
			return c, nil
		case c.Rejection != nil && refusal == nil:
			refusal = c
		}
	}
	return refusal, nil
}

// link writes an answer, which leads to its rule.
func (w writer) link(module string, a answer, show show) (string, error) {
	id := module + "/" + a.name
	text, err := w.answered(id, a.rule, show)
	if err != nil {
		return "", err
	}
	anchor, err := w.anchor(a.rule)
	return fmt.Sprintf("[%s](%s %q)", text, anchor, id), err
}

func (w writer) answered(id, rule string, show show) (string, error) {
	c, err := w.set.Case(id)
	if err != nil {
		return "", err
	}
	if err := stands(c, rule); err != nil {
		return "", err
	}
	if c.Rejection != nil || show == values {
		return facts.Cell(w.set, c.ID, ports.Loss, false)
	}
	want, err := w.set.Expected(c, ports.Loss)
	if err != nil {
		return "", err
	}
	if show == dtypes {
		return string(want.Reference.DType), nil
	}
	return "loss " + tensor.FormatShape(want.Reference.Shape), nil
}

// stands returns an error for a case that has nothing to do with a rule.
func stands(c *fixtures.Case, rule string) error {
	if c.Rule != rule && !slices.Contains(c.Also, rule) {
		return fmt.Errorf("%s stands for %s, not for %s", c.ID, c.Rule, rule)
	}
	return nil
}
