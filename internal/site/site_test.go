package site

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossproof/fixtures"
	"lossproof/internal/corpus"
	"lossproof/internal/halves"
	"lossproof/internal/matrix"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/tensor"
)

// rowOf is a row that breaks every other rule.
func rowOf(set *fixtures.Set, name, version string) *matrix.Row {
	r := &matrix.Row{
		Format: matrix.Format, Name: name, Implementation: name[:3], Port: ports.Info{Name: name, Version: version, Language: "go"},
		Run: "./port", Program: "sh -c program", Fixtures: set.Version(), Reference: set.TorchVersion(),
		Findings: []matrix.Finding{
			{Demonstration: matrix.Demonstration{Run: "./finding", Title: "It is <wrong>.", Fault: "It contradicts its documentation."}, Output: "0", Confirmed: true, IsFault: true},
			{Demonstration: matrix.Demonstration{Run: "./finding", Title: "Nobody saw this."}},
		},
		Maps:   []matrix.Map{{Module: "BCELoss", DType: tensor.BFloat16, Output: "loss", Accuracy: someMap()}},
		Curves: []matrix.Curve{{Module: "BCELoss", Output: "loss, target 0", From: -120, Step: 80, ULP: []judge.Number{0.5, -1, 7}}},
	}
	modules := map[string]*matrix.Module{}
	for k, c := range judge.Checks(set) {
		m := modules[c.Module]
		if m == nil {
			r.Modules = append(r.Modules, matrix.Module{Module: c.Module, Claim: ports.Claim{DTypes: []tensor.DType{tensor.Float32}}, Rules: map[matrix.State][]string{},
				Causes: []matrix.Cause{{Name: "cause", Title: "It does something else altogether, which takes a sentence to say.", Explains: 3}}})
			modules = map[string]*matrix.Module{}
			for i := range r.Modules {
				modules[r.Modules[i].Module] = &r.Modules[i]
			}
			m = modules[c.Module]
		}
		if state, _ := m.State(c.Rule.ID); state != matrix.Unsupported {
			continue
		}
		if k%2 == 0 {
			m.Rules[matrix.Both] = append(m.Rules[matrix.Both], c.Rule.ID)
		} else {
			m.Differs = append(m.Differs, matrix.Difference{Rule: c.Rule.ID, Failing: 1, Asked: 2, Outcome: judge.Fail, Causes: []string{"cause"}, Example: c.ID, Got: "at (0): got 1 reference 2", Direct: true})
		}
	}
	return r
}

// someMap has zeros at the 256 numbers from 0.25 on, and otherwise but a row of right results.
func someMap() *halves.Map {
	m := new(halves.Map)
	for k := range m {
		switch bits := halves.Ascending(k); {
		case bits>>8 == 0x3e && bits >= 0x3e80:
			m[k] = halves.Vanished
		case bits>>8 == 0x3e || bits>>8 == 0x3d:
			m[k] = halves.Precise
		}
	}
	return m
}

