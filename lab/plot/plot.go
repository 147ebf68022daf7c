// Package plot draws the errors that a sweep measured, along the axis of the logits; a probability lies there at its logit.
package plot

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"lossproof/lab/sweep"
)

const (
	width  = 24 * vg.Centimeter
	height = 16 * vg.Centimeter // of a result
	// What is drawn of the errors, in ULPs: those below a tenth, 0 too, as a tenth, those above
	// most as that; the error of a result of 0 where a normal number was wanted, 2²⁴, lies inside.
	least, most = 0.1, 1e8
	// Above them, at the top edge, are results of a wrong class: target 0 over target 1.
	wrong0, wrong1, top = 6e8, 2.5e8, 1e9

	legendLine = 4.5 * vg.Millimeter
)

// Colors of the Okabe-Ito palette, which also those tell apart who do not see all colors.
var (
	blue  = color.RGBA{0, 114, 178, 255}
	red   = color.RGBA{213, 94, 0, 255}
	grey  = color.RGBA{120, 120, 120, 255}
	light = color.RGBA{225, 225, 225, 255}
)

// Write draws the largest errors of the results, one below the other: loss above gradient, each at both targets. It is in the
// format of a file with that name: .svg or .png.
func Write(w io.Writer, name, title string, results []*sweep.Result) error {
	var canvas interface {
		vg.CanvasSizer
		io.WriterTo
	}
	height := height * vg.Length(max(1, len(results)))
	switch ext := filepath.Ext(name); ext {
	case ".svg":
		canvas = vgsvg.New(width, height)
	case ".png":
		canvas = vgimg.PngCanvas{Canvas: vgimg.New(width, height)}
	default:
		return fmt.Errorf("%s: got the extension %q, want .svg or .png", name, ext)
	}
	if err := drawTo(draw.New(canvas), title, results); err != nil {
		return err
	}
	_, err := canvas.WriteTo(w)
	return err
}

func drawTo(canvas draw.Canvas, title string, results []*sweep.Result) error {
	var plots [][]*plot.Plot
	for _, r := range results {
		of := fmt.Sprintf("%s, %s, float32", title, r.Module)
		if r.Sample != "" {
			of += " (a sample)"
		}
		for _, gradient := range []bool{false, true} {
			what := "loss"
			if gradient {
				what = "gradient"
			}
			p := newPlot(fmt.Sprintf("%s: largest error of the %s", of, what), r.Axis(), slices.ContainsFunc(r.Tallies, wrongDrawn))
			for _, t := range r.Tallies {
				switch t.Output {
				case sweep.Output{Gradient: gradient}.String():
					if err := addTally(p, "target 0", &t.Tally, blue, wrong0); err != nil {
						return err
					}
				case sweep.Output{Gradient: gradient, One: true}.String():
					if err := addTally(p, "target 1", &t.Tally, red, wrong1); err != nil {
						return err
					}
				}
			}
			plots = append(plots, []*plot.Plot{p})
		}
	}
	if len(plots) == 0 {
		return nil
	}
	tiles := draw.Tiles{Rows: len(plots), Cols: 1, PadTop: vg.Millimeter, PadBottom: vg.Millimeter, PadLeft: vg.Millimeter, PadRight: 4 * vg.Millimeter, PadY: 4 * vg.Millimeter}
	for i, row := range plot.Align(plots, tiles, canvas) {
		plots[i][0].Draw(row[0])
	}
	return nil
}

// wrongDrawn reports whether there is a result of a wrong class on the axis.
func wrongDrawn(t sweep.NamedTally) bool {
	return slices.ContainsFunc(t.Profile[:], sweep.Part.WrongClass)
}

// newPlot returns a plot without errors, with room for results of a wrong class where wrong says so.
func newPlot(title, axis string, wrong bool) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	p.X.Label.Text = axis
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
		ticks[0].Label = "≤ " + ticks[0].Label
		ticks[len(ticks)-1].Label = "≥ " + ticks[len(ticks)-1].Label
		return ticks
	})
	if wrong {
		p.Y.Max = top
	}
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

// addTally adds the largest errors of an output as a line, and its results of a wrong class as a
// thick one at the height wrong. The lines have gaps where nothing was measured.
func addTally(p *plot.Plot, name string, t *sweep.Tally, c color.Color, wrong float64) error {
	errors := draw.LineStyle{Color: c, Width: vg.Points(1.2)}
	err := addRuns(p, name, &t.Profile, errors, func(part sweep.Part) (float64, bool) {
		return min(max(float64(part.ULP), least), most), part.Measured && !part.WrongClass()
	})
	if err != nil || t.WrongClass == 0 {
		return err
	}
	// The plot makes room for the line of the legend.
	p.Title.Padding += legendLine
	p.Legend.YOffs += legendLine
	name += ": wrong class (NaN or infinite)"
	if !wrongDrawn(sweep.NamedTally{Tally: *t}) {
		p.Legend.Add(name + ", beyond the axis")
		return nil
	}
	return addRuns(p, name, &t.Profile, draw.LineStyle{Color: c, Width: vg.Points(4)}, func(part sweep.Part) (float64, bool) {
		return wrong, part.WrongClass()
	})
}

// addRuns adds a line for each run of parts that height takes, from edge to edge of the run.
func addRuns(p *plot.Plot, name string, profile *sweep.Profile, style draw.LineStyle, height func(sweep.Part) (float64, bool)) error {
	var run plotter.XYs
	end := func() error {
		if len(run) == 0 {
			return nil
		}
		last := run[len(run)-1]
		line, err := plotter.NewLine(append(run, plotter.XY{X: last.X + sweep.ProfileStep/2, Y: last.Y}))
		if err != nil {
			return err
		}
		line.LineStyle = style
		p.Add(line)
		run = nil
		return nil
	}
	for i, part := range profile {
		y, ok := height(part)
		if !ok {
			if err := end(); err != nil {
				return err
			}
			continue
		}
		x := profile.Logit(i)
		if len(run) == 0 {
			run = append(run, plotter.XY{X: x - sweep.ProfileStep/2, Y: y})
		}
		run = append(run, plotter.XY{X: x, Y: y})
	}
	p.Legend.Add(name, &plotter.Line{LineStyle: style})
	return end()
}
