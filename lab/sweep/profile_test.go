package sweep

import (
	"math"
	"testing"
)

func TestProfile(t *testing.T) {
	var p, q Profile
	for _, test := range []struct{ x, ulp float64 }{
		{0, 1}, {0.2, 3}, {-15.1, 1e7}, {ProfileEdge, 9}, {-ProfileEdge, 9}, {math.Inf(1), 9}, {math.Nextafter(ProfileEdge, 0), 5},
		{20.1, 7}, {20.2, math.Inf(1)}, {20.2, 8}, {30.1, 0}, {40.1, 1e83},
	} {
		p.add(test.x, test.ulp)
	}
	q.add(0.1, 2)
	q.add(-15.1, 2e7)
	q.add(20.1, 1)
	q.add(50.1, 0)
	for i := range q {
		p[i].add(q[i])
	}
	// A part without an error is one that was measured; a finite error is never that of a wrong class.
	want := map[float64]Part{
		0.125: {true, 3}, -15.125: {true, 2e7}, ProfileEdge - 0.125: {true, 5}, 20.125: {true, float32(math.Inf(1))},
		30.125: {true, 0}, 40.125: {true, math.MaxFloat32}, 50.125: {true, 0},
	}
	for part, e := range p {
		if want[p.Logit(part)] != e {
			t.Errorf("part %d at %v: got %v, want %v", part, p.Logit(part), e, want[p.Logit(part)])
		}
	}
	text, err := p.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var again Profile
	if err := again.UnmarshalText(text); err != nil || again != p {
		t.Errorf("as text it is another one (%v)", err)
	}
	for _, bad := range []string{"", "1 2", string(text) + " 1", "x" + string(text[1:])} {
		if again.UnmarshalText([]byte(bad)) == nil {
			t.Errorf("%.20q is taken", bad)
		}
	}
}

func TestHistogram(t *testing.T) {
	var h Histogram
	for _, ulp := range []float64{0, 0.5, 0.505, 0.6, 3, 1 << 24, 1<<24 + 1} {
		h.add(ulp)
	}
	if want := (Histogram{0: 2, 1: 1, 2: 1, 4: 1, 10: 1, 11: 1}); h != want || h.sum() != 7 {
		t.Errorf("got %v, want %v", h, want)
	}
}
