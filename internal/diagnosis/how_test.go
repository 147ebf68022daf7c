package diagnosis_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"lossproof/internal/divergence"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// TestHowItIsWrong: of answers that no known mistake explains, the diagnosis says what relates them to the right ones;
// where a known mistake does, it is named.
func TestHowItIsWrong(t *testing.T) {
	asked := 0
	// loss changes the elements of the loss of calls of float32, which no mistake of the catalogue does alone.
	loss := func(change func(call ports.Call, right tensor.Tensor) func(i int) float64) ports.Port {
		return changing(func(call ports.Call, outputs map[string]tensor.Tensor) {
			if out, ok := outputs[ports.Loss]; ok {
				at := change(call, out)
				values := make([]float64, out.Len())
				for i := range values {
					values[i] = at(i)
				}
				outputs[ports.Loss] = tensor.FromValues(out.DType, values, out.Shape...)
			}
		})
	}
	each := func(f func(call ports.Call, v float64) float64) ports.Port {
		return loss(func(call ports.Call, right tensor.Tensor) func(i int) float64 {
			return func(i int) float64 { return f(call, right.Float64(i)) }
		})
	}
	n := func(call ports.Call) float64 { return float64(call.Inputs[ports.Input].Len()) }
	// another answers with the loss of another call, whose sine keeps it from being a known mistake where that is wanted.
	another := func(change func(call *ports.Call)) ports.Port {
		return loss(func(call ports.Call, right tensor.Tensor) func(i int) float64 {
			inputs := map[string]tensor.Tensor{}
			for name, input := range call.Inputs {
				inputs[name] = input
			}
			call.Inputs, call.Want = inputs, []string{ports.Loss}
			change(&call)
			other := divergence.Right(call).Outputs[ports.Loss]
			return func(i int) float64 {
				if i < other.Len() {
					return other.Float64(i)
				}
				return right.Float64(i)
			}
		})
	}
	const all = "BCEWithLogitsLoss/reductions/*"
	for name, test := range map[string]struct {
		port      ports.Port
		selection string
		want      string
	}{
		"the number of elements": {each(func(call ports.Call, v float64) float64 { return v * n(call) }), "BCEWithLogitsLoss/shapes/*-none-*", "times the number of elements"},
		"the number of chunks":   {each(func(call ports.Call, v float64) float64 { return v * math.Ceil(n(call)/2) }), "BCEWithLogitsLoss/shapes/*-none-*", "times the number of chunks of 2 elements"},
		"an offset":              {each(func(_ ports.Call, v float64) float64 { return v + 2*math.Ln2 }), all, "larger by"},
		"log 2":                  {each(func(_ ports.Call, v float64) float64 { return v + math.Ln2 }), all, "offset-of-log-2"},
		"the sign":               {each(func(_ ports.Call, v float64) float64 { return -v }), all, "log-likelihood"},
		"zero":                   {each(func(ports.Call, float64) float64 { return 0 }), all, "zeros"},
		"NaN":                    {each(func(ports.Call, float64) float64 { return math.NaN() }), all, "nans"},
		"infinity":               {each(func(ports.Call, float64) float64 { return math.Inf(1) }), all, "infinite"},
		"bfloat16":               {each(func(_ ports.Call, v float64) float64 { return tensor.BFloat16.Format().Round(v) }), all, "rounded to bfloat16"},
		"float16":                {each(func(_ ports.Call, v float64) float64 { return tensor.Float16.Format().Round(v) }), all, "rounded to float16"},
		"a factor":               {each(func(_ ports.Call, v float64) float64 { return v / 3 }), all, "times 1/3"},
		"the sum":                {another(func(call *ports.Call) { r := "sum"; call.Options.Reduction = &r }), "BCEWithLogitsLoss/reductions/*-mean*", "mean-is-sum"},
		"another module":         {another(func(call *ports.Call) { call.Module = ports.MultiLabelSoftMarginLoss }), "BCEWithLogitsLoss/reductions/*-sum*", "MultiLabelSoftMarginLoss"},
		"the other targets": {another(func(call *ports.Call) {
			call.Inputs[ports.Target] = mapped(call.Inputs[ports.Target], func(v float64) float64 { return 1 - v })
		}), all, "targets-inverted"},
		"the weight is left out": {another(func(call *ports.Call) { delete(call.Inputs, ports.Weight) }), "BCEWithLogitsLoss/weights/*", "weight-ignored"},
		"the element before": {loss(func(_ ports.Call, right tensor.Tensor) func(i int) float64 {
			return func(i int) float64 { return right.Float64((i + right.Len() - 1) % max(right.Len(), 1)) }
		}), "BCEWithLogitsLoss/reductions/*-none*", "that of the element before"},
		"no sign of subnormal numbers": {changing(func(call ports.Call, outputs map[string]tensor.Tensor) {
			if out, ok := outputs[ports.GradInput]; ok && out.DType == tensor.Float32 {
				outputs[ports.GradInput] = mapped(out, func(v float64) float64 {
					if math.Abs(v) < 1e-38 {
						return 0x1p-128 / n(call) // exp of a logit that is clipped at -88.7
					}
					return v
				})
			}
		}), "BCEWithLogitsLoss/extreme_logits/f32-mean*", "off by less than the smallest normal number"},
		"memory that is not initialised": {each(func(ports.Call, float64) float64 { asked++; return float64(asked) }), all, "others each time"},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && !slices.Contains([]string{"the number of chunks", "another module", "memory that is not initialised"}, name) {
				t.Skip("all of them take seconds: make test-long runs them")
			}
			result, _ := diagnose(t, test.port, verdict.Parity, judge.Selection{Select: []string{test.selection}, Skip: []string{"*half*"}})
			var said []string
			for _, c := range result.Causes {
				said = append(said, c.Name+" "+c.How)
			}
			if text := strings.Join(said, "; "); !strings.Contains(text, test.want) {
				t.Errorf("got %q, want %q", text, test.want)
			}
		})
	}
}
