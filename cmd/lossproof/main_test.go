package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"lossproof/fixtures"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/ports/builtin"
)

// outcome is what a user sees of a command.
type outcome struct {
	code           int
	stdout, stderr string
}

// fresh runs a command line as main does: it loads and checks the fixtures.
func fresh(args ...string) outcome {
	var stdout, stderr bytes.Buffer
	code := Main(context.Background(), args, strings.NewReader(""), &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

// openSet opens the embedded fixtures once for many tests.
var openSet = sync.OnceValues(fixtures.Embedded)

// command is fresh on fixtures that other tests check.
func command(args ...string) outcome {
	return with(func(p *program) { p.port = builtin.Port{} }, args...)
}

// with runs a command line against other fixtures, which are checked, or another port.
func with(change func(*program), args ...string) outcome {
	var stdout, stderr bytes.Buffer
	p := &program{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, open: openSet, port: testports.Port{}}
	change(p)
	code := p.main(context.Background(), args)
	return outcome{code, stdout.String(), stderr.String()}
}

// check compares an outcome; every want must be in stdout, or, from "stderr:" on, in stderr.
func check(t *testing.T, got outcome, code int, wants ...string) {
	t.Helper()
	var problems []string
	if got.code != code {
		problems = append(problems, fmt.Sprintf("exit code %d, want %d", got.code, code))
	}
	for _, want := range wants {
		where, in := "stdout", got.stdout
		text, isStderr := strings.CutPrefix(want, "stderr:")
		if isStderr {
			where, in = "stderr", got.stderr
		}
		if !strings.Contains(in, text) {
			problems = append(problems, fmt.Sprintf("want %q in %s", text, where))
		}
	}
	if problems != nil {
		t.Errorf("%s\nstdout:\n%.4000s\nstderr:\n%.2000s", strings.Join(problems, "\n"), got.stdout, got.stderr)
	}
}

const blog = "BCEWithLogitsLoss/blog_example/f32-none"

func TestRun(t *testing.T) {
	args := []string{"run"}
	verdict, inputs, limits := "conformant (parity): ", "  16-bit inputs\n", "integer_targets\n"
	if testing.Short() { // package suites makes the others; make test-long has all
		for _, topic := range []string{"blog_example/*", "broadcasting/*", "mixed_dtype/*", "rejections/*", "relations/mean"} {
			args = append(args, "--select", "*/"+topic)
		}
		verdict, inputs, limits = "conformant as far as asked (parity): ", "\n", "integer_targets ["
	}
	got := fresh(args...)
	check(t, got, 0, "reference: PyTorch 2.15.0", "port:      lossproof", "BCEWithLogitsLoss\n", "  blog_example", "worst error: ",
		"quirks of PyTorch, which do not gate", "unsupported cases: ", " 100.0 % of the ", " asked for\n",
		"\n"+verdict+"BCEWithLogitsLoss float16 bfloat16 float32 float64, loss, grad_input and grad_target, without mixed_dtype and "+limits, "\nbehind it ", " refusals  laws", inputs, "\n  drawn from seed 1 of the release, effort normal\n",
		"\n"+verdict+"MultiLabelSoftMarginLoss float16 bfloat16 float32", "stderr:checks judged")
	if strings.Contains(got.stdout, "\x1b") || strings.Contains(got.stderr, "\x1b") {
		t.Error("there are colors, and no terminal")
	}
}

func TestRunLevels(t *testing.T) {
	some := []string{"--select", "*/blog_example/*", "--select", "*/nonfinite/f32-mean-minus-*", "--select", "*/extreme_logits/*minus-max*"}
	check(t, command(append([]string{"run", "--level", "exact"}, some...)...), 0, "conformant as far as asked (exact): BCEWithLogitsLoss", "conformant as far as asked (exact): MultiLabelSoftMarginLoss")
	// The built-in losses are right where PyTorch overflows: no drop-in replacement.
	check(t, command(append([]string{"run", "--level=reference", "--quirks"}, some...)...), 1, "not conformant (reference): BCEWithLogitsLoss",
		"BCEWL-LOGIT-MAX-QUIRK", "lossproof show BCEWithLogitsLoss/nonfinite/f32-mean-minus-inf-t-0", "quirks of PyTorch, which gate")
	check(t, command("run", "--level", "exat"), 2, `stderr:--level: got "exat", want parity, exact or reference, did you mean "exact"?`)
}

func TestRunSelection(t *testing.T) {
	check(t, command("run", "--select", blog, "-v"), 0, "1 of ", "pass         "+blog+"  loss both", "[1 of ")
	check(t, command("run", "--modules", "MultiLabelSoftMarginLoss", "--dtypes", "float32", "--rules", "MLSM-SUM,MLSM-MEAN", "--skip", "*/legacy_reduction/*"), 0,
		"conformant as far as asked (parity): MultiLabelSoftMarginLoss")
	check(t, command("run", "--cases-until", "1.0.0", "--select", "*/blog_example/*"), 0, "conformant")
	check(t, command("run", "--quirks", "--modules", "MultiLabelSoftMarginLoss", "--select", "*/broadcasting/*", "-v"), 1, "not conformant (parity): MultiLabelSoftMarginLoss", "quirks included", "MLSM-TARGET-BROADCAST-QUIRK (quirk)")
	for _, test := range []struct{ flag, value, want string }{
		{"--select", "BCEWithLogitsLoss/weights", `did you mean "BCEWithLogitsLoss/weights/*"?`},
		{"--skip", "nothing", `skip: "nothing" matches no case`},
		{"--select", "weights", `a pattern must match the whole id, as "*/shapes/*" does, did you mean "*/weights/*"?`},
		{"--cases-until", "0.9.0", `cases-until: 0.9.0 is before the first case: cases came with 1.0.0`},
		{"--modules", "BCEWithLogitLoss", `did you mean "BCEWithLogitsLoss"?`},
		{"--dtypes", "flaot32", `did you mean "float32"?`},
		{"--rules", "MLSM-SUMM", `did you mean "MLSM-SUM"?`},
		{"--cases-until", "one", `version "one": want the form 1.2.0`},
		{"--max-fail", "-1", `--max-fail: got -1, want 0 or more`},
		{"--max-fail", "x", `invalid argument "x"`},
		{"--leve", "exact", `unknown flag: --leve, did you mean "--level"?`},
	} {
		check(t, command("run", test.flag, test.value), 2, "stderr:"+test.want)
	}
	check(t, command("run", "--modules", "BCEWithLogitsLoss", "--select", "Multi*"), 2, "stderr:nothing is selected")
}

func TestRunArguments(t *testing.T) {
	check(t, command("run", "python"), 2, `stderr:unexpected "python": select cases with --select; the command of a port stands behind --`)
	for _, nothing := range [][]string{{"run", "--"}, {"run", "--select", "*/shapes/*", "--"}, {"repro", blog, "--"}, {"sweep", "--sample", "--"}} {
		check(t, command(nothing...), 2, "stderr:"+nothing[0]+": there is nothing behind --: want the command of a port")
	}
	check(t, command("run", "--jobs", "2"), 2, "stderr:--jobs: there is no command: the port to start stands behind --")
	check(t, command("run", "--jobs", "0", "--", "x"), 2, "stderr:--jobs: got 0, want 1 to 256")
	check(t, command("run", "--jobs", "100000", "--", "x"), 2, "stderr:--jobs: got 100000, want 1 to 256")
	check(t, command("run", "--timeout", "-1s", "--", "x"), 2, "stderr:--timeout: got -1s, want more than 0")
	check(t, command("run", "--trace", t.TempDir(), "--", "x"), 2, "stderr:--trace: ")
	check(t, command("run", "--", "there/is/no/such/port"), 3, "stderr:the command could not be started: fork/exec there/is/no/such/port")
}

func TestRunWrongPorts(t *testing.T) {
	set, err := openSet()
	if err != nil {
		t.Fatal(err)
	}
	// Ten cases whole and a line for each rule: the report does not grow with the number of cases.
	most := 10*3_000 + 100*len(set.Rules)
	for name, port := range map[string]ports.Port{"zeros": testports.Zeros, "refuses": testports.RefusesEverything, "panics": testports.Panics} {
		if testing.Short() && name == "refuses" {
			continue // make test-long has it
		}
		run := func(more ...string) outcome {
			return with(func(p *program) { p.port = port }, append([]string{"run", "--select", "*/blog_example/*", "--select", "*/weights/f32-mean-*"}, more...)...)
		}
		got := run()
		check(t, got, 1, "lossproof show ", "\nnot conformant (parity): BCELoss, BCEWithLogitsLoss, CrossEntropyLoss and MultiLabelSoftMarginLoss\nwhat fails ")
		if name == "panics" {
			check(t, got, 1, "cases fail:", "rule ", "more (-v writes all of them); by rule, all ")
		} else { // what a cause explains whole is listed where it is asked for
			check(t, run("-v"), 1, "cases fail:", "rule ", "lossproof show ")
		}
		if len(got.stdout) > most {
			t.Errorf("%s: %d bytes for %d rules, want at most %d", name, len(got.stdout), len(set.Rules), most)
		}
	}
	got := with(func(p *program) { p.port = testports.Zeros }, "run", "--max-fail", "2")
	check(t, got, 1, "2 of ", "not complete: ")
	deaf := testports.Port{DescribeFunc: func() (ports.Description, error) { return ports.Description{}, errors.New("no GPU") }}
	check(t, with(func(p *program) { p.port = deaf }, "run"), 3, "stderr:the port's answer to hello: no GPU")
}

func TestRunInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	asked := 0
	port := testports.Port{EvaluateFunc: func(ctx context.Context, call ports.Call) (ports.Answer, error) {
		if asked++; asked == 10 {
			cancel()
		}
		return testports.Port{}.Evaluate(ctx, call)
	}}
	file := filepath.Join(t.TempDir(), "result.json")
	var stdout, stderr bytes.Buffer
	p := &program{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, port: port, open: openSet}
	code := p.main(ctx, []string{"run", "--json", file})
	check(t, outcome{code, stdout.String(), stderr.String()}, 130, "not complete: ", "\nnot conformant (parity): BCELoss, BCEWithLogitsLoss, ", "\n  BCELoss: 1", "stderr:interrupted")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var result judge.Result
	if err := json.Unmarshal(data, &result); err != nil {
		t.Fatal(err)
	}
	if result.Complete || result.Summary.Conformant || len(result.Cases) != 9 {
		t.Errorf("complete %t, conformant %t, %d cases", result.Complete, result.Summary.Conformant, len(result.Cases))
	}
}

func TestRunJSON(t *testing.T) {
	got := command("run", "--select", "*/blog_example/*", "--json", "-")
	check(t, got, 0, "stderr:conformant as far as asked (parity)")
	var result judge.Result
	if err := json.Unmarshal([]byte(got.stdout), &result); err != nil {
		t.Fatal(err)
	}
	if !result.Complete || !result.Partial || len(result.Cases) != 36 || result.Cases[0].Outputs["loss"].Agrees != "both" || result.Argv[1] != "run" {
		t.Errorf("complete %t, partial %t, %d cases", result.Complete, result.Partial, len(result.Cases))
	}
	check(t, command("run", "--json", filepath.Join(t.TempDir(), "no", "such", "folder")), 2, "stderr:--json: ")
}

// embeddedTree returns the committed fixtures as files that can be spoilt.
func embeddedTree(t *testing.T) fstest.MapFS {
	t.Helper()
	root, tree := os.DirFS("../../fixtures/data"), fstest.MapFS{}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		tree[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestDamagedFixtures(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes: make test-long runs it")
	}
	const array = "BCEWithLogitsLoss/blog_example/input.3x5.float32.npy"
	intact := embeddedTree(t)
	if _, ok := intact[array]; !ok {
		t.Fatalf("there is no %s", array)
	}
	for _, test := range []struct {
		reason, file string
		spoil        func(fstest.MapFS, string)
	}{
		{"a flipped byte in an array", array, flip},
		{"a flipped byte in the rules", "rules.json", flip},
		{"a flipped byte in cases", "MultiLabelSoftMarginLoss/weights/cases.json", flip},
		{"a flipped byte in the verdict vectors", "verdict-vectors.json", flip},
		{"a flipped byte in the manifest", "manifest.json", flip},
		{"a missing array", array, func(tree fstest.MapFS, name string) { delete(tree, name) }},
		{"an extra file", "BCEWithLogitsLoss/blog_example/extra.npy", func(tree fstest.MapFS, name string) { tree[name] = &fstest.MapFile{} }},
	} {
		tree := fstest.MapFS{}
		for name, file := range intact {
			tree[name] = file
		}
		test.spoil(tree, test.file)
		for _, args := range [][]string{{"run"}, {"fixtures", "verify"}} {
			t.Run(test.reason+" in "+strings.Join(args, " "), func(t *testing.T) {
				got := with(func(p *program) { p.open = func() (*fixtures.Set, error) { return fixtures.Load(tree) } }, args...)
				check(t, got, 2, "stderr:"+test.file)
				if strings.Contains(got.stdout, "conformant") {
					t.Error("there is a verdict")
				}
			})
		}
	}
}

// flip changes one bit in the middle of a file.
func flip(tree fstest.MapFS, name string) {
	data := bytes.Clone(tree[name].Data)
	data[len(data)/2] ^= 1
	tree[name] = &fstest.MapFile{Data: data}
}

// noArrays is a file system without NPY files.
type noArrays struct {
	fs.FS
	t *testing.T
}

func (n noArrays) Open(name string) (fs.File, error) {
	if strings.HasSuffix(name, ".npy") {
		n.t.Errorf("%s is opened", name)
	}
	return n.FS.Open(name)
}

func TestListAndExplainReadNoArrays(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long: make test-long runs it")
	}
	data := noArrays{os.DirFS("../../fixtures/data"), t}
	for _, args := range [][]string{{"list"}, {"list", "--dtypes", "float32"}, {"explain"}, {"explain", "MLSM-NONE-SHAPE"}, {"version"}} {
		check(t, with(func(p *program) { p.open = func() (*fixtures.Set, error) { return fixtures.Open(data) } }, args...), 0)
	}
}

func TestList(t *testing.T) {
	got := command("list")
	check(t, got, 0, blog+"\tBCEWL-NONE-SHAPE\tmust\n", "\tquirk\n")
	set, err := openSet()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(got.stdout, "\n"); n != len(judge.Checks(set)) {
		t.Errorf("%d lines, want one for each of %d checks", n, len(judge.Checks(set)))
	}
	got = command("list", "--select", "*/blog_example/*", "--dtypes", "float64", "--modules", "BCEWithLogitsLoss")
	check(t, got, 0)
	if strings.Count(got.stdout, "\n") != 3 {
		t.Errorf("got %q", got.stdout)
	}
	check(t, command("list", "everything"), 2, `stderr:list takes no arguments, got ["everything"]`)
	check(t, command("list", "--select", "zzz"), 2, "stderr:matches no case")
}

func TestShow(t *testing.T) {
	check(t, command("show", blog), 0, blog, "rule     BCEWL-NONE-SHAPE (must): ", `options  reduction="none"`, "input  float32 (3, 5)  input.3x5.float32.npy[",
		"-0.748 0.6282 -1.8508 -0.5212 -0.6264", "target.3x5.uint8.npy[0] as float32", "loss  float32 (3, 5)", "loss.reference.3x5.float32.npy[", "(0, 0)  1.1355", "published", "grad_input  float32")
	check(t, command("show", "CrossEntropyLoss/label_smoothing/f32-none-ignored-class"), 0, `options  reduction="none", ignore_index=2, label_smoothing=0.1`, "target  int64 (5,)")
	check(t, command("show", blog+"#loss"), 0, blog) // as a failure names it
	check(t, command("show", "BCEWithLogitsLoss/rejections/f32-reduction-batchmean"), 0, "PyTorch refuses the call (kind option):", "ValueError: batchmean is not a valid value for reduction")
	check(t, command("show", "BCEWithLogitsLoss/extreme_logits/f32-none-moderate-t-0"), 0, "PyTorch is not exact here: ")
	large := command("show", "BCEWithLogitsLoss/large/f32-mean-256x128")
	check(t, large, 0, "… 32752 more", "… 32736 more")
	if len(large.stdout) > 10_000 {
		t.Errorf("%d bytes", len(large.stdout))
	}
	check(t, command("show", "BCEWithLogitsLoss/blog_example/f32-nnoe"), 2, `stderr:did you mean "`+blog+`"?`)
	check(t, command("show", "FocalLoss/shapes/x"), 2, `stderr:there is no module "FocalLoss", want one of BCELoss, BCEWithLogitsLoss, `)
	check(t, command("show"), 2, "stderr:show takes one ID, got 0 arguments")
	topic := command("list", "--select", "BCEWithLogitsLoss/blog_example/*")
	for _, folder := range []string{"BCEWithLogitsLoss/blog_example/", "BCEWithLogitsLoss/blog_example"} {
		if got := command("show", folder); got != topic {
			t.Errorf("%s: got %+v, want %+v", folder, got, topic)
		}
	}
	check(t, command("show", "--request", "BCEWithLogitsLoss/blog_example/"), 2, "stderr:there is no case")
}

func TestExplain(t *testing.T) {
	check(t, command("explain", "MLSM-NONE-SHAPE"), 0, "'none' drops the last dimension", "requirement  must", "basis        documented", "https://", "cases stand for it", "MultiLabelSoftMarginLoss/")
	check(t, command("explain", "BCEWL-INF-NAN"), 0, "requirement  quirk", "only with --quirks")
	check(t, command("explain", "BCEWL-WEIGHT-NEGATIVE"), 0, "requirement  should: gates unless a baseline gives a reason; ")
	check(t, command("explain"), 0, "MLSM-NONE-SHAPE", "BCEWL-FORMULA")
	check(t, command("explain", "MLSM-NONE"), 2, `stderr:there is no rule, divergence or outcome "MLSM-NONE", did you mean "MLSM-NONE-SHAPE"?`)
	check(t, command("explain", "A", "B"), 2, `stderr:explain takes one NAME at most, got ["A" "B"]`)
	check(t, command("explain", "MLSM-NON-SHAPE"), 2, `stderr:there is no rule, divergence or outcome "MLSM-NON-SHAPE", did you mean "MLSM-NONE-SHAPE"?`)
}

// TestPortAnswersARequest takes the line of a case through the port.
func TestPortAnswersARequest(t *testing.T) {
	request := command("show", "--request", blog)
	check(t, request, 0, `{"cmd":"run","id":1,"module":"BCEWithLogitsLoss","options":{"reduction":"none"},"inputs":{`, `"want":["loss","grad_input"]`)
	var stdout, stderr bytes.Buffer
	in := strings.NewReader(`{"cmd":"hello","protocol":1}` + "\n" + request.stdout + "nonsense\n" + `{"cmd":"bye"}` + "\n" + request.stdout)
	code := Main(context.Background(), []string{"port"}, in, &stdout, &stderr)
	check(t, outcome{code, stdout.String(), stderr.String()}, 0,
		`{"protocol":1,"port":{"name":"lossproof"`, `{"id":1,"outputs":{"grad_input":{"dtype":"float32","shape":[3,5]`, `{"protocol":1,"error":"the line is not JSON`)
	if n := strings.Count(stdout.String(), "\n"); n != 3 {
		t.Errorf("%d answers, want 3", n)
	}
}

func TestPortEndsOnAnInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	silent, _ := io.Pipe()
	var stdout, stderr bytes.Buffer
	code := Main(ctx, []string{"port"}, silent, &stdout, &stderr)
	check(t, outcome{code, stdout.String(), stderr.String()}, 130)
}

