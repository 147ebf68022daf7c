package wire

import (
	"math"
	"strings"
	"testing"

	"lossproof/ports"
	"lossproof/tensor"
)

func zeros(shape ...int) tensor.Tensor {
	n, err := tensor.Count(shape)
	if err != nil {
		panic(err)
	}
	return tensor.Tensor{DType: tensor.UInt8, Shape: shape, Data: make([]byte, n)}
}

func TestElements(t *testing.T) {
	for _, test := range []struct {
		shapes [][]int
		want   int
	}{
		{nil, 1},
		{[][]int{{}}, 1},
		{[][]int{{3, 5}}, 15},
		{[][]int{{3, 5}, {5}, {}}, 15},
		{[][]int{{3, 1}, {1, 5}}, 15},
		{[][]int{{2, 1}, {7, 1, 3}}, 42},
		{[][]int{{0, 3}}, 3}, // it is an upper bound: no dimension counts for less than 1
	} {
		inputs := map[string]tensor.Tensor{}
		for i, shape := range test.shapes {
			inputs[string(rune('a'+i))] = zeros(shape...)
		}
		if got := elements(inputs); got != test.want {
			t.Errorf("%v: got %d, want %d", test.shapes, got, test.want)
		}
	}
	if got := elements(map[string]tensor.Tensor{"a": {Shape: []int{math.MaxInt, 1}}, "b": {Shape: []int{math.MaxInt}}}); got < math.MaxInt/16 {
		t.Errorf("a product that overflows: got %d", got)
	}
}

func TestFit(t *testing.T) {
	call := ports.Call{Inputs: map[string]tensor.Tensor{"input": zeros(3, 5), "target": zeros(5)}, Want: []string{"loss", "grad_input"}}
	limit := freeBytes + 8*15
	for n, ok := range map[int]bool{1: true, limit: true, limit + 1: false} {
		answer, err := Fit(call, ports.Answer{Outputs: map[string]tensor.Tensor{"loss": zeros(), "hessian": zeros(n)}})
		if _, kept := answer.Outputs["loss"]; (err == nil) != ok || ok && (!kept || len(answer.Outputs) != 1) {
			t.Errorf("%d bytes: got error %v, %v; want loss alone", n, err, answer.Outputs)
		}
		if err != nil && !strings.Contains(err.Error(), "outputs.hessian: got uint8 of shape (4217,)") {
			t.Errorf("%d bytes: got error %v", n, err)
		}
	}
}
