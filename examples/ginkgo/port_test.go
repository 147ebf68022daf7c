package mlsm_test

import (
	"context"

	mlsm "example.com/ginkgo"

	"lossproof/ports"
	"lossproof/tensor"
)

// port is the adapter. Package mlsm has the loss of one sample, so 'none' is all it claims.
type port struct{}

func (port) Describe(context.Context) (ports.Description, error) {
	return ports.Description{
		Port: ports.Info{Name: "example.com/ginkgo", Language: "go"},
		Modules: map[string]ports.Claim{ports.MultiLabelSoftMarginLoss: {
			DTypes:  []tensor.DType{tensor.Float32},
			Outputs: []string{ports.Loss, ports.GradInput},
			Without: []string{
				"weight", "reduction:mean", "reduction:sum", "legacy_reduction", "rank:3+", "empty",
				"grad_output", "nonfinite", "mixed_dtype", "integer_targets", "rejections",
			},
		}},
	}, nil
}

func (port) Evaluate(_ context.Context, call ports.Call) (ports.Answer, error) {
	input := call.Inputs[ports.Input]
	x, t := input.Float32s(), call.Inputs[ports.Target].Float32s()
	if len(x) != len(t) {
		return ports.Answer{Unsupported: &ports.Unsupported{Reason: "broadcasting"}}, nil
	}
	samples, shape := 1, []int{}
	if len(input.Shape) == 2 {
		samples, shape = input.Shape[0], input.Shape[:1]
	}
	classes := len(x) / samples
	losses, grad := make([]float32, samples), make([]float32, len(x))
	for i := range losses {
		row := func(all []float32) []float32 { return all[i*classes : (i+1)*classes] }
		losses[i] = mlsm.Loss(row(grad), row(x), row(t))
	}
	return ports.Answer{Outputs: map[string]tensor.Tensor{
		ports.Loss:      tensor.FromFloat32(losses, shape...),
		ports.GradInput: tensor.FromFloat32(grad, input.Shape...),
	}}, nil
}
