package semantics

import (
	"fmt"
	"math"

	"lossproof/fixtures"
	"lossproof/lab/chart"
	"lossproof/loss"
)

// The row of the first picture: one logit moves between the edges, the other classes stay at logit 0, target 0.
const (
	rowClasses = 5
	rowEdge    = 8
	rowSteps   = 160
)

// LossAndGradient draws loss and gradient of the four modules while one logit moves.
func LossAndGradient(*fixtures.Set) ([]byte, error) {
	var above, below []chart.Panel
	for _, target := range []float64{1, 0} {
		losses, gradients, err := movingLogit(target)
		if err != nil {
			return nil, err
		}
		class := "the class is true (target 1)"
		if target == 0 {
			class = "the class is false (target 0)"
		}
		p := chart.Panel{Title: "loss, " + class, X: "logit", XMin: -rowEdge, XMax: rowEdge, XStep: 2, YMax: rowEdge, YStep: 2, Lines: losses}
		above = append(above, p)
		p.Title, p.Lines = "gradient in the logit, "+class, gradients
		p.YMin, p.YMax, p.YStep = target*-1.05-(1-target)*0.05, (1-target)*1.05+target*0.05, 0.25
		below = append(below, p)
	}
	return chart.SVG(2, append(above, below...)...), nil
}

// movingLogit returns the losses and the gradients, in the moving logit, of a row one of whose classes has the target, or
// for CrossEntropyLoss is the target or is not.
func movingLogit(target float64) (losses, gradients []chart.Line, err error) {
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
	add := func(name string, c chart.Color, dashed bool, l, g []float64) {
		of := func(y []float64) chart.Line {
			line := chart.Line{Name: name, Color: c, Dashed: dashed}
			for i, x := range logits {
				line.Points = append(line.Points, chart.Point{X: x, Y: y[i*len(y)/n]})
			}
			return line
		}
		losses, gradients = append(losses, of(l)), append(gradients, of(g))
	}

	l, g, err := loss.BCEWithLogitsLoss[float64]{Reduction: loss.None}.ForwardGrad(one, oneTarget, nil)
	if err != nil {
		return nil, nil, err
	}
	add("BCEWithLogitsLoss, its element", chart.Blue, false, l.Data, g.Data)
	both, err := compose(logits, target)
	if err != nil {
		return nil, nil, err
	}
	add("BCELoss of the sigmoid, its element", chart.Orange, true, both.losses, both.gradients)
	l, g, err = loss.MultiLabelSoftMarginLoss[float64]{Reduction: loss.None}.ForwardGrad(row, targets, nil)
	if err != nil {
		return nil, nil, err
	}
	add(fmt.Sprintf("MultiLabelSoftMarginLoss, %d classes", rowClasses), chart.Green, false, l.Data, g.Data)
	l, g, err = loss.CrossEntropyLoss[float64]{Reduction: loss.None}.ForwardGrad(row, loss.ClassIndices[float64](classes, n), nil)
	if err != nil {
		return nil, nil, err
	}
	add(fmt.Sprintf("CrossEntropyLoss, %d classes", rowClasses), chart.Red, false, l.Data, g.Data)
	return losses, gradients, nil
}

// The picture of the tails: logits up to the edge, so many for each point that is drawn, and the errors that are drawn.
const (
	tailEdge              = 120
	tailPoints            = 480
	perPoint              = 64
	leastDrawn, mostDrawn = 1e-16, 10
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
	line := func(name string, c chart.Color, y []float32) chart.Line {
		l := chart.Line{Name: name, Color: c}
		for i, x := range both.logits {
			l.Points = append(l.Points, chart.Point{X: float64(x), Y: float64(y[i])})
		}
		return l
	}
	losses := chart.Panel{Title: "loss at target 0, float32", X: "logit", XMax: tailEdge, XStep: 10, YMax: tailEdge, YStep: 20, Lines: []chart.Line{
		line("BCEWithLogitsLoss", chart.Blue, both.withLogits), line("BCELoss of the sigmoid", chart.Red, both.losses)}}
	gradients := chart.Panel{Title: "gradient in the logit at target 0, float32", X: "logit", XMax: tailEdge, XStep: 10, YMin: -0.05, YMax: 1.05, YStep: 0.25,
		Lines: []chart.Line{line("BCEWithLogitsLoss", chart.Blue, both.gradientsWith), line("BCELoss of the sigmoid", chart.Red, both.gradients)}}
	relative := chart.Panel{Title: "BCELoss of the sigmoid: largest relative error of the loss", X: "logit", Least: "≤ ",
		XMin: -tailEdge, XMax: tailEdge, XStep: 20, Log: true, YMin: leastDrawn, YMax: mostDrawn, YStep: 2}
	for i, target := range []float64{0, 1} {
		e32, err := relativeErrors[float32](target)
		if err != nil {
			return nil, err
		}
		e64, err := relativeErrors[float64](target)
		if err != nil {
			return nil, err
		}
		relative.Lines = append(relative.Lines,
			chart.Line{Name: fmt.Sprintf("float32, target %d", i), Color: []chart.Color{chart.Red, chart.Blue}[i], Points: e32},
			chart.Line{Name: fmt.Sprintf("float64, target %d", i), Color: []chart.Color{chart.Orange, chart.Green}[i], Points: e64})
	}
	return chart.SVG(1, losses, gradients, relative), nil
}

// relativeErrors returns the largest relative errors of BCELoss of a sigmoid, in each part of the axis. What is smaller than the
// least that is drawn lies on its edge.
func relativeErrors[T loss.Float](target float64) ([]chart.Point, error) {
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
	var points []chart.Point
	for part := range 2 * tailPoints {
		worst := leastDrawn
		for i := part * perPoint; i < (part+1)*perPoint; i++ {
			worst = max(worst, math.Abs(float64(both.losses[i])-right.withLogits[i])/right.withLogits[i])
		}
		points = append(points, chart.Point{X: exact[part*perPoint+perPoint/2], Y: min(worst, mostDrawn)})
	}
	return points, nil
}
