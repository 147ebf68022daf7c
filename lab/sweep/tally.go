package sweep

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// Tally counts how the results of one output at one target compare with the oracle.
type Tally struct {
	// Elements is the number of inputs, Finite of those among them that are finite.
	Elements, Finite uint64
	// Correct is the number of finite inputs whose result is correctly rounded: the
	// number of the dtype that is nearest to the exact result.
	Correct uint64
	// WrongClass is the number of results that are NaN or infinite where the right one is
	// not, or the other way round; at an infinite input, of those that are not the limit.
	WrongClass uint64
	// Zeros is the number of results of 16 bits that are 0 where the nearest number is not, and FirstZero the input of them that is nearest to 0.
	Zeros     uint64  `json:",omitempty"`
	FirstZero *Bits32 `json:",omitempty"`
	// Worst is the largest error, at the input with the smallest bits if there are several;
	// nil if every result is exact.
	Worst *Error `json:",omitempty"`
	// Histogram counts the errors of the finite inputs but for results of a wrong class, which
	// have none. Profile has the largest of them along an axis, and says where results are
	// of a wrong class.
	Histogram Histogram
	Profile   Profile
	// Examples are the first results of a wrong class, by the bits of the input.
	Examples []Error `json:",omitempty"`
}

// maxExamples bounds Tally.Examples.
const maxExamples = 5

// Error is the error of one result.
type Error struct {
	// ULP is the error in ULPs at the exact result; 0 for one of a wrong class.
	ULP   float64
	Input Bits32
	// Got is the result, Exact the exact one, rounded to float64.
	Got, Exact Number
}

// CorrectShare returns the share of the finite inputs whose results are correctly rounded.
func (t *Tally) CorrectShare() float64 {
	if t.Finite == 0 {
		return math.NaN()
	}
	return float64(t.Correct) / float64(t.Finite)
}

// WrongFinite returns the number of the results of a wrong class at finite inputs: those that are
// not in the histogram.
func (t *Tally) WrongFinite() uint64 {
	return t.Finite - min(t.Finite, t.Histogram.sum())
}

// wrongText says how many results are of a wrong class, and which is the first one.
func (t *Tally) wrongText() string {
	text := grouped(t.WrongClass) + " results are NaN or infinite where they should not be, or the other way round"
	if len(t.Examples) > 0 {
		e := t.Examples[0]
		text += fmt.Sprintf("; first at %s: got %v, exact %v", e.Input, float64(e.Got), float64(e.Exact))
	}
	return text
}

// MaxULP returns the largest error in ULPs.
func (t *Tally) MaxULP() float64 {
	if t.Worst == nil {
		return 0
	}
	return t.Worst.ULP
}

// add adds the counts of u, which are those of other inputs. The order does not matter.
func (t *Tally) add(u *Tally) {
	t.Elements += u.Elements
	t.Finite += u.Finite
	t.Correct += u.Correct
	t.WrongClass += u.WrongClass
	for i, n := range u.Histogram {
		t.Histogram[i] += n
	}
	for i, part := range u.Profile {
		t.Profile[i].add(part)
	}
	if u.Worst != nil {
		t.worst(u.Worst)
	}
	t.addExamples(u.Examples...)
}

func (t *Tally) addExamples(examples ...Error) {
	t.Examples = append(t.Examples, examples...)
	slices.SortFunc(t.Examples, func(a, b Error) int { return cmp.Compare(a.Input, b.Input) })
	t.Examples = t.Examples[:min(len(t.Examples), maxExamples)]
}

// worst takes an error into account.
func (t *Tally) worst(e *Error) {
	if t.Worst == nil || e.ULP > t.Worst.ULP || e.ULP == t.Worst.ULP && e.Input < t.Worst.Input {
		worst := *e
		t.Worst = &worst
	}
}

func (t *Tally) wrongClass(e Error) {
	t.WrongClass++
	// What is measured later may come earlier: blocks take turns between the signs.
	if n := len(t.Examples); n < maxExamples || e.Input < t.Examples[n-1].Input {
		t.addExamples(e)
	}
}

