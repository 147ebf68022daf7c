package divergence_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"lossproof/internal/divergence"
	"lossproof/ports"
	"lossproof/tensor"
)

// TestNoSuchCalls: what is no call of a module is not answered with outputs.
func TestNoSuchCalls(t *testing.T) {
	for _, call := range []ports.Call{
		{},
		{Module: ports.BCEWithLogitsLoss, Want: []string{"loss"}},
		{Module: ports.MultiLabelSoftMarginLoss, Want: []string{"loss", "grad_weight"}},
		{Module: ports.BCELoss, Want: []string{"loss"}},
		{Module: ports.CrossEntropyLoss, Want: []string{"grad_target"}},
		{Module: "HuberLoss", Want: []string{"loss"}},
	} {
		for _, d := range divergence.All() {
			if answer := d.Evaluate(call); answer.Outputs != nil {
				t.Errorf("%s: %+v is answered with %v", d.Name, call, answer.Outputs)
			}
		}
	}
}

// TestOtherCalls: nothing panics on a call that makes no sense, as a port's input is from outside.
func TestOtherCalls(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	catalogue, calls := divergence.All(), 20000
	if testing.Short() {
		calls = 2000
	}
	answered, refused := map[string]int{}, 0
	for i := range calls {
		data := make([]byte, 150)
		for j := range data {
			data[j] = byte(random.Uint32())
		}
		call := callOf(data)
		d := catalogue[i%len(catalogue)]
		for !d.Of(call.Module) && call.Module != "HuberLoss" {
			i++
			d = catalogue[i%len(catalogue)]
		}
		if answer := evaluated(t, d, call); answer.Outputs != nil {
			answered[call.Module]++
		} else {
			refused++
		}
	}
	for _, module := range []string{ports.BCEWithLogitsLoss, ports.MultiLabelSoftMarginLoss, ports.BCELoss, ports.CrossEntropyLoss} {
		if answered[module] < calls/1000 {
			t.Errorf("%d of %d calls are of %s and answered with outputs: they show little", answered[module], calls, module)
		}
	}
	if refused < calls/10 {
		t.Errorf("%d of %d calls are refused: they show little", refused, calls)
	}
}

// FuzzEvaluate evaluates the catalogue on calls made of bytes.
func FuzzEvaluate(f *testing.F) {
	catalogue := divergence.All()
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		call := callOf(data)
		for _, d := range catalogue {
			evaluated(t, d, call)
		}
	})
}

// evaluated evaluates d on a call, which it must not change, and its allowances.
func evaluated(t *testing.T, d *divergence.Divergence, call ports.Call) ports.Answer {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s: %+v: panic: %v", d.Name, call, r)
		}
	}()
	before := map[string][]byte{}
	for name, input := range call.Inputs {
		before[name] = bytes.Clone(input.Data)
	}
	answer := d.Evaluate(call)
	for name, input := range call.Inputs {
		if !bytes.Equal(before[name], input.Data) {
			t.Errorf("%s changes %s", d.Name, name)
		}
	}
	for name, output := range answer.Outputs {
		// A loss is computed beside a grad_output that does not fit.
		if _, err := d.Allow(call, name); err != nil && !d.Null && name != ports.Loss {
			t.Errorf("%s: %s of %s: allowance: %v", d.Name, name, call.Module, err)
		}
		if _, err := tensor.New(output.DType, output.Shape, output.Data); err != nil {
			t.Errorf("%s: %s: %v", d.Name, name, err)
		}
	}
	return answer
}

// reader takes decisions from bytes: 0 where there are none left.
type reader struct{ data []byte }

func (r *reader) below(n int) int {
	if len(r.data) == 0 {
		return 0
	}
	b := r.data[0]
	r.data = r.data[1:]
	return int(b) % n
}

