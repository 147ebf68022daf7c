package tensor

import "testing"

func TestClasses(t *testing.T) {
	for _, test := range []struct {
		shape         []int
		i, class, row int
	}{
		{[]int{3}, 2, 2, 0},
		{[]int{4, 3}, 7, 1, 2},
		{[]int{2, 3, 4}, 0, 0, 0},
		{[]int{2, 3, 4}, 23, 2, 7},
		{[]int{2, 3, 4}, 13, 0, 5},
		{[]int{2, 3, 2, 2}, 9, 2, 1},
		{[]int{2, 1, 3}, 4, 0, 4},
	} {
		c := ClassesOf(test.shape)
		if class, row := c.Class(test.i), c.Row(test.i); class != test.class || row != test.row {
			t.Errorf("%v, element %d: got class %d of row %d, want %d of %d", test.shape, test.i, class, row, test.class, test.row)
		}
	}
}
