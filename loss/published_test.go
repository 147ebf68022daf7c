package loss_test

import (
	"math"
	"testing"

	"lossproof/loss"
)

// TestPublishedTable compares with the table of a blog post, which prints logits and losses
// with four digits. A logit that was rounded by 5e-5 moves its loss by |σ(x)-t|·5e-5, and
// the print of the loss is off by another 5e-5.
func TestPublishedTable(t *testing.T) {
	input, target := exampleTable()
	published := []float64{
		1.1355, 0.4276, 0.1459, 0.4661, 1.0546,
		0.6567, 0.8464, 2.4118, 1.5123, 1.3385,
		0.4097, 0.6746, 1.6742, 0.5797, 0.5139,
	}
	publishedMulti := []float64{0.6460, 1.3531, 0.7704}
	value, err := loss.BCEWithLogitsLoss[float64]{Reduction: loss.None}.Forward(input, target)
	if err != nil {
		t.Fatal(err)
	}
	multi, err := loss.MultiLabelSoftMarginLoss[float64]{Reduction: loss.None}.Forward(input, target)
	if err != nil {
		t.Fatal(err)
	}
	rowTolerance := make([]float64, 3)
	for i, want := range published {
		slope := math.Abs(1/(1+math.Exp(-input.Data[i])) - target.Data[i])
		rowTolerance[i/5] += slope * 5e-5 / 5
		if tolerance := slope*5e-5 + 5e-5; math.Abs(value.Data[i]-want) > tolerance {
			t.Errorf("BCEWithLogitsLoss[%d]: got %.6f, published %.4f", i, value.Data[i], want)
		}
	}
	for i, want := range publishedMulti {
		if math.Abs(multi.Data[i]-want) > rowTolerance[i]+5e-5 {
			t.Errorf("MultiLabelSoftMarginLoss[%d]: got %.6f, published %.4f", i, multi.Data[i], want)
		}
	}
	for name, reduction := range map[string]func() (loss.Tensor[float64], error){
		"BCEWithLogitsLoss": func() (loss.Tensor[float64], error) {
			return loss.BCEWithLogitsLoss[float64]{}.Forward(input, target)
		},
		"MultiLabelSoftMarginLoss": func() (loss.Tensor[float64], error) {
			return loss.MultiLabelSoftMarginLoss[float64]{}.Forward(input, target)
		},
	} {
		mean, err := reduction()
		if err != nil || math.Abs(mean.Data[0]-0.9232) > 1e-4 {
			t.Errorf("%s mean: got %v (error %v), published 0.9232", name, mean.Data, err)
		}
	}
}
