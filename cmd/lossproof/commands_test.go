//go:build unix

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossproof/internal/claim"
	"lossproof/internal/divergence"
	"lossproof/internal/resultfile"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/ports"
)

// builtinCommand is the command line of the built-in losses as a port.
func builtinCommand() []string {
	return []string{"env", commandVariable + "=1", os.Args[0], "port"}
}

// piped runs a command line with text on stdin.
func piped(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	return with(func(p *program) { p.stdin = strings.NewReader(stdin) }, args...)
}

func resultOf(t *testing.T, file string) *judge.Result {
	t.Helper()
	result, err := resultfile.Read(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func resultFileOf(t *testing.T, result *judge.Result) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "result.json")
	data, err := json.Marshal(result)
	if err == nil {
		err = os.WriteFile(file, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// answersTo returns what the built-in port answers to requests.
func answersTo(t *testing.T, args ...string) (requests, answers string) {
	t.Helper()
	r := piped(t, "", append([]string{"requests"}, args...)...)
	check(t, r, 0, `{"cmd":"hello","protocol":1}`, `{"cmd":"bye"}`)
	a := piped(t, r.stdout, "port")
	check(t, a, 0)
	return r.stdout, a.stdout
}

func TestRequestsAndJudgeEqualRun(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes: make test-long runs it")
	}
	dir := t.TempDir()
	judged, ran := filepath.Join(dir, "judged.json"), filepath.Join(dir, "run.json")
	selection := []string{"--skip", "*/accumulation/*", "--skip", "*/large/*", "--skip", "*/extreme_logits/*", "--skip", "*/relations/*", "--skip", "*/generated/*", "--skip", "*/every_input/*"}
	_, answers := answersTo(t)
	check(t, piped(t, answers, append([]string{"judge", "-", "--json", judged}, selection...)...), 0, "conformant as far as asked (parity): BCEWithLogitsLoss")
	check(t, piped(t, "", append([]string{"run", "--json", ran}, selection...)...), 0)
	a, b := resultOf(t, judged), resultOf(t, ran)
	a.Argv, b.Argv = nil, nil
	if !a.Recorded || b.Recorded {
		t.Errorf("recorded: %t and %t", a.Recorded, b.Recorded)
	}
	a.Recorded = false
	if !reflect.DeepEqual(a, b) {
		t.Errorf("the results differ (- judged, + run):\n%s", cmp.Diff(a, b))
	}
	// From a file, and asked for no more than the claim.
	file := filepath.Join(dir, "answers.jsonl")
	if err := os.WriteFile(file, []byte(answers), 0o600); err != nil {
		t.Fatal(err)
	}
	check(t, piped(t, "", "judge", file, "--select", "*/blog_example/*"), 0)
	all, _ := answersTo(t, "--select", "*/mixed_dtype/*", "--select", "*/blog_example/*")
	claimed, _ := answersTo(t, "--hello", file, "--select", "*/mixed_dtype/*", "--select", "*/blog_example/*")
	if a, b := strings.Count(all, "\n"), strings.Count(claimed, "\n"); a != 128 || b != 56 {
		t.Errorf("%d and %d requests, want 128 and 56", a, b)
	}
}

func TestJudgeOfWrongAnswers(t *testing.T) {
	_, answers := answersTo(t, "--select", someCases)
	lines := strings.SplitAfter(answers, "\n")
	selection := []string{"judge", "-", "--select", someCases}
	judgeLines := func(lines ...string) outcome { return piped(t, strings.Join(lines, ""), selection...) }
	check(t, judgeLines(lines...), 0)
	check(t, judgeLines(lines[0], lines[6], lines[1], lines[5], lines[2], lines[4], lines[3]), 0) // in any order
	check(t, judgeLines(lines[:6]...), 1, "BCEWithLogitsLoss/blog_example/f64-sum: crash", "there is no answer to this case")
	check(t, judgeLines(append(lines, lines[3])...), 1, "BCEWithLogitsLoss/blog_example/f32-sum: malformed", "one more answer with id")
	torn := strings.Replace(lines[2], `"data":"`, `"data":"AAAA`, 1)
	check(t, judgeLines(lines[0], lines[1], torn, lines[3], lines[4], lines[5], lines[6]), 1, "BCEWithLogitsLoss/blog_example/f32-none: malformed", "line 3: ")
	check(t, judgeLines(append(lines, "loaded model\n", `{"id":99999,"outputs":{}}`+"\n")...), 0,
		"stderr:stdin: no answer to a request: line 8: the line is not JSON", "stderr:line 9: nothing was asked under id 99999")
	check(t, judgeLines(), 3, "stderr:stdin: there is no answer to hello: the input is empty")
	check(t, judgeLines(lines[1]), 3, "stderr:line 1 is not the answer to hello")
	check(t, judgeLines(strings.Replace(lines[0], `"loss"`, `"lss"`, 1)), 3, `stderr:did you mean "loss"?`)
	check(t, judgeLines(`{"protocol":2,"error":"I am newer"}`+"\n"), 3, "stderr:the port speaks protocol 2: I am newer")
	check(t, piped(t, "", "judge", "no-such-file"), 2, "stderr:no-such-file")
	check(t, piped(t, "", "judge"), 2, "stderr:judge takes one FILE, or - for stdin, got 0")
	check(t, piped(t, "", "requests", "--hello", os.DevNull), 2, "stderr:--hello: ")
}

func TestSmoke(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes: make test-long runs it")
	}
	got := piped(t, "", append([]string{"smoke", "--"}, builtinCommand()...)...)
	check(t, got, 0, "ok    hello: lossproof", "claims BCEWithLogitsLoss float16 bfloat16 float32 float64",
		"ok    BCEWithLogitsLoss, one loss: ", "ok    BCEWithLogitsLoss, one rejection: ", "ok    MultiLabelSoftMarginLoss, one empty: ")
	check(t, piped(t, "", append([]string{"smoke", "--timeout", "500ms", "--"}, port(t, "no id")...)...), 1, "FAIL  BCEWithLogitsLoss, one rejection: ", "malformed")
	check(t, piped(t, "", "smoke", "--", "false"), 3, "stderr:the port's answer to hello: ")
	check(t, piped(t, "", "smoke"), 2, "stderr:smoke: there is no command: the port to start stands behind --")
	check(t, piped(t, "", "smoke", "python3"), 2, `stderr:unexpected "python3": the command of a port stands behind --`)
}

func TestClaim(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes: make test-long runs it")
	}
	got := piped(t, "", append([]string{"claim", "--"}, builtinCommand()...)...)
	check(t, got, 0, "stderr:BCEWithLogitsLoss\n  without mixed_dtype: of 34 cases 0 are answered unsupported, 34 are wrong", "stderr:inside this claim 0 of 2083 cases fail")
	var found struct{ Modules map[string]ports.Claim }
	if err := json.Unmarshal([]byte(got.stdout), &found); err != nil {
		t.Fatal(err)
	}
	if err := claim.Validate(found.Modules); err != nil || len(found.Modules) != len(claim.Modules) {
		t.Errorf("%v, %v", found.Modules, err)
	}
	check(t, piped(t, "", "claim", "--", "false"), 3)
}

