package main

import (
	"fmt"
	"log"
	"strconv"
	"strings"

	"github.com/gomlx/gomlx/backends/simplego"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/train/losses"
)

func main() {
	inputs := map[string]*tensors.Tensor{}
	inputs["input"] = array("{input}", "{input_dtype}", "{input_shape}")
	inputs["target"] = array("{target}", "{target_dtype}", "{target_shape}")
	inputs["weight"] = array("{weight}", "{weight_dtype}", "{weight_shape}")
	inputs["grad_output"] = array("{grad_output}", "{grad_output_dtype}", "{grad_output_shape}")
	var names []string
	var arguments []any
	for name, value := range inputs {
		names, arguments = append(names, name), append(arguments, value)
	}
	backend, err := simplego.New("")
	check(err)
	exec, err := graph.NewExec(backend, func(nodes []*graph.Node) []*graph.Node {
		given := map[string]*graph.Node{}
		for i, name := range names {
			given[name] = nodes[i]
		}
		value := loss("MODULE", given)
		return []*graph.Node{value, gradient(value, given)}
	})
	check(err)
	results, err := exec.Exec(arguments...)
	check(err)
	fmt.Println("loss", results[0].Value())
	fmt.Println("grad_input", results[1].Value())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// array makes a tensor of numbers in brackets.
func array(values, dtype, shape string) *tensors.Tensor {
	var dimensions []int
	for _, d := range numbers[int](shape) {
		dimensions = append(dimensions, int(d))
	}
	switch dtype {
	case "float32":
		return tensors.FromFlatDataAndDimensions(numbers[float32](values), dimensions...)
	case "float64":
		return tensors.FromFlatDataAndDimensions(numbers[float64](values), dimensions...)
	case "int64":
		return tensors.FromFlatDataAndDimensions(numbers[int64](values), dimensions...)
	case "int32":
		return tensors.FromFlatDataAndDimensions(numbers[int32](values), dimensions...)
	}
	return tensors.FromFlatDataAndDimensions(numbers[uint8](values), dimensions...)
}

func numbers[T int | int32 | int64 | uint8 | float32 | float64](text string) []T {
	var found []T
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("[], ", r) }) {
		v, err := strconv.ParseFloat(word, 64)
		check(err)
		found = append(found, T(v))
	}
	return found
}
