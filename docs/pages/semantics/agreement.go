package semantics

import (
	"lossproof/docs/pages/facts"
	"lossproof/ports"
	"lossproof/tensor"
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

// comparison asks the modules the same: a case each, in the order of facts.Modules, "" where it has no sense.
type comparison struct {
	what  string
	names [4]string
	show  show
	rules []string
}

var comparisons = []comparison{
	{"'none' of (3, 5)", [4]string{"shapes/f32-none-3x5", "shapes/f32-none-3x5", "shapes/f32-none-3x5", "blog_example/f32-none-index"}, shapes,
		[]string{"BCEWL-NONE-SHAPE", "MLSM-NONE-SHAPE", "BCE-NONE-SHAPE", "CE-NONE-SHAPE"}},
	{"'none' of (5,)", [4]string{"shapes/f32-none-5", "shapes/f32-none-5", "shapes/f32-none-5", "shapes/f32-none-index-5"}, shapes,
		[]string{"BCEWL-RANK", "MLSM-NO-BATCH", "BCE-RANK", "CE-NO-BATCH"}},
	{"'none' of (2, 3, 4)", [4]string{"shapes/f32-none-2x3x4", "shapes/f32-none-2x3x4", "shapes/f32-none-2x3x4", "shapes/f32-none-index-2x3x4"}, shapes,
		[]string{"BCEWL-RANK", "MLSM-CLASS-AXIS", "BCE-RANK", "CE-CLASS-AXIS"}},
	{"'none' of a 0-d input", [4]string{"shapes/f32-none-0d", "rejections/f32-none-0d", "shapes/f32-none-0d", ""}, shapes,
		[]string{"BCEWL-SCALAR", "MLSM-NO-SCALAR", "BCE-SCALAR"}},
	{"'mean' of (0, 3)", [4]string{"shapes/f32-mean-0x3", "shapes/f32-mean-0x3", "shapes/f32-mean-0x3", "shapes/f32-mean-index-0x3"}, values,
		[]string{"BCEWL-EMPTY-MEAN", "MLSM-EMPTY-MEAN", "BCE-EMPTY-MEAN", "CE-EMPTY-MEAN"}},
	{"'sum' of (0, 3)", [4]string{"shapes/f32-sum-0x3", "shapes/f32-sum-0x3", "shapes/f32-sum-0x3", "shapes/f32-sum-index-0x3"}, values,
		[]string{"BCEWL-EMPTY-SUM", "MLSM-EMPTY-SUM", "BCE-EMPTY-SUM", "CE-EMPTY-SUM"}},
	{"'sum' of (3, 0)", [4]string{"shapes/f32-sum-3x0", "shapes/f32-sum-3x0", "shapes/f32-sum-3x0", ""}, values,
		[]string{"BCEWL-EMPTY-SUM", "MLSM-EMPTY-CLASSES", "BCE-EMPTY-SUM"}},
	{"a target that would have to be broadcast", [4]string{"rejections/f32-none-target-3x5-and-5", "broadcasting/f32-none-target-3x5-and-5", "rejections/f32-target-3x5-and-5", "rejections/f32-probabilities-4x3-and-1x3"}, shapes,
		[]string{"BCEWL-TARGET-SHAPE", "MLSM-TARGET-BROADCAST-QUIRK", "BCE-TARGET-SHAPE", "CE-TARGET-SHAPE"}},
	{"int64 targets", [4]string{"rejections/f32-none-int64-target", "mixed_dtype/none-float32-input-int64-target", "rejections/f32-none-int64-target", "blog_example/f32-none-index"}, shapes,
		[]string{"BCEWL-TARGET-DTYPE", "MLSM-TARGET-INTEGER-QUIRK", "BCE-TARGET-DTYPE", "CE-FORMULA"}},
	{"a target outside [0, 1]", [4]string{"targets/f32-none-outside", "targets/f32-none-outside", "rejections/f32-mean-target-2", "class_probabilities/f32-none-above-1"}, shapes,
		[]string{"BCEWL-TARGET-RANGE", "MLSM-TARGET-RANGE", "BCE-TARGET-RANGE", "CE-TARGET-RANGE"}},
	{"float64 targets for float32 inputs: dtype of the loss", [4]string{"mixed_dtype/none-float32-input-float64-target", "mixed_dtype/none-float32-input-float64-target", "rejections/f32-none-float64-target", "mixed_dtype/none-float32-input-float64-target"}, dtypes,
		[]string{"BCEWL-DTYPE-QUIRK", "MLSM-DTYPE-QUIRK", "BCE-TARGET-DTYPE", "CE-DTYPE-QUIRK"}},
	{"float32 targets for float64 inputs: dtype of the loss", [4]string{"mixed_dtype/none-float64-input-float32-target", "mixed_dtype/none-float64-input-float32-target", "", "mixed_dtype/none-float64-input-float32-target"}, dtypes,
		[]string{"BCEWL-DTYPE-QUIRK", "MLSM-DTYPE-QUIRK", "CE-DTYPE-QUIRK"}},
	{"one weight for each class", [4]string{"weights/f32-none-class", "weights/f32-none-class", "weights/f32-none-class", "weights/f32-none-index-3x3"}, shapes,
		[]string{"BCEWL-WEIGHT-BROADCAST", "MLSM-WEIGHT-BROADCAST", "BCE-WEIGHT-BROADCAST", "CE-WEIGHT"}},
	{"one weight for each element", [4]string{"weights/f32-none-NxC", "weights/f32-none-NxC", "weights/f32-none-NxC", "rejections/f32-index-weight-4x3"}, shapes,
		[]string{"BCEWL-WEIGHT-BROADCAST", "MLSM-WEIGHT-ELEMENT", "BCE-WEIGHT-BROADCAST", "CE-WEIGHT-SHAPE"}},
	{"a weight (2, 3, 5) for an input (3, 5)", [4]string{"rejections/f32-weight-2x3x5", "broadcasting/f32-none-weight-2x3x5", "rejections/f32-weight-2x3x5", ""}, shapes,
		[]string{"BCEWL-WEIGHT-SHAPE", "MLSM-WEIGHT-RANK-QUIRK", "BCE-WEIGHT-SHAPE"}},
	{"reduction='elementwise_mean'", [4]string{"rejections/f32-reduction-elementwise_mean", "rejections/f32-reduction-elementwise_mean", "rejections/f32-reduction-elementwise_mean", "rejections/f32-reduction-elementwise_mean"}, shapes,
		[]string{"BCEWL-REDUCTION-QUIRK", "MLSM-REDUCTION-INVALID", "BCE-REDUCTION-QUIRK", "CE-REDUCTION-QUIRK"}},
}

// agreement writes the comparisons.
func (w writer) agreement() (string, error) {
	var rows [][]string
	for _, c := range comparisons {
		row := []string{c.what}
		for i, name := range c.names {
			cell, err := w.comparisonCell(facts.Modules[i], name, c.show)
			if err != nil {
				return "", err
			}
			row = append(row, cell)
		}
		rules, err := w.rule(c.rules...)
		if err != nil {
			return "", err
		}
		rows = append(rows, append(row, rules))
	}
	return table(append(append([]string{"asked"}, facts.Modules...), "rules"), rows), nil
}

func (w writer) comparisonCell(module, name string, show show) (string, error) {
	if name == "" {
		return "–", nil
	}
	c, err := w.set.Case(module + "/" + name)
	if err != nil {
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
	return "loss of shape " + tensor.FormatShape(want.Reference.Shape), nil
}
