package sweep

import (
	"math"

	"lossproof/internal/definition"
	"lossproof/loss"
	"lossproof/ports"
	"lossproof/tensor"
)

// The oracle, which the results of a sweep are compared with, is the definition of the loss. At three
// billion inputs that would take hours, so there [definition.Filter] is asked first, and the definition whether a
// result is the nearest float32 number where that is too close to call in float64.

// tensorOf returns the tensor of values.
func tensorOf[T loss.Float](values []T, shape ...int) tensor.Tensor {
	switch v := any(values).(type) {
	case []float32:
		return tensor.FromFloat32(v, shape...)
	case []float64:
		return tensor.FromFloat64(v, shape...)
	}
	return tensor.Tensor{}
}

// callOf returns a call for the loss, and for the gradient in the input if the losses are not reduced.
func callOf(module, reduction string, inputs map[string]tensor.Tensor) ports.Call {
	c := ports.Call{Module: module, Options: ports.Options{Reduction: &reduction}, Inputs: inputs, Want: []string{ports.Loss}}
	if reduction == "none" {
		c.Want = append(c.Want, ports.GradInput)
	}
	return c
}

// exactly are the exact results of an output, and what they consist of.
type exactly struct {
	definition.Exact
	*definition.Allowance
	format
}

// outputOf returns the exact results of an output of a call.
func outputOf(call ports.Call, exact map[string]definition.Exact, output string, f format) (exactly, error) {
	a, err := definition.Of(call.Module).Allow(call, output)
	return exactly{exact[output], a, f}, err
}

// unit returns the unit of the errors of element i: see RandomRow.
func (e exactly) unit(i int) float64 {
	unit := e.ULP(e.Size(i))
	if !e.single {
		unit += e.Rounding(i)
	}
	return unit
}

// The results at the four outputs, up to the sign, are those of [definition.Filter]:
//
//	           loss t=0      loss t=1      gradient t=0  gradient t=1
//	x = a      softplus(a)   softplus(-a)  σ(a)          -σ(-a)
//	x = -a     softplus(-a)  softplus(a)   σ(-a)         -σ(a)
//	BCELoss    -log'(1-x)    -log'(x)      1/(1-x)       -1/x      with log' = max(log, -100)
//
// PyTorch computes the gradient of BCELoss as (x-t)/max(x·(1-x), ε). Where the bound holds it is no derivative, and this is what it is compared with:
//
//	x/ε for t=0, -(1-x)/ε for t=1

// oracleError bounds the error of the filter, in ULPs of float32.
const oracleError = definition.FilterError * (1 << 23)

// oracle32 returns the values at a magnitude a ≥ 0 for comparison with float32.
func oracle32(a float64) values[float64] { return valuesOf(ofLogit(a)) }

var ofLogit, ofProbability = definition.FilterOf(BCEWithLogitsLoss), definition.FilterOf(BCELoss)

func valuesOf(f definition.Filter) values[float64] {
	return values[float64]{f.Zero, f.One, f.SlopeZero, -f.SlopeOne}
}

// oracle32At returns the values at the magnitude with the given bits, and the magnitude; at infinity they
// are the limits, and NaN at a NaN.
func oracle32At(magnitude uint32) (exact values[float64], a float64) {
	a = float64(math.Float32frombits(magnitude))
	return oracle32(a), a
}

// boundedText says where and with what the gradient is compared.
const boundedText = "The logarithms are at least -100, by the definition of the module. Where x·(1-x) < 1e-12 the gradient is compared with PyTorch's formula, " +
	"(x-t) over the float32 nearest to 1e-12, which is no derivative there."

// probability32 returns the results at a probability by its bits, for comparison with float32.
func probability32(magnitude uint32) (exact values[float64], place float64) {
	x := float64(math.Float32frombits(magnitude))
	return valuesOf(ofProbability(x)), math.Log(x) - math.Log1p(-x)
}

// format describes a dtype.
type format struct {
	tensor.Format
	name   string
	single bool
	// exp(-normalExp), and its products with weights, are normal numbers; exp(-subnormalExp) is
	// about the largest subnormal one.
	normalExp, subnormalExp float64
	minPower, maxPower      float64 // of ten: the range of logits
	minProbability          float64 // of ten
	// rowEdge is how far the logits of a row are apart at most, but for those that are drawn in another way.
	rowEdge float64
}

func formatOf[T loss.Float]() format {
	if _, single := any(T(0)).(float32); single {
		return format{Format: tensor.Float32.Format(), name: "float32", single: true, normalExp: 87, subnormalExp: 87.3, minPower: -44, maxPower: 25, minProbability: -45, rowEdge: 110}
	}
	return format{Format: tensor.Float64.Format(), name: "float64", normalExp: 600, subnormalExp: 708.4, minPower: -300, maxPower: 290, minProbability: -290, rowEdge: 600}
}
