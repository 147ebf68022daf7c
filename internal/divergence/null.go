package divergence

import (
	"math"

	"lossproof/internal/definition"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// nulls are ports that compute nothing. What they pass proves nothing of a port.
func nulls() []*Divergence {
	null := func(name, title, why string, answer func(ports.Call) ports.Answer) *Divergence {
		return &Divergence{
			Name: name, Modules: ports.ModuleNames(), Title: title, Why: why, Level: verdict.Parity, Null: true,
			Right: "{loss}, reduced as the options say", answer: answer,
		}
	}
	return []*Divergence{
		null("zeros", "Every output is zero.", "The outputs are allocated and never written, or the gradients are detached.",
			filling(func(tensor.Tensor, int) float64 { return 0 })),
		null("nans", "Every output is NaN.", "An error value is carried through instead of being looked into.",
			filling(func(tensor.Tensor, int) float64 { return math.NaN() })),
		null("echo", "Every output is the input itself.", "The adapter returns the tensor that it was given.",
			filling(func(input tensor.Tensor, i int) float64 {
				if n := input.Len(); n > 0 {
					return input.Float64(i % n)
				}
				return 0
			})),
		null("everything-rejected", "Every call is refused.", "An error of the adapter is taken for a refusal by the library.",
			func(call ports.Call) ports.Answer {
				return ports.Answer{Rejected: definition.Rejected(ports.KindValue, "%s: refused", call.Module)}
			}),
		null("everything-unsupported", "Every call is answered with unsupported.", "The adapter is a skeleton.",
			func(ports.Call) ports.Answer {
				return ports.Answer{Unsupported: &ports.Unsupported{Reason: "not written yet"}}
			}),
	}
}

// filling answers with the shapes and dtypes of the right outputs, those of the input where
// the call is to be refused, and values of its own.
func filling(value func(input tensor.Tensor, i int) float64) func(ports.Call) ports.Answer {
	return func(call ports.Call) ports.Answer {
		t, ok := call.Inputs[ports.Input]
		if !ok {
			return ports.Answer{Failed: &ports.Failed{Message: "the call has no input"}}
		}
		if _, err := tensor.New(t.DType, t.Shape, t.Data); err != nil || definition.TooLarge(t.Shape) {
			return ports.Answer{Failed: &ports.Failed{Message: "the input is no tensor, or too large"}}
		}
		right := Right(call).Outputs
		outputs := map[string]tensor.Tensor{}
		for _, name := range call.Want {
			output, ok := right[name]
			if !ok {
				output = t
			}
			values := make([]float64, output.Len())
			for i := range values {
				values[i] = value(t, i)
			}
			outputs[name] = tensor.FromValues(output.DType, values, output.Shape...)
		}
		return ports.Answer{Outputs: outputs}
	}
}
