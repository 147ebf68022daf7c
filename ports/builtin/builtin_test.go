package builtin_test

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"

	"lossproof/internal/claim"
	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/ports/wire"
	"lossproof/tensor"
)

func ptr[T any](v T) *T { return &v }

func evaluate(t *testing.T, call ports.Call) ports.Answer {
	t.Helper()
	answer, err := builtin.Port{}.Evaluate(context.Background(), call)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestTheClaimIsValid(t *testing.T) {
	description, err := builtin.Port{}.Describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := claim.Validate(description.Modules); err != nil {
		t.Error(err)
	}
	if description.Port.Name == "" || description.Port.Version == "" || strings.HasPrefix(description.Port.LanguageVersion, "go") {
		t.Errorf("port is %+v", description.Port)
	}
}

// TestComputes: each input and option goes where it belongs, all outputs at once and one at a time.
func TestComputes(t *testing.T) {
	f64 := func(shape []int, values ...float64) tensor.Tensor { return tensor.FromFloat64(values, shape...) }
	f32 := func(shape []int, values ...float32) tensor.Tensor { return tensor.FromFloat32(values, shape...) }
	all := []string{ports.Loss, ports.GradInput, ports.GradTarget, ports.GradWeight}
	for _, call := range []ports.Call{
		{Module: ports.MultiLabelSoftMarginLoss, Options: ports.Options{SizeAverage: ptr(false)}, Want: all, Inputs: map[string]tensor.Tensor{
			ports.Input: f64([]int{2, 2}, 0.7, -1.9, 3.1, -0.2), ports.Target: f64([]int{2, 2}, 1, 0, 0.25, 1),
			ports.Weight: f64([]int{2}, 2, 5), ports.GradOutput: f64(nil, 3),
		}},
		{Module: ports.BCEWithLogitsLoss, Options: ports.Options{Reduction: ptr("none")}, Want: all[:3], Inputs: map[string]tensor.Tensor{
			ports.Input: f32([]int{1}, -2), ports.Target: f32([]int{1}, 1), ports.PosWeight: f32(nil, 3),
		}},
		{Module: ports.BCELoss, Want: all[:3], Inputs: map[string]tensor.Tensor{
			ports.Input: f64([]int{2}, 0.7, 0.1), ports.Target: f64([]int{2}, 1, 0.5), ports.Weight: f64([]int{2}, 2, 5), ports.GradOutput: f64(nil, 3),
		}},
		{Module: ports.CrossEntropyLoss, Options: ports.Options{LabelSmoothing: ptr(0.25)}, Want: all, Inputs: map[string]tensor.Tensor{
			ports.Input: f64([]int{2, 2}, 0.7, -1.9, 3.1, -0.2), ports.Target: f64([]int{2, 2}, 1, 0, 0.25, 0.75), ports.Weight: f64([]int{2}, 2, 5),
		}},
	} {
		want := definition.Of(call.Module).Evaluate(call).Outputs
		together := evaluate(t, call).Outputs
		for _, name := range call.Want {
			alone := call
			alone.Want = []string{name}
			for _, got := range []tensor.Tensor{together[name], evaluate(t, alone).Outputs[name]} {
				if got.DType != want[name].DType || !tensor.SameShape(got.Shape, want[name].Shape) {
					t.Fatalf("%s: %s: got %v, want %v", call.Module, name, got, want[name])
				}
				for i, v := range got.Float64s() {
					if w := want[name].Float64(i); math.Abs(v-w) > 16*got.DType.Format().ULP(w) {
						t.Errorf("%s: %s[%d]: got %v, want %v", call.Module, name, i, v, w)
					}
				}
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	x, y := tensor.FromFloat32([]float32{1, 2}, 2), tensor.FromFloat32([]float32{0, 1}, 2)
	in := func(change ...any) map[string]tensor.Tensor {
		m := map[string]tensor.Tensor{"input": x, "target": y}
		for i := 0; i < len(change); i += 2 {
			m[change[i].(string)] = change[i+1].(tensor.Tensor)
		}
		return m
	}
	long := tensor.Tensor{DType: tensor.Int64, Shape: []int{2}, Data: make([]byte, 16)}
	octets := tensor.Tensor{DType: tensor.UInt8, Shape: []int{2}, Data: make([]byte, 2)}
	for _, test := range []struct {
		module  string
		options ports.Options
		inputs  map[string]tensor.Tensor
		want    string
		kind    string
		static  bool
		message string
	}{
		{"BCEWithLogitsLoss", ports.Options{Reduction: ptr("batchmean")}, in(), "loss", "option", false, `got "batchmean"`},
		{"BCEWithLogitsLoss", ports.Options{Reduction: ptr("elementwise_mean")}, in(), "loss", "option", false, `"elementwise_mean"`},
		{"BCEWithLogitsLoss", ports.Options{}, in("target", tensor.FromFloat32([]float32{1}, 1)), "loss", "shape", false, "(1,)"},
		{"BCEWithLogitsLoss", ports.Options{}, in("weight", tensor.FromFloat32(make([]float32, 3), 3)), "grad_input", "shape", false, "weight"},
		{"MultiLabelSoftMarginLoss", ports.Options{}, map[string]tensor.Tensor{"input": tensor.FromFloat32([]float32{1}), "target": tensor.FromFloat32([]float32{1})}, "loss", "shape", false, "()"},
		{"MultiLabelSoftMarginLoss", ports.Options{}, in("pos_weight", x), "loss", "option", true, "pos_weight"},
		{"MultiLabelSoftMarginLoss", ports.Options{}, in(), "grad_weight", "option", false, "weight"},
		{"MultiLabelSoftMarginLoss", ports.Options{}, in("target", long), "loss", "dtype", true, "target: got int64, want float32, the dtype of input"},
		{"CrossEntropyLoss", ports.Options{}, in("target", octets), "loss", "dtype", true, "target: got uint8, want int64 class indices, or float32 class probabilities"},
		{"CrossEntropyLoss", ports.Options{}, in("weight", long), "loss", "dtype", true, "weight: got int64, want float32, the dtype of input"},
		{"BCEWithLogitsLoss", ports.Options{}, in("weight", tensor.FromFloat64([]float64{1})), "loss", "dtype", true, "weight: got float64, want float32"},
		{"BCEWithLogitsLoss", ports.Options{}, map[string]tensor.Tensor{"input": long, "target": long}, "loss", "dtype", true, "input: got int64, want float16, bfloat16, float32 or float64"},
	} {
		answer := evaluate(t, ports.Call{Module: test.module, Options: test.options, Inputs: test.inputs, Want: []string{test.want}})
		r := answer.Rejected
		if r == nil || r.Kind != test.kind || r.Static != test.static || !strings.Contains(r.Message, test.message) {
			t.Errorf("got %+v (%+v), want kind %s, static %t, %q", answer, r, test.kind, test.static, test.message)
		}
	}
	// An overridden reduction is not looked at.
	legacy := ports.Options{Reduction: ptr("nonsense"), Reduce: ptr(false)}
	if answer := evaluate(t, ports.Call{Module: "BCEWithLogitsLoss", Options: legacy, Inputs: in(), Want: []string{"loss"}}); answer.Outputs["loss"].Len() != 2 {
		t.Errorf("reduce=False: got %+v", answer)
	}
}

func TestWhatItDoesNotHave(t *testing.T) {
	x := tensor.FromFloat32([]float32{1}, 1)
	in := map[string]tensor.Tensor{"input": x, "target": x}
	for _, call := range []ports.Call{
		{Module: "HuberLoss", Inputs: in, Want: []string{"loss"}},
		{Module: "BCEWithLogitsLoss", Inputs: in, Want: []string{"grad_weight"}},
		{Module: "BCEWithLogitsLoss", Inputs: in, Want: []string{"hessian"}},
		{Module: "BCEWithLogitsLoss", Inputs: map[string]tensor.Tensor{"input": x, "target": x, "mask": x}, Want: []string{"loss"}},
	} {
		if answer := evaluate(t, call); answer.Unsupported == nil {
			t.Errorf("%+v: got %+v, want unsupported", call, answer)
		}
	}
	for _, in := range []map[string]tensor.Tensor{{"input": x}, {"target": x}} {
		if answer := evaluate(t, ports.Call{Module: "BCEWithLogitsLoss", Inputs: in}); answer.Failed == nil {
			t.Errorf("%v: got %+v, want failed", in, answer)
		}
	}
}

// TestOverTheWire asks for a number of the blog example through the protocol.
func TestOverTheWire(t *testing.T) {
	line, err := wire.EncodeRun(1, ports.Call{
		Module: ports.BCEWithLogitsLoss, Options: ports.Options{Reduction: ptr("none")}, Want: []string{"loss"},
		Inputs: map[string]tensor.Tensor{"input": tensor.FromFloat32([]float32{2.3179}, 1), "target": tensor.FromFloat32([]float32{0}, 1)},
	})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := wire.Serve(context.Background(), builtin.Port{}, bytes.NewReader(append(line, '\n')), &out); err != nil {
		t.Fatal(err)
	}
	_, answer, err := wire.DecodeAnswer(bytes.TrimSuffix(out.Bytes(), []byte("\n")))
	if err != nil {
		t.Fatal(err)
	}
	if got := answer.Outputs["loss"].Float64(0); math.Abs(got-2.4118) > 5e-5 {
		t.Errorf("got %v, want 2.4118", got)
	}
}
