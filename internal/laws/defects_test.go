package laws

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math"
	"slices"

	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// defect is one thing that a port does wrong with one output.
type defect struct {
	output string
	// wrong returns what element i of the input adds to the output, to which it belongs as its loss does:
	// it is divided by what the module divides by.
	wrong func(c call, i int) float64
	// shows has what begins the equations that the defect breaks: on some input these alone.
	shows string
	// elements bounds those of the input of the counterexample; 0 means two.
	elements int
}

// slight is the size of what is wrong: far more than is allowed, and far less than the results.
const slight = 1e-3

// where is wrong for the elements that are.
func where(is func(c call, i int) bool) func(c call, i int) float64 {
	return func(c call, i int) float64 {
		if is(c, i) {
			return slight
		}
		return 0
	}
}

func always(call, int) bool { return true }

// by is for the calls of a reduction.
func by(reduction string) func(c call, i int) float64 {
	return where(func(c call, _ int) bool { return c.reduction == reduction })
}

// of is for the calls of a module.
func of(module string) func(c call, i int) float64 {
	return where(func(c call, _ int) bool { return c.module == module })
}

// byX is wrong by the logit, for the elements that are.
func byX(is func(c call, i int) bool) func(c call, i int) float64 {
	return func(c call, i int) float64 { return where(is)(c, i) * c.x.values[i] }
}

// weightOf returns the weight of an element, 0 where none is given.
func weightOf(c call, i int) float64 { return given(c, c.w, i) }

func posWeightOf(c call, i int) float64 { return given(c, c.p, i) }

func given(c call, a *array, i int) float64 {
	if a == nil {
		return 0
	}
	return a.along(c.x.shape)(i)
}

// perSample reports whether a weight is one for each sample.
func perSample(a *array, c call) bool {
	last := len(a.shape) - 1
	return len(a.shape) == len(c.x.shape) && a.shape[last] == 1 && c.x.shape[last] > 1
}

func firstRow(c call, i int) bool { return i < len(c.x.values)/c.x.shape[0] }

func lastRow(c call, i int) bool { return i >= len(c.x.values)-len(c.x.values)/c.x.shape[0] }

// leak is what comes from the element so many places before.
func leak(before func(c call) int) func(c call, i int) float64 {
	return func(c call, i int) float64 {
		if i < before(c) {
			return 0
		}
		return slight * math.Tanh(c.x.values[i-before(c)])
	}
}

// classOf is for one class of two, by class indices or probabilities.
func classOf(class int, indices bool) func(c call, i int) float64 {
	return where(func(c call, i int) bool {
		return c.module == ports.CrossEntropyLoss && c.indices == indices && i%2 == class
	})
}

// both are two defects that differ in the output alone.
func both(wrong func(c call, i int) float64) []defect {
	return []defect{
		{output: ports.Loss, wrong: wrong, shows: ports.Loss},
		{output: ports.GradInput, wrong: wrong, shows: ports.GradInput},
	}
}

// within bounds the elements of the counterexamples.
func within(elements int, defects []defect) []defect {
	for i := range defects {
		defects[i].elements = elements
	}
	return defects
}

