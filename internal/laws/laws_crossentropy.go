package laws

import (
	"math"
	"slices"

	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// rowLaws are the laws of CrossEntropyLoss alone.
var rowLaws = []law{
	{
		name:       "weighted-mean",
		says:       "The mean of class indices is the sum divided by the sum of the weights of the targets; so is the gradient.",
		why:        "The formula of 'mean' divides by the sum of w[y].",
		documented: true,
		of: []ofModule{
			{module: ports.CrossEntropyLoss, domain: "class indices, with and without weight and label_smoothing"},
		},
		calls: func(_ string, s *sample) []call {
			c := s.indexed(mean, lossAndGradient...)
			c.smoothing = s.smoothing
			return []call{c, c.by(sum)}
		},
		holds: func(_ string, _ *sample, a []answer) []equation {
			share := 1 / a[0].call.targetWeights()
			return a[0].is(a[1].loss().times(share), a[1].grad().times(share))
		},
	},
	{
		name: "shift",
		says: "A constant added to all logits of a row changes neither loss nor gradient.",
		why:  "The constant cancels in the softmax.",
		of: []ofModule{
			{module: ports.CrossEntropyLoss, domain: "any reduction, class indices and class probabilities, with and without weight and label_smoothing; logits that are multiples of 1/1024, constants that are whole numbers, so that the sums are exact"},
		},
		calls: func(module string, s *sample) []call {
			c := s.call(module, s.reduction, lossAndGradient...)
			c.x = s.x.with(func(i int) float64 { return math.Round(s.x.values[i]/quantum) * quantum })
			k := math.Round(s.other)
			return []call{c, c.withX(c.x.with(func(i int) float64 {
				if i/c.classes()%2 == 0 {
					return c.x.values[i] + k
				}
				return c.x.values[i] - k
			}))}
		},
		holds: same,
	},
	{
		name:      "coupling",
		says:      "Another logit changes the gradient of every class of its row, by one factor for all the others, and of no other row.",
		why:       "The softmax of the other classes is divided by 1 + p*(exp(d) - 1), p the softmax of the class whose logit grows by d.",
		tolerance: "the sum of what is allowed of the compared answers; a factor that is computed from a gradient has what is allowed of it, too",
		of: []ofModule{
			{module: ports.CrossEntropyLoss, domain: "'none', class indices, without weight, at least two classes; a logit moved by 0.25 to 2"},
		},
		calls: func(_ string, s *sample) []call {
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
		},
		holds: func(_ string, s *sample, a []answer) []equation {
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
		},
	},
	{
		name:       "smoothing",
		says:       "With label_smoothing e the loss is (1-e) times that without, plus e/C times the sum of those of all classes as targets; so is the gradient.",
		why:        "The targets become a mixture of the original ground truth and a uniform distribution.",
		documented: true,
		of: []ofModule{
			{module: ports.CrossEntropyLoss, domain: "'none', class indices and class probabilities, with and without weight, at most nine classes; e a multiple of 1/8"},
		},
		calls: func(module string, s *sample) []call {
			if s.classes() > maxMixed {
				return nil
			}
			c := s.call(module, none, lossAndGradient...)
			c.smoothing = 0
			smoothed := c
			smoothed.smoothing = float64(1+s.pick%7) / 8
			return append([]call{smoothed, c}, c.eachClass()...)
		},
		holds: func(_ string, s *sample, a []answer) []equation {
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
		},
	},
	{
		name: "one-hot",
		says: "One-hot class probabilities give what class indices give.",
		why:  "The formula of class probabilities has one term that is not zero.",
		of: []ofModule{
			{module: ports.CrossEntropyLoss, domain: "'none' and 'sum', with and without weight"},
		},
		calls: func(_ string, s *sample) []call {
			reduction := s.reduction
			if reduction == mean {
				reduction = sum
			}
			c := s.indexed(reduction, lossAndGradient...)
			return []call{c, c.oneHot()}
		},
		holds: same,
	},
	{
		name:       "one-hot-mean",
		says:       "The mean of one-hot probabilities is that of class indices times the sum of the weights of the targets over the number of rows.",
		why:        "The mean of class indices divides by the sum of w[y], that of class probabilities by N.",
		documented: true,
		of: []ofModule{
			{module: ports.CrossEntropyLoss, domain: "'mean' with weight"},
		},
		calls: func(_ string, s *sample) []call {
			c := s.indexed(mean, lossAndGradient...).withW(s.w)
			return []call{c, c.oneHot()}
		},
		holds: func(_ string, _ *sample, a []answer) []equation {
			c := a[0].call
			share := c.targetWeights() / float64(len(c.t.values))
			return a[1].is(a[0].loss().times(share), a[0].grad().times(share))
		},
	},
	{
		name: "two-classes",
		says: "The loss of two classes with the logits 0 and x is that of BCEWithLogitsLoss of x; its gradient in the second logit is that of BCEWithLogitsLoss, in the first the opposite.",
		why:  "softmax(0, x) is (sigmoid(-x), sigmoid(x)).",
		of: []ofModule{
			{module: ports.CrossEntropyLoss, domain: "'none', class indices and class probabilities (1-t, t), without weights"},
		},
		calls: func(_ string, s *sample) []call {
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
		},
		holds: func(_ string, _ *sample, a []answer) []equation {
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
		},
	},
	{
		name:       "mixture",
		says:       "The loss of class probabilities is the sum of those of one-hot probabilities of each class, times its probability; so is the gradient.",
		why:        "The formula for class probabilities is linear in them.",
		documented: true,
		tolerance:  "the class probabilities times what is allowed of each class, plus what is allowed of them together",
		of: []ofModule{
			{module: ports.CrossEntropyLoss, domain: "'none', class probabilities, with and without weight, at most nine classes"},
		},
		calls: func(_ string, s *sample) []call {
			if s.classes() > maxMixed {
				return nil
			}
			c := s.weighed(ports.CrossEntropyLoss, none, lossAndGradient...)
			return append([]call{c}, c.eachClass()...)
		},
		holds: func(_ string, s *sample, a []answer) []equation {
			c, classes := a[0].call, s.classes()
			loss, grad := exactly(array{c.lossShape(), make([]float64, definition.Size(c.lossShape()))}), exactly(c.x.all(0))
			for class, of := range a[1:] {
				loss = loss.plus(of.loss().by(func(r int) float64 { return c.t.values[r*classes+class] }))
				grad = grad.plus(of.grad().by(func(i int) float64 { return c.t.values[i-i%classes+class] }))
			}
			return a[0].is(loss, grad)
		},
	},
	{
		name:      "softmax",
		says:      "exp(-loss) with each class as the target add to 1 in each row.",
		why:       "They are the softmax.",
		tolerance: "exp(-loss)·expm1(what is allowed), for all classes",
		of: []ofModule{
			{module: ports.CrossEntropyLoss, domain: "'none', class indices and one-hot class probabilities, without weight, at most nine classes"},
		},
		calls: softmaxCalls,
		holds: func(_ string, s *sample, a []answer) []equation {
			total := exactly(a[0].loss().all(0))
			for _, of := range a {
				total = total.plus(of.loss().expMinus())
			}
			return equal("sum of exp(-loss) over all classes", total, exactly(total.all(1)))
		},
	},
	{
		name:      "softmax-gradient",
		says:      "The gradient is exp(-loss) with each class as the target, less 1 at the target of the row.",
		why:       "The loss is -log(softmax(x)) of the target, and its derivative softmax(x) minus the target.",
		tolerance: "what is allowed of the gradient, plus exp(-loss)·expm1(what is allowed of the loss)",
		of: []ofModule{
			{module: ports.CrossEntropyLoss, domain: "'none', class indices and one-hot class probabilities, without weight, at most nine classes"},
		},
		calls: func(module string, s *sample) []call {
			calls := softmaxCalls(module, s)
			if calls == nil {
				return nil
			}
			return append(calls, s.unweighted(none, ports.GradInput))
		},
		holds: func(_ string, s *sample, a []answer) []equation {
			classes := s.classes()
			p := exactly(s.x.all(0))
			for class, of := range a[:classes] {
				column := of.loss().expMinus()
				p.unasked = p.unasked || column.unasked
				for r := range column.values {
					p.values[r*classes+class], p.radius[r*classes+class] = column.values[r], column.radius[r]
				}
			}
			target := a[classes].call.withClasses(s.class).oneHot().t
			return equal("grad_input plus the target, against exp(-loss)", a[classes].grad().plus(exactly(target)), p)
		},
	},
	// l(x, a) - l(x, b) = x_b - x_a: the difference of two logits is the logarithm of the odds.
	{
		name: "log-odds",
		says: "The loss at one class minus the loss at another is the logit of the other minus that of the one; the gradients differ by 1 at both.",
		why:  "log_softmax differs from the logits by the same number in all classes.",
		of: []ofModule{
			{module: ports.CrossEntropyLoss, domain: "any reduction, class indices and one-hot class probabilities, without weight, at least two classes"},
		},
		calls: func(_ string, s *sample) []call {
			if s.classes() < 2 {
				return nil
			}
			c := s.unweighted(s.reduction, lossAndGradient...)
			other := c.withClasses(func(r int) int { return (s.class(r) + 1) % s.classes() })
			if s.probable {
				other = other.oneHot()
			}
			return []call{c, other}
		},
		holds: func(_ string, s *sample, a []answer) []equation {
			c, classes := a[0].call, s.classes()
			sign := exactly(s.x.with(func(i int) float64 {
				switch y := s.class(i / classes); i % classes {
				case y:
					return -1
				case (y + 1) % classes:
					return 1
				}
				return 0
			}))
			logits := sign.by(func(i int) float64 { return s.x.values[i] })
			return slices.Concat(
				equal("loss at one class minus loss at another", a[0].loss().minus(a[1].loss()), logits.reduced(c.lossShape(), c.lossAt).times(1/c.divisor())),
				equal("grad_input at one class minus that at another", a[0].grad().minus(a[1].grad()), sign.times(1/c.divisor())),
			)
		},
	},
	{
		name:       "weight-of-target",
		says:       "'none' with a weight is 'none' without, times the weight of the target of each row; so is the gradient.",
		why:        "The formula multiplies by w[y], or by w[c] each term.",
		documented: true,
		tolerance:  "the weight times what is allowed without it, plus what is allowed with it",
		of: []ofModule{
			{module: ports.CrossEntropyLoss, domain: "'none', class indices and one-hot class probabilities"},
		},
		calls: func(_ string, s *sample) []call {
			c := s.unweighted(none, lossAndGradient...)
			return []call{c, c.withW(s.w)}
		},
		holds: func(_ string, s *sample, a []answer) []equation {
			w := func(r int) float64 { return s.w.values[s.class(r)] }
			return a[1].is(a[0].loss().by(w), a[0].grad().by(func(i int) float64 { return w(i / s.classes()) }))
		},
	},
	{
		name:       "ignored-rows",
		says:       "The loss of an ignored row is 0, and so is its gradient; those of the other rows, and mean and sum, are what they are without it.",
		why:        `ignore_index "specifies a target value that is ignored and does not contribute to the input gradient", and the mean is over the targets that are not ignored.`,
		documented: true,
		of: []ofModule{
			{module: ports.CrossEntropyLoss, domain: "class indices, two rows or more of which one is not ignored; any reduction, with and without weight and label_smoothing; an ignore_index that is not given, out of the range of classes, or one of them"},
		},
		calls: func(_ string, s *sample) []call {
			rows, classes := s.x.shape[0], int64(s.classes())
			if rows < 2 {
				return nil
			}
			kept, left := s.ignoring()
			c := s.indexed(s.reduction, lossAndGradient...)
			c.smoothing = s.smoothing
			// The one that need not be given, others out of the range of classes, and one of the classes.
			mark := []int64{usualMark, usualMark, -1, classes, 1 << 40, 0, 0}[s.pick%7]
			if mark == 0 && classes == 1 {
				mark = usualMark
			}
			if mark != usualMark {
				c.ignore = &mark
			}
			marked := c.withClasses(func(r int) int {
				switch y := s.class(r); {
				case slices.Contains(left, r):
					return int(mark)
				case mark == 0:
					return 1 + y%int(classes-1)
				default:
					return y
				}
			})
			without := marked.each(func(a array) array { return a.taken(false, s.x.shape, kept) })
			without.ignore = nil
			return []call{marked, without}
		},
		holds: func(_ string, s *sample, a []answer) []equation {
			kept, left := s.ignoring()
			var equations []equation
			for _, output := range lossAndGradient {
				got, want := a[0].output(output), a[1].output(output)
				if len(got.shape) > 0 {
					zero := got.taken(false, left)
					equations = slices.Concat(equations, equal(output+" of an ignored row", zero, exactly(zero.all(0))))
					got = got.taken(false, kept)
				}
				equations = slices.Concat(equations, equal(output+" of the others", got, want))
			}
			return equations
		},
	},
}

// indexed returns the call of CrossEntropyLoss with a class index for each row, without label_smoothing.
func (s *sample) indexed(reduction string, want ...string) call {
	return s.weighed(ports.CrossEntropyLoss, reduction, want...).withClasses(s.class)
}

// shares returns class probabilities: each class takes, of what those before it have left, the share that is its
// target, in multiples of 1/1024, and the last all that is left. They add up to 1.
func (s *sample) shares() array {
	t := s.t.all(0)
	for first := 0; first < len(t.values); first += s.classes() {
		left, last := 1.0, first+s.classes()-1
		for i := first; i < last; i++ {
			t.values[i] = math.Floor(left*s.t.values[i]/quantum) * quantum
			left -= t.values[i]
		}
		t.values[last] = left
	}
	return t
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

// usualMark is the ignore_index where none is given.
const usualMark = -100

// ignored reports whether the target of a row is ignore_index.
func (c call) ignored(r int) bool {
	mark := int64(usualMark)
	if c.ignore != nil {
		mark = *c.ignore
	}
	return c.indices && int64(c.t.values[r]) == mark
}

// targetWeight is the weight of the class index of a row, 0 where the row is ignored.
func (c call) targetWeight(r int) float64 {
	if c.ignored(r) {
		return 0
	}
	return c.classWeight(int(c.t.values[r]))
}

// targetWeights is the sum of the weights of the class indices.
func (c call) targetWeights() float64 {
	sum := 0.0
	for r := range c.t.values {
		sum += c.targetWeight(r)
	}
	return sum
}

// maxMixed bounds the number of classes, of which each is a call.
const maxMixed = 9

// eachClass returns the calls with one class after the other as the target of all rows: as class indices, or as
// one-hot probabilities where the call has probabilities.
func (c call) eachClass() []call {
	var calls []call
	for class := range c.classes() {
		of := c.withClasses(func(int) int { return class })
		if !c.indices {
			of = of.oneHot()
		}
		calls = append(calls, of)
	}
	return calls
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

// The sum of exp(-l) over the classes as targets is 1: they are the softmax.
func softmaxCalls(_ string, s *sample) []call {
	if s.classes() > maxMixed {
		return nil
	}
	return s.unweighted(none, ports.Loss).eachClass()
}

// unweighted returns the call of CrossEntropyLoss without weight and label_smoothing, with class indices or the same as
// one-hot probabilities.
func (s *sample) unweighted(reduction string, want ...string) call {
	c := s.plain(ports.CrossEntropyLoss, reduction, want...).withClasses(s.class)
	if s.probable {
		return c.oneHot()
	}
	return c
}

// ignoring returns the rows that are kept, and those that are ignored.
func (s *sample) ignoring() (kept, left []int) {
	rows := s.x.shape[0]
	order := s.permutation(rows)
	n := s.cut()
	kept, left = order[:n], order[n:]
	slices.Sort(kept)
	slices.Sort(left)
	return kept, left
}

// classWeight is the weight of a class.
func (c call) classWeight(class int) float64 {
	if c.w == nil {
		return 1
	}
	return c.w.values[class]
}

// coefficient is what a class of a row counts.
func (c call) coefficient(r, class int) float64 {
	t := 0.0
	switch {
	case !c.indices:
		t = c.t.values[r*c.classes()+class]
	case int(c.t.values[r]) == class:
		t = 1
	}
	return c.classWeight(class) * ((1-c.smoothing)*t + c.smoothing/float64(c.classes()))
}
