package semantics_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lossproof/docs/pages/semantics"
	"lossproof/fixtures"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/ports/builtin"
)

func load(t *testing.T) (*fixtures.Set, string) {
	t.Helper()
	set, err := fixtures.LoadEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	page, err := semantics.Page(set)
	if err != nil {
		t.Fatal(err)
	}
	return set, string(page)
}

// TestNoFiguresInTheProse looks for figures that were typed: a decimal fraction, an exponent, or three digits.
func TestNoFiguresInTheProse(t *testing.T) {
	prose, err := os.ReadFile("semantics.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	// Constants of PyTorch's definition, and the number of a pull request.
	allowed := []string{"-100", "1e-12", "9965", "#9965"}
	typed := regexp.MustCompile(`[-#]?[0-9]*\.[0-9]+|[0-9]e[-+]?[0-9]+|[-#]?[0-9]{3,}`)
	for i, line := range strings.Split(string(prose), "\n") {
		line = regexp.MustCompile(`{{[^}]*}}`).ReplaceAllString(line, "")
		for _, figure := range typed.FindAllString(line, -1) {
			if !slices.Contains(allowed, figure) {
				t.Errorf("line %d: %q was typed, want an action that computes it", i+1, figure)
			}
		}
	}
}

// TestPublishedFigures: every figure that the post prints, and every logit, is on the page.
func TestPublishedFigures(t *testing.T) {
	set, page := load(t)
	figures := 0
	find := func(id string, values []float64) {
		for _, v := range values {
			figures++
			if text := fmt.Sprintf("%.4f", v); !strings.Contains(page, " "+text+" ") && !strings.Contains(page, " "+text+",") {
				t.Errorf("%s: %s is not on the page", id, text)
			}
		}
	}
	for i := range set.Cases {
		c := &set.Cases[i]
		if c.Topic != "blog_example" {
			continue
		}
		want, err := set.Expected(c, ports.Loss)
		if err != nil {
			t.Fatal(err)
		}
		find(c.ID, want.Published)
		if c.Module == ports.BCEWithLogitsLoss {
			inputs, err := set.Inputs(c)
			if err != nil {
				t.Fatal(err)
			}
			find(c.ID, inputs[ports.Input].Float64s())
		}
	}
	if figures < 15+15+3+1 {
		t.Errorf("the cases have %d published figures", figures)
	}
}

// TestQuotedCasesPass runs every case that the page quotes.
func TestQuotedCasesPass(t *testing.T) {
	set, page := load(t)
	var quoted []string
	for _, m := range regexp.MustCompile("[`\"]([A-Za-z]+Loss/[a-z_]+/[^`\"]+)[`\"]").FindAllStringSubmatch(page, -1) {
		quoted = append(quoted, m[1])
	}
	if len(quoted) < 60 {
		t.Fatalf("the page quotes %d cases", len(quoted))
	}
	result, err := judge.Run(context.Background(), set, builtin.Port{}, judge.Options{Level: verdict.Parity, Selection: judge.Selection{Select: quoted}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range result.Cases {
		if c.Outcome != judge.Pass && c.Requirement != fixtures.Quirk {
			t.Errorf("%s: %s", c.ID, c.Outcome)
		}
	}
}

// TestLinks: every link leads to a heading of this page or of another, or to a file.
func TestLinks(t *testing.T) {
	_, page := load(t)
	docs := filepath.Join("..", "..", "..", "docs")
	headings := map[string][]string{"": anchors(page)}
	for _, file := range []string{"rules.md", "kill-matrix.md"} {
		text, err := os.ReadFile(filepath.Join(docs, file))
		if err != nil {
			t.Fatal(err)
		}
		headings[file] = anchors(string(text))
	}
	links := regexp.MustCompile(`\]\(([^)"]*( "[^"]*")?)\)`).FindAllStringSubmatch(page, -1)
	if len(links) < 100 {
		t.Errorf("%d links", len(links))
	}
	for _, link := range links {
		file, anchor, hasAnchor := strings.Cut(strings.Split(link[1], " ")[0], "#")
		switch {
		case strings.HasPrefix(file, "https://"):
		case hasAnchor:
			if !slices.Contains(headings[file], anchor) {
				t.Errorf("%s: there is no such heading", link[1])
			}
		default:
			if _, err := os.Stat(filepath.Join(docs, file)); err != nil {
				t.Errorf("%s: %v", link[1], err)
			}
		}
	}
}

// anchors returns the anchors of a page's headings, as GitHub makes them.
func anchors(page string) []string {
	var found []string
	for _, line := range strings.Split(page, "\n") {
		if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
			title = regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(title), "")
			found = append(found, strings.ReplaceAll(title, " ", "-"))
		}
	}
	return found
}
