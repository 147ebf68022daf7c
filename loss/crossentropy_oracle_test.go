package loss_test

import (
	"fmt"
	"math"
	"math/big"

	"lossproof/loss"
)

// The oracle of CrossEntropyLoss: the textbook formulas with 320 bits, one class at a time.

// logOfSum returns log(1+others) for others ≥ 0.
func logOfSum(others *big.Float) *big.Float {
	if others.Cmp(bigOf(1)) <= 0 {
		return log1p(others)
	}
	return logarithm(add(bigOf(1), others))
}

var ln2 = log1p(bigOf(1))

// logarithm returns log z for z > 0.
func logarithm(z *big.Float) *big.Float {
	mantissa := new(big.Float).SetPrec(precision)
	exponent := z.MantExp(mantissa) // z = mantissa·2ᵏ with mantissa in [½, 1)
	return add(mul(bigOf(float64(exponent-1)), ln2), log1p(sub(mul(bigOf(2), mantissa), bigOf(1))))
}

// entropyCall is a call of CrossEntropyLoss in float64, whatever its dtype. indices or probabilities is the target.
type entropyCall struct {
	reduction     loss.Reduction
	input         loss.Tensor[float64]
	indices       []int64
	indexShape    []int
	probabilities *loss.Tensor[float64]
	weight        *loss.Tensor[float64]
	ignore        *int64
	smoothing     float64
	gradOut       *loss.Tensor[float64]
}

// geometry returns the number of samples, classes and positions.
func (c entropyCall) geometry() (n, classes, positions int) {
	shape := c.input.Shape
	if len(shape) == 1 {
		return 1, shape[0], 1
	}
	positions = 1
	for _, d := range shape[2:] {
		positions *= d
	}
	return shape[0], shape[1], positions
}

// lossShape returns the shape of the loss by the rule of the documentation.
func (c entropyCall) lossShape() []int {
	if c.reduction != loss.None || len(c.input.Shape) == 1 {
		return nil
	}
	return append([]int{c.input.Shape[0]}, c.input.Shape[2:]...)
}

// rowOracle has of each class -log p, p and 1-p.
type rowOracle struct{ minusLog, p, rest []*big.Float }

var knownRows = map[string]rowOracle{}

func rowOracleOf(x []float64) rowOracle {
	key := fmt.Sprint(x)
	r, ok := knownRows[key]
	if !ok {
		r = newRowOracle(x)
		knownRows[key] = r
	}
	return r
}

func newRowOracle(x []float64) rowOracle {
	top := 0
	for c := range x {
		if x[c] > x[top] {
			top = c
		}
	}
	e := make([]*big.Float, len(x))
	others := bigOf(0)
	for c := range x {
		e[c] = exp(sub(bigOf(x[top]), bigOf(x[c])))
		if c != top {
			others = add(others, e[c])
		}
	}
	sum, logSum := add(bigOf(1), others), logOfSum(others)
	var r rowOracle
	for c := range x {
		rest := sub(sum, e[c])
		if c == top {
			rest = others
		}
		r.minusLog = append(r.minusLog, add(sub(bigOf(x[top]), bigOf(x[c])), logSum))
		r.p = append(r.p, quo(e[c], sum))
		r.rest = append(r.rest, quo(rest, sum))
	}
	return r
}

// sumOracle adds terms coefficient·value and how far a right result may be.
type sumOracle struct {
	total             *big.Float
	weighted, factors float64
	terms             int
}

func (s *sumOracle) add(d format, coefficient, value *big.Float) {
	if s.total == nil {
		s.total = bigOf(0)
	}
	s.total = add(s.total, mul(coefficient, value))
	w, _ := mul(coefficient, bigOf(d.ulp(value))).Float64()
	a, _ := coefficient.Float64()
	s.weighted += math.Abs(w)
	s.factors += max(1, math.Abs(a))
	s.terms++
}

// expected returns the sum divided by div.
func (s sumOracle) expected(d format, div *big.Float) expected {
	if s.total == nil {
		return expected{exact: bigOf(0)}
	}
	k := 6 + math.Ceil(math.Log2(float64(s.terms)))
	scale, _ := div.Float64()
	scale = math.Abs(scale)
	return expected{quo(s.total, div), k * (s.weighted/scale + math.Ldexp(1, d.minExp)*max(1, s.factors/scale))}
}

