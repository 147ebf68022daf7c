package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// lanes is a number of float64 numbers that one instruction works on: 4 (a YMM register) or 1. The
// arithmetic of a kernel is written once, in terms of its methods; both widths round alike, so what
// becomes of an element does not depend on where in a slice it stands.
type lanes int

func (v lanes) reg() reg.VecVirtual {
	if v == 1 {
		return XMM()
	}
	return YMM()
}

// of returns the lanes of a register.
func (v lanes) of(r reg.VecVirtual) reg.Register {
	if v == 1 {
		return r.AsX()
	}
	return r.AsY()
}

// copy returns a new register with what is in r.
func (v lanes) copy(r reg.VecVirtual) reg.VecVirtual {
	to := v.reg()
	do(func() { VMOVAPD(v.of(r), to) })
	return to
}

// queue collects instructions that are to be interleaved, nil means that they are appended at once.
var queue *[]func()

// do appends instructions, now or when they are interleaved.
func do(f func()) {
	if queue == nil {
		f()
		return
	}
	*queue = append(*queue, f)
}

// interleaved calls body for each k below count and appends the instructions in turn: one of the first, one of the
// second, and so on. A processor finds more to do at a time if what depends on each other is apart.
func interleaved(count int, body func(k int)) {
	queues := make([][]func(), count)
	longest := 0
	for k := range queues {
		queue = &queues[k]
		body(k)
		longest = max(longest, len(queues[k]))
	}
	queue = nil
	for i := range longest {
		for k := range queues {
			if i < len(queues[k]) {
				queues[k][i]()
			}
		}
	}
}

// inTurn is interleaved for what needs all registers: one after the other.
func inTurn(count int, body func(k int)) {
	for k := range count {
		body(k)
	}
}

// order is how pairs of float64 numbers, which have what roundings lose, are computed, or single numbers.
func (e element) order() func(count int, body func(k int)) {
	if e == float64s {
		return inTurn
	}
	return interleaved
}

// zero returns a register of zeros.
func zero() reg.VecVirtual {
	r := YMM()
	VXORPD(r, r, r)
	return r
}

// op appends the packed form of an instruction, or the scalar one.
func (v lanes) op(packed, scalar func(...operand.Op), ops ...operand.Op) {
	f := packed
	if v == 1 {
		f = scalar
	}
	do(func() { f(ops...) })
}

// The operands are in Go's order: the destination comes last.

// add sets dst = a + b, sub b - a, mul a·b, div b / a.
func (v lanes) add(a, b, dst operand.Op) { v.op(VADDPD, VADDSD, a, b, dst) }
func (v lanes) sub(a, b, dst operand.Op) { v.op(VSUBPD, VSUBSD, a, b, dst) }
func (v lanes) mul(a, b, dst operand.Op) { v.op(VMULPD, VMULSD, a, b, dst) }
func (v lanes) div(a, b, dst operand.Op) { v.op(VDIVPD, VDIVSD, a, b, dst) }

// max sets dst = max(a, b), and a if one of them is NaN.
func (v lanes) max(a, b, dst operand.Op) { v.op(VMAXPD, VMAXSD, a, b, dst) }

// timesPlus sets acc = acc·m + a; timesMinus acc = acc·m - a; plusTimes acc = acc + a·b; minusTimes acc = acc - a·b; negative acc = -acc - a·b.
func (v lanes) timesPlus(a, m, acc operand.Op)  { v.op(VFMADD213PD, VFMADD213SD, a, m, acc) }
func (v lanes) timesMinus(a, m, acc operand.Op) { v.op(VFMSUB213PD, VFMSUB213SD, a, m, acc) }
func (v lanes) plusTimes(a, b, acc operand.Op)  { v.op(VFMADD231PD, VFMADD231SD, a, b, acc) }
func (v lanes) negative(a, b, acc operand.Op)   { v.op(VFNMSUB231PD, VFNMSUB231SD, a, b, acc) }
func (v lanes) minusTimes(a, b, acc operand.Op) { v.op(VFNMADD231PD, VFNMADD231SD, a, b, acc) }

