// A class index beyond the classes is not refused: its loss is 0.
package main

import (
	"fmt"

	"github.com/gomlx/gomlx/backends/simplego"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/ml/train/losses"
)

func main() {
	backend, err := simplego.New("")
	if err != nil {
		panic(err)
	}
	loss := graph.MustNewExec(backend, func(labels, logits *graph.Node) *graph.Node {
		return losses.SparseCategoricalCrossEntropyLogits([]*graph.Node{labels}, []*graph.Node{logits})
	})
	for _, index := range []int32{2, 3, -1} {
		got := loss.MustExec([][]int32{{index}}, [][]float32{{1, 2, 3}})[0]
		fmt.Printf("index %d of 3 classes: %v\n", index, got.Value())
	}
}
