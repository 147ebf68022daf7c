package sweep

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"lossproof/loss"
)

// The modules that are measured. MultiLabelSoftMarginLoss is measured with BCEWithLogitsLoss: with one class it is the same.
const (
	BCEWithLogitsLoss = "BCEWithLogitsLoss"
	BCELoss           = "BCELoss"
	CrossEntropyLoss  = "CrossEntropyLoss" // at random points, and in sums: no list of its rows ends
)

// nearestLogits is BCEWithLogitsLoss with its option Nearest, which goes with BCEWithLogitsLoss.
const nearestLogits = "BCEWithLogitsLoss with Nearest"

// Modules returns the names of all modules that are measured.
func Modules() []string { return []string{BCEWithLogitsLoss, BCELoss, CrossEntropyLoss} }

// Exhaustive returns the names of those that [Float32] and [Sample] measure.
func Exhaustive() []string { return []string{BCEWithLogitsLoss, BCELoss} }

// known returns the modules that are named, all if none is, or an error that names one that is not measured.
func known(names []string) ([]string, error) {
	if len(names) == 0 {
		return Modules(), nil
	}
	for _, name := range names {
		if !slices.Contains(Modules(), name) {
			return nil, fmt.Errorf("module: got %q, want one of %s", name, strings.Join(Modules(), ", "))
		}
	}
	return names, nil
}

// Output is an output of a module 'none' at a hard target: the loss or the
// gradient in the input, at the target 0 or 1.
type Output struct{ Gradient, One bool }

// outputs are all of them, in the order of the tallies.
var outputs = [4]Output{{}, {One: true}, {Gradient: true}, {Gradient: true, One: true}}

// String returns a name such as "loss, target 0".
func (o Output) String() string {
	name, target := "loss", "0"
	if o.Gradient {
		name = "gradient"
	}
	if o.One {
		target = "1"
	}
	return name + ", target " + target
}

// values are |result| of the outputs at an input, in the order of outputs: the gradient at target 1 is
// negative, all others are not.
type values[F any] [len(outputs)]F

// of returns the value of an output, or where mirrored is set of that at the other target.
func (v *values[F]) of(o Output, mirrored bool) F {
	o.One = o.One != mirrored
	return v[slices.Index(outputs[:], o)]
}

// module is one whose float32 inputs can all be looked at.
type module struct {
	name string
	// as is the module whose definition it has, if that is another one.
	as            string
	input, inputs string // what its input is called, one and several
	every         string // says that all were inputs
	// The inputs are the numbers from 0 to that with the bits last, and the negative ones from -0 to that
	// with the magnitude lastNegative; beyond infinity are NaNs.
	last, lastNegative uint32
	// mirrored says that its results at -x are, up to the sign, those at x with the other target.
	mirrored bool
	// axis is what Tally.Profile has the errors along.
	axis string
	// oracle32 returns the exact results at the input of this magnitude, for comparison with float32, and where
	// it lies on the axis.
	oracle32 func(magnitude uint32) (exact values[float64], place float64)
	// firstBusy and lastBusy are the biased exponents of the binades where the results vary with the input: elsewhere
	// they are log 2 and 1/2, or 0, 1 and the logit, as far as float32 can tell.
	firstBusy, lastBusy int
	// ends says that they vary in each binade of 1-x and of the subnormal numbers too.
	ends bool
	// note, if there is one, says what else the results are compared with.
	note string
}

// one32 has the bits of the float32 1.
const one32 = 127 << 23

var modules = []*module{
	logits(BCEWithLogitsLoss, ""),
	{
		name: BCELoss, input: "probability", inputs: "probabilities", every: "Every float32 number in [0, 1] was a probability, -0 too", last: one32,
		axis: "logit of the probability x: log(x/(1-x))", oracle32: probability32, lastBusy: one32>>23 - 1, ends: true, note: boundedText,
	},
	logits(nearestLogits, BCEWithLogitsLoss),
}

