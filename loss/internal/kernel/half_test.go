package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestHalf compares the conversions with those of one number at a time, of every length; what is
// close to the middle of two numbers is marked, what is far from it is not.
func TestHalf(t *testing.T) {
	rng := rand.New(rand.NewPCG(16, 17))
	for _, f := range []Half{Binary16, BFloat16} {
		all := make([]uint16, 1<<16)
		for i := range all {
			all[i] = uint16(i)
		}
		wide := make([]float32, len(all))
		f.Widen(wide, all)
		narrow, near := make([]uint16, len(all)), make([]uint8, len(all)/8)
		f.Narrow(narrow, wide, near)
		for i, v := range wide {
			want := f.Value(all[i])
			if float64(v) != want && !(v != v && want != want) {
				t.Fatalf("%v: bits %#x: got %v, want %v", f, i, v, want)
			}
			if narrow[i] != all[i] && v == v || v != v && narrow[i]&0x7fff != uint16(1<<15-1<<f.fraction|1<<(f.fraction-1)) || near[i/8]>>(i%8)&1 != 0 {
				t.Fatalf("%v: %v: got bits %#x, want %#x", f, v, narrow[i], i)
			}
		}
		for round := range 4000 {
			n := round % 67
			src := make([]float32, n)
			for i := range src {
				bits := uint16(rng.IntN(1 << 16))
				v := f.Value(bits)
				ulp := math.Abs(f.Value(bits^1) - v)
				switch rng.IntN(4) {
				case 0: // about the middle between two numbers
					src[i] = float32(v + ulp/2)
					src[i] = math.Float32frombits(math.Float32bits(src[i]) + uint32(rng.IntN(33)-16))
				case 1:
					src[i] = math.Float32frombits(rng.Uint32())
				default:
					src[i] = float32(v + ulp*(rng.Float64()-0.5))
				}
			}
			const guard = 0xa5
			dst, near, again := make([]uint16, n+1), make([]uint8, (n+7)/8+1), make([]float32, n+1)
			dst[n], near[len(near)-1], again[n] = guard, guard, guard
			f.Narrow(dst[:n], src, near[:len(near)-1])
			if f.Widen(again[:n], dst); dst[n] != guard || near[len(near)-1] != guard || again[n] != guard {
				t.Fatalf("%v: %d elements: wrote beyond the end", f, n)
			}
			for i, v := range src {
				bits, _ := f.Round(float64(v))
				marked := near[i/8]>>(i%8)&1 != 0
				if !marked && bits != dst[i] || marked != crosses(f, v, 1) && marked != crosses(f, v, 8) {
					t.Fatalf("%v: %v (bits %#x): got %#x, marked %t; want %#x", f, v, math.Float32bits(v), dst[i], marked, bits)
				}
			}
			hard := make([]uint16, n)
			one, _ := f.Round(1)
			for i := range hard {
				hard[i] = one * uint16(rng.IntN(2))
			}
			if !f.Hard(hard) {
				t.Fatalf("%v: %v are not hard", f, hard)
			}
			if n > 0 {
				hard[rng.IntN(n)] = uint16(1 + rng.IntN(int(one)-1))
				if f.Hard(hard) {
					t.Fatalf("%v: %v are hard", f, hard)
				}
			}
		}
	}
}

// crosses reports whether a middle between two numbers is within so many spacings of v.
func crosses(f Half, v float32, spacings uint32) bool {
	b := math.Float32bits(v)
	if v != v || b&^(1<<31) < spacings {
		return false
	}
	less, _ := f.Round(float64(math.Float32frombits(b - spacings)))
	more, _ := f.Round(float64(math.Float32frombits(b + spacings)))
	return less != more
}
