package main

import (
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/ml/train/losses"
)

// loss is that of a module, of input, target and weight.
func loss(module string, given map[string]*graph.Node) *graph.Node {
	x, labels := given["input"], []*graph.Node{given["target"]}
	if weight := given["weight"]; weight != nil {
		labels = append(labels, weight)
	}
	switch module {
	case "BCEWithLogitsLoss":
		return losses.BinaryCrossentropyLogits(labels, []*graph.Node{x})
	case "BCELoss":
		return losses.BinaryCrossentropy(labels, []*graph.Node{x})
	}
	logits := []*graph.Node{classesLast(x)}
	if labels[0].DType().IsInt() {
		labels[0] = graph.InsertAxes(labels[0], -1)
		return losses.SparseCategoricalCrossEntropyLogits(labels, logits)
	}
	labels[0] = classesLast(labels[0])
	return losses.CategoricalCrossEntropyLogits(labels, logits)
}

// gradient is that of a loss in the input, times what comes from above where that is given.
func gradient(value *graph.Node, given map[string]*graph.Node) *graph.Node {
	if upstream := given["grad_output"]; upstream != nil {
		value = graph.Mul(value, upstream)
	}
	return graph.Gradient(value, given["input"])[0]
}

// classesLast moves the dimension 1, of the classes, to the end.
func classesLast(x *graph.Node) *graph.Node {
	if x.Rank() < 3 {
		return x
	}
	order := []int{0}
	for axis := 2; axis < x.Rank(); axis++ {
		order = append(order, axis)
	}
	return graph.TransposeAllAxes(x, append(order, 1)...)
}
