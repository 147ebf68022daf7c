package generated

import (
	"math"
	"slices"

	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// kind is what equal classes of a row have in common: logit, target and weight.
type kind struct{ x, t, w float64 }

// kinds sets what stands for each class of a call (N, C) of long rows, most of which are equal: a row
// has few kinds of them, and each kind a number of copies. The class of a class index stays alone.
func (e *expectation) kinds() {
	input, target := e.call.Inputs[ports.Input], e.call.Inputs[ports.Target]
	rows, classes := input.Shape[0], input.Shape[1]
	weight, weighted := e.call.Inputs[ports.Weight]
	probable := target.DType.IsFloat()
	ofLabels := e.call.Module == ports.MultiLabelSoftMarginLoss
	ignore := int64(ports.DefaultIgnoreIndex)
	if index := e.call.Options.IgnoreIndex; index != nil {
		ignore = *index
	}
	x, t, w := input.Float64s(), []float64(nil), []float64(nil)
	if probable {
		t = target.Float64s()
	}
	if weighted {
		w = weight.Float64s()
	}
	kinds, copies, targets := make([][]kind, rows), make([][]float64, rows), make([]float64, rows)
	e.unit = make([]int32, rows*classes)
	most, key := 0, make([]uint64, 3)
	for r := range rows {
		alone := -1
		if !probable {
			targets[r] = float64(ports.DefaultIgnoreIndex)
			if y := target.Int64(r); y != ignore {
				alone = int(y)
			}
		}
		known, of := newTable(3), []int32(nil) // of is the kind of each number
		for c := range classes {
			i := r*classes + c
			k := kind{x: x[i], w: 1}
			if probable {
				k.t = t[i]
			}
			if weighted {
				k.w = w[i%len(w)]
			}
			number, isNew := int32(0), true
			if c != alone {
				key[0], key[1], key[2] = math.Float64bits(k.x), math.Float64bits(k.t), math.Float64bits(k.w)
				if number, isNew = known.number(key); isNew {
					of = append(of, int32(len(kinds[r])))
				}
			} else {
				targets[r] = float64(len(kinds[r]))
			}
			at := int32(len(kinds[r]))
			if isNew {
				kinds[r], copies[r] = append(kinds[r], k), append(copies[r], 0)
			} else {
				at = of[number]
			}
			copies[r][at]++
			e.unit[i] = at
		}
		most = max(most, len(kinds[r]))
	}
	n := rows * most
	x, t, w = make([]float64, n), make([]float64, n), make([]float64, n)
	e.loss.Copies, e.classes = make([]float64, n), true
	for r := range rows {
		// What is left over is not there: it has a logit of the row, and no copies.
		left := kinds[r][max(0, slices.IndexFunc(kinds[r], func(k kind) bool { return !definition.NotFinite(k.x) }))].x
		for c := range most {
			i, k := r*most+c, kind{x: left, w: 1}
			if c < len(kinds[r]) {
				k, e.loss.Copies[i] = kinds[r][c], copies[r][c]
			}
			x[i], t[i], w[i] = k.x, k.t, k.w
		}
		for c := range classes {
			e.unit[r*classes+c] += int32(r * most)
		}
	}
	e.small.Options.IgnoreIndex = nil
	e.small.Inputs = map[string]tensor.Tensor{ports.Input: tensor.FromValues(input.DType, x, rows, most)}
	set := func(name string, t tensor.Tensor) { e.small.Inputs[name] = t }
	if probable {
		set(ports.Target, tensor.FromValues(target.DType, t, rows, most))
	} else {
		set(ports.Target, tensor.FromValues(tensor.Int64, targets, rows))
	}
	if u, given := e.call.Inputs[ports.GradOutput]; given {
		set(ports.GradOutput, u)
	}
	switch {
	case weighted && ofLabels:
		set(ports.Weight, tensor.FromValues(weight.DType, w, rows, most))
	case weighted: // a class of one row is not that of another
		set(ports.Weight, tensor.FromValues(weight.DType, make([]float64, most), most))
		e.loss.View = func(u *definition.Unit) {
			for c := range u.W {
				u.W[c] = u.Number(w[u.Index*most+c])
			}
		}
	}
}
