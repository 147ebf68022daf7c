// Package pages writes the generated parts of the documentation from the fixtures, so that
// no number in them is typed by hand. A test fails when a committed page is stale; `make docs` writes
// them anew.
package pages

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"lossproof/docs/pages/semantics"
	"lossproof/fixtures"
)

// Page is a generated file, or a generated section of one.
type Page struct {
	// Path is relative to the root of the repository.
	Path string
	// Section, if set, names the markers between which the text stands:
	// <!-- generated: Section --> and <!-- end of Section -->.
	Section string
	Render  func(*fixtures.Set) ([]byte, error)
	// Comparable, if set, strips from the page what differs between machines, before two are compared.
	Comparable func([]byte) []byte
	// Equal, if set, compares two versions in place of bytes.Equal.
	Equal func(a, b []byte) bool
	// Elsewhere says that the test of another package, which has to compute the same anyway, holds the page fresh.
	Elsewhere bool
}

// All lists every generated page.
var All = []Page{
	{Path: "README.md", Section: "transcript", Render: Transcript, Comparable: withoutMachine},
	{Path: "README.md", Section: "differences", Render: Differences},
	{Path: "docs/pytorch-vs-exact.md", Render: PyTorchVsExact},
	{Path: "docs/rules.md", Render: Rules},
	{Path: "docs/semantics.md", Render: semantics.Page},
	{Path: "docs/plots/loss-and-gradient.svg", Render: semantics.LossAndGradient, Equal: sameDrawing},
	{Path: "docs/plots/bceloss-of-a-sigmoid.svg", Render: semantics.Tails, Equal: sameDrawing},
	killMatrix,
}

// killMatrix is held fresh by internal/divergence/mutants.
var killMatrix = Page{Path: KillMatrixPath, Render: KillMatrix, Elsewhere: true}

// Same reports whether two versions of the page say the same.
func (p Page) Same(a, b []byte) bool {
	if p.Comparable != nil {
		a, b = p.Comparable(a), p.Comparable(b)
	}
	if p.Equal != nil {
		return p.Equal(a, b)
	}
	return bytes.Equal(a, b)
}

// Content returns what the file should contain; root is the root of the repository.
func (p Page) Content(set *fixtures.Set, root string) ([]byte, error) {
	text, err := p.Render(set)
	if err != nil || p.Section == "" {
		return text, err
	}
	file, err := os.ReadFile(filepath.Join(root, p.Path))
	if err != nil {
		return nil, err
	}
	start, end := fmt.Sprintf("<!-- generated: %s -->\n", p.Section), fmt.Sprintf("<!-- end of %s -->\n", p.Section)
	before, rest, ok := bytes.Cut(file, []byte(start))
	_, after, found := bytes.Cut(rest, []byte(end))
	if !ok || !found {
		return nil, fmt.Errorf("%s: found no section between %q and %q", p.Path, start, end)
	}
	return bytes.Join([][]byte{before, []byte(start), text, []byte(end), after}, nil), nil
}
