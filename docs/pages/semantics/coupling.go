package semantics

import (
	"fmt"
	"math"
	"slices"

	"lossproof/docs/pages/facts"
	"lossproof/loss"
)

// coupling writes what changes when one logit of the post's table is raised.
func (w writer) coupling() (string, error) {
	t, err := w.blog()
	if err != nil {
		return "", err
	}
	classes, err := w.classes()
	if err != nil {
		return "", err
	}
	moved := loss.Tensor[float64]{Data: slices.Clone(t.logits.Data), Shape: t.logits.Shape}
	moved.Data[t.logits.Shape[1]+2]++ // sample 1, class 2

	var lines [][]string
	for _, m := range []struct {
		what string
		run  func(x loss.Tensor[float64]) (l, g loss.Tensor[float64], err error)
	}{
		{"BCEWithLogitsLoss", func(x loss.Tensor[float64]) (l, g loss.Tensor[float64], err error) {
			return loss.BCEWithLogitsLoss[float64]{Reduction: loss.None}.ForwardGrad(x, t.targets, nil)
		}},
		{"MultiLabelSoftMarginLoss", func(x loss.Tensor[float64]) (l, g loss.Tensor[float64], err error) {
			return loss.MultiLabelSoftMarginLoss[float64]{Reduction: loss.None}.ForwardGrad(x, t.targets, nil)
		}},
		{"BCELoss, of the sigmoid", func(x loss.Tensor[float64]) (l, g loss.Tensor[float64], err error) {
			return loss.BCELoss[float64]{Reduction: loss.None}.ForwardGrad(sigmoids(x), t.targets, nil)
		}},
		{"CrossEntropyLoss", func(x loss.Tensor[float64]) (l, g loss.Tensor[float64], err error) {
			return loss.CrossEntropyLoss[float64]{Reduction: loss.None}.ForwardGrad(x, loss.ClassIndices[float64](classes, len(classes)), nil)
		}},
	} {
		before, gradBefore, err := m.run(t.logits)
		if err != nil {
			return "", err
		}
		after, gradAfter, err := m.run(moved)
		if err != nil {
			return "", err
		}
		lines = append(lines, []string{m.what, changed(before.Data, after.Data), changed(gradBefore.Data, gradAfter.Data)})
	}
	return table([]string{"", ":losses of 'none' that change", ":elements of the gradient that change"}, lines), nil
}

// twoClasses writes the power of ten below which all differences lie, on the post's table, of CrossEntropyLoss of (0, x),
// whose second class is the target where t is 1, from BCEWithLogitsLoss of x. The largest difference itself is rounding,
// which depends on the processor.
func (w writer) twoClasses() (string, error) {
	t, err := w.blog()
	if err != nil {
		return "", err
	}
	n := len(t.logits.Data)
	pairs := loss.Tensor[float64]{Data: make([]float64, 2*n), Shape: []int{n, 2}}
	classes := make([]int64, n)
	for i, x := range t.logits.Data {
		pairs.Data[2*i+1], classes[i] = x, int64(t.targets.Data[i])
	}
	two, err := loss.CrossEntropyLoss[float64]{Reduction: loss.None}.Forward(pairs, loss.ClassIndices[float64](classes, n))
	if err != nil {
		return "", err
	}
	one, err := forward(loss.BCEWithLogitsLoss[float64]{Reduction: loss.None}, t)
	if err != nil {
		return "", err
	}
	largest := 0.0
	for i := range one {
		largest = max(largest, math.Abs(two.Data[i]-one[i]))
	}
	return tenfold(largest), nil
}

// tenfold writes the least power of ten above x, or above the least difference that two numbers around 1 can have.
func tenfold(x float64) string {
	return facts.Number(math.Pow(10, math.Floor(math.Log10(max(x, 0x1p-53)))+1))
}

func changed(before, after []float64) string {
	n := 0
	for i := range before {
		if before[i] != after[i] {
			n++
		}
	}
	return fmt.Sprintf("%d of %d", n, len(before))
}
