// Package baseline holds what a port is known to fail, so that a run tells what is new.
//
// A baseline records the level, the claim, the version of the fixtures and the number of
// outputs that the claim asks for: a port cannot become green by claiming less. An entry
// covers one output and one outcome. It only shrinks, unless somebody says that entries
// are to be added.
package baseline

import (
	"bytes"
	_ "embed" // the schema
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"lossproof/fixtures"
	"lossproof/internal/schema"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
)

// Baseline is the content of a baseline file.
type Baseline struct {
	Level verdict.Level `json:"level"`
	// Fixtures is the version of the fixtures.
	Fixtures string                 `json:"fixtures"`
	Claim    map[string]ports.Claim `json:"claim"`
	// Asked is the number of outputs that the claim asks for, of all cases.
	Asked int `json:"asked"`
	// Known are sorted by id, which is unique.
	Known Entries `json:"known"`
}

// Entry is one known failure.
type Entry struct {
	// ID is that of an output, case#output, or of a check without outputs, a rejection or a relation; or a
	// pattern of such ids.
	ID      string
	Outcome judge.Outcome
	// Reason says why the port fails; empty until somebody has found out.
	Reason string
}

// Entries are known failures. A file groups their ids by reason and outcome.
type Entries []Entry

// group is the form of entries in a file; one entry, with ID in place of IDs, in files of before.
type group struct {
	Reason  string        `json:"reason"`
	Outcome judge.Outcome `json:"outcome"`
	ID      string        `json:"id,omitempty"`
	// Patterns have all that they match: see [Entry.IsPattern].
	Patterns []string `json:"patterns,omitempty"`
	IDs      []string `json:"ids,omitempty"`
}

// MarshalJSON implements [json.Marshaler]. Groups come in the order of their first ids.
func (e Entries) MarshalJSON() ([]byte, error) {
	groups := []*group{}
	type key struct {
		reason  string
		outcome judge.Outcome
	}
	byKey := map[key]*group{}
	for _, entry := range e {
		k := key{entry.Reason, entry.Outcome}
		g, ok := byKey[k]
		if !ok {
			g = &group{Reason: entry.Reason, Outcome: entry.Outcome}
			groups, byKey[k] = append(groups, g), g
		}
		if entry.IsPattern() {
			g.Patterns = append(g.Patterns, entry.ID)
		} else {
			g.IDs = append(g.IDs, entry.ID)
		}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(groups)
	return text.Bytes(), err
}

// UnmarshalJSON implements [json.Unmarshaler].
func (e *Entries) UnmarshalJSON(data []byte) error {
	var groups []group
	if err := json.Unmarshal(data, &groups); err != nil {
		return err
	}
	*e = Entries{}
	for _, g := range groups {
		if g.ID != "" {
			g.IDs = append(g.IDs, g.ID)
		}
		for _, id := range append(g.IDs, g.Patterns...) {
			*e = append(*e, Entry{id, g.Outcome, strings.TrimSpace(g.Reason)})
		}
	}
	slices.SortFunc(*e, func(x, y Entry) int { return strings.Compare(x.ID, y.ID) })
	return nil
}

//go:embed baseline.schema.json
var schemaText []byte

var compiled = sync.OnceValues(func() (*schema.Schema, error) { return schema.Compile(schemaText) })

// Parse decodes and checks the content of a baseline file.
func Parse(data []byte) (*Baseline, error) {
	s, err := compiled()
	if err != nil {
		return nil, err
	}
	b := new(Baseline)
	if err := s.Decode(data, b); err != nil {
		return nil, err
	}
	for i := range b.Known {
		if i > 0 && b.Known[i].ID == b.Known[i-1].ID {
			return nil, fmt.Errorf("two entries have the id %q, want one", b.Known[i].ID)
		}
	}
	return b, nil
}

// Encode returns the content of a baseline file.
func (b *Baseline) Encode() ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(b)
	return text.Bytes(), err
}

// ForJudge returns the entries as the judge takes them, one for each id of the fixtures.
func (b *Baseline) ForJudge(set *fixtures.Set) judge.Baseline {
	known := make(judge.Baseline, len(b.Known))
	entries := b.Known
	if slices.ContainsFunc(entries, Entry.IsPattern) {
		entries = entries.expand(allIDs(set))
	}
	for _, entry := range entries {
		known[entry.ID] = judge.Known{Outcome: entry.Outcome, Reason: entry.Reason}
	}
	return known
}

// withoutReason returns the ids of the entries that have no reason.
func (b *Baseline) withoutReason() []string {
	var ids []string
	for _, entry := range b.Known {
		if entry.Reason == "" {
			ids = append(ids, entry.ID)
		}
	}
	return ids
}
