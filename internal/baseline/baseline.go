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
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"lossproof/internal/schema"
	"lossproof/judge"
	"lossproof/judge/verdict"
)

// Baseline is the content of a baseline file.
type Baseline struct {
	Level verdict.Level `json:"level"`
	// Fixtures is the version of the fixtures.
	Fixtures string                 `json:"fixtures"`
	Claim    map[string]judge.Claim `json:"claim"`
	// Asked is the number of outputs that the claim asks for, of all cases.
	Asked int `json:"asked"`
	// Known are sorted by id, which is unique.
	Known []Entry `json:"known"`
}

// Entry is one known failure.
type Entry struct {
	// ID is that of an output, case#output, or of a case that is a rejection.
	ID      string        `json:"id"`
	Outcome judge.Outcome `json:"outcome"`
	// Reason says why the port fails; empty until somebody has found out.
	Reason string `json:"reason"`
}

//go:embed baseline.schema.json
var schemaText []byte

var compiled = sync.OnceValues(func() (*schema.Schema, error) { return schema.Compile(schemaText) })

// Read reads a baseline file. The error names the file and the place.
func Read(name string) (*Baseline, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	b, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("baseline %s: %w", name, err)
	}
	return b, nil
}

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
	b.sort()
	for i := range b.Known {
		b.Known[i].Reason = strings.TrimSpace(b.Known[i].Reason)
		if i > 0 && b.Known[i].ID == b.Known[i-1].ID {
			return nil, fmt.Errorf("two entries have the id %q, want one", b.Known[i].ID)
		}
	}
	return b, nil
}

func (b *Baseline) sort() {
	slices.SortFunc(b.Known, func(x, y Entry) int { return strings.Compare(x.ID, y.ID) })
}

// Write writes the file, whole or not at all.
func (b *Baseline) Write(name string) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(b); err != nil {
		return fmt.Errorf("baseline: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return fmt.Errorf("baseline: %w", err)
	}
	temporary := file.Name()
	_, err = file.Write(text.Bytes())
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Chmod(temporary, 0o644)
	}
	if err == nil {
		err = os.Rename(temporary, name)
	}
	if err != nil {
		_ = os.Remove(temporary) // what failed before is what there is to say
		return fmt.Errorf("baseline: %w", err)
	}
	return nil
}

// ForJudge returns the entries as the judge takes them.
func (b *Baseline) ForJudge() judge.Baseline {
	known := make(judge.Baseline, len(b.Known))
	for _, entry := range b.Known {
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
