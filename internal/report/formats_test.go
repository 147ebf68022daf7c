package report_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"lossproof/internal/corpus"
	"lossproof/internal/report"
	"lossproof/internal/report/junitxml"
	"lossproof/internal/resultfile"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/ports/builtin"
)

func write(t *testing.T, format func(io.Writer, *judge.Result) error, result *judge.Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := format(&b, result); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// failsWith answers every call with a failure of the port.
func failsWith(message string) ports.Port {
	return testports.Port{EvaluateFunc: func(context.Context, ports.Call) (ports.Answer, error) {
		return ports.Answer{Failed: &ports.Failed{Message: message}}, nil
	}}
}

// nasty is text of a port that no format may stumble over.
const nasty = "```\n]]> \x1b[31m\x00 <b>|*_&%\r\n::error::gotcha \xff"

// mixed is a result with every kind of outcome that a run has without a process.
func mixed(t *testing.T) *judge.Result {
	t.Helper()
	set := corpus.Whole(t)
	port := testports.Port{EvaluateFunc: func(ctx context.Context, call ports.Call) (ports.Answer, error) {
		switch {
		case call.Options.Reduction != nil && *call.Options.Reduction == "sum":
			return ports.Answer{Failed: &ports.Failed{Message: nasty}}, nil
		case call.Inputs[ports.Input].DType == "float64":
			return testports.Zeros.Evaluate(ctx, call)
		}
		return testports.Port{}.Evaluate(ctx, call)
	}}
	const blog = "BCEWithLogitsLoss/blog_example/"
	result, err := judge.Run(context.Background(), port, judge.Options{Fixtures: set,
		Selection: judge.Selection{Select: []string{blog + "*", "BCEWithLogitsLoss/mixed_dtype/*", "BCEWithLogitsLoss/rejections/f32-reduction-*"}},
		Known: map[string]judge.Known{
			blog + "f64-none#loss":       {Outcome: judge.Fail, Reason: "not | written"},
			blog + "f64-none#grad_input": {Outcome: judge.Fail},
			blog + "f32-none#loss":       {Outcome: judge.Fail, Reason: "gone"},
			blog + "f32-sum#loss":        {Outcome: judge.Crash, Reason: "crashed"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	result.Baseline = &judge.BaselineInfo{Entries: 4, ClaimShrank: []string{"X: dtypes: float16 is claimed no more"}, WithoutReason: []string{blog + "f64-none#grad_input"}}
	return result
}

func TestResultSchema(t *testing.T) {
	data, err := os.ReadFile("../resultfile/schemas/result.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema any
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	close(schema) // every member that is written is described
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("result.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("result.json")
	if err != nil {
		t.Fatal(err)
	}
	validate := func(text string) error {
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return compiled.Validate(document)
	}
	for name, result := range map[string]*judge.Result{
		"built-in": run(t, builtin.Port{}, "*/blog_example/*", "*/nonfinite/*", "*/rejections/*", "*/mixed_dtype/*"),
		"mixed":    mixed(t), "panics": run(t, testports.Panics, "*/blog_example/*"),
	} {
		text := write(t, report.JSON, result)
		if err := validate(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if read, err := resultfile.Parse([]byte(text)); err != nil || len(read.Cases) != len(result.Cases) {
			t.Errorf("%s: read %v", name, err)
		}
		if validate(strings.Replace(text, `"outcome"`, `"outcmoe"`, 1)) == nil {
			t.Errorf("%s: a misspelt member is valid", name)
		}
	}
}

// close forbids members that a schema does not describe.
func close(schema any) {
	switch s := schema.(type) {
	case map[string]any:
		_, isObject := s["properties"]
		if _, open := s["additionalProperties"]; isObject && !open && s["type"] == "object" {
			s["additionalProperties"] = false
		}
		for _, value := range s {
			close(value)
		}
	case []any:
		for _, value := range s {
			close(value)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	whole := run(t, builtin.Port{}, "*/blog_example/*")
	unfinished := *whole
	unfinished.Complete = false
	if _, err := resultfile.Parse([]byte(write(t, report.JSON, &unfinished))); err == nil || !strings.Contains(err.Error(), "not complete") {
		t.Errorf("got error %v", err)
	}
	text := write(t, report.JSON, whole)
	if _, err := resultfile.Parse([]byte(text[:len(text)/2])); err == nil || !strings.Contains(err.Error(), "not JSON") {
		t.Errorf("half a file: got error %v", err)
	}
	if _, err := resultfile.Parse([]byte(strings.Replace(text, `"pass"`, `"passed"`, 1))); err == nil || !strings.Contains(err.Error(), "outcome") && !strings.Contains(err.Error(), "passed") {
		t.Errorf("a wrong outcome: got error %v", err)
	}
}

func TestJUnit(t *testing.T) {
	result := mixed(t)
	text := write(t, junitxml.Write, result)
	var suites junit.Testsuites
	decoder := xml.NewDecoder(strings.NewReader(text))
	if err := decoder.Decode(&suites); err != nil {
		t.Fatalf("%v in\n%.3000s", err, text)
	}
	kinds := map[string]string{}
	for _, suite := range suites.Suites {
		for _, test := range suite.Testcases {
			kind := "pass"
			switch {
			case test.Failure != nil:
				kind = "failure " + test.Failure.Type
			case test.Error != nil:
				kind = "error " + test.Error.Type
			case test.Skipped != nil:
				kind = "skipped " + test.Skipped.Message
			}
			kinds[test.Classname+" "+test.Name] = kind
			if _, err := strconv.ParseFloat(test.Time, 64); err != nil {
				t.Errorf("%s: the time is %q", test.Name, test.Time)
			}
		}
	}
	for name, want := range map[string]string{
		"BCEWithLogitsLoss.blog_example f32-mean":                         "pass",
		"BCEWithLogitsLoss.blog_example f32-none":                         "failure fixed",
		"BCEWithLogitsLoss.blog_example f32-sum":                          "error error",
		"BCEWithLogitsLoss.blog_example f64-mean":                         "failure fail",
		"BCEWithLogitsLoss.blog_example f64-none":                         "skipped known failure: not | written; no reason is given",
		"BCEWithLogitsLoss.mixed_dtype mean-float32-input-float64-target": "skipped unsupported: without mixed_dtype",
		"BCEWithLogitsLoss.rejections f32-reduction-elementwise_mean":     "pass", // a quirk
		"lossproof claim":                        "failure claim-shrank",
		"lossproof verdict on BCEWithLogitsLoss": "failure not-conformant",
	} {
		if kinds[name] != want {
			t.Errorf("%s: got %q, want %q", name, kinds[name], want)
		}
	}
	if n := len(kinds); n != len(result.Cases)+2 || suites.Tests != n {
		t.Errorf("%d test cases, %d in the sum, want %d", n, suites.Tests, len(result.Cases)+2)
	}
	if suites.Failures != 4 || suites.Errors != 2 {
		t.Errorf("%d failures, %d errors", suites.Failures, suites.Errors)
	}
	if all, err := strconv.ParseFloat(suites.Time, 64); err != nil || all <= 0 || suites.Suites[0].Name != "lossproof" {
		t.Errorf("%s seconds, the first suite is %q", suites.Time, suites.Suites[0].Name)
	}
}

func TestMarkdown(t *testing.T) {
	text := write(t, report.Markdown, mixed(t))
	for _, want := range []string{
		"## ❌ lossproof: lossproof ", " is not conformant\n\n- **not conformant (parity)**: BCEWithLogitsLoss",
		"### The claim shrank (claim-shrank)\n\n- X: dtypes: float16 is claimed no more\n", "### 3 of 13 cases fail\n",
		"| BCEWL-SUM | must | 2 | 'sum' adds the losses of all elements. |\n", "\nNext:\n\n```\nlossproof show ", "#### BCEWL-SUM: 2 cases\n\n'sum' adds the losses of all elements.", "- `BCEWithLogitsLoss/blog_example/f64-sum`: error\n",
		"<details>\n<summary>A failure of each rule, and the ids of others</summary>\n\n####", "<summary>Known failures: 1 case</summary>\n", "not \\| written", "| BCEWithLogitsLoss | ",
		"**1 entry of the baseline without a reason**",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
	// What the port says stays in its fence.
	if !strings.Contains(text, "````\n") {
		t.Error("the fence around text with a fence is not longer")
	}
	if strings.Index(text, "What was checked") > strings.Index(text, "### 3 of 13") || strings.Count(text, "<details>") != strings.Count(text, "</details>") {
		t.Errorf("the overview does not come first, or what is folded does not end:\n%s", text)
	}
}

func TestMarkdownIsBounded(t *testing.T) {
	for name, port := range map[string]ports.Port{"zeros": testports.Zeros, "long messages": failsWith(strings.Repeat("no <memory> ", 1000))} {
		text := write(t, report.Markdown, run(t, port, "*/shapes/f32-*", "*/weights/f32-none-*", "BCEWithLogitsLoss/rejections/f32-*", "*/reductions/*", "*/blog_example/*"))
		if len(text) > 61_000 || len(text) < 5_000 {
			t.Errorf("%s: %d bytes", name, len(text))
		}
		if strings.Count(text, "\n```\n")%2 != 0 || strings.Count(text, "<details>") != strings.Count(text, "</details>") {
			t.Errorf("%s: a fence or what is folded stays open", name)
		}
	}
}

// TestBadge: a badge in one word is for a port that nobody could have prepared, everything claimed was asked of and that
// was never lost.
func TestBadge(t *testing.T) {
	module := judge.ModuleSummary{Module: ports.BCELoss, Claimed: true, Conformant: true, Passed: true, Evidence: judge.Evidence{Laws: 17, LawsOf: 17}, Drawn: &judge.Drawn{Calls: 90}}
	badge := func(change func(*judge.Result, *judge.ModuleSummary)) *judge.Result {
		m := module
		r := &judge.Result{Level: "parity", Complete: true, Seed: 5, SeedFrom: judge.Random, Claim: map[string]ports.Claim{ports.BCELoss: {}}}
		r.Summary.Passed, r.Summary.Conformant = true, true
		change(r, &m)
		r.Summary.Modules = []judge.ModuleSummary{{Module: ports.CrossEntropyLoss, Limits: []string{"no laws selected"}}, m}
		return r
	}
	const all = "17 laws, 90 generated calls, random seed"
	for _, test := range []struct {
		change         func(*judge.Result, *judge.ModuleSummary)
		message, color string
	}{
		{func(*judge.Result, *judge.ModuleSummary) {}, "conformant (parity), " + all, "brightgreen"},
		{func(r *judge.Result, _ *judge.ModuleSummary) { r.Seed, r.SeedFrom = 1, judge.Release }, "conformant (parity), 17 laws, 90 generated calls, seed 1 of the release", "green"},
		{func(r *judge.Result, _ *judge.ModuleSummary) { r.SeedFrom = judge.Given }, "conformant (parity), 17 laws, 90 generated calls, seed 5", "green"},
		{func(_ *judge.Result, m *judge.ModuleSummary) { m.Evidence.Laws = 3 }, "conformant (parity), 3 of 17 laws, 90 generated calls, random seed", "brightgreen"},
		{func(_ *judge.Result, m *judge.ModuleSummary) { m.Drawn = nil }, "conformant (parity), 17 laws, random seed", "green"},
		{func(_ *judge.Result, m *judge.ModuleSummary) { m.Evidence.Laws, m.Drawn = 0, nil }, "conformant (parity), no law and no generated call", "yellowgreen"},
		{func(r *judge.Result, m *judge.ModuleSummary) {
			r.Recorded, m.Evidence.Laws, m.Drawn, m.Limits = true, 0, nil, []string{"recorded"}
		}, "conformant (parity), recorded answers alone, no law and no generated call", "yellowgreen"},
		{func(_ *judge.Result, m *judge.ModuleSummary) { m.Limits = []string{"20 of 706 cases selected"} }, "conformant (parity), some checks alone, " + all, "yellowgreen"},
		{func(r *judge.Result, _ *judge.ModuleSummary) { r.Claim[ports.BCEWithLogitsLoss] = ports.Claim{} }, "conformant (parity), some checks alone, " + all, "yellowgreen"},
		{func(r *judge.Result, m *judge.ModuleSummary) {
			m.Deviations, r.SeedFrom, m.Limits = []string{"A", "B"}, judge.Release, []string{"x"}
		}, "conformant (parity), 2 deviations, some checks alone, 17 laws, 90 generated calls, seed 5 of the release", "yellowgreen"},
		{func(_ *judge.Result, m *judge.ModuleSummary) { m.Deviations = []string{"A"} }, "conformant (parity), 1 deviation, " + all, "green"},
		{func(r *judge.Result, _ *judge.ModuleSummary) { r.Effort = judge.Quick }, "conformant (parity), " + all + ", effort quick", "green"},
		{func(r *judge.Result, _ *judge.ModuleSummary) { r.Summary.Incidents.Timeouts = 2 }, "conformant (parity), " + all + ", lost twice: 2 timeouts", "green"},
		{func(_ *judge.Result, m *judge.ModuleSummary) { m.KnownFailures = 1 }, "1 known failure (parity), " + all, "yellow"},
		{func(r *judge.Result, _ *judge.ModuleSummary) { r.Shard = "1/2" }, "nothing fails in shard 1/2 (parity)", "lightgrey"},
		{func(r *judge.Result, _ *judge.ModuleSummary) { r.Summary.Passed = false }, "not conformant (parity)", "red"},
		{func(r *judge.Result, _ *judge.ModuleSummary) { r.Complete = false }, "not complete", "lightgrey"},
	} {
		var got struct {
			SchemaVersion         int
			Label, Message, Color string
		}
		if err := json.Unmarshal([]byte(write(t, report.Badge, badge(test.change))), &got); err != nil {
			t.Fatal(err)
		}
		if got.SchemaVersion != 1 || got.Label != "lossproof" || got.Message != test.message || got.Color != test.color {
			t.Errorf("got %+v, want %s, %s", got, test.message, test.color)
		}
	}
}

// TestIncidentsAreShown, in the text of a run and in its schema.
func TestIncidentsAreShown(t *testing.T) {
	result := run(t, builtin.Port{}, "*/blog_example/*")
	result.Restarts = 3
	result.Incidents = map[string]ports.Incidents{ports.BCELoss: {Crashes: 2}, "": {Timeouts: 1}}
	result.Summary.Incidents = ports.Incidents{Crashes: 2, Timeouts: 1}
	got := text(t, result, report.TextOptions{})
	want := "\nthe port was lost 3 times: 2 crashes, 1 timeout; it was started again 3 times\n  between two calls: lost once: 1 timeout\n  BCELoss: lost twice: 2 crashes\n"
	if !strings.Contains(got, want) {
		t.Errorf("want %q in\n%s", want, got)
	}
	if _, err := resultfile.Parse([]byte(write(t, report.JSON, result))); err != nil {
		t.Error(err)
	}
	const advice = "has more time with --timeout 1m"
	if strings.Contains(got, advice) {
		t.Errorf("a run that passed gets advice:\n%s", got)
	}
	result.Summary.Passed = false
	if got := text(t, result, report.TextOptions{}); !strings.Contains(got, advice) {
		t.Errorf("want %q in\n%s", advice, got)
	}
}

// annotations are those of a run about files.
func annotations(files report.Files) func(io.Writer, *judge.Result) error {
	return func(w io.Writer, result *judge.Result) error { return report.Annotations(w, result, files) }
}

func TestAnnotations(t *testing.T) {
	text := write(t, annotations(report.Files{Port: "ports/a,b.py", Baseline: "known.json"}), mixed(t))
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != 6 {
		t.Errorf("%d lines, want 6:\n%s", len(lines), text)
	}
	for _, line := range lines {
		file := "ports/a%2Cb.py"
		if strings.Contains(line, "claim-shrank") || strings.Contains(line, "without a reason") || strings.Contains(line, "%3A the baseline::") {
			file = "known.json"
		}
		if kind, rest, _ := strings.Cut(strings.TrimPrefix(line, "::"), " "); kind != "error" && kind != "warning" || !strings.HasPrefix(rest, "file="+file+",line=1,title=lossproof") {
			t.Errorf("line %q", line)
		}
	}
	if !strings.Contains(text, "title=lossproof%3A claim-shrank::X: dtypes") || !strings.Contains(text, "&%25%0A") {
		t.Errorf("got\n%s", text)
	}
	many := write(t, annotations(report.Files{}), run(t, testports.Zeros, "*/weights/*"))
	if n := strings.Count(many, "::error "); n != 10 || !strings.Contains(many, " more checks fail: ") {
		t.Errorf("%d errors:\n%s", n, many)
	}
	if none := write(t, annotations(report.Files{}), run(t, builtin.Port{}, "*/blog_example/*")); none != "" {
		t.Errorf("conformant: got %q", none)
	}
}

func TestErrorsOfWritingFormats(t *testing.T) {
	result := run(t, testports.Zeros, "*/blog_example/*")
	for name, format := range map[string]func(io.Writer, *judge.Result) error{
		"JUnit": junitxml.Write, "Markdown": report.Markdown, "Badge": report.Badge, "Annotations": annotations(report.Files{}),
	} {
		if err := format(full{}, result); !errors.Is(err, errFull) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestAResultOfOthersIsPlain: what stands in a result file does nothing where it is shown.
func TestAResultOfOthersIsPlain(t *testing.T) {
	hostile := testports.Port{
		DescribeFunc: func() (ports.Description, error) {
			d, err := builtin.Port{}.Describe(t.Context())
			d.Port.Name = "x\x1b[2J\nconformant (parity)"
			return d, err
		},
		EvaluateFunc: func(context.Context, ports.Call) (ports.Answer, error) {
			return ports.Answer{Failed: &ports.Failed{Message: "\x1b[8m\r::stop-commands::x\u202e"}}, nil
		},
	}
	result := run(t, hostile, "BCEWithLogitsLoss/blog_example/*")
	var file bytes.Buffer
	if err := report.JSON(&file, result); err != nil {
		t.Fatal(err)
	}
	forged := bytes.ReplaceAll(file.Bytes(), []byte("the port says"), []byte(`\u001b[2J\r::error::the port says`))
	read, err := resultfile.Parse(forged)
	if err != nil || bytes.Equal(forged, file.Bytes()) {
		t.Fatal(err)
	}
	for _, result := range []*judge.Result{result, read} {
		for _, format := range []func(io.Writer, *judge.Result) error{
			junitxml.Write, report.Markdown, report.Badge, annotations(report.Files{}),
			func(w io.Writer, r *judge.Result) error { return report.Text(w, r, report.TextOptions{Verbose: true}) },
		} {
			var b strings.Builder
			if err := format(&b, result); err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(b.String(), "\x1b\r\u202e") || regexp.MustCompile(`(?m)^\s*::(stop|error::)|^conformant`).MatchString(b.String()) {
				t.Errorf("got %.3000s", b.String())
			}
		}
	}
}

// TestNotRun: what was not asked, for the port was lost, is not called failed, and the run does not pass.
func TestNotRun(t *testing.T) {
	asked := 0
	lost := testports.Port{EvaluateFunc: func(ctx context.Context, call ports.Call) (ports.Answer, error) {
		switch asked++; asked {
		case 1:
			return ports.Answer{}, ports.ErrCrash
		case 2, 3:
			return testports.Port{}.Evaluate(ctx, call)
		}
		return ports.Answer{}, fmt.Errorf("%w: the port was lost", ports.ErrNotRun)
	}}
	result := run(t, lost, "BCEWithLogitsLoss/blog_example/*")
	if s := result.Summary; s.Passed || s.NotRun != 3 || s.Topics[0].Failing != 1 {
		t.Errorf("passed %t, %d not run, %d fail", s.Passed, s.NotRun, s.Topics[0].Failing)
	}
	for name, format := range map[string]func(io.Writer, *judge.Result) error{
		"1 of 3 cases fails:\n": func(w io.Writer, r *judge.Result) error { return report.Text(w, r, report.TextOptions{}) },
		"not complete: 3 of 6 cases were not run: the port was lost\n": func(w io.Writer, r *judge.Result) error { return report.Text(w, r, report.TextOptions{}) },
		"### 1 of 3 cases fails\n":                                     report.Markdown,
		"3 of 6 cases were not run\n":                                  annotations(report.Files{}),
		`<skipped message="not run: not asked: the port was lost">`:    junitxml.Write,
	} {
		if text := write(t, format, result); !strings.Contains(text, name) {
			t.Errorf("want %q in\n%s", name, text)
		}
	}
}