func TestFixtures(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long: make test-long runs it")
	}
	check(t, fresh("fixtures", "verify"), 0, "the embedded fixtures are intact: version ", "from PyTorch 2.15.0")
	dir := filepath.Join(t.TempDir(), "copy")
	check(t, fresh("fixtures", "extract", dir), 0, "extracted to "+dir)
	check(t, fresh("fixtures", "verify", dir), 0, "the data in "+dir+" are intact: version ")
	check(t, fresh("fixtures", "extract", dir), 2, "stderr:is not empty")
	name := filepath.Join(dir, "tolerances.json")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	check(t, fresh("fixtures", "verify", dir), 2, "stderr:tolerances.json: sha256 is ")
	check(t, fresh("fixtures", "verify", name), 2, "stderr:is a file, want a folder")
	check(t, fresh("fixtures", "verify", dir+"-not"), 2, "stderr:no such file")
	check(t, fresh("fixtures", "verfy"), 2, `stderr:there is no subcommand "verfy", want verify or extract, did you mean "verify"?`)
	check(t, fresh("fixtures"), 2, "stderr:want verify or extract")
	check(t, fresh("fixtures", "extract"), 2, "stderr:extract takes one DIR, got 0 arguments")
}

func TestHelp(t *testing.T) {
	set, err := openSet()
	if err != nil {
		t.Fatal(err)
	}
	check(t, command(), 0, "Usage:", "run ", "explain", "exit-codes")
	check(t, command("help"), 0, "Usage:")
	check(t, command("help", "run"), 0, "--level", "--cases-until", "lossproof run --level exact")
	check(t, command("help", "exit-codes"), 0, "0    conformant", "1    not conformant", "2    wrong use", "3    the port", "130  interrupted")
	check(t, command("version"), 0, "lossproof ", "fixtures   "+set.Version()+" (", "PyTorch 2.15.0", "protocol   1")
	if got := command("--version"); got != command("version") {
		t.Errorf("--version: got %+v", got)
	}
	check(t, command("help", "fixtures", "verify"), 0, "verify [DIR]")
	check(t, command("help", "exit-code"), 2, `stderr:there is no command "exit-code", did you mean "exit-codes"?`)
	check(t, command("rnu"), 2, `stderr:there is no command "rnu", did you mean "run"?`)
	check(t, command("--verbos"), 2, "stderr:unknown flag: --verbos")
}
