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
	if err := claims(d, module, tensor.Float32, "reduction:none", "rank:1"); err != nil {
		return Variant{}, d, err
	}
	name := fmt.Sprintf("%s of %s %s, over ports.Port", module, d.Port.Name, d.Port.Version)
	return Variant{Module: module, Name: name, Evaluate: func(loss, grad, input, target []float32) error {
		return evaluate(ctx, port, module, loss, grad, input, target)
	}}, d, nil
}

// claims returns an error that names what a claim lacks of an outcome in a dtype; without are words that it must not have.
func claims(d ports.Description, module string, dtype tensor.DType, without ...string) error {
	claim, ok := d.Modules[module]
	if !ok {
		return fmt.Errorf("the port does not claim %s, which a sweep measures", module)
	}
	if !slices.Contains(claim.DTypes, dtype) {
		return fmt.Errorf("the port claims %s of %v, a sweep needs %s", module, claim.DTypes, dtype)
	}
	for _, output := range []string{ports.Loss, ports.GradInput} {
		if !slices.Contains(claim.Outputs, output) {
			return fmt.Errorf("the port claims the outputs %v of %s, a sweep needs %s", claim.Outputs, module, output)
		}
	}
	for _, word := range without {
		if slices.Contains(claim.Without, word) {
			return fmt.Errorf("the port claims %s without %s, which a sweep needs", module, word)
		}
	}
	return nil
}

func evaluate(ctx context.Context, port ports.Port, module string, loss, grad, input, target []float32) error {
	call := callOf(module, "none", map[string]tensor.Tensor{
		ports.Input:  tensor.FromFloat32(input, len(input)),
		ports.Target: tensor.FromFloat32(target, len(target)),
	})
	shape := []int{len(input)}
	outputs, err := ask(ctx, port, call, tensor.Float32, map[string][]int{ports.Loss: shape, ports.GradInput: shape})
	if err != nil {
		return err
	}
	copy(loss, outputs[ports.Loss].Float32s())
	copy(grad, outputs[ports.GradInput].Float32s())
	return nil
}

// ask returns the outputs of a call, which have a dtype and shapes.
func ask(ctx context.Context, port ports.Port, call ports.Call, dtype tensor.DType, shapes map[string][]int) (map[string]tensor.Tensor, error) {
	answer, err := port.Evaluate(ctx, call)
	n := call.Inputs[ports.Input].Len()
	switch {
	case err != nil:
		return nil, err
	case answer.Rejected != nil:
		return nil, fmt.Errorf("the port refuses a call of %d elements: %.500s", n, answer.Rejected.Message)
	case answer.Unsupported != nil:
		return nil, fmt.Errorf("the port answers unsupported to a call of %d elements: %.500s", n, answer.Unsupported.Reason)
	case answer.Failed != nil:
		return nil, fmt.Errorf("the port failed at a call of %d elements: %.500s", n, answer.Failed.Message)
	}
	for _, output := range call.Want {
		t, ok := answer.Outputs[output]
		if !ok {
			return nil, fmt.Errorf("%w: it lacks %s", ports.ErrMalformed, output)
		}
		if _, err := tensor.New(t.DType, t.Shape, t.Data); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ports.ErrMalformed, output, err)
		}
		if want := shapes[output]; t.DType != dtype || !tensor.SameShape(t.Shape, want) {
			return nil, fmt.Errorf("%s is %s of shape %.100s, want %s of shape %s", output, t.DType, tensor.FormatShape(t.Shape), dtype, tensor.FormatShape(want))
		}
	}
	return answer.Outputs, nil
}
