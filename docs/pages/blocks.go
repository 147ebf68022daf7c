package pages

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/diagnosis"
	"lossproof/internal/divergence"
	"lossproof/internal/report"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/loss"
	"lossproof/ports"
)

// blocks write what is more than a figure: "block NAME" is the source.
var blocks = map[string]func(*fixtures.Set) (string, error){
	"wrong-port": wrongPort,
	"inexact":    inexact,
	"sigmoids":   func(*fixtures.Set) (string, error) { return sigmoids() },
	"partings":   func(*fixtures.Set) (string, error) { return partings() },
	"version":    func(set *fixtures.Set) (string, error) { return set.Version(), nil },
	"torch":      func(set *fixtures.Set) (string, error) { return set.TorchVersion(), nil },
}

// wrongPort writes what a run says of a port that makes one mistake: the diagnosis, and the verdict.
func wrongPort(set *fixtures.Set) (string, error) {
	wrong, ok := divergence.ByName("pos-weight-on-whole-loss")
	if !ok {
		return "", errors.New("there is no divergence pos-weight-on-whole-loss")
	}
	ctx := context.Background()
	collector := diagnosis.New(set)
	options := judge.Options{Level: verdict.Parity, Selection: judge.Selection{Modules: []string{ports.BCEWithLogitsLoss}}, Observe: collector.Observe}
	result, err := judge.Run(ctx, wrong.Port(), options)
	if err != nil {
		return "", err
	}
	if err := collector.Diagnose(ctx, wrong.Port(), result); err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := report.Text(&b, result, report.TextOptions{Width: 90}); err != nil {
		return "", err
	}
	_, text, ok := strings.Cut(b.String(), "\ndiagnosis of ")
	if !ok {
		return "", errors.New("the run names no mistake")
	}
	_, end, ok := strings.Cut(text, "\nnot conformant ")
	if !ok {
		return "", errors.New("the run has no verdict")
	}
	text, _, _ = strings.Cut(text, "(reduction=") // the fresh input in full, and links
	text = strings.TrimRight(text, " \n")
	verdict, _, _ := strings.Cut(end, "\n\n")
	return "\n```\n$ lossproof run -- ./my-port\n…\ndiagnosis of " + text + "\n…\nnot conformant " + verdict + "\n…\n```\n", nil
}

// exactness sums up where the reference of a rule, or of all, is not exact.
type exactness struct {
	rule                  fixtures.Rule
	outputs, wrong        int
	elements, wrongPlaces int
	worst                 float64
	at                    string
	got, exact            float64
}

// exactnesses judges the recorded results of PyTorch by the oracle, by rule; the last is that of all.
func exactnesses(set *fixtures.Set) ([]exactness, error) {
	all := make([]exactness, len(set.Rules)+1)
	for i, rule := range set.Rules {
		all[i].rule = rule
	}
	for i := range set.Cases {
		c := &set.Cases[i]
		names := make([]string, 0, len(c.Outputs))
		for name := range c.Outputs {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			want, err := set.Expected(c, name)
			if err != nil {
				return nil, err
			}
			if want.Exact == nil {
				continue
			}
			result := verdict.Compare(want.Reference, want)
			rule := slices.IndexFunc(set.Rules, func(r fixtures.Rule) bool { return r.ID == c.Rule })
			for _, e := range []*exactness{&all[rule], &all[len(all)-1]} {
				e.add(c.ID+"#"+name, want, &result)
			}
		}
	}
	return all, nil
}

func (e *exactness) add(id string, want fixtures.Expected, result *verdict.Result) {
	wrong := result.Wrong(verdict.Exact)
	e.outputs++
	e.elements += result.Elements
	e.wrongPlaces += wrong.Count
	if wrong.Count == 0 {
		return
	}
	e.wrong++
	if worst := result.FromOracle.ULP; worst.Value > e.worst {
		e.worst, e.at = worst.Value, fmt.Sprintf("`%s` %s", id, verdict.FormatIndex(result.Shape, worst.Index))
		e.got, e.exact = want.Reference.Float64(worst.Index), want.Exact[worst.Index]
	}
}

// inexact writes how much of PyTorch is not exact, and where, by rule.
func inexact(set *fixtures.Set) (string, error) {
	rules, err := exactnesses(set)
	if err != nil {
		return "", err
	}
	total := rules[len(rules)-1]
	rules = rules[:len(rules)-1]
	b := fmt.Sprintf("\nOf %d outputs with an exact result, PyTorch misses %d in at least one element: %d of %d elements.\n\n"+
		"| rule | requirement | outputs | not exact | wrong elements | worst, ULP | where | PyTorch | exact |\n|---|---|--:|--:|--:|--:|---|--:|--:|\n",
		total.outputs, total.wrong, total.wrongPlaces, total.elements)
	var exact []string
	for _, e := range rules {
		switch {
		case e.wrong > 0:
			b += fmt.Sprintf("| %s | %s | %d | %d | %d of %d | %.3g | %s | %.6g | %.6g |\n", e.rule.ID, e.rule.Requirement,
				e.outputs, e.wrong, e.wrongPlaces, e.elements, e.worst, e.at, e.got, e.exact)
		case e.outputs > 0:
			exact = append(exact, fmt.Sprintf("%s (%d)", e.rule.ID, e.outputs))
		}
	}
	return b + "\nThe rules in which every recorded result of PyTorch is exact, with the number of outputs:\n" + strings.Join(exact, ",\n") + ".\n", nil
}

