package semantics

import (
	"fmt"
	"lossproof/docs/pages/facts"
	"lossproof/fixtures"
	"lossproof/ports"
	"lossproof/tensor"
	"slices"
)

// argument is something that a module takes or gives.
type argument struct {
	what string
	// input or output is its name in the cases.
	input, output string
}

var argumentsShown = []argument{
	{what: "weight", input: ports.Weight},
	{what: "pos_weight", input: ports.PosWeight},
	{what: "gradient of the input", output: ports.GradInput},
	{what: "gradient of the target", output: ports.GradTarget},
	{what: "gradient of the weight", output: ports.GradWeight},
}

// arguments writes what each module takes and gives: what some case that PyTorch does not refuse has.
func (w writer) arguments() (string, error) {
	var rows [][]string
	for _, a := range argumentsShown {
		row := []string{a.what}
		for _, module := range facts.Modules {
			has := "no"
			for i := range w.set.Cases {
				c := &w.set.Cases[i]
				_, in := c.Inputs[a.input]
				_, out := c.Outputs[a.output]
				if c.Module == module && c.Rejection == nil && (in || out) {
					has = "yes"
					break
				}
			}
			row = append(row, has)
		}
		rows = append(rows, row)
	}
	for _, option := range []string{"ignore_index", "label_smoothing"} {
		row := []string{option}
		for _, module := range facts.Modules {
			has := "no"
			for i := range w.set.Cases {
				c := &w.set.Cases[i]
				given := c.Options.IgnoreIndex != nil
				if option == "label_smoothing" {
					given = c.Options.LabelSmoothing != nil
				}
				if c.Module == module && c.Rejection == nil && given {
					has = "yes"
					break
				}
			}
			row = append(row, has)
		}
		rows = append(rows, row)
	}
	return table(append([]string{""}, facts.Modules...), rows), nil
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

// comparison asks the modules the same, in the order of facts.Modules; the zero answer is that of a module for which the
// question has no sense.
type comparison struct {
	what    string
	answers [4]answer
	show    show
}

var comparisons = []comparison{
	{"'none' of (3, 5)", [4]answer{
		{"shapes/f32-none-3x5", "BCEWL-NONE-SHAPE"},
		{"shapes/f32-none-3x5", "MLSM-NONE-SHAPE"},
		{"shapes/f32-none-3x5", "BCE-NONE-SHAPE"},
		{"blog_example/f32-none-index", "CE-NONE-SHAPE"},
	}, shapes},
	{"'none' of (5,)", [4]answer{
		{"shapes/f32-none-5", "BCEWL-RANK"},
		{"shapes/f32-none-5", "MLSM-NO-BATCH"},
		{"shapes/f32-none-5", "BCE-RANK"},
		{"shapes/f32-none-index-5", "CE-NO-BATCH"},
	}, shapes},
	{"'none' of (2, 3, 4)", [4]answer{
		{"shapes/f32-none-2x3x4", "BCEWL-RANK"},
		{"shapes/f32-none-2x3x4", "MLSM-RANK"},
		{"shapes/f32-none-2x3x4", "BCE-RANK"},
		{"shapes/f32-none-index-2x3x4", "CE-CLASS-AXIS"},
	}, shapes},
	{"'none' of a 0-d input", [4]answer{
		{"shapes/f32-none-0d", "BCEWL-SCALAR"},
		{"rejections/f32-none-0d", "MLSM-NO-SCALAR"},
		{"shapes/f32-none-0d", "BCE-SCALAR"},
		{},
	}, shapes},
	{"'mean' of (0, 3)", [4]answer{
		{"shapes/f32-mean-0x3", "BCEWL-EMPTY-MEAN"},
		{"shapes/f32-mean-0x3", "MLSM-EMPTY-MEAN"},
		{"shapes/f32-mean-0x3", "BCE-EMPTY-MEAN"},
		{"shapes/f32-mean-index-0x3", "CE-EMPTY-MEAN"},
	}, values},
	{"'sum' of (0, 3)", [4]answer{
		{"shapes/f32-sum-0x3", "BCEWL-EMPTY-SUM"},
		{"shapes/f32-sum-0x3", "MLSM-EMPTY-SUM"},
		{"shapes/f32-sum-0x3", "BCE-EMPTY-SUM"},
		{"shapes/f32-sum-index-0x3", "CE-EMPTY-SUM"},
	}, values},
	{"'sum' of (3, 0)", [4]answer{
		{"shapes/f32-sum-3x0", "BCEWL-EMPTY-SUM"},
		{"shapes/f32-sum-3x0", "MLSM-EMPTY-CLASSES"},
		{"shapes/f32-sum-3x0", "BCE-EMPTY-SUM"},
		{},
	}, values},
	{"a target that would have to be broadcast", [4]answer{
		{"rejections/f32-none-target-3x5-and-5", "BCEWL-TARGET-SHAPE"},
		{"broadcasting/f32-none-target-3x5-and-5", "MLSM-TARGET-BROADCAST-QUIRK"},
		{"rejections/f32-target-3x5-and-5", "BCE-TARGET-SHAPE"},
		{"rejections/f32-probabilities-4x3-and-1x3", "CE-TARGET-SHAPE"},
	}, shapes},
	{"int64 targets", [4]answer{
		{"rejections/f32-none-int64-target", "BCEWL-TARGET-DTYPE"},
		{"mixed_dtype/none-float32-input-int64-target", "MLSM-TARGET-INTEGER-QUIRK"},
		{"rejections/f32-none-int64-target", "BCE-TARGET-DTYPE"},
		{"extreme_logits/f32-none-equal-target-0", "CE-FORMULA"},
	}, shapes},
	{"a target outside [0, 1]", [4]answer{
		{"targets/f32-none-outside", "BCEWL-TARGET-RANGE"},
		{"targets/f32-none-outside", "MLSM-TARGET-RANGE"},
		{"rejections/f32-mean-target-2", "BCE-TARGET-RANGE"},
		{"class_probabilities/f32-none-above-1", "CE-TARGET-RANGE"},
	}, shapes},
	{"float64 targets for float32 inputs: dtype of the loss", [4]answer{
		{"mixed_dtype/none-float32-input-float64-target", "BCEWL-DTYPE-QUIRK"},
		{"mixed_dtype/none-float32-input-float64-target", "MLSM-DTYPE-QUIRK"},
		{"rejections/f32-none-float64-target", "BCE-TARGET-DTYPE"},
		{"mixed_dtype/none-float32-input-float64-target", "CE-DTYPE-QUIRK"},
	}, dtypes},
	{"float32 targets for float64 inputs: dtype of the loss", [4]answer{
		{"mixed_dtype/none-float64-input-float32-target", "BCEWL-DTYPE-QUIRK"},
		{"mixed_dtype/none-float64-input-float32-target", "MLSM-DTYPE-QUIRK"},
		{},
		{"mixed_dtype/none-float64-input-float32-target", "CE-DTYPE-QUIRK"},
	}, dtypes},
	{"one weight for each class", [4]answer{
		{"weights/f32-none-class", "BCEWL-WEIGHT-BROADCAST"},
		{"weights/f32-none-class", "MLSM-WEIGHT-BROADCAST"},
		{"weights/f32-none-class", "BCE-WEIGHT-BROADCAST"},
		{"weights/f32-none-index-3x3", "CE-WEIGHT"},
	}, shapes},
	{"one weight for each element", [4]answer{
		{"weights/f32-none-NxC", "BCEWL-WEIGHT-BROADCAST"},
		{"weights/f32-none-NxC", "MLSM-WEIGHT-ELEMENT"},
		{"weights/f32-none-NxC", "BCE-WEIGHT-BROADCAST"},
		{"rejections/f32-index-weight-4x3", "CE-WEIGHT-SHAPE"},
	}, shapes},
	{"a weight (2, 3, 5) for an input (3, 5)", [4]answer{
		{"rejections/f32-weight-2x3x5", "BCEWL-WEIGHT-SHAPE"},
		{"broadcasting/f32-none-weight-2x3x5", "MLSM-WEIGHT-RANK-QUIRK"},
		{"rejections/f32-weight-2x3x5", "BCE-WEIGHT-SHAPE"},
		{},
	}, shapes},
	{"reduction='elementwise_mean'", [4]answer{
		{"rejections/f32-reduction-elementwise_mean", "BCEWL-REDUCTION-QUIRK"},
		{"rejections/f32-reduction-elementwise_mean", "MLSM-REDUCTION-INVALID"},
		{"rejections/f32-reduction-elementwise_mean", "BCE-REDUCTION-QUIRK"},
		{"rejections/f32-reduction-elementwise_mean", "CE-REDUCTION-QUIRK"},
	}, shapes},
}

// agreement writes the comparisons. Each answer links to its rule, and its title is the case.
func (w writer) agreement() (string, error) {
	var rows [][]string
	for _, c := range comparisons {
		row := []string{c.what}
		for i, a := range c.answers {
			if a == (answer{}) {
				row = append(row, "–")
				continue
			}
			id := facts.Modules[i] + "/" + a.name
			text, err := w.answered(id, a.rule, c.show)
			if err != nil {
				return "", err
			}
			anchor, err := w.anchor(a.rule)
			if err != nil {
				return "", err
			}
			row = append(row, fmt.Sprintf("[%s](%s %q)", text, anchor, id))
		}
		rows = append(rows, row)
	}
	return table(append([]string{"asked"}, facts.Modules...), rows), nil
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
