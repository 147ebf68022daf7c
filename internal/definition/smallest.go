package definition

import (
	"math"

	"lossproof/ports"
)

// Below reports whether the smallest magnitude is below a limit: see [Loss.Smallest].
func (l *Loss) Below(call ports.Call, limit float64) bool {
	return !(atLeast(call) >= limit) && l.Smallest(call) < limit
}

// atLeast is a number that [Loss.Smallest] is not below, or NaN: the product of the smallest factor of each kind,
// wherever they stand.
func atLeast(call ports.Call) float64 {
	input, zero := call.Inputs[ports.Input], Working(call.Inputs[ports.Input].DType).Format().SmallestSubnormal()/2
	product := 1 / float64(max(1, input.Len()))
	if e := call.Options.LabelSmoothing; e != nil && *e > 0 {
		product *= min(1, *e*product)
	}
	module := ports.ModuleOf(call.Module)
	for name, t := range call.Inputs {
		smallest, low, high := 1.0, math.Inf(1), math.Inf(-1)
		see := func(v float64) {
			if v = math.Abs(v); v > zero {
				smallest = min(smallest, v)
			}
		}
		for _, v := range t.Float64s() {
			low, high = min(low, v), max(high, v)
			see(v)
			see(1 - v)
		}
		switch {
		case name != ports.Input || module.Input(name).Holds == ports.Probabilities: // twice, as both factors may be of one element
			product *= smallest * smallest
		case module.HasClasses():
			product *= math.Exp(low - high)
		default:
			product *= math.Exp(-max(high, -low))
		}
	}
	return min(1, product)
}

// Smallest returns the smallest magnitude that an intermediate of the textbook formulas may have:
// for an element, the product of those of its factors that are below one. The factors are weight,
// pos_weight, target, 1 - target, upstream gradient, the scale of the mean, the share of label
// smoothing, and what the module makes of the input. A factor that is or rounds to zero does not
// count. It is 1 for a call that is refused.
func (l *Loss) Smallest(call ports.Call) float64 {
	c, _ := begin[float](l, call)
	if c == nil {
		return 1
	}
	zero := Working(c.Input.DType).Format().SmallestSubnormal() / 2
	smallest, product := 1.0, 1.0
	times := func(factors ...float64) {
		for _, f := range factors {
			if f = math.Abs(f); f > zero && f < 1 {
				product *= f
			}
		}
	}
	scale := 1.0
	switch {
	case c.Reduction == "mean":
		scale = 1 / float64(max(1, len(c.Input.Values)))
	case l.module.LossOf == ports.OfLastDimension:
		scale = 1 / float64(c.Input.Shape[len(c.Input.Shape)-1])
	}
	plan := l.Plan(c.Arguments)
	group, _ := plan.groups()
	c.Each(func(i int, u *Unit) {
		upstream := 1.0
		if c.Upstream != nil && len(c.Upstream.Values) > 0 {
			at := index(group, i)
			if plan.Reduction != "none" {
				at = 0
			}
			upstream = c.Upstream.Values[at]
		}
		largest := math.Inf(-1)
		for _, x := range u.X {
			largest = max(largest, x.Value())
		}
		for k, x := range u.X {
			product = scale
			times(upstream, u.W[k].Value())
			times(l.factors(u, x.Value(), largest)...)
			if u.P.Given() {
				times(u.P.Value())
			}
			if len(u.T) > 0 {
				times(u.T[k].Value())
				if !c.rows {
					times(1 - u.T[k].Value())
				}
			}
			smallest = min(smallest, product)
		}
	})
	return smallest
}

func logitFactors(_ *Unit, x, _ float64) []float64 { return []float64{math.Exp(-math.Abs(x))} }

func probabilityFactors(_ *Unit, x, _ float64) []float64 { return []float64{x, 1 - x} }

func classFactors(u *Unit, x, largest float64) []float64 {
	return []float64{math.Exp(x - largest), u.Smoothing / float64(len(u.X))}
}
