package probe

import (
	"fmt"
	"slices"

	"lossproof/internal/claim"
	"lossproof/tensor"
)

// A part of a claim is not to be relied on where this share of its cases is wrong, of this many at least,
// and the other cases are wrong far less often: elsewhere the port is right, and here it is not.
const (
	unreliable = 1.0 / 3
	farLess    = 1.0 / 4
	enough     = 12
)

// ranks are the words for numbers of dimensions.
var ranks = []string{claim.Rank0, claim.Rank1, claim.Rank3}

// parts leaves the dtypes and ranks out that are wrong where the rest is right, the worst first.
func parts(m *Module, items []*item) {
	for {
		leave, worst := func() {}, unreliable
		consider := func(names func(*item) bool, leaves func(in, rest wrongs)) {
			in, rest := m.wrongs(items, names)
			if in.of < enough || rest.of < enough || in.share() < worst || rest.share() > farLess*in.share() {
				return
			}
			leave, worst = func() { leaves(in, rest) }, in.share()
		}
		if len(m.Claim.DTypes) > 1 {
			for _, dtype := range m.Claim.DTypes {
				consider(func(it *item) bool { return it.dtypes[0] == dtype }, func(in, rest wrongs) { m.leaveDType(dtype, in, rest) })
			}
		}
		for _, word := range ranks {
			consider(func(it *item) bool { return slices.Contains(it.features, word) }, func(in, rest wrongs) { m.leave(word, compared(in, rest)) })
		}
		if worst == unreliable {
			return
		}
		leave()
	}
}

// wrongs counts cases, and those of them that are wrong.
type wrongs struct{ wrong, of int }

func (w wrongs) share() float64 { return float64(w.wrong) / float64(max(w.of, 1)) }

// wrongs counts the cases inside the claim that gate: those that a part names, and the rest. A refusal
// takes no computing.
func (m *Module) wrongs(items []*item, names func(*item) bool) (in, rest wrongs) {
	for _, it := range items {
		if !it.gates || it.c.Rejection != nil || !asksAny(m.Claim, it.c) || claim.Outside(m.Claim, it.c, it.dtypes, it.features) != "" {
			continue
		}
		to := &rest
		if names(it) {
			to = &in
		}
		if to.of++; !it.passes {
			to.wrong++
		}
	}
	return in, rest
}

func (m *Module) leaveDType(dtype tensor.DType, in, rest wrongs) {
	m.Claim.DTypes = slices.DeleteFunc(slices.Clone(m.Claim.DTypes), func(d tensor.DType) bool { return d == dtype })
	m.Left = append(m.Left, fmt.Sprintf("%s: %s", dtype, compared(in, rest)))
}

func compared(in, rest wrongs) string {
	return fmt.Sprintf("%d of %d cases are wrong, and %d of %d others", in.wrong, in.of, rest.wrong, rest.of)
}
