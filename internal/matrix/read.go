package matrix

import (
	"bytes"
	"context"
	_ "embed" // the schema
	"fmt"
	"sync"

	"lossproof/internal/infile"
	"lossproof/internal/plain"
	"lossproof/internal/resultfile"
	"lossproof/internal/schema"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
)

//go:embed row.schema.json
var rowSchema []byte

var compiled = sync.OnceValues(func() (*schema.Schema, error) { return schema.Compile(rowSchema) })

// Parse decodes and checks the content of the file of a row.
func Parse(data []byte) (*Row, error) {
	s, err := compiled()
	if err != nil {
		return nil, err
	}
	r := new(Row)
	if err := s.Decode(data, r); err != nil {
		return nil, fmt.Errorf("no row of the matrix: %w", err)
	}
	plain.All(r)
	return r, nil
}

// ReadAll reads rows, and results of runs, of which those at parity and at exact of one port make one
// row. No two rows have one name.
func ReadAll(ctx context.Context, files []string) ([]*Row, error) {
	var rows []*Row
	type pair struct{ parity, exact *judge.Result }
	pairs := map[ports.Info]*pair{}
	var order []ports.Info
	for _, name := range files {
		data, err := infile.Read(ctx, name)
		if err != nil {
			return nil, err
		}
		if bytes.Contains(data[:min(len(data), 100)], []byte(`"lossproof_matrix"`)) {
			r, err := Parse(data)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			rows = append(rows, r)
			continue
		}
		result, err := resultfile.Parse(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		p := pairs[result.Port]
		if p == nil {
			p = new(pair)
			pairs[result.Port], order = p, append(order, result.Port)
		}
		at := &p.parity
		switch verdict.Level(result.Level) {
		case verdict.Parity:
		case verdict.Exact:
			at = &p.exact
		default:
			return nil, fmt.Errorf("%s: level: got %s, want parity or exact", name, result.Level)
		}
		if *at != nil {
			return nil, fmt.Errorf("%s: it is a second result of %s %s at %s, want one", name, result.Port.Name, result.Port.Version, result.Level)
		}
		*at = result
	}
	for _, port := range order {
		r, err := New(pairs[port].parity, pairs[port].exact)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	names := map[string]bool{}
	for _, r := range rows {
		if names[r.ID()] {
			return nil, fmt.Errorf("two rows have the name %q, want one", r.ID())
		}
		names[r.ID()] = true
	}
	return rows, nil
}
