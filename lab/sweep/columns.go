package sweep

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"math"

	"lossproof/internal/halves"
	"lossproof/lab/chart"
	"lossproof/tensor"
)

// The picture of a module in 16 bits: above, what the loss of a negative and the gradient of a positive are beside the exact ones; below, the
// errors at all inputs, a column of pixels for each, in strips of 1024. From the axis of a strip the errors of the loss go up and those of the
// gradient down, on a logarithmic scale. Every input has its column: a picture that is 65,536 pixels wide no screen shows, and a column for the worst of many
// inputs would not show which of them are wrong.
const (
	stripColumns = 1024
	stripUp      = 14 // pixels of the largest error
	stripHeight  = 2*stripUp + 6
	quietStrip   = 14 // where all is correctly rounded
	stripLeft    = 170
	halfWidth    = stripLeft + stripColumns + 16
	chartWidth   = 960
	// An error of mostStrip ULP and above takes the whole height.
	mostStrip = 1 << 12

	curveEdge = 20 // of the axis of the logits
	leastHalf = 1e-9
	mostHalf  = 1e2
)

// The colors of the columns stand out from a light and a dark background.
var stripColors = color.Palette{
	color.RGBA{}, // not asked
	color.RGBA{R: 128, G: 128, B: 128, A: 255}, // the axis, of what was asked
	color.RGBA{R: 0x2f, G: 0x8f, B: 0xd6, A: 255},
	color.RGBA{R: 0xe0, G: 0x5f, B: 0x1a, A: 255},
	color.RGBA{R: 0xb0, G: 0x5c, B: 0xd0, A: 255},
}

const (
	ofAxis = 1 + iota
	ofError
	ofZero
	ofWrongClass
)

const halfStyle = `<style>
.label{font:12px system-ui,sans-serif;fill:#1f2328}.head{font:600 15px system-ui,sans-serif;fill:#1f2328}.back{fill:#fff}image{image-rendering:pixelated}
@media(prefers-color-scheme:dark){.label,.head{fill:#e6edf3}.back{fill:#0d1117}}
</style>
`

// plotHalf draws the results of 16 bits.
func (r *Report) plotHalf(name string) []byte {
	var b bytes.Buffer
	y := 0
	for _, result := range r.Float32 {
		if result.points == nil {
			continue
		}
		head := fmt.Sprintf("%s in %s, %s", result.Module, result.DType, name)
		fmt.Fprintf(&b, "<text class=\"head\" x=\"16\" y=\"%d\">%s</text>\n", y+24, html.EscapeString(head))
		curves := chart.SVG(2, result.curves(false), result.curves(true))
		fmt.Fprintf(&b, "<svg x=\"%d\" y=\"%d\" width=\"%d\">%s</svg>\n", (halfWidth-chartWidth)/2, y+36, chartWidth, curves)
		y += 36 + chart.Height(2, result.curves(false), result.curves(true))
		y += result.strips(&b, y+10) + 30
	}
	return fmt.Appendf(nil, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n%s<rect class=\"back\" width=\"100%%\" height=\"100%%\"/>\n%s</svg>\n",
		halfWidth, y, halfWidth, y, halfStyle, b.Bytes())
}

// curves draws the loss at target 0, or the gradient at target 1, beside the exact ones: where they should vanish slowly.
func (r *Result) curves(gradient bool) chart.Panel {
	at, title := 0, "loss at target 0"
	if gradient {
		at, title = 3, "gradient at target 1, without its sign"
	}
	p := chart.Panel{Title: title, X: r.module().input, Log: true, Least: "≤ ", XMin: -curveEdge, XMax: curveEdge, XStep: 5, YMin: leastHalf, YMax: mostHalf, YStep: 1}
	if r.Module == BCELoss {
		p.X = r.module().axis
	}
	exact := chart.Line{Name: "exact", Color: chart.Grey, Thick: true}
	got := chart.Line{Name: "result", Color: chart.Red}
	for k := range 1 << 16 {
		bits := halves.Ascending(k)
		point := r.points[at][bits]
		x := r.module().place(tensor.FromBits16(r.DType, []uint16{bits}).Float64(0))
		if !point.asked || !(math.Abs(x) <= curveEdge) {
			continue
		}
		exact.Points = append(exact.Points, chart.Point{X: x, Y: math.Abs(point.exact)})
		got.Points = append(got.Points, chart.Point{X: x, Y: math.Abs(point.got)})
	}
	p.Lines = []chart.Line{exact, got}
	return p
}

