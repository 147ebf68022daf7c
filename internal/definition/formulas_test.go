package definition

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"lossproof/ports"
	"lossproof/tensor"
)

// Here the formulas of fixtures/README.md are written once more, in big numbers, for one element or
// row of 'none'. With the definition they share no code. The fixtures have no 16-bit inputs, and no
// element where an upstream gradient alone decides about A.

// spacings has the digits, and the exponents of the smallest and largest spacing.
var spacings = map[tensor.DType]struct{ digits, least, most int }{
	tensor.Float16: {11, -24, 5}, tensor.BFloat16: {8, -133, 120}, tensor.Float32: {24, -149, 104}, tensor.Float64: {53, -1074, 971},
}

// closeTo has atol and rtol of torch.testing.assert_close.
var closeTo = map[tensor.DType][2]float64{
	tensor.Float16: {1e-5, 1e-3}, tensor.BFloat16: {1e-5, 1.6e-2}, tensor.Float32: {1e-5, 1.3e-6}, tensor.Float64: {1e-7, 1e-7},
}

// working is the dtype of the intermediates.
func working(dtype tensor.DType) tensor.DType {
	if dtype.Size() == 2 {
		return tensor.Float32
	}
	return dtype
}

// spacing is that at f, rounded to float64.
func spacing(dtype tensor.DType, f *big.Float) float64 {
	s := spacings[dtype]
	k := s.least
	if v, _ := f.Float64(); v != 0 {
		k = min(max(bigOf(v).MantExp(nil)-s.digits, s.least), s.most)
	}
	return math.Ldexp(1, k)
}

// summand is c·f, of which an implementation forms f with an error of unit besides that of rounding.
type summand struct {
	c, f *big.Float
	unit float64
}

// expected is what the formulas say about one element of an output.
type expected struct {
	terms   []summand
	n       int
	a, m    float64
	cap     float64
	unknown bool
}

func (e expected) exact() *big.Float {
	sum := newBig()
	for _, t := range e.terms {
		sum.Add(sum, newBig().Mul(t.c, t.f))
	}
	return sum
}

func (e expected) tolerance(dtype tensor.DType) float64 {
	if dtype.Size() == 2 { // computed in float32, rounded once
		v := e.tolerance(tensor.Float32)
		of := newBig().Add(newBig().Abs(e.exact()), bigOf(v))
		return v + spacing(dtype, of)/2
	}
	k := 6 + math.Ceil(math.Log2(float64(e.n)))
	v := k * math.Ldexp(max(1, e.a), spacings[dtype].least)
	for _, t := range e.terms {
		if c, _ := t.c.Float64(); c != 0 {
			v += math.Abs(c) * (k*spacing(dtype, t.f) + t.unit)
		}
	}
	return v
}

func (e expected) parity(dtype tensor.DType, r float64) float64 {
	eps := math.Ldexp(1, 1-spacings[dtype].digits)
	near := closeTo[dtype][0] + closeTo[dtype][1]*math.Abs(r)
	return min(max(near, 4*eps*e.m), e.cap*eps*e.m) + 4*math.Ldexp(max(1, e.a), spacings[dtype].least)
}

// sigmoids returns softplus(x) and sigmoid(x).
func sigmoids(x float64) (softplus, sigmoid *big.Float) {
	y := bigExp(bigOf(-math.Abs(x)))
	softplus, sigmoid = bigLog1p(y), bigQuo(bigOf(1), newBig().Add(bigOf(1), y))
	if x < 0 {
		return softplus, newBig().Mul(y, sigmoid)
	}
	return softplus.Add(softplus, bigOf(x)), sigmoid
}

func productOf(values ...float64) *big.Float {
	v := bigOf(1)
	for _, f := range values {
		v.Mul(v, bigOf(f))
	}
	return v
}

