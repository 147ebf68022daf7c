package definition

import "lossproof/tensor"

// Number is a number of a computation, from which the derivatives of what is computed follow. Its
// arithmetic is that of its computation: float64, or double-double with a bound on its error. The
// zero Number is none: see [Number.Given].
//
// A result depends on the numbers that it is made of, unless a method says otherwise.
type Number struct {
	tape tape
	at   int32
}

// tape is what a Number needs of a [Tape].
type tape interface {
	grow(n int)
	constant(v float64) Number
	unary(op operation, a int32) Number
	binary(op operation, a, b int32) Number
	along(a, x, slope int32) Number
	custom(a int32, value, slope float64) Number
	sum(numbers []Number) Number
	softmax(x []Number, copies []float64, nll []Number)
	adopt(a Number) Number
	value(a int32) float64
}

// Given reports whether there is a number.
func (a Number) Given() bool { return a.tape != nil }

// Or returns a, or b where a is none.
func (a Number) Or(b Number) Number {
	if a.Given() {
		return a
	}
	return b
}

// Value is the number as float64.
func (a Number) Value() float64 { return a.tape.value(a.at) }

// Of returns a constant, of the computation of a.
func (a Number) Of(v float64) Number { return a.tape.constant(v) }

// Detach returns the number as a constant.
func (a Number) Detach() Number { return a.tape.unary(detach, a.at) }

// Add returns a+b.
func (a Number) Add(b Number) Number { return a.tape.binary(add, a.at, b.at) }

// Sub returns a-b.
func (a Number) Sub(b Number) Number { return a.tape.binary(sub, a.at, b.at) }

// Mul returns a·b.
func (a Number) Mul(b Number) Number { return a.tape.binary(mul, a.at, b.at) }

// Div returns a/b.
func (a Number) Div(b Number) Number { return a.tape.binary(div, a.at, b.at) }

// Neg returns -a.
func (a Number) Neg() Number { return a.tape.unary(neg, a.at) }

// Times returns a·f of a coefficient a and a function f of the input: the limit in the input, so
// that a coefficient of zero makes zero beside an infinite f too.
func (a Number) Times(f Number) Number { return a.tape.binary(timesFunction, a.at, f.at) }

// Plus returns a+v.
func (a Number) Plus(v float64) Number { return a.Add(a.Of(v)) }

// Minus returns a-v.
func (a Number) Minus(v float64) Number { return a.Sub(a.Of(v)) }

// Rest returns 1-a.
func (a Number) Rest() Number { return a.Of(1).Sub(a) }

// Scale returns v·a.
func (a Number) Scale(v float64) Number { return a.Of(v).Mul(a) }

// Exp returns exp(a).
func (a Number) Exp() Number { return a.tape.unary(exp, a.at) }

// Log returns log(a).
func (a Number) Log() Number { return a.tape.unary(log, a.at) }

// Log1p returns log(1+a).
func (a Number) Log1p() Number { return a.tape.unary(log1p, a.at) }

// Softplus returns log(1 + exp(a)), whose derivative is the sigmoid.
func (a Number) Softplus() Number { return a.tape.unary(softplus, a.at) }

// Sigmoid returns 1/(1 + exp(-a)).
func (a Number) Sigmoid() Number { return a.tape.unary(sigmoid, a.at) }

// Abs returns |a|, whose derivative at 0 is 1.
func (a Number) Abs() Number {
	if a.Value() < 0 {
		return a.Neg()
	}
	return a
}

// Clamp returns a, and beyond low and high those, as constants: a clamp has no derivative there.
func (a Number) Clamp(low, high float64) Number {
	switch v := a.Value(); {
	case v < low:
		return a.Of(low)
	case v > high:
		return a.Of(high)
	}
	return a
}

// Max returns the larger of a and v, the constant where they are equal.
func (a Number) Max(v float64) Number {
	if a.Value() <= v {
		return a.Of(v)
	}
	return a
}

// Round rounds to a dtype. A conversion is differentiated as the identity.
func (a Number) Round(dtype tensor.DType) Number {
	return a.tape.custom(a.at, dtype.Format().Round(a.Value()), 1)
}

// Custom returns a function of a by its value and its derivative, in float64.
func (a Number) Custom(value, slope float64) Number { return a.tape.custom(a.at, value, slope) }

// Along returns a, which besides depends on x with the derivative slope.
func (a Number) Along(x, slope Number) Number { return a.tape.along(a.at, x.at, slope.at) }

// Sum adds numbers, and is zero if there are none.
func Sum(zero Number, numbers ...Number) Number {
	if len(numbers) == 0 {
		return zero
	}
	return zero.tape.sum(numbers)
}

// LogSoftmax returns -log_softmax(x) of a row, appended to nll, in the grouping that does not
// cancel. copies are how many equal logits each stands for; none means one.
func LogSoftmax(nll, x []Number, copies ...float64) []Number {
	if len(x) == 0 {
		return nll
	}
	n := len(nll)
	nll = append(nll, x...)
	x[0].tape.softmax(x, copies, nll[n:])
	return nll
}
