package divergence

import (
	"lossproof/judge/verdict"
	"lossproof/ports"
)

// options are mistakes in what the constructor's options mean.
func options() []*Divergence {
	// accepting keeps what a module accepts, and changes what it means.
	accepting := func(meaning func(o ports.Options, right string) string) func(*definition) {
		return func(d *definition) {
			before := d.reduction
			d.reduction = func(o ports.Options) (string, bool) {
				reduction, ok := before(o)
				if !ok {
					return "", false
				}
				return meaning(o, reduction), true
			}
		}
	}
	given := func(o ports.Options, otherwise string) string {
		if o.Reduction != nil {
			return *o.Reduction
		}
		return otherwise
	}
	const legacy = "size_average or reduce, once given, override reduction: reduce=False is 'none', else size_average=False is 'sum', else 'mean'"
	return []*Divergence{
		{
			Name: "legacy-flags-ignored", Modules: every, rule: "LEGACY-REDUCTION", Level: verdict.Parity,
			Title: "size_average and reduce are accepted and ignored.",
			Why:   "They are deprecated, and the port keeps them for their position alone.",
			Right: legacy,
			vary: accepting(func(o ports.Options, _ string) string {
				reduction, ok := resolve(ports.Options{Reduction: o.Reduction}, "none", "mean", "sum")
				if !ok {
					return "mean"
				}
				return reduction
			}),
		},
		{
			Name: "legacy-reduction-wins", Modules: every, rule: "LEGACY-REDUCTION", Level: verdict.Parity,
			Title: "A given reduction overrides size_average and reduce.",
			Why:   "The newer argument is expected to win over the deprecated ones.",
			Right: legacy,
			vary: accepting(func(o ports.Options, right string) string {
				return given(o, right)
			}),
		},
		{
			Name: "legacy-size-average-first", Modules: every, rule: "LEGACY-REDUCTION", Level: verdict.Parity,
			Title: "size_average is looked at before reduce: size_average=False is 'sum' also with reduce=False.",
			Why:   "The flags are read in the order of the signature.",
			Right: legacy,
			vary: accepting(func(o ports.Options, right string) string {
				if o.SizeAverage != nil && !*o.SizeAverage {
					return "sum"
				}
				return right
			}),
		},
		{
			Name: "legacy-reduce-alone-is-none", Modules: every, rule: "LEGACY-REDUCTION", Level: verdict.Parity,
			Title: "reduce=True does not average: it is 'sum' unless size_average=True is given.",
			Why:   "An absent flag is taken for false.",
			Right: legacy,
			vary: accepting(func(o ports.Options, right string) string {
				if o.Reduce != nil && *o.Reduce && o.SizeAverage == nil {
					return "sum"
				}
				return right
			}),
		},
	}
}
