package loss_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"lossproof/internal/definition"
	"lossproof/loss"
	"lossproof/ports"
	"lossproof/tensor"
)

// undecided are magnitudes of logits at which float64 does not tell to which of two float32 numbers the loss, or the gradient, of the negative one is nearer, for target 0.
var undecided = []float32{0.10428631, 0.21913414, 0.34409466, 0.44168487, 0.66262865, 5.3183103, 7.26437, 9.334411,
	0.052364092, 0.05598463, 0.07978049, 0.14087462, 0.5991945, 14.304149}

// subnormal are magnitudes at which a result is a subnormal number, and not the one that the kernels alone would give.
var subnormal = []float32{89.2458, 89.45233}

// missed are logits whose loss, or gradient, for target 0 is another one than the nearest number without Nearest, at least by the kernels of AVX2.
var missed = []float32{-14.209431, -12.130036}

// TestNearest wants the nearest float32 number of each result for hard targets, in calls of all lengths that the kernels tell apart, over the memory of the operands too, and the
// same bits for any number of goroutines.
func TestNearest(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	rng := rand.New(rand.NewPCG(51, 52))
	special := []float32{0, float32(math.Copysign(0, -1)), 86.999, 87, 87.34, 88.8, 95, 103.9, 103.97208, 104, 200, 709, 1e30, math.MaxFloat32, float32(math.Inf(1)), float32(math.NaN()),
		math.SmallestNonzeroFloat32, 0x1p-25}
	special = slices.Concat(special, undecided, subnormal, missed)
	for i := range slices.Clone(special) {
		special = append(special, -special[i])
	}
	for _, n := range []int{1, 2, 7, 8, 9, 15, 17, 33, 100, 511, 512, 513, 1000, 70_000} {
		x, target := make([]float32, n), make([]float32, n)
		for i := range x {
			target[i] = float32(rng.IntN(2))
			switch rng.IntN(4) {
			case 0:
				x[i] = special[rng.IntN(len(special))]
			case 1:
				x[i] = float32(math.Ldexp(rng.NormFloat64(), rng.IntN(40)-32))
			default:
				x[i] = float32(3 * rng.NormFloat64())
			}
		}
		l := loss.BCEWithLogitsLoss[float32]{Reduction: loss.None, Nearest: true}
		value, grad, err := l.ForwardGrad(loss.Vector(x...), loss.Vector(target...), nil)
		if err != nil {
			t.Fatal(err)
		}
		wantNearest(t, x, target, value.Data, grad.Data)
		into := func(what string, threads int, results loss.Results[float32], x, target []float32) {
			t.Helper()
			runtime.GOMAXPROCS(threads)
			if err := l.Into(results, loss.Vector(x...), loss.Vector(target...), nil); err != nil {
				t.Fatal(err)
			}
			if results.Loss != nil && !sameBits(results.Loss, value.Data) || results.GradInput != nil && !sameBits(results.GradInput, grad.Data) {
				t.Errorf("%d elements, %s: other bits", n, what)
			}
		}
		into("loss alone", 1, loss.Results[float32]{Loss: make([]float32, n)}, x, target)
		into("gradient alone", 3, loss.Results[float32]{GradInput: make([]float32, n)}, x, target)
		a, b := slices.Clone(x), slices.Clone(target)
		into("over the operands", 3, loss.Results[float32]{Loss: a, GradInput: b}, a, b)
		a, b = slices.Clone(x), slices.Clone(target)
		into("over the operands, the other way round", 1, loss.Results[float32]{Loss: b, GradInput: a}, a, b)
	}
}

// sameBits reports whether two slices have the same numbers; NaNs are the same.
func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b })
}

