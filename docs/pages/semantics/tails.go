package semantics

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"lossproof/docs/pages/facts"
	"lossproof/fixtures"
	"lossproof/loss"
	"lossproof/ports"
	"lossproof/tensor"
)

// find returns what is recorded of one float32 logit, or probability, at one target: in a case of 'none' of one of the
// topics, without weights, all of whose targets are that one.
func (w writer) find(module string, topics []string, output string, x, target float32) (facts.Recorded, error) {
	for i := range w.set.Cases {
		c := &w.set.Cases[i]
		if c.Module != module || !slices.Contains(topics, c.Topic) || c.Outputs == nil || len(c.Inputs) != 2 ||
			c.Options.Reduction == nil || *c.Options.Reduction != "none" {
			continue
		}
		if _, ok := c.Outputs[output]; !ok {
			continue
		}
		at, ok, err := w.place(c, x, target)
		if err != nil {
			return facts.Recorded{}, err
		}
		if ok {
			return facts.Element(w.set, c.ID, output, at)
		}
	}
	return facts.Recorded{}, fmt.Errorf("%s: no case of %s has the logit %v at target %v", module, strings.Join(topics, ", "), x, target)
}

// place returns the element of a case that is x at target, where each element has a loss of its own.
func (w writer) place(c *fixtures.Case, x, target float32) (int, bool, error) {
	dtype, shape, err := w.set.Type(c, c.Inputs[ports.Input])
	if err != nil || dtype != tensor.Float32 || len(shape) != 2 || shape[1] != 1 {
		return 0, false, err
	}
	inputs, err := w.set.Inputs(c)
	if err != nil {
		return 0, false, err
	}
	for i, v := range inputs[ports.Input].Float64s() {
		if v == float64(x) && inputs[ports.Target].Float64(i) == float64(target) {
			return i, true, nil
		}
	}
	return 0, false, nil
}

// shown writes PyTorch's result, in bold where it is not exact.
func shown(r facts.Recorded) string {
	text := facts.Number(r.Torch)
	if r.Inexact() {
		text = "**" + text + "**"
	}
	return text
}

func exactly(r facts.Recorded) string {
	if !r.HasExact {
		return "–"
	}
	return facts.Number(r.Exact)
}

// extremeLogits are the logits of the table; the largest float32 is among them.
var extremeLogits = []float32{
	float32(math.Inf(-1)), -math.MaxFloat32, -100, -20, 0, 20, 100, math.MaxFloat32, float32(math.Inf(1)),
}

// tails writes losses or gradients of the two modules for several labels from logits, from one end of the range to the other.
func (w writer) tails(output string) (string, error) {
	topics := []string{"extreme_logits", "nonfinite"}
	head := []string{":logit"}
	lines := make([][]string, len(extremeLogits))
	for i, x := range extremeLogits {
		lines[i] = []string{facts.Number(float64(x))}
	}
	for _, target := range []float32{0, 1} {
		head = append(head, fmt.Sprintf(":exact, target %v", target), ":BCEWL", ":MLSM")
		for i, x := range extremeLogits {
			bce, err := w.find(ports.BCEWithLogitsLoss, topics, output, x, target)
			if err != nil {
				return "", err
			}
			mlsm, err := w.find(ports.MultiLabelSoftMarginLoss, topics, output, x, target)
			if err != nil {
				return "", err
			}
			lines[i] = append(lines[i], exactly(bce), shown(bce), shown(mlsm))
		}
	}
	return table(head, lines), nil
}

// vanishes returns the first recorded logit below 0 from which on PyTorch's BCEWithLogitsLoss is 0 in float32 at target 0.
func (w writer) vanishes() (string, error) {
	c, err := w.set.Case(ports.BCEWithLogitsLoss + "/extreme_logits/f32-none-cancel-float32-t-0")
	if err != nil {
		return "", err
	}
	inputs, err := w.set.Inputs(c)
	if err != nil {
		return "", err
	}
	want, err := w.set.Expected(c, ports.Loss)
	if err != nil {
		return "", err
	}
	first, last := math.Inf(-1), 0.0 // the first that vanishes, the last that does not
	for i, x := range inputs[ports.Input].Float64s() {
		switch l := want.Reference.Float64(i); {
		case x < 0 && l == 0:
			first = max(first, x)
		case x < 0:
			last = min(last, x)
		}
	}
	if first > last || math.IsInf(first, -1) {
		return "", fmt.Errorf("%s: the loss is 0 at %v and is not at %v", c.ID, first, last)
	}
	return facts.Number(first), nil
}

// certainProbabilities are inputs of BCELoss from one certainty to the other.
var certainProbabilities = []float32{0, 1e-44, 1e-30, 1e-11, 0.001, 1 - 0x1p-24, 1}

