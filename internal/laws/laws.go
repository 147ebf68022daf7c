package laws

import (
	"math"
	"slices"

	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// elementLaws are the laws of losses that are sums over elements, some of which CrossEntropyLoss has too.
var elementLaws = []law{
	// l(x, t) = l(-x, 1-t), and the gradients are opposite.
	{
		name: "symmetry",
		why:  "softplus(x) and softplus(-x) change places.",
		of: []ofModule{
			{module: ports.BCEWithLogitsLoss, domain: "any reduction, with and without weight",
				says: "The loss of a logit x at target t is that of -x at 1-t, and the gradients are opposite, without pos_weight."},
			{module: ports.MultiLabelSoftMarginLoss, domain: "any reduction, with and without weight",
				says: "The loss of logits x at targets t is that of -x at 1-t, and the gradients are opposite.",
			},
		},
		calls: func(module string, s *sample) []call {
			c := s.weightOnly(module, s.reduction)
			mirrored := c.withX(s.x.negated()).withT(s.t.with(func(i int) float64 { return 1 - s.t.values[i] }))
			return []call{c, mirrored}
		},
		holds: func(_ string, _ *sample, a []answer) []equation {
			return a[1].is(a[0].loss(), a[0].grad().times(-1))
		},
	},
	// l(x, t) = (1-t)·l(x, 0) + t·l(x, 1): with a target of its own for each element of the loss.
	{
		name:       "target-affine",
		says:       "The loss at target t is (1-t) times that at target 0 plus t times that at target 1, and so is the gradient.",
		why:        "The formula is affine in the target.",
		documented: true,
		tolerance:  "t and 1-t times what is allowed at the targets 1 and 0, plus what is allowed at t",
		of: []ofModule{
			{module: ports.BCEWithLogitsLoss, domain: "'none', with and without weight and pos_weight"},
			{module: ports.MultiLabelSoftMarginLoss, domain: "'none', the same target for all classes of a sample, with and without weight"},
			{module: ports.BCELoss, domain: "'none', with and without weight"},
		},
		calls: func(module string, s *sample) []call {
			c := s.call(module, none, lossAndGradient...)
			c = c.withT(s.x.with(func(i int) float64 { return s.t.values[c.lossAt(i)] }))
			return []call{c, c.withT(s.t.all(0)), c.withT(s.t.all(1))}
		},
		holds: func(_ string, s *sample, a []answer) []equation {
			c := a[0].call
			mix := func(zero, one value, t func(i int) float64) value {
				return zero.by(func(i int) float64 { return 1 - t(i) }).plus(one.by(t))
			}
			loss := mix(a[1].loss(), a[2].loss(), func(i int) float64 { return s.t.values[i] })
			return a[0].is(loss, mix(a[1].grad(), a[2].grad(), func(i int) float64 { return c.t.values[i] }))
		},
	},
	// l(x, 0) - l(x, 1) = w·x: the logit is the logarithm of the odds. Its gradient is w.
	{
		name: "odds",
		why:  "softplus(x) - softplus(-x) = x.",
		of: []ofModule{
			{module: ports.BCEWithLogitsLoss, domain: "any reduction, with and without weight",
				says: "The loss at target 0 minus the loss at target 1 is the weighted logit, without pos_weight; the gradients differ by the weight."},
			{module: ports.MultiLabelSoftMarginLoss, domain: "any reduction, with and without weight",
				says: "The loss at targets 0 minus the loss at targets 1 is the class mean of the weighted logits; the gradients differ by the weight.",
			},
		},
		calls: func(module string, s *sample) []call {
			c := s.weightOnly(module, s.reduction)
			return []call{c.withT(s.t.all(0)), c.withT(s.t.all(1))}
		},
		holds: func(_ string, s *sample, a []answer) []equation {
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
		},
	},
	// exp(-l(x, 0)) + exp(-l(x, 1)) = 1: they are the probabilities of the two classes.
	{
		name:      "probabilities",
		says:      "exp(-loss) at target 0 and at target 1 add to 1, element by element.",
		why:       "They are sigmoid(-x) and sigmoid(x).",
		tolerance: "exp(-loss)·expm1(what is allowed), for both",
		of: []ofModule{
			{module: ports.BCEWithLogitsLoss, domain: "'none', without weights"},
			{module: ports.MultiLabelSoftMarginLoss, domain: "'none' of two equal classes, without weights"},
		},
		calls: func(module string, s *sample) []call {
			c := s.alone(module, ports.Loss)
			return []call{c.withT(c.t.all(0)), c.withT(c.t.all(1))}
		},
		holds: func(_ string, _ *sample, a []answer) []equation {
			total := a[0].loss().expMinus().plus(a[1].loss().expMinus())
			return equal("sum of the probabilities exp(-loss) at the targets 0 and 1", total, exactly(total.all(1)))
		},
	},
	// |g| = 1 - exp(-l) at a hard target: the gradient is the probability of the other class.
	{
		name:      "confidence",
		says:      "At a hard target the gradient is the probability of the other class: its size is 1 - exp(-loss), and it is negative at target 1.",
		why:       "The derivative of softplus is sigmoid.",
		tolerance: "what is allowed of the gradient, plus exp(-loss)·expm1(what is allowed of the loss)",
		of: []ofModule{
			{module: ports.BCEWithLogitsLoss, domain: "'none', hard targets, without weights"},
			{module: ports.MultiLabelSoftMarginLoss, domain: "'none' of two equal classes, hard targets, without weights"},
		},
		calls: func(module string, s *sample) []call {
			c := s.alone(module, lossAndGradient...)
			return []call{c.withT(c.t.with(func(i int) float64 { return math.Round(c.t.values[i]) }))}
		},
		holds: func(_ string, _ *sample, a []answer) []equation {
			c := a[0].call
			size := a[0].grad().by(func(i int) float64 { return 1 - 2*c.t.values[i] }).reduced(c.lossShape(), c.lossAt)
			p := a[0].loss().expMinus()
			return equal("size of grad_input plus exp(-loss)", size.plus(p), exactly(p.all(1)))
		},
	},
	{
		name:       "weight-ones",
		says:       "A weight of ones changes nothing.",
		why:        "The weight multiplies.",
		documented: true,
		of: []ofModule{
			{module: ports.BCEWithLogitsLoss, domain: "any reduction, with and without pos_weight"},
			{module: ports.MultiLabelSoftMarginLoss, domain: "any reduction"},
			{module: ports.BCELoss, domain: "any reduction"},
		},
		calls: func(module string, s *sample) []call {
			c := s.call(module, s.reduction, lossAndGradient...)
			c.w = nil
			return []call{c, c.withW(s.w.all(1))}
		},
		holds: same,
	},
	{
		name:       "weight-scales",
		says:       "'none' with a weight is the weight times 'none' without, element by element; so is the gradient.",
		why:        "The weight multiplies.",
		documented: true,
		tolerance:  "the weight times what is allowed without it, plus what is allowed with it",
		of: []ofModule{
			{module: ports.BCEWithLogitsLoss, domain: "'none'; weights of every shape that broadcasts, with and without pos_weight"},
			{module: ports.BCELoss, domain: "'none'; weights of every shape that broadcasts"},
		},
		calls: func(module string, s *sample) []call {
			c := s.call(module, none, lossAndGradient...)
			c.w = nil
			return []call{c, c.withW(s.w)}
		},
		holds: func(_ string, s *sample, a []answer) []equation {
			w := s.w.along(s.x.shape)
			return a[1].is(a[0].loss().by(w), a[0].grad().by(w))
		},
	},
	{
		name:       "weight-additive",
		says:       "The loss with the weight v + w is the sum of those with v and with w; so is the gradient.",
		why:        "The weight multiplies, and a mean does not divide by it.",
		documented: true,
		of: []ofModule{
			{module: ports.BCEWithLogitsLoss, domain: "any reduction, with and without pos_weight"},
			{module: ports.MultiLabelSoftMarginLoss, domain: "any reduction"},
			{module: ports.BCELoss, domain: "any reduction"},
		},
		calls: func(module string, s *sample) []call {
			c := s.call(module, s.reduction, lossAndGradient...)
			v := s.w.with(func(i int) float64 { return s.w.values[len(s.w.values)-1-i] })
			both := s.w.with(func(i int) float64 { return v.values[i] + s.w.values[i] }) // exact: see quantum
			return []call{c.withW(v), c.withW(s.w), c.withW(both)}
		},
		holds: func(_ string, _ *sample, a []answer) []equation {
			return a[2].is(a[0].loss().plus(a[1].loss()), a[0].grad().plus(a[1].grad()))
		},
	},
	{
		name:       "weight-selects",
		says:       "A weight of 1 for one class and of 0 for the others leaves the loss of that class alone, divided by the number of classes; the gradient of the others is 0.",
		why:        "The weight multiplies the loss of each class before the mean over classes.",
		documented: true,
		of: []ofModule{
			{module: ports.MultiLabelSoftMarginLoss, domain: "'none'"},
		},
		calls: func(module string, s *sample) []call {
			j := s.pick % s.classes()
			c := s.plain(module, none, lossAndGradient...)
			alone := c.each(func(a array) array { return a.taken(true, s.x.shape, []int{j, j}) }) // for a library may refuse one class
			selected := array{[]int{s.classes()}, make([]float64, s.classes())}
			selected.values[j] = 1
			return []call{alone, c.withW(selected)}
		},
		holds: func(_ string, s *sample, a []answer) []equation {
			j, classes := s.pick%s.classes(), s.classes()
			share := 1 / float64(classes)
			want := exactly(s.x.all(0))
			alone := a[0].grad().reduced(a[0].call.lossShape(), a[0].call.lossAt).times(share)
			for row := range alone.values {
				want.values[row*classes+j], want.radius[row*classes+j] = alone.values[row], alone.radius[row]
			}
			return a[1].is(a[0].loss().times(share), want)
		},
	},
	{
		name:       "weight-broadcast",
		documented: true,
		of: []ofModule{
			{module: ports.BCEWithLogitsLoss, domain: "any reduction; weights (C,), (N, 1, ...), (1,) and of the shape of the input",
				says: "A weight, or pos_weight, that is broadcast gives what it gives repeated by hand.",
				why:  "The weight and pos_weight parameters."},
			{module: ports.BCELoss, domain: "any reduction; weights (C,), (N, 1, ...), (1,) and of the shape of the input",
				says: "A weight that is broadcast gives what it gives repeated by hand.",
				why:  "The weight parameter.",
			},
		},
		calls: func(module string, s *sample) []call {
			c := s.call(module, s.reduction, lossAndGradient...).withW(s.w)
			repeated := c.withW(s.w.expanded(s.x.shape))
			if c.p != nil {
				repeated = repeated.withP(s.p.expanded(s.x.shape))
			}
			return []call{c, repeated}
		},
		holds: same,
	},
	{
		name:       "pos-weight-ones",
		says:       "A pos_weight of ones changes nothing.",
		why:        "The pos_weight parameter.",
		documented: true,
		of: []ofModule{
			{module: ports.BCEWithLogitsLoss, domain: "any reduction, with and without weight"},
		},
		calls: func(module string, s *sample) []call {
			c := s.weightOnly(module, s.reduction)
			return []call{c, c.withP(s.p.all(1))}
		},
		holds: same,
	},
	// l(x, t; p) = l(x, t) + (p-1)·t·l(x, 1): the positive term alone is multiplied.
	{
		name:       "pos-weight-affine",
		says:       "The loss with pos_weight p is that without plus (p-1)·t times that at target 1; so is the gradient.",
		why:        "pos_weight multiplies the positive term.",
		documented: true,
		tolerance:  "|p-1|·t times what is allowed at target 1, plus what is allowed of the others",
		of: []ofModule{
			{module: ports.BCEWithLogitsLoss, domain: "'none', with and without weight; pos_weights of every shape that broadcasts"},
		},
		calls: func(module string, s *sample) []call {
			c := s.weightOnly(module, none)
			return []call{c, c.withT(s.t.all(1)), c.withP(s.p)}
		},
		holds: func(_ string, s *sample, a []answer) []equation {
			p := s.p.along(s.x.shape)
			more := func(i int) float64 { return (p(i) - 1) * s.t.values[i] }
			return a[2].is(a[0].loss().plus(a[1].loss().by(more)), a[0].grad().plus(a[1].grad().by(more)))
		},
	},
	{
		name: "permute-samples",
		says: "The results of permuted samples are the permuted results; mean and sum stay.",
		why:  "Samples are independent, and sums do not depend on an order.",
		of: []ofModule{
			{module: ports.BCEWithLogitsLoss, domain: "any reduction, with and without weight and pos_weight"},
			{module: ports.MultiLabelSoftMarginLoss, domain: "any reduction, with and without weight"},
			{module: ports.BCELoss, domain: "any reduction, with and without weight"},
			{module: ports.CrossEntropyLoss, domain: "any reduction, class indices and class probabilities, with and without weight and label_smoothing",
				says: "The results of permuted rows are the permuted results; mean and sum stay.",
				why:  "Rows are independent, and sums do not depend on an order.",
			},
		},
		calls: func(module string, s *sample) []call {
			c := s.call(module, s.reduction, lossAndGradient...)
			order := s.permutation(s.x.shape[0])
			return []call{c, c.each(func(a array) array { return a.taken(false, s.x.shape, order) })}
		},
		holds: func(_ string, s *sample, a []answer) []equation {
			order := s.permutation(s.x.shape[0])
			loss := a[0].loss()
			if s.reduction == none {
				loss = loss.taken(false, order)
			}
			return a[1].is(loss, a[0].grad().taken(false, order))
		},
	},
	{
		name: "permute-classes",
		why:  "Classes are independent.",
		of: []ofModule{
			{module: ports.BCEWithLogitsLoss, domain: "any reduction, with and without weight and pos_weight",
				says: "The results of permuted classes, with weights permuted alike, are the permuted results; mean and sum stay."},
			{module: ports.MultiLabelSoftMarginLoss, domain: "any reduction, with and without weight",
				says: "Permuting the classes, with the weight permuted alike, permutes the gradient and leaves the losses as they are."},
			{module: ports.BCELoss, domain: "any reduction, with and without weight",
				says: "Permuting the last dimension, with the weight permuted alike, permutes 'none' and the gradient; mean and sum stay.",
				why:  "Elements are independent, and sums do not depend on an order."},
			{module: ports.CrossEntropyLoss, domain: "any reduction, class indices and class probabilities, with and without weight and label_smoothing",
				says: "Permuting the classes, with weight and class indices alike, permutes the gradient and leaves the losses as they are.",
				why:  "The formula does not depend on the order of the classes.",
			},
		},
		calls: func(module string, s *sample) []call {
			c := s.call(module, s.reduction, lossAndGradient...)
			order := s.permutation(s.classes())
			permuted := c.each(func(a array) array { return a.taken(true, s.x.shape, order) })
			if c.indices {
				permuted = permuted.withClasses(func(r int) int { return slices.Index(order, s.class(r)) })
			}
			return []call{c, permuted}
		},
		holds: func(_ string, s *sample, a []answer) []equation {
			order := s.permutation(s.classes())
			loss := a[0].loss()
			if s.reduction == none && !a[0].call.rowwise() {
				loss = loss.taken(true, order)
			}
			return a[1].is(loss, a[0].grad().taken(true, order))
		},
	},
	{
		name: "repeat-classes",
		says: "With every class there twice the losses stay, and each of the gradients is halved.",
		why:  "A mean does not depend on how often all of its elements are there.",
		of: []ofModule{
			{module: ports.MultiLabelSoftMarginLoss, domain: "any reduction, with and without weight"},
		},
		calls: func(module string, s *sample) []call {
			c := s.call(module, s.reduction, lossAndGradient...)
			twice := append(wholeNumbers(0, s.classes()), wholeNumbers(0, s.classes())...)
			return []call{c, c.each(func(a array) array { return a.taken(true, s.x.shape, twice) })}
		},
		holds: func(_ string, s *sample, a []answer) []equation {
			n := s.classes()
			return slices.Concat(
				equal(ports.Loss, a[1].loss(), a[0].loss()),
				equal("grad_input of the first copies", a[1].grad().taken(true, wholeNumbers(0, n)), a[0].grad().times(0.5)),
				equal("grad_input of the second copies", a[1].grad().taken(true, wholeNumbers(n, 2*n)), a[0].grad().times(0.5)),
			)
		},
	},
	{
		name:       "shape",
		says:       "The same elements in another shape have the same losses and gradients.",
		why:        "The shape is (*).",
		documented: true,
		of: []ofModule{
			{module: ports.BCEWithLogitsLoss, domain: "any reduction, one to four dimensions, with and without weight and pos_weight"},
			{module: ports.BCELoss, domain: "any reduction, one to four dimensions, with and without weight"},
		},
		calls: func(module string, s *sample) []call {
			c := s.call(module, s.reduction, lossAndGradient...)
			flat := c.each(func(a array) array { return a.expanded(s.x.shape).reshaped(len(s.x.values)) })
			return []call{c, flat}
		},
		holds: func(_ string, s *sample, a []answer) []equation {
			return a[0].is(a[1].loss().reshaped(a[0].loss().shape...), a[1].grad().reshaped(s.x.shape...))
		},
	},
	{
		name: "split",
		says: "'none' of a batch is 'none' of its first samples, and of the others.",
		why:  "Samples are independent.",
		of: []ofModule{
			{module: ports.BCEWithLogitsLoss, domain: "'none', two samples or more, with and without weight and pos_weight"},
			{module: ports.MultiLabelSoftMarginLoss, domain: "'none', two samples or more, with and without weight"},
			{module: ports.BCELoss, domain: "'none', two samples or more, with and without weight"},
			{module: ports.CrossEntropyLoss, domain: "'none', two rows or more, class indices and class probabilities, with and without weight and label_smoothing",
				says: "'none' of a batch is 'none' of its first rows, and of the others.",
				why:  "Rows are independent.",
			},
		},
		calls: func(module string, s *sample) []call {
			rows := s.x.shape[0]
			if rows < 2 {
				return nil
			}
			c := s.call(module, none, lossAndGradient...)
			part := func(first, end int) call {
				return c.each(func(a array) array { return a.taken(false, s.x.shape, wholeNumbers(first, end)) })
			}
			at := s.cut()
			return []call{c, part(0, at), part(at, rows)}
		},
		holds: func(_ string, s *sample, a []answer) []equation {
			rows := s.x.shape[0]
			at := s.cut()
			var equations []equation
			for _, output := range lossAndGradient {
				whole := a[0].output(output)
				equations = slices.Concat(equations,
					equal(output+" of the first part", a[1].output(output), whole.taken(false, wholeNumbers(0, at))),
					equal(output+" of the second part", a[2].output(output), whole.taken(false, wholeNumbers(at, rows))))
			}
			return equations
		},
	},
	{
		name: "independence",
		why:  "Classes are independent: no softmax couples them.",
		of: []ofModule{
			{module: ports.BCEWithLogitsLoss, domain: "'none', with and without weight and pos_weight",
				says: "Another logit (i, j) changes element (i, j) of 'none' as it changes it alone, and no other element, nor its gradient."},
			{module: ports.MultiLabelSoftMarginLoss, domain: "'none', with and without weight",
				says: "Another logit (i, j) changes the loss of sample i by the C-th part of what it changes alone, and no other loss; of the gradients it changes its own alone."},
			{module: ports.BCELoss, domain: "'none', with and without weight",
				says: "Another input at one place changes loss and gradient there as it does alone, and nowhere else.",
				why:  "The formula is one of each element.",
			},
		},
		calls: func(module string, s *sample) []call {
			if len(s.x.values) < 2 {
				return nil
			}
			c := s.call(module, none, lossAndGradient...)
			shape := []int{2} // two that are equal, for a library may refuse one
			if module == ports.MultiLabelSoftMarginLoss {
				shape = []int{2, 2}
			}
			filled := func(shape []int, v float64) array {
				return array{shape, slices.Repeat([]float64{v}, definition.Size(shape))}
			}
			other := s.input(module, filled(shape, s.other))
			alone := c.withX(filled(shape, c.x.values[s.pick])).withT(filled(shape, c.t.values[s.pick]))
			for _, a := range []**array{&alone.w, &alone.p} {
				if *a != nil {
					w := filled(shape[len(shape)-1:], (*a).along(s.x.shape)(s.pick))
					*a = &w
				}
			}
			return []call{c, c.withX(c.x.replaced(s.pick, other.values[0])), alone, alone.withX(other)}
		},
		holds: func(_ string, s *sample, a []answer) []equation {
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
				alone := a[3].call
				change := a[3].output(output).minus(a[2].output(output))
				if output == ports.GradInput {
					change = change.reduced(alone.lossShape(), alone.lossAt)
				}
				change = change.times(share)
				changed := equal("change of "+output, after.at(place).minus(before.at(place)), change.at(0))
				equations = append(equations, placed(changed, before.shape, place)...)
			}
			return equations
		},
	},
	{
		name:       "mean",
		says:       "The mean is the sum divided by the number of elements, weights or not; so is the gradient.",
		why:        "reduction='mean'.",
		documented: true,
		of: []ofModule{
			{module: ports.BCEWithLogitsLoss, domain: "with and without weight and pos_weight"},
			{module: ports.MultiLabelSoftMarginLoss, domain: "with and without weight",
				says: "The mean is the sum divided by the number of samples, weights or not; so is the gradient."},
			{module: ports.BCELoss, domain: "with and without weight"},
			{module: ports.CrossEntropyLoss, domain: "class probabilities, with and without weight and label_smoothing",
				says: "The mean of class probabilities is the sum divided by the number of rows, weights or not; so is the gradient.",
				why:  "The formula of 'mean' for class probabilities divides by N.",
			},
		},
		calls: func(module string, s *sample) []call {
			c := s.differentiable(module, mean, lossAndGradient...)
			return []call{c, c.by(sum)}
		},
		holds: func(_ string, _ *sample, a []answer) []equation {
			share := 1 / float64(definition.Size(a[0].call.by(none).lossShape()))
			return a[0].is(a[1].loss().times(share), a[1].grad().times(share))
		},
	},
	{
		name:       "sum",
		says:       "The sum adds the elements of 'none'; its gradient is that of 'none'.",
		why:        "reduction='sum'.",
		documented: true,
		of: []ofModule{
			{module: ports.BCEWithLogitsLoss, domain: "with and without weight and pos_weight"},
			{module: ports.MultiLabelSoftMarginLoss, domain: "with and without weight"},
			{module: ports.BCELoss, domain: "with and without weight"},
		},
		calls: sumCalls,
		holds: sumIsNone,
	},
	{
		name:      "gradient",
		says:      "The gradient is the difference quotient of the loss.",
		why:       "The definition of a derivative.",
		tolerance: "what is allowed of both losses, divided by 2h, plus h²/6·max|l'''| and what is allowed of the gradient",
		of: []ofModule{
			{module: ports.BCEWithLogitsLoss, domain: "float64, any reduction, with and without weight and pos_weight; one logit at a time, h = 2⁻¹⁴"},
			{module: ports.MultiLabelSoftMarginLoss, domain: "float64, any reduction, with and without weight; one logit at a time, h = 2⁻¹⁴"},
			{module: ports.BCELoss, domain: "float64, any reduction, with and without weight; one element of the input at a time, h = 2⁻¹⁴·min(x, 1-x)"},
			{module: ports.CrossEntropyLoss, domain: "float64; any reduction, class indices and class probabilities, with and without weight and label_smoothing; one logit at a time, h = 2⁻¹⁴"},
		},
		calls: func(module string, s *sample) []call {
			if s.dtype != tensor.Float64 {
				return nil
			}
			c := s.call(module, s.reduction, lossAndGradient...)
			x, h := c.x.values[s.pick], c.step(s.pick)
			return []call{c, c.withX(c.x.replaced(s.pick, x-h)), c.withX(c.x.replaced(s.pick, x+h))}
		},
		holds: func(_ string, s *sample, a []answer) []equation {
			c := a[0].call
			place := c.lossAt(s.pick)
			width := a[2].call.x.values[s.pick] - a[1].call.x.values[s.pick]
			quotient := a[2].loss().at(place).minus(a[1].loss().at(place)).times(1 / width)
			second, third := c.bends(s.pick)
			h := c.step(s.pick)
			// The last term: x ± h is rounded, and x not quite in the middle.
			quotient.radius[0] += h*h/6*third + second*math.Abs(c.x.values[s.pick])*0x1p-52
			return placed(equal("grad_input against the difference quotient", a[0].grad().at(s.pick), quotient), s.x.shape, s.pick)
		},
	},
	{
		name:      "grad-output",
		says:      "An upstream gradient multiplies the gradients, element by element for 'none'.",
		why:       "The chain rule.",
		tolerance: "the upstream gradient times what is allowed without, plus what is allowed with",
		of: []ofModule{
			{module: ports.BCEWithLogitsLoss, domain: "any reduction, with and without weight and pos_weight"},
			{module: ports.MultiLabelSoftMarginLoss, domain: "any reduction, with and without weight",
				says: "An upstream gradient multiplies the gradients, sample by sample for 'none'."},
			{module: ports.BCELoss, domain: "any reduction, with and without weight"},
			{module: ports.CrossEntropyLoss, domain: "any reduction, class indices and class probabilities, with and without weight and label_smoothing",
				says: "An upstream gradient multiplies the gradients, row by row for 'none'.",
			},
		},
		calls: func(module string, s *sample) []call {
			c := s.call(module, s.reduction, ports.GradInput)
			return []call{c, c.withU(s.upstream(c))}
		},
		holds: func(_ string, _ *sample, a []answer) []equation {
			c := a[1].call
			return equal(ports.GradInput, a[1].grad(), a[0].grad().by(func(i int) float64 { return c.u.values[c.lossAt(i)] }))
		},
	},
	// l(x, t) = l(x, 0) + Σ t·∂l/∂t: the loss is affine in the target.
	{
		name:      "grad-target",
		says:      "The loss is that at target 0 plus the targets times their gradients.",
		tolerance: "the targets times what is allowed of their gradients, plus what is allowed of the losses",
		why:       "The formula is affine in the target.",
		should:    true,
		of: []ofModule{
			{module: ports.BCEWithLogitsLoss, domain: "any reduction, with and without weight and pos_weight; ports that have grad_target"},
			{module: ports.MultiLabelSoftMarginLoss, domain: "any reduction, with and without weight; ports that have grad_target"},
			{module: ports.BCELoss, domain: "any reduction, with and without weight; ports that have grad_target"},
			{module: ports.CrossEntropyLoss, domain: "class probabilities; any reduction, with and without weight and label_smoothing; ports that have grad_target",
				says:      "The loss is that at target 0 plus the class probabilities times their gradients.",
				why:       "The formula is affine in the class probabilities.",
				tolerance: "the class probabilities times what is allowed of their gradients, plus what is allowed of the losses",
			},
		},
		calls: func(module string, s *sample) []call {
			c := s.differentiable(module, s.reduction, ports.Loss, ports.GradTarget)
			zero := c.withT(c.t.all(0))
			zero.want = []string{ports.Loss}
			return []call{c, zero}
		},
		holds: func(_ string, _ *sample, a []answer) []equation {
			c := a[0].call
			part := a[0].output(ports.GradTarget).by(func(i int) float64 { return c.t.values[i] }).reduced(c.lossShape(), c.lossAt)
			return equal("loss against that at target 0 plus target·grad_target", a[0].loss(), a[1].loss().plus(part))
		},
	},
	// Σ w·∂l/∂w = l: the loss is linear in the weight.
	{
		name:      "grad-weight",
		says:      "The weights times their gradients add to the loss.",
		should:    true,
		tolerance: "the weights times what is allowed of their gradients, plus what is allowed of the loss",
		of: []ofModule{
			{module: ports.MultiLabelSoftMarginLoss, domain: "any reduction; ports that have grad_weight",
				why: "The formula is linear in the weight (Euler's theorem on homogeneous functions)."},
			{module: ports.CrossEntropyLoss, domain: "class probabilities; any reduction, with and without label_smoothing; ports that have grad_weight",
				why: "With class probabilities the formula is linear in the weight (Euler's theorem on homogeneous functions).",
			},
		},
		calls: func(module string, s *sample) []call {
			return []call{s.differentiable(module, s.reduction, ports.Loss, ports.GradWeight).withW(s.w)}
		},
		holds: func(_ string, s *sample, a []answer) []equation {
			all := func(int) int { return 0 }
			got := a[0].output(ports.GradWeight).by(func(i int) float64 { return s.w.values[i] }).reduced([]int{}, all)
			return equal("sum of weight·grad_weight against the loss", got, a[0].loss().reduced([]int{}, all))
		},
	},
	{
		name: "bce-class-mean",
		says: "'none' is the class mean of 'none' of BCEWithLogitsLoss, and its gradient the C-th part.",
		why:  "Both formulas.",
		of: []ofModule{
			{module: ports.MultiLabelSoftMarginLoss, domain: "'none', with and without weight; ports that have both modules"},
		},
		calls: func(module string, s *sample) []call {
			c := s.call(module, none, lossAndGradient...)
			return []call{c, c.of(ports.BCEWithLogitsLoss)}
		},
		holds: func(_ string, _ *sample, a []answer) []equation {
			c := a[0].call
			share := 1 / c.divisor()
			return a[0].is(a[1].loss().reduced(c.lossShape(), c.lossAt).times(share), a[1].grad().times(share))
		},
	},
	{
		name: "bce-mean",
		says: "The mean is that of BCEWithLogitsLoss; so is the gradient.",
		why:  "Both formulas.",
		of: []ofModule{
			{module: ports.MultiLabelSoftMarginLoss, domain: "with and without weight; ports that have both modules"},
		},
		calls: func(module string, s *sample) []call {
			c := s.call(module, mean, lossAndGradient...)
			return []call{c.of(ports.BCEWithLogitsLoss), c}
		},
		holds: same,
	},
	{
		name: "bce-sum",
		says: "The sum is the C-th part of that of BCEWithLogitsLoss; so is the gradient.",
		why:  "Both formulas.",
		of: []ofModule{
			{module: ports.MultiLabelSoftMarginLoss, domain: "with and without weight; ports that have both modules"},
		},
		calls: func(module string, s *sample) []call {
			c := s.call(module, sum, lossAndGradient...)
			return []call{c, c.of(ports.BCEWithLogitsLoss)}
		},
		holds: func(_ string, s *sample, a []answer) []equation {
			share := 1 / float64(s.classes())
			return a[0].is(a[1].loss().times(share), a[1].grad().times(share))
		},
	},
	{
		name:       "row-sum",
		says:       "The sum adds the losses of the rows; the gradients are those of 'none'.",
		why:        "The formula of 'sum'.",
		documented: true,
		of: []ofModule{
			{module: ports.CrossEntropyLoss, domain: "class indices and class probabilities, with and without weight and label_smoothing"},
		},
		calls: sumCalls,
		holds: sumIsNone,
	},
}