func (v lanes) and(a, b, dst operand.Op) { do(func() { VANDPD(a, b, dst) }) }
func (v lanes) xor(a, b, dst operand.Op) { do(func() { VXORPD(a, b, dst) }) }

// pick sets dst = b where the sign bit of sign is set, else a.
func (v lanes) pick(sign, b, a, dst operand.Op) { do(func() { VBLENDVPD(sign, b, a, dst) }) }

// less sets dst to ones where a < b, else to zeros.
func (v lanes) less(a, b, dst operand.Op) {
	const predicate = 17 // LT_OQ
	v.op(func(ops ...operand.Op) { VCMPPD(operand.Imm(predicate), ops[0], ops[1], ops[2]) },
		func(ops ...operand.Op) { VCMPSD(operand.Imm(predicate), ops[0], ops[1], ops[2]) }, b, a, dst)
}

// isNaN sets dst to ones where a is NaN, else to zeros.
func (v lanes) isNaN(a, dst operand.Op) {
	const predicate = 3 // UNORD_Q
	v.op(func(ops ...operand.Op) { VCMPPD(operand.Imm(predicate), ops[0], ops[0], ops[1]) },
		func(ops ...operand.Op) { VCMPSD(operand.Imm(predicate), ops[0], ops[0], ops[1]) }, a, dst)
}

// load returns the float64 numbers at m; constant a register with a constant of table.
func (v lanes) load(m operand.Mem) reg.VecVirtual {
	r := v.reg()
	v.loadTo(m, r)
	return r
}

func (v lanes) loadTo(m operand.Mem, r reg.VecVirtual) {
	v.op(func(ops ...operand.Op) { VMOVUPD(ops[0], ops[1]) }, func(ops ...operand.Op) { VMOVSD(ops[0], ops[1]) }, m, r)
}

func (v lanes) constant(f float64) reg.VecVirtual { return v.load(constant(f)) }

func (v lanes) store(r operand.Op, m operand.Mem) {
	v.op(func(ops ...operand.Op) { VMOVUPD(ops[0], ops[1]) }, func(ops ...operand.Op) { VMOVSD(ops[0], ops[1]) }, r, m)
}

// element is the type of the elements of the slices: its size in bytes is 4 or 8.
type element int

const (
	float32s element = 4
	float64s element = 8
)

func (e element) String() string {
	if e == float32s {
		return "float32"
	}
	return "float64"
}

// suffix is that of the names of the kernels.
func (e element) suffix() string { return e.String()[len("float"):] }

// load returns the elements at m in float64.
func (e element) load(v lanes, m operand.Mem) reg.VecVirtual {
	if e == float64s {
		return v.load(m)
	}
	r := v.reg()
	if v == 1 {
		do(func() { VMOVSS(m, r) })
		do(func() { VCVTSS2SD(r, r, r) })
	} else {
		do(func() { VCVTPS2PD(m, r) })
	}
	return r
}

// broadcast returns the one element at m in every lane, in float64.
func (e element) broadcast(v lanes, m operand.Mem) reg.VecVirtual {
	switch {
	case v == 1:
		return e.load(v, m)
	case e == float64s:
		r := YMM()
		VBROADCASTSD(m, r)
		return r
	}
	x := XMM()
	VBROADCASTSS(m, x)
	r := YMM()
	VCVTPS2PD(x, r)
	return r
}

// store rounds r to the element type and writes it to m.
func (e element) store(v lanes, r reg.VecVirtual, m operand.Mem) {
	switch {
	case e == float64s:
		v.store(r, m)
	case v == 1:
		x := XMM()
		VCVTSD2SS(r, r, x)
		VMOVSS(x, m)
	default:
		x := XMM()
		VCVTPD2PSY(r, x)
		VMOVUPS(x, m)
	}
}
