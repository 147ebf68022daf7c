package main

// mutations are those of the laws, of what becomes of their answers, and of the verdict.
var mutations = []mutation{
	// The laws: an equation less, or one that demands less.
	{laws, "if e.index != place {", "if false {", "independence does not look elsewhere"},
	{laws, "equations = append(equations, placed(changed, before.shape, place)...)", "_ = placed(changed, before.shape, place)", "independence does not look at the change"},
	{laws, "share := 1 / c.divisor()\n			var equations", "share := 1.0\n			var equations", "independence forgets the class mean"},
	{laws, "func same(_ string, _ *sample, a []answer) []equation {\n	return a[1].is(a[0].loss(), a[0].grad())", "func same(_ string, _ *sample, a []answer) []equation {\n	return a[1].is(a[0].loss(), a[1].grad())", "same compares no gradients"},
	{laws, "func same(_ string, _ *sample, a []answer) []equation {\n	return a[1].is(a[0].loss(), a[0].grad())", "func same(_ string, _ *sample, a []answer) []equation {\n	return a[1].is(a[1].loss(), a[0].grad())", "same compares no losses"},
	{laws, "a[1].grad().times(share))\n		},\n	},\n	{\n		name:       \"sum\"", "a[0].grad())\n		},\n	},\n	{\n		name:       \"sum\"", "the mean compares no gradients"},
	{laws, "return a[0].is(total, a[1].grad())", "return a[0].is(total, a[0].grad())", "the sum compares no gradients"},
	{laws, "a[0].grad().times(-1))", "a[1].grad())", "the symmetry compares no gradients"},
	{laws, "a[2].is(a[0].loss().plus(a[1].loss()), ", "a[2].is(a[2].loss(), ", "the sum of weights compares no losses"},
	{laws, "a[1].is(a[0].loss().by(w), a[0].grad().by(w))", "a[1].is(a[0].loss().by(w), a[1].grad())", "the scaling weight compares no gradients"},
	{laws, "is(a[0].loss().times(share), want)", "is(a[0].loss().times(share), a[1].grad())", "the selecting weight compares no gradients"},
	{laws, "a[0].grad().plus(a[1].grad().by(more)))", "a[2].grad())", "the affine pos_weight compares no gradients"},
	{laws, `		equal("grad_input of the second copies", a[1].grad().taken(true, wholeNumbers(n, 2*n)), a[0].grad().times(0.5)),` + "\n", "", "repeated classes are compared once"},
	{laws, `			equal(output+" of the second part", a[2].output(output), whole.taken(false, wholeNumbers(at, rows))))`, "		)", "a split looks at the first part alone"},
	{laws, `			equal(output+" of the first part", a[1].output(output), whole.taken(false, wholeNumbers(0, at))),` + "\n", "", "a split looks at the second part alone"},
	{laws, "order := s.permutation(s.x.shape[0])\n			return []call", "order := wholeNumbers(0, s.x.shape[0])\n			return []call", "no sample is permuted in the call"},
	{laws, "quotient.radius[0] += h*h/6*third", "quotient.radius[0] += 1e6*h*h/6*third", "the difference quotient allows anything"},
	{laws, "return step * min(x, 1-x)", "return step * max(x, 1-x)", "the step of a logarithm is that of logits"},
	{laws, "size * of * maxThird", "1e6 * size * of * maxThird", "the difference quotient of a row allows anything"},
	{laws, "2 * size * (positive/(x*x*x)", "2e6 * size * (positive/(x*x*x)", "the difference quotient of a logarithm allows anything"},
	{laws, "permuted = permuted.withClasses(", "_ = permuted.withClasses(", "class indices are not permuted"},
	{laws, "if s.reduction == none && !a[0].call.rowwise() {", "if s.reduction == none && a[0].call.module == \"BCEWithLogitsLoss\" {", "the losses of permuted classes of BCELoss stay"},
	{laws, "c := s.differentiable(module, mean, lossAndGradient...)", "c := s.call(module, mean, lossAndGradient...)", "class indices have the mean of class probabilities"},
	{crossEntropy, "if output == ports.Loss && e.index != row || output == ports.GradInput && e.index/classes != row {", "if false {", "coupling does not look at other rows"},
	{crossEntropy, "if e.index/classes == row && e.index != s.pick {", "if false {", "coupling does not look at its own row"},
	{crossEntropy, "mixture := a[1].output(output).times(1 - e)", "mixture := a[0].output(output)\n		continue\n		mixture = mixture.times(1 - e)", "smoothing is not looked at"},
	{crossEntropy, "	for class := range c.classes() {\n		of :=", "	for class := range 1 {\n		of :=", "there is one class"},
	{crossEntropy, "return a[0].is(loss, grad)", "_ = loss\n			return a[0].is(a[0].loss(), grad)", "the mixture compares no losses"},
	{crossEntropy, "return a[0].is(loss, grad)", "_ = grad\n			return a[0].is(loss, a[0].grad())", "the mixture compares no gradients"},
	{crossEntropy, `return equal("sum of exp(-loss) over all classes", total, exactly(total.all(1)))`, `return equal("sum of exp(-loss) over all classes", total, total)`, "the softmax may add to anything"},
	{crossEntropy, "a[classes].grad().plus(exactly(target)), p)", "exactly(target).times(0).plus(p), p)", "the softmax has no gradient"},
	{crossEntropy, `a[0].loss().minus(a[1].loss()), logits.reduced(c.lossShape(), c.lossAt).times(1/c.divisor())),` + "\n", `logits, logits),` + "\n", "the log-odds compare no losses"},
	{crossEntropy, `a[0].grad().minus(a[1].grad()), sign.times(1/c.divisor())),` + "\n", `sign, sign),` + "\n", "the log-odds compare no gradients"},
	{crossEntropy, "a[0].grad().by(func(i int) float64 { return w(i / s.classes()) }))", "a[1].grad())", "the weight of the target compares no gradients"},
	{crossEntropy, "zero, exactly(zero.all(0))))", "zero, zero))", "an ignored row may have any loss and gradient"},
	{crossEntropy, `equal(output+" of the others", got, want))`, `equal(output+" of the others", want, want))`, "rows beside ignored ones are not looked at"},
	{crossEntropy, "	if c.ignored(r) {\n		return 0\n	}\n", "	if c.ignored(r) {\n		return 1\n	}\n", "ignored rows count for the mean"},
	{crossEntropy, "case mark == 0:", "case false:", "a class that is ignored is that of other rows"},
	{crossEntropy, "		t.values[last] = left\n", "		t.values[last] = min(left, 0.5)\n", "class probabilities do not add to 1"},
	{probability, `		equal("grad_input of BCELoss times p*(1-p)", grad, a[2].grad()),` + "\n", "", "BCELoss of a sigmoid has no gradient"},
	{probability, `		equal("loss of BCELoss after a sigmoid", loss, a[0].loss()),` + "\n", "", "BCELoss of a sigmoid has no loss"},
	{probability, "loss.radius[i] += 2 * eps", "loss.radius[i] += 2000 * eps", "BCELoss of a sigmoid may be far off"},
	{probability, "v *= max(1, -to.low/maxLogit)", "v *= 1", "BCELoss of a sigmoid is not asked about the lowest logits"},
	{probability, "{span{-85, 15}, span{-27.6, 16.6}}", "{span{-27.6, 15}, span{-27.6, 16.6}}", "the losses of a sigmoid have the domain of its gradients"},
	{probability, `		equal("exp(-loss) against the probability of the target", a[0].loss().expMinus(), p),` + "\n", "", "the logarithm has no loss"},
	{probability, `		equal("grad_input times the probability of the target", slope, exactly(x.all(1))),` + "\n", `equal("grad_input", slope, slope),` + "\n", "the logarithm has no gradient"},

	// What is allowed.
	{value, "got.radius[i] + want.radius[i]}", "30 * (got.radius[i] + want.radius[i])}", "every tolerance is 30 times what it is"},
	{value, "math.Abs(e.got-e.want) <= e.allowed", "!(math.Abs(e.got-e.want) > e.allowed)", "NaN is equal to everything"},
	{value, "math.Abs(c(i)) * v.radius[i]", "v.radius[i]", "a factor does not count for what is allowed"},
	{value, "v.values[i] + w.values[i], v.radius[i] + w.radius[i]", "v.values[i] + w.values[i], v.radius[i]", "the second summand is allowed nothing"},
	{value, "if v-v != 0 {", "if v != v {", "infinite answers hold a law"},
	{allowances, "if !al.exact {", "if true {", "level exact allows what parity does"},

	// What a port is asked, and what its answers say.
	{checks, "f.failing++", "_ = 0", "nothing is broken"},
	{checks, "return f.refused != \"\" || f.failing > 0", "return f.failing > 0", "a call that is refused breaks nothing"},
	{checks, "if f.all == 1 || distance > f.headroom {", "if f.all == 1 || distance < f.headroom {", "the nearest equation is described"},
	{checks, "result.Err, result.Blames = f.err, f.blames\n", "", "an answer that does not come is no matter"},
	{checks, "if f.declined && q.mayBeRefused() {", "if f.declined {", "a port may refuse everything"},
	{checks, "if f.declined && q.mayBeRefused() {", "if false {", "a refusal of one class breaks a law"},
	{checks, "case result.Samples == 0:", "case false:", "a law holds that is checked on nothing"},
	{checks, "f.blames = culprit(r.Rule.Module, answers)", "_ = culprit", "a law of two modules blames its own"},
	{checks, "int((k.options.Seed ^", "int((1 ^", "every seed draws the same"},
	{claimed, "reason != \"\" {", "false {", "what the claim leaves out is asked"},
	{claimed, "if slices.Contains(cl.Outputs, output) {", "if true {", "outputs that are not claimed are asked for"},
	{claimed, "if missing != \"\" && !r.demands(s, calls) {", "if missing != \"\" {", "a port of the loss alone is asked no law of both"},
	{claimed, "if missing != \"\" && !r.demands(s, calls) {", "if false {", "a law is checked that demands nothing"},
	{claimed, "divides := reduction == mean && c.indices && c.w != nil", "divides := false", "the mean of a weighted row stands for 'none'"},
	{claimed, "if len(k.options.DTypes) > 0 && !slices", "if false && !slices", "other dtypes than the selected ones are asked"},
	{answers, "case t.DType != c.dtype:", "case false:", "another dtype is right"},
	{answers, "case !tensor.SameShape(t.Shape, shape):", "case false:", "another shape is right"},
	{answers, "return \"the answer lacks \" + name, true", "return \"the answer lacks \" + name, false", "an answer that lacks an output is a wrong one"},
	{answers, "case a.Unsupported != nil:", "case false:", "unsupported inside the claim is no failure"},

	// Counterexamples.
	{shrinks, "const maxShrinks = 400", "const maxShrinks = 0", "nothing is shrunk"},
	{shrinks, "for _, last := range []bool{false, true} {", "for _, last := range []bool{false} {", "no classes are left out"},
	{shrinks, "if s.weighted {", "if false {", "no weight is left out"},
	{shrinks, "if s.smoothing != 0 {", "if false {", "no smoothing is left out"},
	{shrinks, "if s.probable {", "if false {", "no class indices stand for class probabilities"},
	{shrinks, "g.err == nil && g.broken()", "g.err == nil", "what breaks nothing is a counterexample"},
	{shrinks, "g.blames == f.blames", "true", "a smaller counterexample blames another module"},

	// What becomes of a relation, as of any check that is made.
	{made, "r.Outcome, r.Message = outcomeOf(err), bounded(err.Error())", "r.Outcome, r.Message = Pass, \"\"", "a crash in a law is a pass"},
	{made, "r.Outcome, r.Message = Fail, bounded(broken)", "r.Outcome, r.Message = Pass, bounded(broken)", "a broken law is a pass"},
	{engine, "got, err := guarded(answer)", "got, err := answer()", "a panic of the port is one of the suite"},

	// Known failures.
	{knowns, "	case r.Outcome == SuiteError:\n	case len", "	case len", "a baseline covers the suite-error of a case"},
	{knowns, "case o == k.Outcome && (requirement != fixtures.Should || k.Reason != \"\"):", "case requirement != fixtures.Should || k.Reason != \"\":", "a baseline covers every failure"},
	{knowns, "case o == k.Outcome && (requirement != fixtures.Should || k.Reason != \"\"):", "case o == k.Outcome:", "a deviation needs no reason"},
	{knowns, "		r.Gates = r.Requirement != fixtures.Quirk || quirks\n", "		r.Gates = true\n", "quirks gate with another baseline"},
	{knowns, "		case o == KnownFailure && k != nil:\n			return k.Outcome, nil\n", "", "the former baseline stays"},
	{knowns, "	case o == Pass:\n		return Fixed\n", "", "what is fixed passes"},
	{knowns, "r.Gates = r.Gates || r.fixed()\n", "", "a check of a quirk that is fixed does not gate"},

	// The verdict.
	{summaries, "case all.gating() > 0:", "case all.gating() > laws.gating():", "a broken law does not gate"},
	{summaries, "case all.gating() > 0:", "case all.gating() > of.gating():", "a failing case does not gate"},
	{summaries, "case passed == 0:", "case false:", "a module of which nothing passed is conformant"},
	{summaries, "case all.notRun > 0:", "case all.notRun > of.notRun:", "cases that were not run are no matter"},
	{summaries, "case all.notRun > 0:", "case all.notRun > laws.notRun:", "relations that were not checked are no matter"},
	{summaries, "case of.known > 0:", "case false:", "a module with known failures is conformant"},
	{summaries, "case !j.options.Selection.Shard.IsZero():", "case false:", "a shard is conformant"},
	{summaries, "s.Conformant = conformant && claimed > 0", "s.Conformant = conformant", "a port that claims nothing is conformant"},
	{summaries, "if !j.computes(module) {", "if true {", "refusals and laws alone make a module conformant"},
	{summaries, "if m.Claimed && tooOften(result.Incidents, module) {", "if false {", "a port may be lost as often as it likes"},
	{summaries, "if cmp.Or(r.Blames, r.Module) != m.Module {", "if cmp.Or(r.Module, r.Blames) != m.Module {", "a law of two modules counts against its own"},
	{lines, "case m.Conformant && len(m.Limits) > 0:", "case false:", "a part is as good as the whole"},
	{engine, "if err := checkClaims(set, j.can, description.Modules); err != nil {", "if err := checkClaims(set, description.Modules); false {", "what no check is about is certified"},
	{judges, "case answer.Unsupported != nil && q.excused != \"\":", "case answer.Unsupported != nil:", "a refusal may be answered unsupported"},
	{judges, "		if output.Outcome.precedes(result.Outcome) {", "		if false {", "a case passes whatever its outputs"},
	{comparison, "case !v.Pass(level):", "case !v.Pass(\"parity\"):", "every level is parity"},
	{comparison, "return OutputResult{Outcome: SuiteError, Message: v.Message(level)}", "return OutputResult{Outcome: Pass, Message: v.Message(level)}", "expected arrays that do not fit are a pass"},
	{engine, "form != nil {", "form != nil && answer.Outputs != nil {", "an answer that says nothing is one"},
	{engine, "case errors.Is(err, ports.ErrRequest):\n		return SuiteError\n", "", "a call that cannot be written is the fault of the port"},
	{engine, "return c.Rule.Requirement != fixtures.Quirk || j.options.Quirks", "return true", "quirks gate"},
}

// The files.
const (
	laws         = "internal/laws/laws.go"
	crossEntropy = "internal/laws/laws_crossentropy.go"
	probability  = "internal/laws/laws_probability.go"
	value        = "internal/laws/value.go"
	allowances   = "internal/laws/allowance.go"
	checks       = "internal/laws/check.go"
	answers      = "internal/laws/answer.go"
	claimed      = "internal/laws/claimed.go"
	shrinks      = "internal/laws/shrink.go"
	made         = "judge/made.go"
	knowns       = "judge/known.go"
	summaries    = "judge/summary.go"
	lines        = "judge/line.go"
	judges       = "judge/answer.go"
	comparison   = "judge/compare.go"
	engine       = "judge/judge.go"
)