// certainInputs writes losses and gradients of BCELoss at probabilities near 0 and 1.
func (w writer) certainInputs() (string, error) {
	var lines [][]string
	for _, x := range certainProbabilities {
		probability := facts.Number(float64(x))
		if x > 0.5 {
			probability = eight(x) // what is next to 1 has to differ from it
		}
		cells := []string{probability}
		for _, target := range []float32{0, 0.3, 1} {
			for _, output := range []string{ports.Loss, ports.GradInput} {
				r, err := w.find(ports.BCELoss, []string{"extreme_inputs"}, output, x, target)
				if err != nil {
					return "", err
				}
				text := facts.Number(r.Torch)
				if !r.HasExact {
					text += " †"
				}
				cells = append(cells, text)
			}
		}
		lines = append(lines, cells)
	}
	head := []string{":probability"}
	for _, target := range []string{"0", "0.3", "1"} {
		head = append(head, ":loss, target "+target, ":gradient")
	}
	return table(head, lines), nil
}

// extremeRow is a row of logits of CrossEntropyLoss, in a case.
type extremeRow struct {
	name string
	row  int
	rule string
}

var extremeRowsShown = []extremeRow{
	{"extreme_logits/f32-none-1e4-apart-target-0", 0, "CE-TAIL-LOSS"},
	{"extreme_logits/f32-none-1e4-apart-target-1", 0, "CE-TAIL-LOSS"},
	{"extreme_logits/f32-none-all-1e4-target-0", 0, "CE-SHIFT"},
	{"extreme_logits/f32-none-gap-cancel-float32-target-dominates", 0, "CE-DOMINATED"},
	{"extreme_logits/f32-none-gap-cancel-float32-target-dominates", 5, "CE-DOMINATED"},
	{"extreme_logits/f32-none-gap-cancel-float32-target-is-dominated", 5, "CE-TAIL-LOSS"},
	{"nonfinite/f32-none-minus-inf-target-others", 0, "CE-MASKED"},
	{"nonfinite/f32-none-minus-inf-target-masked", 0, "CE-MASKED"},
	{"nonfinite/f32-none-minus-inf-one-hot", 0, "CE-INF-NAN"},
	{"nonfinite/f32-none-plus-inf-target-0", 1, "CE-INF-NAN"},
	{"nonfinite/f32-none-all-minus-inf", 1, "CE-NO-LIMIT"},
}

// extremeRows writes losses of CrossEntropyLoss for rows of extreme logits.
func (w writer) extremeRows() (string, error) {
	var lines [][]string
	for _, e := range extremeRowsShown {
		id := ports.CrossEntropyLoss + "/" + e.name
		c, err := w.set.Case(id)
		if err != nil {
			return "", err
		}
		if err := stands(c, e.rule); err != nil {
			return "", err
		}
		inputs, err := w.set.Inputs(c)
		if err != nil {
			return "", err
		}
		r, err := facts.Element(w.set, id, ports.Loss, e.row)
		if err != nil {
			return "", err
		}
		anchor, err := w.anchor(e.rule)
		if err != nil {
			return "", err
		}
		lines = append(lines, []string{
			rowOf(inputs[ports.Input], e.row), targetOf(inputs[ports.Target], e.row),
			exactly(r), shown(r), fmt.Sprintf("[%s](%s %q)", e.rule, anchor, id),
		})
	}
	return table([]string{"logits of a row", ":target", ":exact loss", ":PyTorch", "rule"}, lines), nil
}

// rowOf writes a row of a matrix.
func rowOf(t tensor.Tensor, row int) string {
	n := t.Shape[len(t.Shape)-1]
	parts := make([]string, n)
	for i := range parts {
		parts[i] = facts.Number(t.Float64(row*n + i))
	}
	return strings.Join(parts, ", ")
}

// targetOf writes the target of a row: the index of its class, or its probabilities.
func targetOf(t tensor.Tensor, row int) string {
	if t.DType.IsFloat() {
		return "(" + rowOf(t, row) + ")"
	}
	return "class " + facts.Number(t.Float64(row))
}

// parting writes where BCELoss(sigmoid(x)) stands beside BCEWithLogitsLoss(x) at a few logits, target 0.
func (w writer) parting() (string, error) {
	logits := []float32{2, 5, 10, 15, 16, 17, 20, 50, 200}
	both, err := compose(logits, 0)
	if err != nil {
		return "", err
	}
	var lines [][]string
	for i, x := range logits {
		lines = append(lines, []string{
			facts.Number(float64(x)), eight(sigmoid(x)), eight(both.losses[i]), eight(both.withLogits[i]),
			facts.Number(float64(both.gradients[i])), facts.Number(float64(both.gradientsWith[i])),
		})
	}
	return table([]string{":logit", ":sigmoid", ":BCELoss of it", ":BCEWithLogitsLoss", ":gradient through both", ":BCEWithLogitsLoss"}, lines), nil
}

// eight writes what a float32 can tell apart.
func eight[T loss.Float](x T) string { return fmt.Sprintf("%.8g", x) }
