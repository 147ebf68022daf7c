package laws

import (
	"math"
	"slices"

	"lossproof/ports"
	"lossproof/tensor"
)

// law is what is computed: which calls are made of a sample, and which equations must hold
// between their answers.
type law struct {
	// calls returns nothing where the law says nothing about the sample.
	calls func(module string, s *sample) []call
	holds func(module string, s *sample, a []answer) []equation
}

// laws by the last part of their id.
var laws = map[string]law{
	"symmetry":          {symmetryCalls, symmetry},
	"target-affine":     {targetAffineCalls, targetAffine},
	"odds":              {oddsCalls, odds},
	"probabilities":     {probabilitiesCalls, probabilities},
	"confidence":        {confidenceCalls, confidence},
	"weight-ones":       {weightOnesCalls, same},
	"weight-scales":     {weightScalesCalls, weightScales},
	"weight-additive":   {weightAdditiveCalls, weightAdditive},
	"weight-selects":    {weightSelectsCalls, weightSelects},
	"weight-broadcast":  {weightBroadcastCalls, same},
	"pos-weight-ones":   {posWeightOnesCalls, same},
	"pos-weight-affine": {posWeightAffineCalls, posWeightAffine},
	"permute-samples":   {permuteSamplesCalls, permuteSamples},
	"permute-classes":   {permuteClassesCalls, permuteClasses},
	"repeat-classes":    {repeatClassesCalls, repeatClasses},
	"shape":             {shapeCalls, shape},
	"split":             {splitCalls, split},
	"independence":      {independenceCalls, independence},
	"mean":              {meanCalls, meanIsSum},
	"sum":               {sumCalls, sumIsNone},
	"gradient":          {gradientCalls, gradient},
	"grad-output":       {gradOutputCalls, gradOutput},
	"grad-target":       {gradTargetCalls, gradTarget},
	"grad-weight":       {gradWeightCalls, gradWeight},
	"bce-class-mean":    {bceClassMeanCalls, bceClassMean},
	"bce-mean":          {bceMeanCalls, same},
	"bce-sum":           {bceSumCalls, bceSum},
	"of-sigmoid":        {ofSigmoidCalls, ofSigmoid},
	"logarithm":         {logarithmCalls, logarithm},
	"weighted-mean":     {weightedMeanCalls, weightedMean},
	"row-sum":           {sumCalls, sumIsNone},
	"shift":             {shiftCalls, same},
	"coupling":          {couplingCalls, coupling},
	"smoothing":         {smoothingCalls, smoothing},
	"one-hot":           {oneHotCalls, same},
	"one-hot-mean":      {oneHotMeanCalls, oneHotMean},
	"two-classes":       {twoClassesCalls, twoClasses},
	"mixture":           {mixtureCalls, mixture},
	"softmax":           {softmaxCalls, softmax},
	"softmax-gradient":  {softmaxGradientCalls, softmaxGradient},
	"log-odds":          {logOddsCalls, logOdds},
	"weight-of-target":  {weightOfTargetCalls, weightOfTarget},
	"ignored-rows":      {ignoredRowsCalls, ignoredRows},
}

// lossAndGradient is what most laws are about.
var lossAndGradient = []string{ports.Loss, ports.GradInput}

// same demands that all outputs of two calls are equal.
func same(_ string, _ *sample, a []answer) []equation {
	return slices.Concat(
		equal(ports.Loss, a[1].loss(), a[0].loss()),
		equal(ports.GradInput, a[1].grad(), a[0].grad()),
	)
}

// l(x, t) = l(-x, 1-t), and the gradients are opposite.
func symmetryCalls(module string, s *sample) []call {
	c := s.weightOnly(module, s.reduction)
	mirrored := c.withX(s.x.negated()).withT(s.t.with(func(i int) float64 { return 1 - s.t.values[i] }))
	return []call{c, mirrored}
}

func symmetry(_ string, _ *sample, a []answer) []equation {
	return slices.Concat(
		equal(ports.Loss, a[1].loss(), a[0].loss()),
		equal(ports.GradInput, a[1].grad(), a[0].grad().times(-1)),
	)
}

