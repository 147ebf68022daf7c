package semantics

import (
	"fmt"
	"math"

	"lossproof/docs/pages/facts"
	"lossproof/ports"
)

// forum writes, for the snippet's losses of three samples and three classes, what the subtraction gives, and what is right.
func (w writer) forum() (string, error) {
	losses := func(module string) ([]float64, []int, error) {
		c, err := w.set.Case(module + "/forum_example/f32-3x3-plain")
		if err != nil {
			return nil, nil, err
		}
		want, err := w.set.Expected(c, ports.Loss)
		return want.Reference.Float64s(), want.Reference.Shape, err
	}
	bce, shape, err := losses(ports.BCEWithLogitsLoss)
	if err != nil {
		return "", err
	}
	mlsm, _, err := losses(ports.MultiLabelSoftMarginLoss)
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
	var rows [][]string
	for n := range samples {
		row, mean := []string{fmt.Sprint(n)}, 0.0
		for c := range classes {
			// As broadcasting has it: the loss of sample c stands below class c.
			row = append(row, facts.Number(bce[n*classes+c]-mlsm[c]))
			mean += bce[n*classes+c] / float64(classes)
		}
		if math.Abs(mean-mlsm[n]) > 1e-6*mean {
			return "", fmt.Errorf("sample %d: the class mean is %v and %v", n, mean, mlsm[n])
		}
		rows = append(rows, append(row, facts.Number(mean), facts.Number(mlsm[n])))
	}
	return table(head, rows), nil
}
