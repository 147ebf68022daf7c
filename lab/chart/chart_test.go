package chart_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"lossproof/lab/chart"
)

func panel(points ...chart.Point) chart.Panel {
	return chart.Panel{Title: "a < b", X: "logit", XMin: -10, XMax: 10, XStep: 10, Log: true, YMin: 0.1, YMax: 1000, YStep: 1, Least: "≤ ",
		Lines: []chart.Line{{Name: "target 0", Color: chart.Red, Points: points}}}
}

func TestSVG(t *testing.T) {
	nan := math.NaN()
	svg := chart.SVG(1, panel(chart.Point{-10, 1}, chart.Point{0, 1}, chart.Point{5, 1}, chart.Point{6, 10}, chart.Point{7, nan}, chart.Point{8, 1e9}, chart.Point{10, 0}))
	for decoder := xml.NewDecoder(bytes.NewReader(svg)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{
		"a &lt; b", "target 0", "logit", "prefers-color-scheme:dark", "≤ 10<tspan",
		// A level stretch is one line, a gap ends one, and what lies beyond the edges lies on them.
		`class="line red" d="M62.0 205.5H725.0L769.2 153.0M857.6 48.0L946.0 258.0"`,
	} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("%q is missing in\n%s", want, svg)
		}
	}
}

func TestRows(t *testing.T) {
	one, three := string(chart.SVG(2, panel())), string(chart.SVG(2, panel(), panel(), panel()))
	for _, test := range []struct{ svg, want string }{{one, `height="298"`}, {three, `height="596"`}} {
		if !strings.Contains(test.svg, test.want) {
			t.Errorf("%s is missing in %.200s", test.want, test.svg)
		}
	}
	if n := strings.Count(three, "a &lt; b"); n != 3 {
		t.Errorf("got %d panels, want 3", n)
	}
}
