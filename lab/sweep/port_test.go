package sweep_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"lossproof/lab/sweep"
	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/tensor"
)

// answering is the built-in losses with another answer, or another claim.
type answering struct {
	change func(*ports.Answer)
	claim  func(*ports.Claim)
}

func (a answering) Describe(ctx context.Context) (ports.Description, error) {
	d, err := builtin.Port{}.Describe(ctx)
	if a.claim != nil {
		c := d.Modules[ports.BCEWithLogitsLoss]
		a.claim(&c)
		d.Modules[ports.BCEWithLogitsLoss] = c
	}
	return d, err
}

func (a answering) Evaluate(ctx context.Context, call ports.Call) (ports.Answer, error) {
	answer, err := builtin.Port{}.Evaluate(ctx, call)
	if a.change != nil {
		a.change(&answer)
	}
	return answer, err
}

// sample sweeps a module of a port at few inputs.
func sample(t *testing.T, port ports.Port, module string) (*sweep.Result, error) {
	t.Helper()
	v, _, err := sweep.VariantOf(t.Context(), port, module)
	if err != nil {
		t.Fatal(err)
	}
	results, err := sweep.Sample(t.Context(), 64, sweep.Options{Variants: []sweep.Variant{v}, Block: sweep.PortBlock})
	if err != nil {
		return nil, err
	}
	return results[0], nil
}

// TestPortIsMeasuredAsTheLossesAre: the same numbers as those of package loss in process.
func TestPortIsMeasuredAsTheLossesAre(t *testing.T) {
	for _, module := range sweep.Exhaustive() {
		got, err := sample(t, builtin.Port{}, module)
		if err != nil {
			t.Fatal(err)
		}
		want, err := sweep.Sample(t.Context(), 64, sweep.Options{Variants: sweep.BuiltIn(module)[:1]})
		if err != nil {
			t.Fatal(err)
		}
		if got.Module != module || got.Inputs != want[0].Inputs {
			t.Errorf("%s: got %d inputs of %s, want %d", module, got.Inputs, got.Module, want[0].Inputs)
		}
		for i, tally := range got.Tallies {
			w := want[0].Tallies[i]
			if tally.Elements == 0 || tally.MaxULP() != w.MaxULP() || tally.Histogram != w.Histogram || tally.Profile != w.Profile {
				t.Errorf("%s %s: another result than in process: %v ULP, want %v", module, tally.Output, tally.MaxULP(), w.MaxULP())
			}
		}
	}
}

// TestBCELossIsAsked: a port of BCELoss whose logarithms have no clamp is seen.
func TestBCELossIsAsked(t *testing.T) {
	got, err := sample(t, answering{change: func(a *ports.Answer) {
		values := a.Outputs[ports.Loss].Float32s()
		for i, l := range values {
			if l == 100 {
				values[i] = float32(math.Inf(1))
			}
		}
		a.Outputs[ports.Loss] = tensor.FromFloat32(values, len(values))
	}}, sweep.BCELoss)
	if err != nil {
		t.Fatal(err)
	}
	// At 1 for target 0, and for target 1 at 0, -0 and some of the smallest numbers.
	wrong := make([]uint64, len(got.Tallies))
	for i, tally := range got.Tallies {
		wrong[i] = tally.WrongClass
	}
	if wrong[0] != 1 || wrong[1] < 10 || wrong[2]+wrong[3] > 0 {
		t.Errorf("got %d results of a wrong class, by output, want 1, 10 or more, 0 and 0", wrong)
	}
}

// TestCancellationIsSeen: max(x, 0) - x·t + log(1+exp(-|x|)) with 1+exp rounded loses the tail.
func TestCancellationIsSeen(t *testing.T) {
	got, err := sample(t, answering{change: func(a *ports.Answer) {
		values := a.Outputs[ports.Loss].Float32s()
		for i, l := range values {
			if l < 1e-8 {
				values[i] = 0
			}
		}
		a.Outputs[ports.Loss] = tensor.FromFloat32(values, len(values))
	}}, sweep.BCEWithLogitsLoss)
	if err != nil {
		t.Fatal(err)
	}
	loss := got.Tallies[0] // target 0
	if loss.MaxULP() < 1e6 || loss.Profile[int((sweep.ProfileEdge-20)/sweep.ProfileStep)].ULP < 1e6 || loss.Profile[int((sweep.ProfileEdge+20)/sweep.ProfileStep)].ULP > 1 {
		t.Errorf("largest error %v ULP", loss.MaxULP())
	}
	if got.Tallies[2].MaxULP() > 0.51 {
		t.Errorf("the gradient is wrong by %v ULP", got.Tallies[2].MaxULP())
	}
}

