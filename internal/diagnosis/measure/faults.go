package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"lossproof/internal/claim"
	"lossproof/internal/definition"
	"lossproof/internal/diagnosis"
	"lossproof/internal/divergence"
	"lossproof/internal/testports/divergent"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// fault is one that no catalogue has. It changes what is right of one output of a module.
type fault struct {
	kind, what     string
	module, output string
	// change returns a number for the right one.
	change func(e element) float64
}

// element is an element of an output. x, t and w are its logit, target and weight where the output has the
// shape of the input; of a reduced loss they are those of the only element, or NaN.
type element struct {
	v, x, t, w float64
	i, n       int
	rank       int
	// classes and column are those of the last dimension, or of the class dimension.
	classes, column int
	dtype           tensor.DType
	reduction       string
	call            ports.Call
}

func (e element) has(name string) bool { _, ok := e.call.Inputs[name]; return ok }

// when changes v where is says so.
func when(is func(e element) bool, change func(v float64) float64) func(e element) float64 {
	return func(e element) float64 {
		if is(e) {
			return change(e.v)
		}
		return e.v
	}
}

func times(k float64) func(float64) float64 { return func(v float64) float64 { return k * v } }
func plus(k float64) func(float64) float64  { return func(v float64) float64 { return v + k } }
func to(k float64) func(float64) float64    { return func(float64) float64 { return k } }
func rounded(d tensor.DType) func(float64) float64 {
	return d.Format().Round
}

const (
	logits = ports.BCEWithLogitsLoss
	multi  = ports.MultiLabelSoftMarginLoss
	prob   = ports.BCELoss
	rows   = ports.CrossEntropyLoss
)

var always = func(element) bool { return true }