// weightOnly is call without pos_weight, for loss and grad_input.
func (s *sample) weightOnly(module, reduction string) call {
	c := s.call(module, reduction, lossAndGradient...)
	c.p = nil
	return c
}

// l(x, t) = (1-t)·l(x, 0) + t·l(x, 1): with a target of its own for each element of the loss.
func targetAffineCalls(module string, s *sample) []call {
	c := s.call(module, none, lossAndGradient...)
	c = c.withT(s.x.with(func(i int) float64 { return s.t.values[c.lossAt(i)] }))
	return []call{c, c.withT(s.t.all(0)), c.withT(s.t.all(1))}
}

func targetAffine(_ string, s *sample, a []answer) []equation {
	c := a[0].call
	mix := func(zero, one value, t func(i int) float64) value {
		return zero.by(func(i int) float64 { return 1 - t(i) }).plus(one.by(t))
	}
	return slices.Concat(
		equal(ports.Loss, a[0].loss(), mix(a[1].loss(), a[2].loss(), func(i int) float64 { return s.t.values[i] })),
		equal(ports.GradInput, a[0].grad(), mix(a[1].grad(), a[2].grad(), func(i int) float64 { return c.t.values[i] })),
	)
}

// l(x, 0) - l(x, 1) = w·x: the logit is the logarithm of the odds. Its gradient is w.
func oddsCalls(module string, s *sample) []call {
	c := s.weightOnly(module, s.reduction)
	return []call{c.withT(s.t.all(0)), c.withT(s.t.all(1))}
}

func odds(_ string, s *sample, a []answer) []equation {
	c := a[0].call
	w := array{[]int{1}, []float64{1}}
	if c.w != nil {
		w = *c.w
	}
	weights := exactly(w.expanded(s.x.shape))
	weighted := weights.by(func(i int) float64 { return s.x.values[i] })
	return slices.Concat(
		equal("loss at target 0 minus loss at target 1", a[0].loss().minus(a[1].loss()), weighted.reduced(c.lossShape(), c.lossAt).times(1/c.divisor())),
		equal("grad_input at target 0 minus that at target 1", a[0].grad().minus(a[1].grad()), weights.times(1/c.divisor())),
	)
}

// exp(-l(x, 0)) + exp(-l(x, 1)) = 1: they are the probabilities of the two classes.
func probabilitiesCalls(module string, s *sample) []call {
	c := s.oneClass(module, ports.Loss)
	return []call{c.withT(c.t.all(0)), c.withT(c.t.all(1))}
}

// oneClass returns 'none' of single elements, without weights.
func (s *sample) oneClass(module string, want ...string) call {
	c := s.plain(module, none, want...)
	if module == ports.MultiLabelSoftMarginLoss {
		c = c.each(func(a array) array { return a.reshaped(len(a.values), 1) })
	}
	return c
}

func probabilities(_ string, _ *sample, a []answer) []equation {
	total := a[0].loss().expMinus().plus(a[1].loss().expMinus())
	return equal("sum of the probabilities exp(-loss) at the targets 0 and 1", total, exactly(total.all(1)))
}

// |g| = 1 - exp(-l) at a hard target: the gradient is the probability of the other class.
func confidenceCalls(module string, s *sample) []call {
	c := s.oneClass(module, lossAndGradient...)
	return []call{c.withT(c.t.with(func(i int) float64 { return math.Round(c.t.values[i]) }))}
}

func confidence(_ string, _ *sample, a []answer) []equation {
	t := a[0].call.t
	size := a[0].grad().by(func(i int) float64 { return 1 - 2*t.values[i] }).reshaped(a[0].loss().shape...)
	p := a[0].loss().expMinus()
	return equal("size of grad_input plus exp(-loss)", size.plus(p), exactly(p.all(1)))
}

// A weight of ones changes nothing.
func weightOnesCalls(module string, s *sample) []call {
	c := s.call(module, s.reduction, lossAndGradient...)
	c.w = nil
	return []call{c, c.withW(s.w.all(1))}
}

// 'none' with a weight is the weight times 'none' without.
func weightScalesCalls(module string, s *sample) []call {
	c := s.call(module, none, lossAndGradient...)
	c.w = nil
	return []call{c, c.withW(s.w)}
}