// defects of each law: what it states, and nothing else, is not so.
var defects = map[string][]defect{
	"symmetry": both(where(func(c call, i int) bool { return c.x.values[i] > 0 })),
	"target-affine": both(func(c call, i int) float64 { // right at hard targets
		return slight * c.t.values[i] * (1 - c.t.values[i])
	}),
	"odds": both(func(c call, i int) float64 { return slight * (1 - c.t.values[i]) }), // affine
	"probabilities": {
		{output: ports.Loss, wrong: where(always), shows: "sum of the probabilities"},
		{output: ports.Loss, wrong: where(func(c call, i int) bool { return c.t.values[i] == 1 && c.x.values[i] > 8 }), shows: "sum of the probabilities"},
	},
	"confidence": {
		{output: ports.Loss, wrong: where(always), shows: "size of grad_input"},
		{output: ports.GradInput, wrong: where(always), shows: "size of grad_input"},
	},
	"weight-ones":     both(where(func(c call, i int) bool { return weightOf(c, i) == 1 })),
	"weight-scales":   both(where(func(c call, i int) bool { return weightOf(c, i) > 8 })),
	"weight-additive": both(where(func(c call, i int) bool { return weightOf(c, i) > 12 })),
	"weight-selects":  both(where(func(c call, i int) bool { return c.w != nil && weightOf(c, i) == 0 })),
	"weight-broadcast": slices.Concat(
		both(where(func(c call, _ int) bool { return !slices.Equal(c.w.shape, c.x.shape) })),
		both(where(func(c call, _ int) bool { return perSample(c.w, c) })),
	),
	"BCEWithLogitsLoss/relations/weight-broadcast": both(where(func(c call, _ int) bool { return c.p != nil && perSample(c.p, c) })),
	"pos-weight-ones": both(where(func(c call, i int) bool { return posWeightOf(c, i) == 1 })),
	"pos-weight-affine": slices.Concat(
		both(func(c call, i int) float64 { return slight * (1 - c.t.values[i]) * posWeightOf(c, i) }), // of the negatives, too
		both(where(func(c call, i int) bool { return posWeightOf(c, i) > 8 })),
	),
	"permute-samples": both(byX(firstRow)),
	"permute-classes": within(12, both(byX(func(c call, i int) bool { return i%c.classes() == 0 }))),
	"repeat-classes": {
		{output: ports.Loss, wrong: where(func(c call, _ int) bool { return c.classes() > 3 }), shows: ports.Loss},
		{output: ports.GradInput, wrong: half(0), shows: "grad_input of the first copies", elements: 17},
		{output: ports.GradInput, wrong: half(1), shows: "grad_input of the second copies", elements: 17},
	},
	"shape": both(where(func(c call, _ int) bool { return len(c.x.shape) > 1 })),
	"split": {
		{output: ports.Loss, wrong: where(lastRow), shows: "loss of the first part"},
		{output: ports.Loss, wrong: where(firstRow), shows: "loss of the second part"},
		{output: ports.GradInput, wrong: where(lastRow), shows: "grad_input of the first part"},
		{output: ports.GradInput, wrong: where(firstRow), shows: "grad_input of the second part"},
	},
	"independence": {
		{output: ports.Loss, wrong: leak(call.classes), shows: "loss elsewhere"},
		{output: ports.Loss, wrong: byX(severalElements), shows: "change of loss", elements: 8},
		{output: ports.GradInput, wrong: leak(call.classes), shows: "grad_input elsewhere"},
		{output: ports.GradInput, wrong: leak(beside), shows: "grad_input elsewhere", elements: 8},
		{output: ports.GradInput, wrong: byX(severalElements), shows: "change of grad_input", elements: 8},
	},
	"mean": both(by(mean)),
	"sum":  both(by(sum)),
	"gradient": {
		{output: ports.Loss, wrong: byX(always), shows: "grad_input against"},
		{output: ports.GradInput, wrong: where(always), shows: "grad_input against"},
		{output: ports.GradInput, wrong: where(func(c call, i int) bool { return math.Abs(c.x.values[i]) < 3 }), shows: "grad_input against"},
		{output: ports.GradInput, wrong: func(call, int) float64 { return 1e-7 }, shows: "grad_input against"}, // what a good quotient sees
	},
	"BCELoss/relations/gradient": {
		{output: ports.GradInput, wrong: func(c call, i int) float64 { // by a millionth, where the logarithm bends
			if x := c.x.values[i]; c.t.values[i] == 1 && x < 0.5 {
				return 1e-6 / x
			}
			return 0
		}, shows: "grad_input against"},
	},
	"grad-output": {
		{output: ports.GradInput, wrong: where(func(c call, i int) bool { return c.u != nil && c.u.values[c.lossAt(i)] < 0 }), shows: ports.GradInput},
	},
	"grad-target": {
		{output: ports.Loss, wrong: func(c call, i int) float64 { return slight * c.t.values[i] }, shows: "loss against"},
		{output: ports.GradTarget, wrong: where(always), shows: "loss against"},
	},
	"grad-weight": {
		{output: ports.Loss, wrong: where(always), shows: "sum of weight"},
		{output: ports.GradWeight, wrong: where(always), shows: "sum of weight"},
	},
	"bce-class-mean": both(of(ports.MultiLabelSoftMarginLoss)),
	"bce-mean":       both(of(ports.MultiLabelSoftMarginLoss)),
	"bce-sum":        both(of(ports.MultiLabelSoftMarginLoss)),
	"of-sigmoid":     both(of(ports.BCELoss)),
	"logarithm": {
		// Where of-sigmoid allows more.
		{output: ports.Loss, wrong: where(nearOne), shows: "exp(-loss)"},
		{output: ports.GradInput, wrong: where(always), shows: "grad_input times"},
		{output: ports.GradInput, wrong: func(c call, i int) float64 { return where(nearOne)(c, i) / (1 - c.x.values[i]) }, shows: "grad_input times"},
	},
	"weighted-mean": both(by(mean)),
	"row-sum":       both(by(sum)),
	"shift":         slices.Concat(both(byX(ofIndices)), both(byX(ofProbabilities))),
	"coupling": {
		{output: ports.Loss, wrong: leak(call.classes), shows: "loss of another row", elements: 6},
		{output: ports.GradInput, wrong: leak(call.classes), shows: "grad_input of another row", elements: 6},
		{output: ports.GradInput, wrong: where(func(c call, i int) bool { return i%c.classes() == 0 }), shows: "softmax", elements: 4},
	},
	"smoothing": within(8, slices.Concat(
		both(where(func(c call, i int) bool { return ofIndices(c, i) && c.smoothing > 0.5 })),
		both(where(func(c call, i int) bool { return ofProbabilities(c, i) && c.smoothing > 0.5 })),
	)),
	"mixture": within(4, both(func(c call, i int) float64 { // right at hard targets
		return slight * c.t.values[i] * (1 - c.t.values[i])
	})),
	"softmax": {
		{output: ports.Loss, wrong: where(ofIndices), shows: "sum of exp(-loss)"},
		{output: ports.Loss, wrong: where(ofProbabilities), shows: "sum of exp(-loss)"},
	},
	"softmax-gradient": {
		{output: ports.Loss, wrong: where(ofIndices), shows: "grad_input plus"},
		{output: ports.GradInput, wrong: where(ofIndices), shows: "grad_input plus"},
		{output: ports.GradInput, wrong: where(ofProbabilities), shows: "grad_input plus"},
	},
	"log-odds": {
		{output: ports.Loss, wrong: byTarget(ofIndices), shows: "loss at one class"},
		{output: ports.Loss, wrong: byTarget(ofProbabilities), shows: "loss at one class"},
		{output: ports.GradInput, wrong: byTarget(ofIndices), shows: "grad_input at one class"},
		{output: ports.GradInput, wrong: byTarget(ofProbabilities), shows: "grad_input at one class"},
	},
	"weight-of-target": slices.Concat(
		both(where(func(c call, i int) bool { return ofIndices(c, i) && weightOf(c, i) > 8 })),
		both(where(func(c call, i int) bool { return ofProbabilities(c, i) && weightOf(c, i) > 8 })),
	),
	"ignored-rows": within(6, []defect{
		{output: ports.Loss, wrong: where(ofIgnored), shows: "loss of an ignored row"},
		{output: ports.GradInput, wrong: where(ofIgnored), shows: "grad_input of an ignored row"},
		{output: ports.Loss, wrong: where(besideIgnored), shows: "loss of the others"},
		{output: ports.GradInput, wrong: where(besideIgnored), shows: "grad_input of the others"},
	}),
	"one-hot":      both(where(func(c call, _ int) bool { return !c.indices })),
	"one-hot-mean": both(where(func(c call, _ int) bool { return !c.indices })),
	"two-classes": {
		{output: ports.Loss, wrong: classOf(0, false), shows: "loss, class probabilities"},
		{output: ports.GradInput, wrong: classOf(0, false), shows: "grad_input of the first class, class probabilities"},
		{output: ports.GradInput, wrong: classOf(1, false), shows: "grad_input of the second class, class probabilities"},
		{output: ports.Loss, wrong: classOf(0, true), shows: "loss, class indices"},
		{output: ports.GradInput, wrong: classOf(0, true), shows: "grad_input of the first class, class indices"},
		{output: ports.GradInput, wrong: classOf(1, true), shows: "grad_input of the second class, class indices"},
	},
}

