package definition

import "lossproof/ports"

// Here is what the modules compute, as PyTorch documents it, in the grouping that does not cancel.

// Formulas are the loss and the gradients of an element or row of a module, for people, by output.
func Formulas(module string) map[string]string { return formulas[module] }

var formulas = map[string]map[string]string{
	ports.BCEWithLogitsLoss: {
		ports.Loss:       "w*(p*t*softplus(-x) + (1-t)*softplus(x))",
		ports.GradInput:  "w*((1-t)*sigmoid(x) - p*t*sigmoid(-x))",
		ports.GradTarget: "w*(p*softplus(-x) - softplus(x))",
	},
	ports.MultiLabelSoftMarginLoss: {
		ports.Loss:       "w*(t*softplus(-x) + (1-t)*softplus(x))",
		ports.GradInput:  "w*((1-t)*sigmoid(x) - t*sigmoid(-x))/C",
		ports.GradTarget: "-w*x/C",
	},
	ports.BCELoss: {
		ports.Loss:       "-w*(t*max(log(x), -100) + (1-t)*max(log(1-x), -100))",
		ports.GradInput:  "w*(x-t)/(x*(1-x))",
		ports.GradTarget: "w*(log(1-x) - log(x))",
	},
	ports.CrossEntropyLoss: {
		ports.Loss:       "sum(a[c]*(log(sum exp(x)) - x[c])), a[c] = w[c]*((1-e)*t[c] + e/C), a class index as one-hot t",
		ports.GradInput:  "softmax(x)[c]*sum(a) - a[c]",
		ports.GradTarget: "w[c]*(1-e)*(log(sum exp(x)) - x[c])",
	},
}

// LogitFunctions are the losses of BCEWithLogitsLoss and MultiLabelSoftMarginLoss for the targets 1
// and 0:
//
//	-log(sigmoid(x)) = softplus(-x)    -log(1-sigmoid(x)) = softplus(x)
func LogitFunctions(u *Unit) {
	x := u.X[0]
	u.F = append(u.F, x.Neg().Softplus(), x.Softplus())
	u.Difference = x.Neg()
}

// probabilityBound is what PyTorch divides the gradient (x-t)/(x*(1-x)) of BCELoss by, where the
// divisor is less: the float32 nearest to 1e-12, for float64 too.
const probabilityBound = float64(float32(1e-12))

// ProbabilityFunctions are those of BCELoss: -log(x) and -log(1-x), each at most 100. Where
// x*(1-x) is below the bound, their slopes are no derivatives.
func ProbabilityFunctions(u *Unit) {
	x := u.X[0]
	one, zero := x.Log().Neg().Clamp(0, 100), x.Neg().Log1p().Neg().Clamp(0, 100)
	if v := x.Value(); v*(1-v) < probabilityBound {
		one = one.Detach().Along(x, x.Rest().Neg().Div(u.Number(probabilityBound)))
		zero = zero.Detach().Along(x, x.Div(u.Number(probabilityBound)))
	}
	u.F = append(u.F, one, zero)
}

// CombineTargets returns the loss of an element, whose target t says how much the two functions
// count:
//
//	w·(p·t·F[0] + (1-t)·F[1])
func CombineTargets(u *Unit) Number {
	t, w := u.T[0], u.W[0]
	positive, negative := t, t.Rest()
	if !u.P.Given() && !u.N.Given() && u.Difference.Given() {
		// The derivative in t is F[0]-F[1].
		sum := positive.Detach().Times(u.F[0]).Add(negative.Detach().Times(u.F[1]))
		return w.Times(sum.Along(t, u.Difference))
	}
	if u.P.Given() {
		positive = u.P.Mul(t)
	}
	if u.N.Given() {
		negative = u.N.Mul(negative)
	}
	return w.Times(positive.Times(u.F[0]).Add(negative.Times(u.F[1])))
}

// ClassCoefficients sets what each class of a row counts, with e = label_smoothing and a class
// index as a one-hot t:
//
//	A[c] = w[c]·((1-e)·t[c] + e/C)
//
// In an ignored row no class counts.
func ClassCoefficients(u *Unit) {
	if u.Ignored {
		for range u.X {
			u.A = append(u.A, u.Number(0))
		}
		return
	}
	kept := u.Number(u.Smoothing).Rest()
	uniform := u.Number(u.Smoothing).Div(u.Number(max(1, u.Classes())))
	for c, w := range u.W {
		switch {
		case len(u.T) > 0:
			u.A = append(u.A, w.Mul(kept.Mul(u.T[c]).Add(uniform)))
		case u.Smoothing > 0 && c == u.Class:
			u.A = append(u.A, uniform.Add(kept).Mul(w))
		case u.Smoothing > 0:
			u.A = append(u.A, uniform.Mul(w))
		case c == u.Class:
			u.A = append(u.A, w)
		default: // the weights of the other classes do not count, not even NaN
			u.A = append(u.A, u.Number(0))
		}
	}
}

// ClassFunctions are -log_softmax of a row.
func ClassFunctions(u *Unit) { u.F = LogSoftmax(u.F, u.X, u.Copies...) }

// CombineClasses returns the loss of a row: the sum of A[c]·F[c], whatever is in an ignored one.
func CombineClasses(u *Unit) Number {
	if u.Ignored {
		return u.Number(0)
	}
	terms := u.terms[:0]
	for c, a := range u.A {
		term := a.Times(u.F[c])
		if u.Copies != nil {
			term = term.Scale(u.Copies[c])
		}
		terms = append(terms, term)
	}
	u.terms = terms
	return Sum(u.Number(0), terms...)
}
