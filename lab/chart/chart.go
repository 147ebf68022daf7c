// Package chart draws lines over an axis as SVG: small multiples with one legend each, which read on light and on dark.
package chart

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"unicode/utf8"
)

// Color is one of the Okabe-Ito palette, which people tell apart who do not see all colors.
type Color string

// The colors stand out from both backgrounds.
const (
	Blue   Color = "blue"
	Red    Color = "red"
	Green  Color = "green"
	Orange Color = "orange"
	Grey   Color = "grey"
)

// Panel is one chart.
type Panel struct {
	Title, X, Y string // the labels of the axes
	// The edges of the axes; what lies beyond is not drawn.
	XMin, XMax, YMin, YMax float64
	XStep, YStep           float64 // from tick to tick; of a logarithmic axis in powers of ten
	// Log says that the vertical axis is logarithmic.
	Log bool
	// Least and Most stand before the label of the lowest and the highest tick, such as "≤ ".
	Least, Most string
	Lines       []Line
}

// Line is a line of a panel, and its place in the legend.
type Line struct {
	Name   string
	Color  Color
	Dashed bool
	Thick  bool
	// Points ascend along the axis; the line has a gap where Y is NaN.
	Points []Point
}

// Point is a point of a line.
type Point struct{ X, Y float64 }

// The measures of a picture, in pixels.
const (
	width                    = 960
	left, right, top, bottom = 62, 14, 30, 40 // around the lines of a panel
	plotHeight               = 210
	legendLine               = 18
	letter                   = 6.6 // the width of a letter of the legend, about
	swatch                   = 26
)

// The picture has a background of its own: where the page is dark and the system light, it reads too.
const style = `<style>
text{font:12px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600;font-size:13px}.back{fill:#fff}.grid{stroke:#d8dee4;stroke-width:1;fill:none}
.line{fill:none;stroke-width:1.6;stroke-linejoin:round}.thick{stroke-width:5}.dash{stroke-dasharray:6 4}
.blue{stroke:#0072b2}.red{stroke:#d55e00}.green{stroke:#009e73}.orange{stroke:#c98a00}.grey{stroke:#6e7781}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.back{fill:#0d1117}.grid{stroke:#30363d}.blue{stroke:#56b4e9}.red{stroke:#ff8c42}.green{stroke:#2fc99b}.orange{stroke:#f0b429}.grey{stroke:#9198a1}}
</style>
`

// Height returns the height of the picture that SVG draws, in pixels.
func Height(columns int, panels ...Panel) int {
	return (top + legends(columns, panels)*legendLine + plotHeight + bottom) * ((len(panels) + columns - 1) / columns)
}

// legends returns the most lines of text that the legend of a panel takes.
func legends(columns int, panels []Panel) (most int) {
	for _, p := range panels {
		most = max(most, p.legend(nil, 0, 0, float64(width)/float64(columns)-left-right))
	}
	return most
}

