package report_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"lossproof/internal/corpus"
	"lossproof/internal/divergence"
	"lossproof/internal/prose"
	"lossproof/internal/report"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/ports/builtin"
)

func run(t *testing.T, port ports.Port, patterns ...string) *judge.Result {
	t.Helper()
	result, err := judge.Run(context.Background(), port, judge.Options{Fixtures: corpus.Whole(t), Selection: judge.Selection{Select: patterns}})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func text(t *testing.T, result *judge.Result, options report.TextOptions) string {
	t.Helper()
	var b strings.Builder
	if err := report.Text(&b, result, options); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTextCounts(t *testing.T) {
	result := run(t, builtin.Port{}, "BCEWithLogitsLoss/blog_example/*", "BCEWithLogitsLoss/mixed_dtype/*", "BCEWithLogitsLoss/rejections/*elementwise_mean")
	got := text(t, result, report.TextOptions{})
	for name, want := range map[string]map[string]string{
		"blog_example": {"cases": "6", "pass": "6", "quirk": "-", "unsup.": "-", "outputs": "12", "torch": "12", "exact": "12", "both": "12"},
		"mixed_dtype":  {"cases": "12", "pass": "-", "unsup.": "12", "outputs": "-"},
		"rejections":   {"cases": "2", "fail": "-", "quirk": "2", "outputs": "4", "torch": "-", "exact": "-"},
		"all":          {"cases": "20", "pass": "6", "fail": "-", "quirk": "2", "unsup.": "12", "outputs": "16", "torch": "12", "exact": "12"},
	} {
		line := cells(t, got, name)
		for column, cell := range want {
			if line[column] != cell {
				t.Errorf("%s: %s is %q, want %q", name, column, line[column], cell)
			}
		}
		if _, shown := line["neither"]; shown { // nothing is
			t.Errorf("%s: there is a column neither: %q", name, line)
		}
	}
	for _, want := range []string{
		"unsupported cases: 12 (without mixed_dtype: 12)", "0 cases pass, 2 do not\n  BCEWL-REDUCTION-QUIRK", "20 of ",
		"outputs passed: 12, 100.0 % of the 12 asked for\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
	for _, line := range strings.Split(got, "\n") {
		if strings.TrimRight(line, " ") != line {
			t.Errorf("white space at the end of %q", line)
		}
	}
}

// TestTextMixed: an output that is right element by element, but neither as PyTorch nor as
// mathematics has it, is counted apart from those that are wrong.
func TestTextMixed(t *testing.T) {
	const id = "BCEWithLogitsLoss/nonfinite/f32-none-minus-inf-weight-0"
	set := corpus.Whole(t)
	c, err := set.Case(id)
	if err != nil {
		t.Fatal(err)
	}
	want, err := set.Expected(c, ports.Loss)
	if err != nil {
		t.Fatal(err)
	}
	// One element as PyTorch has it, NaN, the other exact.
	port := testports.Port{EvaluateFunc: func(ctx context.Context, call ports.Call) (ports.Answer, error) {
		answer, err := testports.Port{}.Evaluate(ctx, call)
		if err != nil {
			return answer, err
		}
		data := answer.Outputs[ports.Loss].Data
		for _, element := range verdict.Compare(want.Reference, want).ByOracle.First[:1] {
			copy(data[4*element.Index:][:4], want.Reference.Data[4*element.Index:])
		}
		return answer, nil
	}}
	result := run(t, port, id)
	if got := result.Cases[0].Outputs[ports.Loss].Agrees; got != "mixed" {
		t.Fatalf("the output agrees %q, want mixed", got)
	}
	if line := cells(t, text(t, result, report.TextOptions{}), "all"); line["mixed"] != "1" || line["torch"] != "-" {
		t.Errorf("got %q, want one output that is mixed", line)
	}
}

// cells returns a line of the table of topics, by the titles of its columns.
func cells(t *testing.T, text, name string) map[string]string {
	t.Helper()
	var titles []string
	for _, line := range strings.Split(strings.ReplaceAll(text, "worst ULP", "worst_ULP"), "\n") {
		fields := strings.Fields(line)
		switch {
		case titles == nil && strings.HasPrefix(line, "  ") && len(fields) > 0 && fields[0] == "cases":
			titles = fields
		case titles != nil && len(fields) > 0 && fields[0] == name:
			of := map[string]string{}
			for i, cell := range fields[1:min(len(fields), 1+len(titles))] {
				of[titles[i]] = cell
			}
			return of
		}
	}
	t.Fatalf("no line %q in\n%s", name, text)
	return nil
}

// TestTextFits: on a narrow terminal lines are broken between words, and the table has fewer columns. Ids and commands
// stay whole, for they are copied.
func TestTextFits(t *testing.T) {
	for port, result := range map[string]*judge.Result{
		"right": run(t, builtin.Port{}, "BCELoss/*", "MultiLabelSoftMarginLoss/weights/*"), "wrong": run(t, testports.Zeros, "*/blog_example/*", "BCELoss/*", "*/relations/sum"),
	} {
		for _, width := range []int{60, 80, 120} {
			got := text(t, result, report.TextOptions{Width: width})
			if end := got[strings.LastIndex(got, "onformant (parity): "):]; port == "wrong" && strings.Count(end, "\n") > 14+240/width {
				t.Errorf("%s, %d columns: the end is long:\n%s", port, width, end)
			}
			for _, line := range strings.Split(got, "\n") {
				fields := strings.Fields(line)
				if utf8.RuneCountInString(line) > width && len(fields) > 1 && !slices.Contains(fields, "lossproof") {
					t.Errorf("%s, %d columns: %q", port, width, line)
				}
			}
			line := cells(t, got, "all")
			for column, least := range map[string]int{"cases": 0, "pass": 0, "fail": 0, "torch": 80, "exact": 80, "outputs": 120, "where": 1000} {
				if _, shown := line[column]; shown != (width >= least) {
					t.Errorf("%s, %d columns: the column %s is shown: %t", port, width, column, shown)
				}
			}
		}
	}
}

func TestTextShowsFewFailuresOfManyRules(t *testing.T) {
	result := run(t, testports.Zeros, "BCEWithLogitsLoss/shapes/*", "BCELoss/reductions/*", "*/blog_example/*", "BCEWithLogitsLoss/weights/f32-*")
	brief, verbose := text(t, result, report.TextOptions{}), text(t, result, report.TextOptions{Verbose: true})
	if n := strings.Count(brief, "\n  lossproof show "); n != 5 {
		t.Errorf("%d failures are shown, want 5", n)
	}
	rules := map[string]bool{}
	for _, line := range strings.Split(brief, "\n") {
		if rule, ok := strings.CutPrefix(line, "  rule "); ok {
			rules[rule] = true
		}
	}
	if len(rules) != 5 {
		t.Errorf("the failures shown are of %d rules, want 5", len(rules))
	}
	if n, want := strings.Count(verbose, "\n  lossproof show "), result.Summary.Cases[judge.Fail]; n < 100 || n > want {
		t.Errorf("verbose: %d failures of %d are shown", n, want)
	}
	if !strings.Contains(verbose, "\nfail         BCEWithLogitsLoss/") {
		t.Error("verbose: no line for a failing case")
	}
}

// TestFailure: the rules, the call, what is wrong, what the failures share, and the hint.
func TestFailure(t *testing.T) {
	const id = "BCEWithLogitsLoss/weight_and_pos_weight/f32-none-signs"
	result := run(t, testports.Zeros, id, "BCEWithLogitsLoss/rejections/f32-mean-*")
	var r judge.CheckResult
	for _, c := range result.Cases {
		if c.ID == id {
			r = c
		}
	}
	lines := strings.Split(prose.Failure(r, "look at it"), "\n")
	for i, want := range []string{
		id + ": fail", "  rule " + r.Rule + " (should): ", "  also touches BCEWL-WEIGHT-AND-POS-WEIGHT, BCEWL-POS-WEIGHT-SIGN",
		`  call: reduction="none"; input float32 (3, 5), `, "  loss: float32 of shape (3, 5): ", "    at (0, ", "      from input ",
	} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d is %q, want %q", i, lines[i], want)
		}
	}
	if last := lines[len(lines)-1]; last != "  look at it" {
		t.Errorf("the last line is %q", last)
	}
	line := prose.Line(r)
	if want := id + ": fail (rule " + r.Rule + "): loss: float32 of shape (3, 5): "; !strings.HasPrefix(line, want) || strings.Contains(line, "\n") {
		t.Errorf("got %q, want %q", line, want)
	}
	r.Message = "timeout: 10s have passed\nand more"
	if got, want := prose.Line(r), id+": fail (rule "+r.Rule+"): timeout: 10s have passed"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTextSaysWhatFailuresShare(t *testing.T) {
	got := text(t, run(t, testports.PosWeightIgnored, "BCEWithLogitsLoss/pos_weight/f32-*", "BCEWithLogitsLoss/shapes/f32-*", "BCEWithLogitsLoss/weights/f32-*", "BCEWithLogitsLoss/reductions/f32-*"), report.TextOptions{})
	if !strings.Contains(got, "failing cases of BCEWithLogitsLoss have pos_weight, as ") {
		t.Errorf("got\n%s", got)
	}
}

func TestTextColors(t *testing.T) {
	result := run(t, builtin.Port{}, "*/blog_example/*")
	if got := text(t, result, report.TextOptions{}); strings.Contains(got, "\x1b") {
		t.Error("colors that are not allowed")
	}
	if got := text(t, result, report.TextOptions{Color: true}); !strings.Contains(got, "\x1b[32mconformant") {
		t.Errorf("the verdict is not green: %q", got)
	}
}

type full struct{}

var errFull = errors.New("no space left")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestErrorsOfWriting(t *testing.T) {
	result := run(t, builtin.Port{}, "*/blog_example/*")
	if err := report.Text(full{}, result, report.TextOptions{}); !errors.Is(err, errFull) {
		t.Errorf("Text: got %v", err)
	}
	if err := report.JSON(full{}, result); !errors.Is(err, errFull) {
		t.Errorf("JSON: got %v", err)
	}
}

// TestTextWithoutDistance: between a finite number and one that is not there is no distance,
// and beyond a million ULPs no digits are given.
func TestTextWithoutDistance(t *testing.T) {
	const id = "BCEWithLogitsLoss/blog_example/f32-none"
	got := text(t, run(t, testports.NaNs, id), report.TextOptions{Verbose: true})
	for _, want := range []string{"loss neither (infinite or NaN)", "  inf/NaN  ", "worst error: infinite or NaN where the exact result is finite, or the other way round, at " + id + "#"} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
	if got := text(t, run(t, testports.Zeros, id), report.TextOptions{}); !strings.Contains(got, "worst error: > 1e6 ULP of the exact result, ") {
		t.Errorf("want > 1e6 ULP in\n%s", got)
	}
}

// TestTextEnds: the last screen stands by itself: the verdict, the cause, the plainest failure and what to type next.
func TestTextEnds(t *testing.T) {
	d, ok := divergence.ByName("mean-over-weight-sum")
	if !ok {
		t.Fatal("there is no such divergence")
	}
	result := diagnosed(t, d.Port(), "BCEWithLogitsLoss/weights/*", "BCEWithLogitsLoss/grad_output/*", "BCEWithLogitsLoss/nonfinite/*", "CrossEntropyLoss/blog_example/*")
	result.Argv = []string{"lossproof", "run", "--", "./port", "a b"}
	got := text(t, result, report.TextOptions{})
	_, end, ok := strings.Cut(got, "\nnot conformant (parity): BCEWithLogitsLoss: ")
	if !ok || strings.Count(end, "\n") > 18 {
		t.Fatalf("the end is\n%s", end)
	}
	for _, want := range []string{
		"\nnot claimed: CrossEntropyLoss\n",
		"\ncause: mean-over-weight-sum, in ", "\n       'mean' divides by the sum of the weights.\n",
		"\n       loss: got ", "\nnext: lossproof show BCEWithLogitsLoss/weights/f32-mean-",
		"\nnext: lossproof show BCEWithLogitsLoss/weights/f32-mean-", " -- ./port 'a b'\n", "\n      lossproof explain mean-over-weight-sum\n",
	} {
		if !strings.Contains(end, want) {
			t.Errorf("want %q in\n%s", want, end)
		}
	}
	annotations := write(t, annotations(report.Files{}), result)
	if !strings.HasPrefix(annotations, "::error title=lossproof%3A BCEWithLogitsLoss%3A mean-over-weight-sum::'mean' divides by the sum of the weights. (") || strings.Count(annotations, "\n") != 10 {
		t.Errorf("the annotations are\n%s", annotations)
	}
	if strings.Contains(got, "\nCrossEntropyLoss\n") {
		t.Error("the table has a module that is not claimed")
	}
}

// TestNoVerdict: a port that was not asked anything that counts is not said to be wrong, and no table stands where there are
// no numbers.
func TestNoVerdict(t *testing.T) {
	other := testports.Port{DescribeFunc: func() (ports.Description, error) {
		d, err := builtin.Port{}.Describe(t.Context())
		d.Modules = map[string]ports.Claim{ports.BCELoss: d.Modules[ports.BCELoss]}
		return d, err
	}}
	for _, test := range []struct {
		port   ports.Port
		tables bool
		want   string
	}{
		{builtin.Port{}, true, "no verdict (parity): BCEWithLogitsLoss: nothing was asked that counts: what was selected (12 checks) lies outside the claim, or records quirks\n"},
		{other, false, "no verdict (parity): nothing was asked: what was selected is of BCEWithLogitsLoss, and the port claims BCELoss\n"},
	} {
		result := run(t, test.port, "BCEWithLogitsLoss/mixed_dtype/*")
		var markdown, badge strings.Builder
		if err := errors.Join(report.Markdown(&markdown, result), report.Badge(&badge, result)); err != nil {
			t.Fatal(err)
		}
		got := text(t, result, report.TextOptions{})
		if !strings.HasSuffix(got, test.want) || strings.Contains(got, "\n\n\n") || strings.Contains(got, "worst ULP") != test.tables {
			t.Errorf("want %q at the end of\n%s", test.want, got)
		}
		if title := "is without a verdict on BCEWithLogitsLoss\n"; !strings.Contains(markdown.String(), title) {
			t.Errorf("want %q in\n%s", title, markdown.String())
		}
		if !strings.Contains(badge.String(), `"no verdict (parity)","color":"lightgrey"`) || strings.Contains(got+markdown.String(), "not conformant") {
			t.Errorf("got %s\n%s", badge.String(), markdown.String())
		}
	}
}
