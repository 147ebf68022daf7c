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

// prose returns the template without what is computed, code and the addresses of links.
func prose(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("semantics.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile("(?ms)^```.*?^```$|^    .*?$|`[^`\n]*`|\\]\\([^)\n]*\\)").ReplaceAllString(string(text), "")
}

// TestNoFiguresInTheProse looks for numbers that were typed.
func TestNoFiguresInTheProse(t *testing.T) {
	allowed := []string{
		"0", "1", // bounds, targets, and the ones of formulas
		"-100", "1e-12", // constants of PyTorch's definition
		"#9965", // a pull request
	}
	names := regexp.MustCompile(`{{[^}]*}}|float(32|64)|\bd1\b|\b0-d\b`)
	typed := regexp.MustCompile(`[-#]?[0-9][0-9.]*(e[-+]?[0-9]+)?`)
	for i, line := range strings.Split(prose(t), "\n") {
		for _, figure := range typed.FindAllString(names.ReplaceAllString(line, ""), -1) {
			if figure = strings.TrimSuffix(figure, "."); !slices.Contains(allowed, figure) && !slices.Contains(allowed, strings.TrimPrefix(figure, "-")) {
				t.Errorf("line %d: %q was typed, want an action that computes it", i+1, figure)
			}
		}
	}
}

// TestStatementsHaveRules: each paragraph, each item of a list and each line of a table links to a rule, but for those that
// lead to something that follows, and those that say nothing of what a module does.
func TestStatementsHaveRules(t *testing.T) {
	sayNothing := []string{
		"For a person who", "What a module does is a rule.", // about the page
		"BCELoss is the last choice",         // where to read on
		"x is the input",                     // definitions
		"The post prints its logits rounded", // about the post
	}
	computed := regexp.MustCompile(`^{{[^}]*}}$`)
	checked := 0
	for _, statement := range statements(t) {
		if computed.MatchString(statement) || strings.HasPrefix(statement, "#") || strings.HasPrefix(statement, "!") || strings.HasSuffix(statement, ":") ||
			slices.ContainsFunc(sayNothing, func(start string) bool { return strings.HasPrefix(statement, start) }) {
			continue
		}
		checked++
		if !strings.Contains(statement, `{{rule "`) {
			t.Errorf("no rule in:\n%s", statement)
		}
	}
	if checked < 35 {
		t.Errorf("%d statements were checked", checked)
	}
}

// statements returns the paragraphs of the prose, the items of its lists and the lines of its tables.
func statements(t *testing.T) []string {
	var all []string
	_, text, _ := strings.Cut(prose(t), "-->\n")
	for _, block := range strings.Split(text, "\n\n") {
		block = strings.TrimSpace(block)
		switch {
		case block == "":
		case strings.HasPrefix(block, "|"):
			all = append(all, strings.Split(block, "\n")[2:]...)
		case strings.HasPrefix(block, "- "):
			all = append(all, strings.Split(block, "\n- ")...)
		default:
			all = append(all, block)
		}
	}
	return all
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
	links := regexp.MustCompile(`\]\(([^)"]*( "[^"]*")?)\)`).FindAllStringSubmatch(page, -1)
	if len(links) < 100 {
		t.Errorf("%d links", len(links))
	}
	for _, link := range links {
		file, anchor, hasAnchor := strings.Cut(strings.Split(link[1], " ")[0], "#")
		switch {
		case strings.HasPrefix(file, "https://"):
		case hasAnchor:
			if _, ok := headings[file]; !ok {
				text, err := os.ReadFile(filepath.Join(docs, file))
				if err != nil {
					t.Fatal(err)
				}
				headings[file] = anchors(string(text))
			}
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
