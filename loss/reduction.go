package loss

import "fmt"

// Reduction says what becomes of the losses of the elements, samples or rows.
type Reduction int

// The reductions. They differ between the modules; see the package documentation.
const (
	// Mean averages the losses; what it divides by stands with each type. It is the default, as in PyTorch.
	Mean Reduction = iota
	// Sum adds the losses up.
	Sum
	// None keeps them apart.
	None
)

// String returns PyTorch's name of the reduction.
func (r Reduction) String() string {
	switch r {
	case Mean:
		return "mean"
	case Sum:
		return "sum"
	case None:
		return "none"
	}
	return fmt.Sprintf("Reduction(%d)", int(r))
}

// ParseReduction returns the reduction that PyTorch calls s: "mean", "sum" or "none",
// in lower case. Anything else is an [*OptionError], the empty string too, and
// "elementwise_mean", which PyTorch still takes for "mean", with a warning, but in MultiLabelSoftMarginLoss.
func ParseReduction(s string) (Reduction, error) {
	for _, r := range []Reduction{Mean, Sum, None} {
		if s == r.String() {
			return r, nil
		}
	}
	return 0, &OptionError{Option: "reduction", Reason: fmt.Sprintf("got %q, want mean, sum or none", s)}
}

// LegacyReduction returns the reduction that PyTorch's deprecated arguments
// size_average and reduce stand for. A nil argument was not given and counts as true:
//
//	reduce   size_average   reduction
//	false    any            none
//	true     false          sum
//	true     true           mean
//
// In PyTorch either of them, once given, overrides the argument reduction, which is
// then not even validated; so call LegacyReduction if one of the two is not nil, else [ParseReduction].
func LegacyReduction(sizeAverage, reduce *bool) Reduction {
	switch {
	case reduce != nil && !*reduce:
		return None
	case sizeAverage != nil && !*sizeAverage:
		return Sum
	}
	return Mean
}

// check returns an error for a value that is none of the constants.
func (r Reduction) check(module string) error {
	switch r {
	case Mean, Sum, None:
		return nil
	}
	return &OptionError{Module: module, Option: "reduction", Reason: fmt.Sprintf("got %d, want Mean, Sum or None", int(r))}
}
