package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
)

// readCoefficients returns the arrays of a Go file by name, these among them. Each is a variable with a literal of
// numbers.
func readCoefficients(path string, wanted ...string) (map[string][]float64, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		return nil, err
	}
	arrays := map[string][]float64{}
	for _, declaration := range file.Decls {
		general, ok := declaration.(*ast.GenDecl)
		if !ok || general.Tok != token.VAR {
			continue
		}
		for _, spec := range general.Specs {
			value := spec.(*ast.ValueSpec)
			literal, ok := value.Values[0].(*ast.CompositeLit)
			if !ok {
				return nil, fmt.Errorf("%s: %s is not an array literal", path, value.Names[0].Name)
			}
			numbers := make([]float64, len(literal.Elts))
			for i, element := range literal.Elts {
				sign := 1.0
				if unary, ok := element.(*ast.UnaryExpr); ok {
					element, sign = unary.X, -1
				}
				basic, ok := element.(*ast.BasicLit)
				if !ok {
					return nil, fmt.Errorf("%s: %s[%d] is not a number", path, value.Names[0].Name, i)
				}
				if numbers[i], err = strconv.ParseFloat(basic.Value, 64); err != nil {
					return nil, fmt.Errorf("%s: %s[%d]: %w", path, value.Names[0].Name, i, err)
				}
				numbers[i] *= sign
			}
			arrays[value.Names[0].Name] = numbers
		}
	}
	for _, name := range wanted {
		if len(arrays[name]) == 0 {
			return nil, fmt.Errorf("%s: found no %s", path, name)
		}
	}
	return arrays, nil
}
