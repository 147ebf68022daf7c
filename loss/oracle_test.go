package loss_test

import (
	"math"
	"math/big"

	"lossproof/loss"
)

// The oracle evaluates the textbook formulas with 320 bits, one element and one index at a
// time. It shares no code with the losses, neither arithmetic nor broadcasting.

const precision = 320

func bigOf(f float64) *big.Float { return new(big.Float).SetPrec(precision).SetFloat64(f) }

func mul(factors ...*big.Float) *big.Float {
	z := bigOf(1)
	for _, f := range factors {
		z.Mul(z, f)
	}
	return z
}

func add(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(precision).Add(a, b) }
func sub(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(precision).Sub(a, b) }
func quo(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(precision).Quo(a, b) }

// exp returns exp(-a) for a ≥ 0: the Taylor series of exp(-a/2ᵏ), squared k times.
func exp(a *big.Float) *big.Float {
	if a.Cmp(bigOf(1e5)) > 0 {
		return bigOf(0) // below 10⁻⁴⁰⁰⁰⁰, and added to something of the order of a
	}
	k := max(0, a.MantExp(nil)+8)
	r := new(big.Float).SetPrec(precision).SetMantExp(new(big.Float).Neg(a), -k)
	sum, term := bigOf(1), bigOf(1)
	for i := 1; i < 45; i++ {
		term = quo(mul(term, r), bigOf(float64(i)))
		sum = add(sum, term)
	}
	for range k {
		sum = mul(sum, sum)
	}
	return sum
}

// log1p returns log(1+y) for 0 ≤ y ≤ 1 as 2·atanh(y/(2+y)).
func log1p(y *big.Float) *big.Float {
	z := quo(y, add(bigOf(2), y))
	square, power, sum := mul(z, z), z, bigOf(0)
	for i := 1; i < 210; i += 2 { // z ≤ 1/3, so z²¹⁰ < 2⁻³³²
		sum = add(sum, quo(power, bigOf(float64(i))))
		power = mul(power, square)
	}
	return mul(bigOf(2), sum)
}

// functions are softplus(x), softplus(-x), σ(x) and σ(-x).
type functions struct{ up, down, sigma, rest *big.Float }

var known = map[float64]functions{}

func functionsAt(x float64) functions {
	if f, ok := known[x]; ok {
		return f
	}
	y := exp(bigOf(math.Abs(x)))
	l := log1p(y)
	large, small := add(l, bigOf(math.Abs(x))), l
	one := add(bigOf(1), y)
	f := functions{large, small, quo(bigOf(1), one), quo(y, one)}
	if x < 0 {
		f = functions{small, large, f.rest, f.sigma}
	}
	known[x] = f
	return f
}

// call is a call of a module in float64, whatever its dtype. Weights and gradOutput may be nil.
type call struct {
	multiLabel                 bool
	reduction                  loss.Reduction
	input, target              loss.Tensor[float64]
	weight, posWeight, gradOut *loss.Tensor[float64]
}

// expected is the exact result of one element of an output, and how far a right one
// may be from it by DESIGN's tolerance.
type expected struct {
	exact     *big.Float
	tolerance float64
}

// format is the range and precision of a dtype.
type format struct{ digits, minExp, maxExp int }

var formats = map[bool]format{
	true:  {24, -149, 127},   // float32
	false: {53, -1074, 1023}, // float64
}

// ulp returns the spacing of the dtype at f, at least its smallest subnormal number.
func (d format) ulp(f *big.Float) float64 {
	if f.Sign() == 0 {
		return math.Ldexp(1, d.minExp)
	}
	e := min(f.MantExp(nil)-1, d.maxExp)
	return math.Ldexp(1, max(e-d.digits+1, d.minExp))
}

// at returns the element of an operand that is broadcast to shape, at the index of element i.
func at(operand *loss.Tensor[float64], shape []int, i int) (value float64, offset int) {
	if operand == nil {
		return 1, 0
	}
	stride := 1
	for k := 1; k <= len(shape); k++ {
		index := i % shape[len(shape)-k]
		i /= shape[len(shape)-k]
		if k <= len(operand.Shape) {
			d := operand.Shape[len(operand.Shape)-k]
			if d != 1 {
				offset += index * stride
			}
			stride *= d
		}
	}
	return operand.Data[offset], offset
}

