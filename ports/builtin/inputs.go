package builtin

import (
	"fmt"
	"maps"
	"slices"

	"lossproof/loss"
	"lossproof/ports"
	"lossproof/tensor"
)

// inputs are the tensors of a call; those behind pointers are optional.
type inputs[T loss.Element] struct {
	input, target                 loss.Tensor[T]
	weight, posWeight, gradOutput *loss.Tensor[T]
	// classes is the target of CrossEntropyLoss, which has no other.
	classes loss.ClassTarget[T]
}

// decodeInputs decodes the tensors of a call. All must be of dtype T, but for class indices, which
// are int64: Go's type parameters express no other call.
func decodeInputs[T loss.Element](call ports.Call) (inputs[T], error) {
	var in inputs[T]
	for _, name := range slices.Sorted(maps.Keys(call.Inputs)) {
		if name == ports.Target && call.Module == ports.CrossEntropyLoss && call.Inputs[name].DType == tensor.Int64 {
			indices := call.Inputs[name]
			in.classes = loss.ClassIndices[T](indices.Int64s(), indices.Shape...)
			continue
		}
		if got := call.Inputs[name].DType; got != dtypeOf[T]() {
			return inputs[T]{}, rejection{ports.Rejected{
				Kind: ports.KindDType, Static: true,
				Message: fmt.Sprintf("%s: %s: got %s, want %s", call.Module, name, got, wantedDType[T](call.Module, name)),
			}}
		}
		decoded := decode[T](call.Inputs[name])
		switch name {
		case ports.Input:
			in.input = decoded
		case ports.Target:
			in.target = decoded
			in.classes = loss.ClassProbabilities(decoded)
		case ports.Weight:
			in.weight = &decoded
		case ports.PosWeight:
			in.posWeight = &decoded
		case ports.GradOutput:
			in.gradOutput = &decoded
		default:
			return inputs[T]{}, unsupported(fmt.Sprintf("%s: there is no input %q", call.Module, name))
		}
	}
	return in, nil
}

// wantedDType says which dtype an input of a module must have.
func wantedDType[T loss.Element](module, name string) string {
	if module == ports.CrossEntropyLoss && name == ports.Target {
		return fmt.Sprintf("int64 class indices, or %s class probabilities", dtypeOf[T]())
	}
	return fmt.Sprintf("%s, the dtype of input", dtypeOf[T]())
}

// decode decodes a tensor of dtype T.
func decode[T loss.Element](t tensor.Tensor) loss.Tensor[T] {
	data := make([]T, t.Len())
	switch data := any(data).(type) {
	case []float32:
		copy(data, t.Float32s())
	case []float64:
		copy(data, t.Float64s())
	case []loss.Float16:
		for i := range data {
			data[i] = loss.Float16(t.Bits16(i))
		}
	case []loss.BFloat16:
		for i := range data {
			data[i] = loss.BFloat16(t.Bits16(i))
		}
	}
	return loss.Tensor[T]{Shape: t.Shape, Data: data}
}

func encode[T loss.Element](t loss.Tensor[T]) tensor.Tensor {
	switch data := any(t.Data).(type) {
	case []float32:
		return tensor.FromFloat32(data, t.Shape...)
	case []float64:
		return tensor.FromFloat64(data, t.Shape...)
	case []loss.Float16:
		return tensor.FromBits16(tensor.Float16, data, t.Shape...)
	case []loss.BFloat16:
		return tensor.FromBits16(tensor.BFloat16, data, t.Shape...)
	}
	panic("builtin: loss.Element has a type that has no dtype")
}

func dtypeOf[T loss.Element]() tensor.DType {
	switch any(T(0)).(type) {
	case loss.Float16:
		return tensor.Float16
	case loss.BFloat16:
		return tensor.BFloat16
	case float32:
		return tensor.Float32
	}
	return tensor.Float64
}
