package probe

import (
	"fmt"
	"slices"

	"lossproof/internal/claim"
)

// tally counts the cases inside a claim that a word names, quirks too: a port that follows
// none of those that a word names does not do what it says.
type tally struct{ pass, unsupported, wrong int }

// without adds words to a claim, the one that explains most first: those of which nothing
// passes, and then those that the port answers "unsupported" to.
func without(m *Module, items []*item) {
	refusals := tally{}
	for _, it := range items {
		if it.c.Rejection != nil {
			refusals.add(it)
		}
	}
	if refusals.pass == 0 && refusals.unsupported+refusals.wrong > 0 {
		m.leave(claim.Rejections, refusals.why())
	}
	for {
		word, n := next(m, items)
		if word == "" {
			return
		}
		m.leave(word, n.why())
	}
}

func (t *tally) add(it *item) {
	switch {
	case it.passes:
		t.pass++
	case it.refused:
		t.unsupported++
	default:
		t.wrong++
	}
}

// next returns the word that is to go next, "" for none.
func next(m *Module, items []*item) (best string, n tally) {
	counts := map[string]*tally{}
	for _, word := range claim.Words {
		counts[word] = &tally{}
	}
	for _, it := range items {
		if it.c.Rejection != nil || !asksAny(m.Claim, it.c) || claim.Outside(m.Claim, it.c, it.dtypes, it.features) != "" {
			continue
		}
		for _, word := range it.features {
			counts[word].add(it)
		}
	}
	better := func(a, b tally) bool {
		noneA, noneB := a.pass == 0, b.pass == 0
		if noneA != noneB {
			return noneA
		}
		if noneA {
			return a.unsupported+a.wrong > b.unsupported+b.wrong
		}
		// Of those that lose what passes, the one that loses least for what it explains.
		return a.unsupported*b.pass > b.unsupported*a.pass
	}
	for _, word := range claim.Words { // general words come before special ones
		t := *counts[word]
		explains := t.unsupported > 0 || t.pass == 0 && t.wrong > 0
		if explains && (best == "" || better(t, n)) {
			best, n = word, t
		}
	}
	return best, n
}

// why says what keeps a word out of a claim.
func (t tally) why() string {
	reason := fmt.Sprintf("of %d cases %d are answered unsupported, %d are wrong", t.pass+t.unsupported+t.wrong, t.unsupported, t.wrong)
	if t.pass > 0 {
		reason += fmt.Sprintf("; %d pass, which are lost with it", t.pass)
	}
	return reason
}

// leave adds a word, in the order in which claims have them, and says why.
func (m *Module) leave(word, why string) {
	m.Claim.Without = append(m.Claim.Without, word)
	slices.SortFunc(m.Claim.Without, func(a, b string) int { return slices.Index(claim.Words, a) - slices.Index(claim.Words, b) })
	m.Left = append(m.Left, fmt.Sprintf("without %s: %s", word, why))
}