// sigmoid computes 1/(1+exp(-x)) as PyTorch's kernel does: every step rounded to the dtype.
func sigmoid[T loss.Float](x T) T {
	e := T(math.Exp(float64(-x)))
	return 1 / (1 + e)
}

// composition is BCELoss of a sigmoid beside BCEWithLogitsLoss, at one target, with the gradients in the logit.
type composition[T loss.Float] struct {
	logits, losses, withLogits, gradients, gradientsWith []T
}

func compose[T loss.Float](logits []T, target T) (composition[T], error) {
	n := len(logits)
	s, t, ones := make([]T, n), make([]T, n), make([]T, n)
	for i, x := range logits {
		s[i], t[i], ones[i] = sigmoid(x), target, 1
	}
	up := loss.Vector(ones...)
	l, g, err := loss.BCELoss[T]{Reduction: loss.None}.ForwardGrad(loss.Vector(s...), loss.Vector(t...), &up)
	if err != nil {
		return composition[T]{}, err
	}
	for i := range g.Data {
		g.Data[i] = g.Data[i] * (1 - s[i]) * s[i] // the derivative of the sigmoid, as PyTorch computes it
	}
	lw, gw, err := loss.BCEWithLogitsLoss[T]{Reduction: loss.None}.ForwardGrad(loss.Vector(logits...), loss.Vector(t...), &up)
	return composition[T]{logits, l.Data, lw.Data, g.Data, gw.Data}, err
}

// sigmoids writes where BCELoss(sigmoid(x)) stands beside BCEWithLogitsLoss(x) at a few logits, target 0.
func sigmoids() (string, error) {
	both, err := compose([]float32{2, 5, 10, 15, 16, 17, 20, 50, 200}, 0)
	b := "\n| logit | sigmoid | BCELoss of it | BCEWithLogitsLoss | gradient through both | BCEWithLogitsLoss |\n|--:|--:|--:|--:|--:|--:|\n"
	for i, x := range both.logits {
		b += fmt.Sprintf("| %v | %.8g | %.8g | %.8g | %s | %s |\n", x, sigmoid(x), both.losses[i], both.withLogits[i],
			number(float64(both.gradients[i])), number(float64(both.gradientsWith[i])))
	}
	return b, err
}

// The logits of the search are multiples of 2⁻¹⁰ up to 110 in size.
const (
	perUnit    = 1024
	searchedTo = 110
)

// parting says from which logit on, away from 0, losses and gradients are further apart than the defaults of torch.testing.assert_close
// for the dtype, as two cells of a table: – where they never are.
func parting[T loss.Float](sign, target, rtol, atol float64) (string, error) {
	logits := make([]T, searchedTo*perUnit+1)
	for i := range logits {
		logits[i] = T(sign) * T(i) / perUnit
	}
	both, err := compose(logits, T(target))
	first := func(got, want []T) string {
		for i := range got {
			if !(math.Abs(float64(got[i])-float64(want[i])) <= atol+rtol*math.Abs(float64(want[i]))) {
				return fmt.Sprintf("%.2f", logits[i])
			}
		}
		return "–"
	}
	return first(both.losses, both.withLogits) + " | " + first(both.gradients, both.gradientsWith), err
}

// saturates returns the first logit whose sigmoid is 1.
func saturates[T loss.Float]() string {
	x := T(0)
	for sigmoid(x) != 1 {
		x += 1. / perUnit
	}
	return fmt.Sprintf("%.2f", x)
}

// partings writes where the two part, for both signs and three targets. ports/pytorch/findings/bceloss_of_a_sigmoid.py asks PyTorch the same, with its
// own sigmoid and autograd, and prints the same table.
func partings() (string, error) {
	b := "| from the logit on | loss, float32 | gradient, float32 | loss, float64 | gradient, float64 |\n| --- | --: | --: | --: | --: |\n"
	for _, at := range []struct {
		side         string
		sign, target float64
	}{{"x > 0", 1, 0}, {"x > 0", 1, 0.5}, {"x > 0", 1, 1}, {"x < 0", -1, 0}, {"x < 0", -1, 0.5}, {"x < 0", -1, 1}} {
		single, err := parting[float32](at.sign, at.target, 1.3e-6, 1e-5)
		if err != nil {
			return "", err
		}
		double, err := parting[float64](at.sign, at.target, 1e-7, 1e-7)
		if err != nil {
			return "", err
		}
		b += fmt.Sprintf("| target %v, %s | %s | %s |\n", at.target, at.side, single, double)
	}
	return "\n" + b + fmt.Sprintf("| the sigmoid is 1 | %s |  | %s |  |\n", saturates[float32](), saturates[float64]()), nil
}
