package loss_test

import (
	"errors"
	"testing"

	"lossproof/loss"
)

func TestParseReduction(t *testing.T) {
	for _, want := range reductions {
		if got, err := loss.ParseReduction(want.String()); err != nil || got != want {
			t.Errorf("%q: got %v, %v", want.String(), got, err)
		}
	}
	for _, s := range []string{"", "Mean", "MEAN", " mean", "batchmean", "elementwise_mean", "max", "Reduction(3)", "0"} {
		_, err := loss.ParseReduction(s)
		var optionError *loss.OptionError
		if !errors.As(err, &optionError) || optionError.Option != "reduction" {
			t.Errorf("%q: got error %v, want an *OptionError about reduction", s, err)
		}
	}
	var zero loss.Reduction
	if zero != loss.Mean {
		t.Errorf("the zero Reduction is %v, want mean", zero)
	}
}

func TestLegacyReduction(t *testing.T) {
	yes, no := new(bool), new(bool)
	*yes = true
	tests := []struct {
		sizeAverage, reduce *bool
		want                loss.Reduction
	}{
		{nil, nil, loss.Mean}, {nil, yes, loss.Mean}, {nil, no, loss.None},
		{yes, nil, loss.Mean}, {yes, yes, loss.Mean}, {yes, no, loss.None},
		{no, nil, loss.Sum}, {no, yes, loss.Sum}, {no, no, loss.None},
	}
	for i, test := range tests {
		if got := loss.LegacyReduction(test.sizeAverage, test.reduce); got != test.want {
			t.Errorf("row %d: got %v, want %v", i, got, test.want)
		}
	}
}

func TestOptionErrors(t *testing.T) {
	x := loss.Vector(1.0)
	_, bceErr := loss.BCEWithLogitsLoss[float64]{Reduction: 3}.Forward(x, x)
	_, multiErr := loss.MultiLabelSoftMarginLoss[float64]{Reduction: -1}.GradInput(x, x, nil)
	_, weightErr := loss.MultiLabelSoftMarginLoss[float64]{}.GradWeight(x, x, nil)
	for _, test := range []struct {
		err    error
		option string
	}{{bceErr, "reduction"}, {multiErr, "reduction"}, {weightErr, "weight"}} {
		var optionError *loss.OptionError
		if !errors.As(test.err, &optionError) || optionError.Option != test.option {
			t.Errorf("got error %v, want an *OptionError about %s", test.err, test.option)
		}
	}
}
