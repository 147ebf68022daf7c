// Command generate fills the figures of the documentation; run it from the root of the repository. With -site FOLDER it
// writes the site too.
package main

import (
	"flag"
	"fmt"
	"os"

	"lossproof/docs/pages"
	"lossproof/fixtures"
)

func main() {
	site := flag.String("site", "", "write the site into this `folder`")
	flag.Parse()
	if err := generate(*site); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate(site string) error {
	set, err := fixtures.LoadEmbedded()
	if err != nil {
		return err
	}
	if err := pages.Write(set, "."); err != nil || site == "" {
		return err
	}
	return pages.Site(set, ".", site)
}
