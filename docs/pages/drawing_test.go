package pages

import "testing"

func TestSameDrawing(t *testing.T) {
	const line = `<path d="M10,20.5L11,-3" style="stroke:#0072B2"/><text>1e-15</text>`
	for _, test := range []struct {
		other string
		same  bool
	}{
		{line, true},
		{`<path d="M10,20.51L11,-3.4" style="stroke:#0072B2"/><text>1e-15</text>`, true},
		{`<path d="M10,22L11,-3" style="stroke:#0072B2"/><text>1e-15</text>`, false},
		{`<path d="M10,20.5L11,-3L12,-3" style="stroke:#0072B2"/><text>1e-15</text>`, false},
		{`<path d="M10,20.5L11,-3" style="stroke:#D55E00"/><text>1e-15</text>`, false},
		{`<path d="M10,20.5L11,-3" style="stroke:#0072B2"/><text>logit</text>`, false},
	} {
		if same := sameDrawing([]byte(line), []byte(test.other)); same != test.same {
			t.Errorf("%s: same is %v", test.other, same)
		}
	}
}