// measured are inputs of a module with one sign, which ascend by their magnitudes.
type measured struct {
	module     *module
	magnitudes []uint32
	places     []float64 // on the axis, of the positive numbers; -0 of BCELoss lies as far out as 0
	exact      []float64 // |exact result| of the output that is measured
	negative   bool
}

// measure compares float32 results at some inputs with the oracle.
// Where the output is negative its exact result is too, or a zero of either sign.
func (t *Tally) measure(got []float32, p measured, o Output) {
	negate := o.Gradient && o.One
	worst, at := 0.0, -1
	for i, g := range got {
		g, e := float64(g), p.exact[i]
		if negate {
			g = -g
		}
		if p.magnitudes[i] >= infinity32 {
			if !sameClass(g, e) {
				t.wrongClass(newError(0, p.magnitudes[i], p.negative, negate, g, e))
			}
			continue
		}
		t.Finite++
		place := p.places[i]
		if p.negative {
			place = -place
		}
		d := ulps(g, e)
		switch {
		case d < 0.5-oracleError:
			t.Correct++
		case d <= 0.5+oracleError:
			// Too close to the middle between two numbers for the filter.
			x := math.Float32frombits(p.magnitudes[i])
			if p.negative {
				x = -x
			}
			if p.module.nearest(float32(g), x, o) {
				t.Correct++
			}
		case !(d <= math.MaxFloat64): // NaN or infinite
			t.wrongClass(newError(0, p.magnitudes[i], p.negative, negate, g, e))
			t.Profile.add(place, math.Inf(1))
			continue
		}
		t.Histogram.add(d)
		t.Profile.add(place, d)
		if d > worst {
			worst, at = d, i
		}
	}
	t.Elements += uint64(len(got))
	if at >= 0 {
		g := float64(got[at])
		if negate {
			g = -g
		}
		e := newError(worst, p.magnitudes[at], p.negative, negate, g, p.exact[at])
		t.worst(&e)
	}
}

func newError(ulp float64, magnitude uint32, sign, negate bool, got, exact float64) Error {
	if sign {
		magnitude |= 1 << 31
	}
	if negate {
		got, exact = -got, -exact
	}
	return Error{ULP: ulp, Input: Bits32(magnitude), Got: Number(got), Exact: Number(exact)}
}

// sameClass reports whether a and b are both NaN, the same infinity, or the same finite number.
func sameClass(a, b float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b)
}

// ulps returns the error of the float32 result g where e is exact; NaN or infinite if g is.
func ulps(g, e float64) float64 { return math.Abs(g-e) * inverseULP32(e) }

// inverseULP32 returns 1 over the spacing of float32 at e.
func inverseULP32(e float64) float64 {
	exponent := int(math.Float64bits(e)>>52&0x7ff) - 1023
	exponent = min(max(exponent, -126), 127)
	return math.Float64frombits(uint64(1023+23-exponent) << 52)
}

// nearest reports whether g is the float32 number nearest to |exact result| of an output at a finite
// input.
func (m *module) nearest(g, x float32, o Output) bool {
	target := float32(0)
	if o.One {
		target = 1
	}
	output := ports.Loss
	if o.Gradient {
		output = ports.GradInput
	}
	call := callOf(m.definition(), "none", map[string]tensor.Tensor{ports.Input: tensorOf([]float32{x}, 1), ports.Target: tensorOf([]float32{target}, 1)})
	exact, err := definition.Of(m.definition()).Exact(call)
	if err != nil {
		return false
	}
	sign := 1.0
	if o.Gradient && o.One {
		sign = -1
	}
	return nearest32(g, func(v float64) float64 { return sign * exact[output].Error(0, sign*v, 1) })
}

