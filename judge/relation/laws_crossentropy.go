package relation

import (
	"math"
	"slices"

	"lossproof/ports"
	"lossproof/tensor"
)

// indexed returns the call of CrossEntropyLoss with a class index for each row.
func (s *sample) indexed(reduction string, want ...string) call {
	c := s.call(ports.CrossEntropyLoss, reduction, want...)
	return c.withClasses(func(r int) int { return s.class(r) })
}

// class is the class of a row, which is a matter of pick and the targets.
func (s *sample) class(r int) int {
	return (s.pick + r + int(s.t.values[r*s.classes()]/quantum)) % s.classes()
}

// withClasses gives a call class indices.
func (c call) withClasses(class func(r int) int) call {
	rows := len(c.x.values) / c.classes()
	c.t = array{[]int{rows}, make([]float64, rows)}
	for r := range rows {
		c.t.values[r] = float64(class(r))
	}
	c.indices = true
	return c
}

// targetWeights is the sum of the weights of the class indices.
func (c call) targetWeights() float64 {
	sum := 0.0
	for r, y := range c.t.values {
		w := 1.0
		if c.w != nil {
			w = c.w.along(c.x.shape)(r*c.classes() + int(y))
		}
		sum += w
	}
	return sum
}

// The mean is the sum divided by the weights of the targets.
func weightedMeanCalls(_ string, s *sample) []call {
	c := s.indexed(mean, lossAndGradient...)
	return []call{c, c.by(sum)}
}

func weightedMean(_ string, _ *sample, a []answer) []equation {
	share := 1 / a[0].call.targetWeights()
	return slices.Concat(
		equal(ports.Loss, a[0].loss(), a[1].loss().times(share)),
		equal(ports.GradInput, a[0].grad(), a[1].grad().times(share)),
	)
}

// The sum adds the losses of the rows.
func rowSumCalls(_ string, s *sample) []call {
	c := s.indexed(sum, lossAndGradient...)
	return []call{c, c.by(none)}
}

// The same constant, added to all logits of a row, changes nothing. Both are multiples of 1/1024, so that the
// sums are exact.
func shiftCalls(_ string, s *sample) []call {
	c := s.indexed(s.reduction, lossAndGradient...)
	c.x = s.x.with(func(i int) float64 { return math.Round(s.x.values[i]/quantum) * quantum })
	k := math.Round(s.other)
	return []call{c, c.withX(c.x.with(func(i int) float64 {
		if i/c.classes()%2 == 0 {
			return c.x.values[i] + k
		}
		return c.x.values[i] - k
	}))}
}

// Another logit changes the gradient of its whole row, by one factor for all other classes, and no other row.
func couplingCalls(_ string, s *sample) []call {
	if s.classes() < 2 {
		return nil
	}
	c := s.indexed(none, lossAndGradient...)
	c.w = nil
	x := s.x.values[s.pick]
	other := x + min(max(s.other-x, -2), 2)
	if s.dtype == tensor.Float32 {
		other = float64(float32(other))
	}
	if math.Abs(other-x) < 0.25 {
		return nil
	}
	return []call{c, c.withX(s.x.replaced(s.pick, other))}
}

func coupling(_ string, s *sample, a []answer) []equation {
	c := a[0].call
	classes, row := s.classes(), s.pick/s.classes()
	var equations []equation
	for _, output := range lossAndGradient {
		for _, e := range equal(output+" of another row", a[1].output(output), a[0].output(output)) {
			if output == ports.Loss && e.index != row || output == ports.GradInput && e.index/classes != row {
				equations = append(equations, e)
			}
		}
	}
	// The gradient is softmax(x) - 1 at the target, and softmax(x) elsewhere.
	probability := func(a answer) value {
		return a.grad().each(func(i int) (x, radius float64) {
			x, radius = a.grad().values[i], a.grad().radius[i]
			if i == row*classes+int(c.t.values[row]) {
				x++
			}
			return x, radius + unit
		})
	}
	before, after := probability(a[0]), probability(a[1])
	more := math.Expm1(a[1].call.x.values[s.pick] - c.x.values[s.pick])
	factor, wrong := 1+before.values[s.pick]*more, before.radius[s.pick]*math.Abs(more)
	scaled := after.each(func(i int) (x, radius float64) {
		return after.values[i] * factor, after.radius[i]*(math.Abs(factor)+wrong) + math.Abs(after.values[i])*wrong
	})
	for _, e := range equal("softmax, from grad_input, of another class of the row", scaled, before) {
		if e.index/classes == row && e.index != s.pick {
			equations = append(equations, e)
		}
	}
	return equations
}