// callOf makes a call of bytes: most have shapes that fit, some nonsense of every kind.
func callOf(data []byte) ports.Call {
	r := &reader{data}
	modules := []string{ports.BCEWithLogitsLoss, ports.MultiLabelSoftMarginLoss, ports.BCELoss, ports.CrossEntropyLoss, ports.CrossEntropyLoss, "HuberLoss"}
	call := ports.Call{Module: modules[r.below(len(modules))], Inputs: map[string]tensor.Tensor{}}
	for _, name := range []string{ports.Loss, ports.GradInput, ports.GradTarget, ports.GradWeight, "grad_bias"} {
		if r.below(4) == 0 {
			call.Want = append(call.Want, name)
		}
	}
	o := &call.Options
	if reductions := []string{"none", "mean", "sum", "elementwise_mean", "None ", ""}; r.below(6) > 0 {
		o.Reduction = &reductions[r.below(len(reductions))]
	}
	if r.below(8) == 0 {
		o.SizeAverage = new(r.below(2) == 0)
	}
	if r.below(8) == 0 {
		o.Reduce = new(r.below(2) == 0)
	}
	if r.below(4) == 0 {
		indices := []int64{-100, -1, 0, 1, 2, math.MaxInt64, math.MinInt64}
		o.IgnoreIndex = &indices[r.below(len(indices))]
	}
	if r.below(4) == 0 {
		smoothings := []float64{0.1, 1, 1.5, -1, math.NaN(), math.Inf(1)}
		o.LabelSmoothing = &smoothings[r.below(len(smoothings))]
	}
	dtypes := []tensor.DType{tensor.Float32, tensor.Float64, tensor.Float64, tensor.Float32, tensor.Int64, tensor.UInt8, tensor.Bool, tensor.Int32, tensor.Float16}
	dtype := dtypes[r.below(len(dtypes)-r.below(6))%len(dtypes)]
	shape := r.shape()
	put := func(name string, dtype tensor.DType, shape []int) {
		call.Inputs[name] = r.tensor(dtype, shape)
	}
	put(ports.Input, dtype, shape)
	switch target := r.below(8); {
	case target == 0:
		put(ports.Target, dtypes[r.below(len(dtypes))], r.shape())
	case target == 1:
	case target < 5 && call.Module == ports.CrossEntropyLoss:
		var rows []int
		for axis, d := range shape {
			if axis != min(1, len(shape)-1) {
				rows = append(rows, d)
			}
		}
		put(ports.Target, tensor.Int64, rows)
	default:
		put(ports.Target, dtype, shape)
	}
	for _, name := range []string{ports.Weight, ports.PosWeight, ports.GradOutput} {
		switch r.below(6) {
		case 0:
			put(name, dtypes[r.below(len(dtypes))], r.shape())
		case 1:
			put(name, dtype, shape[len(shape)-min(1, len(shape)):])
		case 2:
			put(name, dtype, shape)
		}
	}
	return call
}

// shape is a small shape, or one that only looks small: (math.MaxInt>>23, 0) has no elements, and too many rows.
func (r *reader) shape() []int {
	dims := []int{3, 2, 1, 4, 0, 3, 2, 5}
	shape := []int{}
	for range r.below(5) {
		shape = append(shape, dims[r.below(len(dims))])
	}
	if r.below(32) == 1 && len(shape) > 0 {
		shape[r.below(len(shape))] = []int{math.MaxInt >> 23, -1, math.MaxInt, math.MaxInt32}[r.below(4)]
	}
	return shape
}

// tensor is a tensor of a shape, now and then with too few bytes.
func (r *reader) tensor(dtype tensor.DType, shape []int) tensor.Tensor {
	n, err := tensor.Count(shape)
	if err != nil || n > 1000 {
		n = r.below(3)
	}
	size := n * dtype.Size()
	if r.below(32) == 1 {
		size = max(0, size-1)
	}
	values := make([]float64, n)
	for i := range values {
		values[i] = []float64{0, 1, 0.5, -1, 2, 0.25, math.NaN(), math.Inf(1), math.Inf(-1), 1e30, -100, 3, 1e-40}[r.below(13-4*r.below(3))]
	}
	t := tensor.Tensor{DType: dtype, Shape: shape, Data: make([]byte, size)}
	switch dtype {
	case tensor.Float64:
		copy(t.Data, tensor.FromFloat64(values, n).Data)
	case tensor.Float32:
		narrow := make([]float32, n)
		for i, v := range values {
			narrow[i] = float32(v)
		}
		copy(t.Data, tensor.FromFloat32(narrow, n).Data)
	case tensor.Int64: // small indices, and of every size
		whole := make([]int64, n)
		for i := range whole {
			whole[i] = []int64{0, 1, 2, -100, -1, 1, 0, math.MaxInt64, math.MinInt64}[r.below(9-r.below(3)*3)]
		}
		copy(t.Data, indices(whole, []int{n}).Data)
	default:
		for i := range t.Data {
			t.Data[i] = byte(r.below(2))
		}
	}
	return t
}
