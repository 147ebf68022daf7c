package generated

import (
	"math"

	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// longRows are rows of many classes of which many are equal: each row has few kinds of classes, and
// each kind a number of classes. With kinds c of m[c] classes each, and x'[c] = x[c] + log m[c],
//
//	softmax(x')[c] = m[c]·softmax(x)[c]    -log_softmax(x)[c] = -log_softmax(x')[c] + log m[c]
//
// so that the definition of the kinds is that of the rows, and its gradient in x[c] is the sum of those
// of m[c] classes.
type longRows struct {
	call ports.Call
	loss *definition.Loss
	// kinds is the number of kinds of a row, count and weight have them row by row; of is the kind of
	// each element of the input.
	kinds         int
	count, weight []float64
	of            []int32
}

// kind is what is equal of classes.
type kind struct{ x, t, w float64 }

// newLongRows returns the kinds of a call of shape (N, C).
func newLongRows(call ports.Call) *longRows {
	input, target := call.Inputs[ports.Input], call.Inputs[ports.Target]
	rows, classes := input.Shape[0], input.Shape[1]
	probable := target.DType.IsFloat()
	ignore := int64(ports.DefaultIgnoreIndex)
	if index := call.Options.IgnoreIndex; index != nil {
		ignore = *index
	}
	weight, weighted := call.Inputs[ports.Weight]
	l := &longRows{of: make([]int32, rows*classes)}
	kinds := make([][]kind, rows)
	counts := make([][]float64, rows)
	targets := make([]float64, rows)
	for r := range rows {
		known := map[kind]int32{}
		y := int64(-1)
		if !probable {
			y = target.Int64(r)
			targets[r] = float64(ports.DefaultIgnoreIndex)
		}
		for c := range classes {
			k := kind{x: input.Float64(r*classes + c), w: 1}
			if weighted {
				k.w = weight.Float64(c)
			}
			if probable {
				k.t = target.Float64(r*classes + c)
			}
			isTarget := int64(c) == y && y != ignore
			at, is := known[k]
			if !is || isTarget {
				at = int32(len(kinds[r]))
				kinds[r], counts[r] = append(kinds[r], k), append(counts[r], 0)
				if !isTarget { // that stays alone
					known[k] = at
				}
			}
			if isTarget {
				targets[r] = float64(at)
			}
			counts[r][at]++
			l.of[r*classes+c] = at
		}
		l.kinds = max(l.kinds, len(kinds[r]))
	}
	n := rows * l.kinds
	x, t := make([]float64, n), make([]float64, n)
	l.count, l.weight = make([]float64, n), make([]float64, n)
	for r := range rows {
		for c, k := range kinds[r] {
			i := r*l.kinds + c
			x[i], t[i], l.count[i], l.weight[i] = k.x, k.t, counts[r][c], k.w
		}
		for c := range classes {
			l.of[r*classes+c] += int32(r * l.kinds)
		}
	}
	l.call = call
	l.call.Options.IgnoreIndex = nil
	l.call.Inputs = map[string]tensor.Tensor{ports.Input: tensor.FromValues(input.DType, x, rows, l.kinds)}
	if probable {
		l.call.Inputs[ports.Target] = tensor.FromValues(target.DType, t, rows, l.kinds)
	} else {
		l.call.Inputs[ports.Target] = tensor.FromValues(tensor.Int64, targets, rows)
	}
	if u, given := call.Inputs[ports.GradOutput]; given {
		l.call.Inputs[ports.GradOutput] = u
	}
	l.loss = definition.Of(call.Module)
	l.loss.View, l.loss.Coefficients, l.loss.Functions = l.view, l.coefficients(float64(classes)), l.functions
	return l
}

// row returns the counts of the kinds of a row.
func (l *longRows) row(u *definition.Unit, of []float64) []float64 {
	return of[u.Index*l.kinds : (u.Index+1)*l.kinds]
}

func (l *longRows) view(u *definition.Unit) {
	for c, w := range l.row(u, l.weight) {
		u.W[c] = u.Number(w)
	}
	for c, m := range l.row(u, l.count) {
		u.X[c] = u.X[c].Add(u.Number(m).Log())
	}
}

func (l *longRows) coefficients(classes float64) func(u *definition.Unit) {
	return func(u *definition.Unit) {
		smoothing := u.Smoothing
		u.Smoothing = 0
		definition.ClassCoefficients(u)
		u.Smoothing = smoothing
		kept, uniform := u.Number(smoothing).Rest(), u.Number(smoothing).Div(u.Number(classes))
		for c, m := range l.row(u, l.count) {
			if smoothing > 0 && !u.Ignored {
				u.A[c] = kept.Mul(u.A[c]).Add(uniform.Mul(u.W[c]))
			}
			u.A[c] = u.A[c].Scale(m)
		}
	}
}

func (l *longRows) functions(u *definition.Unit) {
	definition.ClassFunctions(u)
	for c, m := range l.row(u, l.count) {
		if m > 1 {
			u.F[c] = u.F[c].Add(u.Number(m).Log())
		}
	}
}

// pair returns element i of an output as the sum of two numbers.
func (l *longRows) pair(name string, exact definition.Exact, i int) (high, low float64) {
	if name == ports.Loss {
		return exact.Pair(i)
	}
	at := l.of[i]
	high, low = exact.Pair(int(at))
	m := l.count[at]
	q := high / m
	if definition.NotFinite(q) {
		return q, 0
	}
	return q, (math.FMA(-q, m, high) + low) / m
}
