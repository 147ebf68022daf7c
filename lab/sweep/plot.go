package sweep

import (
	"fmt"
	"math"

	"lossproof/lab/chart"
)

// The range of errors that a plot shows, in ULPs: a result of 0 in place of a normal number, 2²⁴, lies inside. Results of a wrong class
// lie above it, those at target 0 above those at target 1.
const (
	leastDrawn, mostDrawn = 0.1, 1e8
	wrongZero, wrongOne   = 6e8, 2.5e8
	topDrawn              = 9e8
)

// Plot draws the largest errors along the axis of the logits as SVG: a row for each module, its loss beside its gradient. Those of 16 bits are drawn at all inputs.
func (r *Report) Plot() []byte {
	name := r.Port
	if name == "" {
		name = "lossproof"
	}
	if len(r.Float32) > 0 && r.Float32[0].DType != "" {
		return r.plotHalf(name)
	}
	var panels []chart.Panel
	for _, result := range r.Float32 {
		for _, output := range []string{"loss", "gradient"} {
			title := fmt.Sprintf("%s of %s, %s", output, result.Module, name)
			if result.Sample != "" {
				title += " (a sample)"
			}
			panels = append(panels, result.panel(title, output))
		}
	}
	return chart.SVG(2, panels...)
}

// panel draws one output at both targets.
func (r *Result) panel(title, output string) chart.Panel {
	p := chart.Panel{Title: title, X: r.module().axis, Y: "largest error, ULP of float32", Log: true, Least: "≤ ", Most: "≥ ",
		XMin: -ProfileEdge, XMax: ProfileEdge, XStep: 40, YMin: leastDrawn, YMax: mostDrawn, YStep: 1}
	for _, t := range r.Tallies {
		for i, o := range []Output{{Gradient: output == "gradient"}, {Gradient: output == "gradient", One: true}} {
			if t.Output != o.String() {
				continue
			}
			c, height := chart.Blue, wrongZero
			if o.One {
				c, height = chart.Red, wrongOne
			}
			target := fmt.Sprintf("target %d", i)
			errors := chart.Line{Name: target, Color: c, Points: t.Profile.points(func(p Part) float64 {
				if p.WrongClass() {
					return math.NaN()
				}
				return min(max(float64(p.ULP), leastDrawn), mostDrawn)
			})}
			p.Lines = append(p.Lines, errors)
			if t.WrongClass == 0 {
				continue
			}
			drawn := chart.Line{Name: target + ": NaN or infinite", Color: c, Thick: true, Points: t.Profile.points(func(p Part) float64 {
				if p.WrongClass() {
					return height
				}
				return math.NaN()
			})}
			if len(drawn.Points) > 0 { // else they lie beyond the axis
				p.YMax = topDrawn
				p.Lines = append(p.Lines, drawn)
			}
		}
	}
	p.Lines = append(p.Lines, chart.Line{Name: "0.5: correctly rounded", Color: chart.Grey, Dashed: true, Points: []chart.Point{{X: p.XMin, Y: 0.5}, {X: p.XMax, Y: 0.5}}})
	return p
}

// points returns a horizontal stretch for each measured part that has a height, gaps in between; none where no part has one.
func (p *Profile) points(height func(Part) float64) []chart.Point {
	var points []chart.Point
	some := false
	for i, part := range p {
		y := math.NaN()
		if part.Measured {
			y = height(part)
		}
		some = some || !math.IsNaN(y)
		x := p.Logit(i)
		points = append(points, chart.Point{X: x - ProfileStep/2, Y: y}, chart.Point{X: x + ProfileStep/2, Y: y})
	}
	if !some {
		return nil
	}
	return points
}
