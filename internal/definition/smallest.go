package definition

import (
	"math"

	"lossproof/ports"
)

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
	case c.Module == ports.MultiLabelSoftMarginLoss:
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
			switch v := x.Value(); c.Module {
			case ports.CrossEntropyLoss:
				times(math.Exp(v-largest), u.Smoothing/float64(len(u.X)))
			case ports.BCELoss:
				times(v, 1-v)
			default:
				times(math.Exp(-math.Abs(v)))
			}
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
