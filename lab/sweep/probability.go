package sweep

import "math"

// BCELoss with hard targets, of a probability x, is with log' = max(log, -100)
//
//	loss t=0     loss t=1    gradient t=0  gradient t=1
//	-log'(1-x)   -log'(x)    1/(1-x)       -1/x
//
// PyTorch computes the gradient as (x-t)/max(x·(1-x), ε). Where the bound holds it is no derivative, and this is what it is compared with:
//
//	x/ε for t=0, -(1-x)/ε for t=1
const (
	// minLog is what a logarithm is at least.
	minLog = -100
	// epsilon is PyTorch's bound, the float32 nearest to 1e-12, also for float64.
	epsilon = float64(float32(1e-12))
)

// boundedText says where and with what the gradient is compared.
const boundedText = "The logarithms are at least -100, by the definition of the module. Where x·(1-x) < 1e-12 the gradient is compared with PyTorch's formula, " +
	"(x-t) over the float32 nearest to 1e-12, which is no derivative there."

// probability32 returns the results at a probability by its bits, for comparison with float32. As in oracle32
// the errors, here of math.Log, math.Log1p and two further operations, are a hundredth of oracleError.
func probability32(magnitude uint32) (exact values[float64], place float64) {
	x := float64(math.Float32frombits(magnitude))
	of, ofRest := math.Log(x), math.Log1p(-x)
	exact = values[float64]{min(-ofRest, -minLog), min(-of, -minLog), 1 / (1 - x), 1 / x}
	if x*(1-x) < epsilon {
		exact[2], exact[3] = x/epsilon, (1-x)/epsilon
	}
	return exact, of - ofRest
}

// preciseProbability returns the results at a probability with a relative error below 2⁻⁹⁰.
func preciseProbability(x float64) values[scaled] {
	rest := twoSum(1, -x)
	exact := values[scaled]{{m: bounded(x == 1, minusLogRest, x)}, {m: bounded(x == 0, minusLog, x)}}
	if ddOf(x).mul(rest).hi < epsilon {
		exact[2].m, exact[3].m = ddOf(x).div(ddOf(epsilon)), rest.div(ddOf(epsilon))
	} else {
		exact[2].m, exact[3].m = ddOf(1).div(rest), ddOf(1).div(ddOf(x))
	}
	return exact
}

// bounded returns f(x), at most 100; infinite says that it is, and not to be asked.
func bounded(infinite bool, f func(float64) dd, x float64) dd {
	if !infinite {
		if l := f(x); l.hi < -minLog {
			return l
		}
	}
	return ddOf(-minLog)
}

// minusLog returns -log(x) for 0 < x ≤ 1.
func minusLog(x float64) dd { return logarithm(ddOf(x)).neg() }

// minusLogRest returns -log(1-x) for 0 ≤ x < 1.
func minusLogRest(x float64) dd {
	switch {
	case x > 0.5:
		return minusLog(1 - x) // 1-x is exact
	case x < 0x1p-60:
		return dd{x, x * x / 2} // the next term of the series is below 2⁻¹²⁰ of it
	}
	return log1p(ddOf(-x)).neg()
}
