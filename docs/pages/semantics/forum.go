package semantics

import (
	"fmt"
	"math"
	"path"

	"lossproof/docs/pages/facts"
	"lossproof/ports"
)

// forumLosses returns the losses of BCEWithLogitsLoss and MultiLabelSoftMarginLoss in the snippet, with the shape of BCEWithLogitsLoss's.
func (w writer) forumLosses(name string) (bce, mlsm []float64, shape []int, err error) {
	losses := map[string][]float64{}
	for _, module := range []string{ports.BCEWithLogitsLoss, ports.MultiLabelSoftMarginLoss} {
		c, err := w.set.Case(module + "/forum_example/" + name)
		if err != nil {
			return nil, nil, nil, err
		}
		want, err := w.set.Expected(c, ports.Loss)
		if err != nil {
			return nil, nil, nil, err
		}
		losses[module] = want.Reference.Float64s()
		if module == ports.BCEWithLogitsLoss {
			shape = want.Reference.Shape
		}
	}
	return losses[ports.BCEWithLogitsLoss], losses[ports.MultiLabelSoftMarginLoss], shape, nil
}

// classMeans averages over the last dimension.
func classMeans(losses []float64, shape []int) []float64 {
	means := make([]float64, shape[0])
	for i, l := range losses {
		means[i/shape[1]] += l / float64(shape[1])
	}
	return means
}

// forumDifference writes the largest difference of the class means of BCEWithLogitsLoss from MultiLabelSoftMarginLoss, over all
// pairs of cases of the topic.
func (w writer) forumDifference() (string, error) {
	largest, pairs := 0.0, 0
	for i := range w.set.Cases {
		c := &w.set.Cases[i]
		if c.Module != ports.BCEWithLogitsLoss || c.Topic != "forum_example" {
			continue
		}
		bce, mlsm, shape, err := w.forumLosses(path.Base(c.ID))
		if err != nil {
			return "", err
		}
		for n, mean := range classMeans(bce, shape) {
			largest = max(largest, math.Abs(mean-mlsm[n]))
		}
		pairs++
	}
	if pairs == 0 || largest > 1e-6 {
		return "", fmt.Errorf("forum_example: in %d pairs of cases the class means differ by %v", pairs, largest)
	}
	return facts.Number(largest), nil
}

// forum writes, for the snippet's losses of three samples and three classes, what the subtraction gives, and what is right.
func (w writer) forum() (string, error) {
	bce, mlsm, shape, err := w.forumLosses("f32-3x3-plain")
	if err != nil {
		return "", err
	}
	samples, classes := shape[0], shape[1]
	if len(mlsm) != classes {
		return "", fmt.Errorf("the snippet's losses do not subtract: %d samples, %d classes", len(mlsm), classes)
	}
	head := []string{"sample"}
	for c := range classes {
		head = append(head, fmt.Sprintf(":class %d: wrong difference", c))
	}
	head = append(head, ":mean of BCEWithLogitsLoss over classes", ":MultiLabelSoftMarginLoss")
	means := classMeans(bce, shape)
	var lines [][]string
	for n := range samples {
		cells := []string{fmt.Sprint(n)}
		for c := range classes {
			// As broadcasting has it: the loss of sample c stands below class c.
			cells = append(cells, facts.Number(bce[n*classes+c]-mlsm[c]))
		}
		lines = append(lines, append(cells, facts.Number(means[n]), facts.Number(mlsm[n])))
	}
	return table(head, lines), nil
}