func ofIndices(c call, _ int) bool { return c.indices }

func ofProbabilities(c call, _ int) bool { return !c.indices }

// nearOne is for an input where the loss at target 0 bends.
func nearOne(c call, i int) bool { return c.x.values[i] > 0.999 && c.t.values[i] == 0 }

// byTarget is wrong by the class of the target, for the calls that are.
func byTarget(is func(c call, i int) bool) func(c call, i int) float64 {
	return func(c call, i int) float64 {
		class := i % c.classes()
		if c.indices {
			class = int(c.t.values[i/c.classes()])
		}
		if c.indices || c.t.values[i] == 1 {
			return where(is)(c, i) * float64(class)
		}
		return 0
	}
}

// ofIgnored is for ignored rows, besideIgnored for the others where there are some.
func ofIgnored(c call, i int) bool { return c.ignored(i / c.classes()) }

func besideIgnored(c call, i int) bool {
	for r := range c.t.values {
		if c.ignored(r) {
			return !ofIgnored(c, i)
		}
	}
	return false
}

// severalElements is for more than there are where a law asks one alone.
func severalElements(c call, _ int) bool { return len(c.x.values) > 4 }

// beside is the place before, where there are so many.
func beside(c call) int {
	if severalElements(c, 0) {
		return 1
	}
	return len(c.x.values)
}

