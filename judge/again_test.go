package judge_test

import (
	"context"
	"strings"
	"testing"

	"lossproof/judge"
	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/tensor"
)

// careless is a port in process that does something to every call.
type careless struct {
	ports.Port
	calls int
	do    func(p *careless, call ports.Call, a ports.Answer) ports.Answer
}

func (p *careless) Evaluate(ctx context.Context, call ports.Call) (ports.Answer, error) {
	a, err := p.Port.Evaluate(ctx, call)
	p.calls++
	return p.do(p, call, a), err
}

// TestInputsStayAsTheyAre: a port in process that writes to its input fails, by cases, laws and generated
// checks, however right its answers are.
func TestInputsStayAsTheyAre(t *testing.T) {
	port := &careless{Port: builtin.Port{}, do: func(_ *careless, call ports.Call, a ports.Answer) ports.Answer {
		if t := call.Inputs[ports.Input]; len(t.Data) > 0 && t.DType == tensor.Float32 {
			t.Data[0] ^= 1
		}
		return a
	}}
	result := run(t, port, judge.Options{Selection: judge.Selection{Select: []string{
		"BCELoss/weights/f32-none-4d-cube", "BCELoss/relations/mean", "BCELoss/generated/elements",
	}}})
	for _, r := range result.Checks() {
		if text := judgedText(r); r.Outcome != judge.Fail || !strings.Contains(text, "the port overwrites its inputs: element 0 of input was ") {
			t.Errorf("%s: %s: %s", r.ID, r.Outcome, text)
		}
	}
	if n := len(result.Checks()); n != 3 {
		t.Errorf("%d checks, want 3", n)
	}
}

func judgedText(r judge.CheckResult) string {
	text := r.Message
	for _, output := range r.Outputs {
		text += output.Message
	}
	return text
}

// TestAnswersThatDependOnEarlierCalls: what fails once and is right when it is asked again says so.
func TestAnswersThatDependOnEarlierCalls(t *testing.T) {
	wrongAt := func(number int) *careless {
		return &careless{Port: builtin.Port{}, do: func(p *careless, _ ports.Call, a ports.Answer) ports.Answer {
			if g, ok := a.Outputs[ports.GradInput]; ok && p.calls == number {
				values := g.Float64s()
				values[len(values)-1] = 2*values[len(values)-1] + 1
				a.Outputs[ports.GradInput] = tensor.FromValues(g.DType, values, g.Shape...)
			}
			return a
		}}
	}
	for _, test := range []struct {
		id     string
		number int
		want   string
	}{
		{"BCELoss/weights/f32-none-4d-cube", 1, "asked again, the port answers it right"},
		{"BCELoss/generated/elements", 5, "its answers depend on earlier calls"},
	} {
		result := run(t, wrongAt(test.number), judge.Options{Selection: judge.Selection{Select: []string{test.id}}})
		r := result.Checks()[0]
		if r.Outcome != judge.Fail || !strings.Contains(r.Note+r.Message, test.want) {
			t.Errorf("%s: %s: %s %s", test.id, r.Outcome, r.Note, r.Message)
		}
	}
	always := &careless{Port: builtin.Port{}, do: func(_ *careless, _ ports.Call, a ports.Answer) ports.Answer {
		return wrongAt(0).do(&careless{}, ports.Call{}, a)
	}}
	if r := run(t, always, judge.Options{Selection: judge.Selection{Select: []string{"BCELoss/weights/f32-none-4d-cube"}}}).Cases[0]; r.Outcome != judge.Fail || r.Note != "" {
		t.Errorf("a port that is always wrong: %s, %q", r.Outcome, r.Note)
	}
}
