package pages_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
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

// TestMeasuredPartsAreThere: what a measurement writes between two markers was measured.
func TestMeasuredPartsAreThere(t *testing.T) {
	marker := regexp.MustCompile(`(?m)^<!-- (.*): begin -->$`)
	for page, least := range map[string]int{"accuracy.md": 2, "performance.md": 2} {
		text, err := os.ReadFile(filepath.Join("..", page))
		if err != nil {
			t.Fatal(err)
		}
		parts := marker.FindAllStringSubmatch(string(text), -1)
		if len(parts) < least {
			t.Errorf("%s: found %d parts, want at least %d", page, len(parts), least)
		}
		for _, part := range parts {
			begin, end := "<!-- "+part[1]+": begin -->\n", "<!-- "+part[1]+": end -->\n"
			_, content, _ := strings.Cut(string(text), begin)
			content, _, found := strings.Cut(content, end)
			if !found || !strings.Contains(content, "\n|") {
				t.Errorf("%s: the part %s has no table", page, part[1])
			}
		}
	}
}
