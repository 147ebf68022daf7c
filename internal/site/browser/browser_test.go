// Package browser opens the site in headless Chromium, from the disk. It is a module of its own: who
// builds lossproof needs no driver of a browser. LOSSPROOF_SITE is the folder of the site.
package browser

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"
)

// maxPage bounds a page, in bytes.
const maxPage = 300_000

func site(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("LOSSPROOF_SITE")
	if dir == "" {
		t.Fatal("LOSSPROOF_SITE is not set, want the folder of the site: make site-check sets it")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// page is an HTML file of the site.
type page struct {
	name  string
	size  int
	ids   map[string]bool
	links []string
	// problems are what a screen reader would miss.
	problems []string
}

func pages(t *testing.T, dir string) map[string]*page {
	t.Helper()
	all := map[string]*page{}
	err := filepath.WalkDir(dir, func(file string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(file) != ".html" {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		root, err := html.Parse(strings.NewReader(string(text)))
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		p := &page{name: filepath.ToSlash(name), size: len(text), ids: map[string]bool{}}
		p.read(root)
		all[p.name] = p
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func attribute(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

// read collects the links and ids of a page, and looks for what has no name.
func (p *page) read(root *html.Node) {
	headings, inLabel := 0, 0
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode {
			if id, ok := attribute(n, "id"); ok {
				if p.ids[id] {
					p.problems = append(p.problems, "two elements have the id "+id)
				}
				p.ids[id] = true
			}
			for _, key := range []string{"href", "src"} {
				if link, ok := attribute(n, key); ok {
					p.links = append(p.links, link)
				}
			}
			_, labelled := attribute(n, "aria-label")
			_, hidden := attribute(n, "aria-hidden")
			_, scope := attribute(n, "scope")
			_, language := attribute(n, "lang")
			switch {
			case n.Data == "h1":
				headings++
			case n.Data == "label":
				inLabel++
				defer func() { inLabel-- }()
			case n.Data == "svg" && !labelled && !hidden:
				p.problems = append(p.problems, "a picture has no text")
			case n.Data == "th" && !scope:
				p.problems = append(p.problems, "a head of a table has no scope")
			case (n.Data == "input" || n.Data == "select") && inLabel == 0:
				p.problems = append(p.problems, "a field has no label")
			case n.Data == "html" && !language:
				p.problems = append(p.problems, "the page has no language")
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(root)
	if headings != 1 {
		p.problems = append(p.problems, "the page has no heading, or several")
	}
}

// TestPages: every page is small, every link leads somewhere, and everything has a name.
func TestPages(t *testing.T) {
	dir := site(t)
	all := pages(t, dir)
	if len(all) < 100 {
		t.Errorf("got %d pages, want one for each rule", len(all))
	}
	for name, p := range all {
		if p.size > maxPage {
			t.Errorf("%s has %d bytes, want at most %d", name, p.size, maxPage)
		}
		for _, problem := range p.problems {
			t.Errorf("%s: %s", name, problem)
		}
		for _, link := range p.links {
			u, err := url.Parse(link)
			if err != nil {
				t.Errorf("%s: %s: %v", name, link, err)
				continue
			}
			if u.Scheme == "https" || u.Scheme == "http" || u.Scheme == "data" {
				continue
			}
			target := name
			if u.Path != "" {
				target = filepath.ToSlash(filepath.Join(filepath.Dir(name), u.Path))
			}
			if _, err := os.Stat(filepath.Join(dir, target)); err != nil {
				t.Errorf("%s: the link %s leads nowhere", name, link)
			} else if to := all[target]; u.Fragment != "" && to != nil && !to.ids[u.Fragment] {
				t.Errorf("%s: the link %s leads to no place in its page", name, link)
			}
		}
	}
}

// browser is a tab that remembers what it asked and what went wrong.
type browser struct {
	context.Context
	dir string

	mu       sync.Mutex
	problems []string
}

var local = regexp.MustCompile(`^(file|data|blob):`)

func open(t *testing.T) *browser {
	t.Helper()
	allocator, stop := chromedp.NewExecAllocator(t.Context(), chromedp.Headless, chromedp.NoSandbox)
	t.Cleanup(stop)
	ctx, stopTab := chromedp.NewContext(allocator)
	t.Cleanup(stopTab)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancel)
	b := &browser{Context: ctx, dir: site(t)}
	err := chromedp.Listen(ctx, func(event any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if !local.MatchString(e.Request.URL) {
				b.problems = append(b.problems, "request to "+e.Request.URL)
			}
		case *runtime.EventExceptionThrown:
			b.problems = append(b.problems, "exception: "+e.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
				b.problems = append(b.problems, "console: "+string(e.Type))
			}
		case *log.EventEntryAdded:
			if e.Entry.Level == log.EntryLevelError {
				b.problems = append(b.problems, "log: "+e.Entry.Text)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, p := range b.problems {
			t.Error(p)
		}
	})
	return b
}

func (b *browser) do(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b, actions...); err != nil {
		t.Fatal(err)
	}
}

func (b *browser) visit(t *testing.T, name string) {
	t.Helper()
	b.do(t, chromedp.Navigate("file://"+filepath.ToSlash(filepath.Join(b.dir, name))), chromedp.WaitReady(chromedp.CSS("footer")))
}

// text evaluates an expression that is a text.
func (b *browser) text(t *testing.T, expression string) string {
	t.Helper()
	value, err := chromedp.Run(b, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// some returns a page of each kind.
func (b *browser) some(t *testing.T) []string {
	t.Helper()
	names := []string{"index.html", "semantics.html", "refusals-and-digits.html", "laws.html", "sizes.html", "quirks.html", "findings.html", "versions.html", "plots.html", "curves.html"}
	for _, folder := range []string{"implementations", "rules"} {
		files, err := filepath.Glob(filepath.Join(b.dir, folder, "*.html"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: got %d pages, %v", folder, len(files), err)
		}
		names = append(names, folder+"/"+filepath.Base(files[0]), folder+"/"+filepath.Base(files[len(files)/2]))
	}
	return names
}

// unreadable lists texts whose contrast is below what WCAG 2 asks at level AA.
const unreadable = `(() => {
  const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const parse = (c) => (c.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const back = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const bad = new Set();
  for (const e of document.body.querySelectorAll("*")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || !e.checkVisibility()) continue;
    const style = getComputedStyle(e);
    const [a, b] = [luminance(parse(style.color)), luminance(back(e))].sort((x, y) => y - x);
    const large = parseFloat(style.fontSize) >= 24 || parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700;
    if ((a + 0.05) / (b + 0.05) < (large ? 3 : 4.5)) bad.add(e.tagName + "." + e.className + " " + style.color);
  }
  return [...bad].join("; ");
})()`

// TestLooks: in light and dark, at four widths, texts have enough contrast, no page is wider than
// the window, and no module of the home page is cut off.
func TestLooks(t *testing.T) {
	b := open(t)
	for _, name := range b.some(t) {
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{360, 768, 1100, 1400} {
				media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
				if _, err := chromedp.Call(b, emulation.SetEmulatedMedia, media); err != nil {
					t.Fatal(err)
				}
				b.do(t, chromedp.EmulateViewport(width, 900))
				b.visit(t, name)
				if bad := b.text(t, unreadable); bad != "" {
					t.Errorf("%s, %s, %d pixels: too little contrast: %s", name, scheme, width, bad)
				}
				if wide := b.text(t, "document.documentElement.scrollWidth - innerWidth"); wide != "0" && !strings.HasPrefix(wide, "-") {
					t.Errorf("%s, %s: %s pixels wider than %d", name, scheme, wide, width)
				}
				if name != "index.html" {
					continue
				}
				if cut := b.text(t, `(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector(".scroll"))`); cut != "0" {
					t.Errorf("%s, %s, %d pixels: %s pixels of the table are cut off", name, scheme, width, cut)
				}
			}
		}
	}
	if back := b.text(t, "getComputedStyle(document.body).backgroundColor"); back == "rgb(255, 255, 255)" {
		t.Error("the dark pages are white")
	}
}

// TestFilters: a language leaves its implementations alone, and the number says so.
func TestFilters(t *testing.T) {
	b := open(t)
	b.visit(t, "index.html")
	const shown = `[...document.querySelectorAll("#matrix tbody tr")].filter((r) => !r.hidden)`
	all := b.text(t, shown+".length")
	choose := func(name, value string) {
		b.text(t, `(() => { const e = document.querySelector("select[name=`+name+`]"); e.value = "`+value+`"; e.dispatchEvent(new Event("input", {bubbles: true})); })()`)
	}
	language := b.text(t, `document.querySelector("select[name=language]").lastElementChild.value`)
	choose("language", language)
	if languages := b.text(t, `[...new Set(`+shown+`.map((r) => r.dataset.language))].join()`); languages != language {
		t.Errorf("got the languages %q, want %s", languages, language)
	}
	count := b.text(t, shown+".length")
	if text := b.text(t, `document.getElementById("shown").textContent`); text != count+" of "+all+" implementations" || count == all {
		t.Errorf("got %q, want %s of %s", text, count, all)
	}
	choose("language", "")
	choose("dtype", "float64")
	if bad := b.text(t, shown+`.filter((r) => !r.dataset.dtypes.split(" ").includes("float64")).length`); bad != "0" {
		t.Errorf("%s implementations without float64 are shown", bad)
	}
	choose("dtype", "")
	choose("verdict", "good")
	if bad := b.text(t, shown+`.filter((r) => !r.querySelector(".chip.good")).length`); bad != "0" {
		t.Errorf("%s implementations are shown that are not conformant at both levels", bad)
	}
}

// TestSorts: the button in the head of a column sorts, and says so; the keyboard reaches it.
func TestSorts(t *testing.T) {
	b := open(t)
	b.do(t, chromedp.EmulateViewport(1400, 900)) // a narrow page has no heads
	b.visit(t, "index.html")
	const first = `[...document.querySelectorAll("#matrix tbody tr")].map((r) => r.cells[0].textContent.trim())`
	b.do(t, chromedp.Focus(chromedp.CSS("#matrix thead th button")), chromedp.KeyEvent("\r"), chromedp.KeyEvent("\r"))
	if got, want := b.text(t, first+".join()"), b.text(t, `[...`+first+`].sort((a, b) => b.localeCompare(a, "en")).join()`); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := b.text(t, `document.querySelector("#matrix thead th").getAttribute("aria-sort")`); got != "descending" {
		t.Errorf("aria-sort is %q, want descending", got)
	}
}

// TestKeyboard: the first stop skips to the content.
func TestKeyboard(t *testing.T) {
	b := open(t)
	b.visit(t, "semantics.html")
	b.do(t, chromedp.KeyEvent("\t"))
	if got := b.text(t, "document.activeElement.className"); got != "skip" {
		t.Errorf("the first stop of the keyboard is %q, want the link to the content", got)
	}
	b.do(t, chromedp.KeyEvent("\r"))
	if got := b.text(t, "location.hash"); got != "#main" {
		t.Errorf("the link leads to %q, want #main", got)
	}
}

// TestCurves: the losses are computed in the page, and change with the sliders.
func TestCurves(t *testing.T) {
	b := open(t)
	b.visit(t, "curves.html")
	computed := chromedp.Poll[bool](`document.getElementById("at-loss").textContent !== ""`, chromedp.WithPollingTimeout(time.Minute))
	if _, err := chromedp.Run(b, computed); err != nil {
		t.Fatal(err)
	}
	at := func() string {
		return b.text(t, `document.getElementById("at-loss").textContent + " " + document.getElementById("at-gradient").textContent`)
	}
	set := func(name, value string) {
		b.text(t, `(() => { const e = document.getElementById("curves").elements["`+name+`"] || document.getElementById("`+name+`"); e.value = "`+value+`"; e.dispatchEvent(new Event("input", {bubbles: true})); })()`)
	}
	if got := at(); got != "0.69314718 -0.5" {
		t.Errorf("at logit 0 and target 1: got %s, want log 2 and -1/2", got)
	}
	line := b.text(t, `document.getElementById("loss").getAttribute("d")`)
	set("target", "0.5")
	if got := at(); got != "0.69314718 0" {
		t.Errorf("at target 1/2: got %s, want log 2 and 0", got)
	}
	if now := b.text(t, `document.getElementById("loss").getAttribute("d")`); now == line || !strings.HasPrefix(now, "M0.0 ") {
		t.Errorf("the line does not move with the target: %.60s", now)
	}
	set("target", "1")
	set("extra", "3")
	if got := at(); got != "2.0794415 -1.5" && got != "2.0794416 -1.5" {
		t.Errorf("at pos_weight 3: got %s, want 3 log 2 and -3/2", got)
	}
	set("at", "-100")
	set("extra", "1")
	if got := at(); got != "100 -1" {
		t.Errorf("at logit -100: got %s, want 100 and -1", got)
	}
	set("module", "CrossEntropyLoss")
	set("extra", "0.5")
	set("at", "0")
	if got := at(); got != "0.69314718 -0.25" {
		t.Errorf("of CrossEntropyLoss with smoothing 1/2: got %s, want log 2 and -1/4", got)
	}
	set("module", "BCELoss")
	if hidden := b.text(t, `document.getElementById("extra-label").hidden`); hidden != "true" {
		t.Error("BCELoss has a second option")
	}
	if got := at(); got != "0.69314718 -2" {
		t.Errorf("of BCELoss: got %s, want log 2 and -2", got)
	}
	for _, name := range []string{"index.html", "semantics.html"} {
		b.visit(t, name)
		if loaded := b.text(t, `document.querySelectorAll("script[src*=curves]").length`); loaded != "0" {
			t.Errorf("%s loads the losses", name)
		}
	}
}
