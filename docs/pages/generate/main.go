// Command generate writes the generated documentation; run it from the root of the
// repository. With arguments it writes only the files of those paths.
package main

import (
	"fmt"
	"os"
	"slices"

	"lossproof/docs/pages"
	"lossproof/fixtures"
)

func main() {
	if err := generate(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate(paths []string) error {
	for _, path := range paths {
		if !slices.ContainsFunc(pages.All, func(p pages.Page) bool { return p.Path == path }) {
			return fmt.Errorf("%s is not a generated page", path)
		}
	}
	set, err := fixtures.LoadEmbedded()
	if err != nil {
		return err
	}
	for _, page := range pages.All {
		if len(paths) > 0 && !slices.Contains(paths, page.Path) {
			continue
		}
		content, err := page.Content(set, ".")
		if err != nil {
			return err
		}
		if err := os.WriteFile(page.Path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
