// Package resultfile reads the files of results that report.JSON writes.
package resultfile

import (
	"context"
	_ "embed" // the schema
	"fmt"
	"sync"

	"lossproof/internal/infile"
	"lossproof/internal/plain"
	"lossproof/internal/schema"
	"lossproof/judge"
)

//go:embed schemas/result.schema.json
var resultSchema []byte

var compiledResult = sync.OnceValues(func() (*schema.Schema, error) { return schema.Compile(resultSchema) })

// Read reads a result file. It refuses one that is not complete: the run was stopped, or
// is still going on. The error names the file, and the place of what is wrong in it.
func Read(ctx context.Context, name string) (*judge.Result, error) {
	data, err := infile.Read(ctx, name)
	if err != nil {
		return nil, err
	}
	result, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return result, nil
}

// Parse decodes and checks the content of a result file.
func Parse(data []byte) (*judge.Result, error) {
	if len(data) == 0 {
		return nil, fmt.Errorf("the file is empty, want the result of a run that came to its end")
	}
	s, err := compiledResult()
	if err != nil {
		return nil, err
	}
	result := new(judge.Result)
	if err := s.Decode(data, result); err != nil {
		return nil, fmt.Errorf("no result of a run: %w", err)
	}
	plain.All(result)
	for _, name := range []*string{&result.Port.Name, &result.Port.Version, &result.Port.Language, &result.Port.LanguageVersion} {
		*name = plain.Line(*name, plain.Name)
	}
	if lines, modules := len(result.Summary.Verdict), len(result.Summary.Modules); lines != modules {
		return nil, fmt.Errorf("no result of a run: summary: verdict has %d lines and modules has %d, want one line for each module", lines, modules)
	}
	if !result.Complete {
		return nil, fmt.Errorf("the result is not complete: %d of %d cases were judged before the run was stopped", len(result.Cases), result.Selected)
	}
	return result, nil
}
