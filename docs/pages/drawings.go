package pages

import (
	"fmt"
	"math"

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
func LossAndGradient() ([]byte, error) {
	var above, below []chart.Panel
	for _, target := range []float64{1, 0} {
		losses, gradients, err := movingLogit(target)
		if err != nil {
			return nil, err
		}
		class := fmt.Sprintf("the class is %v (target %v)", target == 1, target)
		p := chart.Panel{Title: "loss, " + class, X: "logit", XMin: -rowEdge, XMax: rowEdge, XStep: 2, YMax: rowEdge + 2, YStep: 2, Lines: losses}
		above = append(above, p)
		p.Title, p.Lines = "gradient in the logit, "+class, gradients
		p.YMin, p.YMax, p.YStep = -target-0.05, 1.05-target, 0.25
		below = append(below, p)
	}
	return chart.SVG(2, append(above, below...)...), nil
}

// movingLogit returns the losses and the gradients, in the moving logit, of a row one of whose classes has the target, or
// for CrossEntropyLoss is the target or is not.
func movingLogit(target float64) (losses, gradients []chart.Line, err error) {
	n := rowSteps + 1
	logits, classes := make([]float64, n), make([]int64, n)
	row := loss.Tensor[float64]{Data: make([]float64, n*rowClasses), Shape: []int{n, rowClasses}}
	targets := loss.Tensor[float64]{Data: make([]float64, n*rowClasses), Shape: row.Shape}
	for i := range n {
		logits[i] = -rowEdge + 2*rowEdge*float64(i)/rowSteps
		row.Data[i*rowClasses], targets.Data[i*rowClasses] = logits[i], target
		classes[i] = int64(1 - target)
	}
	// The values of a line are those of the moving logit, one in each row.
	line := func(name string, c chart.Color, dashed bool, y []float64) chart.Line {
		l := chart.Line{Name: name, Color: c, Dashed: dashed}
		for i, x := range logits {
			l.Points = append(l.Points, chart.Point{X: x, Y: y[i*len(y)/n]})
		}
		return l
	}
	add := func(name string, c chart.Color, dashed bool, l, g []float64) {
		losses, gradients = append(losses, line(name, c, dashed, l)), append(gradients, line(name, c, dashed, g))
	}
	both, err := compose(logits, target)
	if err != nil {
		return nil, nil, err
	}
	add("BCEWithLogitsLoss, its element", chart.Blue, false, both.withLogits, both.gradientsWith)
	add("BCELoss of the sigmoid, its element", chart.Orange, true, both.losses, both.gradients)
	l, g, err := loss.MultiLabelSoftMarginLoss[float64]{Reduction: loss.None}.ForwardGrad(row, targets, nil)
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
func Tails() ([]byte, error) {
	logits := make([]float32, tailPoints+1)
	for i := range logits {
		logits[i] = tailEdge * float32(i) / tailPoints
	}
	both, err := compose(logits, 0)
	if err != nil {
		return nil, err
	}
	panel := func(title string, with, of []float32) chart.Panel {
		p := chart.Panel{Title: title + " at target 0, float32", X: "logit", XMax: tailEdge, XStep: 10}
		lines := []chart.Line{{Name: "BCEWithLogitsLoss", Color: chart.Blue}, {Name: "BCELoss of the sigmoid", Color: chart.Red}}
		for i, x := range logits {
			lines[0].Points = append(lines[0].Points, chart.Point{X: float64(x), Y: float64(with[i])})
			lines[1].Points = append(lines[1].Points, chart.Point{X: float64(x), Y: float64(of[i])})
		}
		p.Lines = lines
		return p
	}
	losses, gradients := panel("loss", both.withLogits, both.losses), panel("gradient in the logit", both.gradientsWith, both.gradients)
	losses.YMax, losses.YStep = tailEdge, 20
	gradients.YMin, gradients.YMax, gradients.YStep = -0.05, 1.05, 0.25
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

// relativeErrors returns the largest relative errors of BCELoss of a sigmoid, in each part of the axis.
func relativeErrors[T loss.Float](target float64) ([]chart.Point, error) {
	logits, exact := make([]T, 2*tailPoints*perPoint), make([]float64, 2*tailPoints*perPoint)
	for i := range logits {
		logits[i] = T(tailEdge * (float64(i)/(tailPoints*perPoint) - 1))
		exact[i] = float64(logits[i])
	}
	both, err := compose(logits, T(target))
	if err != nil {
		return nil, err
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
