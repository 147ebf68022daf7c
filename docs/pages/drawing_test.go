package pages

import "testing"

func TestSameDrawing(t *testing.T) {
	const drawn = `<path class="red" d="M10,20.5L11,-3"/><text>logit</text>`
	for _, test := range []struct {
		other string
		same  bool
	}{
		{`<path class="red" d="M10,20.5L12,-3.1"/><text>logit</text>`, true},
		{`<path class="blue" d="M10,20.5L11,-3"/><text>logit</text>`, false},
		{`<path class="red" d="M10,20.5L11,-3"/><text>loss</text>`, false},
		{`<text>logit</text>`, false},
	} {
		if same := sameDrawing([]byte(drawn), []byte(test.other)); same != test.same {
			t.Errorf("%s: same is %v", test.other, same)
		}
	}
}
