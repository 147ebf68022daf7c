package semantics

import (
	"fmt"

	"lossproof/docs/pages/facts"
	"lossproof/loss"
)

// module is what the modules that take floating-point targets have in common.
type module interface {
	Forward(input, target loss.Tensor[float64]) (loss.Tensor[float64], error)
}

// forward runs a module and returns its losses.
func forward(m module, t blogTable) ([]float64, error) {
	l, err := m.Forward(t.logits, t.targets)
	return l.Data, err
}

// The weights of the examples: that of one class, which is not 1, and pos_weight.
const (
	weightedClass = 1
	weightOfClass = 2
	posWeight     = 3
)

// classWeight returns ones, but for the weighted class.
func classWeight(classes int) *loss.Tensor[float64] {
	w := loss.Tensor[float64]{Data: make([]float64, classes), Shape: []int{classes}}
	for i := range w.Data {
		w.Data[i] = 1
	}
	w.Data[weightedClass] = weightOfClass
	return &w
}

// weights writes sum and mean with and without a class weight, and what the mean divides by.
func (w writer) weights() (string, error) {
	t, err := w.blog()
	if err != nil {
		return "", err
	}
	classes, err := w.classes()
	if err != nil {
		return "", err
	}
	weight := classWeight(t.logits.Shape[1])
	probabilities := t
	probabilities.logits = sigmoids(t.logits)
	oneHot := loss.Tensor[float64]{Data: make([]float64, len(t.logits.Data)), Shape: t.logits.Shape}
	for n, y := range classes {
		oneHot.Data[n*t.logits.Shape[1]+int(y)] = 1
	}
	crossEntropy := func(target loss.ClassTarget[float64]) func(*loss.Tensor[float64], loss.Reduction) ([]float64, error) {
		return func(weight *loss.Tensor[float64], r loss.Reduction) ([]float64, error) {
			l, err := loss.CrossEntropyLoss[float64]{Weight: weight, Reduction: r}.Forward(t.logits, target)
			return l.Data, err
		}
	}
	var lines [][]string
	for _, m := range []struct {
		what string
		run  func(weight *loss.Tensor[float64], r loss.Reduction) ([]float64, error)
	}{
		{"BCEWithLogitsLoss", func(weight *loss.Tensor[float64], r loss.Reduction) ([]float64, error) {
			return forward(loss.BCEWithLogitsLoss[float64]{Weight: weight, Reduction: r}, t)
		}},
		{"MultiLabelSoftMarginLoss", func(weight *loss.Tensor[float64], r loss.Reduction) ([]float64, error) {
			return forward(loss.MultiLabelSoftMarginLoss[float64]{Weight: weight, Reduction: r}, t)
		}},
		{"BCELoss, of the sigmoid", func(weight *loss.Tensor[float64], r loss.Reduction) ([]float64, error) {
			return forward(loss.BCELoss[float64]{Weight: weight, Reduction: r}, probabilities)
		}},
		{"CrossEntropyLoss, class indices", crossEntropy(loss.ClassIndices[float64](classes, len(classes)))},
		{"CrossEntropyLoss, the same as one-hot probabilities", crossEntropy(loss.ClassProbabilities(oneHot))},
	} {
		cells := []string{m.what}
		var sum, mean []float64
		for _, weight := range []*loss.Tensor[float64]{nil, weight} {
			if sum, err = m.run(weight, loss.Sum); err != nil {
				return "", err
			}
			if mean, err = m.run(weight, loss.Mean); err != nil {
				return "", err
			}
			cells = append(cells, facts.Number(sum[0]), facts.Number(mean[0]), facts.Number(sum[0]/mean[0]))
		}
		lines = append(lines, cells)
	}
	return table([]string{"", ":sum", ":mean", ":sum / mean", ":weighted sum", ":weighted mean", ":weighted sum / mean"}, lines), nil
}

// posWeights writes the losses of the first sample with and without a pos_weight.
func (w writer) posWeights() (string, error) {
	t, err := w.blog()
	if err != nil {
		return "", err
	}
	without, err := forward(loss.BCEWithLogitsLoss[float64]{Reduction: loss.None}, t)
	if err != nil {
		return "", err
	}
	p := &loss.Tensor[float64]{Data: []float64{posWeight}, Shape: []int{1}}
	with, err := forward(loss.BCEWithLogitsLoss[float64]{Reduction: loss.None, PosWeight: p}, t)
	if err != nil {
		return "", err
	}
	head := []string{"class"}
	lines := [][]string{{"target"}, {"loss"}, {fmt.Sprintf("loss with pos_weight %d", posWeight)}}
	for c := range t.logits.Shape[1] {
		head = append(head, fmt.Sprintf(":%d", c))
		for i, v := range []float64{t.targets.Data[c], without[c], with[c]} {
			lines[i] = append(lines[i], facts.Number(v))
		}
	}
	return table(head, lines), nil
}
