package loss_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"lossproof/loss"
	"lossproof/tensor"
)

var reductions = []loss.Reduction{loss.Mean, loss.Sum, loss.None}

// fill returns a tensor of the shape, its elements drawn one by one, each exact in float32.
func fill(shape []int, draw func() float64) loss.Tensor[float64] {
	n := 1
	for _, d := range shape {
		n *= d
	}
	data := make([]float64, n)
	for i := range data {
		data[i] = float64(float32(draw()))
	}
	return loss.Tensor[float64]{Shape: shape, Data: data}
}

// lossShape returns the shape of the loss by the rule of the documentation.
func (c call) lossShape() []int {
	switch {
	case c.reduction != loss.None:
		return nil
	case c.multiLabel:
		return c.input.Shape[:len(c.input.Shape)-1]
	}
	return c.input.Shape
}

// outputs returns the names of the outputs of the module.
func (c call) outputs() []string {
	names := []string{"loss", "grad_input", "grad_target"}
	if c.multiLabel && c.weight != nil {
		names = append(names, "grad_weight")
	}
	return names
}

// checkCall compares all outputs of a call with the oracle, by checkOutput. It returns the largest error over tolerance in float64.
func checkCall(t *testing.T, c call) (worst float64) {
	t.Helper()
	for _, output := range c.outputs() {
		wantShape := c.input.Shape
		switch output {
		case "loss":
			wantShape = c.lossShape()
		case "grad_weight":
			wantShape = c.weight.Shape
		}
		got64, err := compute[float64](c, output)
		if err != nil {
			t.Fatalf("%s float64: %v", output, err)
		}
		got32, err := compute[float32](c, output)
		if err != nil {
			t.Fatalf("%s float32: %v", output, err)
		}
		if !slices.Equal(got64.Shape, wantShape) || !slices.Equal(got32.Shape, wantShape) {
			t.Fatalf("%s: got shapes %v and %v, want %v", output, got64.Shape, got32.Shape, wantShape)
		}
		worst = max(worst, checkOutput(t, output, got64.Data, got32.Data, c.evaluate(output, tensor.Float64), c.evaluate(output, tensor.Float32)))
	}
	return worst
}

// checkOutput compares an output with the oracle: in float64 within the tolerance of the fixtures, in float32 within 0.51 ULP of the
// exact result, as it is rounded once. It returns the largest error over tolerance in float64.
func checkOutput(t *testing.T, output string, got64 []float64, got32 []float32, want64, want32 []expected) (worst float64) {
	t.Helper()
	for i, e := range want64 {
		d := e.distance(got64[i])
		if d == 0 {
			continue
		}
		ratio := d / e.tolerance
		worst = max(worst, ratio)
		if !(ratio <= 1) {
			t.Errorf("%s float64 [%d]: got %v, exact %.20g, error is %.3g of the tolerance %.3g", output, i, got64[i], e.exact(), ratio, e.tolerance)
		}
	}
	for i, e := range want32 {
		got := float64(got32[i])
		if exact := e.exact(); math.Abs(exact) > math.MaxFloat32 {
			if !math.IsInf(got, int(math.Copysign(1, exact))) && math.Abs(got) != math.MaxFloat32 {
				t.Errorf("%s float32 [%d]: got %v, exact %.10g", output, i, got, e.exact())
			}
			continue
		}
		// Where terms cancel, the error of the functions, 2⁻³¹, is all that can be promised.
		allowed := 0.51*tensor.Float32.Format().ULP(e.exact()) + math.Ldexp(e.tolerance, -9)
		if d := e.distance(got); !(d <= allowed) {
			t.Errorf("%s float32 [%d]: got %v, exact %.10g, error %.3g, allowed %.3g", output, i, got, e.exact(), d, allowed)
		}
	}
	return worst
}

