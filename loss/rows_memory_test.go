package loss_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"lossproof/loss"
)

// form is an output of a call of BCELoss or CrossEntropyLoss, as the Into form makes it.
type form struct {
	name string
	n    int
	into func(dst []float64) error
}

// forms returns the Into forms of a call of BCELoss; the one in one pass writes the loss and then the gradient.
func (c probabilityCall) forms() []form {
	l := loss.BCELoss[float64]{Weight: c.weight, Reduction: c.reduction}
	n, lossLen := len(c.input.Data), 1
	if c.reduction == loss.None {
		lossLen = n
	}
	return []form{
		{"loss", lossLen, func(dst []float64) error { return l.Into(loss.Results[float64]{Loss: dst}, c.input, c.target, nil) }},
		{"grad_input", n, func(dst []float64) error {
			return l.Into(loss.Results[float64]{GradInput: dst}, c.input, c.target, c.gradOut)
		}},
		{"one pass", lossLen + n, func(dst []float64) error {
			return l.Into(loss.Results[float64]{Loss: dst[:lossLen], GradInput: dst[lossLen:]}, c.input, c.target, c.gradOut)
		}},
		{"grad_target", n, func(dst []float64) error {
			return l.Into(loss.Results[float64]{GradTarget: dst}, c.input, c.target, c.gradOut)
		}},
	}
}

// forms returns the Into forms of a call of CrossEntropyLoss.
func (c entropyCall) forms() []form {
	l, input, target, gradOut := entropy[float64](c)
	n, lossLen := len(c.input.Data), 1
	if c.reduction == loss.None {
		lossLen = n / input.Shape[min(1, len(input.Shape)-1)]
	}
	forms := []form{
		{"loss", lossLen, func(dst []float64) error { return l.Into(loss.Results[float64]{Loss: dst}, input, target, nil) }},
		{"grad_input", n, func(dst []float64) error {
			return l.Into(loss.Results[float64]{GradInput: dst}, input, target, gradOut)
		}},
		{"one pass", lossLen + n, func(dst []float64) error {
			return l.Into(loss.Results[float64]{Loss: dst[:lossLen], GradInput: dst[lossLen:]}, input, target, gradOut)
		}},
	}
	if c.probabilities != nil {
		forms = append(forms, form{"grad_target", n, func(dst []float64) error {
			return l.Into(loss.Results[float64]{GradTarget: dst}, input, target, gradOut)
		}})
		if c.weight != nil {
			forms = append(forms, form{"grad_weight", len(c.weight.Data), func(dst []float64) error {
				return l.Into(loss.Results[float64]{GradWeight: dst}, input, target, gradOut)
			}})
		}
	}
	return forms
}

func (f form) compute(t *testing.T) []float64 {
	t.Helper()
	dst := make([]float64, f.n)
	if err := f.into(dst); err != nil {
		t.Fatalf("%s: %v", f.name, err)
	}
	return dst
}

// rowsProblems calls visit with the forms of calls of both modules, with and without weights; rows of few classes, of many,
// and with positions.
func rowsProblems(t *testing.T, shapes [][]int, visit func(t *testing.T, forms []form)) {
	rng := rand.New(rand.NewPCG(11, 12))
	for _, shape := range shapes {
		for _, reduction := range []loss.Reduction{loss.Mean, loss.None} {
			weight := fill(shape[1:], rng.Float64)
			b := probabilityCall{reduction: reduction, input: fill(shape, rng.Float64), target: fill(shape, rng.Float64)}
			upstream := fill(b.lossShape(), rng.NormFloat64)
			b.gradOut = &upstream
			for name, weight := range map[string]*loss.Tensor[float64]{"": nil, "/weight": &weight} {
				b := b
				b.weight = weight
				t.Run(fmt.Sprintf("BCELoss/%v/%s%s", shape, reduction, name), func(t *testing.T) { visit(t, b.forms()) })
			}
		}
		entropyCalls(rng, shape, func() float64 { return 3 * rng.NormFloat64() }, rng.Float64, func(name string, c entropyCall) {
			if c.smoothing == 0.125 || c.smoothing == 1 || c.reduction == loss.Sum {
				return
			}
			t.Run("CrossEntropyLoss/"+name, func(t *testing.T) { visit(t, c.forms()) })
		})
	}
}