func logits(name, as string) *module {
	return &module{
		name: name, as: as, input: "logit", inputs: "logits", every: "Every float32 number was a logit", last: math.MaxInt32, lastNegative: math.MaxInt32,
		mirrored: true, axis: "logit", oracle32: oracle32At, firstBusy: 127 - 30, lastBusy: 127 + 6,
	}
}

// definition returns the name of the module whose definition it has.
func (m *module) definition() string { return cmp.Or(m.as, m.name) }

// moduleOf returns the module with this name.
func moduleOf(name string) (*module, error) {
	if i := slices.IndexFunc(modules, func(m *module) bool { return m.name == name }); i >= 0 {
		return modules[i], nil
	}
	return nil, fmt.Errorf("got the module %.100q, want one of %s", name, strings.Join(Exhaustive(), ", "))
}

// in returns the number of inputs whose magnitudes are at least first and less than end.
func (m *module) in(first, end uint32) uint64 {
	n := uint64(0)
	for _, last := range []uint32{m.last, m.lastNegative} {
		n += uint64(max(min(end, last+1), first) - first)
	}
	return n
}

// all returns the number of inputs.
func (m *module) all() uint64 { return m.in(0, m.last+1) }

// chunks returns the number of chunks that have inputs.
func (m *module) chunks() int { return int(m.last/chunkSize) + 1 }

// ofChunk returns the number of inputs of a chunk.
func (m *module) ofChunk(c int) uint64 { return m.in(uint32(c)*chunkSize, uint32(c+1)*chunkSize) }

const (
	binade      = 1 << 23
	quietFactor = 16
)

// sample returns the bits of magnitudes, ascending: of each binade the first and the last
// number and a random one of each of perBinade equal parts, of the quiet ones of a sixteenth as many.
func (m *module) sample(perBinade int) []uint32 {
	rng := rand.New(rand.NewPCG(9, 10))
	var magnitudes []uint32
	for exponent := range int(m.last/binade) + 1 { // 0 are the subnormal numbers, 255 infinity and the NaNs
		parts := perBinade
		if exponent < m.firstBusy || exponent > m.lastBusy {
			parts = max(1, perBinade/quietFactor)
		}
		base := uint32(exponent) * binade
		magnitudes = append(magnitudes, base, base+binade-1)
		for k := range parts {
			magnitudes = append(magnitudes, base+uint32(drawPart(rng, binade, k, parts)))
		}
	}
	// Near 0 and 1: of each binade of the subnormal numbers, and of 1-x, in units of the smallest number, and of 2⁻²⁴.
	for first := 1; m.ends && first < binade; first *= 2 {
		parts := min(perBinade, first)
		for k := range parts {
			near := uint32(first + drawPart(rng, first, k, parts))
			magnitudes = append(magnitudes, near, one32-near)
		}
	}
	slices.Sort(magnitudes)
	magnitudes = slices.Compact(magnitudes)
	end, _ := slices.BinarySearch(magnitudes, m.last+1)
	return magnitudes[:end]
}

// drawPart draws one of the numbers below n that are in the k-th of equal parts.
func drawPart(rng *rand.Rand, n, k, parts int) int {
	edge := func(k int) int { return int(int64(n) * int64(k) / int64(parts)) } // the product is no 32-bit number
	return edge(k) + rng.IntN(edge(k+1)-edge(k))
}

// sampleText says what [Sample] looks at.
func (m *module) sampleText(perBinade int) string {
	const text = "a stratified sample, which proves nothing: of each binade of float32"
	if m.ends {
		return fmt.Sprintf(text+" up to 1 the first and the last number and a random one of each of %d equal parts, and as many in each binade of 1-x and of the subnormal numbers; 0, -0 and 1 included", perBinade)
	}
	return fmt.Sprintf(text+", of either sign, the first and the last number and a random one of each of %d equal parts (%d where |x| < 2⁻³⁰ or |x| ≥ 2⁷); subnormal numbers, infinities and NaNs included",
		perBinade, max(1, perBinade/quietFactor))
}