// SVG draws panels in rows of so many columns.
func SVG(columns int, panels ...Panel) []byte {
	legends := legends(columns, panels)
	inner := float64(width)/float64(columns) - left - right
	rowHeight := float64(top + legends*legendLine + plotHeight + bottom)
	height := Height(columns, panels...)
	var b bytes.Buffer
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n%s", width, height, width, height, style)
	b.WriteString("<rect class=\"back\" width=\"100%\" height=\"100%\"/>\n")
	for i, p := range panels {
		x, y := float64(i%columns)*width/float64(columns)+left, float64(i/columns)*rowHeight+20
		fmt.Fprintf(&b, "<text class=\"title\" x=\"%g\" y=\"%g\">%s</text>\n", x, y, html.EscapeString(p.Title))
		p.legend(&b, x, y+legendLine, inner)
		p.draw(&b, x, y+float64(10+legends*legendLine), inner)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// legend writes the names of the lines, unless b is nil, and returns the number of lines of text that they take.
func (p Panel) legend(b *bytes.Buffer, x, y, inner float64) int {
	at, rows := 0.0, 0
	for _, l := range p.Lines {
		if l.Name == "" {
			continue
		}
		size := swatch + letter*float64(utf8.RuneCountInString(l.Name)) + 14
		if rows == 0 || at+size > inner {
			at, rows = 0, rows+1
		}
		if b != nil {
			row := y + float64((rows-1)*legendLine)
			fmt.Fprintf(b, "<path class=\"%s\" d=\"M%.1f %.1fh20\"/><text x=\"%.1f\" y=\"%.1f\">%s</text>\n", l.class(), x+at, row-4, x+at+swatch, row, html.EscapeString(l.Name))
		}
		at += size
	}
	return rows
}

func (l Line) class() string {
	class := "line " + string(l.Color)
	if l.Thick {
		class += " thick"
	}
	if l.Dashed {
		class += " dash"
	}
	return class
}

// draw draws the axes and the lines, from the upper left corner x, y.
func (p Panel) draw(b *bytes.Buffer, x, y, inner float64) {
	low, high := p.scale(p.YMin), p.scale(p.YMax)
	atX := func(v float64) float64 { return x + inner*(v-p.XMin)/(p.XMax-p.XMin) }
	atY := func(v float64) float64 { return y + plotHeight*(high-p.scale(v))/(high-low) }
	for _, v := range ticks(p.XMin, p.XMax, p.XStep) {
		fmt.Fprintf(b, "<path class=\"grid\" d=\"M%.1f %.1fv%d\"/><text text-anchor=\"middle\" x=\"%.1f\" y=\"%.1f\">%g</text>\n", atX(v), y, plotHeight, atX(v), y+plotHeight+15, v)
	}
	marks := ticks(low, high, p.YStep)
	for i, v := range marks {
		label := fmt.Sprintf("%g", v)
		if p.Log {
			label, v = fmt.Sprintf("10<tspan dy=\"-4\" font-size=\"9\">%g</tspan>", v), math.Pow(10, v)
		}
		switch i {
		case 0:
			label = p.Least + label
		case len(marks) - 1:
			label = p.Most + label
		}
		fmt.Fprintf(b, "<path class=\"grid\" d=\"M%.1f %.1fh%.1f\"/><text text-anchor=\"end\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", x, atY(v), inner, x-6, atY(v)+4, label)
	}
	fmt.Fprintf(b, "<text text-anchor=\"middle\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", x+inner/2, y+plotHeight+32, html.EscapeString(p.X))
	if p.Y != "" {
		fmt.Fprintf(b, "<text text-anchor=\"middle\" transform=\"translate(%.1f %.1f) rotate(-90)\">%s</text>\n", x-44, y+plotHeight/2, html.EscapeString(p.Y))
	}
	for _, l := range p.Lines {
		var path bytes.Buffer
		pen := "M"
		lastX, lastY, skipped := "", "", false
		for _, point := range l.Points {
			if math.IsNaN(point.Y) {
				pen = "M"
				continue
			}
			px, py := fmt.Sprintf("%.1f", atX(point.X)), fmt.Sprintf("%.1f", atY(min(max(point.Y, p.YMin), p.YMax)))
			// The middle of a horizontal stretch is left out.
			if pen == "L" && py == lastY {
				lastX, skipped = px, true
				continue
			}
			if skipped {
				fmt.Fprintf(&path, "H%s", lastX)
			}
			if pen == "M" {
				fmt.Fprintf(&path, "M%s %s", px, py)
			} else {
				fmt.Fprintf(&path, "L%s %s", px, py)
			}
			pen, lastX, lastY, skipped = "L", px, py, false
		}
		if skipped {
			fmt.Fprintf(&path, "H%s", lastX)
		}
		if path.Len() > 0 {
			fmt.Fprintf(b, "<path class=\"%s\" d=\"%s\"/>\n", l.class(), path.String())
		}
	}
}

// scale returns where a value lies on the vertical axis.
func (p Panel) scale(v float64) float64 {
	if p.Log {
		return math.Log10(v)
	}
	return v
}

// ticks are the multiples of step between low and high.
func ticks(low, high, step float64) []float64 {
	var all []float64
	for i := math.Ceil(low/step - 1e-9); i*step <= high+1e-9*step; i++ {
		all = append(all, i*step+0) // no -0
	}
	return all
}