// TestBuild: forty-eight implementations fit in pages that load at once, and each page says what it has to.
func TestBuild(t *testing.T) {
	set := corpus.Whole(t)
	var rows []*matrix.Row
	for i := range 48 {
		rows = append(rows, rowOf(set, fmt.Sprintf("implementation-%02d", i), fmt.Sprintf("1.%d.0", i)))
	}
	files, err := Build(set, rows, []byte("curves"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if strings.HasSuffix(name, ".html") && len(text) > 300_000 {
			t.Errorf("%s has %d bytes, want at most 300000", name, len(text))
		}
		if strings.Contains(string(text), "<wrong>") {
			t.Errorf("%s: a text of a result is taken for HTML", name)
		}
	}
	for name, wants := range map[string][]string{
		"index.html":                             {generator, "not conformant", "<option>go</option>", "<option>float32</option>"},
		semanticsPage:                            {"What does mean divide by?", "BCEWL-MEAN", "It does something else altogether", "<td class=d>differs", "<td class=b>both"},
		quirksPage:                               {"Does it have PyTorch&#39;s quirks?", "MLSM-DTYPE-QUIRK"},
		"findings.html":                          {"It is &lt;wrong&gt;.", "fault", "It contradicts its documentation."},
		"versions.html":                          {"Nothing changed"},
		"plots.html":                             {"at most 7 ULP", `<path class="line" d="M40 `},
		"implementations/implementation-07.html": {"lossproof repro", "-- ./port | sh -c program", "1 of 2 checks", "1.8.0"},
		"maps.html":                              {"BCELoss in bfloat16, loss: 384 within an ULP; 128 zero, where the nearest number is not", `viewBox="0 0 312 2"`, `<g transform="translate(50 9)"><text y="0">0.25</text>`},
		"rules/bcewl-mean.html":                  {"never by the sum of the weights", "lossproof explain BCEWL-MEAN"},
		"badges/implementation-07-bceloss.svg":   {"not conformant"},
		"curves-data.js":                         {"curves"},
	} {
		for _, want := range wants {
			if !strings.Contains(string(files[name]), want) {
				t.Errorf("%s lacks %q", name, want)
			}
		}
	}
	if strings.Contains(string(files["findings.html"]), "Nobody saw this") {
		t.Error("a finding is shown that was not confirmed")
	}
	rows[0].Modules[0].Differs = append(rows[0].Modules[0].Differs, matrix.Difference{Rule: "BCE-WITHDRAWN", Outcome: judge.Fail, Got: "1"})
	without, err := Build(set, rows[:1], nil)
	if page := string(without["implementations/implementation-00.html"]); !strings.Contains(page, "BCE-WITHDRAWN") || strings.Contains(page, "bce-withdrawn.html") {
		t.Error("a rule that there is no more has a link, or is left out")
	}
	if err != nil || without["curves.html"] != nil || strings.Contains(string(without["index.html"]), "curves.html") {
		t.Errorf("without curves there is a page of them, %v", err)
	}
}

// TestQuestions: every rule but a quirk answers a question that has a name for it.
func TestQuestions(t *testing.T) {
	for _, c := range judge.Checks(corpus.Whole(t)) {
		if q := questions[questionOf(suffix(c.Rule.ID), c.Rule.Requirement == fixtures.Quirk)]; q.ID == "more" {
			t.Errorf("%s answers no question", c.Rule.ID)
		}
	}
}

func TestCompareVersions(t *testing.T) {
	ascending := []string{"", "1.13.1", "2.0.1", "2.0.10", "2.8.0", "2.15.0", "2.15.0.1"}
	for i := range ascending {
		for j := range ascending {
			if got := compareVersions(ascending[i], ascending[j]); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("%q and %q: got %d", ascending[i], ascending[j], got)
			}
		}
	}
}

func TestWriteKeepsWhatIsNoSite(t *testing.T) {
	set := corpus.Small(t)
	rows := []*matrix.Row{rowOf(set, "one", "1")}
	dir := t.TempDir()
	mine := filepath.Join(dir, "mine.txt")
	if err := os.WriteFile(mine, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, set, rows, nil); err == nil || !strings.Contains(err.Error(), "something that is no report") {
		t.Errorf("got %v", err)
	}
	site := filepath.Join(dir, "site")
	if err := Write(site, set, rows, nil); err != nil {
		t.Fatal(err)
	}
	theirs := []string{"CNAME", "maps/mine.png", "rules/notes.html"}
	for _, name := range theirs {
		if err := os.WriteFile(filepath.Join(site, filepath.FromSlash(name)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Write(site, set, []*matrix.Row{rowOf(set, "two", "1")}, nil); err != nil {
		t.Fatal(err)
	}
	files, err := Build(set, []*matrix.Row{rowOf(set, "two", "1")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := append(theirs, written)
	want = slices.Sorted(slices.Values(slices.AppendSeq(want, maps.Keys(files))))
	var got []string
	err = filepath.WalkDir(site, func(file string, d os.DirEntry, err error) error {
		if name, relative := filepath.Rel(site, file); err == nil && !d.IsDir() {
			got, err = append(got, filepath.ToSlash(name)), relative
		}
		return err
	})
	if slices.Sort(got); err != nil || !slices.Equal(got, want) {
		t.Errorf("the folder has another file, %v (-want +got):\n%s", err, cmp.Diff(want, got))
	}

	for _, name := range []string{"../mine.txt", mine} { // a list that somebody changed
		if err := os.WriteFile(filepath.Join(site, written), []byte(name+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Write(site, set, rows, nil); err == nil || !strings.Contains(err.Error(), written) {
			t.Errorf("%s: got %v, want an error that names the list", name, err)
		}
		if _, err := os.Stat(mine); err != nil {
			t.Errorf("a file outside the folder is removed: %v", err)
		}
	}
}
