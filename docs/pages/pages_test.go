package pages_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossproof/docs/pages"
	"lossproof/fixtures"
)

func TestPagesAreFresh(t *testing.T) {
	set, err := fixtures.LoadEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join("..", "..")
	for _, page := range pages.All {
		if page.Elsewhere {
			continue
		}
		t.Run(page.Path+" "+page.Section, func(t *testing.T) {
			want, err := page.Content(set, root)
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(root, page.Path))
			if err != nil {
				t.Fatal(err)
			}
			if !page.Same(want, got) {
				t.Errorf("%s is stale, run `make docs` (-want +got):\n%s", page.Path, cmp.Diff(string(want), string(got)))
			}
		})
	}
}
