package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"lossproof/internal/corpus"
	"lossproof/internal/matrix"
	"lossproof/judge"
	"lossproof/lab/sweep"
)

func file(t *testing.T, dir, name, text string) {
	t.Helper()
	name = filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestBegin: what was done is done again where the port is another, not where what is known of it is.
func TestBegin(t *testing.T) {
	root := t.TempDir()
	dir, done := filepath.Join(root, "ports", "one"), filepath.Join(root, "done")
	file(t, root, "fixtures/data/manifest.sha256", "1")
	file(t, dir, "port.py", "1")
	file(t, dir, ".venv/lib.py", "1")
	file(t, dir, "../two/port.py", "1")
	file(t, dir, "../adapter.py", "1")
	m, p := maker{}, port{Name: "one", Shares: []string{"../two", "../adapter.py"}, Remove: []string{".venv"}}
	again := func() bool {
		t.Helper()
		file(t, done, "parity.json", "{}")
		if err := m.begin(dir, done, p); err != nil {
			t.Fatal(err)
		}
		_, err := os.Stat(filepath.Join(done, "parity.json"))
		return err != nil
	}
	if !again() || again() {
		t.Error("a port is not begun once")
	}
	for _, name := range []string{".venv/lib.py", "findings/one.py", "matrix.json", "baseline.json", "README.md"} {
		if file(t, dir, name, "2"); again() {
			t.Errorf("it begins anew where %s is another", name)
		}
	}
	for _, name := range []string{"port.py", "new.py", "../two/port.py", "../adapter.py"} {
		if file(t, dir, name, "2"); !again() {
			t.Errorf("it does not begin anew where %s is another", name)
		}
	}
	if file(t, root, "fixtures/data/manifest.sha256", "2"); !again() {
		t.Error("it does not begin anew with other fixtures")
	}
	m.anew = true
	if !again() {
		t.Error("-anew does not begin anew")
	}
}

// TestFindings: a finding is confirmed where its program succeeds and prints what the claim says.
func TestFindings(t *testing.T) {
	dir, set := t.TempDir(), corpus.Whole(t)
	file(t, dir, "findings/findings.json", `[
		{"file": "a", "run": "echo 1 and $EXACT", "title": "a", "rules": ["BCEWL-MEAN"], "fault": "It is another mean.", "shows": ["1 and 2"]},
		{"file": "b", "run": "echo 1", "title": "b", "rules": ["BCEWL-EMPTY-MEAN"], "fault": "A library may.", "shows": ["1", "2"]},
		{"file": "c", "run": "echo 1; exit 3", "title": "c", "rules": ["R"], "shows": ["1"]},
		{"file": "d", "run": "echo 1", "title": "d", "rules": ["R"], "shows": []}]`)
	list, err := findings(context.Background(), dir, port{Env: map[string]string{"EXACT": "2"}}, set)
	if err != nil || len(list) != 4 {
		t.Fatalf("got %+v, %v", list, err)
	}
	for i, want := range []bool{true, false, false, false} {
		if list[i].Confirmed != want || !strings.HasPrefix(list[i].Output, "1") {
			t.Errorf("%s: confirmed %t, want %t; output %q", list[i].Title, list[i].Confirmed, want, list[i].Output)
		}
		if list[i].IsFault != (i == 0) {
			t.Errorf("%s: a fault: %t", list[i].Title, list[i].IsFault)
		}
	}
	file(t, dir, "findings/findings.json", `[{"flie": "a"}]`)
	if _, err := findings(context.Background(), dir, port{}, set); err == nil || !strings.Contains(err.Error(), "flie") {
		t.Errorf("a misspelt member: got %v", err)
	}
	if list, err := findings(context.Background(), t.TempDir(), port{}, set); list != nil || err != nil {
		t.Errorf("without findings: got %v, %v", list, err)
	}
}

// TestOnlyFindings: a row whose findings alone are run keeps the rest of it, and has to be of the version that is
// installed.
func TestOnlyFindings(t *testing.T) {
	row, err := os.ReadFile("../../../ports/chainer/matrix.json")
	if err != nil {
		t.Fatal(err)
	}
	was, err := matrix.Parse(row)
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	dir := filepath.Join(root, "one")
	m := maker{ports: root, findingsOnly: true}
	file(t, dir, "matrix.json", string(row))
	file(t, dir, "port.json", `{"name": "one", "run": ["false"], "version": ["echo", "`+was.Port.Version+`"]}`)
	file(t, dir, "findings/findings.json", `[{"file": "a", "run": "echo 1", "title": "new", "rules": ["BCEWL-MEAN"], "shows": ["1"]}]`)
	if err := m.one(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	row, err = os.ReadFile(filepath.Join(dir, "matrix.json"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := matrix.Parse(row)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Findings) != 1 || got.Findings[0].Title != "new" || !got.Findings[0].Confirmed {
		t.Errorf("the findings are %+v", got.Findings)
	}
	if got.Findings = was.Findings; !reflect.DeepEqual(got, was) {
		t.Error("the rest of the row is another")
	}
	file(t, dir, "port.json", `{"name": "one", "run": ["false"], "version": ["echo", "7"]}`)
	if err := m.one(t.Context(), "one"); err == nil || !strings.Contains(err.Error(), "want that of 7, which is installed") {
		t.Errorf("a row of another version: got %v", err)
	}
}

// TestWrite: a row names no folder of the machine that it was made on.
func TestWrite(t *testing.T) {
	root := t.TempDir()
	name := filepath.Join(root, "ports", "one", "matrix.json")
	file(t, root, "ports/one/port.json", "")
	row := &matrix.Row{Run: root + "/ports/one/port.py", Program: filepath.Join(os.TempDir(), "x1", "a.cpp") + " and /paddle/a.cc"}
	if err := write(name, row); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"run": "ports/one/port.py"`, `"program": "x1/a.cpp and /paddle/a.cc"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %s", text, want)
		}
	}
}

func TestCurve(t *testing.T) {
	var profile sweep.Profile
	profile[0], profile[1] = sweep.Part{Measured: true, ULP: 0.5}, sweep.Part{Measured: true, ULP: 3.14159}
	c := curve("BCELoss", "loss, target 0", &profile)
	if len(c.ULP)*parts != len(profile) || c.ULP[0] != 3.14 || c.ULP[1] != -1 || c.From != -sweep.ProfileEdge || float64(len(c.ULP))*c.Step != 2*sweep.ProfileEdge {
		t.Errorf("got %+v", c)
	}
}

func TestReasons(t *testing.T) {
	dir, set := t.TempDir(), corpus.Whole(t)
	const id = "BCEWithLogitsLoss/blog_example/f32-mean#loss"
	file(t, dir, "baseline.json", `{"level": "parity", "fixtures": "1.0.0", "claim": {}, "asked": 0, "known": [{"outcome": "fail", "reason": "why", "ids": ["`+id+`"]}]}`)
	row := &matrix.Row{Modules: []matrix.Module{{Differs: []matrix.Difference{{Example: id}, {Example: id, Causes: []string{"cause"}}, {Example: "another"}}}}}
	for _, folder := range []string{t.TempDir(), dir} { // without a baseline, and with one
		if err := reasons(folder, set, row); err != nil {
			t.Fatal(err)
		}
	}
	if d := row.Modules[0].Differs; d[0].Reason != "why" || d[1].Reason != "" || d[2].Reason != "" {
		t.Errorf("got %+v", d)
	}
}

func TestRemoveInstalled(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"port/.venv/x", "mine/x", "shared/pom.xml", "shared/target/x"} {
		file(t, root, name, "")
	}
	p := port{Remove: []string{".venv", "../shared/target", "../mine", ".", "../shared/.", "../shared/../mine"}, Shares: []string{"../shared"}}
	err := p.removeInstalled(filepath.Join(root, "port"))
	if err == nil || strings.Count(err.Error(), "want a path in the folder") != 4 {
		t.Errorf("got %v", err)
	}
	for name, want := range map[string]bool{"mine/x": true, "shared/pom.xml": true, "port/.venv": false, "shared/target": false} {
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(name))); (err == nil) != want {
			t.Errorf("%s: there: %t, want %t", name, err == nil, want)
		}
	}
}