// maxMixed bounds the number of classes, of which each is a call.
const maxMixed = 9

// With label_smoothing e the loss is (1-e) times that without, plus e/C times those of all classes.
func smoothingCalls(_ string, s *sample) []call {
	if s.classes() > maxMixed {
		return nil
	}
	c := s.indexed(none, lossAndGradient...)
	smoothed := c
	smoothed.smoothing = float64(1+s.pick%7) / 8
	calls := []call{smoothed, c}
	for class := range s.classes() {
		calls = append(calls, c.withClasses(func(int) int { return class }))
	}
	return calls
}

func smoothing(_ string, s *sample, a []answer) []equation {
	e := a[0].call.smoothing
	var equations []equation
	for _, output := range lossAndGradient {
		mixture := a[1].output(output).times(1 - e)
		for _, other := range a[2:] {
			mixture = mixture.plus(other.output(output).times(e / float64(s.classes())))
		}
		equations = append(equations, equal(output, a[0].output(output), mixture)...)
	}
	return equations
}

// oneHot returns the call with the class indices as one-hot probabilities.
func (c call) oneHot() call {
	t := c.x.with(func(i int) float64 {
		if int(c.t.values[i/c.classes()]) == i%c.classes() {
			return 1
		}
		return 0
	})
	c.t, c.indices = t, false
	return c
}

// One-hot probabilities are class indices, but for the mean.
func oneHotCalls(_ string, s *sample) []call {
	reduction := s.reduction
	if reduction == mean {
		reduction = sum
	}
	c := s.indexed(reduction, lossAndGradient...)
	return []call{c, c.oneHot()}
}

// The mean of one-hot probabilities divides by the number of rows, that of class indices by the weights of the targets.
func oneHotMeanCalls(_ string, s *sample) []call {
	c := s.indexed(mean, lossAndGradient...).withW(s.w)
	return []call{c, c.oneHot()}
}

func oneHotMean(_ string, _ *sample, a []answer) []equation {
	c := a[0].call
	share := c.targetWeights() / float64(len(c.t.values))
	return slices.Concat(
		equal(ports.Loss, a[1].loss(), a[0].loss().times(share)),
		equal(ports.GradInput, a[1].grad(), a[0].grad().times(share)),
	)
}

// The loss of two classes with the logits 0 and x is that of BCEWithLogitsLoss.
func twoClassesCalls(_ string, s *sample) []call {
	n := len(s.x.values)
	single := s.plain(ports.BCEWithLogitsLoss, none, lossAndGradient...)
	single.x, single.t = s.x.reshaped(n), s.t.reshaped(n)
	pairs := call{
		module: ports.CrossEntropyLoss, reduction: none, dtype: s.dtype, want: lossAndGradient,
		x: array{[]int{n, 2}, make([]float64, 2*n)}, t: array{[]int{n, 2}, make([]float64, 2*n)},
	}
	hard := single.withT(single.t.with(func(i int) float64 { return math.Round(single.t.values[i]) }))
	for i := range n {
		pairs.x.values[2*i+1] = s.x.values[i]
		pairs.t.values[2*i], pairs.t.values[2*i+1] = 1-s.t.values[i], s.t.values[i]
	}
	return []call{single, pairs, hard, pairs.withClasses(func(r int) int { return int(hard.t.values[r]) })}
}

func twoClasses(_ string, _ *sample, a []answer) []equation {
	var equations []equation
	for i, target := range []string{"class probabilities", "class indices"} {
		single, pair := a[2*i], a[2*i+1]
		second := pair.grad().taken(true, []int{1}).reshaped(single.call.x.shape...)
		first := pair.grad().taken(true, []int{0}).reshaped(single.call.x.shape...)
		equations = slices.Concat(equations,
			equal("loss, "+target, pair.loss(), single.loss()),
			equal("grad_input of the second class, "+target, second, single.grad()),
			equal("grad_input of the first class, "+target, first, single.grad().times(-1)),
		)
	}
	return equations
}