// TestAgainstOracle compares all outputs with the oracle, for all options, on ordinary and
// extreme values.
func TestAgainstOracle(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	bell := func(scale float64) func() float64 { return func() float64 { return scale * rng.NormFloat64() } }
	uniform := func(lo, hi float64) func() float64 { return func() float64 { return lo + (hi-lo)*rng.Float64() } }
	power := func(lo, hi float64) func() float64 { // either sign, logarithmically uniform
		return func() float64 { return math.Copysign(math.Pow(10, lo+(hi-lo)*rng.Float64()), rng.Float64()-0.5) }
	}
	hard := func() float64 { return float64(rng.IntN(2)) }
	kinds := []struct {
		name                            string
		input, target, weight, upstream func() float64
	}{
		{"ordinary, hard targets", bell(2), hard, uniform(0.25, 4), uniform(-2, 2)},
		{"ordinary, soft targets", bell(2), uniform(0, 1), uniform(0.25, 4), uniform(-2, 2)},
		{"where float32 cancels", uniform(-40, 40), hard, uniform(0.25, 4), uniform(-2, 2)},
		{"where exp underflows", uniform(-760, 760), hard, uniform(0.25, 4), uniform(-2, 2)},
		{"around zero", power(-44, 0), uniform(0, 1), uniform(0.25, 4), uniform(-2, 2)},
		{"of every size", power(-30, 30), uniform(0, 1), power(-6, 6), power(-6, 6)},
		{"tiny weights", uniform(-100, 100), hard, power(-30, -20), power(-20, 20)},
		{"huge weights", uniform(-100, 100), hard, power(20, 30), power(-30, 0)},
		{"targets outside of [0, 1]", bell(5), uniform(-3, 4), bell(3), bell(3)},
	}
	worst := 0.0
	for _, kind := range kinds {
		for _, reduction := range reductions {
			for _, options := range []string{"plain", "weight", "pos_weight", "both", "multi", "multi weight"} {
				c := call{reduction: reduction, input: fill([]int{4, 5}, kind.input), target: fill([]int{4, 5}, kind.target)}
				weight := fill([]int{5}, kind.weight)
				posWeight := fill([]int{4, 5}, kind.weight)
				switch options {
				case "weight":
					c.weight = &weight
				case "pos_weight":
					c.posWeight = &posWeight
				case "both":
					c.weight, c.posWeight = &weight, &posWeight
				case "multi":
					c.multiLabel = true
				case "multi weight":
					c.multiLabel, c.weight = true, &weight
				}
				upstream := fill(c.lossShape(), kind.upstream)
				c.gradOut = &upstream
				t.Run(fmt.Sprintf("%s/%s/%s", kind.name, reduction, options), func(t *testing.T) {
					worst = max(worst, checkCall(t, c))
				})
			}
		}
	}
	t.Logf("largest error over tolerance in float64: %.3f", worst)
}

// TestTiny64 has weights, pos_weights and upstream gradients whose products go
// subnormal in float64 on the way to a result that is not.
func TestTiny64(t *testing.T) {
	// Many elements: a mean divides by their number, and an upstream gradient that is subnormal
	// must be scaled up by the weight before.
	row := func(v ...float64) loss.Tensor[float64] { return loss.Vector(slices.Repeat(v, 5)...) }
	input := row(-3, -0.5, 0, 0.5, 3, 700, -700, 740, -740, 1e300)
	target := row(0, 1, 0.3, 0.3, 1, 1, 0, 1, 0, 0.5)
	for _, w := range []float64{1, 1e-300, 1e-310, 1e-160, 1e160, 1e300} {
		for _, u := range []float64{1, 1e-300, 1e-310, 1e-160, 1e150} {
			for _, p := range []float64{0, 1, 1e-300, 1e-30} {
				weight, posWeight := loss.Scalar(w), loss.Scalar(p)
				c := call{reduction: loss.Mean, input: input, target: target, weight: &weight, posWeight: &posWeight}
				upstream := loss.Scalar(u)
				c.gradOut = &upstream
				if p == 0 {
					c.posWeight = nil
				}
				if w*max(1, u) > 1e305 || w > 1 {
					c.input.Data = slices.Clone(input.Data)
					for i := 9; i < len(c.input.Data); i += 10 {
						c.input.Data[i] = 100 // else the mean overflows early, as documented
					}
				}
				for _, output := range []string{"loss", "grad_input", "grad_target"} {
					if w*u > 1e300 && output != "loss" {
						continue
					}
					got, err := compute[float64](c, output)
					if err != nil {
						t.Fatal(err)
					}
					for i, e := range c.evaluate(output, tensor.Float64) {
						// Products of the factors underflow in the tolerance too.
						tolerance := max(e.tolerance, 6*tensor.Float64.Format().ULP(e.exact()))
						if d := e.distance(got.Data[i]); !(d <= tolerance) {
							t.Errorf("w=%g u=%g p=%g %s[%d]: got %v, exact %.20g, error %.3g, tolerance %.3g",
								w, u, p, output, i, got.Data[i], e.exact(), d, tolerance)
						}
					}
				}
			}
		}
	}
}

