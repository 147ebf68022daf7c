package definition

import (
	"lossproof/ports"
	"lossproof/tensor"
)

// Exact is the exact result of an output, as high + low, with a bound on the error that the
// arithmetic made in it.
type Exact struct {
	DType            tensor.DType
	Shape            []int
	High, Low, Bound []float64
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
		n := len(r.values)
		e := Exact{r.dtype, r.shape, make([]float64, n), make([]float64, n), make([]float64, n)}
		for i, v := range r.values {
			e.High[i], e.Low[i] = v.pair()
			e.Bound[i] = v.bound()
		}
		outputs[name] = e
	}
	return outputs, nil
}