// Variant is one way to compute the losses of a vector of inputs and their gradients.
type Variant struct {
	Module, Name string
	// Evaluate writes the losses of the module 'none' and the gradients in the
	// input (the upstream gradient is ones). All slices have one length and do not overlap. It is
	// called by several goroutines at a time.
	Evaluate func(loss, grad, input, target []float32) error
}

// BuiltIn returns the ways in which package loss computes the losses of the modules, of all that [Exhaustive] returns if
// none is named: the methods for one output, the one that computes both in one pass, and MultiLabelSoftMarginLoss with one class for
// BCEWithLogitsLoss. The first of a module is the one to measure; the others must give the same bits.
func BuiltIn(modules ...string) []Variant {
	column := func(v ...float32) loss.Tensor[float32] { return loss.Tensor[float32]{Shape: []int{len(v), 1}, Data: v} }
	logits, multi := loss.BCEWithLogitsLoss[float32]{Reduction: loss.None}, loss.MultiLabelSoftMarginLoss[float32]{Reduction: loss.None}
	nearest := loss.BCEWithLogitsLoss[float32]{Reduction: loss.None, Nearest: true}
	probabilities := loss.BCELoss[float32]{Reduction: loss.None}
	all := []Variant{
		{BCEWithLogitsLoss, "BCEWithLogitsLoss, loss and gradient apart", apart(logits)},
		{BCEWithLogitsLoss, "BCEWithLogitsLoss, both in one pass", together(logits, loss.Vector[float32])},
		{BCEWithLogitsLoss, "MultiLabelSoftMarginLoss with one class, both in one pass", together(multi, column)},
		{nearestLogits, nearestLogits + ", loss and gradient apart", apart(nearest)},
		{nearestLogits, nearestLogits + ", both in one pass", together(nearest, loss.Vector[float32])},
		{BCELoss, "BCELoss, loss and gradient apart", apart(probabilities)},
		{BCELoss, "BCELoss, both in one pass", together(probabilities, loss.Vector[float32])},
	}
	if len(modules) == 0 {
		return all
	}
	return slices.DeleteFunc(all, func(v Variant) bool {
		m, err := moduleOf(v.Module)
		return err != nil || !slices.Contains(modules, m.definition())
	})
}

// criterion is a loss of package loss that is measured.
type criterion interface {
	Into(results loss.Results[float32], input, target loss.Tensor[float32], gradOutput *loss.Tensor[float32]) error
}

func together(c criterion, shaped func(v ...float32) loss.Tensor[float32]) func(l, g, x, t []float32) error {
	return func(l, g, x, t []float32) error {
		return c.Into(loss.Results[float32]{Loss: l, GradInput: g}, shaped(x...), shaped(t...), nil)
	}
}

func apart(c criterion) func(l, g, x, t []float32) error {
	return func(l, g, x, t []float32) error {
		if err := c.Into(loss.Results[float32]{Loss: l}, loss.Vector(x...), loss.Vector(t...), nil); err != nil {
			return err
		}
		return c.Into(loss.Results[float32]{GradInput: g}, loss.Vector(x...), loss.Vector(t...), nil)
	}
}

// group is a module and the variants of it.
type group struct {
	*module
	variants []Variant
}

// groupsOf puts variants of one module together; nil are those of package loss.
func groupsOf(variants []Variant) ([]group, error) {
	if variants == nil {
		variants = BuiltIn()
	}
	var groups []group
	for _, v := range variants {
		i := slices.IndexFunc(groups, func(g group) bool { return g.name == v.Module })
		if i < 0 {
			m, err := moduleOf(v.Module)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", v.Name, err)
			}
			groups, i = append(groups, group{module: m}), len(groups)
		}
		groups[i].variants = append(groups[i].variants, v)
	}
	return groups, nil
}