// elementOf is what the formulas say about a logit, or a probability, x.
func elementOf(module, output string, x, t, w, p, u float64) expected {
	rest := newBig().Sub(bigOf(1), bigOf(t))
	other, _ := rest.Float64()
	if output == ports.Loss {
		u = 1
	}
	up, sigma := sigmoids(x)
	down, tail := sigmoids(-x)
	positive, float := max(1, math.Abs(p))*math.Abs(t), func(v *big.Float) float64 { f, _ := v.Float64(); return f }
	z := func(f *big.Float) float64 {
		if t == 0 || t == 1 {
			return min(math.Abs(x), 40+float(f))
		}
		return math.Abs(x)
	}
	e := expected{n: 1, cap: 16, m: math.Abs(u*w) * (positive*(1+z(down)) + math.Abs(other)*(1+z(up))), a: max(1, math.Abs(w)) * max(1, math.Abs(p)) * max(1, math.Abs(t), math.Abs(other)) * max(1, math.Abs(u))}
	one, zero := productOf(u, w, p, t), newBig().Mul(productOf(u, w), rest)
	if module == ports.BCELoss {
		down, up = clamped(bigOf(x)), clamped(newBig().Sub(bigOf(1), bigOf(x)))
		e.m = math.Abs(u*w) * (t*(1+float(down)) + other*(1+float(up)))
	}
	if output != ports.GradInput {
		e.terms = []summand{{one, down, 0}, {zero, up, 0}}
		return e
	}
	e.cap = 32
	one.Neg(one)
	if module != ports.BCELoss {
		v := float(sigma) * (1 + float(down))
		e.m = math.Abs(u*w) * (positive*(1+v) + math.Abs(other)*v)
		e.terms = []summand{{one, tail, 0}, {zero, sigma, 0}}
		return e
	}
	steep := max(x*(1-x), 1e-12)
	e.m = math.Abs(u*w) * (t*(1-x) + other*x) / steep
	e.a /= steep
	if e.unknown = x*(1-x) < 1e-12; e.unknown {
		bound := bigOf(float64(float32(1e-12)))
		e.terms = []summand{{one, bigQuo(newBig().Sub(bigOf(1), bigOf(x)), bound), 0}, {zero, bigQuo(bigOf(x), bound), 0}}
		return e
	}
	e.terms = []summand{{one, bigQuo(bigOf(1), bigOf(x)), 0}, {zero, bigQuo(bigOf(1), newBig().Sub(bigOf(1), bigOf(x))), 0}}
	return e
}

// clamped returns -log(x), at most 100.
func clamped(x *big.Float) *big.Float {
	if x.Sign() > 0 {
		if log := bigLog(x); log.Cmp(bigOf(-100)) > 0 {
			return log.Neg(log)
		}
	}
	return bigOf(100)
}

// rowOf is what the formulas say about class c of a row with a class index.
func rowOf(output string, dtype tensor.DType, c int, x, w []float64, y int, smoothing, u float64) expected {
	n := len(x)
	top := slices.Max(x)
	sum, d, exps := newBig(), make([]*big.Float, n), make([]*big.Float, n)
	for k, v := range x {
		d[k] = newBig().Sub(bigOf(top), bigOf(v))
		exps[k] = bigExp(newBig().Neg(d[k]))
		sum.Add(sum, exps[k])
	}
	float := func(v *big.Float) float64 { f, _ := v.Float64(); return f }
	p, ofNLL := make([]*big.Float, n), 0.0
	for k := range p {
		p[k] = bigQuo(exps[k], sum)
		ofNLL += float(p[k]) * spacing(working(dtype), d[k])
	}
	ofP := func(k int) float64 { return float(p[k]) * (spacing(working(dtype), d[k]) + ofNLL) }
	a, total := make([]*big.Float, n), 0.0
	share, even := 1-smoothing+smoothing/float64(n), bigQuo(bigOf(smoothing), bigOf(float64(n)))
	e := expected{n: n, cap: 16}
	for k := range a {
		if a[k] = newBig().Set(even); k == y {
			a[k].Add(a[k], newBig().Sub(bigOf(1), bigOf(smoothing)))
		}
		a[k].Mul(a[k], bigOf(w[k]))
		total += math.Abs(float(a[k]))
		of := max(1, math.Abs(w[k])) * max(1, share)
		if output == ports.GradInput {
			of *= max(1, math.Abs(u))
		}
		e.a += of
	}
	if output == ports.Loss {
		for k := range a {
			nll := newBig().Add(d[k], bigLog(sum))
			e.terms = append(e.terms, summand{a[k], nll, ofNLL})
			e.m += math.Abs(float(a[k])) * (1 + float(nll))
		}
		return e
	}
	e.cap = 32
	e.m = math.Abs(u) * (float(p[c])*(1+float(newBig().Add(d[c], bigLog(sum))))*total + math.Abs(float(a[c])))
	others, q, ofQ, sizes := newBig(), newBig(), 0.0, 0.0
	for k := range a {
		if k != c {
			others.Add(others, a[k])
			sizes += math.Abs(float(a[k]))
			q.Add(q, p[k])
			ofQ += ofP(k)
		}
	}
	e.terms = []summand{{newBig().Mul(bigOf(u), others), p[c], ofP(c)}, {newBig().Mul(bigOf(-u), a[c]), q, ofQ}}
	return e
}

