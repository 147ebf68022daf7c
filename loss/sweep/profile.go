package sweep

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The profile divides the logits of magnitude below ProfileEdge, beyond which the results of
// float32 do not change any more, into parts of width ProfileStep.
const (
	ProfileEdge = 120
	ProfileStep = 0.25

	profileParts = 2 * ProfileEdge / ProfileStep
)

// Profile has the largest error, in ULPs, of each part of the logits from -ProfileEdge to ProfileEdge.
type Profile [profileParts]float32

// Logit returns the middle of a part.
func (*Profile) Logit(part int) float64 { return -ProfileEdge + (float64(part)+0.5)*ProfileStep }

// add takes the error of a finite logit into account.
func (p *Profile) add(x, ulp float64) {
	if !(math.Abs(x) < ProfileEdge) {
		return
	}
	part := min(int((x+ProfileEdge)/ProfileStep), len(p)-1) // the sum may round up
	if e := float32(ulp); e > p[part] {
		p[part] = e
	}
}

func (p *Profile) merge(q *Profile) {
	for i, e := range q {
		p[i] = max(p[i], e)
	}
}

// MarshalText implements [encoding.TextMarshaler]: the numbers, with spaces between them.
func (p Profile) MarshalText() ([]byte, error) {
	var text []byte
	for i, e := range p {
		if i > 0 {
			text = append(text, ' ')
		}
		text = strconv.AppendFloat(text, float64(e), 'g', -1, 32)
	}
	return text, nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (p *Profile) UnmarshalText(text []byte) error {
	words := strings.Fields(string(text))
	if len(words) != len(p) {
		return fmt.Errorf("got a profile of %d numbers, want %d", len(words), len(p))
	}
	for i, word := range words {
		e, err := strconv.ParseFloat(word, 32)
		if err != nil {
			return fmt.Errorf("got %.40q in a profile, want a number", word)
		}
		p[i] = float32(e)
	}
	return nil
}

// histogramBins is the number of bins: the last one is open.
const histogramBins = 12

// Histogram counts errors: those of at most [HistogramLimits] ULPs that no bin before has, and
// in the last bin the larger ones.
type Histogram [histogramBins]uint64

// HistogramLimits are the upper limits of the bins but the last, in ULPs.
var HistogramLimits = [histogramBins - 1]float64{0.5, 0.51, 1, 2, 4, 16, 256, 1 << 12, 1 << 16, 1 << 20, 1 << 24}

func (h *Histogram) add(ulp float64) {
	for i, limit := range HistogramLimits {
		if ulp <= limit {
			h[i]++
			return
		}
	}
	h[histogramBins-1]++
}

func (h *Histogram) merge(g *Histogram) {
	for i, n := range g {
		h[i] += n
	}
}
