// The command asm writes the AVX2 kernels of package kernel and their stubs; `make generate` runs it:
//
//	go run . -out ../kernels_amd64.s -stubs ../kernels_amd64.go -pkg kernel
//	go run . -rows -out ../rows_amd64.s -stubs ../rows_amd64.go -pkg kernel
//
// The polynomials are read from ../coefficients.go, which the Go kernels use too.
package main

import (
	"flag"
	"fmt"
	"log"
	"math"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	coefficients, err := readCoefficients("../coefficients.go")
	if err != nil {
		log.Fatal(err)
	}
	rows := flag.Bool("rows", false, "write the kernels of BCELoss and CrossEntropyLoss")
	flag.Parse()
	ConstraintExpr("amd64,!purego")
	if *rows {
		softmaxRows32(coefficients["exp32Poly"])
		entropySums32()
		entropyGrads32()
		probabilityGradsRound32()
		log1pRests32(coefficients["log32Poly"])
		for _, e := range []element{float32s, float64s} {
			maximum(e)
			expSum(e, coefficients["exp"+e.suffix()+"Poly"])
			scaleRound(e)
			probabilityLosses(e, coefficients["log"+e.suffix()+"Poly"])
			probabilityGrads(e)
		}
		Generate()
		return
	}
	for _, e := range []element{float32s, float64s} {
		expMinusAbs(e, coefficients["exp"+e.suffix()+"Poly"])
	}
	for _, e := range []element{float32s, float64s} {
		log1p(e, coefficients["log"+e.suffix()+"Poly"])
	}
	for _, e := range []element{float32s, float64s} {
		losses(e)
	}
	for _, e := range []element{float32s, float64s} {
		for _, what := range []plain{{sum: true}, {losses: true}, {sum: true, grads: true}, {losses: true, grads: true}} {
			plainLosses(e, coefficients["log"+e.suffix()+"Poly"], what)
		}
	}
	weightedLosses32()
	weightedLosses64(coefficients["log64Poly"])
	for _, e := range []element{float32s, float64s} {
		grads(e)
	}
	for _, e := range []element{float32s, float64s} {
		weightedGrads(e)
	}
	for _, e := range []element{float32s, float64s} {
		round(e)
	}
	sum()
	Generate()
}

var constants = map[uint64]operand.Mem{}

// constant returns the address of four copies of f.
func constant(f float64) operand.Mem { return repeated(math.Float64bits(f), operand.F64(f)) }

// bitPattern returns the address of four copies of the bits.
func bitPattern(bits uint64) operand.Mem { return repeated(bits, operand.U64(bits)) }

func repeated(bits uint64, datum operand.Constant) operand.Mem {
	m, ok := constants[bits]
	if !ok {
		m = GLOBL(fmt.Sprintf("c%016x", bits), attr.RODATA|attr.NOPTR)
		for i := range 4 {
			DATA(8*i, datum)
		}
		constants[bits] = m
	}
	return m
}

const absMask = 1<<63 - 1

// cursor is the address of the current element of a slice: register base, elements of size bytes.
type cursor struct {
	base reg.Register
	size int
}

func (c cursor) at(element int) operand.Mem {
	return operand.Mem{Base: c.base, Disp: element * c.size}
}

// immediate returns an operand of a size that ADDQ, SUBQ and CMPQ take.
func immediate(n int) operand.Constant {
	if n < 128 {
		return operand.U8(n)
	}
	return operand.U32(n)
}

func (c cursor) advance(elements int) { ADDQ(immediate(elements*c.size), c.base) }

func param(name string, size int) cursor {
	return cursor{Load(Param(name).Base(), GP64()), size}
}

// loop calls body for n elements: eight at a time, in two registers, then four, then one. body gets
// the lanes of a register and the element, from the current one, at which each register starts.
func loop(n reg.Register, advance func(elements int), body func(v lanes, starts []int)) {
	for _, step := range []struct {
		label  string
		v      lanes
		starts []int
	}{{"eight", 4, []int{0, 4}}, {"four", 4, []int{0}}, {"one", 1, []int{0}}} {
		elements := int(step.v) * len(step.starts)
		Label(step.label)
		CMPQ(n, immediate(elements))
		JL(operand.LabelRef(step.label + "_done"))
		Label(step.label + "_body")
		body(step.v, step.starts)
		advance(elements)
		SUBQ(immediate(elements), n)
		CMPQ(n, immediate(elements))
		JGE(operand.LabelRef(step.label + "_body"))
		Label(step.label + "_done")
	}
}

// polynomial appends c[0] + c[1]·x + … as the even powers plus x times the odd ones, each by Horner's rule, and returns the
// value: the constants are operands in memory, and few registers are needed. square is x².
func polynomial(v lanes, c []float64, x, square reg.VecVirtual) reg.VecVirtual {
	half := func(first int) reg.VecVirtual {
		last := len(c) - 1 - (len(c)-1-first)%2
		r := v.constant(c[last])
		for i := last - 2; i >= 0; i -= 2 {
			v.timesPlus(constant(c[i]), square, r)
		}
		return r
	}
	odd, even := half(1), half(0)
	v.plusTimes(x, odd, even)
	return even
}
