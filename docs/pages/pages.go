package pages

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"lossproof/fixtures"
)

// Pages are those with figures, relative to the root of the repository.
var Pages = []string{"README.md", "docs/pytorch-vs-exact.md", "docs/semantics.md", "docs/writing-a-port.md"}

// drawings are made by running package loss.
var drawings = map[string]func() ([]byte, error){
	"docs/plots/loss-and-gradient.svg":    LossAndGradient,
	"docs/plots/bceloss-of-a-sigmoid.svg": Tails,
}

// Write writes the figures and drawings of the repository at root anew.
func Write(set *fixtures.Set, root string) error {
	for _, name := range Pages {
		page, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		text, err := Fill(set, string(page))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if text == string(page) {
			continue
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	for name, draw := range drawings {
		svg, err := draw()
		if err != nil {
			return err
		}
		old, _ := os.ReadFile(filepath.Join(root, name))
		if sameDrawing(old, svg) {
			continue
		}
		if err := os.WriteFile(filepath.Join(root, name), svg, 0o644); err != nil {
			return err
		}
	}
	return nil
}

var path = regexp.MustCompile(` d="[^"]*"`)

// sameDrawing reports whether two SVG files say the same and have as many lines. Where the lines run depends on the last
// bits of results, and so on the kernels that a processor has.
func sameDrawing(a, b []byte) bool {
	return bytes.Equal(path.ReplaceAll(a, nil), path.ReplaceAll(b, nil))
}

// Site writes into a folder what is published: the pages of docs, and those that print what the command prints, to
// which the ids of rules lead.
func Site(set *fixtures.Set, root, folder string) error {
	if err := os.CopyFS(folder, os.DirFS(filepath.Join(root, "docs", "plots"))); err != nil && !os.IsExist(err) {
		return err
	}
	rules, err := Rules(set)
	if err != nil {
		return err
	}
	matrix, err := KillMatrix(set)
	if err != nil {
		return err
	}
	resolution, err := Resolution(set)
	if err != nil {
		return err
	}
	faults, err := Faults()
	if err != nil {
		return err
	}
	pages := map[string]string{"rules.md": rules, "kill-matrix.md": matrix, "resolution.md": resolution, "sizes.md": faults}
	names, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		return err
	}
	linked := regexp.MustCompile(`\b(BCEWL|MLSM|BCE|CE)-[A-Z0-9-]+[A-Z0-9]\b`)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		lines := strings.SplitAfter(strings.ReplaceAll(string(text), "](plots/", "]("), "\n")
		for i, line := range lines {
			if strings.HasPrefix(line, "    ") { // code
				continue
			}
			lines[i] = linked.ReplaceAllStringFunc(line, func(id string) string {
				if strings.Contains(line, "`"+id) || !strings.Contains(rules, "\n### "+id+"\n") {
					return id
				}
				return fmt.Sprintf("[%s](rules.md#%s)", id, strings.ToLower(id))
			})
		}
		pages[filepath.Base(name)] = strings.Join(lines, "")
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
