package tensor_test

import (
	"encoding/binary"
	"math"
	"testing"

	"lossproof/tensor"
)

func TestFormat(t *testing.T) {
	for _, test := range []struct {
		dtype                                   tensor.DType
		eps, smallestNormal, smallestSubnormal  float64
		largest, belowLargest, overflows, atBig float64
	}{
		{tensor.Float16, 0x1p-10, 0x1p-14, 0x1p-24, 65504, 65472, 65520, 32},
		{tensor.BFloat16, 0x1p-7, 0x1p-126, 0x1p-133, 0xffp120, 0xfep120, 0x1ffp119, 0x1p120},
		{tensor.Float32, 0x1p-23, 0x1p-126, 0x1p-149, math.MaxFloat32, 0xfffffep104, 0x1ffffffp103, 0x1p104},
		{tensor.Float64, 0x1p-52, 0x1p-1022, 0x1p-1074, math.MaxFloat64, math.Nextafter(math.MaxFloat64, 0), math.Inf(1), 0x1p971},
	} {
		f := test.dtype.Format()
		for _, v := range []struct {
			name      string
			got, want float64
		}{
			{"eps", f.Eps(), test.eps},
			{"smallest normal", f.SmallestNormal(), test.smallestNormal},
			{"smallest subnormal", f.SmallestSubnormal(), test.smallestSubnormal},
			{"largest", f.Largest(), test.largest},
			{"ulp of 0", f.ULP(0), test.smallestSubnormal},
			{"ulp of 1", f.ULP(1), test.eps},
			{"ulp of -2", f.ULP(-2), 2 * test.eps},
			{"ulp below 1", f.ULP(math.Nextafter(1, 0)), test.eps / 2},
			{"ulp of the largest", f.ULP(test.largest), test.atBig},
			{"ulp of infinity", f.ULP(math.Inf(-1)), test.atBig},
			{"the largest rounded", f.Round(-test.largest), -test.largest},
			{"the one before rounded", f.Round(test.belowLargest), test.belowLargest},
			{"half an ulp above the largest rounded", f.Round(test.overflows), math.Inf(1)},
			{"0 rounded", f.Round(0), 0},
			{"half the smallest rounded", f.Round(test.smallestSubnormal / 2), 0},
			{"the smallest rounded", f.Round(test.smallestSubnormal), test.smallestSubnormal},
		} {
			if v.got != v.want {
				t.Errorf("%s: %s: got %v, want %v", test.dtype, v.name, v.got, v.want)
			}
		}
		if test.dtype != tensor.Float64 {
			if got, want := f.Round(1+1.5*test.eps), 1+2*test.eps; got != want {
				t.Errorf("%s: a tie: got %v, want the even %v", test.dtype, got, want)
			}
			if got := f.Round(math.Nextafter(test.overflows, 0)); got != test.largest {
				t.Errorf("%s: just below half an ulp above the largest: got %v, want %v", test.dtype, got, test.largest)
			}
		}
		if got := f.ULP(math.NaN()); !math.IsNaN(got) {
			t.Errorf("%s: ulp of NaN: got %v", test.dtype, got)
		}
	}
	if f := tensor.Int64.Format(); f != (tensor.Format{}) {
		t.Errorf("int64 has the format %+v, want none", f)
	}
}

// TestFromValues rounds every number of 16 bits, and what lies between, to itself.
func TestFromValues(t *testing.T) {
	for _, dtype := range []tensor.DType{tensor.Float16, tensor.BFloat16} {
		for bits := range uint16(math.MaxUint16) {
			one, err := tensor.New(dtype, nil, binary.LittleEndian.AppendUint16(nil, bits))
			if err != nil {
				t.Fatal(err)
			}
			v := one.Float64(0)
			if math.IsNaN(v) {
				continue
			}
			ulp := dtype.Format().ULP(v)
			for _, near := range []float64{v, v + ulp/5*math.Copysign(1, v)} {
				if got := binary.LittleEndian.Uint16(tensor.FromValues(dtype, []float64{near}).Data); got != bits {
					t.Fatalf("%s of %v: got bits %#x, want %#x", dtype, near, got, bits)
				}
			}
		}
		if got := tensor.FromValues(dtype, []float64{math.NaN()}).Float64(0); !math.IsNaN(got) {
			t.Errorf("%s of NaN: got %v", dtype, got)
		}
	}
	for _, dtype := range []tensor.DType{tensor.Float32, tensor.Float64} {
		values := []float64{1, 0.1, math.Inf(-1)}
		for i, v := range values {
			if got, want := tensor.FromValues(dtype, values, 3).Float64(i), dtype.Format().Round(v); got != want {
				t.Errorf("%s of %v: got %v, want %v", dtype, v, got, want)
			}
		}
	}
}
