package laws

import (
	"math"
	"math/bits"

	"lossproof/fixtures"
	"lossproof/judge/verdict"
	"lossproof/ports"
)

// allowance says how far from the exact result an answer may be.
type allowance struct {
	constants fixtures.Tolerances
	// exact leaves out what the textbook formula may lose.
	exact bool
}

// of returns the allowed error of every element of an output, by the formulas of
// fixtures/README.md: the tolerance to the oracle,
//
//	K·(Σ|c|·ulp(f) + η·max(1, s·ΣA))
//
// and, unless only what is exact will do, at least the cap of parity, B·eps·M + 4·η·max(1, s·ΣA).
func (al allowance) of(c call, output string) []float64 {
	if c.module == ports.CrossEntropyLoss {
		return al.ofRows(c, output)
	}
	var (
		n     = count(c.shape(output))
		terms = make([]float64, n) // Σ|c|·ulp(f)
		m     = make([]float64, n)
		a     = make([]float64, n)
		added = make([]int, n)
		ones  = func(int) float64 { return 1 }
		at    = func(v *array) func(int) float64 {
			if v == nil {
				return ones
			}
			return v.along(c.x.shape)
		}
		w, p  = at(c.w), at(c.p)
		place = c.place(output)
	)
	for i, x := range c.x.values {
		t, rest := math.Abs(c.t.values[i]), math.Abs(1-c.t.values[i])
		w, p, u := math.Abs(w(i)), math.Abs(p(i)), 1.0
		if c.u != nil {
			u = math.Abs(c.u.values[c.lossAt(i)])
		}
		up, down := softplus(x), softplus(-x)
		ulp := func(f float64) float64 { return verdict.ULP(c.dtype, f) }
		term, size, scale := 0.0, max(1, p), max(1, w)*max(1, p)*max(1, t, rest)*max(1, u)
		if c.module == ports.BCELoss {
			up, down = min(-math.Log1p(-x), clamp), min(-math.Log(x), clamp)
		}
		switch c.quantity(output) {
		case probableGradInput:
			steepness := 1 / max(x*(1-x), 1e-12)
			term, size = u*w*rest*ulp(1/(1-x))+u*w*t*ulp(1/x), u*w*(t*(1-x)+rest*x)*steepness
			scale *= steepness
		case probableGradTarget:
			term, size = u*w*(ulp(down)+ulp(up)), u*w*(1+max(up, down))
		case probableLoss:
			term, size, scale = w*t*ulp(down)+w*rest*ulp(up), w*(1+max(up, down)), scale/max(1, u)
		case ports.Loss:
			term, size, scale = w*p*t*ulp(down)+w*rest*ulp(up), w*size*(1+math.Abs(x)), scale/max(1, u)
		case ports.GradInput:
			term, size = u*w*rest*ulp(sigmoid(x))+u*w*p*t*ulp(sigmoid(-x)), u*w*size
		case ports.GradTarget:
			term, size = u*w*ulp(x), u*w*size*(1+math.Abs(x))
			if c.p != nil {
				term = u*w*p*ulp(down) + u*w*ulp(up)
			}
		case ports.GradWeight:
			term, size = u*p*t*ulp(down)+u*rest*ulp(up), u*size*(1+math.Abs(x))
		}
		j := place(i)
		terms[j] += term
		m[j] += size
		a[j] += scale
		added[j]++
	}
	bound := al.bound(c, output)
	allowed := make([]float64, n)
	for j := range allowed {
		k := al.k(added[j])
		allowed[j] = bound(k, k*terms[j], m[j], a[j])
	}
	return allowed
}

// k is that of a sum of n terms: K + ⌈log2 n⌉.
func (al allowance) k(n int) float64 {
	return al.constants.K.Base + float64(bits.Len(uint(max(n, 1)-1)))
}

// bound returns what is allowed of an element of an output: of its terms, to which k belongs, of the
// magnitude m, and of ΣA.
func (al allowance) bound(c call, output string) func(k, terms, m, a float64) float64 {
	divisor := c.divisor()
	dtype := al.constants.DTypes[c.dtype]
	factor := al.constants.Cap.Gradient
	if output == ports.Loss {
		factor = al.constants.Cap.Loss
	}
	return func(k, terms, m, a float64) float64 {
		smallest := dtype.SmallestSubnormal * max(1, a/divisor)
		allowed := terms/divisor + k*smallest
		if al.exact {
			return allowed
		}
		return max(allowed, factor*dtype.Eps*m/divisor+al.constants.EtaParityFactor*smallest)
	}
}

// What BCELoss has other tolerances for than the modules of logits.
const (
	probableLoss       = ports.BCELoss + ports.Loss
	probableGradInput  = ports.BCELoss + ports.GradInput
	probableGradTarget = ports.BCELoss + ports.GradTarget
	// clamp is where its logarithms end.
	clamp = 100
)

// quantity names an output for the tolerances.
func (c call) quantity(output string) string {
	if c.module == ports.BCELoss {
		return c.module + output
	}
	return output
}

// place returns the element of an output that element i of the input goes into.
func (c call) place(output string) func(i int) int {
	switch output {
	case ports.Loss:
		return c.lossAt
	case ports.GradWeight:
		index := c.w.indexAlong(c.x.shape)
		return func(i int) int { return index[i] }
	}
	return func(i int) int { return i }
}

// softplus returns log(1 + exp(x)), accurate enough to know its binade.
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// sigmoid is accurate just below 1 too.
func sigmoid(x float64) float64 {
	y := math.Exp(-math.Abs(x))
	if y /= 1 + y; x < 0 {
		return y
	}
	return 1 - y
}
