// Package site writes what the rows of the matrix say as a folder of pages that needs no server and
// asks nobody: a home page, the table of semantics, a page for each implementation and each rule.
package site

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/matrix"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static/*
var staticFiles embed.FS

// generator marks the folders that Write may write anew, and written lists what it wrote there.
const (
	generator = `<meta name="generator" content="lossproof report">`
	written   = "written-by-lossproof-report.txt"
)

// Write writes the site into a folder that is new, empty, or has a site, of which it removes the files that it does not
// write again. curves, if there are any, is the content of the script that computes losses and gradients in the page.
func Write(dir string, set *fixtures.Set, rows []*matrix.Row, curves []byte) error {
	if err := mayWrite(dir); err != nil {
		return err
	}
	files, err := Build(set, rows, curves)
	if err != nil {
		return err
	}
	files[written] = []byte(strings.Join(slices.Sorted(maps.Keys(files)), "\n") + "\n")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir) // a line of the list may name what lies elsewhere
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	old, err := root.ReadFile(written)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for name := range strings.Lines(string(old)) {
		name = strings.TrimSuffix(name, "\n")
		if files[name] != nil {
			continue
		}
		if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: %w", written, err)
		}
	}
	// The list comes first, so that it has all that was written where this ends early.
	for _, name := range append([]string{written}, slices.Sorted(maps.Keys(files))...) {
		if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return err
		}
		if err := root.WriteFile(name, files[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}

func mayWrite(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(entries) == 0:
		return nil
	}
	home, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil || !bytes.Contains(home, []byte(generator)) {
		return fmt.Errorf("%s: the folder has something that is no report: want a new folder, an empty one, or one of lossproof report", dir)
	}
	return nil
}

// Build returns the files of the site by their paths.
func Build(set *fixtures.Set, rows []*matrix.Row, curves []byte) (map[string][]byte, error) {
	if len(rows) == 0 {
		return nil, errors.New("there is no result to report")
	}
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b *matrix.Row) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Implementation), strings.ToLower(b.Implementation)),
			compareVersions(a.Port.Version, b.Port.Version), strings.Compare(a.ID(), b.ID()))
	})
	s := newSite(set, rows)
	s.HasCurves = curves != nil
	files := map[string][]byte{}
	static, err := fs.ReadDir(staticFiles, "static")
	if err != nil {
		return nil, err
	}
	for _, f := range static {
		if files[f.Name()], err = staticFiles.ReadFile(path.Join("static", f.Name())); err != nil {
			return nil, err
		}
	}
	templates, err := template.New("").Funcs(template.FuncMap{
		"rule": s.link, "maps": func(root string, maps []Map) Maps { return Maps{root, maps} },
	}).ParseFS(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	page := func(name, templateName, title string, data any) error {
		var text bytes.Buffer
		p := Page{Site: s, Title: title, Path: name, Root: strings.Repeat("../", strings.Count(name, "/")), Data: data}
		if err := templates.ExecuteTemplate(&text, templateName, p); err != nil {
			return err
		}
		files[name] = text.Bytes()
		return nil
	}
	errs := []error{
		page("index.html", "home.html", "Which loss does what PyTorch does?", nil),
		page(semanticsPage, "semantics.html", "What losses do", nil),
		page(edgesPage, "semantics.html", "Ignored rows, infinities, soft targets, refusals and digits", nil),
		page(lawsPage, "semantics.html", "Laws", nil),
		page(sizesPage, "semantics.html", "Sizes and places", nil),
		page(quirksPage, "semantics.html", "PyTorch's quirks", nil),
		page("versions.html", "versions.html", "What changed between versions", nil),
		page("findings.html", "findings.html", "Findings", nil),
		page("plots.html", "plots.html", "Errors along the logits", nil),
		page("maps.html", "maps.html", "Every 16-bit input", nil),
	}
	if s.HasCurves {
		files["curves-data.js"] = curves
		errs = append(errs, page("curves.html", "curves.html", "Loss and gradient curves", nil))
	} else {
		delete(files, "curves.js")
	}
	for _, i := range s.Implementations {
		errs = append(errs, page(i.Path, "implementation.html", i.Row.Title(), i))
		for _, m := range i.Modules {
			files[m.BadgePath] = badge(m)
		}
		for _, m := range i.Maps {
			files[m.Path] = m.PNG
		}
	}
	for _, r := range s.Rules {
		errs = append(errs, page(r.Path, "rule.html", r.Rule.ID, r))
	}
	return files, errors.Join(errs...)
}

// Page is what a template is given.
type Page struct {
	*Site
	// Title and Path are those of the page, Root leads from it to the home page.
	Title, Path, Root string
	Data              any
}

var numbers = regexp.MustCompile(`[0-9]+`)

// compareVersions orders versions by their numbers: 2.8 comes before 2.15.
func compareVersions(a, b string) int {
	x, y := numbers.FindAllString(a, -1), numbers.FindAllString(b, -1)
	return slices.CompareFunc(x, y, func(m, n string) int {
		m, n = strings.TrimLeft(m, "0"), strings.TrimLeft(n, "0")
		return cmp.Or(cmp.Compare(len(m), len(n)), strings.Compare(m, n))
	})
}

// link leads to the page of a rule, from the page that root leads home from; rows of other fixtures may
// have rules that have no page.
func (s *Site) link(root, id string) template.HTML {
	name := template.HTMLEscapeString(id)
	if !slices.ContainsFunc(s.Rules, func(r *Rule) bool { return r.ID == id }) {
		return template.HTML(name)
	}
	return template.HTML(fmt.Sprintf(`<a href="%s%s">%s</a>`, root, ruleFile(id), name))
}

func ruleFile(id string) string { return "rules/" + strings.ToLower(id) + ".html" }

// badge draws the verdict on a module as a badge.
func badge(m ImplementationModule) []byte {
	color := map[string]string{"good": "#1a7f37", "partly": "#7d5a00", "bad": "#b3261e"}[m.Class]
	left, text := "lossproof", m.Verdict
	const letter, pad = 6.6, 12
	a, b := letter*float64(len(left))+pad, letter*float64(len(text))+pad
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="20" role="img" aria-label="%s: %s"><title>%s: %s</title>`+
		`<rect width="%.0f" height="20" rx="3" fill="#444"/><path d="M%.0f 0h%.0fa3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-%.0fz" fill="%s"/>`+
		`<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle"><text x="%.0f" y="14">%s</text><text x="%.0f" y="14">%s</text></g></svg>`+"\n",
		a+b, left, text, left, text, a+b, a, b-3, b-3, color, a/2, left, a+b/2, text)
}
