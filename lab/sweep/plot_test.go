package sweep

import (
	"math"
	"strings"
	"testing"
)

// drawn is a report of results without errors, but for those of the loss at target 0 where the logit is below -15.
func drawn(ulp float32) *Report {
	r := &Result{Module: BCEWithLogitsLoss, Sample: "some"}
	for _, o := range outputs {
		tally := NamedTally{Output: o.String()}
		for part := range tally.Profile {
			tally.Profile[part].Measured = part != 700
			if o == (Output{}) && tally.Profile.Logit(part) < -15 {
				tally.Profile[part].ULP = ulp
				if math.IsInf(float64(ulp), 1) {
					tally.WrongClass++
				}
			}
		}
		r.Tallies = append(r.Tallies, tally)
	}
	return &Report{Source: Source{Port: "torch 2.15.0"}, Float32: []*Result{r}}
}

func TestPlot(t *testing.T) {
	for _, test := range []struct {
		name string
		ulp  float32
		want []string
		not  string
	}{
		// The middle of the first panel lies at 62 to 466 across; 10⁷ lies high, and a part that was not measured is a gap.
		{"large errors", 1e7, []string{"loss of BCEWithLogitsLoss, torch 2.15.0 (a sample)", "gradient of BCEWithLogitsLoss", "target 0<", "M62.0 71.3H238.8L238.8 258.0H356.6M357.0 258.0H466.0"}, "NaN or infinite"},
		{"a wrong class", float32(math.Inf(1)), []string{"target 0: NaN or infinite<", `class="line blue thick" d="M62.0`}, "≥ 10<tspan dy=\"-4\" font-size=\"9\">9"},
	} {
		svg := string(drawn(test.ulp).Plot())
		for _, want := range test.want {
			if !strings.Contains(svg, want) {
				t.Errorf("%s: %q is missing in\n%s", test.name, want, svg)
			}
		}
		if strings.Contains(svg, test.not) {
			t.Errorf("%s: %q is there", test.name, test.not)
		}
	}
	beyond := drawn(0)
	beyond.Float32[0].Tallies[1].WrongClass = 2 // at the infinite logits
	if svg := string(beyond.Plot()); strings.Contains(svg, "NaN or infinite") {
		t.Error("results of a wrong class are in the legend where none is drawn")
	}
}
