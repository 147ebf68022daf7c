package plot_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/color"
	"image/png"
	"io"
	"strings"
	"testing"

	"lossproof/loss/sweep"
	"lossproof/loss/sweep/plot"
)

// result has no errors, but for those of the loss at target 0 where the logit is negative.
func result(ulp float32) *sweep.Result {
	r := &sweep.Result{Tallies: make([]sweep.NamedTally, 4)}
	for i, o := range []sweep.Output{{}, {One: true}, {Gradient: true}, {Gradient: true, One: true}} {
		r.Tallies[i].Output = o.String()
	}
	for part := range r.Tallies[0].Profile {
		if r.Tallies[0].Profile.Logit(part) < -15 {
			r.Tallies[0].Profile[part] = ulp
		}
	}
	return r
}

func drawn(t *testing.T, name string, r *sweep.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := plot.Write(&b, name, "a title", r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSVG(t *testing.T) {
	text := drawn(t, "errors.svg", result(1e7))
	if len(text) > 200_000 {
		t.Errorf("%d bytes, want at most 200 000", len(text))
	}
	for _, want := range []string{"a title: largest error of the loss", "a title: largest error of the gradient", "target 0", "target 1", "logit"} {
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

// TestErrorsAreVisible: many pixels of the line of target 0 lie in the upper half of the upper
// plot where errors are large, and none where they are small.
func TestErrorsAreVisible(t *testing.T) {
	for _, test := range []struct {
		ulp     float32
		visible bool
	}{{1e7, true}, {0.5, false}} {
		img, err := png.Decode(bytes.NewReader(drawn(t, "errors.png", result(test.ulp))))
		if err != nil {
			t.Fatal(err)
		}
		blue := 0
		size := img.Bounds().Size()
		for y := size.Y / 20; y < size.Y/5; y++ {
			for x := range size.X / 2 {
				if img.At(x, y) == (color.RGBA{0, 114, 178, 255}) {
					blue++
				}
			}
		}
		if blue > size.X/10 != test.visible {
			t.Errorf("errors of %v ULP: %d pixels in the upper part", test.ulp, blue)
		}
	}
}

func TestExtension(t *testing.T) {
	if err := plot.Write(io.Discard, "errors.jpg", "", result(1)); err == nil || !strings.Contains(err.Error(), ".svg or .png") {
		t.Errorf("got %v", err)
	}
}
