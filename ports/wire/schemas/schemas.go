// Package schemas has the JSON Schemas of wire protocol 1, one a message, and validates
// messages against them:
//
//	hello.schema.json, run.schema.json, bye.schema.json      the requests
//	description.schema.json, answer.schema.json              the answers to hello and to run
//	tensor.schema.json                                       a tensor in either
//
// They say less than the codec checks (that the bytes fit dtype and shape, that ids come in
// order), and more than it needs: a validator helps whoever writes a port.
package schemas

import (
	"bytes"
	"embed"
	"fmt"
	"path"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// FS holds the schemas.
//
//go:embed *.schema.json
var FS embed.FS

// MaxAnswer is the length of the longest answer that is validated, in bytes: a document in
// memory takes many times that, and the port decides what it is.
const MaxAnswer = 16 << 20

// maxText bounds an error: that of a schema repeats what it found.
const maxText = 1000

// Validator validates messages. It is safe for concurrent use.
type Validator struct {
	schemas map[string]*jsonschema.Schema
}

// Load compiles the schemas.
func Load() (*Validator, error) {
	entries, err := FS.ReadDir(".")
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	ids := map[string]string{}
	for _, entry := range entries {
		data, err := FS.ReadFile(entry.Name())
		if err != nil {
			return nil, err
		}
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
		object, _ := document.(map[string]any)
		id, _ := object["$id"].(string)
		if err := compiler.AddResource(id, document); err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
		ids[strings.TrimSuffix(path.Base(entry.Name()), ".schema.json")] = id
	}
	v := &Validator{schemas: map[string]*jsonschema.Schema{}}
	for name, id := range ids {
		if v.schemas[name], err = compiler.Compile(id); err != nil {
			return nil, fmt.Errorf("%s.schema.json: %w", name, err)
		}
	}
	return v, nil
}

// Request validates a request against the schema of its cmd.
func (v *Validator) Request(line []byte) error {
	document, err := parse(line)
	if err != nil {
		return err
	}
	cmd := document["cmd"]
	switch cmd {
	case "hello", "run", "bye":
		return v.validate(cmd.(string), document)
	}
	return fmt.Errorf("cmd: got %v, want hello, run or bye", cmd)
}

// Answer validates an answer: one with an id against the schema of answers to run, any
// other against that of answers to hello.
func (v *Validator) Answer(line []byte) error {
	if len(line) > MaxAnswer {
		return fmt.Errorf("the line has %d bytes, at most %d can be validated", len(line), MaxAnswer)
	}
	document, err := parse(line)
	if err != nil {
		return err
	}
	if _, ok := document["id"]; ok {
		return v.validate("answer", document)
	}
	return v.validate("description", document)
}

func parse(line []byte) (map[string]any, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err != nil {
		return nil, err
	}
	object, ok := document.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("got %T, want an object", document)
	}
	return object, nil
}

func (v *Validator) validate(name string, document map[string]any) error {
	err := v.schemas[name].Validate(document)
	if err == nil {
		return nil
	}
	text := err.Error()
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return fmt.Errorf("%s.schema.json: %s", name, text)
}