// recorder keeps the shapes that it is asked.
type recorder struct {
	answering
	shapes [][]int
}

func (r *recorder) Evaluate(ctx context.Context, call ports.Call) (ports.Answer, error) {
	r.shapes = append(r.shapes, call.Inputs[ports.Input].Shape, call.Inputs[ports.Target].Shape)
	return r.answering.Evaluate(ctx, call)
}

// TestCallsAreOfAMi: 2¹⁹ magnitudes at both targets make a tensor of 1 048 576 elements.
func TestCallsAreOfAMi(t *testing.T) {
	port := &recorder{}
	v, _, err := sweep.VariantOf(t.Context(), port, sweep.BCEWithLogitsLoss)
	if err != nil {
		t.Fatal(err)
	}
	result, err := sweep.Float32(t.Context(), sweep.Options{Variants: []sweep.Variant{v}, Block: sweep.PortBlock, Shard: 1, Shards: 4096, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, shape := range port.shapes {
		asked += shape[0]
		if len(shape) != 1 || shape[0] != 1_048_576 {
			t.Errorf("asked for the shape %v, want 1048576", shape)
		}
	}
	if result[0].Inputs != 1_048_576 || asked != 4*1_048_576 {
		t.Errorf("%d logits, asked %d elements of input and target, want %d and %d", result[0].Inputs, asked, 1_048_576, 4*1_048_576)
	}
}

func TestClaimsThatCannotBeSwept(t *testing.T) {
	for _, test := range []struct {
		want   string
		change func(*ports.Claim)
	}{
		{"a sweep needs float32", func(c *ports.Claim) { c.DTypes = []tensor.DType{tensor.Float64} }},
		{"a sweep needs grad_input", func(c *ports.Claim) { c.Outputs = c.Outputs[:1] }},
		{"without rank:1", func(c *ports.Claim) { c.Without = []string{"rank:1"} }},
	} {
		if _, _, err := sweep.VariantOf(t.Context(), answering{claim: test.change}, sweep.BCEWithLogitsLoss); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
}

// TestUnclaimedModule: what is claimed of another module does not count.
func TestUnclaimedModule(t *testing.T) {
	port := answering{claim: func(c *ports.Claim) { c.DTypes = nil }} // of BCEWithLogitsLoss
	if _, _, err := sweep.VariantOf(t.Context(), port, sweep.BCELoss); err != nil {
		t.Errorf("BCELoss: got %v", err)
	}
	if _, _, err := sweep.VariantOf(t.Context(), logitsAlone{}, sweep.BCELoss); err == nil || !strings.Contains(err.Error(), "the port does not claim BCELoss") {
		t.Errorf("got %v", err)
	}
}

// logitsAlone claims no BCELoss.
type logitsAlone struct{ builtin.Port }

func (logitsAlone) Describe(ctx context.Context) (ports.Description, error) {
	d, err := builtin.Port{}.Describe(ctx)
	delete(d.Modules, ports.BCELoss)
	return d, err
}

func TestAnswersThatAreNone(t *testing.T) {
	for _, test := range []struct {
		want   string
		change func(*ports.Answer)
	}{
		{"it lacks grad_input", func(a *ports.Answer) { delete(a.Outputs, ports.GradInput) }},
		{"loss is float64", func(a *ports.Answer) { a.Outputs[ports.Loss] = tensor.FromFloat64([]float64{math.Pi}, 1) }},
		{"malformed", func(a *ports.Answer) { a.Outputs[ports.Loss] = tensor.Tensor{DType: "float32", Shape: []int{-1}} }},
		{"refuses", func(a *ports.Answer) { *a = ports.Answer{Rejected: &ports.Rejected{Message: "too large"}} }},
		{"failed", func(a *ports.Answer) { *a = ports.Answer{Failed: &ports.Failed{Message: "boom"}} }},
	} {
		if _, err := sample(t, answering{change: test.change}, sweep.BCEWithLogitsLoss); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
}
