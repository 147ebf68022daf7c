package halves_test

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"slices"
	"testing"

	"lossproof/internal/claim"
	"lossproof/internal/definition"
	"lossproof/internal/halves"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// Here are ports of 16 bits that are wrong, each with a check that finds it, and others that are right
// in ways of their own. None was used to choose the tolerances.

// each changes every element of the outputs, the numbers of which are exact: those of float64.
func each(change func(output string, v float64) float64) func(ports.Call, ports.Answer) ports.Answer {
	return func(call ports.Call, a ports.Answer) ports.Answer {
		exact := definition.Of(call.Module).Evaluate(widened(call))
		outputs := map[string]tensor.Tensor{}
		for name, t := range a.Outputs {
			values := exact.Outputs[name].Float64s()
			for i, v := range values {
				values[i] = change(name, v)
			}
			outputs[name] = tensor.FromValues(t.DType, values, t.Shape...)
		}
		return ports.Answer{Outputs: outputs}
	}
}

// widened returns a call with float64 in place of 16 bits.
func widened(call ports.Call) ports.Call {
	inputs := map[string]tensor.Tensor{}
	for name, t := range call.Inputs {
		if t.DType.IsFloat() {
			t = tensor.FromFloat64(t.Float64s(), t.Shape...)
		}
		inputs[name] = t
	}
	call.Inputs = inputs
	return call
}

// viewing computes what the definition makes of changed inputs.
func viewing(change func(bits uint16, dtype tensor.DType) float64) func(ports.Call, ports.Answer) ports.Answer {
	return func(call ports.Call, a ports.Answer) ports.Answer {
		seen := widened(call)
		input := call.Inputs[ports.Input]
		values := make([]float64, input.Len())
		for i := range values {
			values[i] = change(input.Bits16(i), input.DType)
			if call.Module == ports.BCELoss {
				values[i] = max(0, min(values[i], 1))
			}
		}
		seen.Inputs[ports.Input] = tensor.FromFloat64(values, input.Shape...)
		of := definition.Of(call.Module).Evaluate(seen)
		outputs := map[string]tensor.Tensor{}
		for name, t := range a.Outputs {
			outputs[name] = tensor.FromValues(t.DType, of.Outputs[name].Float64s(), t.Shape...)
		}
		return ports.Answer{Outputs: outputs}
	}
}

