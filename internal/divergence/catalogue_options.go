package divergence

import (
	"lossproof/internal/definition"
	"lossproof/ports"
)

// options are mistakes in what the constructor's options mean.
func options() []*Divergence {
	const legacy = "size_average or reduce, once given, override reduction: reduce=False is 'none', else size_average=False is 'sum', else 'mean'"
	return []*Divergence{
		{Name: "legacy-flags-ignored", Modules: every, rule: "LEGACY-REDUCTION",
			Title: "size_average and reduce are accepted and ignored.",
			Why:   "They are deprecated, and the port keeps them for their position alone.",
			Right: legacy,
			vary: accepting(func(o ports.Options, _ string) string {
				if reduction, ok := definition.Resolve(ports.Options{Reduction: o.Reduction}, "none", "mean", "sum"); ok {
					return reduction
				}
				return "mean"
			})},
		{Name: "legacy-reduction-wins", Modules: every, rule: "LEGACY-REDUCTION",
			Title: "A given reduction overrides size_average and reduce.",
			Why:   "The newer argument is expected to win over the deprecated ones.",
			Right: legacy,
			vary: accepting(func(o ports.Options, right string) string {
				if o.Reduction != nil {
					return *o.Reduction
				}
				return right
			})},
		{Name: "legacy-size-average-first", Modules: every, rule: "LEGACY-REDUCTION",
			Title: "size_average is looked at before reduce: size_average=False is 'sum' also with reduce=False.",
			Why:   "The flags are read in the order of the signature.",
			Right: legacy,
			vary: accepting(func(o ports.Options, right string) string {
				if o.SizeAverage != nil && !*o.SizeAverage {
					return "sum"
				}
				return right
			})},
		{Name: "legacy-reduce-alone-is-none", Modules: every, rule: "LEGACY-REDUCTION",
			Title: "reduce=True does not average: it is 'sum' unless size_average=True is given.",
			Why:   "An absent flag is taken for false.",
			Right: legacy,
			vary: accepting(func(o ports.Options, right string) string {
				if o.Reduce != nil && *o.Reduce && o.SizeAverage == nil {
					return "sum"
				}
				return right
			})},
	}
}