// wantNearest compares finite logits with the definition, the others with the limits.
func wantNearest(t *testing.T, x, target, value, grad []float32) {
	t.Helper()
	const most = 2000 // the definition takes microseconds
	if len(x) > most {
		x, target, value, grad = x[:most], target[:most], value[:most], grad[:most]
	}
	finite := slices.Clone(x)
	for i, v := range x {
		if math.IsInf(float64(v), 0) || v != v {
			finite[i] = 0
		}
	}
	none := "none"
	call := ports.Call{Module: ports.BCEWithLogitsLoss, Options: ports.Options{Reduction: &none}, Want: []string{ports.Loss, ports.GradInput},
		Inputs: map[string]tensor.Tensor{ports.Input: tensor.FromFloat32(finite, len(x)), ports.Target: tensor.FromFloat32(target, len(x))}}
	exact, err := definition.Of(call.Module).Exact(call)
	if err != nil {
		t.Fatal(err)
	}
	for output, got := range map[string][]float32{ports.Loss: value, ports.GradInput: grad} {
		for i, g := range got {
			least, greatest := exact[output].Nearest(i)
			if x[i] != finite[i] {
				least = limit(float64(x[i]), float64(target[i]), output == ports.Loss)
				greatest = least
			}
			if g := float64(g); !same(g, least) && !(least <= g && g <= greatest) {
				t.Errorf("%s at %v, target %v: got %v, want %v", output, x[i], target[i], g, least)
			}
		}
	}
}

// limit returns the limit of the loss, or of the gradient, at a logit that is not finite.
func limit(x, target float64, loss bool) float64 {
	switch far := (x > 0) == (target == 0); {
	case x != x || loss && far:
		return math.Abs(x)
	case !far:
		return 0
	case target == 0:
		return 1
	}
	return -1
}

// TestNearestElsewhere has Nearest where it does not apply, and with one number upstream.
func TestNearestElsewhere(t *testing.T) {
	rng := rand.New(rand.NewPCG(53, 54))
	const n = 600
	x, soft := make([]float32, n), make([]float32, n)
	for i := range x {
		x[i], soft[i] = float32(3*rng.NormFloat64()), rng.Float32()
	}
	weight := loss.Vector(soft...)
	for name, l := range map[string]loss.BCEWithLogitsLoss[float32]{"mean": {}, "sum": {Reduction: loss.Sum}, "weight": {Reduction: loss.None, Weight: &weight}} {
		plain, plainGrad, err := l.ForwardGrad(loss.Vector(x...), loss.Vector(soft...), nil)
		if err != nil {
			t.Fatal(err)
		}
		l.Nearest = true
		value, grad, err := l.ForwardGrad(loss.Vector(x...), loss.Vector(soft...), nil)
		if err != nil || !slices.Equal(value.Data, plain.Data) || !slices.Equal(grad.Data, plainGrad.Data) {
			t.Errorf("%s: other results with Nearest, %v", name, err)
		}
	}
	// Soft targets: as in float64, but for the last bit.
	l, wide := loss.BCEWithLogitsLoss[float32]{Reduction: loss.None, Nearest: true}, loss.BCEWithLogitsLoss[float64]{Reduction: loss.None}
	value, grad, err := l.ForwardGrad(loss.Vector(x...), loss.Vector(soft...), nil)
	if err != nil {
		t.Fatal(err)
	}
	value64, grad64, err := wide.ForwardGrad(loss.Tensor[float64]{Shape: []int{n}, Data: widen(x)}, loss.Tensor[float64]{Shape: []int{n}, Data: widen(soft)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if v, g := float32(value64.Data[i]), float32(grad64.Data[i]); math.Abs(float64(value.Data[i]-v)) > 0x1p-23*float64(v) || math.Abs(float64(grad.Data[i]-g)) > 0x1p-23*math.Abs(float64(g)) {
			t.Errorf("x=%v, target %v: got %v and %v, want %v and %v", x[i], soft[i], value.Data[i], grad.Data[i], v, g)
		}
	}
	one := loss.Vector[float32](-2.5)
	for _, x := range undecided {
		grad, err := l.GradInput(loss.Vector(-x), loss.Vector[float32](0), &one)
		if want := float32(-2.5 / (1 + math.Exp(float64(x)))); err != nil || grad.Data[0] != want {
			t.Errorf("-2.5 upstream at %v: got %v, %v, want %v", -x, grad.Data, err, want)
		}
	}
	if allocations := testing.AllocsPerRun(20, func() {
		err = l.Into(loss.Results[float32]{Loss: value.Data, GradInput: grad.Data}, loss.Tensor[float32]{Shape: value.Shape, Data: x}, loss.Tensor[float32]{Shape: value.Shape, Data: soft}, nil)
	}); allocations != 0 || err != nil {
		t.Errorf("%v allocations, %v", allocations, err)
	}
}

func widen(v []float32) []float64 {
	wide := make([]float64, len(v))
	for i, v := range v {
		wide[i] = float64(v)
	}
	return wide
}