// half is for one half of very many classes.
func half(which int) func(c call, i int) float64 {
	return where(func(c call, i int) bool { return c.classes() > 33 && 2*(i%c.classes())/c.classes() == which })
}

// few returns a defect of a few times what is allowed, up or down by the bits of the inputs.
func few(output string) func(c call, right map[string]tensor.Tensor) map[string]tensor.Tensor {
	return func(c call, right map[string]tensor.Tensor) map[string]tensor.Tensor {
		h := sha256.Sum256(fmt.Appendf(nil, "%x %s %t %v", hash(c.port()), c.reduction, c.indices, c.smoothing))
		allowed := allowance{}.of(c)[output]
		return changed(right, output, func(i int, v float64) float64 {
			if h[i%len(h)]%2 == 0 {
				return v + 3*allowed[i]
			}
			return v - 3*allowed[i]
		})
	}
}

// answers returns what a port with the defect answers.
func (d defect) answers(c call, right map[string]tensor.Tensor) map[string]tensor.Tensor {
	if _, ok := right[d.output]; !ok {
		return right
	}
	added := make([]float64, definition.Size(c.shape(d.output)))
	place := c.place(d.output)
	for i := range c.x.values {
		if wrong := d.wrong(c, i); wrong != 0 {
			added[place(i)] += wrong / c.divisor()
		}
	}
	return changed(right, d.output, func(i int, v float64) float64 { return v + added[i] })
}

// changed changes every element of one output.
func changed(outputs map[string]tensor.Tensor, output string, change func(i int, v float64) float64) map[string]tensor.Tensor {
	t, ok := outputs[output]
	if !ok {
		return outputs
	}
	other := maps.Clone(outputs)
	a := array{t.Shape, t.Float64s()}
	other[output] = a.with(func(i int) float64 { return change(i, a.values[i]) }).tensor(t.DType)
	return other
}
