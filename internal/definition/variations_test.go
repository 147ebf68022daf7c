package definition_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"lossproof/fixtures"
	"lossproof/internal/definition"
	"lossproof/internal/divergence"
	"lossproof/ports"
)

// variations are divergences, written as variations of the steps, without gradients.
var variations = map[string]func(l *definition.Loss){
	"pos-weight-on-whole-loss": func(l *definition.Loss) {
		l.View = func(u *definition.Unit) {
			if u.P.Given() {
				u.W[0], u.P = u.W[0].Mul(u.P), u.Number(1)
			}
		}
	},
	"base-2-logarithm": func(l *definition.Loss) {
		l.View = func(u *definition.Unit) { u.W[0] = u.W[0].Scale(math.Log2E) }
	},
	"sigmoid-twice": func(l *definition.Loss) {
		l.View = func(u *definition.Unit) { u.X[0] = u.X[0].Sigmoid() }
	},
	"logits-clamped": func(l *definition.Loss) {
		l.View = func(u *definition.Unit) {
			for c, x := range u.X {
				u.X[c] = x.Clamp(-50, 50)
			}
		}
	},
	"targets-smoothed": func(l *definition.Loss) {
		l.View = func(u *definition.Unit) { u.T[0] = u.T[0].Scale(0.9).Plus(0.05) }
	},
	"log-of-sigmoid": func(l *definition.Loss) {
		l.Functions = func(u *definition.Unit) {
			round := u.DType.Format().Round
			p := round(1 / round(1+round(math.Exp(-u.X[0].Value()))))
			s := u.X[0].Custom(p, p*round(1-p)) // a sigmoid is differentiated as one step
			u.F = append(u.F, s.Log().Round(u.DType).Neg(), s.Rest().Round(u.DType).Log().Round(u.DType).Neg())
		}
		l.Combine = func(u *definition.Unit) definition.Number { // 0 times infinity is NaN
			t := u.T[0]
			return u.W[0].Mul(u.P.Or(u.Number(1)).Mul(t).Mul(u.F[0]).Add(t.Rest().Mul(u.F[1])))
		}
	},
	"row-maximum-subtracted": func(l *definition.Loss) {
		l.Prepare = func(a *definition.Arguments) {
			n := 1
			if k := len(a.Input.Shape); k > 0 {
				n = a.Input.Shape[k-1]
			}
			x := a.Input.Numbers()
			for row := range slices.Chunk(x, max(n, 1)) {
				largest := slices.MaxFunc(row, func(a, b definition.Number) int {
					if a.Value() > b.Value() || math.IsNaN(a.Value()) {
						return 1
					}
					return -1
				})
				for i := range row {
					row[i] = row[i].Sub(largest)
				}
			}
			a.Input.Set(a.Input.Shape, x)
		}
	},
	"weight-normalised": func(l *definition.Loss) {
		l.Prepare = func(a *definition.Arguments) {
			if a.Weight == nil {
				return
			}
			w := a.Weight.Numbers()
			mean := definition.Sum(a.Number(0), w...).Div(a.Number(float64(len(w))))
			a.Weight.Change(func(w definition.Number) definition.Number { return w.Div(mean) })
		}
	},
	"mean-over-weight-sum": func(l *definition.Loss) {
		before := l.Plan
		l.Plan = func(a *definition.Arguments) definition.Plan {
			p := before(a)
			if a.Weight != nil {
				p.Count = definition.Sum(a.Number(0), a.SpreadNumbers(a.Weight)...).Div(p.Classes)
			}
			return p
		}
	},
	"mean-of-probabilities-by-weights": func(l *definition.Loss) {
		l.Plan = func(a *definition.Arguments) definition.Plan {
			p := definition.PlanRows(a)
			if !a.Probabilities {
				return p
			}
			t := slices.Clone(a.Target.Numbers())
			if a.Weight != nil {
				w := a.Weight.Numbers()
				for row := range definition.Size(a.Grid) {
					for c := range a.Classes() {
						t[a.At(row, c)] = w[c].Mul(t[a.At(row, c)])
					}
				}
			}
			p.Count = definition.Sum(a.Number(0), t...)
			return p
		}
	},
	"smoothing-without-weights": func(l *definition.Loss) {
		l.Coefficients = func(u *definition.Unit) {
			e := u.Smoothing
			u.Smoothing = 0
			definition.ClassCoefficients(u)
			if u.Smoothing = e; u.Ignored {
				return
			}
			for c := range u.A {
				u.A[c] = u.A[c].Scale(1 - e).Plus(e / float64(len(u.X)))
			}
		}
	},
	"kullback-leibler": func(l *definition.Loss) {
		l.Combine = func(u *definition.Unit) definition.Number {
			loss := definition.CombineClasses(u)
			for c, t := range u.T {
				if t.Value() > 0 {
					loss = loss.Add(u.W[c].Mul(t).Mul(t.Log()))
				}
			}
			return loss
		}
	},
	"softmax-twice": func(l *definition.Loss) {
		l.View = func(u *definition.Unit) {
			nll := definition.LogSoftmax(nil, u.X)
			for c, n := range nll {
				u.X[c] = n.Neg().Exp()
			}
		}
	},
	"gradient-of-the-logit": func(l *definition.Loss) {
		l.Gradients[ports.GradInput] = definition.Gradient{Change: func(u *definition.Unit, slope []float64) {
			slope[0] = u.W[0].Value() * (u.X[0].Value() - u.T[0].Value())
		}}
	},
	"weight-not-in-gradient": func(l *definition.Loss) {
		l.Gradients[ports.GradInput] = definition.Gradient{Of: func(u *definition.Unit) definition.Number {
			u.Ones()
			u.A = u.A[:0]
			l.Coefficients(u)
			return l.Combine(u)
		}}
	},
}