// faults are forty: ten of each kind.
var faults = []fault{
	{"threshold", "x > 30", logits, ports.Loss, when(func(e element) bool { return e.x > 30 }, times(1.01))},
	{"threshold", "|x| < 0.3", logits, ports.Loss, when(func(e element) bool { return math.Abs(e.x) < 0.3 }, plus(0.1))},
	{"threshold", "x < -40", multi, ports.GradInput, when(func(e element) bool { return e.x < -40 }, plus(0.5))},
	{"threshold", "x < 1e-9", prob, ports.Loss, when(func(e element) bool { return e.x < 1e-9 }, plus(1))},
	{"threshold", "x > 50", rows, ports.GradInput, when(func(e element) bool { return e.x > 50 }, plus(0.25))},
	{"threshold", "|x| > 12", logits, ports.GradInput, when(func(e element) bool { return math.Abs(e.x) > 12 }, plus(1))},
	{"threshold", "t > 0.7", prob, ports.GradInput, when(func(e element) bool { return e.t > 0.7 }, times(1.1))},
	{"threshold", "t < 0", logits, ports.Loss, when(func(e element) bool { return e.t < 0 }, to(math.NaN()))},
	{"threshold", "w > 3", multi, ports.GradInput, when(func(e element) bool { return e.w > 3 }, times(0.5))},
	{"threshold", "t = 1", logits, ports.GradTarget, when(func(e element) bool { return e.t == 1 }, plus(2))},

	{"position", "the last element", logits, ports.Loss, when(func(e element) bool { return e.reduction == "none" && e.i == e.n-1 }, to(0))},
	{"position", "from 40 on", logits, ports.Loss, when(func(e element) bool { return e.reduction == "none" && e.i >= 40 }, to(0))},
	{"position", "every 8th", prob, ports.GradInput, when(func(e element) bool { return e.i%8 == 7 }, times(3))},
	{"position", "the first row", multi, ports.Loss, when(func(e element) bool { return e.reduction == "none" && e.i == 0 }, times(2))},
	{"position", "rows from 3 on", rows, ports.Loss, when(func(e element) bool { return e.reduction == "none" && e.i >= 3 }, plus(0.5))},
	{"position", "more than 100 elements", logits, ports.Loss, when(func(e element) bool { return e.reduction != "none" && e.n > 100 }, times(0.9))},
	{"position", "what is left over by 4", prob, ports.Loss, when(func(e element) bool { return e.reduction == "none" && e.i >= e.n-e.n%4 }, times(2))},
	{"position", "the last class", rows, ports.GradInput, when(func(e element) bool { return e.column == 0 }, plus(0.1))},
	{"position", "three dimensions", logits, ports.GradInput, when(func(e element) bool { return e.rank >= 3 }, times(-1.5))},
	{"position", "more than 4 classes", multi, ports.Loss, when(func(e element) bool { return e.classes > 4 }, times(1.25))},

	{"factor", "mean times 256", logits, ports.Loss, when(func(e element) bool { return e.reduction == "mean" }, times(256))},
	{"factor", "none times the elements", prob, ports.Loss, func(e element) float64 {
		if e.reduction == "none" {
			return e.v * float64(e.n)
		}
		return e.v
	}},
	{"factor", "gradient of the mean times 100", multi, ports.GradInput, when(func(e element) bool { return e.reduction == "mean" }, times(100))},
	{"factor", "plus log 2", rows, ports.Loss, when(always, plus(math.Ln2))},
	{"factor", "log 2 with pos_weight", logits, ports.Loss, when(func(e element) bool { return e.has(ports.PosWeight) }, times(math.Ln2))},
	{"factor", "3 with a weight", rows, ports.Loss, when(func(e element) bool { return e.has(ports.Weight) }, times(3))},
	{"factor", "1/255", prob, ports.GradInput, when(always, times(1.0/255))},
	{"factor", "1.5 with a weight", multi, ports.Loss, when(func(e element) bool { return e.has(ports.Weight) }, times(1.5))},
	{"factor", "2 in grad_target", rows, ports.GradTarget, when(always, times(2))},
	{"factor", "0.1 in float32", logits, ports.GradTarget, when(func(e element) bool { return e.dtype == tensor.Float32 }, times(0.1))},

	{"precision", "loss to float32", logits, ports.Loss, when(always, rounded(tensor.Float32))},
	{"precision", "gradient to bfloat16", prob, ports.GradInput, when(always, rounded(tensor.BFloat16))},
	{"precision", "loss to float16", multi, ports.Loss, when(always, rounded(tensor.Float16))},
	{"precision", "to float32 with smoothing", rows, ports.Loss, when(func(e element) bool { return e.call.Options.LabelSmoothing != nil }, rounded(tensor.BFloat16))},
	{"precision", "1e-4 where x > 5", logits, ports.Loss, when(func(e element) bool { return e.x > 5 }, times(1.0001))},
	{"precision", "1e-3 in the mean", rows, ports.Loss, when(func(e element) bool { return e.reduction == "mean" }, times(1.001))},
	{"precision", "1e-8 in float64", prob, ports.Loss, when(func(e element) bool { return e.dtype == tensor.Float64 }, times(1+1e-5))},
	{"precision", "below 1e-3 zero", multi, ports.GradInput, func(e element) float64 {
		if e.x < -7 && e.t < 0.5 {
			return e.v + 1e-2
		}
		return e.v
	}},
	{"precision", "with grad_output", logits, ports.GradInput, when(func(e element) bool { return e.has(ports.GradOutput) }, times(1.0005))},
	{"precision", "three decimals", rows, ports.GradInput, when(always, func(v float64) float64 { return math.Round(v*1000) / 1000 })},
}

// answer is the answer of a port with the fault.
func (f fault) answer(call ports.Call) ports.Answer {
	answer, _ := f.changed(call)
	return answer
}

// changed is the answer of a port with the fault, and says which elements it changes before they are rounded.
func (f fault) changed(call ports.Call) (answer ports.Answer, changed []bool) {
	answer = divergence.Right(call)
	out, ok := answer.Outputs[f.output]
	if !ok || call.Module != f.module {
		return answer, nil
	}
	input := call.Inputs[ports.Input]
	reduction, _ := definition.Resolve(call.Options, "none", "mean", "sum", "elementwise_mean")
	values := out.Float64s()
	one := func(name string, i int) float64 {
		t, ok := call.Inputs[name]
		if !ok || !t.DType.IsFloat() {
			return math.NaN()
		}
		if at, fits := tensor.Broadcast(t, input.Shape); fits && i < input.Len() {
			return at(i)
		}
		return math.NaN()
	}
	for i, v := range values {
		e := element{v: v, x: math.NaN(), t: math.NaN(), w: math.NaN(), i: i, n: input.Len(), rank: len(input.Shape), classes: 1, dtype: input.DType, reduction: reduction, call: call}
		if len(input.Shape) > 0 {
			e.classes = input.Shape[len(input.Shape)-1]
			e.column = i % max(e.classes, 1)
			if call.Module == rows {
				classes := tensor.ClassesOf(input.Shape)
				e.classes = classes.Count
				if input.Len() > 0 {
					e.column = classes.Class(i)
				}
			}
		}
		if tensor.SameShape(out.Shape, input.Shape) || input.Len() == 1 {
			e.x, e.t, e.w = one(ports.Input, i), one(ports.Target, i), one(ports.Weight, i)
		}
		values[i] = f.change(e)
		changed = append(changed, values[i] != v)
	}
	answer.Outputs[f.output] = tensor.FromValues(out.DType, values, out.Shape...)
	return answer, changed
}