// strips draws the errors at all inputs from y on, and returns the height of the drawing. Strips of which nothing was asked are left out.
func (r *Result) strips(b *bytes.Buffer, y int) int {
	m := r.module()
	legend := fmt.Sprintf("The errors at all %s %s, a column of pixels each: up the loss, down the gradient, the larger of targets 0 and 1. ", grouped(r.Inputs), m.inputs)
	fmt.Fprintf(b, "<text class=\"label\" x=\"16\" y=\"%d\">%s</text>\n", y, html.EscapeString(legend))
	at := 16
	for _, entry := range []struct {
		color int
		text  string
	}{
		{ofAxis, "correctly rounded"}, {ofError, fmt.Sprintf("an error, from 0.5 to %d ULP and more", mostStrip)}, {ofZero, "0, where the nearest number is not"}, {ofWrongClass, "NaN or infinite, or not, where the other is right"},
	} {
		c := stripColors[entry.color].(color.RGBA)
		fmt.Fprintf(b, "<rect x=\"%d\" y=\"%d\" width=\"12\" height=\"12\" fill=\"#%02x%02x%02x\"/><text class=\"label\" x=\"%d\" y=\"%d\">%s</text>\n", at, y+10, c.R, c.G, c.B, at+18, y+20, html.EscapeString(entry.text))
		at += 40 + 7*len(entry.text)
	}
	top, height := y+36, 0
	var middles [1 << 16 / stripColumns]int // 0 for what is not shown
	for strip := range middles {
		asked, rough := false, false
		for k := strip * stripColumns; k < (strip+1)*stripColumns; k++ {
			for i := range outputs {
				p := r.points[i][halves.Ascending(k)]
				asked, rough = asked || p.asked, rough || p.ulps > 0.5
			}
		}
		var step int
		switch {
		case rough:
			step = stripHeight
		case asked:
			step = quietStrip
		default:
			continue
		}
		middles[strip] = height + step/2
		height += step
	}
	picture := image.NewPaletted(image.Rect(0, 0, stripColumns, height), stripColors)
	for strip, middle := range middles {
		if middle == 0 {
			continue
		}
		number := func(column int) float64 {
			return tensor.FromBits16(r.DType, []uint16{halves.Ascending(strip*stripColumns + column)}).Float64(0)
		}
		fmt.Fprintf(b, "<text class=\"label\" text-anchor=\"end\" x=\"%d\" y=\"%d\">%.3g … %.3g</text>\n", stripLeft-8, top+middle+5, number(0), number(stripColumns-1))
		for column := range stripColumns {
			r.column(picture, column, middle, halves.Ascending(strip*stripColumns+column))
		}
	}
	var encoded bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&encoded, picture); err != nil { // a buffer takes everything
		return 0
	}
	fmt.Fprintf(b, "<image x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" href=\"data:image/png;base64,%s\"/>\n", stripLeft, top, stripColumns, height, base64.StdEncoding.EncodeToString(encoded.Bytes()))
	return top - y + height
}

// column draws the errors at an input about the axis at y.
func (r *Result) column(picture *image.Paletted, x, y int, bits uint16) {
	if !r.points[0][bits].asked {
		return
	}
	picture.SetColorIndex(x, y, ofAxis)
	for i, o := range outputs {
		p := r.points[i][bits]
		height, c := 0, uint8(ofError)
		switch {
		case math.IsInf(float64(p.ulps), 1):
			height, c = stripUp, ofWrongClass
		case p.ulps > 0.5:
			height = 1 + int(math.Round((stripUp-1)*min(1, math.Log2(2*float64(p.ulps))/math.Log2(2*mostStrip))))
		}
		if p.zero {
			c = ofZero
		}
		direction := -1
		if o.Gradient {
			direction = 1
		}
		for k := 1; k <= height; k++ {
			if at := y + k*direction; picture.ColorIndexAt(x, at) < c {
				picture.SetColorIndex(x, at, c)
			}
		}
	}
}