// computing is a port of logits that has formulas of its own.
func computing(f func(x, t float64, round func(float64) float64) (loss, grad float64)) func(ports.Call, ports.Answer) ports.Answer {
	return func(call ports.Call, a ports.Answer) ports.Answer {
		x, t := call.Inputs[ports.Input], call.Inputs[ports.Target]
		losses, grads := make([]float64, x.Len()), make([]float64, x.Len())
		for i := range losses {
			losses[i], grads[i] = f(x.Float64(i), t.Float64(i), x.DType.Format().Round)
		}
		return ports.Answer{Outputs: map[string]tensor.Tensor{
			ports.Loss: tensor.FromValues(x.DType, losses, a.Outputs[ports.Loss].Shape...), ports.GradInput: tensor.FromValues(x.DType, grads, x.Shape...),
		}}
	}
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

func valueOf(bits uint16, dtype tensor.DType) float64 {
	return tensor.FromBits16(dtype, []uint16{bits}).Float64(0)
}

const (
	ofLogits        = "BCEWithLogitsLoss/every_input/"
	ofProbabilities = "BCELoss/every_input/"
	ofRows          = "CrossEntropyLoss/every_input/"
)

func TestWrongPorts(t *testing.T) {
	if os.Getenv("LOSSPROOF_FULL") == "" {
		t.Skip("ten seconds: make divergences")
	}
	for name, port := range map[string]struct {
		check string
		level verdict.Level
		port  func(ports.Call, ports.Answer) ports.Answer
	}{
		"bfloat16 goes through float16": {ofLogits + "bfloat16", verdict.Parity, viewing(func(bits uint16, dtype tensor.DType) float64 {
			return tensor.Float16.Format().Round(valueOf(bits, dtype))
		})},
		"float16 is read as bfloat16": {ofLogits + "float16", verdict.Parity, viewing(func(bits uint16, _ tensor.DType) float64 {
			return valueOf(bits, tensor.BFloat16)
		})},
		"the bytes are swapped": {ofLogits + "bfloat16", verdict.Parity, viewing(func(bits uint16, dtype tensor.DType) float64 {
			return valueOf(bits<<8|bits>>8, dtype)
		})},
		"subnormal probabilities are flushed": {ofProbabilities + "float16", verdict.Parity, viewing(func(bits uint16, dtype tensor.DType) float64 {
			if v := valueOf(bits, dtype); v >= 0x1p-14 {
				return v
			}
			return 0
		})},
		"a sign is two's complement": {ofLogits + "bfloat16", verdict.Parity, viewing(func(bits uint16, dtype tensor.DType) float64 {
			if bits&0x8000 != 0 {
				return -valueOf(-bits&0x7fff, dtype)
			}
			return valueOf(bits, dtype)
		})},
		"an infinity is a number": {ofLogits + "float16", verdict.Parity, viewing(func(bits uint16, dtype tensor.DType) float64 {
			if v := valueOf(bits, dtype); math.IsInf(v, 0) {
				return math.Copysign(65536, v)
			}
			return valueOf(bits, dtype)
		})},
		"logits are of 8 bits": {ofRows + "float16", verdict.Parity, viewing(func(bits uint16, dtype tensor.DType) float64 {
			v := valueOf(bits, dtype)
			if !(math.Abs(v) < 1e4) {
				return v
			}
			return max(-8, min(math.Round(v*16)/16, 127.0/16))
		})},
		"the probability 0 is 1e-7": {ofProbabilities + "bfloat16", verdict.Parity, viewing(func(bits uint16, dtype tensor.DType) float64 {
			return max(1e-7, min(valueOf(bits, dtype), 1-1e-7))
		})},
		"NaN is 0": {ofLogits + "bfloat16", verdict.Parity, each(func(_ string, v float64) float64 {
			if math.IsNaN(v) {
				return 0
			}
			return v
		})},
		"overflow saturates": {ofProbabilities + "float16", verdict.Parity, each(func(_ string, v float64) float64 {
			return math.Max(-65504, math.Min(v, 65504))
		})},
		"rounded up": {ofLogits + "float16", verdict.Exact, each(func(_ string, v float64) float64 {
			f := tensor.Float16.Format()
			if r := f.Round(v); r < v {
				return r + f.ULP(r)
			}
			return v
		})},
		"the loss scale stays": {ofLogits + "float16", verdict.Parity, each(func(output string, v float64) float64 {
			if output == ports.GradInput {
				return 1024 * v
			}
			return v
		})},
		"the loss is that of float8": {ofRows + "bfloat16", verdict.Exact, each(func(_ string, v float64) float64 {
			m, e := math.Frexp(v)
			return math.Ldexp(math.RoundToEven(m*16)/16, e)
		})},
		"the logarithm of a rounded probability": {ofLogits + "bfloat16", verdict.Parity, computing(func(x, t float64, round func(float64) float64) (float64, float64) {
			p := round(sigmoid(x))
			return -t*math.Log(p) - (1-t)*math.Log(1-p), p - t
		})},
		"an epsilon for 16 bits": {ofLogits + "float16", verdict.Exact, computing(func(x, t float64, _ func(float64) float64) (float64, float64) {
			p := max(1e-3, min(sigmoid(x), 1-1e-3))
			return -t*math.Log(p) - (1-t)*math.Log1p(-p), sigmoid(x) - t
		})},
		"the exponential is rounded": {ofLogits + "bfloat16", verdict.Exact, computing(func(x, t float64, round func(float64) float64) (float64, float64) {
			y := round(math.Exp(-math.Abs(x)))
			return max(x, 0) - x*t + math.Log1p(y), sigmoid(x) - t
		})},
		"exp of a logit overflows": {ofLogits + "float16", verdict.Parity, computing(func(x, t float64, round func(float64) float64) (float64, float64) {
			return math.Log(1+round(math.Exp(x))) - x*t, sigmoid(x) - t
		})},
		"the difference of rounded probabilities": {ofLogits + "float16", verdict.Exact, computing(func(x, t float64, round func(float64) float64) (float64, float64) {
			return t*softplus(-x) + (1-t)*softplus(x), round(sigmoid(x)) - t
		})},
		"half of the elements are not computed": {ofRows + "float16", verdict.Parity, func(_ ports.Call, a ports.Answer) ports.Answer {
			data := a.Outputs[ports.GradInput].Data
			clear(data[len(data)/2:])
			return a
		}},
		"the result is of float32": {ofLogits + "bfloat16", verdict.Parity, func(_ ports.Call, a ports.Answer) ports.Answer {
			loss := a.Outputs[ports.Loss]
			a.Outputs[ports.Loss] = tensor.FromValues(tensor.Float32, loss.Float64s(), loss.Shape...)
			return a
		}},
		"NaN overflows when it is rounded": {ofLogits + "bfloat16", verdict.Parity, func(_ ports.Call, a ports.Answer) ports.Answer {
			for _, out := range a.Outputs {
				for i := range out.Len() {
					if math.IsNaN(out.Float64(i)) { // 0x7fffffff + 0x8000
						binary.LittleEndian.PutUint16(out.Data[2*i:], 0x8000)
					}
				}
			}
			return a
		}},
	} {
		c := checkOf(t, port.check)
		end, outside := c.Begin(context.Background(), claimOf(c.Rule.Module), port.level, askBuiltin(port.port))
		if outside != "" {
			t.Fatal(name, outside)
		}
		if r := end(); r.Broken == "" && r.Err == nil {
			t.Errorf("%s: %s passes at %s: %d of %d are the nearest", name, port.check, port.level, r.Nearest, r.Inputs)
		}
	}
}

func checkOf(t *testing.T, id string) *halves.Check {
	t.Helper()
	i := slices.IndexFunc(halves.All(), func(c *halves.Check) bool { return c.ID == id })
	if i < 0 {
		t.Fatalf("there is no check %s", id)
	}
	return halves.All()[i]
}

// single is the computation of logits in float32.
func single(x, t float64) (loss, grad float64) {
	y := float32(math.Exp(-math.Abs(x)))
	log, small := float32(math.Log1p(float64(y))), y/(1+y)
	up, down, s, rest := log, log+float32(-x), small, 1/(1+y)
	if x >= 0 {
		up, down, s, rest = log+float32(x), log, rest, small
	}
	if t == 0 || t == 1 { // of an infinite logit, too
		if t == 0 {
			return float64(up), float64(s)
		}
		return float64(down), -float64(rest)
	}
	return float64(float32(t)*down + float32(1-t)*up), float64(float32(1-t)*s - float32(t)*rest)
}

func TestRightPorts(t *testing.T) {
	if os.Getenv("LOSSPROOF_FULL") == "" {
		t.Skip("ten seconds: make divergences")
	}
	both, nearest := []string{ofLogits + "float16", ofLogits + "bfloat16"}, map[string]int{}
	for name, port := range map[string]struct {
		checks  []string
		without []string
		outputs []string
		port    func(ports.Call, ports.Answer) ports.Answer
	}{
		"float64, rounded once":   {checks: append(both, ofProbabilities+"float16", ofRows+"bfloat16"), port: each(func(_ string, v float64) float64 { return v })},
		"float32, rounded once":   {checks: both, port: computing(func(x, t float64, _ func(float64) float64) (float64, float64) { return single(x, t) })},
		"float64 through float32": {checks: both, port: each(func(_ string, v float64) float64 { return float64(float32(v)) })},
		"ties away from zero": {checks: both[:1], port: each(func(_ string, v float64) float64 {
			ulp := tensor.Float16.Format().ULP(v)
			if r := math.Round(v/ulp) * ulp; math.Abs(r) < 65520 {
				return r
			}
			return v
		})},
		"ties to odd": {checks: both[1:], port: each(func(_ string, v float64) float64 {
			f := tensor.BFloat16.Format()
			if r := f.Round(v); math.Abs(r-v) == f.ULP(v)/2 {
				return 2*v - r
			}
			return v
		})},
		"the NaN of a machine": {checks: both, port: func(_ ports.Call, a ports.Answer) ports.Answer {
			for _, out := range a.Outputs {
				for i := range out.Len() {
					if math.IsNaN(out.Float64(i)) {
						binary.LittleEndian.PutUint16(out.Data[2*i:], 0xffff)
					}
				}
			}
			return a
		}},
		"zeros have signs": {checks: both, port: each(func(_ string, v float64) float64 {
			if v == 0 {
				return math.Copysign(0, -1)
			}
			return v
		})},
		"NaN at infinite logits, as PyTorch has it": {checks: both, port: computing(func(x, t float64, _ func(float64) float64) (float64, float64) {
			if math.IsInf(x, 0) {
				return math.NaN(), math.NaN()
			}
			return single(x, t)
		})},
		"flushes, and says so": {checks: both, without: []string{claim.Subnormals}, port: func(call ports.Call, a ports.Answer) ports.Answer {
			smallest := call.Inputs[ports.Input].DType.Format().SmallestNormal()
			return each(func(_ string, v float64) float64 {
				if math.Abs(v) < smallest {
					return 0
				}
				return v
			})(call, a)
		}},
		"the loss alone":     {checks: both, outputs: []string{ports.Loss}, port: unchanged},
		"the gradient alone": {checks: append(both, ofRows+"float16"), outputs: []string{ports.GradInput}, port: unchanged},
		"finite numbers and hard targets alone": {
			checks: append(both, ofProbabilities+"bfloat16"), without: []string{claim.NonFinite, claim.SoftTargets}, port: unchanged,
		},
	} {
		for _, id := range port.checks {
			c := checkOf(t, id)
			cl := claimOf(c.Rule.Module, port.without...)
			if port.outputs != nil {
				cl.Outputs = port.outputs
			}
			end, outside := c.Begin(context.Background(), cl, verdict.Exact, askBuiltin(port.port))
			if outside != "" {
				t.Fatal(name, outside)
			}
			r := end()
			if r.Err != nil || r.Broken != "" || r.Right != r.Inputs || r.Inputs < 15000 {
				t.Errorf("%s: %s: %d of %d right: %v %s", name, id, r.Right, r.Inputs, r.Err, r.Broken)
			}
			nearest[name+id] = r.Nearest
		}
	}
	// Only the count of what is correctly rounded tells them apart.
	for _, id := range both {
		if once, twice := nearest["float64, rounded once"+id], nearest["float64 through float32"+id]; !(twice < once && once <= 1<<16) {
			t.Errorf("%s: %d are correctly rounded, %d if rounded twice", id, once, twice)
		}
	}
}
