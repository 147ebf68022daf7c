package sweep

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The profile divides an axis of logits of magnitude below ProfileEdge, beyond which the results of
// float32 do not change any more, into parts of width ProfileStep. A probability lies there at its logit: from
// -104 for the smallest float32 number to 17 for the largest below 1.
const (
	ProfileEdge = 120
	ProfileStep = 0.25

	profileParts = 2 * ProfileEdge / ProfileStep
)

// Profile has the errors of each part of the axis from -ProfileEdge to ProfileEdge.
type Profile [profileParts]Part

// Part is the largest error of a part of the axis.
type Part struct {
	// Measured says that an input of the part was measured.
	Measured bool
	// ULP is the largest error; infinite if a result is of a wrong class.
	ULP float32
}

// WrongClass reports whether a result of the part is of a wrong class.
func (p Part) WrongClass() bool { return math.IsInf(float64(p.ULP), 1) }

// Logit returns the middle of a part.
func (*Profile) Logit(part int) float64 { return -ProfileEdge + (float64(part)+0.5)*ProfileStep }

// add takes the error of a finite input at x into account; an infinite one is that of a wrong class.
func (p *Profile) add(x, ulp float64) {
	if !(math.Abs(x) < ProfileEdge) {
		return
	}
	part := min(int((x+ProfileEdge)/ProfileStep), len(p)-1) // the sum may round up
	p[part].add(Part{true, profileULP(ulp)})
}

func (p *Part) add(q Part) {
	p.Measured = p.Measured || q.Measured
	p.ULP = max(p.ULP, q.ULP)
}

func (p *Profile) merge(q *Profile) {
	for i := range q {
		p[i].add(q[i])
	}
}

// profileULP rounds an error; a finite one stays finite.
func profileULP(ulp float64) float32 {
	if math.IsInf(ulp, 1) {
		return float32(ulp)
	}
	return float32(min(ulp, math.MaxFloat32))
}

// MarshalText implements [encoding.TextMarshaler]: the errors, with spaces between them, - where
// nothing was measured.
func (p Profile) MarshalText() ([]byte, error) {
	var text []byte
	for i, e := range p {
		if i > 0 {
			text = append(text, ' ')
		}
		if !e.Measured {
			text = append(text, '-')
			continue
		}
		text = strconv.AppendFloat(text, float64(e.ULP), 'g', -1, 32)
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
		if word == "-" {
			p[i] = Part{}
			continue
		}
		e, err := strconv.ParseFloat(word, 32)
		if err != nil || !(e >= 0) {
			return fmt.Errorf("got %.40q in a profile, want an error of 0 or more, +Inf or -", word)
		}
		p[i] = Part{true, float32(e)}
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

func (h *Histogram) add(ulp float64) { h[histogramBin(ulp)]++ }

// histogramBin returns the bin of an error.
func histogramBin(ulp float64) int {
	for i, limit := range HistogramLimits {
		if ulp <= limit {
			return i
		}
	}
	return histogramBins - 1
}

func (h *Histogram) merge(g *Histogram) {
	for i, n := range g {
		h[i] += n
	}
}

// sum returns the number of the errors.
func (h *Histogram) sum() uint64 {
	sum := uint64(0)
	for _, n := range h {
		sum += n
	}
	return sum
}