func weightScales(_ string, s *sample, a []answer) []equation {
	w := s.w.along(s.x.shape)
	return slices.Concat(
		equal(ports.Loss, a[1].loss(), a[0].loss().by(w)),
		equal(ports.GradInput, a[1].grad(), a[0].grad().by(w)),
	)
}

// The result with the weight v + w is the sum of those with v and with w.
func weightAdditiveCalls(module string, s *sample) []call {
	c := s.call(module, s.reduction, lossAndGradient...)
	v := s.w.with(func(i int) float64 { return s.w.values[len(s.w.values)-1-i] })
	both := s.w.with(func(i int) float64 { return v.values[i] + s.w.values[i] }) // exact: see quantum
	return []call{c.withW(v), c.withW(s.w), c.withW(both)}
}

func weightAdditive(_ string, _ *sample, a []answer) []equation {
	return slices.Concat(
		equal(ports.Loss, a[2].loss(), a[0].loss().plus(a[1].loss())),
		equal(ports.GradInput, a[2].grad(), a[0].grad().plus(a[1].grad())),
	)
}

// A weight of 1 for one class and 0 for the others leaves that class, divided by C.
func weightSelectsCalls(module string, s *sample) []call {
	j := s.pick % s.classes()
	c := s.plain(module, none, lossAndGradient...)
	alone := c.each(func(a array) array { return a.taken(true, s.x.shape, []int{j}) })
	selected := array{[]int{s.classes()}, make([]float64, s.classes())}
	selected.values[j] = 1
	return []call{alone, c.withW(selected)}
}

func weightSelects(_ string, s *sample, a []answer) []equation {
	j, classes := s.pick%s.classes(), s.classes()
	share := 1 / float64(classes)
	grad := a[1].grad()
	want := exactly(s.x.all(0))
	alone := a[0].grad().times(share)
	for row := range alone.values {
		want.values[row*classes+j], want.radius[row*classes+j] = alone.values[row], alone.radius[row]
	}
	return slices.Concat(
		equal(ports.Loss, a[1].loss(), a[0].loss().times(share)),
		equal(ports.GradInput, grad, want),
	)
}

// Weights may be repeated by hand instead of being broadcast.
func weightBroadcastCalls(module string, s *sample) []call {
	c := s.call(module, s.reduction, lossAndGradient...).withW(s.w)
	repeated := c.withW(s.w.expanded(s.x.shape))
	if c.p != nil {
		repeated = repeated.withP(s.p.expanded(s.x.shape))
	}
	return []call{c, repeated}
}

// A pos_weight of ones changes nothing.
func posWeightOnesCalls(module string, s *sample) []call {
	c := s.weightOnly(module, s.reduction)
	return []call{c, c.withP(s.p.all(1))}
}

// l(x, t; p) = l(x, t) + (p-1)·t·l(x, 1): the positive term alone is multiplied.
func posWeightAffineCalls(module string, s *sample) []call {
	c := s.weightOnly(module, none)
	return []call{c, c.withT(s.t.all(1)), c.withP(s.p)}
}

func posWeightAffine(_ string, s *sample, a []answer) []equation {
	p := s.p.along(s.x.shape)
	more := func(i int) float64 { return (p(i) - 1) * s.t.values[i] }
	return slices.Concat(
		equal(ports.Loss, a[2].loss(), a[0].loss().plus(a[1].loss().by(more))),
		equal(ports.GradInput, a[2].grad(), a[0].grad().plus(a[1].grad().by(more))),
	)
}

// The results of permuted samples are the permuted results; sums and means stay.
func permuteSamplesCalls(module string, s *sample) []call {
	c := s.call(module, s.reduction, lossAndGradient...)
	order := s.permutation(s.x.shape[0])
	return []call{c, c.each(func(a array) array { return a.taken(false, s.x.shape, order) })}
}

func permuteSamples(_ string, s *sample, a []answer) []equation {
	order := s.permutation(s.x.shape[0])
	loss := a[0].loss()
	if s.reduction == none {
		loss = loss.taken(false, order)
	}
	return slices.Concat(
		equal(ports.Loss, a[1].loss(), loss),
		equal(ports.GradInput, a[1].grad(), a[0].grad().taken(false, order)),
	)
}

