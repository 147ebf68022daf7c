package tensor_test

import (
	"slices"
	"testing"

	"lossproof/tensor"
)

func TestBroadcast(t *testing.T) {
	for _, test := range []struct {
		from, to []int
		want     []float64 // elements are numbered from 0; nil where it does not broadcast
	}{
		{nil, []int{2, 3}, []float64{0, 0, 0, 0, 0, 0}},
		{[]int{1}, []int{2}, []float64{0, 0}},
		{[]int{3}, []int{2, 3}, []float64{0, 1, 2, 0, 1, 2}},
		{[]int{2, 1}, []int{2, 3}, []float64{0, 0, 0, 1, 1, 1}},
		{[]int{2, 3}, []int{2, 3}, []float64{0, 1, 2, 3, 4, 5}},
		{[]int{2, 1, 1}, []int{2, 2, 1}, []float64{0, 0, 1, 1}},
		{[]int{1, 2}, []int{0, 2}, []float64{}},
		{nil, nil, []float64{0}},
		{[]int{2}, []int{2, 3}, nil},
		{[]int{2, 3}, []int{1, 3}, nil},
		{[]int{1, 3}, []int{3}, nil},
		{[]int{0}, []int{3}, nil},
	} {
		n, err := tensor.Count(test.from)
		if err != nil {
			t.Fatal(err)
		}
		values := make([]float64, n)
		for i := range values {
			values[i] = float64(i)
		}
		at, ok := tensor.Broadcast(tensor.FromFloat64(values, test.from...), test.to)
		if ok != (test.want != nil) {
			t.Errorf("%v to %v: got %t", test.from, test.to, ok)
			continue
		}
		var got []float64
		for i := range test.want {
			got = append(got, at(i))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%v to %v: got %v, want %v", test.from, test.to, got, test.want)
		}
	}
}