func TestDiff(t *testing.T) {
	file := filepath.Join(t.TempDir(), "old.json")
	check(t, piped(t, "", "run", "--select", someCases, "--select", someRefused, "--json", file), 0)
	const loss = "BCEWithLogitsLoss/blog_example/f32-none"
	changed := func(change func(r *judge.Result, c *judge.CheckResult)) string {
		result := resultOf(t, file)
		i := slices.IndexFunc(result.Cases, func(c judge.CheckResult) bool { return c.ID == loss })
		change(result, &result.Cases[i])
		return resultFileOf(t, result)
	}
	output := func(c *judge.CheckResult, change func(o *judge.OutputResult)) {
		o := c.Outputs["loss"]
		change(&o)
		c.Outputs["loss"] = o
	}
	check(t, command("diff", file, file), 0, "compared: 21 outputs and rejections", "nothing got worse")

	grown := changed(func(_ *judge.Result, c *judge.CheckResult) {
		output(c, func(o *judge.OutputResult) { o.Errors.Exact.ULP = 1.75 })
	})
	check(t, command("diff", file, grown), 1, "errors that grew: 1\n  "+loss+"#loss: ", "-> 1.75 ULP against exact", "worse: 0 outcomes, 1 error\n")
	check(t, command("diff", "--slack", "2", file, grown), 0, "nothing got worse")
	check(t, command("diff", grown, file), 0, "errors that shrank: 1")

	fails := changed(func(_ *judge.Result, c *judge.CheckResult) {
		output(c, func(o *judge.OutputResult) { o.Outcome = judge.Fail })
	})
	check(t, command("diff", file, fails), 1, "worse: 1\n  "+loss+"#loss: pass -> fail")
	check(t, command("diff", fails, file), 0, "better: 1\n  "+loss+"#loss: fail -> pass")
	crashes := changed(func(_ *judge.Result, c *judge.CheckResult) {
		output(c, func(o *judge.OutputResult) { o.Outcome = judge.Crash })
	})
	check(t, command("diff", fails, crashes), 1, "fail -> crash")
	// A baseline makes nothing better.
	known := changed(func(_ *judge.Result, c *judge.CheckResult) {
		output(c, func(o *judge.OutputResult) {
			o.Outcome, o.Known = judge.KnownFailure, &judge.Known{Outcome: judge.Fail}
		})
	})
	check(t, command("diff", file, known), 1, "pass -> fail")
	check(t, command("diff", fails, known), 0, "nothing got worse")

	// Of a case whose content is another, nothing is said.
	other := changed(func(_ *judge.Result, c *judge.CheckResult) {
		c.SHA256 = strings.Repeat("0", 64)
		output(c, func(o *judge.OutputResult) { o.Outcome = judge.Fail })
	})
	check(t, command("diff", file, other), 0, "compared: 19 outputs", "1 case whose content changed", "only in the new one\n  "+loss+"\n", "nothing got worse")

	arm := changed(func(r *judge.Result, _ *judge.CheckResult) {
		r.Platform.Arch, r.Platform.CPU, r.Platform.SIMD, r.Port.Version = "arm64", "Neoverse N1", []string{"NEON"}, "9"
	})
	check(t, command("diff", file, arm), 0, "machine, system: linux/", "/arm64", "-> Neoverse N1", "machine, instruction sets: ", "-> NEON", "port, version: ", "-> 9")

	unfinished := changed(func(r *judge.Result, _ *judge.CheckResult) { r.Complete = false })
	check(t, command("diff", file, unfinished), 2, "stderr:diff: "+unfinished+": the result is not complete")
	level := changed(func(r *judge.Result, _ *judge.CheckResult) { r.Level = "exact" })
	check(t, command("diff", file, level), 2, "stderr:two levels, parity and exact")
	none := changed(func(r *judge.Result, _ *judge.CheckResult) { r.Cases = nil; r.Cases = []judge.CheckResult{} })
	check(t, command("diff", file, none), 2, "stderr:no case in common")
	garbage := filepath.Join(t.TempDir(), "garbage.json")
	for text, want := range map[string]string{"": "the file is empty", "{}": "missing properties", "{": "not JSON"} {
		if err := os.WriteFile(garbage, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		check(t, command("diff", file, garbage), 2, "stderr:"+garbage+": ", "stderr:"+want)
	}
	check(t, command("diff", file), 2, "stderr:diff takes OLD.json and NEW.json, got 1")
	check(t, command("diff", "--slack", "nan", file, file), 2, "stderr:--slack: got NaN")
}

func TestRepro(t *testing.T) {
	check(t, against(t, testports.Port{}, "repro", "BCEWithLogitsLoss/pos_weight/f32-none-class-hard"), 0,
		"# run it again\nlossproof run --level parity --select BCEWithLogitsLoss/pos_weight/f32-none-class-hard -v\n",
		`{"cmd":"run","id":`, "fixtures/BCEWithLogitsLoss/pos_weight/input.3x5.float32.npy[",
		"import torch\n", "loss = torch.nn.BCEWithLogitsLoss(pos_weight=pos_weight, reduction=\"none\")(input, target)\n", "loss.backward(torch.ones_like(loss))",
		"loss: 15 elements, agrees: both; the worst is (", "decimal", "hexadecimal", "0x1.", "0x3e83a29", "reference")
	got := against(t, failsSums, "repro", "BCEWithLogitsLoss/blog_example/f32-sum#loss", "--level", "exact")
	check(t, got, 1, "--level exact", "BCEWithLogitsLoss/blog_example/f32-sum: fail", "loss: 1 elements, agrees: neither; the worst is ()", "got        1 ", "0x3f800000", "13.847440357183968")
	large := against(t, testports.Port{}, "repro", "BCEWithLogitsLoss/large/f32-mean-256x128")
	check(t, large, 0, "lossproof show --request BCEWithLogitsLoss/large/f32-mean-256x128", "import numpy as np", `np.load("fixtures/BCEWithLogitsLoss/large/input.256x128.float16.npy")[`)
	if len(large.stdout) > 6000 {
		t.Errorf("%d bytes", len(large.stdout))
	}
	check(t, against(t, testports.Port{}, "repro", "BCEWithLogitsLoss/rejections/f32-reduction-batchmean"), 0, "it raises ValueError", "refused, as PyTorch does")
	check(t, against(t, testports.Port{}, "repro", "MultiLabelSoftMarginLoss/mixed_dtype/mean-int64-target"), 2, "stderr:there is no case")
	check(t, against(t, testports.Port{}, "repro", "BCEWithLogitsLoss/mixed_dtype/mean-float32-input-float64-target"), 0, "unsupported: without mixed_dtype", "--quirks")
	check(t, piped(t, "", append([]string{"repro", blog, "--"}, builtinCommand()...)...), 0, "-v -- env "+commandVariable+"=1 ", "pass\n")
	ignored, _ := divergence.ByName("pos-weight-on-whole-loss")
	check(t, against(t, ignored.Port(), "repro", "BCEWithLogitsLoss/pos_weight/f32-none-class-hard"), 1,
		"# the diagnosis, of this case alone\ndiagnosis of BCEWithLogitsLoss: pos-weight-on-whole-loss\n",
		"    rule      BCEWL-POS-WEIGHT (must): ", "    right     l = w*(p*t*softplus(-x)", "it explains 2 of 2 answers that fail; it predicts the answer to a fresh input, too")
	unknown := against(t, failsSums, "repro", "BCEWithLogitsLoss/blog_example/f32-sum")
	check(t, unknown, 1, "diagnosis of BCEWithLogitsLoss: no known mistake\n\n  loss is wrong.\n", "The shape of grad_input is another than PyTorch's: ")
	check(t, against(t, ignored.Port(), "repro", "--issue", "BCEWithLogitsLoss/pos_weight/f32-none-class-hard"), 1,
		"# BCEWithLogitsLoss: pos_weight multiplies the whole loss, negative term included\n\npos-weight-on-whole-loss divergence, go. Found by lossproof ",
		"## What happens\n\n`loss` of\n\n    reduction=\"none\"; float32 input [[0]], target [[0]], pos_weight [2]\n\nis `[[1.3862944]]`, and should be `[[0.6931472]]`.\nThe exact value is 0.6931471805599453.\n",
		"```python\nimport torch\n", "## What is right\n\n    l = w*(p*t*softplus(-x)", "Basis (", "https://github.com/open-mmlab/mmpretrain/issues/434", "```json\n{\"cmd\":\"run\"")
	check(t, against(t, testports.Port{}, "repro", "--issue", blog), 0, "stderr:there is nothing to report")
	check(t, against(t, failsSums, "repro", "--issue", "BCEWithLogitsLoss/blog_example/f32-sum"), 1, "# BCEWithLogitsLoss: loss is wrong\n")
	scalar := against(t, failsSums, "repro", "--issue", "BCEWithLogitsLoss/shapes/f32-sum-0d")
	if check(t, scalar, 1, "## What is right\n\n    l = w*(p*t*softplus(-x)"); strings.Contains(scalar.stdout, "A 0-d input") {
		t.Errorf("numbers are wrong, and the report speaks of shapes:\n%s", scalar.stdout)
	}
	if pass := against(t, testports.Port{}, "repro", blog); strings.Contains(pass.stdout, "diagnosis") {
		t.Errorf("a case that passes has a diagnosis:\n%s", pass.stdout)
	}
	check(t, command("repro"), 2, "stderr:repro takes one ID, got 0")
	check(t, command("repro", "a", "b"), 2, "stderr:repro takes one ID, got 2")
	check(t, command("repro", blog+"x"), 2, `stderr:did you mean "`+blog+`"?`)
}

func TestExitCodesTopic(t *testing.T) {
	var listed []judge.Outcome
	for _, o := range outcomeMeans {
		listed = append(listed, o.outcome)
		gates := strings.HasPrefix(o.gates, "yes")
		if gates != o.outcome.Gating() || gates != (o.code != exitConformant) {
			t.Errorf("%s: gates %q, code %d", o.outcome, o.gates, o.code)
		}
	}
	if !slices.Equal(listed, judge.Outcomes) {
		t.Errorf("the table has %v, want %v", listed, judge.Outcomes)
	}
	check(t, command("help", "exit-codes"), 0, "known        no ", "crash        yes ", "claim-shrank")
}

func TestCompletion(t *testing.T) {
	check(t, command("completion", "bash"), 0, "bash completion")
	check(t, command("__complete", "show", "BCEWithLogitsLoss/blog_example/f32-n"), 0, blog+"\n")
	check(t, command("__complete", "explain", "MLSM-NONE"), 0, "MLSM-NONE-SHAPE\t")
	check(t, command("__complete", "run", "--rules", "MLSM-NONE"), 0, "MLSM-NONE-SHAPE\t")
	check(t, command("__complete", "run", "--level", ""), 0, "parity\nexact\nreference\n")
}

func TestReportsOfARun(t *testing.T) {
	dir := t.TempDir()
	junit, markdown, badge := filepath.Join(dir, "junit.xml"), filepath.Join(dir, "summary.md"), filepath.Join(dir, "badge.json")
	got := against(t, failsSums, "run", "--select", someCases, "--junit", junit, "--markdown", markdown, "--badge", badge)
	check(t, got, 1)
	for file, want := range map[string]string{
		junit: `<testcase name="f32-sum" classname="BCEWithLogitsLoss.blog_example"`, markdown: "| BCEWL-SUM | must | 2 |", badge: `"message":"not conformant (parity)"`,
	} {
		data, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s: %v, want %q in\n%.2000s", file, err, want, data)
		}
	}
	if strings.Contains(got.stdout, "::error") {
		t.Error("annotations outside GitHub Actions")
	}
	t.Setenv("GITHUB_ACTIONS", "true")
	check(t, against(t, failsSums, "run", "--select", someCases), 1, "::error title=lossproof%3A BCEWithLogitsLoss/blog_example/f32-sum%3A fail::BCEWL-SUM (must): ")
	check(t, against(t, failsSums, "run", "--select", someCases, "--json", "-"), 1, "stderr:::error title=")
	check(t, against(t, failsSums, "run", "--json", "-", "--junit", "-"), 2, "stderr:--junit: two results are to go to stdout")
	for _, flag := range []string{"--junit", "--markdown", "--badge", "--json"} {
		check(t, against(t, failsSums, "run", flag, filepath.Join(dir, "no", "folder")), 2, "stderr:"+flag+": ")
	}
}