// The results of permuted classes are the permuted results; means over classes stay.
func permuteClassesCalls(module string, s *sample) []call {
	c := s.call(module, s.reduction, lossAndGradient...)
	order := s.permutation(s.classes())
	permuted := c.each(func(a array) array { return a.taken(true, s.x.shape, order) })
	if c.indices {
		permuted = permuted.withClasses(func(r int) int { return slices.Index(order, s.class(r)) })
	}
	return []call{c, permuted}
}

func permuteClasses(_ string, s *sample, a []answer) []equation {
	order := s.permutation(s.classes())
	loss := a[0].loss()
	if s.reduction == none && !a[0].call.rowwise() {
		loss = loss.taken(true, order)
	}
	return slices.Concat(
		equal(ports.Loss, a[1].loss(), loss),
		equal(ports.GradInput, a[1].grad(), a[0].grad().taken(true, order)),
	)
}

// With every class there twice the class means stay, and each gradient is halved.
func repeatClassesCalls(module string, s *sample) []call {
	c := s.call(module, s.reduction, lossAndGradient...)
	twice := append(wholeNumbers(0, s.classes()), wholeNumbers(0, s.classes())...)
	return []call{c, c.each(func(a array) array { return a.taken(true, s.x.shape, twice) })}
}

func repeatClasses(_ string, s *sample, a []answer) []equation {
	n := s.classes()
	return slices.Concat(
		equal(ports.Loss, a[1].loss(), a[0].loss()),
		equal("grad_input of the first copies", a[1].grad().taken(true, wholeNumbers(0, n)), a[0].grad().times(0.5)),
		equal("grad_input of the second copies", a[1].grad().taken(true, wholeNumbers(n, 2*n)), a[0].grad().times(0.5)),
	)
}

// wholeNumbers returns the numbers from first to below end.
func wholeNumbers(first, end int) []int {
	var numbers []int
	for i := first; i < end; i++ {
		numbers = append(numbers, i)
	}
	return numbers
}

// The shape of the input says nothing but the shape of the result.
func shapeCalls(module string, s *sample) []call {
	c := s.call(module, s.reduction, lossAndGradient...)
	flat := c.each(func(a array) array { return a.expanded(s.x.shape).reshaped(len(s.x.values)) })
	return []call{c, flat}
}

func shape(_ string, s *sample, a []answer) []equation {
	return slices.Concat(
		equal(ports.Loss, a[0].loss(), a[1].loss().reshaped(a[0].loss().shape...)),
		equal(ports.GradInput, a[0].grad(), a[1].grad().reshaped(s.x.shape...)),
	)
}

// 'none' of a batch is 'none' of its parts.
func splitCalls(module string, s *sample) []call {
	rows := s.x.shape[0]
	if rows < 2 {
		return nil
	}
	c := s.call(module, none, lossAndGradient...)
	part := func(first, end int) call {
		return c.each(func(a array) array { return a.taken(false, s.x.shape, wholeNumbers(first, end)) })
	}
	at := 1 + s.pick%(rows-1)
	return []call{c, part(0, at), part(at, rows)}
}

func split(_ string, s *sample, a []answer) []equation {
	rows := s.x.shape[0]
	at := 1 + s.pick%(rows-1)
	var equations []equation
	for _, output := range lossAndGradient {
		whole := a[0].output(output)
		equations = slices.Concat(equations,
			equal(output+" of the first part", a[1].output(output), whole.taken(false, wholeNumbers(0, at))),
			equal(output+" of the second part", a[2].output(output), whole.taken(false, wholeNumbers(at, rows))))
	}
	return equations
}