func TestVariations(t *testing.T) {
	set, err := fixtures.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for name, vary := range variations {
		d, ok := divergence.ByName(name)
		if !ok {
			t.Fatal(name)
		}
		t.Run(name, func(t *testing.T) {
			bad, n := 0, 0
			for k := range set.Cases {
				c := &set.Cases[k]
				if !d.Of(c.Module) || c.Topic == "large" || c.Topic == "accumulation" || k%3 != 0 {
					continue
				}
				if rule, err := set.Rule(c.Rule); err != nil || rule.Requirement == fixtures.Quirk {
					continue
				}
				inputs, err := set.Inputs(c)
				if err != nil {
					t.Fatal(err)
				}
				call := ports.Call{Module: c.Module, Options: ports.Options(c.Options), Inputs: inputs, Want: c.OutputNames()}
				l := definition.Of(c.Module)
				vary(l)
				got, want, m := l.Evaluate(call), d.Evaluate(call), d.Magnitude(call)
				if wrong := differs(got, want, m); wrong != "" {
					if bad++; bad < 6 {
						t.Errorf("%s: %s", c.ID, wrong)
					}
				}
				n++
			}
			t.Log(n, bad)
		})
	}
}

func differs(got, want, magnitude ports.Answer) string {
	if (got.Rejected == nil) != (want.Rejected == nil) {
		return fmt.Sprintf("rejected %v, want %v", got.Rejected, want.Rejected)
	}
	for name, w := range want.Outputs {
		g := got.Outputs[name]
		if g.DType != w.DType || g.Len() != w.Len() {
			return fmt.Sprintf("%s: got %s %v, want %s %v", name, g.DType, g.Shape, w.DType, w.Shape)
		}
		for i := range w.Len() {
			a, b := g.Float64(i), w.Float64(i)
			m := math.Abs(magnitude.Outputs[name].Float64(i))
			if math.IsNaN(m) {
				m = 1
			}
			if a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 64*w.DType.Format().Eps()*(m+math.Abs(b)) {
				continue
			}
			return fmt.Sprintf("%s[%d]: got %v, want %v", name, i, a, b)
		}
	}
	return ""
}
