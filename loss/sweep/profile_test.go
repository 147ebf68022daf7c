package sweep

import (
	"math"
	"testing"
)

func TestProfile(t *testing.T) {
	var p, q Profile
	for _, test := range []struct{ x, ulp float64 }{
		{0, 1}, {0.2, 3}, {-15.1, 1e7}, {ProfileEdge, 9}, {-ProfileEdge, 9}, {math.Inf(1), 9}, {math.Nextafter(ProfileEdge, 0), 5},
	} {
		p.add(test.x, test.ulp)
	}
	q.add(0.1, 2)
	q.add(-15.1, 2e7)
	p.merge(&q)
	want := map[float64]float32{0.125: 3, -15.125: 2e7, ProfileEdge - 0.125: 5}
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
	var h, g Histogram
	for _, ulp := range []float64{0, 0.5, 0.505, 0.6, 3, 1 << 24, 1<<24 + 1} {
		h.add(ulp)
	}
	g.add(3)
	h.merge(&g)
	if want := (Histogram{0: 2, 1: 1, 2: 1, 4: 2, 10: 1, 11: 1}); h != want {
		t.Errorf("got %v, want %v", h, want)
	}
}
