//go:build js && wasm

// Command wasm gives a page of the report the losses of package loss.
package main

import (
	"fmt"
	"syscall/js"

	"lossproof/loss"
)

func main() {
	js.Global().Set("lossproofCurve", js.FuncOf(func(_ js.Value, args []js.Value) any {
		logits := make([]float64, args[2].Length())
		for i := range logits {
			logits[i] = args[2].Index(i).Float()
		}
		var values [][]float64
		var err error
		if args[1].String() == "float64" {
			values, err = curve[float64](args[0].String(), logits, args[3].Float(), args[4].Float())
		} else {
			values, err = curve[float32](args[0].String(), logits, args[3].Float(), args[4].Float())
		}
		if err != nil {
			return map[string]any{"error": err.Error()}
		}
		return map[string]any{"loss": list(values[0]), "gradient": list(values[1])}
	}))
	select {}
}

func list(values []float64) []any {
	l := make([]any, len(values))
	for i, v := range values {
		l[i] = v
	}
	return l
}

// curve returns the losses and gradients at logits. BCELoss is that of their sigmoid, and its gradient is in the
// probability; CrossEntropyLoss has two classes, and the logit is that of the first, beside 0.
func curve[T loss.Float](module string, logits []float64, target, extra float64) ([][]float64, error) {
	n := len(logits)
	input, targets := make([]T, n), make([]T, n)
	for i, x := range logits {
		input[i], targets[i] = T(x), T(target)
	}
	var l, g loss.Tensor[T]
	var err error
	switch module {
	case "BCEWithLogitsLoss":
		positive := loss.Scalar(T(extra))
		l, g, err = loss.BCEWithLogitsLoss[T]{Reduction: loss.None, PosWeight: &positive}.ForwardGrad(loss.Vector(input...), loss.Vector(targets...), nil)
	case "BCELoss":
		l, g, err = loss.BCELoss[T]{Reduction: loss.None}.ForwardGrad(loss.Vector(sigmoids(input)...), loss.Vector(targets...), nil)
	case "CrossEntropyLoss":
		rows, probabilities := make([]T, 2*n), make([]T, 2*n)
		for i := range n {
			rows[2*i], probabilities[2*i], probabilities[2*i+1] = input[i], T(target), T(1-target)
		}
		shape := []int{n, 2}
		l, g, err = loss.CrossEntropyLoss[T]{Reduction: loss.None, LabelSmoothing: extra}.ForwardGrad(
			loss.Tensor[T]{Shape: shape, Data: rows}, loss.ClassProbabilities(loss.Tensor[T]{Shape: shape, Data: probabilities}), nil)
		if err == nil {
			first := make([]T, n)
			for i := range n {
				first[i] = g.Data[2*i]
			}
			g.Data = first
		}
	default:
		err = fmt.Errorf("module: got %q", module)
	}
	if err != nil {
		return nil, err
	}
	return [][]float64{wide(l.Data), wide(g.Data)}, nil
}

// sigmoids returns the sigmoid as the gradient of softplus, which the losses have: that of BCEWithLogitsLoss at target 0.
func sigmoids[T loss.Float](x []T) []T {
	g, err := loss.BCEWithLogitsLoss[T]{Reduction: loss.None}.GradInput(loss.Vector(x...), loss.Vector(make([]T, len(x))...), nil)
	if err != nil {
		return x
	}
	return g.Data
}

func wide[T loss.Float](values []T) []float64 {
	w := make([]float64, len(values))
	for i, v := range values {
		w[i] = float64(v)
	}
	return w
}
