// Package plot draws the errors that a sweep measured, along the axis of the logits.
package plot

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"lossproof/loss/sweep"
)

const (
	width  = 24 * vg.Centimeter
	height = 16 * vg.Centimeter
	// What is drawn of the errors, in ULPs: nothing smaller than a tenth, and the error of a
	// result of 0 where a normal number was wanted, 2²⁴, lies inside.
	least, most = 0.1, 1e8
)

// Colors of the Okabe-Ito palette, which also those tell apart who do not see all colors.
var (
	blue  = color.RGBA{0, 114, 178, 255}
	red   = color.RGBA{213, 94, 0, 255}
	grey  = color.RGBA{120, 120, 120, 255}
	light = color.RGBA{225, 225, 225, 255}
)

// Write draws the largest errors of a result, loss above gradient, each at both targets, in the
// format of a file with that name: .svg or .png.
func Write(w io.Writer, name, title string, r *sweep.Result) error {
	var canvas interface {
		vg.CanvasSizer
		io.WriterTo
	}
	switch ext := filepath.Ext(name); ext {
	case ".svg":
		canvas = vgsvg.New(width, height)
	case ".png":
		canvas = vgimg.PngCanvas{Canvas: vgimg.New(width, height)}
	default:
		return fmt.Errorf("%s: got the extension %q, want .svg or .png", name, ext)
	}
	if err := drawTo(draw.New(canvas), title, r); err != nil {
		return err
	}
	_, err := canvas.WriteTo(w)
	return err
}

func drawTo(canvas draw.Canvas, title string, r *sweep.Result) error {
	var plots [][]*plot.Plot
	for _, gradient := range []bool{false, true} {
		what := "loss"
		if gradient {
			what = "gradient"
		}
		p := newPlot(fmt.Sprintf("%s: largest error of the %s", title, what))
		for _, t := range r.Tallies {
			switch t.Output {
			case sweep.Output{Gradient: gradient}.String():
				if err := addProfile(p, "target 0", &t.Profile, blue); err != nil {
					return err
				}
			case sweep.Output{Gradient: gradient, One: true}.String():
				if err := addProfile(p, "target 1", &t.Profile, red); err != nil {
					return err
				}
			}
		}
		plots = append(plots, []*plot.Plot{p})
	}
	tiles := draw.Tiles{Rows: 2, Cols: 1, PadTop: vg.Millimeter, PadBottom: vg.Millimeter, PadLeft: vg.Millimeter, PadRight: 4 * vg.Millimeter, PadY: 4 * vg.Millimeter}
	for i, row := range plot.Align(plots, tiles, canvas) {
		plots[i][0].Draw(row[0])
	}
	return nil
}

func newPlot(title string) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	p.X.Label.Text = "logit"
	p.Y.Label.Text = "ULP of the exact result"
	p.X.Min, p.X.Max = -sweep.ProfileEdge, sweep.ProfileEdge
	p.X.Tick.Marker = plot.TickerFunc(func(float64, float64) []plot.Tick {
		var ticks []plot.Tick
		for x := -sweep.ProfileEdge; x <= sweep.ProfileEdge; x += 20 {
			ticks = append(ticks, plot.Tick{Value: float64(x), Label: fmt.Sprint(x)})
		}
		return ticks
	})
	p.Y.Min, p.Y.Max = least, most
	p.Y.Scale = plot.LogScale{}
	p.Y.Tick.Marker = plot.TickerFunc(func(float64, float64) []plot.Tick {
		var ticks []plot.Tick
		for e := -1; e <= 8; e++ {
			ticks = append(ticks, plot.Tick{Value: math.Pow(10, float64(e)), Label: fmt.Sprintf("%g", math.Pow(10, float64(e)))})
		}
		return ticks
	})
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = light, light
	best := plotter.NewFunction(func(float64) float64 { return 0.5 })
	best.XMin, best.XMax = p.X.Min, p.X.Max
	best.Samples = 2
	best.Color = grey
	best.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
	p.Add(grid, best)
	p.Legend.Add("correctly rounded: at most 0.5", best)
	p.Legend.Top = true
	p.Legend.XOffs = -vg.Millimeter
	return p
}

// addProfile adds a line of the largest errors. Where there are none nothing is drawn.
func addProfile(p *plot.Plot, name string, profile *sweep.Profile, c color.Color) error {
	points := make(plotter.XYs, 0, len(profile))
	for part, e := range profile {
		points = append(points, plotter.XY{X: profile.Logit(part), Y: math.Min(math.Max(float64(e), least), most)})
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	line.Color = c
	line.Width = vg.Points(1.2)
	p.Add(line)
	p.Legend.Add(name, line)
	return nil
}