// nearest32 reports whether g is the nearest float32 number. above says how far above the exact result a number is. The two must be within
// an ULP of each other, and the exact one not in the middle between two numbers. None is: the logarithms and
// exponentials are transcendental but for 1/2 and 0, and a quotient of BCELoss that ends with so many digits
// is a power of two, but for (1-x)/ε, which is always nearest to 1/ε.
func nearest32(g float32, above func(v float64) float64) bool {
	toward := float32(math.Inf(1))
	if above(float64(g)) > 0 {
		toward = -toward
	}
	middle := (float64(g) + float64(math.Nextafter32(g, toward))) / 2 // exact in float64
	if toward > 0 {
		return above(middle) >= 0
	}
	return above(middle) <= 0
}

// infinity32 has the bits of the float32 +Inf, sign32 the sign's.
const (
	infinity32 = 0xff << 23
	sign32     = 1 << 31
)

// Bits32 is a float32 number by its bits. As text it is both: "0xc1200000 (-10)".
type Bits32 uint32

// Float returns the number.
func (b Bits32) Float() float32 { return math.Float32frombits(uint32(b)) }

func (b Bits32) String() string {
	return fmt.Sprintf("0x%08x (%v)", uint32(b), b.Float())
}

// MarshalText implements [encoding.TextMarshaler].
func (b Bits32) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]. It reads the bits alone.
func (b *Bits32) UnmarshalText(text []byte) error {
	_, err := fmt.Sscanf(string(text), "0x%08x", (*uint32)(b))
	return err
}

// Number is a float64 that JSON can hold even if it is not finite: as a string.
type Number float64

// MarshalText implements [encoding.TextMarshaler].
func (n Number) MarshalText() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(n), 'g', -1, 64), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (n *Number) UnmarshalText(text []byte) error {
	v, err := strconv.ParseFloat(string(text), 64)
	*n = Number(v)
	return err
}

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

// MarshalText implements [encoding.TextMarshaler]: the errors, - where nothing was measured.
func (p Profile) MarshalText() ([]byte, error) {
	words := make([]string, len(p))
	for i, part := range p {
		words[i] = "-"
		if part.Measured {
			words[i] = fmt.Sprint(part.ULP)
		}
	}
	return []byte(strings.Join(words, " ")), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (p *Profile) UnmarshalText(text []byte) error {
	words := strings.Fields(string(text))
	if len(words) != len(p) {
		return fmt.Errorf("got a profile of %d numbers, want %d", len(words), len(p))
	}
	for i, word := range words {
		if word == "-" {
			continue
		}
		ulp, err := strconv.ParseFloat(word, 32)
		if err != nil {
			return err
		}
		p[i] = Part{true, float32(ulp)}
	}
	return nil
}

// add takes the error of a finite input at x into account; an infinite one is that of a wrong class.
func (p *Profile) add(x, ulp float64) {
	if !(math.Abs(x) < ProfileEdge) {
		return
	}
	if !math.IsInf(ulp, 1) {
		ulp = min(ulp, math.MaxFloat32) // a finite one stays finite
	}
	part := min(int((x+ProfileEdge)/ProfileStep), len(p)-1) // the sum may round up
	p[part].add(Part{true, float32(ulp)})
}

func (p *Part) add(q Part) {
	p.Measured = p.Measured || q.Measured
	p.ULP = max(p.ULP, q.ULP)
}

// histogramBins is the number of bins: the last one is open.
const histogramBins = 12

// Histogram counts errors: those of at most [HistogramLimits] ULPs that no bin before has, and
// in the last bin the larger ones.
type Histogram [histogramBins]uint64

// HistogramLimits are the upper limits of the bins but the last, in ULPs.
var HistogramLimits = [histogramBins - 1]float64{0.5, 0.51, 1, 2, 4, 16, 256, 1 << 12, 1 << 16, 1 << 20, 1 << 24}

func (h *Histogram) add(ulp float64) {
	bin := 0
	for bin < len(HistogramLimits) && !(ulp <= HistogramLimits[bin]) {
		bin++
	}
	h[bin]++
}

// sum returns the number of the errors.
func (h *Histogram) sum() (sum uint64) {
	for _, n := range h {
		sum += n
	}
	return sum
}
