package sweep

import (
	"context"
	"fmt"
	"slices"

	"lossproof/ports"
	"lossproof/tensor"
)

// PortBlock is [Options].Block for a port: with both targets, the tensors of one call have 1 Mi
// (1 048 576) elements of float32.
const PortBlock = 1 << 19

// VariantOf returns a module 'none' of a port and its gradient in the input, of float32
// vectors, as a way to compute them. The module is one that [Exhaustive] returns. The error says that the port does not claim what this
// needs, or does not answer.
func VariantOf(ctx context.Context, port ports.Port, module string) (Variant, ports.Description, error) {
	d, err := port.Describe(ctx)
	if err != nil {
		return Variant{}, d, err
	}
	if err := claims(d, module); err != nil {
		return Variant{}, d, err
	}
	name := fmt.Sprintf("%s of %s %s, over ports.Port", module, d.Port.Name, d.Port.Version)
	return Variant{Module: module, Name: name, Evaluate: func(loss, grad, input, target []float32) error {
		return evaluate(ctx, port, module, loss, grad, input, target)
	}}, d, nil
}

// claims returns an error that names what a claim lacks.
func claims(d ports.Description, module string) error {
	claim, ok := d.Modules[module]
	if !ok {
		return fmt.Errorf("the port does not claim %s, which a sweep measures", module)
	}
	if !slices.Contains(claim.DTypes, tensor.Float32) {
		return fmt.Errorf("the port claims %s of %v, a sweep needs float32", module, claim.DTypes)
	}
	for _, output := range []string{ports.Loss, ports.GradInput} {
		if !slices.Contains(claim.Outputs, output) {
			return fmt.Errorf("the port claims the outputs %v of %s, a sweep needs %s", claim.Outputs, module, output)
		}
	}
	for _, word := range []string{"reduction:none", "rank:1"} {
		if slices.Contains(claim.Without, word) {
			return fmt.Errorf("the port claims %s without %s, which a sweep needs", module, word)
		}
	}
	return nil
}

func evaluate(ctx context.Context, port ports.Port, module string, loss, grad, input, target []float32) error {
	none := "none"
	answer, err := port.Evaluate(ctx, ports.Call{
		Module:  module,
		Options: ports.Options{Reduction: &none},
		Inputs: map[string]tensor.Tensor{
			ports.Input:  tensor.FromFloat32(input, len(input)),
			ports.Target: tensor.FromFloat32(target, len(target)),
		},
		Want: []string{ports.Loss, ports.GradInput},
	})
	switch {
	case err != nil:
		return err
	case answer.Rejected != nil:
		return fmt.Errorf("the port refuses a call of %d elements: %.500s", len(input), answer.Rejected.Message)
	case answer.Unsupported != nil:
		return fmt.Errorf("the port answers unsupported to a call of %d elements: %.500s", len(input), answer.Unsupported.Reason)
	case answer.Failed != nil:
		return fmt.Errorf("the port failed at a call of %d elements: %.500s", len(input), answer.Failed.Message)
	}
	for _, output := range []struct {
		name string
		into []float32
	}{{ports.Loss, loss}, {ports.GradInput, grad}} {
		t, ok := answer.Outputs[output.name]
		if !ok {
			return fmt.Errorf("%w: it lacks %s", ports.ErrMalformed, output.name)
		}
		if _, err := tensor.New(t.DType, t.Shape, t.Data); err != nil {
			return fmt.Errorf("%w: %s: %w", ports.ErrMalformed, output.name, err)
		}
		if t.DType != tensor.Float32 || !tensor.SameShape(t.Shape, []int{len(input)}) {
			return fmt.Errorf("%s is %s of shape %.100s, want float32 of shape (%d,)", output.name, t.DType, tensor.FormatShape(t.Shape), len(input))
		}
		copy(output.into, t.Float32s())
	}
	return nil
}
