package diagnosis

import (
	"context"
	"testing"

	"lossproof/fixtures"
	"lossproof/internal/divergence"
	"lossproof/internal/testports"
	"lossproof/internal/testports/divergent"
	"lossproof/judge"
	"lossproof/ports"
)

// everythingFails is a port that fails everything, in a way that no divergence explains: each of them is held
// against it.
var everythingFails = testports.Port{EvaluateFunc: func(_ context.Context, call ports.Call) (ports.Answer, error) {
	return divergent.Nothing(call), nil
}}

// failing judges a port, and returns what a diagnosis starts with.
func failing(t testing.TB, port ports.Port) (*Collector, *judge.Result) {
	t.Helper()
	set, err := fixtures.LoadEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	collector := New(set)
	result, err := judge.Run(t.Context(), port, judge.Options{Fixtures: set,
		Selection: judge.Selection{Skip: []string{"*/relations/*", "*/generated/*", "*/every_input/*"}}, Observe: collector.Observe,
	})
	if err != nil {
		t.Fatal(err)
	}
	return collector, result
}

// TestTheCost bounds what a diagnosis costs a port that fails everything, in elements on which divergences are
// evaluated. BenchmarkDiagnose has the time, which is to stay below three seconds.
func TestTheCost(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes: make test-long runs it")
	}
	echo, _ := divergence.ByName("echo")
	for name, test := range map[string]struct {
		port ports.Port
		most int64
	}{
		"nothing explains it": {everythingFails, 1_100_000},
		"one mistake does":    {echo.Port(), 2_900_000},
	} {
		collector, result := failing(t, test.port)
		if err := collector.Diagnose(t.Context(), test.port, result); err != nil {
			t.Fatal(err)
		}
		if len(result.Diagnoses) != 4 {
			t.Fatalf("%s: %d modules fail, want 4", name, len(result.Diagnoses))
		}
		if got := collector.evaluated.Load(); got > test.most || got < test.most/2 {
			t.Errorf("%s: divergences were evaluated on %d elements, want at most %d, and not below half of that, or the bound says little", name, got, test.most)
		}
	}
}

// BenchmarkDiagnose is the diagnosis of a port that fails everything.
func BenchmarkDiagnose(b *testing.B) {
	collector, result := failing(b, everythingFails)
	for b.Loop() {
		one := *result
		one.Diagnoses = nil
		if err := collector.Diagnose(b.Context(), everythingFails, &one); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(collector.evaluated.Load())/float64(b.N), "elements/op")
}
