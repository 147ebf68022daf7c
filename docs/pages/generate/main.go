// Command generate writes the generated documentation; run it from the root of the repository.
package main

import (
	"fmt"
	"os"

	"lossproof/docs/pages"
	"lossproof/fixtures"
)

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate() error {
	set, err := fixtures.LoadEmbedded()
	if err != nil {
		return err
	}
	for _, page := range pages.All {
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