// Another logit at one place changes there what it changes alone, and nothing elsewhere.
func independenceCalls(module string, s *sample) []call {
	c := s.call(module, none, lossAndGradient...)
	shape := []int{1}
	if module == ports.MultiLabelSoftMarginLoss {
		shape = []int{1, 1}
	}
	other := s.input(module, array{shape, []float64{s.other}})
	alone := c.withX(array{shape, c.x.values[s.pick : s.pick+1]}).withT(array{shape, s.t.values[s.pick : s.pick+1]})
	for _, a := range []**array{&alone.w, &alone.p} {
		if *a != nil {
			*a = &array{[]int{1}, []float64{(*a).along(s.x.shape)(s.pick)}}
		}
	}
	return []call{c, c.withX(c.x.replaced(s.pick, other.values[0])), alone, alone.withX(other)}
}

func independence(_ string, s *sample, a []answer) []equation {
	c := a[0].call
	share := 1 / c.divisor()
	var equations []equation
	for _, output := range lossAndGradient {
		before, after := a[0].output(output), a[1].output(output)
		place := c.place(output)(s.pick)
		for _, e := range equal(output+" elsewhere", after, before) {
			if e.index != place {
				equations = append(equations, e)
			}
		}
		change := a[3].output(output).minus(a[2].output(output)).times(share)
		e := equal("change of "+output, after.at(place).minus(before.at(place)), change.at(0))[0]
		e.shape, e.index = before.shape, place
		equations = append(equations, e)
	}
	return equations
}

// The mean is the sum divided by the number of elements of 'none'.
func meanCalls(module string, s *sample) []call {
	c := s.differentiable(module, mean, lossAndGradient...)
	return []call{c, c.by(sum)}
}

func meanIsSum(_ string, _ *sample, a []answer) []equation {
	share := 1 / float64(count(a[0].call.by(none).lossShape()))
	return slices.Concat(
		equal(ports.Loss, a[0].loss(), a[1].loss().times(share)),
		equal(ports.GradInput, a[0].grad(), a[1].grad().times(share)),
	)
}

// The sum adds the elements of 'none'.
func sumCalls(module string, s *sample) []call {
	c := s.call(module, sum, lossAndGradient...)
	return []call{c, c.by(none)}
}

func sumIsNone(_ string, _ *sample, a []answer) []equation {
	total := a[1].loss().reduced([]int{}, func(int) int { return 0 })
	return slices.Concat(
		equal(ports.Loss, a[0].loss(), total),
		equal(ports.GradInput, a[0].grad(), a[1].grad()),
	)
}

// step is that of the difference quotient: with it, what it truncates, h²/6·|l”'|, and what
// two losses may be wrong by, divided by 2h, are both small.
const step = 0x1p-14

// The gradient is the central difference quotient of the loss.
func gradientCalls(module string, s *sample) []call {
	if s.dtype != tensor.Float64 {
		return nil
	}
	c := s.call(module, s.reduction, lossAndGradient...)
	x, h := c.x.values[s.pick], c.step(s.pick)
	return []call{c, c.withX(c.x.replaced(s.pick, x-h)), c.withX(c.x.replaced(s.pick, x+h))}
}

// step is by how much an element of the input is moved to both sides: a logarithm bends by the distance from where it is infinite.
func (c call) step(i int) float64 {
	if x := c.x.values[i]; c.module == ports.BCELoss {
		return step * min(x, 1-x)
	}
	return step
}

// maxThird bounds the third derivative of softplus and of log-sum-exp in one logit, p(1-p)(1-2p).
const maxThird = 0.0963

// bends bounds the second and third derivative of a loss in an element of the input, no further away than a step.
func (c call) bends(i int) (second, third float64) {
	size := 1 / c.divisor()
	if c.module == ports.CrossEntropyLoss {
		of := 0.0
		for class := range c.classes() {
			of += c.coefficient(i/c.classes(), class)
		}
		return size * of, size * of * maxThird
	}
	if c.w != nil {
		size *= c.w.along(c.x.shape)(i)
	}
	positive, negative := c.t.values[i], 1-c.t.values[i]
	if c.p != nil {
		positive *= c.p.along(c.x.shape)(i)
	}
	if c.module == ports.BCELoss { // -log(x), and -log(1-x)
		h := c.step(i)
		x, rest := c.x.values[i]-h, 1-c.x.values[i]-h
		return size * (positive/(x*x) + negative/(rest*rest)), 2 * size * (positive/(x*x*x) + negative/(rest*rest*rest))
	}
	return size * (positive + negative), size * (positive + negative) * maxThird
}

