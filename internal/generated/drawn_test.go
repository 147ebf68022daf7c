package generated

import (
	"context"
	"testing"

	"lossproof/internal/claim"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/ports/builtin"
)

// TestDrawn: what the words of drawn leave out is in no call, where each stands alone.
func TestDrawn(t *testing.T) {
	d, err := builtin.Port{}.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	largest := 1 << 14
	if testing.Short() {
		largest = 64
	}
	for _, word := range drawn {
		for _, c := range All() {
			cl := d.Modules[c.Rule.Module]
			cl.Without = []string{word}
			k := NewChecker(map[string]ports.Claim{c.Rule.Module: cl}, Options{Seed: 1, Effort: Normal, Level: verdict.Parity, Ask: func(context.Context, ports.Call) func() (ports.Answer, error) { return nil }})
			p, dtypes, outside := k.plan(c)
			if outside != "" {
				continue
			}
			for _, s := range p.steps(dtypes) {
				if s.size > largest {
					continue
				}
				call := p.call(s)
				if why := claim.OutsideCall(cl, call); why != "" {
					t.Errorf("%s: %v of size %d: %s", c.ID, call.Options, s.size, why)
					break
				}
			}
		}
	}
}
