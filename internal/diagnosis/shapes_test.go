package diagnosis_test

import (
	"context"
	"testing"

	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/tensor"
)

// emptied is a port whose losses of logits above 2 are twice the right ones, and without elements where the call has
// few of them, as the smallest example of the mistake has.
type emptied struct{ builtin.Port }

func (p emptied) Evaluate(ctx context.Context, call ports.Call) (ports.Answer, error) {
	answer, err := p.Port.Evaluate(ctx, call)
	x := call.Inputs[ports.Input]
	loss, ok := answer.Outputs[ports.Loss]
	if err != nil || !ok || x.DType != tensor.Float32 || loss.DType != tensor.Float32 || loss.Len() != x.Len() {
		return answer, err
	}
	numbers, above := loss.Float64s(), false
	for i, v := range x.Float64s() {
		if v > 2 {
			numbers[i], above = 2*numbers[i], true
		}
	}
	switch {
	case !above:
	case x.Len() > 4:
		answer.Outputs[ports.Loss] = tensor.FromValues(loss.DType, numbers, loss.Shape...)
	default:
		answer.Outputs[ports.Loss] = tensor.FromFloat32(nil, 0)
	}
	return answer, nil
}

// TestAnswersOfAnotherShape: the smallest example of a mistake may have an answer with other elements than the right one.
func TestAnswersOfAnotherShape(t *testing.T) {
	result, _ := diagnose(t, emptied{}, verdict.Parity, judge.Selection{Modules: []string{ports.BCEWithLogitsLoss}})
	if len(result.Causes) == 0 {
		t.Error("no cause is found")
	}
}

// raising is a port that fails at large calls, those of sums among them.
type raising struct{ builtin.Port }

func (p raising) Evaluate(ctx context.Context, call ports.Call) (ports.Answer, error) {
	if call.Inputs[ports.Input].Len() > 1000 {
		return ports.Answer{Failed: &ports.Failed{Message: "MemoryError"}}, nil
	}
	return p.Port.Evaluate(ctx, call)
}

// TestSumsWithoutAnswer: where there is no answer, there is no sum in order.
func TestSumsWithoutAnswer(t *testing.T) {
	result, _ := diagnose(t, raising{}, verdict.Parity, judge.Selection{Modules: []string{ports.BCEWithLogitsLoss}})
	if len(result.Causes) == 0 || result.Causes[0].Kind != judge.Raises {
		t.Errorf("got the causes %+v, want one that raises", result.Causes)
	}
}
