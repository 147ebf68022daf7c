package main

import (
	"go/parser"
	"go/token"
	"testing"
)

// TestMutationsFitTheCode: what a mutation replaces stands in its file once, and the file still is one of Go.
func TestMutationsFitTheCode(t *testing.T) {
	names := map[string]bool{}
	for _, m := range mutations {
		text, err := m.mutated("../..")
		if err == nil {
			_, err = parser.ParseFile(token.NewFileSet(), m.file, text, 0)
		}
		if err != nil {
			t.Errorf("%s: %v", m.name(), err)
		}
		if m.before == m.after || names[m.name()] {
			t.Errorf("%s: changes nothing, or has the name of another", m.name())
		}
		names[m.name()] = true
	}
}
