package laws

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"lossproof/ports"
	"lossproof/tensor"
)

// drawnFor returns samples of a module.
func drawnFor(module string) []sample {
	var samples []sample
	for number := range 4 * samplesPerRelation {
		samples = append(samples, drawn(module, number, nil))
	}
	return samples
}

// TestOfSigmoidAsksItsWholeDomain: the logits of loss and of gradient reach from one end of their spans to the
// other, and the rule says which these are.
func TestOfSigmoidAsksItsWholeDomain(t *testing.T) {
	samples := drawnFor(ports.BCELoss)
	ofSigmoid := byID(t, "BCELoss/relations/of-sigmoid")
	for dtype, want := range composed {
		for at, span := range map[int]span{0: want.loss, 2: want.grad} {
			var got []float64
			for i := range samples {
				if s := &samples[i]; s.dtype == dtype {
					got = append(got, ofSigmoid.law.calls(ports.BCELoss, s)[at].x.values...)
				}
			}
			slices.Sort(got)
			if least, most := got[0], got[len(got)-1]; math.Abs(least-span.low) > 1e-6 || math.Abs(most-span.high) > 1e-6 {
				t.Errorf("%s, call %d: logits from %v to %v, want %v", dtype, at, least, most, span)
			}
			for i := range got[1:] {
				if got[i+1]-got[i] > 4 {
					t.Errorf("%s, call %d: no logit between %v and %v", dtype, at, got[i], got[i+1])
				}
			}
			if text := fmt.Sprintf("from %v to %v", span.low, span.high); !strings.Contains(ofSigmoid.Domain, text) {
				t.Errorf("the domain does not say %q: %s", text, ofSigmoid.Domain)
			}
		}
	}
}

// TestClassProbabilities add to 1, exactly, and are neither all hard nor all soft.
func TestClassProbabilities(t *testing.T) {
	soft := 0
	samples := drawnFor(ports.CrossEntropyLoss)
	for i := range samples {
		s := &samples[i]
		shares, isSoft := s.shares(), false
		for r := range shares.shape[0] {
			sum := 0.0
			for _, p := range shares.values[r*s.classes() : (r+1)*s.classes()] {
				sum += p
				isSoft = isSoft || p != 0 && p != 1
				if p < 0 || p != math.Trunc(p/quantum)*quantum {
					t.Fatalf("the probability %v", p)
				}
			}
			if sum != 1 {
				t.Fatalf("row %d of %v adds to %v", r, shares, sum)
			}
		}
		if isSoft {
			soft++
		}
	}
	if soft < len(samples)/4 || soft > 3*len(samples)/4 {
		t.Errorf("%d of %d samples are soft", soft, len(samples))
	}
}

// TestIgnoredRowsAskEveryMark: one that is not given, others out of the range of classes, and one of the classes,
// of which then no other row is.
func TestIgnoredRowsAskEveryMark(t *testing.T) {
	relation := byID(t, "CrossEntropyLoss/relations/ignored-rows")
	samples := drawnFor(ports.CrossEntropyLoss)
	marks := map[string]int{}
	for i := range samples {
		s := &samples[i]
		calls := relation.law.calls(ports.CrossEntropyLoss, s)
		if calls == nil {
			continue
		}
		c, ignored := calls[0], 0
		for r := range c.t.values {
			if c.ignored(r) {
				ignored++
			}
		}
		if _, left := s.ignoring(); ignored != len(left) || ignored == 0 || ignored == len(c.t.values) {
			t.Errorf("%d rows of %s are ignored, want %d", ignored, c.describe(), len(left))
		}
		switch {
		case c.ignore == nil:
			marks["not given"]++
		case *c.ignore >= 0 && *c.ignore < int64(s.classes()):
			marks["a class"]++
		default:
			marks[fmt.Sprint(*c.ignore)]++
		}
		if calls[1].ignore != nil || len(calls[1].t.values) != len(c.t.values)-ignored {
			t.Errorf("without the ignored rows: %s", calls[1].describe())
		}
	}
	if marks["not given"] == 0 || marks["a class"] == 0 || marks["-1"] == 0 || len(marks) < 5 {
		t.Errorf("the marks are %v", marks)
	}
}

// TestDescribeNamesTheOptions of CrossEntropyLoss.
func TestDescribeNamesTheOptions(t *testing.T) {
	mark := int64(-1)
	c := call{
		module: ports.CrossEntropyLoss, reduction: mean, dtype: tensor.Float32, indices: true, smoothing: 0.125, ignore: &mark,
		x: array{[]int{1, 2}, []float64{0, 1}}, t: array{[]int{1}, []float64{-1}},
	}
	const want = `CrossEntropyLoss, reduction="mean", float32, label_smoothing=0.125, ignore_index=-1, input=[[0, 1]], target=[-1]`
	if got := c.describe(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
