package generated

import (
	"math"
	"testing"

	"lossproof/internal/definition"
	"lossproof/ports"
)

// TestExpect: what is computed of the elements or rows that differ is what the whole call has.
func TestExpect(t *testing.T) {
	compacted, long := 0, 0
	for _, c := range All() {
		p := plan{check: c, seed: 7, budget: Quick.budget(), reductions: []string{none, mean, sum}, want: []string{ports.Loss, ports.GradInput}, may: func(string) bool { return true }}
		for _, s := range p.steps(c.DTypes) {
			call := p.call(s)
			e, err := expect(call)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case s.size > 600:
				continue
			case e.classes:
				long++
			case e.unit != nil:
				compacted++
			default:
				continue
			}
			exact, err := definition.Of(call.Module).Exact(call)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range call.Want {
				allowance, err := definition.Of(call.Module).Allow(call, name)
				if err != nil {
					t.Fatal(err)
				}
				small, err := e.loss.Allow(e.small, name)
				if err != nil {
					t.Fatal(err)
				}
				place := e.place(name)
				if got := definition.Size(e.shape(name)); got != exact[name].Len() {
					t.Fatalf("%s: %d elements of %s, want %d", describe(call), got, name, exact[name].Len())
				}
				for i := range exact[name].Len() {
					j := place(i)
					g, gLow := e.exact[name].Pair(j)
					w, wLow := exact[name].Pair(i)
					if allowance.Known(i) != small.Known(j) {
						t.Fatalf("%s: %s[%d]: known %t", describe(call), name, i, small.Known(j))
					}
					tolerance := allowance.Tolerance(i, w)
					if got := small.Tolerance(j, g); allowance.Known(i) && (g != w && !(math.IsNaN(g) && math.IsNaN(w)) && math.Abs((g-w)+(gLow-wLow)) > 0x1p-20*tolerance || math.Abs(got-tolerance) > 1e-9*tolerance) {
						t.Fatalf("%s: %s[%d]: got %v, %v allowed, want %v, %v", describe(call), name, i, g, got, w, tolerance)
					}
				}
			}
		}
	}
	if compacted < 100 || long < 50 {
		t.Errorf("%d calls were compacted, %d are of long rows", compacted, long)
	}
}