func gradient(_ string, s *sample, a []answer) []equation {
	c := a[0].call
	place := c.lossAt(s.pick)
	width := a[2].call.x.values[s.pick] - a[1].call.x.values[s.pick]
	quotient := a[2].loss().at(place).minus(a[1].loss().at(place)).times(1 / width)
	second, third := c.bends(s.pick)
	h := c.step(s.pick)
	// The last term: x ± h is rounded, and x not quite in the middle.
	quotient.radius[0] += h*h/6*third + second*math.Abs(c.x.values[s.pick])*0x1p-52
	e := equal("grad_input against the difference quotient", a[0].grad().at(s.pick), quotient)[0]
	e.shape, e.index = s.x.shape, s.pick
	return []equation{e}
}

// An upstream gradient multiplies the gradients.
func gradOutputCalls(module string, s *sample) []call {
	c := s.call(module, s.reduction, ports.GradInput)
	return []call{c, c.withU(s.upstream(c))}
}

func gradOutput(_ string, _ *sample, a []answer) []equation {
	c := a[1].call
	return equal(ports.GradInput, a[1].grad(), a[0].grad().by(func(i int) float64 { return c.u.values[c.lossAt(i)] }))
}

// l(x, t) = l(x, 0) + Σ t·∂l/∂t: the loss is affine in the target.
func gradTargetCalls(module string, s *sample) []call {
	c := s.differentiable(module, s.reduction, ports.Loss, ports.GradTarget)
	zero := c.withT(c.t.all(0))
	zero.want = []string{ports.Loss}
	return []call{c, zero}
}

func gradTarget(_ string, _ *sample, a []answer) []equation {
	c := a[0].call
	part := a[0].output(ports.GradTarget).by(func(i int) float64 { return c.t.values[i] }).reduced(c.lossShape(), c.lossAt)
	return equal("loss against that at target 0 plus target·grad_target", a[0].loss(), a[1].loss().plus(part))
}

// Σ w·∂l/∂w = l: the loss is linear in the weight.
func gradWeightCalls(module string, s *sample) []call {
	return []call{s.differentiable(module, s.reduction, ports.Loss, ports.GradWeight).withW(s.w)}
}

func gradWeight(_ string, s *sample, a []answer) []equation {
	all := func(int) int { return 0 }
	got := a[0].output(ports.GradWeight).by(func(i int) float64 { return s.w.values[i] }).reduced([]int{}, all)
	return equal("sum of weight·grad_weight against the loss", got, a[0].loss().reduced([]int{}, all))
}

// 'none' of MultiLabelSoftMarginLoss is the mean over classes of that of BCEWithLogitsLoss.
func bceClassMeanCalls(module string, s *sample) []call {
	c := s.call(module, none, lossAndGradient...)
	return []call{c, c.of(ports.BCEWithLogitsLoss)}
}

func bceClassMean(_ string, _ *sample, a []answer) []equation {
	c := a[0].call
	share := 1 / c.divisor()
	return slices.Concat(
		equal(ports.Loss, a[0].loss(), a[1].loss().reduced(c.lossShape(), c.lossAt).times(share)),
		equal(ports.GradInput, a[0].grad(), a[1].grad().times(share)),
	)
}

// The means of both modules are the same.
func bceMeanCalls(module string, s *sample) []call {
	c := s.call(module, mean, lossAndGradient...)
	return []call{c.of(ports.BCEWithLogitsLoss), c}
}

// The sum of BCEWithLogitsLoss is C times that of MultiLabelSoftMarginLoss.
func bceSumCalls(module string, s *sample) []call {
	c := s.call(module, sum, lossAndGradient...)
	return []call{c, c.of(ports.BCEWithLogitsLoss)}
}

func bceSum(_ string, s *sample, a []answer) []equation {
	share := 1 / float64(s.classes())
	return slices.Concat(
		equal(ports.Loss, a[0].loss(), a[1].loss().times(share)),
		equal(ports.GradInput, a[0].grad(), a[1].grad().times(share)),
	)
}