// runFaults diagnoses a port for each fault, and says of how many the condition is true.
func (m *measurement) runFaults(ctx context.Context, faults []fault, called string) error {
	right := map[string]int{}
	all := map[string]int{}
	total := 0
	for _, f := range faults {
		if m.kind != "" && m.kind != f.kind && m.kind != f.what {
			continue
		}
		selection := judge.Selection{Modules: []string{f.module}, Skip: slices.Concat(made, sums)}
		d, err := m.diagnosed(ctx, divergent.Noisy(answering(f.answer)), verdict.Parity, selection)
		if err != nil {
			return err
		}
		precision, recall := m.truth(f, d.result, d.collector)
		ok := precision >= 0.95 && recall >= 0.95
		all[f.kind]++
		total++
		if ok {
			right[f.kind]++
		}
		if m.verbose || !ok {
			fmt.Printf("%v %s: %s of %s: %s: precision %.3f, recall %.3f (%v)\n", ok, f.kind, f.output, f.module, f.what, precision, recall, d.took.Round(time.Millisecond))
			for _, c := range d.result.Causes {
				fmt.Printf("    lead=%v %s [%s] explains %d of %d, contradicted %d; asked %v\n", c.Lead, c.Sentence, c.Condition, c.Explains, c.Failing, c.Contradicted, c.Asked)
			}
		}
	}
	sum := 0
	var parts []string
	for _, kind := range []string{"threshold", "position", "factor", "precision"} {
		if all[kind] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d of %d", kind, right[kind], all[kind]))
		}
		sum += right[kind]
	}
	m.say("| "+called+" | a true condition in %d of %d (%.1f %%): %s |", sum, total, 100*float64(sum)/float64(max(total, 1)), strings.Join(parts, ", "))
	return nil
}

// truth says, on inputs that are in no fixture, which share of the elements within the borders is wrong, and
// which share of the wrong elements lies within them.
func (m *measurement) truth(f fault, result *judge.Result, collector *diagnosis.Collector) (precision, recall float64) {
	within, wrong, both := 0, 0, 0
	for k := range m.set.Cases {
		c := &m.set.Cases[k]
		if c.Module != f.module || c.Rejection != nil {
			continue
		}
		inputs, err := m.set.Inputs(c)
		if err != nil || inputs[ports.Input].Len() > 512 {
			continue
		}
		if rule, err := m.set.Rule(c.Rule); err != nil || rule.Requirement == "quirk" || !slices.Contains(c.OutputNames(), f.output) {
			continue
		}
		call, ok := diagnosis.Varied(judge.Call(c, inputs, []string{f.output}), c.ID, 777)
		if !ok {
			continue
		}
		expected := map[string]tensor.Tensor{f.output: divergence.Right(call).Outputs[f.output]}
		answer, changed := f.changed(call)
		right, got := expected[f.output], answer.Outputs[f.output]
		if right.Len() == 0 {
			continue
		}
		eps := right.DType.Format().Eps()
		words := claim.Features(c, call.Inputs, nil)
		for i := range min(right.Len(), got.Len()) {
			r, g := right.Float64(i), got.Float64(i)
			if r == 0 || math.IsInf(r, 0) || math.IsNaN(r) {
				continue
			}
			bad := !(math.Abs(r-g) <= 64*eps*math.Abs(r))
			if !bad && (r != g || changed[i]) { // too little to be seen, or nothing after rounding
				continue
			}
			in := false
			for _, b := range collector.Borders {
				in = in || b.Holds(call, words, f.output, i)
			}
			for _, cause := range result.Causes {
				if cause.Kind == judge.KnownMistake && !cause.Lead {
					d, _ := divergence.ByName(cause.Name)
					if p := d.Evaluate(call).Outputs[f.output]; p.Len() == right.Len() && math.Abs(p.Float64(i)-g) <= 64*eps*math.Abs(g) && g != r {
						in = true
					}
				}
			}
			if in {
				within++
			}
			if bad {
				wrong++
			}
			if in && bad {
				both++
			}
		}
	}
	return float64(both) / float64(max(within, 1)), float64(both) / float64(max(wrong, 1))
}