// evaluate returns the exact output: loss, grad_input, grad_target or grad_weight. All
// arguments are finite and input has elements.
func (c call) evaluate(output string, d format) []expected {
	shape, n := c.input.Shape, len(c.input.Data)
	classes, size := 1, 1
	if c.multiLabel {
		classes = shape[len(shape)-1]
	}
	div := 1.0
	if c.multiLabel {
		div = float64(classes)
	}
	if c.reduction == loss.Mean {
		div = float64(n)
	}
	rows := n / classes
	switch {
	case output == "grad_weight":
		size = len(c.weight.Data)
	case output != "loss":
		size = n
	case c.reduction == loss.None:
		size = rows
	}
	type sum struct {
		total    *big.Float
		weighted float64 // Σ|c|·ulp(f)
		factors  float64 // ΣA
		terms    int
	}
	sums := make([]sum, size)
	for i := range sums {
		sums[i].total = bigOf(0)
	}
	for i := range n {
		x, t := c.input.Data[i], c.target.Data[i]
		w, weightOffset := at(c.weight, shape, i)
		p, _ := at(c.posWeight, shape, i)
		u := 1.0
		row := i / classes
		if c.gradOut != nil && output != "loss" {
			u = c.gradOut.Data[0]
			if c.reduction == loss.None {
				u = c.gradOut.Data[row]
			}
		}
		f := functionsAt(x)
		bx, bt, bw, bp, bu := bigOf(x), bigOf(t), bigOf(w), bigOf(p), bigOf(u)
		rest := sub(bigOf(1), bt)
		// value = Σ coefficient·function, over one or two terms.
		var coefficients, values [2]*big.Float
		var to int
		switch output {
		case "loss":
			coefficients = [2]*big.Float{mul(bw, rest), mul(bw, bp, bt)}
			values = [2]*big.Float{f.up, f.down}
			if c.reduction == loss.None {
				to = row
			}
		case "grad_input":
			coefficients = [2]*big.Float{mul(bu, bw, rest), mul(bu, bw, bp, bt, bigOf(-1))}
			values = [2]*big.Float{f.sigma, f.rest}
			to = i
		case "grad_target":
			coefficients = [2]*big.Float{mul(bu, bw, bp), mul(bu, bw, bigOf(-1))}
			values = [2]*big.Float{f.down, f.up}
			if c.posWeight == nil {
				coefficients[0], coefficients[1] = bigOf(0), mul(bu, bw, bigOf(-1))
				values[1] = bx
			}
			to = i
		case "grad_weight":
			coefficients = [2]*big.Float{mul(bu, rest), mul(bu, bt)}
			values = [2]*big.Float{f.up, f.down}
			to = weightOffset
		}
		s := &sums[to]
		for k := range values {
			s.total = add(s.total, mul(coefficients[k], values[k]))
			weighted, _ := mul(coefficients[k], bigOf(d.ulp(values[k]))).Float64()
			s.weighted += math.Abs(weighted)
		}
		s.factors += max(1, math.Abs(w)) * max(1, math.Abs(p)) * max(1, math.Abs(t), math.Abs(1-t)) * max(1, math.Abs(u))
		s.terms++
	}
	results := make([]expected, size)
	for i, s := range sums {
		k := 6 + math.Ceil(math.Log2(float64(max(1, s.terms))))
		results[i] = expected{
			exact:     quo(s.total, bigOf(div)),
			tolerance: k * (s.weighted/div + math.Ldexp(1, d.minExp)*max(1, s.factors/div)),
		}
	}
	return results
}

// distance returns |got - e.exact|, +Inf if got is not finite.
func (e expected) distance(got float64) float64 {
	if math.IsInf(got, 0) || math.IsNaN(got) {
		return math.Inf(1)
	}
	difference, _ := sub(bigOf(got), e.exact).Float64()
	return math.Abs(difference)
}

// compute runs the call in T and returns the output in float64.
func compute[T loss.Float](c call, output string) (loss.Tensor[T], error) {
	input, target := convert[T](c.input), convert[T](c.target)
	weight, posWeight, gradOut := convertOptional[T](c.weight), convertOptional[T](c.posWeight), convertOptional[T](c.gradOut)
	if c.multiLabel {
		criterion := loss.MultiLabelSoftMarginLoss[T]{Weight: weight, Reduction: c.reduction}
		switch output {
		case "grad_input":
			return criterion.GradInput(input, target, gradOut)
		case "grad_target":
			return criterion.GradTarget(input, target, gradOut)
		case "grad_weight":
			return criterion.GradWeight(input, target, gradOut)
		}
		return criterion.Forward(input, target)
	}
	criterion := loss.BCEWithLogitsLoss[T]{Weight: weight, PosWeight: posWeight, Reduction: c.reduction}
	switch output {
	case "grad_input":
		return criterion.GradInput(input, target, gradOut)
	case "grad_target":
		return criterion.GradTarget(input, target, gradOut)
	}
	return criterion.Forward(input, target)
}

func convert[T loss.Float](t loss.Tensor[float64]) loss.Tensor[T] {
	data := make([]T, len(t.Data))
	for i, v := range t.Data {
		data[i] = T(v)
	}
	return loss.Tensor[T]{Shape: t.Shape, Data: data}
}

func convertOptional[T loss.Float](t *loss.Tensor[float64]) *loss.Tensor[T] {
	if t == nil {
		return nil
	}
	c := convert[T](*t)
	return &c
}
