package generated_test

import (
	"testing"

	"lossproof/internal/generated"
	"lossproof/judge/verdict"
)

// BenchmarkChecks has what all checks of an effort cost, in process.
func BenchmarkChecks(b *testing.B) {
	for b.Loop() {
		elements := 0
		k := checker(b, right, generated.Options{Seed: 1, Effort: generated.Normal, Level: verdict.Parity})
		for _, c := range generated.All() {
			end, _ := k.Begin(b.Context(), c)
			elements += end().Elements
		}
		b.ReportMetric(float64(elements), "elements")
	}
}
