package semantics

import (
	"bytes"
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"lossproof/fixtures"
	"lossproof/loss"
)

// Colors of the Okabe-Ito palette, which also those tell apart who do not see all colors.
var (
	blue   = color.RGBA{0, 114, 178, 255}
	orange = color.RGBA{230, 159, 0, 255}
	green  = color.RGBA{0, 158, 115, 255}
	red    = color.RGBA{213, 94, 0, 255}
	light  = color.RGBA{225, 225, 225, 255}
)

// The row of the first picture: one logit moves between the edges, the other classes stay at logit 0, target 0.
const (
	rowClasses = 5
	rowEdge    = 8
	rowSteps   = 160
)

// curve is a line of a picture.
type curve struct {
	name   string
	points plotter.XYs
	color  color.Color
	dashed bool
}

// LossAndGradient draws loss and gradient of the four modules while one logit moves.
func LossAndGradient(*fixtures.Set) ([]byte, error) {
	panels := make([][]*plot.Plot, 2)
	for _, target := range []float64{1, 0} {
		losses, gradients, err := movingLogit(target)
		if err != nil {
			return nil, err
		}
		class := "the class is true (target 1)"
		if target == 0 {
			class = "the class is false (target 0)"
		}
		for i, curves := range [][]curve{losses, gradients} {
			p, err := newPanel("gradient in the logit, "+class, curves)
			if err != nil {
				return nil, err
			}
			p.X.Min, p.X.Max = -rowEdge, rowEdge
			p.X.Tick.Marker = every(2)
			if i == 0 {
				p.Title.Text = "loss, " + class
				p.Y.Min, p.Y.Max = 0, rowEdge
				p.Legend.Top = true
				p.Y.Tick.Marker = every(2)
				if target == 0 {
					p.Legend.Left = true
					p.Legend.XOffs = -p.Legend.XOffs
				}
			} else {
				p.Y.Min, p.Y.Max = target*-1.05-(1-target)*0.05, (1-target)*1.05+target*0.05
				p.Legend = plot.NewLegend()
			}
			panels[i] = append(panels[i], p)
		}
	}
	return svg(panels, 26*vg.Centimeter, 18*vg.Centimeter)
}

// movingLogit returns the losses and the gradients, in the moving logit, of a row one of whose classes has the target, or
// for CrossEntropyLoss is the target or is not.
func movingLogit(target float64) (losses, gradients []curve, err error) {
	n := rowSteps + 1
	logits := make([]float64, n)
	row := loss.Tensor[float64]{Data: make([]float64, n*rowClasses), Shape: []int{n, rowClasses}}
	targets := loss.Tensor[float64]{Data: make([]float64, n*rowClasses), Shape: row.Shape}
	classes := make([]int64, n)
	for i := range n {
		logits[i] = -rowEdge + 2*rowEdge*float64(i)/rowSteps
		row.Data[i*rowClasses], targets.Data[i*rowClasses] = logits[i], target
		classes[i] = int64(1 - target)
	}
	one := loss.Tensor[float64]{Data: logits, Shape: []int{n}}
	oneTarget := loss.Tensor[float64]{Data: make([]float64, n), Shape: one.Shape}
	for i := range oneTarget.Data {
		oneTarget.Data[i] = target
	}
	add := func(name string, c color.Color, dashed bool, l, g []float64) {
		of := func(y []float64) curve {
			line := curve{name: name, color: c, dashed: dashed}
			for i, x := range logits {
				line.points = append(line.points, plotter.XY{X: x, Y: y[i*len(y)/n]})
			}
			return line
		}
		losses, gradients = append(losses, of(l)), append(gradients, of(g))
	}

	l, g, err := loss.BCEWithLogitsLoss[float64]{Reduction: loss.None}.ForwardGrad(one, oneTarget, nil)
	if err != nil {
		return nil, nil, err
	}
	add("BCEWithLogitsLoss, its element", blue, false, l.Data, g.Data)
	both, err := compose(logits, target)
	if err != nil {
		return nil, nil, err
	}
	add("BCELoss of the sigmoid, its element", orange, true, both.losses, both.gradients)
	l, g, err = loss.MultiLabelSoftMarginLoss[float64]{Reduction: loss.None}.ForwardGrad(row, targets, nil)
	if err != nil {
		return nil, nil, err
	}
	add(fmt.Sprintf("MultiLabelSoftMarginLoss, %d classes", rowClasses), green, false, l.Data, g.Data)
	l, g, err = loss.CrossEntropyLoss[float64]{Reduction: loss.None}.ForwardGrad(row, loss.ClassIndices[float64](classes, n), nil)
	if err != nil {
		return nil, nil, err
	}
	add(fmt.Sprintf("CrossEntropyLoss, %d classes", rowClasses), red, false, l.Data, g.Data)
	return losses, gradients, nil
}

// The picture of the tails: logits up to the edge, so many for each point that is drawn, and the errors that are drawn.
const (
	tailEdge              = 120
	tailPoints            = 480
	perPoint              = 64
	leastDrawn, mostDrawn = 1e-15, 10
)