// TestRowsThreads checks that results have the same bits for any number of goroutines, and in one pass and two.
func TestRowsThreads(t *testing.T) {
	shapes := [][]int{{7000, 11}, {33, 2100}, {40, 12, 5, 37}}
	if testing.Short() {
		shapes = shapes[:1]
	}
	rowsProblems(t, shapes, func(t *testing.T, forms []form) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
		runtime.GOMAXPROCS(1)
		var want [][]float64
		for _, f := range forms {
			want = append(want, f.compute(t))
		}
		if !slices.Equal(want[2], append(slices.Clone(want[0]), want[1]...)) {
			t.Error("one pass and two passes differ")
		}
		for _, threads := range []int{2, 5} {
			runtime.GOMAXPROCS(threads)
			for i, f := range forms {
				if !slices.Equal(f.compute(t), want[i]) {
					t.Errorf("%s: other bits with %d threads than with one", f.name, threads)
				}
			}
		}
	})
}

func TestRowsAllocateNothing(t *testing.T) {
	if raceDetector {
		t.Skip("allocations are counted without the race detector")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	rowsProblems(t, [][]int{{6, 7}, {3, 5, 4}, {2, 1500}}, func(t *testing.T, forms []form) {
		for _, f := range forms {
			dst := f.compute(t)
			if n := testing.AllocsPerRun(5, func() {
				if err := f.into(dst); err != nil {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("%s: %v allocations", f.name, n)
			}
		}
	})
}

// TestRowsAliasing writes results over the arguments that the documentation allows.
func TestRowsAliasing(t *testing.T) {
	for _, shape := range [][]int{{6, 7}, {3, 5, 4}, {2, 1500}} {
		rng := rand.New(rand.NewPCG(13, 14))
		for _, reduction := range reductions {
			check := func(name string, forms func() ([]form, map[string][]float64)) {
				t.Helper()
				fs, _ := forms()
				for i, f := range fs {
					want := f.compute(t)
					if f.name == "one pass" {
						continue
					}
					_, over := forms()
					for operand := range over {
						fs, over := forms()
						dst := over[operand]
						if f.name == "loss" && name == "CrossEntropyLoss" || len(dst) < f.n || f.name == "grad_weight" {
							continue
						}
						if err := fs[i].into(dst[:f.n]); err != nil || !slices.Equal(dst[:f.n], want) {
							t.Errorf("%s %v %s: %s written over %s differs, error %v", name, shape, reduction, f.name, operand, err)
						}
					}
				}
			}
			input, target := fill(shape, rng.Float64), fill(shape, rng.Float64)
			weight := fill(shape[1:2], rng.Float64)
			copied := func(t loss.Tensor[float64]) loss.Tensor[float64] {
				return loss.Tensor[float64]{Shape: t.Shape, Data: slices.Clone(t.Data)}
			}
			check("BCELoss", func() ([]form, map[string][]float64) {
				c := probabilityCall{reduction: reduction, input: copied(input), target: copied(target)}
				return c.forms(), map[string][]float64{"input": c.input.Data, "target": c.target.Data}
			})
			check("CrossEntropyLoss", func() ([]form, map[string][]float64) {
				probabilities := copied(target)
				c := entropyCall{reduction: reduction, input: copied(input), probabilities: &probabilities, weight: &weight, smoothing: 0.1}
				// entropy copies the tensors: the forms are made of these.
				l := loss.CrossEntropyLoss[float64]{Weight: &weight, LabelSmoothing: 0.1, Reduction: reduction}
				target := loss.ClassProbabilities(probabilities)
				fs := c.forms()
				fs[1].into = func(dst []float64) error { return l.Into(loss.Results[float64]{GradInput: dst}, c.input, target, nil) }
				fs[3].into = func(dst []float64) error { return l.Into(loss.Results[float64]{GradTarget: dst}, c.input, target, nil) }
				return fs, map[string][]float64{"input": c.input.Data, "probabilities": probabilities.Data}
			})
		}
	}
}

// TestRowsQuotient compares gradients in input with difference quotients of the losses.
func TestRowsQuotient(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 16))
	const h = 0x1p-20
	check := func(name string, value func(loss.Tensor[float64]) float64, input loss.Tensor[float64], grad loss.Tensor[float64]) {
		t.Helper()
		for i := range input.Data {
			moved := slices.Clone(input.Data)
			moved[i] = input.Data[i] + h
			up := value(loss.Tensor[float64]{Shape: input.Shape, Data: moved})
			moved[i] = input.Data[i] - h
			down := value(loss.Tensor[float64]{Shape: input.Shape, Data: moved})
			if quotient := (up - down) / (2 * h); math.Abs(quotient-grad.Data[i]) > 1e-8 {
				t.Errorf("%s [%d]: gradient %v, quotient %v", name, i, grad.Data[i], quotient)
			}
		}
	}
	b := loss.BCELoss[float64]{Reduction: loss.Sum}
	input := fill([]int{3, 4}, func() float64 { return 0.1 + 0.8*rng.Float64() })
	target := fill([]int{3, 4}, rng.Float64)
	sumOf := func(v loss.Tensor[float64], err error) float64 {
		if err != nil {
			t.Fatal(err)
		}
		return v.Data[0]
	}
	grad, err := b.GradInput(input, target, nil)
	check("BCELoss in input", func(x loss.Tensor[float64]) float64 { return sumOf(b.Forward(x, target)) }, input, grad)
	gradTarget, err2 := b.GradTarget(input, target, nil)
	check("BCELoss in target", func(x loss.Tensor[float64]) float64 { return sumOf(b.Forward(input, x)) }, target, gradTarget)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	entropyCalls(rng, []int{2, 3, 2}, rng.NormFloat64, rng.Float64, func(name string, c entropyCall) {
		c.gradOut = nil
		if c.reduction == loss.None {
			return
		}
		forward := func(c entropyCall) float64 { return sumOf(computeEntropy[float64](c, "loss")) }
		for _, output := range c.outputs()[1:] {
			grad, err := computeEntropy[float64](c, output)
			if err != nil {
				t.Fatal(err)
			}
			variable := map[string]*loss.Tensor[float64]{"grad_input": &c.input, "grad_target": c.probabilities, "grad_weight": c.weight}[output]
			check(name+" "+output, func(x loss.Tensor[float64]) float64 {
				moved := c
				switch output {
				case "grad_input":
					moved.input = x
				case "grad_target":
					moved.probabilities = &x
				case "grad_weight":
					moved.weight = &x
				}
				return forward(moved)
			}, *variable, grad)
		}
	})
}

// TestManyClasses has a row of more classes than are computed at a time.
func TestManyClasses(t *testing.T) {
	const classes = 5000 // several chunks
	logits := make([]float64, classes)
	for i := range logits {
		logits[i] = float64(i%7) / 4
	}
	small := 0.0 // Σ exp(x - m) over a period of 7
	for i := range 7 {
		small += math.Exp(float64(i-6) / 4)
	}
	sum := small*float64(classes/7) + math.Exp(-6./4) + math.Exp(-5./4) // 5000 = 7·714 + 2
	for _, class := range []int{0, 6, 2500, 4999} {
		value, grad, err := loss.CrossEntropyLoss[float64]{}.ForwardGrad(loss.Vector(logits...), loss.ClassIndices[float64]([]int64{int64(class)}), nil)
		if err != nil {
			t.Fatal(err)
		}
		if want := 1.5 - logits[class] + math.Log(sum); math.Abs(value.Data[0]-want) > 1e-14*want {
			t.Errorf("class %d: got loss %v, want %v", class, value.Data[0], want)
		}
		for i, x := range logits {
			want := math.Exp(x-1.5) / sum
			if i == class {
				want--
			}
			if math.Abs(grad.Data[i]-want) > 1e-14*math.Abs(want) {
				t.Errorf("class %d: got gradient [%d] %v, want %v", class, i, grad.Data[i], want)
			}
		}
	}
}
