package verdict_test

import (
	"testing"

	"lossproof/judge/verdict"
	"lossproof/tensor"
)

// BenchmarkCompare compares the largest output of the fixtures, every element a little off.
func BenchmarkCompare(b *testing.B) {
	const n = 1024 * 256
	values, exact := make([]float32, n), make([]float64, n)
	for i := range values {
		values[i] = 1 + float32(i)/n
		exact[i] = float64(values[i]) + 1e-9
	}
	got := tensor.FromFloat32(values, 1024, 256)
	want := both(got, 1e-6, exact, 1e-6)
	b.SetBytes(4 * n)
	for b.Loop() {
		if r := verdict.Compare(got, want); !r.Pass(verdict.Exact) {
			b.Fatal(r.Message(verdict.Exact))
		}
	}
}