// TestAnnotationsHaveTheFileOfThePort: where a file of the repository is run, however it is started.
func TestAnnotationsHaveTheFileOfThePort(t *testing.T) {
	repository := t.TempDir()
	t.Chdir(repository)
	for name, content := range map[string]string{"ports/port.py": "import sys\n", "port": "\x7fELF\x00"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GITHUB_WORKSPACE", repository)
	for command, want := range map[string]string{
		"python3 ports/port.py": "ports/port.py", "./port": "", "/bin/sh ports/port.py": "ports/port.py", "./port ports/port.py": "ports/port.py", "bash -c@python3 -u ports/port.py": "ports/port.py",
		"": "", filepath.Join(repository, "ports", "port.py"): "ports/port.py", "python3 ../port.py": "",
	} {
		words := strings.Split(command, "@")
		if len(words) == 1 {
			words = strings.Fields(command)
		}
		if got := source(words); got != want {
			t.Errorf("%q: got %q, want %q", words, got, want)
		}
	}
	t.Chdir("ports")
	if got := source([]string{"python3", "port.py"}); got != "ports/port.py" {
		t.Errorf("in a folder: got %q", got)
	}
	t.Setenv("GITHUB_WORKSPACE", filepath.Join(repository, "elsewhere"))
	if got := source([]string{"python3", "port.py"}); got != "" {
		t.Errorf("outside the repository: got %q", got)
	}
}

// TestEmptyValuesAreRefused: a variable that is not set does not leave out a file or a filter unnoticed.
func TestEmptyValuesAreRefused(t *testing.T) {
	for _, flag := range []string{"modules", "dtypes", "rules", "select", "skip", "baseline", "json", "junit", "markdown", "badge", "trace", "level", "shard", "seed", "cases-until"} {
		check(t, command("run", "--"+flag, ""), exitUsage, "stderr:--"+flag+": got ")
	}
	check(t, command("judge", "--junit", "", "-"), exitUsage, "stderr:--junit: got an empty value, want a file: without the flag there is none")
	check(t, command("list", "--modules="), exitUsage, "stderr:--modules: got an empty value")
}