// hold compares what the definition says about an element of an output with the formulas.
func hold(t *testing.T, at string, exact Exact, allowance *Allowance, i int, want expected) {
	t.Helper()
	dtype := exact.DType
	value := want.exact()
	high, low := exact.Pair(i)
	off, _ := newBig().Sub(newBig().Add(bigOf(high), bigOf(low)), value).Float64()
	v, _ := value.Float64()
	if !(math.Abs(off) <= exact.Bound(i)+0x1p-1074) || !(exact.Bound(i) <= 0x1p-70*want.m+0x1p-1000) {
		t.Errorf("%s: exact: got %v + %v, off by %v, with a bound of %v, want %v", at, high, low, off, exact.Bound(i), v)
	}
	if allowance.Known(i) == want.unknown {
		t.Errorf("%s: has an oracle: got %t", at, want.unknown)
	}
	near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Abs(b)+0x1p-1069 }
	if w := want.tolerance(dtype); !want.unknown && !near(allowance.Tolerance(i, v), w) {
		t.Errorf("%s: tolerance: got %v, want %v", at, allowance.Tolerance(i, v), w)
	}
	if w := want.parity(dtype, v); !near(allowance.Parity(i, v), w) {
		t.Errorf("%s: parity: got %v, want %v", at, allowance.Parity(i, v), w)
	}
}

// ask returns what the definition says about a call of 'none'.
func ask(t *testing.T, call ports.Call, output string) (Exact, *Allowance) {
	t.Helper()
	none := "none"
	call.Options.Reduction, call.Want = &none, []string{output}
	l := Of(call.Module)
	exact, err := l.Exact(call)
	if err != nil {
		t.Fatal(err)
	}
	allowance, err := l.Allow(call, output)
	if err != nil {
		t.Fatal(err)
	}
	return exact[output], allowance
}

// dtypesOf are those of an input.
var dtypesOf = []tensor.DType{tensor.Float16, tensor.BFloat16, tensor.Float32, tensor.Float64}

func TestFormulasOfElements(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	pick := func(values ...float64) float64 { return values[rng.IntN(len(values))] }
	for range 120 {
		for _, module := range []string{ports.BCEWithLogitsLoss, ports.BCELoss} {
			dtype := dtypesOf[rng.IntN(len(dtypesOf))]
			round := dtype.Format().Round
			x, p := pick(4*rng.NormFloat64(), 30*rng.NormFloat64(), 0, -12, 17), pick(1, 1, 0.5, 3)
			target := pick(0, 1, rng.Float64(), -3)
			if module == ports.BCELoss {
				target = math.Abs(target) / 3
				x, p = pick(rng.Float64(), 0, 1, 1e-13, 1e-7, 1-0x1p-45, 1-0x1p-11, 0x1p-24), 1
			}
			values := map[string]float64{
				ports.Input: round(x), ports.Target: round(target), ports.Weight: round(pick(0, 1, 1, -2.5, 1e-6, 40)),
				ports.PosWeight: round(p), ports.GradOutput: round(pick(1, 1, -0.5, 64)),
			}
			call := ports.Call{Module: module, Inputs: map[string]tensor.Tensor{}}
			for name, v := range values {
				if name != ports.PosWeight || module != ports.BCELoss {
					call.Inputs[name] = tensor.FromValues(dtype, []float64{v}, 1)
				}
			}
			for _, output := range []string{ports.Loss, ports.GradInput} {
				exact, allowance := ask(t, call, output)
				at := fmt.Sprintf("%s %s %s of %v", module, output, dtype, values)
				hold(t, at, exact, allowance, 0, elementOf(module, output, values[ports.Input], values[ports.Target], values[ports.Weight], values[ports.PosWeight], values[ports.GradOutput]))
			}
		}
	}
}

func TestFormulasOfRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for range 80 {
		dtype := dtypesOf[rng.IntN(len(dtypesOf))]
		classes := 1 + rng.IntN(6)
		x, w := make([]float64, classes), make([]float64, classes)
		for c := range x {
			x[c] = dtype.Format().Round(6 * rng.NormFloat64())
			w[c] = dtype.Format().Round([]float64{0, 1, 1, 0.001, 20}[rng.IntN(5)])
		}
		y, smoothing := rng.IntN(classes), []float64{0, 0, 0.25}[rng.IntN(3)]
		u := []float64{1, -0.5, 64}[rng.IntN(3)]
		call := ports.Call{Module: ports.CrossEntropyLoss, Options: ports.Options{LabelSmoothing: &smoothing}, Inputs: map[string]tensor.Tensor{
			ports.Input: tensor.FromValues(dtype, x, 1, classes), ports.Target: {DType: tensor.Int64, Shape: []int{1}, Data: []byte{byte(y), 0, 0, 0, 0, 0, 0, 0}},
			ports.Weight: tensor.FromValues(dtype, w, classes), ports.GradOutput: tensor.FromValues(dtype, []float64{u}, 1),
		}}
		for _, output := range []string{ports.Loss, ports.GradInput} {
			exact, allowance := ask(t, call, output)
			for c := range exact.Len() {
				at := fmt.Sprintf("%s[%d] %s of %v, weight %v, class %d, smoothing %v, upstream %v", output, c, dtype, x, w, y, smoothing, u)
				hold(t, at, exact, allowance, c, rowOf(output, dtype, c, x, w, y, smoothing, u))
			}
		}
	}
}
