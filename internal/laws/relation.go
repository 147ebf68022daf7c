package laws

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"lossproof/fixtures"
	"lossproof/internal/outline"
	"lossproof/ports"
)

// Topic is the part of an id that relations have in place of a topic of cases.
const Topic = "relations"

// Inputs says in words what all relations are checked on.
const Inputs = `float32 and float64; BCEWithLogitsLoss and BCELoss: one to four dimensions, MultiLabelSoftMarginLoss and CrossEntropyLoss: (N, C); 1 to 297 elements;
logits from -60 to 60, in place of which BCELoss has the sigmoids of logits from -12 to 12, where the domain names no others; targets hard, or
multiples of 1/1024 from 0 to 1; class probabilities multiples of 1/1024 that add to 1; weight and pos_weight multiples of 1/1024 from 1/64 to 16; label_smoothing multiples of 1/8;
upstream gradients multiples of 1/1024 of magnitude from 1/64 to 8`

// law is all there is to say about a law, of all modules that it holds of.
type law struct {
	// name is the last part of its ids.
	name string
	// says is the statement, why its basis: documented by PyTorch, or derived from the formula.
	says, why  string
	documented bool
	// page is the module whose page documents it, "" the module itself.
	page string
	// should says that a port may decide otherwise.
	should bool
	// tolerance says in words how far two sides may be apart; "" is compared.
	tolerance string
	of        []ofModule

	// calls makes the calls of a sample, none where the law says nothing about it; holds are the
	// equations between their answers.
	calls func(module string, s *sample) []call
	holds func(module string, s *sample, a []answer) []equation
}

// ofModule is a law of one module: on which of [Inputs] it is checked, and what is said in other words than
// of other modules.
type ofModule struct{ module, domain, says, why, tolerance string }

// compared is the tolerance of most laws.
const compared = "the sum of what is allowed of the compared answers"

// Relation is a law of one module.
type Relation struct {
	outline.Check
	law *law
}

// All returns the relations, in the order of their ids.
var All = sync.OnceValue(func() []*Relation {
	var relations []*Relation
	for _, l := range slices.Concat(elementLaws, probabilityLaws, rowLaws) {
		for _, of := range l.of {
			relations = append(relations, l.relation(of))
		}
	}
	slices.SortFunc(relations, func(a, b *Relation) int { return strings.Compare(a.ID, b.ID) })
	return relations
})

func (l law) relation(of ofModule) *Relation {
	r := &Relation{outline.New(ports.ModuleOf(of.module), Topic, l.name, "LAW", "relation", cmp.Or(of.says, l.says), cmp.Or(of.why, l.why)), &l}
	r.Inputs, r.Domain, r.Tolerance = Inputs, of.domain, cmp.Or(of.tolerance, l.tolerance, compared)
	if l.page != "" {
		r.Rule.Basis.Link = outline.Page(l.page)
	}
	if l.documented {
		r.Rule.Basis.Kind = "documented"
	}
	if l.should {
		r.Rule.Requirement = fixtures.Should
	}
	return r
}
