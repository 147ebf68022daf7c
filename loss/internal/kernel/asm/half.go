package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The loads and stores of 16-bit numbers: float32 numbers are made from them, and rounded to them.

// eights calls body for each eight elements of n; what is left is not looked at.
func eights(n reg.Register, body func()) {
	Label("eight")
	SUBQ(operand.U8(8), n)
	JL(operand.LabelRef("done"))
	body()
	JMP(operand.LabelRef("eight"))
	Label("done")
}

// twice returns the address of eight copies of 32 bits.
func twice(bits uint32) operand.Mem { return bitPattern(uint64(bits)<<32 | uint64(bits)) }

func widen16() {
	for _, name := range []string{"Float16", "BFloat16"} {
		function("widen"+name+"AVX2", "dst []float32, src []uint16", "",
			"widen"+name+"AVX2 writes the numbers of src to dst, as many as dst has eights.")
		dst, src := param("dst", 4), param("src", 2)
		n := Load(Param("dst").Len(), GP64())
		eights(n, func() {
			x := YMM()
			if name == "Float16" {
				VCVTPH2PS(src.at(0), x)
			} else {
				VPMOVZXWD(src.at(0), x)
				VPSLLD(operand.Imm(16), x, x)
			}
			VMOVUPS(x, dst.at(0))
			src.advance(8)
			dst.advance(8)
		})
		end()
	}
}

func hard16() {
	function("hard16AVX2", "bits []uint16, one uint16", "(hard bool)",
		"hard16AVX2 reports whether each of bits is 0 or one, of as many as there are eights.")
	bits := param("bits", 2)
	n := Load(Param("bits").Len(), GP64())
	one := GP32()
	Load(Param("one"), one)
	ones, zeros, all := XMM(), XMM(), XMM()
	VMOVD(one, ones)
	VPBROADCASTW(ones, ones)
	VPXOR(zeros, zeros, zeros)
	VPCMPEQW(all, all, all)
	eights(n, func() {
		x, is := XMM(), XMM()
		VMOVDQU(bits.at(0), x)
		VPCMPEQW(zeros, x, is)
		VPCMPEQW(ones, x, x)
		VPOR(is, x, x)
		VPAND(x, all, all)
		bits.advance(8)
	})
	mask := GP32()
	VPMOVMSKB(all, mask)
	CMPL(mask, operand.U32(0xffff))
	hard := GP8()
	SETEQ(hard)
	Store(hard, Return("hard"))
	end()
}

func narrow16() {
	for _, name := range []string{"Float16", "BFloat16"} {
		function("narrow"+name+"AVX2", "dst []uint16, src []float32, near []uint8", "",
			"narrow"+name+"AVX2 rounds the numbers of src to dst, as many as dst has eights. A bit of near is set where one is close",
			"to the middle between two: see [Half.Narrow].")
		dst, src, near := param("dst", 2), param("src", 4), param("near", 1)
		n := Load(Param("dst").Len(), GP64())
		eights(n, func() {
			x, nan, quiet := YMM(), YMM(), YMM()
			VMOVUPS(src.at(0), x)
			VCMPPS(operand.Imm(3), x, x, nan) // UNORD_Q
			VPAND(twice(1<<31), x, quiet)
			VPOR(twice(quietNaN), quiet, quiet)
			VBLENDVPS(nan, quiet, x, x)
			rounded, mask := XMM(), GP32()
			if name == "Float16" {
				// What is less and what is more are rounded to one number, or the middle lies between them.
				less, more, same := YMM(), YMM(), XMM()
				VMULPS(twice(lessThanOne), x, less)
				VMULPS(twice(moreThanOne), x, more)
				VCVTPS2PH(operand.Imm(0), less, rounded)
				VCVTPS2PH(operand.Imm(0), more, same)
				VPCMPEQW(same, rounded, same)
				VPACKSSWB(same, same, same)
				VPMOVMSKB(same, mask)
				NOTL(mask)
			} else {
				odd, above, middle := YMM(), XMM(), YMM()
				VPADDD(twice(1<<15+closeUnits), x, middle)
				VPAND(twice(1<<16-1), middle, middle)
				limit := YMM()
				VMOVDQU(twice(2*closeUnits+1), limit)
				VPCMPGTD(middle, limit, middle)
				VMOVMSKPS(middle, mask)
				VPSRLD(operand.Imm(16), x, odd)
				VPAND(twice(1), odd, odd)
				VPADDD(odd, x, x)
				VPADDD(twice(1<<15-1), x, x)
				VPSRLD(operand.Imm(16), x, x)
				VEXTRACTI128(operand.Imm(1), x, above)
				VPACKUSDW(above, x.AsX(), rounded)
			}
			MOVB(mask.As8(), near.at(0))
			VMOVDQU(rounded, dst.at(0))
			src.advance(8)
			dst.advance(8)
			near.advance(1)
		})
		end()
	}
}

// What narrow16 takes for close to the middle: what is within closeUnits spacings of float32, or 2⁻²² of the number. Half.nearMiddle has it in Go.
const (
	closeUnits  = 2
	quietNaN    = 0x7fc00000
	lessThanOne = 0x3f7ffffc // 1 - 2⁻²²
	moreThanOne = 0x3f800002 // 1 + 2⁻²²
)
