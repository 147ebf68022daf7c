package divergence_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"lossproof/internal/divergence"
	"lossproof/ports"
	"lossproof/tensor"
)

// notDerived are the divergences whose gradients are not those of their own loss, by the reason.
var notDerived = map[string][]string{
	"the gradient is the mistake": {
		"weight-not-in-gradient", "weight-gradient-weighted", "weight-gradient-zero",
		"pos-weight-not-in-gradient", "target-gradient-zero", "target-gradient-without-pos-weight",
		"target-gradient-negated", "gradient-zero", "gradient-negated", "gradient-of-the-sum",
		"gradient-always-averaged", "gradient-without-class-mean", "gradient-of-the-probability",
		"gradient-in-float16", "gradient-clipped", "gradient-of-the-logit", "gradient-with-epsilon-1e-7",
		"gradient-of-the-positive-term", "gradient-for-sum-one", "gradient-at-target-alone",
		"ignored-rows-in-gradient", "gradient-of-none-zero", "byte-order-swapped",
	},
	"what the gradient is multiplied by is the mistake": {
		"upstream-ignored", "upstream-averaged", "upstream-first-element",
	},
	"a conversion is differentiated as the identity, and the quotient sees its steps": {
		"float64-in-float32", "logits-in-bfloat16", "weight-in-float16", "float32-returned", "float64-by-float32-functions",
	},
	"the quotient steps over the bound of the clip": {
		"input-clipped-at-1e-5",
	},
	"the largest logit is taken for a constant": {
		"log-sum-exp-once-of-differences",
	},
	"the loop is that of the forward; the backward of a sum has none": {
		"last-term-left-out",
	},
}

// TestGradientsBelongToLosses: a port that differentiates automatically gets the gradients of the loss that it
// computes, whatever that is. So each divergence has those, by the difference quotient of its own loss, unless
// the gradients are the mistake. Most follow from the definition; a few of its steps have derivatives of their own.
func TestGradientsBelongToLosses(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	reasons := map[string]string{}
	for reason, names := range notDerived {
		for _, name := range names {
			reasons[name] = reason
			if _, ok := divergence.ByName(name); !ok {
				t.Errorf("%s is no divergence", name)
			}
		}
	}
	calls := smoothCalls()
	for _, d := range divergence.All() {
		if d.Null {
			continue
		}
		wrong := ""
		for _, c := range calls {
			if d.Of(c.Module) && wrong == "" {
				wrong = underived(d.Evaluate, c)
			}
		}
		switch reason, marked := reasons[d.Name]; {
		case wrong != "" && !marked:
			t.Errorf("%s: %s", d.Name, wrong)
		case wrong == "" && marked:
			t.Errorf("%s: its gradients are those of its loss, and are said not to be: %s", d.Name, reason)
		}
	}
	// The right definition is one that passes.
	for _, c := range calls {
		if wrong := underived(divergence.Right, c); wrong != "" {
			t.Errorf("right: %s", wrong)
		}
	}
}

// smoothCall is a call with float64 inputs around which the loss has derivatives.
type smoothCall struct {
	name string
	ports.Call
	// tolerance is how far a gradient may be from the quotient.
	tolerance float64
}

// underived says where a gradient is not the quotient of the loss, "" for nowhere.
func underived(evaluate func(ports.Call) ports.Answer, c smoothCall) string {
	answer := evaluate(c.Call)
	upstream, given := c.Inputs[ports.GradOutput]
	if answer.Outputs == nil || given && upstream.Len() != answer.Outputs[ports.Loss].Len() {
		return "" // refused, or a loss of another shape
	}
	for _, name := range c.Want {
		if name == ports.Loss {
			continue
		}
		of := map[string]string{ports.GradInput: ports.Input, ports.GradTarget: ports.Target, ports.GradWeight: ports.Weight}[name]
		got := answer.Outputs[name].Float64s()
		const stride = 5 // what is to be seen comes in periods of less
		for i := len(c.name) % min(stride, max(len(got), 1)); i < len(got); i += stride {
			want := quotient(evaluate, c, of, i)
			if math.IsNaN(want) || math.IsInf(want, 0) {
				continue // no derivative, as of the logarithm of a negative number
			}
			if !(math.Abs(got[i]-want) <= c.tolerance*(1+math.Abs(want))) {
				return fmt.Sprintf("%s %s: %s[%d] is %.9g, the quotient of the loss %.9g", c.Module, c.name, name, i, got[i], want)
			}
		}
	}
	return ""
}

