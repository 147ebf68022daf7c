package tensor

import (
	"encoding/binary"
	"math"
)

// Format describes a floating-point dtype: a binary format of IEEE 754, or bfloat16.
type Format struct {
	// Precision is the number of significant bits, the leading one included.
	Precision int
	// Normal numbers are 1.f·2^k with MinExponent <= k <= MaxExponent.
	MinExponent, MaxExponent int
}

// Format returns the format of a floating-point dtype, the zero Format of another.
func (d DType) Format() Format {
	switch d {
	case Float16:
		return Format{11, -14, 15}
	case BFloat16:
		return Format{8, -126, 127}
	case Float32:
		return Format{24, -126, 127}
	case Float64:
		return Format{53, -1022, 1023}
	}
	return Format{}
}

// Eps returns the distance from 1 to the next larger number.
func (f Format) Eps() float64 { return math.Ldexp(1, 1-f.Precision) }

// SmallestNormal returns the smallest positive normal number.
func (f Format) SmallestNormal() float64 { return math.Ldexp(1, f.MinExponent) }

// SmallestSubnormal returns the smallest positive number.
func (f Format) SmallestSubnormal() float64 { return math.Ldexp(1, f.MinExponent-f.Precision+1) }

// Largest returns the largest finite number.
func (f Format) Largest() float64 { return math.Ldexp(2-f.Eps(), f.MaxExponent) }

// ULP returns the spacing of the format's numbers at v: 2^(k-Precision+1) in the binade
// [2^k, 2^(k+1)), never below the smallest subnormal number and never above the spacing at the
// largest finite one, which is that of an infinity too. That of a NaN is NaN.
func (f Format) ULP(v float64) float64 {
	switch {
	case math.IsNaN(v):
		return v
	case math.IsInf(v, 0):
		return math.Ldexp(1, f.MaxExponent-f.Precision+1)
	}
	k := max(f.MinExponent, min(exponent(v), f.MaxExponent))
	return math.Ldexp(1, k-f.Precision+1)
}

// exponent returns k of the binade [2^k, 2^(k+1)) of a finite number, or less than any format has.
func exponent(v float64) int {
	if v == 0 {
		return math.MinInt32
	}
	_, k := math.Frexp(v)
	return k - 1
}

// Round returns the format's number nearest to v, ties to even; beyond the largest finite one
// that is an infinity.
func (f Format) Round(v float64) float64 {
	switch f.Precision {
	case 53:
		return v
	case 24:
		return float64(float32(v))
	}
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return v
	}
	if exponent(v) < f.MinExponent {
		ulp := f.SmallestSubnormal()
		return math.RoundToEven(v/ulp) * ulp
	}
	dropped := 53 - f.Precision // of the bits of a float64, which carry into its exponent
	bits := math.Float64bits(v)
	bits += 1<<(dropped-1) - 1 + bits>>dropped&1
	r := math.Float64frombits(bits >> dropped << dropped)
	if exponent(r) > f.MaxExponent {
		return math.Inf(int(math.Copysign(1, v)))
	}
	return r
}

// FromValues returns a tensor with values: rounded to a floating-point dtype; of an integer dtype
// those that it holds, and 0 for others. It panics if their number does not fit the shape.
func FromValues(dtype DType, values []float64, shape ...int) Tensor {
	data := make([]byte, 0, dtype.Size()*len(values))
	f := dtype.Format()
	for _, v := range values {
		switch dtype {
		case Float64:
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
		case Float32:
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(v)))
		case BFloat16:
			data = binary.LittleEndian.AppendUint16(data, uint16(math.Float32bits(float32(f.Round(v)))>>16))
		case Float16:
			data = binary.LittleEndian.AppendUint16(data, bitsOfFloat16(f.Round(v)))
		case Int64:
			data = binary.LittleEndian.AppendUint64(data, uint64(integer(v, math.MinInt64, math.MaxInt64)))
		case Int32:
			data = binary.LittleEndian.AppendUint32(data, uint32(integer(v, math.MinInt32, math.MaxInt32)))
		case UInt8:
			data = append(data, byte(integer(v, 0, math.MaxUint8)))
		case Bool:
			data = append(data, byte(integer(v, 0, 1)))
		}
	}
	return must(New(dtype, shape, data))
}

// integer returns v where it lies between low and high, and 0 elsewhere: the conversion of
// other values is not defined by Go.
func integer(v, low, high float64) int64 {
	if v >= low && v <= high && v < math.MaxInt64 {
		return int64(v)
	}
	return 0
}

// bitsOfFloat16 encodes a number that IEEE 754 binary16 has.
func bitsOfFloat16(v float64) uint16 {
	var sign uint16
	if math.Signbit(v) {
		sign, v = 0x8000, -v
	}
	switch {
	case math.IsNaN(v):
		return 0x7e00
	case math.IsInf(v, 1):
		return sign | 0x7c00
	case v < 0x1p-14:
		return sign | uint16(v*0x1p24)
	}
	k := exponent(v)
	return sign | uint16(k+15)<<10 | uint16(math.Ldexp(v, 10-k))&0x3ff
}