func TestPart(t *testing.T) {
	names := strings.Fields("a b c d e")
	for shard, want := range map[string]string{"": "a b c d e", "1/2": "a c e", "2/2": "b d", "auto": "b d", "7/7": ""} {
		t.Setenv("CI_NODE_INDEX", "2")
		t.Setenv("CI_NODE_TOTAL", "2")
		m := maker{shard: shard}
		if got, err := m.part(names); err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, %v, want %q", shard, got, err, want)
		}
	}
	m := maker{shard: "3/2"}
	if _, err := m.part(names); err == nil {
		t.Error("there is no shard 3/2")
	}
}

func TestShell(t *testing.T) {
	if got, want := shell([]string{"node", "-p", `require("it's")`, ""}), `node -p 'require("it'\''s")' ''`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestFindingsPage is what the committed rows say.
func TestFindingsPage(t *testing.T) {
	files, err := filepath.Glob("../../../ports/*/matrix.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("no row is committed: make matrix makes them")
	}
	rows, err := matrix.ReadAll(t.Context(), files)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../../docs/findings.md")
	if err != nil || string(page) != matrix.FindingsPage(rows) {
		t.Errorf("docs/findings.md is not what the rows say (%v): make matrix writes it", err)
	}
	for _, r := range rows {
		for _, m := range r.Modules {
			for _, d := range m.Differs {
				if d.Direct && r.Program == "" {
					t.Fatalf("%s: %s: a program shows it, and nothing says how to run it", r.Name, d.Rule)
				}
			}
		}
	}
	for _, r := range rows {
		if folder := filepath.Base(filepath.Dir(files[0])); r.Name == folder {
			return
		}
	}
	t.Errorf("no row has the name of its folder, as %s", files[0])
}

// TestAsk: a port is asked nothing twice, and has the results of runs at both levels.
func TestAsk(t *testing.T) {
	if testing.Short() {
		t.Skip("it judges a whole port: make test-long runs it")
	}
	dir, done := t.TempDir(), t.TempDir()
	log := filepath.Join(dir, "requests")
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "lossproof")
	build := exec.Command("go", "build", "-o", binary, "./cmd/lossproof")
	build.Dir = root
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	p := port{Name: "one", Run: []string{"bash", "-c", `exec "$1" port --divergence one-log-clamped < <(tee -a "$0")`, log, binary}}
	m := maker{timeout: time.Minute}
	parity, exact, err := m.ask(t.Context(), dir, done, p, corpus.Whole(t))
	if err != nil {
		t.Fatal(err)
	}
	row, err := matrix.New(parity, exact)
	if err != nil {
		t.Fatal(err)
	}
	bce := row.Module("BCELoss")
	if bce.Parity.Conformant || bce.Exact.Conformant || len(bce.Causes) == 0 || bce.Causes[0].Name != "one-log-clamped" {
		t.Errorf("got %+v, %+v and the causes %+v", bce.Parity, bce.Exact, bce.Causes)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	seen, twice := map[string]bool{}, 0
	for line := range strings.Lines(string(text)) {
		if _, call, _ := strings.Cut(line, `"module"`); call != "" {
			if seen[call] {
				twice++
			}
			seen[call] = true
		}
	}
	if len(seen) < 1000 || twice*20 > len(seen) {
		t.Errorf("%d of %d calls were asked twice", twice, len(seen))
	}
	if _, _, err := m.ask(t.Context(), dir, done, port{Run: []string{"false"}}, corpus.Whole(t)); err != nil {
		t.Errorf("what was done is done again: %v", err)
	}
}

// TestLists: every finding names rules that there are, and a program.
func TestLists(t *testing.T) {
	known := map[string]bool{}
	for _, c := range judge.Checks(corpus.Whole(t)) {
		known[c.Rule.ID] = true
	}
	files, err := filepath.Glob("../../../ports/*/findings/findings.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d lists, %v", len(files), err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var list []matrix.Demonstration
		if err := json.Unmarshal(text, &list); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, d := range list {
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), d.File)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for _, rule := range d.Rules {
				if !known[rule] {
					t.Errorf("%s: %s: there is no rule %s", name, d.File, rule)
				}
			}
		}
	}
}
