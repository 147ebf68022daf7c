package loss_test

import (
	"errors"
	"fmt"
	"log"

	"lossproof/loss"
)

// One row of three classes for each of two samples, and the class that is right.
func ExampleCrossEntropyLoss() {
	input, err := loss.Matrix([]float32{2, 1, 0}, []float32{0, 0, 20})
	if err != nil {
		log.Fatal(err)
	}
	target := loss.ClassIndices[float32]([]int64{0, 2}, 2)
	value, grad, err := loss.CrossEntropyLoss[float32]{Reduction: loss.None}.ForwardGrad(input, target, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4g\n%.4f\n", value.Data, grad.Data[:3])
	// Output:
	// [0.4076 4.122e-09]
	// [-0.3348 0.2447 0.0900]
}

// Class weights, label smoothing, and a row that is left out.
func ExampleCrossEntropyLoss_options() {
	input, err := loss.Matrix([]float64{2, 1, 0}, []float64{0, 0, 3}, []float64{9, 9, 9})
	if err != nil {
		log.Fatal(err)
	}
	weight := loss.Vector(1.0, 1, 4)
	ignore := int64(-1)
	criterion := loss.CrossEntropyLoss[float64]{Weight: &weight, IgnoreIndex: &ignore, LabelSmoothing: 0.1}
	value, err := criterion.Forward(input, loss.ClassIndices[float64]([]int64{0, 2, -1}, 3))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f\n", value.Data[0])

	_, err = criterion.Forward(input, loss.ClassIndices[float64]([]int64{0, 3, -1}, 3))
	var refused *loss.ValueError
	fmt.Println(errors.As(err, &refused), err)
	// Output:
	// 0.2618
	// true CrossEntropyLoss: target: element [1] is 3, want a class from 0 to 2, or -1 to ignore it
}

// Soft targets give every class a probability, and have a gradient.
func ExampleClassProbabilities() {
	input := loss.Vector(1.0, 0, 0)
	target := loss.ClassProbabilities(loss.Vector(0.8, 0.1, 0.1))
	value, err := loss.CrossEntropyLoss[float64]{}.Forward(input, target)
	if err != nil {
		log.Fatal(err)
	}
	grad, err := loss.CrossEntropyLoss[float64]{}.GradTarget(input, target, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f %.4f\n", value.Data, grad.Data)
	// Output: [0.7514] [0.5514 1.5514 1.5514]
}

// The logarithms are bounded: a wrong answer that is certain costs 100.
func ExampleBCELoss() {
	value, grad, err := loss.BCELoss[float64]{Reduction: loss.None}.ForwardGrad(
		loss.Vector(0.9, 0.5, 0), loss.Vector(1.0, 1, 1), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f\n%.4g\n", value.Data, grad.Data)

	_, err = loss.BCELoss[float64]{}.Forward(loss.Vector(0.5, 1.5), loss.Vector(1.0, 1))
	fmt.Println(err)
	// Output:
	// [0.1054 0.6931 100.0000]
	// [-1.111 -2 -1e+12]
	// BCELoss: input: element [1] is 1.5, want a number from 0 to 1
}
