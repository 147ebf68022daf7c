package semantics

import (
	"fmt"
	"math"
	"strings"

	"lossproof/docs/pages/facts"
	"lossproof/fixtures"
	"lossproof/loss"
	"lossproof/ports"
	"lossproof/tensor"
)

// blogCase is a case of the post's table, in float64, where PyTorch's rounding does not show.
func blogCase(module, name string) string { return module + "/blog_example/f64-" + name }

// blogTable is the post's table, read from the case that records it.
type blogTable struct {
	logits, targets loss.Tensor[float64]
}

func (w writer) blog() (blogTable, error) {
	c, err := w.set.Case(blogCase(ports.BCEWithLogitsLoss, "none"))
	if err != nil {
		return blogTable{}, err
	}
	inputs, err := w.set.Inputs(c)
	if err != nil {
		return blogTable{}, err
	}
	read := func(name string) loss.Tensor[float64] {
		return loss.Tensor[float64]{Data: inputs[name].Float64s(), Shape: inputs[name].Shape}
	}
	return blogTable{read(ports.Input), read(ports.Target)}, nil
}

// classes returns the class indices of the post's table in CrossEntropyLoss.
func (w writer) classes() ([]int64, error) {
	c, err := w.set.Case(blogCase(ports.CrossEntropyLoss, "none-index"))
	if err != nil {
		return nil, err
	}
	inputs, err := w.set.Inputs(c)
	if err != nil {
		return nil, err
	}
	var classes []int64
	for _, y := range inputs[ports.Target].Float64s() {
		classes = append(classes, int64(y))
	}
	return classes, nil
}

// blogSize writes samples×classes of the table.
func (w writer) blogSize() (string, error) {
	t, err := w.blog()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d×%d", t.logits.Shape[0], t.logits.Shape[1]), nil
}

// blogNone writes the table with the losses that the post prints and those that PyTorch returns.
func (w writer) blogNone() (string, error) {
	t, err := w.blog()
	if err != nil {
		return "", err
	}
	bce, err := w.published(blogCase(ports.BCEWithLogitsLoss, "none"))
	if err != nil {
		return "", err
	}
	mlsm, err := w.published(blogCase(ports.MultiLabelSoftMarginLoss, "none"))
	if err != nil {
		return "", err
	}
	samples, classes := t.logits.Shape[0], t.logits.Shape[1]
	head := []string{"sample", ""}
	for c := range classes {
		head = append(head, fmt.Sprintf(":class %d", c))
	}
	head = append(head, ":MultiLabelSoftMarginLoss")
	var lines [][]string
	for n := range samples {
		line := func(what, last string, cell func(i int) string) {
			cells := []string{"", what}
			if len(lines)%4 == 0 {
				cells[0] = fmt.Sprint(n)
			}
			for c := range classes {
				cells = append(cells, cell(n*classes+c))
			}
			lines = append(lines, append(cells, last))
		}
		line("logit", "", func(i int) string { return fmt.Sprintf("%.4f", t.logits.Data[i]) })
		line("target", "", func(i int) string { return facts.Number(t.targets.Data[i]) })
		line("loss in the post", fmt.Sprintf("%.4f", mlsm.Published[n]), func(i int) string { return fmt.Sprintf("%.4f", bce.Published[i]) })
		line("loss in PyTorch", sixDigits(mlsm.Reference.Float64(n)), func(i int) string { return sixDigits(bce.Reference.Float64(i)) })
	}
	return table(head, lines), nil
}

func sixDigits(x float64) string { return fmt.Sprintf("%.6f", x) }

// published returns the loss of a case whose figures the post prints.
func (w writer) published(id string) (fixtures.Expected, error) {
	c, err := w.set.Case(id)
	if err != nil {
		return fixtures.Expected{}, err
	}
	want, err := w.set.Expected(c, ports.Loss)
	if err == nil && want.Published == nil {
		err = fmt.Errorf("%s: the post prints nothing of it", id)
	}
	return want, err
}

// blogReadings are the ways in which the modules read the table.
var blogReadings = []struct{ what, module, suffix string }{
	{"BCEWithLogitsLoss", ports.BCEWithLogitsLoss, ""},
	{"MultiLabelSoftMarginLoss", ports.MultiLabelSoftMarginLoss, ""},
	{"BCELoss, of the sigmoid of the logits", ports.BCELoss, ""},
	{"CrossEntropyLoss, class indices", ports.CrossEntropyLoss, "-index"},
	{"CrossEntropyLoss, the labels of a sample in equal shares", ports.CrossEntropyLoss, "-shares"},
	{"CrossEntropyLoss, the table's targets as they are", ports.CrossEntropyLoss, "-labels"},
}

// blogAll writes what each module returns for the table.
func (w writer) blogAll() (string, error) {
	var lines [][]string
	for _, reading := range blogReadings {
		cells := []string{reading.what}
		for _, reduction := range []string{"none", "mean", "sum"} {
			c, err := w.set.Case(blogCase(reading.module, reduction+reading.suffix))
			if err != nil {
				return "", err
			}
			want, err := w.set.Expected(c, ports.Loss)
			if err != nil {
				return "", err
			}
			cells = append(cells, fourDecimals(want.Reference))
		}
		cells = append(cells, "`"+blogCase(reading.module, "*"+reading.suffix)+"`")
		lines = append(lines, cells)
	}
	return table([]string{"module", "'none'", ":'mean'", ":'sum'", "cases"}, lines), nil
}

// fourDecimals writes a loss as the post does; of a matrix its shape alone.
func fourDecimals(t tensor.Tensor) string {
	if len(t.Shape) > 1 {
		return tensor.FormatShape(t.Shape) + ": as above"
	}
	var parts []string
	for _, x := range t.Float64s() {
		parts = append(parts, fmt.Sprintf("%.4f", x))
	}
	text := strings.Join(parts, ", ")
	if len(t.Shape) > 0 {
		text = tensor.FormatShape(t.Shape) + ": " + text
	}
	return text
}

// misprints says which figures of the post are not PyTorch's, rounded to their four decimals.
func (w writer) misprints() (string, error) {
	var found []string
	figures := 0
	for _, id := range []string{
		blogCase(ports.BCEWithLogitsLoss, "none"), blogCase(ports.MultiLabelSoftMarginLoss, "none"),
		blogCase(ports.BCEWithLogitsLoss, "mean"),
	} {
		want, err := w.published(id)
		if err != nil {
			return "", err
		}
		for i, printed := range want.Published {
			figures++
			x := want.Reference.Float64(i)
			if a, b := fmt.Sprintf("%.4f", printed), fmt.Sprintf("%.4f", x); a != b {
				if math.Abs(printed-x) > want.PublishedTolerance[i] {
					return "", fmt.Errorf("%s: the post prints %s, PyTorch returns %v", id, a, x)
				}
				found = append(found, fmt.Sprintf("%s (PyTorch: %s)", a, sixDigits(x)))
			}
		}
	}
	if len(found) == 0 {
		return fmt.Sprintf("all its %d figures are PyTorch's", figures), nil
	}
	return fmt.Sprintf("its %d figures are PyTorch's, but for the last digit of %s", figures, strings.Join(found, " and ")), nil
}
