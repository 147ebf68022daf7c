package laws

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"path"
	"sync"

	"lossproof/fixtures"
)

// Topic is the part of an id that relations have in place of a topic of cases.
const Topic = "relations"

// Inputs says in words what all relations are checked on.
const Inputs = `float32 and float64; BCEWithLogitsLoss and BCELoss: one to four dimensions, MultiLabelSoftMarginLoss and CrossEntropyLoss: (N, C); 1 to 297 elements;
logits from -60 to 60, in place of which BCELoss has the sigmoids of logits from -12 to 12, where the domain names no others; targets hard, or
multiples of 1/1024 from 0 to 1; class probabilities multiples of 1/1024 that add to 1; weight and pos_weight multiples of 1/1024 from 1/64 to 16; label_smoothing multiples of 1/8;
upstream gradients multiples of 1/1024 of magnitude from 1/64 to 8`

// Relation is a law of one module.
type Relation struct {
	// ID is a path, as that of a case: BCEWithLogitsLoss/relations/symmetry.
	ID string
	// Rule is what the law says, and why; its evidence is "relation".
	Rule fixtures.Rule
	// Since is the version of the fixtures that the relation came with.
	Since string
	// Domain and Tolerance say in words on which inputs it is checked (of those of [Inputs]),
	// and how far the two sides may be apart.
	Domain, Tolerance string

	law law
}

//go:embed relations.json
var document []byte

// All returns the relations, in the order of their ids.
var All = sync.OnceValue(func() []*Relation {
	relations, err := read(document)
	if err != nil {
		panic("relations.json: " + err.Error()) // it is part of the program
	}
	return relations
})

// ByID returns the relation with an id.
func ByID(id string) (*Relation, bool) {
	for _, r := range All() {
		if r.ID == id {
			return r, true
		}
	}
	return nil, false
}

// ByRule returns the relation that shows a rule.
func ByRule(rule string) (*Relation, bool) {
	for _, r := range All() {
		if r.Rule.ID == rule {
			return r, true
		}
	}
	return nil, false
}

func read(data []byte) ([]*Relation, error) {
	var document struct {
		Relations []struct {
			ID          string               `json:"id"`
			Rule        string               `json:"rule"`
			Module      string               `json:"module"`
			Since       string               `json:"since"`
			Statement   string               `json:"statement"`
			Requirement fixtures.Requirement `json:"requirement"`
			Domain      string               `json:"domain"`
			Tolerance   string               `json:"tolerance"`
			Basis       struct {
				Kind string `json:"kind"`
				Text string `json:"text"`
				Link string `json:"link"`
			} `json:"basis"`
		} `json:"relations"`
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&document); err != nil {
		return nil, err
	}
	var relations []*Relation
	for _, d := range document.Relations {
		law, ok := laws[path.Base(d.ID)]
		if !ok {
			return nil, fmt.Errorf("%s: there is no law %q", d.ID, path.Base(d.ID))
		}
		relations = append(relations, &Relation{
			ID: d.ID, Since: d.Since, Domain: d.Domain, Tolerance: d.Tolerance, law: law,
			Rule: fixtures.Rule{
				ID: d.Rule, Module: d.Module, Statement: d.Statement, Requirement: d.Requirement, Evidence: "relation",
				Basis: fixtures.Basis(d.Basis),
			},
		})
	}
	return relations, nil
}
