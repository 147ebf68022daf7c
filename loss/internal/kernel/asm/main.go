// The command asm writes the AVX2 kernels of package kernel and their stubs. Run it with go generate,
// or with
//
//	go run . -out ../kernels_amd64.s -stubs ../kernels_amd64.go -pkg kernel
//
// The polynomials are read from ../coefficients.go, which the Go kernels use too.
package main

import (
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
	ConstraintExpr("amd64,!purego")
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
		weightedLosses(e)
	}
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
func constant(f float64) operand.Mem {
	bits := math.Float64bits(f)
	m, ok := constants[bits]
	if !ok {
		m = GLOBL(fmt.Sprintf("c%016x", bits), attr.RODATA|attr.NOPTR)
		var datum operand.Constant = operand.F64(f)
		if f != f || f == 0 { // a bit pattern, no number
			datum = operand.U64(bits)
		}
		for i := range 4 {
			DATA(8*i, datum)
		}
		constants[bits] = m
	}
	return m
}

// signBit and absMask are bit patterns.
var (
	signBit = math.Copysign(0, -1)
	absMask = math.Float64frombits(1<<63 - 1)
)

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

// each calls f for the index of each register, so that what does not depend on each other is interleaved.
func each(starts []int, f func(k int)) {
	for k := range starts {
		f(k)
	}
}

// polynomial returns c[0] + c[1]·x + …, by Estrin's scheme: pairs, pairs of pairs, and so on.
func polynomial(v lanes, c []float64, x reg.VecVirtual) reg.VecVirtual {
	terms := make([]reg.VecVirtual, 0, (len(c)+1)/2)
	for i := 0; i < len(c); i += 2 {
		r := v.constant(c[min(i+1, len(c)-1)])
		if i+1 < len(c) {
			v.timesPlus(constant(c[i]), x, r)
		}
		terms = append(terms, r)
	}
	power := x
	for len(terms) > 1 {
		square := v.reg()
		v.mul(power, power, square)
		power = square
		next := terms[:0:0]
		for i := 0; i < len(terms); i += 2 {
			if i+1 < len(terms) {
				// terms[i] + power·terms[i+1]
				v.plusTimes(power, terms[i+1], terms[i])
			}
			next = append(next, terms[i])
		}
		terms = next
	}
	return terms[0]
}
