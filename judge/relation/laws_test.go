package relation

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"lossproof/ports"
)

// drawnFor returns samples of a module.
func drawnFor(module string) []sample {
	var samples []sample
	for number := range 4 * samplesPerRelation {
		samples = append(samples, drawn(module, number))
	}
	return samples
}

// TestOfSigmoidAsksItsWholeDomain: the logits of loss and of gradient reach from one end of their spans to the
// other, and the rule says which these are.
func TestOfSigmoidAsksItsWholeDomain(t *testing.T) {
	samples := drawnFor(ports.BCELoss)
	domain := byID(t, "BCELoss/relations/of-sigmoid").Domain
	for dtype, want := range composed {
		for at, span := range map[int]span{0: want.loss, 2: want.grad} {
			var got []float64
			for i := range samples {
				if s := &samples[i]; s.dtype == dtype {
					got = append(got, ofSigmoidCalls(ports.BCELoss, s)[at].x.values...)
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
			if text := fmt.Sprintf("from %v to %v", span.low, span.high); !strings.Contains(domain, text) {
				t.Errorf("the domain does not say %q: %s", text, domain)
			}
		}
	}
}
