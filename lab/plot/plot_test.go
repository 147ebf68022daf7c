package plot_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"

	"lossproof/lab/plot"
	"lossproof/lab/sweep"
)

// result has no errors, but for those of the loss at target 0 where the logit is negative.
func result(ulp float32) *sweep.Result {
	r := &sweep.Result{Module: sweep.BCEWithLogitsLoss, Tallies: make([]sweep.NamedTally, 4)}
	for i, o := range []sweep.Output{{}, {One: true}, {Gradient: true}, {Gradient: true, One: true}} {
		r.Tallies[i].Output = o.String()
	}
	for i := range r.Tallies {
		for part := range r.Tallies[i].Profile {
			r.Tallies[i].Profile[part].Measured = true
		}
	}
	for part := range r.Tallies[0].Profile {
		if r.Tallies[0].Profile.Logit(part) < -15 {
			r.Tallies[0].Profile[part].ULP = ulp
			if math.IsInf(float64(ulp), 1) {
				r.Tallies[0].WrongClass++
			}
		}
	}
	return r
}

func drawn(t *testing.T, name string, results ...*sweep.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := plot.Write(&b, name, "a title", results); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSVG(t *testing.T) {
	text := drawn(t, "errors.svg", result(1e7))
	if len(text) > 200_000 {
		t.Errorf("%d bytes, want at most 200 000", len(text))
	}
	for _, want := range []string{"a title, BCEWithLogitsLoss, float32: largest error of the loss", "a title, BCEWithLogitsLoss, float32: largest error of the gradient", "target 0", "target 1", "logit"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is missing", want)
		}
	}
	for decoder := xml.NewDecoder(bytes.NewReader(text)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// TestModulesBelowEachOther: the second result has a picture of the same size below the first, with its own title and axis.
func TestModulesBelowEachOther(t *testing.T) {
	of := result(1e7)
	of.Module, of.Sample = sweep.BCELoss, "some"
	text := string(drawn(t, "errors.svg", result(0), of))
	for _, want := range []string{"a title, BCEWithLogitsLoss, float32: largest", "a title, BCELoss, float32 (a sample): largest", "log(x/(1-x))"} {
		if n := strings.Count(text, want); n != 2 {
			t.Errorf("%q is there %d times, want twice", want, n)
		}
	}
	one, two := picture(t, result(0)), picture(t, result(0), of)
	size := one.Bounds().Size()
	if got := two.Bounds().Size(); got.X != size.X || got.Y < 2*size.Y-1 || got.Y > 2*size.Y+1 {
		t.Errorf("got the size %v, want two of %v", got, size)
	}
	above, below := image.Rect(0, size.Y/20, size.X/2, size.Y/4), image.Rect(0, size.Y+size.Y/20, size.X/2, size.Y+size.Y/4)
	if a, b := count(two, blue, above), count(two, blue, below); a > size.X/10 || b < size.X/10 {
		t.Errorf("%d pixels of large errors above, %d below, want them below", a, b)
	}
}

// TestErrorsAreVisible: many pixels of the line of target 0 lie in the upper half of the upper
// plot where errors are large, and none where they are small.
func TestErrorsAreVisible(t *testing.T) {
	for _, test := range []struct {
		ulp     float32
		visible bool
	}{{1e7, true}, {0.5, false}, {float32(math.Inf(1)), true}} {
		img := picture(t, result(test.ulp))
		size := img.Bounds().Size()
		if blue := count(img, blue, image.Rect(0, size.Y/20, size.X/2, size.Y/4)); blue > size.X/10 != test.visible {
			t.Errorf("errors of %v ULP: %d pixels in the upper part", test.ulp, blue)
		}
	}
}

// TestWrongClassIsNotBest: where results are of a wrong class nothing is drawn at the lower edge, and a
// thick line above all errors, which the legend names.
func TestWrongClassIsNotBest(t *testing.T) {
	wrong := result(float32(math.Inf(1)))
	img, right := picture(t, wrong), picture(t, result(0))
	size := img.Bounds().Size()
	lower := image.Rect(0, size.Y*3/10, size.X*2/5, size.Y/2)
	if n := count(img, blue, lower); n > 0 {
		t.Errorf("%d pixels near the lower edge, want none", n)
	}
	// Target 1, drawn later, hides target 0 where both are exact.
	if n := count(right, red, lower); n < size.X/4 {
		t.Errorf("errors of 0: %d pixels at the lower edge, want a line", n)
	}
	if n := count(img, blue, image.Rect(0, size.Y/20, size.X*2/5, size.Y/4)); n < size.X {
		t.Errorf("%d pixels at the upper edge, want a thick line", n)
	}
	// The thick line is 4 points high, which are 5 or 6 pixels; no thin one lies below it.
	rows := 0
	for y := size.Y / 20; y < size.Y/2; y++ {
		if count(img, blue, image.Rect(0, y, size.X*2/5, y+1)) > size.X/10 {
			rows++
		}
	}
	if rows < 4 || rows > 7 {
		t.Errorf("%d rows of pixels have a line of target 0, want 5 or 6", rows)
	}
	const entry = "target 0: wrong class (NaN or infinite)"
	if text := string(drawn(t, "errors.svg", wrong)); strings.Count(text, entry) != 1 || strings.Contains(text, "target 1: wrong class") {
		t.Errorf("the legend has %q %d times, want it once, and of target 0 alone", entry, strings.Count(text, entry))
	}
	beyond := result(1)
	beyond.Tallies[3].WrongClass = 1
	if text := string(drawn(t, "errors.svg", beyond)); !strings.Contains(text, "target 1: wrong class (NaN or infinite), beyond the axis") {
		t.Error("the legend lacks results of a wrong class beyond the axis")
	}
	if text := string(drawn(t, "errors.svg", result(1))); strings.Contains(text, "wrong class") {
		t.Error("the legend has results of a wrong class where there are none")
	}
}

// TestGaps: nothing is drawn where nothing was measured, and a single part can be seen.
func TestGaps(t *testing.T) {
	r := result(1e7)
	for i := range r.Tallies {
		for part := range r.Tallies[i].Profile {
			if x := r.Tallies[i].Profile.Logit(part); x != -60.125 && x != 60.125 {
				r.Tallies[i].Profile[part] = sweep.Part{}
			}
		}
	}
	img := picture(t, r)
	size := img.Bounds().Size()
	plotted := image.Rect(size.X/10, size.Y/5, size.X*7/10, size.Y/2)
	left := image.Rect(size.X/10, 0, size.X*3/10, size.Y)
	right := image.Rect(size.X*2/5, size.Y/5, size.X*7/10, size.Y)
	if n := count(img, blue, left) + count(img, blue, right) + count(img, red, left) + count(img, red, right); n > 0 {
		t.Errorf("%d pixels where nothing was measured", n)
	}
	if n := count(img, red, plotted); n == 0 {
		t.Error("a single part cannot be seen")
	}
}

// The two colors of lines, by whether they have more red than blue.
const red, blue = true, false

func picture(t *testing.T, results ...*sweep.Result) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(drawn(t, "errors.png", results...)))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// count returns the number of pixels of a color in a part of a picture; the edges of lines are paler.
func count(img image.Image, wantRed bool, part image.Rectangle) int {
	n := 0
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			r, _, b, _ := img.At(x, y).RGBA()
			more, less := b, r
			if wantRed {
				more, less = r, b
			}
			if more > less+30<<8 {
				n++
			}
		}
	}
	return n
}

func TestExtension(t *testing.T) {
	if err := plot.Write(io.Discard, "errors.jpg", "", []*sweep.Result{result(1)}); err == nil || !strings.Contains(err.Error(), ".svg or .png") {
		t.Errorf("got %v", err)
	}
}