// quotient is the difference quotient of fourth order, in one element of an input.
func quotient(evaluate func(ports.Call) ports.Answer, c smoothCall, of string, i int) float64 {
	h := 1e-3
	values := c.Inputs[of].Float64s()
	if c.Module == ports.BCELoss && of == ports.Input {
		h = min(h, 0.01*min(values[i], 1-values[i]))
	}
	at := func(x float64) []float64 {
		moved := slices.Clone(values)
		moved[i] += x
		call := c.Call
		call.Inputs = maps.Clone(c.Inputs)
		call.Inputs[of] = tensor.FromFloat64(moved, c.Inputs[of].Shape...)
		call.Want = []string{ports.Loss}
		return evaluate(call).Outputs[ports.Loss].Float64s()
	}
	plus, minus, plus2, minus2 := at(h), at(-h), at(2*h), at(-2*h)
	sum := 0.0
	for j := range plus { // the losses of other elements do not disturb
		u := 1.0
		if upstream, ok := c.Inputs[ports.GradOutput]; ok {
			u = upstream.Float64(j)
		}
		sum += u * (8*(plus[j]-minus[j]) - (plus2[j] - minus2[j]))
	}
	return sum / (12 * h)
}

// smoothCalls are calls of all modules: shapes, reductions, weights, class probabilities and class indices,
// targets outside of [0, 1] and logits in the tails.
func smoothCalls() []smoothCall {
	random := rand.New(rand.NewPCG(1, 2))
	draw := func(low, high float64, shape ...int) tensor.Tensor {
		n := 1
		for _, d := range shape {
			n *= d
		}
		values := make([]float64, n)
		for i := range values {
			values[i] = low + (high-low)*random.Float64()
		}
		return tensor.FromFloat64(values, shape...)
	}
	// weights are negative, too.
	weights := func(shape ...int) tensor.Tensor {
		values := draw(0.5, 2, shape...).Float64s()
		for i := 1; i < len(values); i += 3 {
			values[i] *= -0.4
		}
		return tensor.FromFloat64(values, shape...)
	}
	repeated := func(values []float64, shape ...int) tensor.Tensor {
		n := 1
		for _, d := range shape {
			n *= d
		}
		return tensor.FromFloat64(slices.Repeat(values, n/len(values)+1)[:n], shape...)
	}
	// The largest class probability of a row is well above the others.
	shares := func(shape []int) tensor.Tensor { return repeated([]float64{0.31, 0.12, 0.45, 0.2, 0.07}, shape...) }
	const plain, tail = 1e-7, 1e-4
	var calls []smoothCall
	add := func(name, module string, tolerance float64, options ports.Options, want []string, inputs map[string]tensor.Tensor) {
		reductions := []string{"none", "mean", "sum"}
		if tolerance == tail { // the sum would hide the small losses
			reductions = reductions[:1]
		}
		for _, reduction := range reductions {
			options.Reduction = &reduction
			call := ports.Call{Module: module, Options: options, Inputs: maps.Clone(inputs), Want: append([]string{ports.Loss}, want...)}
			if reduction != "sum" {
				call.Inputs[ports.GradOutput] = draw(0.5, 1.5, divergence.Right(call).Outputs[ports.Loss].Shape...)
			}
			calls = append(calls, smoothCall{name + " " + reduction, call, tolerance})
		}
	}
	input, all := []string{ports.GradInput}, []string{ports.GradInput, ports.GradTarget}
	// Beyond 18, 1-sigmoid(x) has too few digits for a quotient.
	tails := []float64{18, -18, 12, -12, 0.3, 9, -9, -16, 16, 3, -3, 14}
	for _, module := range []string{ports.BCEWithLogitsLoss, ports.MultiLabelSoftMarginLoss, ports.BCELoss} {
		logits := module != ports.BCELoss
		for _, shape := range [][]int{{3, 4}, {3, 3}, {2, 3, 3}, {4}} {
			x := draw(-3, 3, shape...)
			far := repeated(tails, shape...)
			if !logits {
				x = draw(0.05, 0.95, shape...)
				far = repeated([]float64{1e-9, 1 - 1e-6, 1e-6, 0.3, 1 - 1e-5, 1e-4}, shape...)
			}
			base := map[string]tensor.Tensor{ports.Input: x, ports.Target: draw(0.05, 0.45, shape...)}
			add(fmt.Sprint(shape), module, plain, ports.Options{}, all, base)
			for _, shape := range [][]int{shape, shape[len(shape)-1:]} {
				weighted := maps.Clone(base)
				weighted[ports.Weight] = weights(shape...)
				want := all
				if module == ports.MultiLabelSoftMarginLoss {
					want = append(slices.Clone(all), ports.GradWeight)
				}
				add(fmt.Sprint(base[ports.Input].Shape, " weight ", shape), module, plain, ports.Options{}, want, weighted)
				if module == ports.BCEWithLogitsLoss {
					both := maps.Clone(weighted)
					both[ports.PosWeight] = draw(0.5, 3, shape...)
					add(fmt.Sprint(base[ports.Input].Shape, " weight and pos_weight ", shape), module, plain, ports.Options{}, want, both)
				}
			}
			if len(shape) != 2 || shape[0] == shape[1] {
				continue
			}
			with := func(name string, x, target tensor.Tensor, tolerance float64, want []string) {
				add(name, module, tolerance, ports.Options{}, want, map[string]tensor.Tensor{ports.Input: x, ports.Target: target})
			}
			hard := repeated([]float64{0, 1, 1, 0, 1}, shape...)
			with("hard targets", x, hard, plain, input)
			with("tails", far, hard, tail, input)
			if logits {
				with("targets outside of [0, 1]", x, repeated([]float64{-1.2, 1.7, -0.6, 0.3}, shape...), plain, all)
				with("targets -1", x, repeated([]float64{-1, 1, 0}, shape...), plain, input)
			}
		}
	}
	for _, shape := range [][]int{{3, 4}, {2, 3, 2}, {4}} {
		classes, rows := shape[0], []int{}
		if len(shape) > 1 {
			classes, rows = shape[1], append([]int{shape[0]}, shape[2:]...)
		}
		inputs := []tensor.Tensor{draw(-3, 3, shape...)}
		if len(shape) == 2 {
			inputs = append(inputs, repeated([]float64{20, 0.5, -18, 2, -3}, shape...))
		}
		for _, x := range inputs {
			for _, smoothing := range []float64{0, 0.2} {
				for _, weight := range []*tensor.Tensor{nil, new(weights(classes))} {
					name := fmt.Sprint(shape, " smoothing ", smoothing, " weight ", weight != nil)
					options := ports.Options{LabelSmoothing: &smoothing}
					inputs := map[string]tensor.Tensor{ports.Input: x, ports.Target: shares(shape)}
					want := all
					if weight != nil {
						inputs[ports.Weight] = *weight
						want = append(slices.Clone(all), ports.GradWeight)
					}
					add(name+" probabilities", ports.CrossEntropyLoss, plain, options, want, inputs)
					inputs[ports.Target] = indices([]int64{2, 0, -100, 1}, rows)
					add(name+" indices", ports.CrossEntropyLoss, plain, options, input, inputs)
					options.IgnoreIndex = new(int64(1))
					inputs[ports.Target] = indices([]int64{0, 2, 1, 2}, rows)
					add(name+" ignored class", ports.CrossEntropyLoss, plain, options, input, inputs)
				}
			}
		}
	}
	return calls
}

// indices is a tensor of class indices.
func indices(values []int64, shape []int) tensor.Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	var data []byte
	for i := range n {
		data = binary.LittleEndian.AppendUint64(data, uint64(values[i%len(values)]))
	}
	return tensor.Tensor{DType: tensor.Int64, Shape: shape, Data: data}
}
