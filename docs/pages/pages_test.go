package pages_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossproof/docs/pages"
	"lossproof/fixtures"
	"lossproof/judge"
	"lossproof/ports"
)

const root = "../.."

var load = sync.OnceValues(fixtures.Embedded)

func open(t *testing.T) *fixtures.Set {
	t.Helper()
	set, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFiguresAreFresh(t *testing.T) {
	set := open(t)
	for _, name := range pages.Pages {
		page := read(t, name)
		want, err := pages.Fill(set, page)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(page, "\n")); diff != "" {
			t.Errorf("%s is stale, run `make docs` (-want +got):\n%s", name, diff)
		}
	}
}

func TestFigure(t *testing.T) {
	set := open(t)
	const blog, refused = "BCEWithLogitsLoss/blog_example/f64-none", "MultiLabelSoftMarginLoss/rejections/f32-none-0d"
	const tail = "BCEWithLogitsLoss/extreme_logits/f32-none-cancel-float32-t-0"
	for _, test := range []struct{ source, want, err string }{
		{blog + "#loss", "1.136, 0.4276, 0.1459, …", ""},
		{blog + "#loss[1]", "0.4276", ""},
		{"%.6f " + blog + "#loss[1]", "0.427586", ""},
		{"published " + blog + "#loss[5]", "0.6567", ""},
		{"shape " + blog + "#loss", "(3, 5)", ""},
		{"dtype " + blog + "#target", "float64", ""},
		{"mean " + blog + "#loss[0:5]", "0.646", ""},
		{blog + "#loss[0] / " + blog + "#loss[1]", "2.656", ""},
		{blog + "#loss[0] - " + blog + "#loss[1]", "0.7079", ""},
		{tail + "#loss[17]", "**0**", ""},
		{"exact " + tail + "#loss[17]", "2.061e-09", ""},
		{refused + "#loss", "refused: IndexError", ""},
		{"message " + refused + "#", "`IndexError: Dimension specified as -1 but tensor has no dimensions`", ""},
		{"BCEWithLogitsLoss/nonfinite/f32-none-plus-inf-t-1#loss[0]", "**nan**", ""},
		{blog + "#loss[15]", "", "there are 15 elements"},
		{blog + "#loss[3:2]", "", "there are 15 elements"},
		{blog + "#weight", "", "weight"},
		{blog + "s#loss", "", "there is no case"},
		{"exact " + blog + "#input", "", `"exact" needs 15`},
		{"message " + blog + "#", "", "PyTorch does not refuse it"},
		{blog + "#loss[0] * " + blog + "#loss[1]", "", `the operation "*"`},
		{blog + "#loss / " + blog + "#loss[1]", "", "want one of each"},
		{"block nothing", "", `there is no block "nothing"`},
	} {
		got, err := pages.Figure(set, test.source)
		if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: got %q, %v, want %q, %q", test.source, got, err, test.want, test.err)
		}
	}
	filled, err := pages.Fill(set, "x <!-- "+blog+"#loss[1] -->2<!-- / --> <!-- a comment --> y <!-- block version -->\n<!-- / -->.")
	if want := "x <!-- " + blog + "#loss[1] -->0.4276<!-- / --> <!-- a comment --> y <!-- block version -->" + set.Version() + "<!-- / -->."; err != nil || filled != want {
		t.Errorf("got %q, %v, want %q", filled, err, want)
	}
}

// TestDrawingsAreFresh: `make docs` changes nothing.
func TestDrawingsAreFresh(t *testing.T) {
	for name, draw := range map[string]func() ([]byte, error){"loss-and-gradient": pages.LossAndGradient, "bceloss-of-a-sigmoid": pages.Tails} {
		want, err := draw()
		if err != nil {
			t.Fatal(err)
		}
		// Where lines run depends on the last bits of results.
		line := regexp.MustCompile(` d="[^"]*"`)
		if got := read(t, "docs/plots/"+name+".svg"); !bytes.Equal(line.ReplaceAll([]byte(got), nil), line.ReplaceAll(want, nil)) {
			t.Errorf("%s is stale, run `make docs`", name)
		}
	}
}

// TestRulesExist: each id of a rule on the pages is one.
func TestRulesExist(t *testing.T) {
	set := open(t)
	var prefixes []string
	for _, m := range ports.Modules() {
		prefixes = append(prefixes, m.Prefix)
	}
	ids := regexp.MustCompile(`\b(` + strings.Join(prefixes, "|") + `)-[A-Z0-9-]+[A-Z0-9]\b`)
	rules, found := judge.Rules(set), 0
	for _, name := range pages.Pages {
		for _, id := range ids.FindAllString(read(t, name), -1) {
			found++
			if !slices.ContainsFunc(rules, func(r fixtures.Rule) bool { return r.ID == id }) {
				t.Errorf("%s: there is no rule %s", name, id)
			}
		}
	}
	if found < 250 {
		t.Errorf("the pages name %d rules", found)
	}
}

