package loss_test

import (
	"errors"
	"fmt"
	"log"

	"lossproof/loss"
)

// exampleTable returns the logits and targets of three samples of five classes.
func exampleTable() (input, target loss.Tensor[float64]) {
	input, err := loss.Matrix(
		[]float64{-0.7480, 0.6282, -1.8508, -0.5212, -0.6264},
		[]float64{0.0744, -0.2861, 2.3179, -1.2633, 1.0343},
		[]float64{0.6806, -0.0375, -1.4666, -0.2414, 0.3977},
	)
	if err != nil {
		log.Fatal(err)
	}
	target, err = loss.Matrix(
		[]float64{1, 1, 0, 0, 1},
		[]float64{1, 1, 0, 1, 0},
		[]float64{1, 0, 1, 0, 1},
	)
	if err != nil {
		log.Fatal(err)
	}
	return input, target
}

// One table, both losses: MultiLabelSoftMarginLoss averages BCEWithLogitsLoss over the
// classes, so without a reduction the shapes differ, and the means do not.
func Example() {
	input, target := exampleTable()

	elements, err := loss.BCEWithLogitsLoss[float64]{Reduction: loss.None}.Forward(input, target)
	if err != nil {
		log.Fatal(err)
	}
	samples, err := loss.MultiLabelSoftMarginLoss[float64]{Reduction: loss.None}.Forward(input, target)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("BCEWithLogitsLoss", elements.Shape, "and MultiLabelSoftMarginLoss", samples.Shape)
	for i, sample := range samples.Data {
		fmt.Printf("%.4f   %.4f\n", elements.Data[5*i:5*i+5], sample)
	}

	mean, err := loss.BCEWithLogitsLoss[float64]{}.Forward(input, target)
	if err != nil {
		log.Fatal(err)
	}
	multiMean, err := loss.MultiLabelSoftMarginLoss[float64]{}.Forward(input, target)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("means: %.4f and %.4f\n", mean.Data[0], multiMean.Data[0])
	// Output:
	// BCEWithLogitsLoss [3 5] and MultiLabelSoftMarginLoss [3]
	// [1.1355 0.4276 0.1459 0.4661 1.0546]   0.6460
	// [0.6566 0.8464 2.4118 1.5123 1.3385]   1.3531
	// [0.4097 0.6746 1.6742 0.5797 0.5139]   0.7704
	// means: 0.9232 and 0.9232
}

// A pos_weight above 1 makes a missed positive costlier than a false alarm.
func ExampleBCEWithLogitsLoss() {
	posWeight := loss.Vector[float32](3, 1) // per class
	criterion := loss.BCEWithLogitsLoss[float32]{PosWeight: &posWeight, Reduction: loss.None}

	input, err := loss.Matrix([]float32{-1, -1}, []float32{1, 1})
	if err != nil {
		log.Fatal(err)
	}
	target, err := loss.Matrix([]float32{1, 1}, []float32{0, 0})
	if err != nil {
		log.Fatal(err)
	}
	value, grad, err := criterion.ForwardGrad(input, target, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("loss     %.4f\n", value.Data)
	fmt.Printf("gradient %.4f\n", grad.Data)
	// Output:
	// loss     [3.9398 1.3133 1.3133 1.3133]
	// gradient [-2.1932 -0.7311 0.7311 0.7311]
}

// The weight of MultiLabelSoftMarginLoss has a gradient, summed to the weight's own shape.
func ExampleMultiLabelSoftMarginLoss_GradWeight() {
	input, target := exampleTable()
	weight := loss.Vector(1.0, 2, 1, 1, 1) // per class
	criterion := loss.MultiLabelSoftMarginLoss[float64]{Weight: &weight, Reduction: loss.Sum}

	grad, err := criterion.GradWeight(input, target, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v %.4f\n", grad.Shape, grad.Data)
	// Output: [5] [0.4404 0.3897 0.8464 0.5116 0.5814]
}

// A training loop reuses its memory: nothing is allocated after the first step.
func ExampleBCEWithLogitsLoss_Into() {
	input, target := exampleTable()
	criterion := loss.BCEWithLogitsLoss[float64]{}
	value, grad := make([]float64, 1), make([]float64, len(input.Data))
	for step := range 3 {
		if err := criterion.Into(loss.Results[float64]{Loss: value, GradInput: grad}, input, target, nil); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("step %d: %.4f\n", step, value[0])
		for i, g := range grad {
			input.Data[i] -= 10 * g
		}
	}
	// Output:
	// step 0: 0.9232
	// step 1: 0.7125
	// step 2: 0.5551
}

// Errors say which argument is wrong, what was found and what was expected.
func ExampleShapeError() {
	_, err := loss.BCEWithLogitsLoss[float32]{}.Forward(loss.Vector[float32](1, 2, 3), loss.Vector[float32](1, 0))
	fmt.Println(err)

	var shape *loss.ShapeError
	fmt.Println(errors.As(err, &shape), shape.Argument)
	// Output:
	// BCEWithLogitsLoss: target: got shape (2,), want (3,), the shape of input
	// true target
}

// PyTorch's deprecated arguments override reduction where they are given.
func ExampleLegacyReduction() {
	no := false
	fmt.Println(loss.LegacyReduction(nil, nil), loss.LegacyReduction(&no, nil), loss.LegacyReduction(&no, &no))
	// Output: mean sum none
}
