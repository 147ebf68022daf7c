package semantics

import (
	"fmt"
	"math"

	"lossproof/docs/pages/facts"
	"lossproof/loss"
)

// sigmoid computes 1/(1+exp(-x)) as PyTorch's kernel does: every step rounded to the dtype.
func sigmoid[T loss.Float](x T) T {
	e := T(math.Exp(float64(-x)))
	return 1 / (1 + e)
}

func sigmoids[T loss.Float](x loss.Tensor[T]) loss.Tensor[T] {
	s := loss.Tensor[T]{Data: make([]T, len(x.Data)), Shape: x.Shape}
	for i, v := range x.Data {
		s.Data[i] = sigmoid(v)
	}
	return s
}

// composition is BCELoss of a sigmoid beside BCEWithLogitsLoss, at one target, with the gradients in the logit.
type composition[T loss.Float] struct {
	logits                   []T
	losses, withLogits       []T
	gradients, gradientsWith []T
}

func compose[T loss.Float](logits []T, target T) (composition[T], error) {
	x := loss.Tensor[T]{Data: logits, Shape: []int{len(logits)}}
	s := sigmoids(x)
	t := loss.Tensor[T]{Data: make([]T, len(logits)), Shape: x.Shape}
	for i := range t.Data {
		t.Data[i] = target
	}
	ones := loss.Tensor[T]{Data: make([]T, len(logits)), Shape: x.Shape}
	for i := range ones.Data {
		ones.Data[i] = 1
	}
	l, g, err := loss.BCELoss[T]{Reduction: loss.None}.ForwardGrad(s, t, &ones)
	if err != nil {
		return composition[T]{}, err
	}
	for i := range g.Data {
		g.Data[i] = g.Data[i] * (1 - s.Data[i]) * s.Data[i] // the derivative of the sigmoid, as PyTorch computes it
	}
	lw, gw, err := loss.BCEWithLogitsLoss[T]{Reduction: loss.None}.ForwardGrad(x, t, &ones)
	if err != nil {
		return composition[T]{}, err
	}
	return composition[T]{logits, l.Data, lw.Data, g.Data, gw.Data}, nil
}

// closeness are the defaults of torch.testing.assert_close for a dtype.
type closeness struct{ rtol, atol float64 }

var (
	close32 = closeness{1.3e-6, 1e-5}
	close64 = closeness{1e-7, 1e-7}
)

func (c closeness) apart(got, want float64) bool {
	return !(math.Abs(got-want) <= c.atol+c.rtol*math.Abs(want))
}

// The logits of the search are multiples of 2⁻¹⁰ up to 110 in size.
const (
	perUnit    = 1024
	searchedTo = 110
)

func searched[T loss.Float](sign T) []T {
	logits := make([]T, searchedTo*perUnit+1)
	for i := range logits {
		logits[i] = sign * T(i) / perUnit
	}
	return logits
}

// partings says from which logit on, away from 0, the two are apart; "" where they never are.
type partings struct{ loss, gradient string }

func part[T loss.Float](sign, target T, c closeness) (partings, error) {
	both, err := compose(searched(sign), target)
	if err != nil {
		return partings{}, err
	}
	first := func(got, want []T) string {
		for i := range got {
			if c.apart(float64(got[i]), float64(want[i])) {
				return fmt.Sprintf("%.2f", both.logits[i])
			}
		}
		return "–"
	}
	return partings{first(both.losses, both.withLogits), first(both.gradients, both.gradientsWith)}, nil
}

// saturates returns the first logit whose sigmoid is 1.
func saturates[T loss.Float]() (string, error) {
	for _, x := range searched[T](1) {
		if sigmoid(x) == 1 {
			return fmt.Sprintf("%.2f", x), nil
		}
	}
	return "", fmt.Errorf("no sigmoid is 1 up to %d", searchedTo)
}

// compose writes a figure of the composition of BCELoss and sigmoid: "table", or the logit from which
// the losses part in a dtype at target 0.
func (w writer) compose(what string) (string, error) {
	switch what {
	case "float32":
		p, err := part[float32](1, 0, close32)
		return p.loss, err
	case "float64":
		p, err := part[float64](1, 0, close64)
		return p.loss, err
	case "table":
		return composeTable()
	}
	return "", fmt.Errorf("compose: no figure %q", what)
}

// composeTable writes all figures. ports/pytorch/findings/bceloss_of_a_sigmoid.py asks PyTorch the same, with its own
// sigmoid and autograd, and prints the same table.
func composeTable() (string, error) {
	s32, err := saturates[float32]()
	if err != nil {
		return "", err
	}
	s64, err := saturates[float64]()
	if err != nil {
		return "", err
	}
	var lines [][]string
	for _, at := range []struct{ sign, target float64 }{{1, 0}, {1, 0.5}, {1, 1}, {-1, 0}, {-1, 0.5}, {-1, 1}} {
		p32, err := part(float32(at.sign), float32(at.target), close32)
		if err != nil {
			return "", err
		}
		p64, err := part(at.sign, at.target, close64)
		if err != nil {
			return "", err
		}
		side := "x > 0"
		if at.sign < 0 {
			side = "x < 0"
		}
		lines = append(lines, []string{"target " + facts.Number(at.target) + ", " + side, p32.loss, p32.gradient, p64.loss, p64.gradient})
	}
	lines = append(lines, []string{"the sigmoid is 1", s32, "", s64, ""})
	return table([]string{"from the logit on", ":loss, float32", ":gradient, float32", ":loss, float64", ":gradient, float64"}, lines), nil
}