// TestStatementsHaveRules: each paragraph, each item of a list and each line of a table of semantics.md names a rule, but for those that
// lead to something that follows, and those that say nothing of what a module does.
func TestStatementsHaveRules(t *testing.T) {
	sayNothing := []string{
		"This page is for", "Words such as", "`make docs` also", // about the page
		"BCELoss is the last choice", // where to read on
		"x is the input",             // definitions
		"The post prints its logits", // about the post
		"What the mean divides by",   // before a table
	}
	text := regexp.MustCompile("(?ms)^```.*?^```$|^    .*?$").ReplaceAllString(read(t, "docs/semantics.md"), "")
	checked := 0
	for _, block := range strings.Split(text, "\n\n") {
		statements := []string{strings.TrimSpace(block)}
		switch {
		case strings.HasPrefix(block, "| ") && strings.Contains(block, " rules |\n"), strings.HasPrefix(block, "| the post |"), strings.Contains(block, " rule |\n"):
			statements = strings.Split(block, "\n")[2:]
		case strings.HasPrefix(block, "| "), strings.HasPrefix(block, "|  |"), strings.HasPrefix(block, "<!-- block"), strings.Contains(block, "<!-- / -->\n|"):
			continue // figures, with their rules in the text beside them
		case strings.HasPrefix(block, "- "):
			statements = strings.Split(block, "\n- ")
		}
		for _, s := range statements {
			if s == "" || strings.HasPrefix(s, "#") || strings.HasPrefix(s, "!") || strings.HasPrefix(s, "<!--") || strings.HasSuffix(s, ":") ||
				slices.ContainsFunc(sayNothing, func(start string) bool { return strings.HasPrefix(s, start) }) {
				continue
			}
			checked++
			if !regexp.MustCompile(`\b[A-Z]+-[A-Z-]+[A-Z]\b`).MatchString(regexp.MustCompile(`<!--.*?-->`).ReplaceAllString(s, "")) {
				t.Errorf("no rule in:\n%s", s)
			}
		}
	}
	if checked < 60 {
		t.Errorf("%d statements were checked", checked)
	}
}

// TestLinks: every link leads to a heading of a page, or to a file.
func TestLinks(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, filepath.Join(root, "README.md"), filepath.Join(root, "CONTRIBUTING.md")) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range regexp.MustCompile(`\]\(([^) ]+)\)`).FindAllStringSubmatch(string(text), -1) {
			if strings.HasPrefix(link[1], "https://") {
				continue
			}
			file, anchor, hasAnchor := strings.Cut(link[1], "#")
			target := name
			if file != "" {
				target = filepath.Join(filepath.Dir(name), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if !hasAnchor {
				continue
			}
			page, err := os.ReadFile(target)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(anchors(string(page)), anchor) {
				t.Errorf("%s: there is no heading for %s", name, link[1])
			}
		}
	}
}