// evaluate returns the exact output: loss, grad_input, grad_target or grad_weight.
func (c entropyCall) evaluate(output string, d format) []expected {
	n, classes, positions := c.geometry()
	rows := n * positions
	ignore := int64(-100)
	if c.ignore != nil {
		ignore = *c.ignore
	}
	weightOf := func(k int) *big.Float {
		if c.weight == nil {
			return bigOf(1)
		}
		return bigOf(c.weight.Data[k])
	}
	smoothing := bigOf(c.smoothing)
	even := quo(smoothing, bigOf(float64(classes)))
	keep := sub(bigOf(1), smoothing)

	div := bigOf(1)
	if c.reduction == loss.Mean {
		div = bigOf(float64(rows))
		if c.probabilities == nil {
			div = bigOf(0)
			for _, y := range c.indices {
				if y != ignore {
					div = add(div, weightOf(int(y)))
				}
			}
		}
	}
	size := len(c.input.Data)
	switch {
	case output == "grad_weight":
		size = classes
	case output == "loss" && c.reduction == loss.None:
		size = rows
	case output == "loss":
		size = 1
	}
	sums := make([]sumOracle, size)
	for sample := range n {
		for position := range positions {
			row := sample*positions + position
			if c.probabilities == nil && c.indices[row] == ignore {
				continue
			}
			at := func(k int) int { return (sample*classes+k)*positions + position }
			x := make([]float64, classes)
			for k := range x {
				x[k] = c.input.Data[at(k)]
			}
			oracle := rowOracleOf(x)
			u := bigOf(1)
			if c.gradOut != nil && output != "loss" {
				u = bigOf(c.gradOut.Data[0])
				if c.reduction == loss.None {
					u = bigOf(c.gradOut.Data[row])
				}
			}
			mixed := make([]*big.Float, classes) // the smoothed target
			for k := range mixed {
				t := bigOf(0)
				switch {
				case c.probabilities != nil:
					t = bigOf(c.probabilities.Data[at(k)])
				case int(c.indices[row]) == k:
					t = bigOf(1)
				}
				mixed[k] = add(mul(keep, t), even)
			}
			for k := range classes {
				a := mul(weightOf(k), mixed[k])
				switch output {
				case "loss":
					to := 0
					if c.reduction == loss.None {
						to = row
					}
					sums[to].add(d, a, oracle.minusLog[k])
				case "grad_input":
					for other := range classes {
						if other != k {
							sums[at(k)].add(d, mul(u, weightOf(other), mixed[other]), oracle.p[k])
						}
					}
					sums[at(k)].add(d, mul(bigOf(-1), u, a), oracle.rest[k])
				case "grad_target":
					sums[at(k)].add(d, mul(u, weightOf(k), keep), oracle.minusLog[k])
				case "grad_weight":
					sums[k].add(d, mul(u, mixed[k]), oracle.minusLog[k])
				}
			}
		}
	}
	results := make([]expected, size)
	for i, s := range sums {
		results[i] = s.expected(d, div)
	}
	return results
}

// entropy returns the loss and the arguments of a call in T.
func entropy[T loss.Float](c entropyCall) (l loss.CrossEntropyLoss[T], input loss.Tensor[T], target loss.ClassTarget[T], gradOut *loss.Tensor[T]) {
	l = loss.CrossEntropyLoss[T]{
		Weight: convertOptional[T](c.weight), IgnoreIndex: c.ignore, LabelSmoothing: c.smoothing, Reduction: c.reduction,
	}
	if c.probabilities != nil {
		target = loss.ClassProbabilities(convert[T](*c.probabilities))
	} else {
		target = loss.ClassIndices[T](c.indices, c.indexShape...)
	}
	return l, convert[T](c.input), target, convertOptional[T](c.gradOut)
}

// computeEntropy runs the call in T and returns the output.
func computeEntropy[T loss.Float](c entropyCall, output string) (loss.Tensor[T], error) {
	l, input, target, gradOut := entropy[T](c)
	switch output {
	case "grad_input":
		return l.GradInput(input, target, gradOut)
	case "grad_target":
		return l.GradTarget(input, target, gradOut)
	case "grad_weight":
		return l.GradWeight(input, target, gradOut)
	}
	return l.Forward(input, target)
}