// TestTails pins the losses and gradients of confident logits, where log(1+exp(-x)) and
// 1-σ(x) return 0, to constants computed with 50 digits.
func TestTails(t *testing.T) {
	tests := []struct {
		x, t, p    float64
		loss, grad float64
		reason     string
	}{
		{-20, 0, 1, 2.061153620314381e-09, 2.0611536181902036e-09, "PyTorch's BCEWithLogitsLoss returns the loss 0 in float32"},
		{-50, 0, 1, 1.9287498479639178e-22, 1.9287498479639178e-22, "and in float64 too"},
		{20, 1, 1, 2.061153620314381e-09, -2.0611536181902036e-09, "PyTorch's gradient is 0 in float32"},
		{50, 1, 1, 1.9287498479639178e-22, -1.9287498479639178e-22, "and in float64 too"},
		{50, 1, 3, 5.786249543891753e-22, -5.786249543891753e-22, "pos_weight scales both"},
		{0, 1, 1e-30, 6.931471805599453e-31, -5e-31, "1 + (p-1)·t is 0 here"},
		{-1, 1, 1e-30, 1.3132616875182229e-30, -7.310585786300049e-31, "and here"},
		{-740, 0, 1, 4.2e-322, 4.2e-322, "a subnormal result"},
		{-1000, 0, 1, 0, 0, "below every float64"},
		{1e300, 0, 1, 1e300, 1, "exp is not asked for 1e300"},
	}
	for _, test := range tests {
		p := loss.Scalar(test.p)
		criterion := loss.BCEWithLogitsLoss[float64]{PosWeight: &p, Reduction: loss.None}
		value, grad, err := criterion.ForwardGrad(loss.Scalar(test.x), loss.Scalar(test.t), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []struct {
			name      string
			got, want float64
		}{{"loss", value.Data[0], test.loss}, {"gradient", grad.Data[0], test.grad}} {
			if ulp := math.Nextafter(math.Abs(v.want), math.Inf(1)) - math.Abs(v.want); math.Abs(v.got-v.want) > 2*ulp {
				t.Errorf("x=%g t=%g p=%g: %s is %v, want %v (%s)", test.x, test.t, test.p, v.name, v.got, v.want, test.reason)
			}
		}
	}
}

// TestLongSums has sums whose error would show if they were added up naively in
// either dtype: equal terms, whose rounding errors all have one sign.
func TestLongSums(t *testing.T) {
	const rows, classes = 1000, 257
	for _, x := range []float64{1.1, -2.3} {
		input := fill([]int{rows, classes}, func() float64 { return x })
		target := fill([]int{rows, classes}, func() float64 { return 1 })
		weight := fill([]int{classes}, func() float64 { return 0.7 })
		for _, multiLabel := range []bool{false, true} {
			c := call{multiLabel: multiLabel, reduction: loss.Sum, input: input, target: target, weight: &weight}
			got64, err := compute[float64](c, "loss")
			if err != nil {
				t.Fatal(err)
			}
			e := c.evaluate("loss", tensor.Float64)[0]
			if d := e.distance(got64.Data[0]) / tensor.Float64.Format().ULP(e.exact()); d > 3 {
				t.Errorf("float64: %v is %.3g ULP from %.20g", got64.Data[0], d, e.exact())
			}
			got32, err := compute[float32](c, "loss")
			if err != nil {
				t.Fatal(err)
			}
			if d := e.distance(float64(got32.Data[0])) / tensor.Float32.Format().ULP(e.exact()); d > 0.5001 {
				t.Errorf("float32: %v is %.3g ULP from %.10g", got32.Data[0], d, e.exact())
			}
		}
	}
}

// TestGradientIsDifferenceQuotient checks the gradients against the loss itself.
func TestGradientIsDifferenceQuotient(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	normal := func() float64 { return 2 * rng.NormFloat64() }
	for _, multiLabel := range []bool{false, true} {
		for _, reduction := range reductions {
			c := call{multiLabel: multiLabel, reduction: reduction, input: fill([]int{2, 3, 4}, normal), target: fill([]int{2, 3, 4}, rng.Float64)}
			weight, posWeight := fill([]int{3, 1}, normal), fill([]int{4}, normal)
			c.weight = &weight
			if !multiLabel {
				c.posWeight = &posWeight
			}
			upstream := fill(c.lossShape(), normal)
			c.gradOut = &upstream
			// dot returns Σ u·loss.
			dot := func() float64 {
				got, err := compute[float64](c, "loss")
				if err != nil {
					t.Fatal(err)
				}
				sum := 0.0
				for i, v := range got.Data {
					sum += v * upstream.Data[i]
				}
				return sum
			}
			for _, output := range c.outputs()[1:] {
				variable := map[string][]float64{"grad_input": c.input.Data, "grad_target": c.target.Data, "grad_weight": weight.Data}[output]
				grad, err := compute[float64](c, output)
				if err != nil {
					t.Fatal(err)
				}
				for i, v := range variable {
					const h = 1e-5
					variable[i] = v + h
					above := dot()
					variable[i] = v - h
					below := dot()
					variable[i] = v
					if quotient := (above - below) / (2 * h); math.Abs(quotient-grad.Data[i]) > 1e-8 {
						t.Errorf("multiLabel=%t %s %s[%d]: got %v, difference quotient %v", multiLabel, reduction, output, i, grad.Data[i], quotient)
					}
				}
			}
		}
	}
}