// Tails draws how BCELoss of a sigmoid parts from BCEWithLogitsLoss.
func Tails(*fixtures.Set) ([]byte, error) {
	one := loss.Tensor[float32]{Data: make([]float32, tailPoints+1), Shape: []int{tailPoints + 1}}
	for i := range one.Data {
		one.Data[i] = tailEdge * float32(i) / tailPoints
	}
	both, err := compose(one.Data, 0)
	if err != nil {
		return nil, err
	}
	line := func(name string, c color.Color, y []float32) curve {
		l := curve{name: name, color: c}
		for i, x := range both.logits {
			l.points = append(l.points, plotter.XY{X: float64(x), Y: float64(y[i])})
		}
		return l
	}
	losses, err := newPanel("loss at target 0, float32", []curve{
		line("BCEWithLogitsLoss", blue, both.withLogits), line("BCELoss of the sigmoid", red, both.losses),
	})
	if err != nil {
		return nil, err
	}
	losses.X.Tick.Marker, losses.Y.Tick.Marker = every(10), every(20)
	gradients, err := newPanel("gradient in the logit at target 0, float32", []curve{
		line("BCEWithLogitsLoss", blue, both.gradientsWith), line("BCELoss of the sigmoid", red, both.gradients),
	})
	if err != nil {
		return nil, err
	}
	gradients.X.Tick.Marker = every(10)
	gradients.Y.Min, gradients.Y.Max = -0.05, 1.05
	gradients.Legend.YOffs = 14 * vg.Millimeter

	var errors []curve
	for _, target := range []float64{0, 1} {
		c32, c64 := color.Color(red), color.Color(orange)
		if target == 1 {
			c32, c64 = blue, green
		}
		e32, err := relativeErrors[float32](target)
		if err != nil {
			return nil, err
		}
		e64, err := relativeErrors[float64](target)
		if err != nil {
			return nil, err
		}
		errors = append(errors,
			curve{name: fmt.Sprintf("float32, target %g", target), points: e32, color: c32},
			curve{name: fmt.Sprintf("float64, target %g", target), points: e64, color: c64})
	}
	relative, err := newPanel("BCELoss of the sigmoid: largest relative error of the loss (the lower edge: 1e-15 or less)", errors)
	if err != nil {
		return nil, err
	}
	relative.Y.Scale = plot.LogScale{}
	relative.Y.Min, relative.Y.Max = leastDrawn, mostDrawn
	relative.X.Tick.Marker = every(10)
	relative.X.Min, relative.X.Max = -tailEdge, tailEdge
	var decades []plot.Tick
	for e := -15; e <= 1; e += 4 {
		decades = append(decades, plot.Tick{Value: math.Pow(10, float64(e)), Label: fmt.Sprintf("1e%d", e)})
	}
	relative.Y.Tick.Marker = plot.ConstantTicks(decades)
	relative.Legend.YOffs = 14 * vg.Millimeter
	return svg([][]*plot.Plot{{losses}, {gradients}, {relative}}, 26*vg.Centimeter, 24*vg.Centimeter)
}

// relativeErrors returns the largest relative errors of BCELoss of a sigmoid, in each part of the axis. What is smaller than the
// least that is drawn lies on its edge.
func relativeErrors[T loss.Float](target float64) (plotter.XYs, error) {
	logits := make([]T, 2*tailPoints*perPoint)
	for i := range logits {
		logits[i] = T(tailEdge * (float64(i)/(tailPoints*perPoint) - 1))
	}
	both, err := compose(logits, T(target))
	if err != nil {
		return nil, err
	}
	exact := make([]float64, len(logits))
	for i, x := range logits {
		exact[i] = float64(x)
	}
	right, err := compose(exact, target)
	if err != nil {
		return nil, err
	}
	var points plotter.XYs
	for part := range 2 * tailPoints {
		worst := leastDrawn
		for i := part * perPoint; i < (part+1)*perPoint; i++ {
			worst = max(worst, math.Abs(float64(both.losses[i])-right.withLogits[i])/right.withLogits[i])
		}
		points = append(points, plotter.XY{X: exact[part*perPoint+perPoint/2], Y: min(worst, mostDrawn)})
	}
	return points, nil
}

// every ticks the multiples of step.
func every(step float64) plot.Ticker {
	return plot.TickerFunc(func(least, most float64) []plot.Tick {
		var ticks []plot.Tick
		for i := math.Ceil(least / step); i*step <= most; i++ {
			ticks = append(ticks, plot.Tick{Value: i * step, Label: fmt.Sprintf("%g", i*step)})
		}
		return ticks
	})
}

// newPanel returns a plot over the axis of logits.
func newPanel(title string, curves []curve) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = title
	p.X.Label.Text = "logit"
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = light, light
	p.Add(grid)
	for _, c := range curves {
		line, err := plotter.NewLine(c.points)
		if err != nil {
			return nil, err
		}
		line.Color = c.color
		line.Width = vg.Points(1.6)
		if c.dashed {
			line.Dashes = []vg.Length{vg.Points(6), vg.Points(5)}
		}
		p.Add(line)
		p.Legend.Add(c.name, line)
	}
	p.Legend.Padding = vg.Millimeter
	p.Legend.XOffs = -2 * vg.Millimeter
	return p, nil
}

// svg draws panels, which are aligned.
func svg(panels [][]*plot.Plot, width, height vg.Length) ([]byte, error) {
	canvas := vgsvg.New(width, height)
	const pad = 4 * vg.Millimeter
	tiles := draw.Tiles{Rows: len(panels), Cols: len(panels[0]), PadTop: pad, PadBottom: pad, PadLeft: pad, PadRight: pad, PadX: 2 * pad, PadY: 2 * pad}
	for i, places := range plot.Align(panels, tiles, draw.New(canvas)) {
		for j, place := range places {
			panels[i][j].Draw(place)
		}
	}
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
