package definition

import (
	"lossproof/ports"
	"lossproof/tensor"
)

// Exact is the exact result of an output. Each number has about 106 bits, at any magnitude, and a
// bound on the error that the arithmetic made in it.
type Exact struct {
	DType  tensor.DType
	Shape  []int
	values []exact
}

// Exact computes the exact results of the wanted outputs of a call, in double-double. Steps that
// work in float64, as [Loss.Sum] and [Loss.Finish] do, have no part in it.
func (l *Loss) Exact(call ports.Call) (map[string]Exact, error) {
	c, answer := begin[exact](l, call)
	if c == nil {
		return nil, notComputed(answer)
	}
	c.total = func(_ tensor.DType, losses []exact) exact {
		var total exact
		for _, v := range losses {
			total = total.add(v)
		}
		return total
	}
	results, answer := c.outputs(call.Want)
	if results == nil {
		return nil, notComputed(answer)
	}
	outputs := make(map[string]Exact, len(results))
	for name, r := range results {
		outputs[name] = Exact{r.dtype, r.shape, r.values}
	}
	return outputs, nil
}

// Len is the number of elements.
func (e Exact) Len() int { return len(e.values) }

// Pair returns element i as the sum of two numbers: the nearest float64, and what is left of it. Below
// 2^-1022 float64 has no room for the latter.
func (e Exact) Pair(i int) (high, low float64) { return e.values[i].pair() }

// Bound returns how far the two numbers may be from what they stand for.
func (e Exact) Bound(i int) float64 { return e.values[i].bound() }

// Nearest returns the numbers of the output's dtype between which the one is that is nearest to what
// element i stands for, ties to even: two where that lies, as far as its bound can tell, in the middle.
func (e Exact) Nearest(i int) (least, most float64) {
	v, f := e.values[i], e.DType.Format()
	bound := exact{hi: v.err * 1.001, e: v.e}
	return v.sub(bound).nearest(f), v.add(bound).nearest(f)
}

// Error returns the error of a result, got minus element i, in units, also where these are the
// smallest float64.
func (e Exact) Error(i int, got, unit float64) float64 {
	var zero exact
	return zero.of(got).sub(e.values[i]).div(zero.of(unit)).float()
}
