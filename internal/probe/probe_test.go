package probe_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/internal/corpus"
	"lossproof/internal/probe"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/tensor"
)

// run probes a port with every fourth case of each topic, and with the first.
func run(t *testing.T, port ports.Port) *probe.Report {
	t.Helper()
	i := 0
	set := corpus.Of(t, func(c *fixtures.Case, first bool) bool {
		i++
		return first || i%4 == 0 && c.Topic != "accumulation" && c.Topic != "large"
	})
	report, err := probe.Run(context.Background(), set, port, nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// lacking is the built-in port for the two modules of logits, but that does not do some calls,
// and claims what it does not do.
func lacking(lacks func(call ports.Call) bool, answer ports.Answer) ports.Port {
	return testports.Port{
		DescribeFunc: func() (ports.Description, error) {
			return ports.Description{Port: ports.Info{Name: "boastful"}, Modules: map[string]ports.Claim{
				ports.BCEWithLogitsLoss: {DTypes: []tensor.DType{tensor.Float16}, Outputs: []string{ports.Loss}},
			}}, nil
		},
		EvaluateFunc: func(ctx context.Context, call ports.Call) (ports.Answer, error) {
			if call.Module == ports.BCELoss || call.Module == ports.CrossEntropyLoss {
				return unsupported, nil
			}
			if lacks(call) {
				return answer, nil
			}
			return testports.Port{}.Evaluate(ctx, call)
		},
	}
}

var unsupported = ports.Answer{Unsupported: &ports.Unsupported{Reason: "not written"}}

func has(call ports.Call, input string) bool {
	_, ok := call.Inputs[input]
	return ok
}

func TestClaimsOfPorts(t *testing.T) {
	for _, test := range []struct {
		reason string
		port   ports.Port
		want   []string
	}{
		{"the built-in losses, as they claim themselves", testports.Port{}, []string{
			"BCELoss float16 bfloat16 float32 float64, loss, grad_input and grad_target, without mixed_dtype",
			"BCEWithLogitsLoss float16 bfloat16 float32 float64, loss, grad_input and grad_target, without mixed_dtype",
			"CrossEntropyLoss float16 bfloat16 float32 float64, loss, grad_input, grad_target and grad_weight, without mixed_dtype",
			"MultiLabelSoftMarginLoss float16 bfloat16 float32 float64, loss, grad_input, grad_target and grad_weight, without mixed_dtype and integer_targets",
		}},
		{"float32 alone, no pos_weight, no weights but of classes", lacking(func(c ports.Call) bool {
			w := c.Inputs[ports.Weight]
			element := slices.ContainsFunc(w.Shape[:max(len(w.Shape)-1, 0)], func(d int) bool { return d != 1 })
			return element || has(c, ports.PosWeight) || c.Inputs[ports.Input].DType != tensor.Float32
		}, unsupported), []string{
			"BCEWithLogitsLoss float32, loss, grad_input and grad_target, without weight:element and pos_weight",
			"MultiLabelSoftMarginLoss float32, loss, grad_input, grad_target and grad_weight, without weight:element and integer_targets",
		}},
		{"the loss alone", lacking(func(c ports.Call) bool {
			return c.Module != ports.BCEWithLogitsLoss || len(c.Want) != 1 || c.Want[0] != ports.Loss
		}, unsupported), []string{"BCEWithLogitsLoss float16 bfloat16 float32 float64, loss, without mixed_dtype"}},
		{"gradients of the plain mean alone, as candle has them", lacking(func(c ports.Call) bool {
			o := c.Options
			other := o.SizeAverage != nil || o.Reduce != nil || o.Reduction != nil && slices.Contains([]string{"none", "sum", "elementwise_mean"}, *o.Reduction)
			return c.Module != ports.BCEWithLogitsLoss || other || has(c, ports.Weight) || has(c, ports.PosWeight) || has(c, ports.GradOutput)
		}, unsupported), []string{
			"BCEWithLogitsLoss float16 bfloat16 float32 float64, loss, grad_input and grad_target, without weight, pos_weight, reduction:none, reduction:sum, legacy_reduction, grad_output and mixed_dtype",
		}},
		{"wrong but where nothing is to be computed", lacking(func(c ports.Call) bool {
			return c.Inputs[ports.Input].Len() > 0
		}, ports.Answer{Failed: &ports.Failed{Message: "out of order"}}), nil},
		{"nothing at all", lacking(func(ports.Call) bool { return true }, unsupported), nil},
	} {
		report := run(t, test.port)
		var got []string
		for _, m := range report.Modules {
			got = append(got, claim.String(m.Name, m.Claim))
			for _, id := range m.WrongIDs {
				t.Errorf("%s: %s is wrong inside the claim", test.reason, id)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: want - got +\n%s", test.reason, diff)
		}
		if len(report.Modules)+len(report.Nothing) != len(claim.Modules) {
			t.Errorf("%s: %d modules, %v nothing", test.reason, len(report.Modules), report.Nothing)
		}
	}
}

// TestAClaimDoesNotHideFaults: what is wrong at times stays inside.
func TestAClaimDoesNotHideFaults(t *testing.T) {
	huge := func(c ports.Call) bool {
		x := c.Inputs[ports.Input]
		return slices.ContainsFunc(x.Float64s(), func(v float64) bool { return v > 1e6 })
	}
	report := run(t, lacking(huge, ports.Answer{Failed: &ports.Failed{Message: "overflow"}}))
	m := report.Modules[0]
	if slices.Contains(m.Claim.Without, claim.NonFinite) || m.Wrong < 10 || len(m.WrongIDs) == 0 || m.Wrong >= m.Inside {
		t.Errorf("claim %v, %d of %d wrong, %v", m.Claim, m.Wrong, m.Inside, m.WrongIDs)
	}
}

// TestUnreliableParts: what a maintainer would say does not work is not claimed, and the claim says why.
func TestUnreliableParts(t *testing.T) {
	single := func(ctx context.Context, call ports.Call) (ports.Answer, error) { // float64 that is computed in float32
		answer, err := testports.Port{}.Evaluate(ctx, call)
		for name, output := range answer.Outputs {
			if output.DType == tensor.Float64 {
				values := output.Float64s()
				for i, v := range values {
					values[i] = float64(float32(v))
				}
				answer.Outputs[name] = tensor.FromFloat64(values, output.Shape...)
			}
		}
		return answer, err
	}
	deep := func(ctx context.Context, call ports.Call) (ports.Answer, error) { // right for fewer than three dimensions
		answer, err := testports.Port{}.Evaluate(ctx, call)
		for name, output := range answer.Outputs {
			if len(call.Inputs[ports.Input].Shape) > 2 && output.Len() > 0 {
				values := output.Float64s()
				for i := range values {
					values[i]++
				}
				answer.Outputs[name] = tensor.FromValues(output.DType, values, output.Shape...)
			}
		}
		return answer, err
	}
	i := 0
	set := corpus.Of(t, func(c *fixtures.Case, first bool) bool {
		i++
		return c.Module == ports.BCEWithLogitsLoss && (first || i%8 == 0) && c.Topic != "accumulation" && c.Topic != "large"
	})
	for _, test := range []struct {
		name     string
		evaluate func(context.Context, ports.Call) (ports.Answer, error)
		want     string
	}{
		{"float64 in float32", single, "float64: "},
		{"three dimensions", deep, "without rank:3+: "},
	} {
		report, err := probe.Run(t.Context(), set, testports.Port{EvaluateFunc: test.evaluate}, nil)
		if err != nil {
			t.Fatal(err)
		}
		m := report.Modules[0]
		if !slices.ContainsFunc(m.Left, func(s string) bool { return strings.HasPrefix(s, test.want) && strings.Contains(s, "are wrong") }) || m.Wrong > 0 {
			t.Errorf("%s: claim %v, left %q, %d of %d wrong: %q", test.name, m.Claim, m.Left, m.Wrong, m.Inside, m.WrongIDs)
		}
	}
}

func TestRejectionsThatAreAccepted(t *testing.T) {
	report := run(t, testports.AcceptsEverything)
	m := report.Modules[0]
	if !slices.Contains(m.Claim.Without, claim.Rejections) || !slices.ContainsFunc(m.Left, func(s string) bool { return strings.HasPrefix(s, "without rejections: of ") }) {
		t.Errorf("claim %v, left %q", m.Claim, m.Left)
	}
}

func TestErrors(t *testing.T) {
	set := corpus.Whole(t)
	deaf := testports.Port{DescribeFunc: func() (ports.Description, error) { return ports.Description{}, errors.New("no GPU") }}
	var portError *judge.PortError
	if _, err := probe.Run(context.Background(), set, deaf, nil); !errors.As(err, &portError) {
		t.Errorf("got error %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	asked := 0
	port := testports.Port{EvaluateFunc: func(ctx context.Context, call ports.Call) (ports.Answer, error) {
		if asked++; asked == 100 {
			cancel()
		}
		return testports.Port{}.Evaluate(ctx, call)
	}}
	if _, err := probe.Run(ctx, set, port, nil); !errors.Is(err, context.Canceled) || asked > 200 {
		t.Errorf("got error %v after %d calls", err, asked)
	}
}
