// Package pages fills the figures of the documentation, so that none is typed by hand, and makes the site.
//
// A figure stands between two comments of its page, the first of which says where it comes from:
//
//	<!-- CASE#loss[3] -->0.4276<!-- / -->
//
// `make docs` writes all of them anew; a test fails where one is stale. See [Figure].
package pages

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lossproof/fixtures"
	"lossproof/tensor"
)

// figure matches a figure with its comments; the first group is its source, the second what stands there.
var figure = regexp.MustCompile(`(?s)<!-- ([^>]*?(?:#|block )[^>]*?) -->(.*?)<!-- / -->`)

// Fill returns the page with all figures written anew.
func Fill(set *fixtures.Set, page string) (string, error) {
	var failed error
	filled := figure.ReplaceAllStringFunc(page, func(found string) string {
		source := figure.FindStringSubmatch(found)[1]
		text, err := Figure(set, source)
		if err != nil && failed == nil {
			failed = fmt.Errorf("figure %q: %w", source, err)
		}
		return "<!-- " + source + " -->" + text + "<!-- / -->"
	})
	return filled, failed
}

// Figure returns the figure that a source names:
//
//	CASE#loss            what PyTorch returned: the first three elements, in bold where they are not exact, or its refusal
//	CASE#loss[3]         one element
//	exact CASE#loss[3]   the exact result, or – where there is none
//	published CASE#loss[3]       what the blog post prints
//	%.6f CASE#loss       in a format of its own, all elements
//	mean CASE#loss[3:6]  the mean of some
//	shape, dtype CASE#loss       shape and dtype of an output or an input
//	message CASE#        the exception with which PyTorch refuses
//	A#loss / B#loss      the quotient of two, or with - their difference
//	block NAME           what a function writes: see blocks
func Figure(set *fixtures.Set, source string) (string, error) {
	words := strings.Fields(source)
	if len(words) == 3 {
		a, err := elements(set, words[0])
		if err != nil {
			return "", err
		}
		b, err := elements(set, words[2])
		if err != nil {
			return "", err
		}
		if len(a.torch) != 1 || len(b.torch) != 1 {
			return "", fmt.Errorf("got %d and %d elements, want one of each", len(a.torch), len(b.torch))
		}
		switch words[1] {
		case "/":
			return number(a.torch[0] / b.torch[0]), nil
		case "-":
			return number(a.torch[0] - b.torch[0]), nil
		}
		return "", fmt.Errorf("got the operation %q, want / or -", words[1])
	}
	how, ref := "", words[0]
	if len(words) == 2 {
		how, ref = words[0], words[1]
	}
	if how == "block" {
		if write := blocks[ref]; write != nil {
			return write(set)
		}
		return "", fmt.Errorf("there is no block %q", ref)
	}
	r, err := elements(set, ref)
	if err != nil {
		return "", err
	}
	switch {
	case how == "message" && r.refusal != nil:
		return fmt.Sprintf("`%s: %s`", r.refusal.Error, r.refusal.Message), nil
	case how == "message":
		return "", fmt.Errorf("%s: PyTorch does not refuse it", ref)
	case r.refusal != nil:
		return "refused: " + r.refusal.Error, nil
	case how == "shape":
		return tensor.FormatShape(r.shape), nil
	case how == "dtype":
		return string(r.dtype), nil
	case how == "mean":
		sum := 0.0
		for _, v := range r.torch {
			sum += v
		}
		return number(sum / float64(len(r.torch))), nil
	}
	values := r.torch
	switch how {
	case "exact":
		values = r.exact
	case "published":
		values = r.published
	}
	if len(values) != len(r.torch) || len(values) == 0 {
		return "", fmt.Errorf("%s: got %d elements of it, %q needs %d", ref, len(values), how, len(r.torch))
	}
	var parts []string
	for i, v := range values {
		text := number(v)
		switch {
		case strings.HasPrefix(how, "%"):
			text = fmt.Sprintf(how, v)
		case how == "published":
			text = fmt.Sprintf("%.4f", v)
		case i == 3:
			return strings.Join(append(parts, "…"), ", "), nil
		case how == "exact" && math.IsNaN(r.tolerance[i]):
			text = "–"
		case how == "" && r.inexact(i):
			text = "**" + text + "**"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", "), nil
}

// recorded is what the fixtures have of some elements of an output or an input of a case; the exact ones may lack.
type recorded struct {
	shape                       []int
	dtype                       tensor.DType
	torch                       []float64
	exact, tolerance, published []float64
	refusal                     *fixtures.Rejection
}

// inexact reports whether PyTorch is further from the exact result than the tolerance allows. An element without an oracle has a tolerance of NaN.
func (r recorded) inexact(i int) bool {
	if r.exact == nil || math.IsNaN(r.tolerance[i]) || r.torch[i] == r.exact[i] || math.IsNaN(r.torch[i]) && math.IsNaN(r.exact[i]) {
		return false
	}
	return !(math.Abs(r.torch[i]-r.exact[i]) <= r.tolerance[i])
}

var reference = regexp.MustCompile(`^([^#]+)#([a-z_]*)(?:\[(\d+)(?::(\d+))?\])?$`)

// elements reads what a source refers to.
func elements(set *fixtures.Set, ref string) (r recorded, err error) {
	m := reference.FindStringSubmatch(ref)
	if m == nil {
		return r, fmt.Errorf("got %q, want one such as CASE#loss[3]", ref)
	}
	c, err := set.Case(m[1])
	if err != nil {
		return r, err
	}
	if r.refusal = c.Rejection; r.refusal != nil || m[2] == "" {
		return r, nil
	}
	if _, ok := c.Inputs[m[2]]; ok {
		inputs, err := set.Inputs(c)
		if err != nil {
			return r, err
		}
		t := inputs[m[2]]
		r = recorded{shape: t.Shape, dtype: t.DType, torch: t.Float64s()}
	} else {
		want, err := set.Expected(c, m[2])
		if err != nil {
			return r, err
		}
		t := want.Reference
		r = recorded{t.Shape, t.DType, t.Float64s(), want.Exact, want.Tolerance, want.Published, nil}
	}
	if m[3] == "" {
		return r, nil
	}
	from, _ := strconv.Atoi(m[3])
	to := from + 1
	if m[4] != "" {
		to, _ = strconv.Atoi(m[4])
	}
	if from >= to || to > len(r.torch) {
		return r, fmt.Errorf("%s: there are %d elements", ref, len(r.torch))
	}
	for _, values := range []*[]float64{&r.torch, &r.exact, &r.tolerance, &r.published} {
		if *values != nil {
			*values = slices.Clone((*values)[from:to])
		}
	}
	return r, nil
}

// number writes four significant digits, or NaN and inf as PyTorch does. A zero has no sign: no
// rule asks for it.
func number(v float64) string {
	text := strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%.4g", v), "+"))
	if text == "-0" {
		return "0"
	}
	return text
}
