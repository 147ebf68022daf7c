package halves

import (
	"math"
	"slices"

	"lossproof/internal/claim"
	"lossproof/ports"
	"lossproof/tensor"
)

// PerCall is the largest number of inputs of a call.
const PerCall = 1 << 14

// Targets are those that every input is asked at; the last one is soft.
var Targets = []float64{0, 1, 0.3}

// part is a call of a check, with what its inputs are.
type part struct {
	call   ports.Call
	target float64
	// bits are those of the inputs.
	bits []uint16
}

// Numbers returns the bits of the numbers that a module takes; finite leaves out NaN and the infinities,
// normal the subnormal numbers.
func Numbers(module string, dtype tensor.DType, finite, normal bool) []uint16 {
	all := make([]uint16, 1<<16)
	for i := range all {
		all[i] = uint16(i)
	}
	probabilities := Noun(module) == "probability"
	values := tensor.FromBits16(dtype, all, len(all)).Float64s()
	smallest := dtype.Format().SmallestNormal()
	return slices.DeleteFunc(all, func(bits uint16) bool {
		v := values[bits]
		return probabilities && !(v >= 0 && v <= 1) || finite && (math.IsNaN(v) || math.IsInf(v, 0)) || normal && v != 0 && math.Abs(v) < smallest
	})
}

// parts returns the calls that a claim allows; outside says why there are none.
func (c *Check) parts(cl ports.Claim) (parts []part, outside string) {
	var want []string
	for _, output := range []string{ports.Loss, ports.GradInput} {
		if slices.Contains(cl.Outputs, output) {
			want = append(want, output)
		}
	}
	without := func(word string) bool { return slices.Contains(cl.Without, word) }
	switch {
	case !slices.Contains(cl.DTypes, c.DType):
		return nil, string(c.DType) + " is not claimed"
	case len(want) == 0:
		return nil, "neither loss nor grad_input is claimed"
	case without("reduction:none"):
		return nil, "without reduction:none"
	}
	bits := Numbers(c.Rule.Module, c.DType, without(claim.NonFinite), without(claim.Subnormals))
	for _, target := range Targets {
		hasTarget := target == 0 || target == 1 || !without(claim.SoftTargets)
		if ports.ModuleOf(c.Rule.Module).HasClasses() {
			hasTarget = (target == 0 || target == 1) && !without(claim.IntegerTargets) || target != 0 && target != 1 && !without(claim.ClassProbabilities)
		}
		if !hasTarget {
			continue
		}
		for some := range slices.Chunk(bits, PerCall) {
			parts = append(parts, part{Call(c.Rule.Module, c.DType, some, target, want), target, some})
		}
	}
	if len(parts) == 0 {
		return nil, "no target of the check is claimed"
	}
	return parts, ""
}

// Shape returns that of an output of a call of n inputs.
func Shape(module, output string, n int) []int {
	switch m := ports.ModuleOf(module); {
	case output == ports.Loss && m.LossOf != ports.OfElement:
		return []int{n}
	case m.HasClasses():
		return []int{n, 2}
	}
	return []int{n, 1}
}

// Call returns the call of some inputs, one below the other.
func Call(module string, dtype tensor.DType, bits []uint16, target float64, want []string) ports.Call {
	none, n := "none", len(bits)
	call := ports.Call{Module: module, Options: ports.Options{Reduction: &none}, Inputs: map[string]tensor.Tensor{}, Want: want}
	if !ports.ModuleOf(module).HasClasses() {
		call.Inputs[ports.Input] = tensor.FromBits16(dtype, bits, n, 1)
		call.Inputs[ports.Target] = tensor.FromValues(dtype, slices.Repeat([]float64{target}, n), n, 1)
		return call
	}
	rows := make([]uint16, 2*n)
	for i, b := range bits {
		rows[2*i] = b
	}
	call.Inputs[ports.Input] = tensor.FromBits16(dtype, rows, n, 2)
	if target == 0 || target == 1 { // that of x: its class has the index 0
		call.Inputs[ports.Target] = tensor.FromValues(tensor.Int64, slices.Repeat([]float64{1 - target}, n), n)
	} else {
		call.Inputs[ports.Target] = tensor.FromValues(dtype, slices.Repeat([]float64{target, 1 - target}, n), n, 2)
	}
	return call
}

// Calls returns the calls of a port that claims everything.
func (c *Check) Calls() []ports.Call {
	m := ports.ModuleOf(c.Rule.Module)
	parts, _ := c.parts(ports.Claim{DTypes: DTypes(), Outputs: m.Outputs})
	calls := make([]ports.Call, len(parts))
	for i, p := range parts {
		calls[i] = p.call
	}
	return calls
}
