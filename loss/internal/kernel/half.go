package kernel

import "math"

// Half is a format of 16 bits.
type Half struct {
	// fraction is the number of bits behind the leading one, and 1-bias the smallest exponent of a normal number.
	fraction, bias int
}

// The formats: IEEE 754 binary16, and the upper half of a float32.
var (
	Binary16 = Half{10, 15}
	BFloat16 = Half{7, 127}
)

// The bits of float64.
const (
	sign64     = 1 << 63
	infinity64 = 0x7ff << 52
)

// Value returns the number, which float64 has exactly, and float32 too.
func (f Half) Value(bits uint16) float64 {
	sign, magnitude := uint64(bits>>15)<<63, uint64(bits&^0x8000)
	drop := 52 - f.fraction
	switch {
	case magnitude>>f.fraction == 1<<(15-f.fraction)-1: // an infinity or NaN
		return math.Float64frombits(sign | infinity64 | magnitude&(1<<f.fraction-1)<<drop)
	case magnitude < 1<<f.fraction: // subnormal
		return math.Float64frombits(sign | math.Float64bits(float64(magnitude)*math.Float64frombits(uint64(1024-f.bias-f.fraction)<<52)))
	}
	return math.Float64frombits(sign | (magnitude<<drop + uint64(1023-f.bias)<<52))
}

// What is closer to the middle of two numbers than this, relatively, is computed once more. The error of a float64 result
// is thousands of times smaller, but where terms cancel.
const (
	closeBits = 1 << 14
	closeness = closeBits * 0x1p-52
)

// Round returns the number nearest to v, ties to even, and whether v is so close to the middle of two that its own error counts.
func (f Half) Round(v float64) (bits uint16, near bool) {
	b := math.Float64bits(v)
	sign, magnitude := uint16(b>>48)&0x8000, b&^sign64
	infinity := uint16(1<<15 - 1<<f.fraction)
	switch {
	case magnitude > infinity64:
		return sign | infinity | 1<<(f.fraction-1), false
	case magnitude == infinity64:
		return sign | infinity, false
	case magnitude < uint64(1024-f.bias)<<52: // subnormal, or rounded to the smallest normal number
		units := math.Abs(v) * math.Float64frombits(uint64(1022+f.bias+f.fraction)<<52)
		whole := math.RoundToEven(units)
		return sign | uint16(whole), math.Abs(math.Abs(units-whole)-0.5) <= units*closeness
	}
	drop := 52 - f.fraction
	middle, rest := uint64(1)<<(drop-1), magnitude&(1<<drop-1)
	rounded := (magnitude + middle - 1 + magnitude>>drop&1) >> drop
	near = rest-middle+closeBits <= 2*closeBits
	return sign | uint16(min(rounded-uint64(1023-f.bias)<<f.fraction, uint64(infinity))), near
}

// RoundPair returns the number nearest to p.
func (f Half) RoundPair(p Pair) uint16 {
	bits, _ := f.Round(p.odd())
	return bits
}

// Widen writes the numbers of src to dst.
func (f Half) Widen(dst []float32, src []uint16) {
	src = src[:len(dst)]
	done := 0
	if useF16C {
		done = len(dst) &^ 7
		if f == Binary16 {
			widenFloat16AVX2(dst, src)
		} else {
			widenBFloat16AVX2(dst, src)
		}
	}
	for i := done; i < len(dst); i++ {
		dst[i] = float32(f.Value(src[i]))
	}
}

// Hard reports whether all numbers are 0 or 1.
func (f Half) Hard(bits []uint16) bool {
	one := uint16(f.bias) << f.fraction
	if useF16C {
		if !hard16AVX2(bits, one) {
			return false
		}
		bits = bits[len(bits)&^7:]
	}
	for _, b := range bits {
		if b != 0 && b != one {
			return false
		}
	}
	return true
}

// Narrow rounds src to dst. Bit i%8 of near[i/8] is set where src[i] is within two spacings of float32 of the middle between two numbers, or
// not much further.
func (f Half) Narrow(dst []uint16, src []float32, near []uint8) {
	src, near = src[:len(dst)], near[:(len(dst)+7)/8]
	done := 0
	if useF16C {
		done = len(dst) &^ 7
		if f == Binary16 {
			narrowFloat16AVX2(dst, src, near)
		} else {
			narrowBFloat16AVX2(dst, src, near)
		}
	}
	for ; done < len(dst); done += 8 {
		mask := uint8(0)
		for i := done; i < min(done+8, len(dst)); i++ {
			if dst[i], _ = f.Round(float64(src[i])); f.nearMiddle(src[i]) {
				mask |= 1 << (i - done)
			}
		}
		near[done/8] = mask
	}
}

// nearMiddle reports what Narrow says of a number.
func (f Half) nearMiddle(v float32) bool {
	if f == BFloat16 {
		const close = 2
		return uint16(math.Float32bits(v)+1<<15+close) <= 2*close
	}
	less, _ := f.Round(float64(v * (1 - 0x1p-22)))
	more, _ := f.Round(float64(v * (1 + 0x1p-22)))
	return less != more
}
