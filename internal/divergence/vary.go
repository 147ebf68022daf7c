package divergence

import (
	"math"
	"slices"

	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// The words of package definition, which stand everywhere here.
type (
	loss      = definition.Loss
	arguments = definition.Arguments
	operand   = definition.Operand
	plan      = definition.Plan
	unit      = definition.Unit
	number    = definition.Number
)

// variation makes the right definition of a module wrong.
type variation func(l *loss)

// The modules of a divergence.
var (
	both = []string{ports.BCEWithLogitsLoss, ports.MultiLabelSoftMarginLoss}
	bce  = []string{ports.BCEWithLogitsLoss}
	mlsm = []string{ports.MultiLabelSoftMarginLoss}

	probability  = []string{ports.BCELoss}
	crossEntropy = []string{ports.CrossEntropyLoss}
	// elementwise are those whose losses are of elements, each with a target of its own.
	elementwise = slices.Concat(both, probability)
	every       = slices.Concat(elementwise, crossEntropy)
	// flat are those whose 'none' has the shape of the input.
	flat = slices.Concat(bce, probability)
	// weightGradient are those that are differentiable in weight.
	weightGradient = slices.Concat(mlsm, crossEntropy)
	// withLogits are those that take any number for an input.
	withLogits = slices.Concat(both, crossEntropy)
)

// The functions here make a variation of one step.

// all does one variation after the other.
func all(variations ...variation) variation {
	return func(l *loss) {
		for _, vary := range variations {
			vary(l)
		}
	}
}

// admitting changes the arguments before they are checked, preparing afterwards. Both come after
// what another variation does there, as viewing and finishing do.
func admitting(change func(a *arguments)) variation {
	return func(l *loss) { l.Admit = then(l.Admit, change) }
}

func preparing(change func(a *arguments)) variation {
	return func(l *loss) { l.Prepare = then(l.Prepare, change) }
}

// then does one step after the other.
func then[T any](first, second func(T)) func(T) {
	return func(v T) {
		first(v)
		second(v)
	}
}

// checking replaces the check.
func checking(check func(a *arguments) *ports.Rejected) variation {
	return func(l *loss) { l.Check = check }
}

// viewing changes what the formulas see of an element or row.
func viewing(change func(u *unit)) variation {
	return func(l *loss) { l.View = then(l.View, change) }
}

// counting changes the coefficients of a row, where its class or one of its classes counts.
func counting(change func(u *unit)) variation {
	return func(l *loss) {
		before := l.Coefficients
		l.Coefficients = func(u *unit) {
			if before(u); !u.Ignored {
				change(u)
			}
		}
	}
}

// computing replaces the functions of the input.
func computing(functions func(u *unit)) variation { return func(l *loss) { l.Functions = functions } }

// combining replaces the loss of an element or row.
func combining(combine func(u *unit) number) variation {
	return func(l *loss) { l.Combine = combine }
}

// planning changes the plan, of the loss and so of the gradients.
func planning(change func(a *arguments, p *plan)) variation {
	return func(l *loss) {
		before := l.Plan
		l.Plan = func(a *arguments) plan {
			p := before(a)
			change(a, &p)
			return p
		}
	}
}

// scaling changes the plan of the gradients alone.
func scaling(change func(a *arguments, p *plan)) variation {
	return func(l *loss) {
		before := l.GradPlan
		l.GradPlan = func(a *arguments, p plan) plan {
			p = before(a, p)
			change(a, &p)
			return p
		}
	}
}

// sloping changes the derivatives of an element or row in one of the inputs.
func sloping(output string, change func(u *unit, slope []float64)) variation {
	return func(l *loss) {
		g := l.Gradients[output]
		before := g.Change
		g.Change = func(u *unit, slope []float64) {
			if before != nil {
				before(u, slope)
			}
			change(u, slope)
		}
		l.Gradients[output] = g
	}
}

// deriving makes a gradient that of another loss of an element or row, of which change changes what
// it is combined of.
func deriving(output string, change func(u *unit)) variation {
	return func(l *loss) {
		g := l.Gradients[output]
		g.Of = func(u *unit) number {
			change(u)
			u.A = u.A[:0]
			l.Coefficients(u)
			return l.Combine(u)
		}
		l.Gradients[output] = g
	}
}

// finishing changes one output, finishingAll all of them.
func finishing(output string, change func(a *arguments, o *operand)) variation {
	return finishingAll(func(a *arguments, name string, o *operand) {
		if name == output {
			change(a, o)
		}
	})
}

func finishingAll(change func(a *arguments, output string, o *operand)) variation {
	return func(l *loss) {
		before := l.Finish
		l.Finish = func(a *arguments, output string, o *operand) {
			before(a, output, o)
			change(a, output, o)
		}
	}
}

// cycling accepts a weight of any shape, and reads it over and over where one of the wanted shape
// has to be.
func cycling(wanted func(a *arguments) []int) variation {
	return admitting(func(a *arguments) {
		w := a.Weight
		if w == nil || len(w.Values) == 0 || len(a.Input.Shape) == 0 || tensor.SameShape(w.Shape, wanted(a)) {
			return
		}
		given, n := w.Numbers(), definition.Size(wanted(a))
		w.Set(wanted(a), slices.Repeat(given, n/len(given)+1)[:n])
	})
}

// element is what the loss of an element depends on, as numbers of the dtype in which an
// implementation would compute: logit or probability, target, weight, pos_weight.
type element struct {
	x, t, w, p float64
	dtype      tensor.DType
}

func elementOf(u *unit) element {
	e := element{u.X[0].Value(), u.T[0].Value(), u.W[0].Value(), 1, u.DType}
	if u.P.Given() {
		e.p = u.P.Value()
	}
	return e
}

// round rounds to the dtype; exp, log and add round what they return.
func (e element) round(v float64) float64  { return e.dtype.Format().Round(v) }
func (e element) exp(x float64) float64    { return e.round(math.Exp(x)) }
func (e element) log(x float64) float64    { return e.round(math.Log(x)) }
func (e element) add(a, b float64) float64 { return e.round(a + b) }

// The functions here make a variation of an element by formulas in float64, and of its numbers.

// slopeOf is a gradient in the input that is the mistake.
func slopeOf(gradInput func(e element) float64) variation {
	return sloping(ports.GradInput, func(u *unit, slope []float64) { slope[0] = gradInput(elementOf(u)) })
}

// losing replaces the loss of an element with weight 1, by a function of it and of the right one,
// and leaves its derivatives right.
func losing(value func(e element, right float64) float64) variation {
	return combining(func(u *unit) number {
		w := u.W[0]
		u.Ones()
		right := definition.CombineTargets(u)
		return w.Times(right.Custom(value(elementOf(u), right.Value()), 1))
	})
}

// typed combines the terms of an element as a formula is typed: 0 times infinity is NaN.
func typed(u *unit) number {
	t, one := u.T[0], u.Number(1)
	return u.W[0].Mul(u.P.Or(one).Mul(t).Mul(u.F[0]).Add(u.N.Or(one).Mul(t.Rest()).Mul(u.F[1])))
}

// apart cuts off the functions whose coefficient is 0, as a class index and the targets 0 and 1 leave
// them, so that a derivative of theirs that is infinite or NaN does not get into the gradient.
func apart(u *unit, coefficients ...number) {
	for k, a := range coefficients {
		if a.Value() == 0 {
			u.F[k] = u.F[k].Detach()
		}
	}
}

// expOf is exp(x) in the dtype of the input, which is its own derivative, an overflow too.
func expOf(u *unit, x number) number {
	v := u.DType.Format().Round(math.Exp(x.Value()))
	return x.Custom(v, v)
}

// splitting takes another f for softplus in p·t·f(-x) + (1-t)·f(x). It is given by its value and
// its derivative.
func splitting(f, slope func(e element, x float64) float64) variation {
	return computing(func(u *unit) {
		e := elementOf(u)
		for _, x := range []number{u.X[0].Neg(), u.X[0]} {
			u.F = append(u.F, x.Custom(f(e, x.Value()), slope(e, x.Value())))
		}
		apart(u, u.P.Or(u.Number(1)).Mul(u.T[0]), u.T[0].Rest())
	})
}

// rounding is splitting for an f that is softplus but for rounding: the derivatives are right.
func rounding(f func(e element, x, right float64) float64) variation {
	return computing(func(u *unit) {
		definition.LogitFunctions(u)
		e := elementOf(u)
		for k, x := range []float64{-e.x, e.x} {
			u.F[k] = u.F[k].Custom(f(e, x, u.F[k].Value()), 1)
		}
	})
}

// ofProbability takes -(p·t·log(s+ε) + (1-t)·log(1-s+ε)) in the dtype of the input, of s = sigmoid(x)
// in [low, 1-low].
func ofProbability(low, epsilon amount) variation {
	return ofClipped(func(u *unit, s number) number { return clippedTo(u, s, low) }, epsilon)
}

// ofClipped is ofProbability of a probability that is clipped in any way.
func ofClipped(clip func(u *unit, s number) number, epsilon amount) variation {
	return all(combining(typed), computing(func(u *unit) {
		s := clip(u, probabilityOf(u))
		u.F = append(u.F, minusLog(u, s, epsilon), minusLog(u, s.Rest().Round(u.DType), epsilon))
	}))
}

// probabilityOf is the sigmoid in the dtype of the input, differentiated as one step.
func probabilityOf(u *unit) number {
	e := elementOf(u)
	p := e.round(1 / e.add(1, e.exp(-e.x)))
	return u.X[0].Custom(p, p*e.add(1, -p))
}

// minusLog is -log(v+ε) in the dtype of the input.
func minusLog(u *unit, v number, epsilon amount) number {
	return v.Plus(epsilon.of(u.DType)).Round(u.DType).Log().Round(u.DType).Neg()
}

// reducing takes one reduction for another.
func reducing(from, to string) variation {
	return planning(func(_ *arguments, p *plan) {
		if p.Reduction == from {
			p.Reduction = to
		}
	})
}

// countOf is the number of elements of the grid for which an operand has such a value.
func countOf(a *arguments, o *operand, is func(v float64) bool) number {
	n := 0.0
	for _, v := range a.Spread(o) {
		if is(v) {
			n++
		}
	}
	return a.Number(n)
}

func meanOf(a *arguments, numbers []number) number {
	return definition.Sum(a.Number(0), numbers...).Div(a.Number(float64(len(numbers))))
}

// accepting keeps what a module accepts for a reduction, and changes what it means.
func accepting(meaning func(o ports.Options, right string) string) variation {
	return func(l *loss) {
		before := l.Resolve
		l.Resolve = func(o ports.Options) (string, bool) {
			reduction, ok := before(o)
			if !ok {
				return "", false
			}
			return meaning(o, reduction), true
		}
	}
}

// refusing refuses more than the right definition.
func refusing(kind, message string, refused func(a *arguments) bool) variation {
	return func(l *loss) {
		before := l.Check
		l.Check = func(a *arguments) *ports.Rejected {
			if refused(a) {
				return definition.Rejected(kind, "%s: %s", a.Module, message)
			}
			return before(a)
		}
	}
}

func anyOf(o *operand, is func(float64) bool) bool {
	return o != nil && slices.ContainsFunc(o.Values, is)
}

// enlarging accepts an operand that the input broadcasts to.
func enlarging(of func(a *arguments) **operand) variation {
	return checking(func(a *arguments) *ports.Rejected {
		o := of(a)
		given := *o
		if given != nil && !given.BroadcastsTo(a.Input.Shape) && a.Input.BroadcastsTo(given.Shape) {
			*o = nil
			defer func() { *o = given }()
		}
		return definition.CheckBCEWithLogits(a)
	})
}

// unchecked accepts any values of an operand of BCELoss.
func unchecked(of func(a *arguments) *operand) variation {
	return checking(func(a *arguments) *ports.Rejected {
		return withoutValues(of(a), func() *ports.Rejected { return definition.CheckBCE(a) })
	})
}

// eachWeight changes the weights.
func eachWeight(change func(w number) number) variation {
	return viewing(func(u *unit) {
		for c, w := range u.W {
			u.W[c] = change(w)
		}
	})
}

// maskMinusOne makes an element of target -1 count nothing.
func maskMinusOne(u *unit) {
	if u.T[0].Value() == -1 {
		u.W[0] = u.Number(0)
	}
}

// zero and negate change derivatives.
func zero(_ *unit, slope []float64) { clear(slope) }

func negate(_ *unit, slope []float64) {
	for c, v := range slope {
		slope[c] = -v
	}
}

// upstream takes one number of all for each element of grad_output.
func upstream(of func(values []float64) float64) variation {
	return func(l *loss) {
		l.Upstream = then(l.Upstream, func(values []float64) {
			if len(values) > 0 {
				copy(values, slices.Repeat([]float64{of(values)}, len(values)))
			}
		})
	}
}

// times multiplies, and takes a coefficient of zero for zero also beside an infinite factor.
func times(c, f float64) float64 {
	if c == 0 && math.IsInf(f, 0) {
		return 0
	}
	return c * f
}

// leastLog is where BCELoss clamps its logarithms.
const leastLog = -100

func logOf(x float64) float64 { return max(math.Log(x), leastLog) }

// ofLogs takes other values for log(x) and log(1-x) of BCELoss, and leaves their derivatives right.
func ofLogs(logs func(e element) (one, zero float64)) variation {
	return computing(func(u *unit) {
		definition.ProbabilityFunctions(u)
		one, zero := logs(elementOf(u))
		u.F[0], u.F[1] = u.F[0].Custom(-one, 1), u.F[1].Custom(-zero, 1)
	})
}

// epsilonInLogs takes -(t·log(x+ε) + (1-t)·log(1-x+ε)) for BCELoss, in the dtype of the input.
func epsilonInLogs(epsilon amount) variation {
	return epsilonsInLogs(epsilon, func(u *unit, e float64) number { return u.X[0].Rest().Round(u.DType).Plus(e).Round(u.DType) })
}

// epsilonsInLogs is epsilonInLogs with 1-x+ε computed in any way.
func epsilonsInLogs(epsilon amount, rest func(u *unit, e float64) number) variation {
	return computing(func(u *unit) {
		u.F = append(u.F, minusLog(u, u.X[0], epsilon), minusLog(u, rest(u, epsilon.of(u.DType)), 0))
	})
}

// sigmoid is 1/(1+exp(-x)) in the form that does not overflow.
func sigmoid(x float64) float64 { return math.Exp(min(x, 0)) / (1 + math.Exp(-math.Abs(x))) }
