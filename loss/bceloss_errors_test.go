package loss_test

import (
	"strings"
	"testing"

	"lossproof/loss"
)

// TestBCELossErrors has calls that are refused, by every method, with what the error says.
func TestBCELossErrors(t *testing.T) {
	type tensor = loss.Tensor[float64]
	type criterion = loss.BCELoss[float64]
	zeros := func(shape ...int) tensor { return fill(shape, func() float64 { return 0 }) }
	weight := func(w tensor) criterion { return criterion{Weight: &w} }
	tests := []struct {
		name          string
		loss          criterion
		input, target tensor
		want          string
	}{
		{"reduction", criterion{Reduction: 9}, zeros(2), zeros(2), "reduction: got 9, want Mean, Sum or None"},
		{"zero input", criterion{}, tensor{}, zeros(), "input: shape () needs 1 elements, Data has 0"},
		{"bad input", criterion{}, tensor{Shape: []int{2, 3}}, zeros(2, 3), "input: shape (2, 3) needs 6 elements, Data has 0"},
		{"negative dimension", criterion{}, tensor{Shape: []int{2, -3}}, zeros(2, 3), "input: shape (2, -3) has a negative dimension"},
		{"bad target", criterion{}, zeros(2, 3), tensor{Shape: []int{2, 3}}, "target: shape (2, 3) needs 6 elements, Data has 0"},
		{"target of a row", criterion{}, zeros(3, 5), zeros(5), "target: got shape (5,), want (3, 5), the shape of input"},
		{"target of as many elements", criterion{}, zeros(3, 1), zeros(3), "target: got shape (3,), want (3, 1)"},
		{"0-d target", criterion{}, zeros(1), zeros(), "target: got shape (), want (1,)"},
		{"weight of 4", weight(zeros(4)), zeros(3, 5), zeros(3, 5), "weight: shape (4,) does not broadcast to"},
		{"weight of the samples", weight(zeros(3)), zeros(3, 5), zeros(3, 5), "weight: shape (3,) does not broadcast to"},
		{"weight of higher rank", weight(zeros(1, 3, 5)), zeros(3, 5), zeros(3, 5), "weight: shape (1, 3, 5) does not broadcast to"},
		{"weight that input would be broadcast to", weight(zeros(5)), zeros(3, 1), zeros(3, 1), "weight: shape (5,) does not broadcast to"},
		{"bad weight", weight(tensor{Shape: []int{5}}), zeros(3, 5), zeros(3, 5), "weight: shape (5,) needs 5 elements, Data has 0"},
		{"input above 1", criterion{}, loss.Vector(1, 1.5), zeros(2), "input: element [1] is 1.5, want a number from 0 to 1"},
		{"target below 0", criterion{}, zeros(2), loss.Vector(0.0, -1), "target: element [1] is -1, want a number from 0 to 1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, test.loss.Reduction = range []loss.Reduction{test.loss.Reduction, max(test.loss.Reduction, loss.None)} {
				_, _, both := test.loss.ForwardGrad(test.input, test.target, nil)
				for method, err := range map[string]error{
					"Forward":     second(test.loss.Forward(test.input, test.target)),
					"GradInput":   second(test.loss.GradInput(test.input, test.target, nil)),
					"GradTarget":  second(test.loss.GradTarget(test.input, test.target, nil)),
					"ForwardGrad": both,
				} {
					checkError(t, method, err, "BCELoss: "+test.want)
				}
			}
		})
	}
	input, mean, none := zeros(2, 3), criterion{}, criterion{Reduction: loss.None}
	slice := func(n int) []float64 { return make([]float64, n) }
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"loss":                            {mean.Into(loss.Results[float64]{Loss: slice(2)}, input, input, nil), "loss: got a slice of 2 elements to write to, want 1"},
		"no loss":                         {mean.Into(loss.Results[float64]{Loss: make([]float64, 0)}, input, input, nil), "loss: got a slice of 0"},
		"losses":                          {none.Into(loss.Results[float64]{Loss: slice(1)}, input, input, nil), "loss: got a slice of 1 elements to write to, want 6"},
		"grad_input":                      {mean.Into(loss.Results[float64]{GradInput: slice(5)}, input, input, nil), "grad_input: got a slice of 5 elements to write to, want 6"},
		"grad_target":                     {mean.Into(loss.Results[float64]{GradTarget: slice(7)}, input, input, nil), "grad_target: got a slice of 7 elements to write to, want 6"},
		"one pass, loss":                  {none.Into(loss.Results[float64]{Loss: slice(1), GradInput: slice(6)}, input, input, nil), "loss: got a slice of 1"},
		"one pass, gradient":              {mean.Into(loss.Results[float64]{Loss: slice(1), GradInput: slice(1)}, input, input, nil), "grad_input: got a slice of 1"},
		"grad_output":                     {none.Into(loss.Results[float64]{GradInput: slice(6)}, input, input, pointer(zeros(3))), "grad_output: got shape (3,), want (2, 3), the shape of the loss"},
		"grad_output of a mean":           {mean.Into(loss.Results[float64]{GradInput: slice(6)}, input, input, pointer(zeros(1))), "grad_output: got shape (1,), want ()"},
		"grad_output for the target":      {none.Into(loss.Results[float64]{GradTarget: slice(6)}, input, input, pointer(zeros())), "grad_output: got shape (), want (2, 3)"},
		"grad_output in one pass":         {mean.Into(loss.Results[float64]{Loss: slice(1), GradInput: slice(6)}, input, input, pointer(zeros(2, 3))), "grad_output: got shape (2, 3), want ()"},
		"grad_output of too few elements": {none.Into(loss.Results[float64]{GradInput: slice(6)}, input, input, &tensor{Shape: []int{2, 3}}), "grad_output: shape (2, 3) needs 6 elements, Data has 0"},
	} {
		checkError(t, name, test.err, "BCELoss: "+test.want)
	}
}

// checkError checks that a call was refused by an error of package loss that begins as wanted.
func checkError(t *testing.T, call string, err error, want string) {
	t.Helper()
	if err == nil || !strings.HasPrefix(err.Error(), want) || !isLossError(err) {
		t.Errorf("%s: got error %v, want one of package loss: %s", call, err, want)
	}
}
