// Package schema decodes JSON files that a JSON Schema describes.
package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"lossproof/internal/strictjson"
)

// Schema is a compiled JSON Schema.
type Schema struct {
	compiled *jsonschema.Schema
}

// Compile compiles the text of a schema. The error is for whoever wrote it.
func Compile(text []byte) (*Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	const name = "schema.json"
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(name, document); err != nil {
		return nil, err
	}
	compiled, err := compiler.Compile(name)
	if err != nil {
		return nil, err
	}
	return &Schema{compiled}, nil
}

// maxProblems bounds what an error lists.
const maxProblems = 10

// Decode checks a document against the schema and decodes it into value. The error names
// the place of every problem, or of the first ones.
func (s *Schema) Decode(data []byte, value any) error {
	if err := strictjson.Check(data); err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	if err := s.compiled.Validate(document); err != nil {
		return describe(err)
	}
	return json.Unmarshal(data, value)
}

// describe lists the problems of a validation, one a line, without the names of schemas.
func describe(err error) error {
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return err
	}
	var lines []string
	for line := range strings.SplitSeq(invalid.Error(), "\n") {
		if problem, ok := strings.CutPrefix(strings.TrimSpace(line), "- "); ok {
			lines = append(lines, problem)
		}
	}
	if len(lines) == 0 {
		return err
	}
	if more := len(lines) - maxProblems; more > 0 {
		lines = append(lines[:maxProblems], fmt.Sprintf("and %d more", more))
	}
	return errors.New(strings.Join(lines, "\n"))
}
