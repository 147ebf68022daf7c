package judge

import (
	"fmt"
	"strings"

	"lossproof/internal/plain"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// maxText bounds what a message quotes from a port.
const maxText = 2000

// judgeRefusal judges the answer to a call that PyTorch refuses.
func judgeRefusal(result *CheckResult, q question, answer ports.Answer, err error) {
	rejection := q.c.Rejection
	switch {
	case err != nil:
		result.Outcome, result.Message = outcomeOf(err), bounded(err.Error())
	case answer.Failed != nil:
		result.Outcome, result.Message = Error, failedText(answer.Failed)
	case answer.Unsupported != nil && q.excused != "":
		result.Outcome, result.Message = Unsupported, q.excused
	case answer.Unsupported != nil:
		result.Outcome, result.Message = Fail, unsupportedText(answer.Unsupported)
	case answer.Outputs != nil:
		result.Outcome = Fail
		result.Message = fmt.Sprintf("accepted what PyTorch refuses with %s: %s\nthe answer: %s",
			rejection.Error, bounded(rejection.Message), describeOutputs(answer.Outputs, q.want))
	default:
		result.Outcome = Pass
		if kind := answer.Rejected.Kind; kind != "" && kind != rejection.Kind {
			result.Note = fmt.Sprintf("refused with kind %s, PyTorch's reason is of kind %s", bounded(kind), rejection.Kind)
		}
	}
}

// judgeOutputs judges the answer to a call that PyTorch accepts.
func (e recorded) judgeOutputs(level verdict.Level, result *CheckResult, q question, answer ports.Answer, err error) {
	result.Outputs = unclaimed(q.c, q.want)
	// all gives every output asked for the same outcome.
	all := func(outcome Outcome, message string) {
		result.Outcome, result.Message = outcome, message
		for _, name := range q.want {
			result.Outputs[name] = OutputResult{Outcome: outcome}
		}
	}
	switch {
	case err != nil:
		all(outcomeOf(err), bounded(err.Error()))
		return
	case answer.Failed != nil:
		all(Error, failedText(answer.Failed))
		return
	case answer.Unsupported != nil:
		all(Fail, unsupportedText(answer.Unsupported))
		return
	case answer.Rejected != nil:
		kind := ""
		if answer.Rejected.Kind != "" {
			kind = " (" + answer.Rejected.Kind + ")"
		}
		all(Fail, bounded(fmt.Sprintf("refused what PyTorch accepts%s: %s", kind, answer.Rejected.Message)))
		return
	}
	result.Outcome = Pass
	for _, name := range q.want {
		output := e.judgeOutput(level, name, q, answer.Outputs)
		result.Outputs[name] = output
		if output.Outcome.precedes(result.Outcome) {
			result.Outcome = output.Outcome
		}
	}
}

// judgeOutput compares one output.
func (e recorded) judgeOutput(level verdict.Level, name string, q question, outputs map[string]tensor.Tensor) OutputResult {
	got, ok := outputs[name]
	if !ok {
		return OutputResult{Outcome: Malformed, Message: fmt.Sprintf("the answer lacks %s, it has %s", name, describeOutputs(outputs, nil))}
	}
	if _, err := tensor.New(got.DType, got.Shape, got.Data); err != nil {
		return OutputResult{Outcome: Malformed, Message: bounded(fmt.Sprintf("the answer's %s: %v", name, err))}
	}
	return compare(got, q.expected[name], level, func() func(int) string {
		inputs, err := e.set.Inputs(q.c)
		if err != nil {
			return nil // it was read before
		}
		return originOf(q.c.Module, name, q.expected[name].Reference.Shape, inputs)
	})
}

// describeOutputs lists dtypes and shapes, and the value of a single element; of the
// outputs in want, or of all.
func describeOutputs(outputs map[string]tensor.Tensor, want []string) string {
	if want == nil {
		want = namesOf(outputs)
	}
	var parts []string
	for _, name := range want {
		t, ok := outputs[name]
		if !ok {
			continue
		}
		part := fmt.Sprintf("%s %s %s", name, t.DType, tensor.FormatShape(t.Shape))
		if t.Len() == 1 && len(t.Data) == t.DType.Size() && len(t.Data) > 0 {
			part += fmt.Sprintf(" = %v", t.Float64(0))
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return "no outputs"
	}
	return bounded(strings.Join(parts, ", "))
}

func failedText(f *ports.Failed) string {
	text := "the port says that it failed: " + f.Message
	if f.Traceback != "" {
		text += "\n" + strings.TrimRight(f.Traceback, "\n")
	}
	return bounded(text)
}

func unsupportedText(u *ports.Unsupported) string {
	text := "answered unsupported inside its claim: " + u.Reason
	if u.IssueURL != "" {
		text += " (" + u.IssueURL + ")"
	}
	return bounded(text)
}

// bounded makes plain what came from outside, and cuts it.
func bounded(text string) string { return plain.Text(text, maxText) }