// TestArchitecture: the folders and packages that the walk through the code passes are there.
func TestArchitecture(t *testing.T) {
	paths := regexp.MustCompile("`((?:cmd|docs|fixtures|generators|internal|judge|lab|loss|ports|suites)(?:/[a-z_]+)*/?)`").FindAllStringSubmatch(read(t, "docs/architecture.md"), -1)
	if len(paths) < 15 {
		t.Errorf("found %d folders", len(paths))
	}
	for _, path := range paths {
		if _, err := os.Stat(filepath.Join(root, path[1])); err != nil {
			t.Error(err)
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

// TestArguments: the table of what the modules take is the one of package ports.
func TestArguments(t *testing.T) {
	page := read(t, "docs/semantics.md")
	for what, has := range map[string]func(ports.Module) bool{
		"weight":                 takes(ports.Weight),
		"pos_weight":             takes(ports.PosWeight),
		"ignore_index":           func(m ports.Module) bool { return slices.Contains(m.Options, "ignore_index") },
		"label_smoothing":        func(m ports.Module) bool { return slices.Contains(m.Options, "label_smoothing") },
		"gradient of the input":  func(m ports.Module) bool { return slices.Contains(m.Outputs, ports.GradInput) },
		"gradient of the target": func(m ports.Module) bool { return slices.Contains(m.Outputs, ports.GradTarget) },
		"gradient of the weight": func(m ports.Module) bool { return slices.Contains(m.Outputs, ports.GradWeight) },
	} {
		line := "| " + what
		for _, m := range ports.Modules()[:4] {
			line += map[bool]string{true: " | yes", false: " | no"}[has(m)]
		}
		if !strings.Contains(page, "\n"+line+" |\n") {
			t.Errorf("the page has no line %s |", line)
		}
	}
}

func takes(input string) func(ports.Module) bool {
	return func(m ports.Module) bool {
		return slices.ContainsFunc(m.Inputs, func(a ports.Argument) bool { return a.Name == input })
	}
}

// TestLegacyFlags: the table says which reduction has the same recorded loss, in each module and whatever reduction says.
func TestLegacyFlags(t *testing.T) {
	set, page := open(t), read(t, "docs/semantics.md")
	recorded := func(module, average, reduce, reduction string) []byte {
		c, err := set.Case(fmt.Sprintf("%s/legacy_reduction/f32-size_average-%s-reduce-%s-reduction-%s", module, average, reduce, reduction))
		if err != nil {
			t.Fatal(err)
		}
		want, err := set.Expected(c, ports.Loss)
		if err != nil {
			t.Fatal(err)
		}
		return want.Reference.Data
	}
	lines := regexp.MustCompile("(?m)^\\| `(None|True|False)` \\| `(None|True|False)` \\| '(none|mean|sum)' \\|$").FindAllStringSubmatch(page, -1)
	if len(lines) != 8 {
		t.Fatalf("found %d lines, want 8", len(lines))
	}
	flag := map[string]string{"None": "absent", "True": "true", "False": "false"}
	for _, l := range lines {
		for _, m := range ports.Modules()[:4] {
			for _, reduction := range []string{"absent", "none", "mean", "sum"} {
				if !bytes.Equal(recorded(m.Name, flag[l[1]], flag[l[2]], reduction), recorded(m.Name, "absent", "absent", l[3])) {
					t.Errorf("%s, reduction %s: not as in %s", m.Name, reduction, l[0])
				}
			}
		}
	}
}

// TestPyTorchPartsAlike: PyTorch, with its own losses, sigmoid and autograd, parts where the page says: as recorded with
// its findings, and as the script there prints it, where PyTorch is installed.
func TestPyTorchPartsAlike(t *testing.T) {
	want, err := pages.Figure(open(t), "block partings")
	if err != nil {
		t.Fatal(err)
	}
	want = strings.TrimSpace(want)
	const script = "bceloss_of_a_sigmoid.py"
	_, section, _ := strings.Cut(read(t, "ports/pytorch/findings/README.md"), "\n## "+script+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var recorded []string
	for line := range strings.Lines(section) {
		if line, ok := strings.CutPrefix(line, "    "); ok {
			recorded = append(recorded, strings.TrimSuffix(line, "\n"))
		}
	}
	if got := strings.Join(recorded, "\n"); got != want {
		t.Errorf("%s of findings/README.md:\n%s\nwant\n%s", script, got, want)
	}
	python, err := filepath.Abs(filepath.Join(root, "ports", "pytorch", ".venv", "bin", "python"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(python); err != nil {
		t.Skip("PyTorch is not installed (make port-pytorch installs it)")
	}
	command := exec.CommandContext(t.Context(), python, filepath.Join("findings", script))
	command.Dir = filepath.Join(root, "ports", "pytorch")
	printed, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(printed)); got != want {
		t.Errorf("PyTorch: got\n%s\nwant\n%s", got, want)
	}
}

// TestMeasuredPartsAreThere: what a measurement writes between two markers was measured.
func TestMeasuredPartsAreThere(t *testing.T) {
	for page, least := range map[string]int{"docs/accuracy.md": 2, "docs/performance.md": 2} {
		text := read(t, page)
		parts := regexp.MustCompile(`(?m)^<!-- (.*): begin -->$`).FindAllStringSubmatch(text, -1)
		if len(parts) < least {
			t.Errorf("%s: found %d parts, want at least %d", page, len(parts), least)
		}
		for _, part := range parts {
			_, content, _ := strings.Cut(text, "<!-- "+part[1]+": begin -->\n")
			content, _, found := strings.Cut(content, "<!-- "+part[1]+": end -->\n")
			if !found || !strings.Contains(content, "\n|") {
				t.Errorf("%s: the part %s has no table", page, part[1])
			}
		}
	}
}

// TestTheSnippetOfTheREADMECompiles as it stands.
func TestTheSnippetOfTheREADMECompiles(t *testing.T) {
	_, code, ok := strings.Cut(read(t, "README.md"), "```go\npackage main\n")
	code, _, end := strings.Cut(code, "```\n")
	if !ok || !end {
		t.Fatal("README.md has no program")
	}
	// An overlay puts it into the module, where it finds package loss.
	folder := t.TempDir()
	file, overlay := filepath.Join(folder, "main.go"), filepath.Join(folder, "overlay.json")
	place, err := filepath.Abs(filepath.Join("snippet", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {place: file}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{file: "package main\n" + code, overlay: string(replace)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "go", "run", "-overlay", overlay, "./snippet").CombinedOutput(); err != nil || !strings.Contains(string(out), "[2 3]") {
		t.Errorf("got %s (%v)", out, err)
	}
}