// lossAndGradient is what most laws are about.
var lossAndGradient = []string{ports.Loss, ports.GradInput}

// same demands that all outputs of two calls are equal.
func same(_ string, _ *sample, a []answer) []equation {
	return a[1].is(a[0].loss(), a[0].grad())
}

// weightOnly is call without pos_weight, for loss and grad_input.
func (s *sample) weightOnly(module, reduction string) call {
	c := s.call(module, reduction, lossAndGradient...)
	c.p = nil
	return c
}

// alone returns 'none' of single elements, without weights: MultiLabelSoftMarginLoss has each as two equal
// classes, for a library may refuse one class.
func (s *sample) alone(module string, want ...string) call {
	c := s.plain(module, none, want...)
	if module == ports.MultiLabelSoftMarginLoss {
		c = c.each(func(a array) array {
			return a.reshaped(len(a.values), 1).expanded([]int{len(a.values), 2})
		})
	}
	return c
}

// wholeNumbers returns the numbers from first to below end.
func wholeNumbers(first, end int) []int {
	var numbers []int
	for i := first; i < end; i++ {
		numbers = append(numbers, i)
	}
	return numbers
}

// The sum adds the elements of 'none'.
func sumCalls(module string, s *sample) []call {
	c := s.call(module, sum, lossAndGradient...)
	return []call{c, c.by(none)}
}

func sumIsNone(_ string, _ *sample, a []answer) []equation {
	total := a[1].loss().reduced([]int{}, func(int) int { return 0 })
	return a[0].is(total, a[1].grad())
}

// step is that of the difference quotient: with it, what it truncates, h²/6·|l”'|, and what
// two losses may be wrong by, divided by 2h, are both small.
const step = 0x1p-14

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
