package pages

import (
	"bytes"
	"fmt"

	"lossproof/docs/pages/facts"
	"lossproof/fixtures"
	"lossproof/ports"
)

// difference is one line of the table: what is asked, and the case of each module that answers.
type difference struct {
	what       string
	bce, mlsm  string // names of cases without the module
	output     string
	withShapes bool
}

var differences = []difference{
	{"`'none'` on the 3×5 table", "blog_example/f32-none", "blog_example/f32-none", "loss", true},
	{"`'mean'` on it", "blog_example/f32-mean", "blog_example/f32-mean", "loss", false},
	{"`'sum'` on it", "blog_example/f32-sum", "blog_example/f32-sum", "loss", false},
	{"x = ±14.5 … ±20, t = 0, float32: the loss at x = -20", "extreme_logits/f32-none-cancel-float32-t-0", "extreme_logits/f32-none-cancel-float32-t-0", "loss", false},
	{"the same, t = 1: the gradient at x = 20", "extreme_logits/f32-none-cancel-float32-t-1", "extreme_logits/f32-none-cancel-float32-t-1", "grad_input", false},
	{"x = -inf, t = 0.3", "nonfinite/f32-none-minus-inf-t-0.3", "nonfinite/f32-none-minus-inf-t-0.3", "loss", false},
	{"x = inf, t = 1", "nonfinite/f32-none-plus-inf-t-1", "nonfinite/f32-none-plus-inf-t-1", "loss", false},
	{"a 0-d input", "shapes/f32-none-0d", "rejections/f32-none-0d", "loss", false},
	{"a target (5,) for an input (3, 5)", "rejections/f32-none-target-3x5-and-5", "broadcasting/f32-none-target-3x5-and-5", "loss", true},
	{"a target (3,) for an input (3, 1), which then sums the wrong things", "rejections/f32-none-target-3x1-and-3", "broadcasting/f32-none-target-3x1-and-3", "loss", true},
	{"a weight (2, 3, 5) for an input (3, 5)", "rejections/f32-weight-2x3x5", "broadcasting/f32-none-weight-2x3x5", "loss", true},
	{"int64 targets", "rejections/f32-none-int64-target", "mixed_dtype/none-float32-input-int64-target", "loss", true},
	{"`'sum'` of an input (3, 0)", "shapes/f32-sum-3x0", "shapes/f32-sum-3x0", "loss", false},
	{"`reduction='elementwise_mean'`", "rejections/f32-reduction-elementwise_mean", "rejections/f32-reduction-elementwise_mean", "loss", false},
}

// single says which element of a longer output a line shows.
var single = map[string]int{
	"extreme_logits/f32-none-cancel-float32-t-0": 17, // x = -20
	"extreme_logits/f32-none-cancel-float32-t-1": 16, // x = 20
}

// Differences writes the table of the README: how the two modules for several labels from logits differ, in numbers of the fixtures.
func Differences(set *fixtures.Set) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "| | BCEWithLogitsLoss | MultiLabelSoftMarginLoss |\n|---|---|---|\n")
	for _, d := range differences {
		bce, err := cell(set, ports.BCEWithLogitsLoss, d.bce, d)
		if err != nil {
			return nil, err
		}
		mlsm, err := cell(set, ports.MultiLabelSoftMarginLoss, d.mlsm, d)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", d.what, bce, mlsm)
	}
	fmt.Fprint(&b, "| pos_weight | yes | no |\n| gradient of weight | no | yes |\n")
	return b.Bytes(), nil
}

// cell says what PyTorch did in one case.
func cell(set *fixtures.Set, module, name string, d difference) (string, error) {
	id := module + "/" + name
	i, ok := single[name]
	if !ok {
		return facts.Cell(set, id, d.output, d.withShapes)
	}
	r, err := facts.Element(set, id, d.output, i)
	if err != nil {
		return "", err
	}
	text := facts.Number(r.Torch)
	if exact := facts.Number(r.Exact); exact != text {
		text += fmt.Sprintf(" (exact: %s)", exact)
	}
	return text, nil
}
