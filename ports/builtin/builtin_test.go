package builtin_test

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"

	"lossproof/internal/claim"
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

// TestComputes asks for numbers of the formulas, written out: l = log(1+e^-|x|) + max(∓x, 0).
func TestComputes(t *testing.T) {
	softplus := func(x float64) float64 { return math.Log1p(math.Exp(-math.Abs(x))) + max(x, 0) }
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	inputs := map[string]tensor.Tensor{
		"input":       tensor.FromFloat64([]float64{0.7, -1.9, 3.1, -0.2}, 2, 2),
		"target":      tensor.FromFloat64([]float64{1, 0, 0.25, 1}, 2, 2),
		"weight":      tensor.FromFloat64([]float64{2, 5}, 2),
		"grad_output": tensor.FromFloat64([]float64{3}),
	}
	x, target, w := inputs["input"].Float64s(), inputs["target"].Float64s(), []float64{2, 5, 2, 5}
	var sum float64
	var gradInput, gradTarget []float64
	gradWeight := make([]float64, 2)
	for i := range x {
		sum += w[i] * (target[i]*softplus(-x[i]) + (1-target[i])*softplus(x[i]))
		gradInput = append(gradInput, 3*w[i]*(sigmoid(x[i])-target[i])/2)
		gradTarget = append(gradTarget, -3*w[i]*x[i]/2)
		gradWeight[i%2] += 3 * (target[i]*softplus(-x[i]) + (1-target[i])*softplus(x[i])) / 2
	}
	answer := evaluate(t, ports.Call{
		Module: ports.MultiLabelSoftMarginLoss, Options: ports.Options{SizeAverage: ptr(false)}, Inputs: inputs,
		Want: []string{"loss", "grad_input", "grad_target", "grad_weight"},
	})
	for name, want := range map[string][]float64{"loss": {sum / 2}, "grad_input": gradInput, "grad_target": gradTarget, "grad_weight": gradWeight} {
		got := answer.Outputs[name].Float64s()
		if len(got) != len(want) {
			t.Fatalf("%s: got %v, want %v (answer %+v)", name, got, want, answer)
		}
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-14 {
				t.Errorf("%s[%d]: got %v, want %v", name, i, got[i], want[i])
			}
		}
	}
	// pos_weight, float32, and outputs one at a time.
	call := ports.Call{
		Module: ports.BCEWithLogitsLoss, Options: ports.Options{Reduction: ptr("none")}, Want: []string{"loss"},
		Inputs: map[string]tensor.Tensor{
			"input": tensor.FromFloat32([]float32{-2}, 1), "target": tensor.FromFloat32([]float32{1}, 1), "pos_weight": tensor.FromFloat32([]float32{3}),
		},
	}
	answer = evaluate(t, call)
	if got, want := answer.Outputs["loss"], tensor.FromFloat32([]float32{float32(3 * softplus(2))}, 1); !bytes.Equal(got.Data, want.Data) || !tensor.SameShape(got.Shape, want.Shape) {
		t.Errorf("got %v, want %v", got, want)
	}
	call.Want = []string{"grad_input"}
	if got, want := evaluate(t, call).Outputs["grad_input"].Float64(0), -3*sigmoid(2); math.Abs(got-want) > 1e-7 {
		t.Errorf("grad_input: got %v, want %v", got, want)
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
		{"BCEWithLogitsLoss", ports.Options{}, map[string]tensor.Tensor{"input": long, "target": long}, "loss", "dtype", true, "input: got int64, want float32 or float64"},
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
