package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"lossproof/fixtures"
	"lossproof/internal/baseline"
	"lossproof/internal/resultfile"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/tensor"
)

// against runs a command line with a port, and fixtures that other tests check.
func against(t *testing.T, port ports.Port, args ...string) outcome {
	t.Helper()
	return with(func(p *program) { p.port = port }, args...)
}

// The cases of these tests: some that must pass, and refusals that should.
const (
	someCases   = "BCEWithLogitsLoss/blog_example/*"
	someRefused = "BCEWithLogitsLoss/rejections/f32-mean-target-3x5-and-*"
)

// wrongIn is the built-in port, but that answers some calls otherwise.
func wrongIn(wrong func(call ports.Call) bool, answer ports.Answer, err error) testports.Port {
	return testports.Port{EvaluateFunc: func(ctx context.Context, call ports.Call) (ports.Answer, error) {
		if wrong(call) {
			return answer, err
		}
		return testports.Port{}.Evaluate(ctx, call)
	}}
}

// sums are the calls with reduction 'sum': two of the cases of someCases.
func sums(call ports.Call) bool {
	return call.Options.Reduction != nil && *call.Options.Reduction == "sum" && len(call.Inputs) == 2
}

var (
	failsSums   = wrongIn(sums, ports.Answer{Outputs: map[string]tensor.Tensor{"loss": tensor.FromFloat32([]float32{1}), "grad_input": tensor.FromFloat32([]float32{1})}}, nil)
	crashesSums = wrongIn(sums, ports.Answer{}, fmt.Errorf("%w: signal 11", ports.ErrCrash))
)

// fewTopics opens the fixtures of the topics of these tests and some more: a baseline looks
// at all cases, also at those that are not selected.
var fewTopics = sync.OnceValues(func() (*fixtures.Set, error) {
	all, err := openSet()
	if err != nil {
		return nil, err
	}
	few := *all
	few.Cases = nil
	for _, c := range all.Cases {
		if slices.Contains([]string{"blog_example", "rejections", "mixed_dtype", "reductions"}, c.Topic) {
			few.Cases = append(few.Cases, c)
		}
	}
	return &few, nil
})

// runWith runs with the baseline on the cases of these tests.
func runWith(t *testing.T, file string, port ports.Port, args ...string) outcome {
	t.Helper()
	return with(func(p *program) { p.open, p.port = fewTopics, port }, append([]string{"run", "--baseline", file, "--select", someCases, "--select", someRefused}, args...)...)
}

// newBaseline makes a baseline of what a port fails.
func newBaseline(t *testing.T, port ports.Port) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "baseline.json")
	runWith(t, file, port, "--update-baseline=add")
	return file
}

func readBaseline(t *testing.T, file string) *baseline.Baseline {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b, err := baseline.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// edit changes a baseline file.
func edit(t *testing.T, file string, change func(b *baseline.Baseline)) {
	t.Helper()
	b := readBaseline(t, file)
	change(b)
	text, err := b.Encode()
	if err == nil {
		err = os.WriteFile(file, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func giveReasons(b *baseline.Baseline) {
	for i := range b.Known {
		b.Known[i].Reason = "sum is not written yet"
	}
}

func TestBaselineOfKnownFailures(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes long: make test-long runs it")
	}
	set, err := openSet()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "baseline.json")
	check(t, runWith(t, file, failsSums), 2, "stderr:no such file", "stderr:--update-baseline=add makes one")
	got := runWith(t, file, failsSums, "--update-baseline=add")
	check(t, got, 0, "known failures (parity): BCEWithLogitsLoss", "2 cases fail as the baseline says", "4 entries have no reason",
		"stderr:4 ids and patterns, 4 added, 0 removed", "stderr:warning: "+file+": 4 entries have no reason, the first is BCEWithLogitsLoss/blog_example/f32-sum#grad_input")
	b := readBaseline(t, file)
	if b.Level != "parity" || b.Fixtures != set.Version() || b.Asked < 100 || len(b.Known) != 4 || b.Known[1].ID != "BCEWithLogitsLoss/blog_example/f32-sum#loss" || b.Known[1].Outcome != judge.Fail {
		t.Errorf("the baseline is %+v", b)
	}
	all := filepath.Join(t.TempDir(), "baseline.json")
	check(t, against(t, failsSums, "run", "--baseline", all, "--update-baseline=add", "--select", someCases), 0)
	if n := readBaseline(t, all).Asked; n < 4000 {
		t.Errorf("%d outputs are asked for, want those of all cases", n)
	}
	edit(t, file, giveReasons)
	got = runWith(t, file, failsSums)
	check(t, got, 0, "baseline: 4 ids and patterns; 2 checks fail as they say")
	if strings.Contains(got.stderr, "warning") {
		t.Errorf("stderr: %s", got.stderr)
	}
	// Without it they gate.
	check(t, against(t, failsSums, "run", "--select", someCases), 1, "2 of 6 cases fail")
	// What is new gates.
	both := wrongIn(func(call ports.Call) bool { return sums(call) || call.Inputs["input"].DType == tensor.Float64 },
		ports.Answer{Failed: &ports.Failed{Message: "no"}}, nil)
	check(t, runWith(t, file, both), 1, "f64-none: error")
}

func TestBaselineFixed(t *testing.T) {
	file := newBaseline(t, failsSums)
	edit(t, file, giveReasons)
	got := runWith(t, file, testports.Port{})
	check(t, got, 1, "2 checks pass that the baseline has as failing: run again with --update-baseline, which removes what passes\n    BCEWithLogitsLoss/blog_example/f32-sum\n",
		"better than its baseline (parity): BCEWithLogitsLoss: 2 known failures pass (--update-baseline), and nothing else fails\n", "\n2 checks pass that the baseline has")
	if strings.Contains(got.stdout, "cases fail") || strings.Contains(got.stdout, "case fails") {
		t.Errorf("nothing fails, and the report says so:\n%s", got.stdout)
	}
	check(t, runWith(t, file, testports.Port{}, "--update-baseline"), 0, "conformant as far as asked (parity): BCEWithLogitsLoss", "stderr:0 ids and patterns, 0 added, 4 removed")
	if b := readBaseline(t, file); len(b.Known) != 0 {
		t.Errorf("the entries are %v", b.Known)
	}
	check(t, runWith(t, file, testports.Port{}), 0, "conformant as far as asked (parity)")
	// It only shrinks: what fails is not added.
	check(t, runWith(t, file, failsSums, "--update-baseline"), 1, "stderr:0 ids and patterns, 0 added, 0 removed")
}

func TestBaselineAFailureThatBecomesACrashIsNew(t *testing.T) {
	file := newBaseline(t, failsSums)
	edit(t, file, giveReasons)
	check(t, runWith(t, file, crashesSums), 1, "BCEWithLogitsLoss/blog_example/f32-sum: crash", "loss is in the baseline as fail: crash is new")
	// An update does not excuse it, and keeps the reason.
	check(t, runWith(t, file, crashesSums, "--update-baseline"), 1, "stderr:4 ids and patterns, 0 added, 0 removed")
	// Added, it is an entry of its own, whose reason is not known.
	check(t, runWith(t, file, crashesSums, "--update-baseline=add"), 0, "stderr:4 ids and patterns, 4 added, 4 removed", "stderr:4 entries have no reason")
	if b := readBaseline(t, file); b.Known[0].Outcome != judge.Crash {
		t.Errorf("the entries are %v", b.Known)
	}
}

func TestBaselineOfADeviation(t *testing.T) {
	port := testports.AcceptsEverything
	file := newBaseline(t, port)
	b := readBaseline(t, file)
	if len(b.Known) == 0 || strings.Contains(b.Known[0].ID, "#") {
		t.Fatalf("the entries are %v", b.Known)
	}
	got := runWith(t, file, port)
	check(t, got, 1, " from should rules as the baseline says, without a reason: that gates until you write one there\n", "not conformant (parity)", " without a reason in the baseline\n",
		"stderr: checks of should rules gate until they have one\n")
	edit(t, file, func(b *baseline.Baseline) {
		for i := range b.Known {
			b.Known[i].Reason = "targets are broadcast on purpose"
		}
	})
	json := filepath.Join(t.TempDir(), "result.json")
	got = runWith(t, file, port, "--json", json, "--markdown", "-")
	check(t, got, 0, "Deviations from should rules", "BCEWL-TARGET-SHAPE (", "targets are broadcast on purpose", "stderr:conformant as far as asked (parity): BCEWithLogitsLoss", "stderr:deviating from BCEWL-TARGET-SHAPE",
		"stderr:deviations of BCEWithLogitsLoss (should rules that it breaks): BCEWL-TARGET-SHAPE")
	result, err := resultfile.Read(t.Context(), json)
	if err != nil {
		t.Fatal(err)
	}
	if m := result.Summary.Modules[0]; !m.Conformant || !slices.Contains(m.Deviations, "BCEWL-TARGET-SHAPE") {
		t.Errorf("the module is %+v", m)
	}
}

func TestBaselineClaimShrank(t *testing.T) {
	file := newBaseline(t, testports.Port{})
	for _, test := range []struct {
		want   string
		change func(module string, c *ports.Claim)
	}{
		{"BCEWithLogitsLoss: dtypes: float64 is claimed no more", func(_ string, c *ports.Claim) { c.DTypes = c.DTypes[:1] }},
		{"BCEWithLogitsLoss: outputs: grad_target is claimed no more", func(_ string, c *ports.Claim) { c.Outputs = c.Outputs[:2] }},
		{"BCEWithLogitsLoss: without pos_weight is new", func(_ string, c *ports.Claim) { c.Without = append(c.Without, "pos_weight") }},
	} {
		port := testports.Claiming(test.change)
		check(t, runWith(t, file, port), 1, "claim-shrank: the port claims less than its baseline", test.want, "stderr:claim-shrank: "+test.want)
		for _, flags := range [][]string{nil, {"-v"}} { // nor does it say so in any line
			if got := runWith(t, file, port, flags...); strings.Contains(got.stdout, "\nconformant (") {
				t.Errorf("%q says conformant: %s", test.want, got.stdout)
			}
		}
		result := filepath.Join(t.TempDir(), "result.json")
		check(t, runWith(t, file, port, "--json", result), 1, "the claim shrank")
		for _, m := range readResult(t, result).Summary.Modules {
			if m.Claimed && (m.Conformant || m.Passed || m.Reason == "") {
				t.Errorf("%q: the module is %+v", test.want, m)
			}
		}
		// An update is no way around it, unless it says so.
		check(t, runWith(t, file, port, "--update-baseline"), 1, test.want)
		junit := filepath.Join(t.TempDir(), "junit.xml")
		check(t, runWith(t, file, port, "--junit", junit), 1)
		if data, err := os.ReadFile(junit); err != nil || !strings.Contains(string(data), `<testcase name="claim" classname="lossproof"`) {
			t.Errorf("JUnit has no claim: %v", err)
		}
	}
	fewer := testports.Port{DescribeFunc: func() (ports.Description, error) {
		d, err := testports.Port{}.Describe(context.Background())
		delete(d.Modules, ports.MultiLabelSoftMarginLoss)
		return d, err
	}}
	check(t, runWith(t, file, fewer), 1, "MultiLabelSoftMarginLoss is claimed no more")
	check(t, runWith(t, file, fewer, "--update-baseline=add"), 0)
	check(t, runWith(t, file, fewer), 0)
	check(t, runWith(t, file, testports.Port{}), 0) // a claim may grow
	// The words are the same, and fewer outputs are asked for.
	edit(t, file, func(b *baseline.Baseline) { b.Asked += 100_000 })
	check(t, runWith(t, file, testports.Port{}), 1, "claim-shrank", "it asked for 10")
}

func TestBaselineEntriesThatMatchNothing(t *testing.T) {
	for _, test := range []struct{ id, want string }{
		{"BCEWithLogitsLoss/blog_example/f32-smu#loss", `there is no case "BCEWithLogitsLoss/blog_example/f32-smu", did you mean "BCEWithLogitsLoss/blog_example/f32-sum"?`},
		{"BCEWithLogitsLoss/blog_example/f32-sum", `an entry is for one output, did you mean "BCEWithLogitsLoss/blog_example/f32-sum#loss"?`},
		{"BCEWithLogitsLoss/blog_example/f32-sum#grad_weight", "the case has no grad_weight, but loss, grad_input"},
		{"BCEWithLogitsLoss/rejections/f32-reduction-batchmean#loss", `did you mean "BCEWithLogitsLoss/rejections/f32-reduction-batchmean"?`},
		{"BCEWithLogitsLoss/mixed_dtype/mean-float32-input-float64-target#loss", "it is outside the claim, and not asked"},
	} {
		file := newBaseline(t, testports.Port{})
		edit(t, file, func(b *baseline.Baseline) {
			b.Known = append(b.Known, baseline.Entry{ID: test.id, Outcome: judge.Fail, Reason: "…"})
		})
		check(t, runWith(t, file, testports.Port{}), 2, "stderr:"+file, fmt.Sprintf("stderr:entry %q matches nothing", test.id), "stderr:"+test.want, "stderr:--update-baseline removes such entries")
	}
	// Outside the selection an entry is not used, and no error.
	file := newBaseline(t, failsSums)
	check(t, against(t, failsSums, "run", "--baseline", file, "--select", "*/blog_example/f32-none"), 0)
}

func TestBaselineFlagsAndFiles(t *testing.T) {
	file := newBaseline(t, testports.Port{})
	check(t, runWith(t, file, testports.Port{}, "--level", "exact"), 2, "stderr:"+file+": it was made at --level parity, this run is at exact")
	check(t, runWith(t, file, testports.Port{}, "--update-baseline=ad"), 2, `stderr:--update-baseline: got "ad", want nothing or =add, did you mean "add"?`)
	check(t, runWith(t, file, testports.Port{}, "--update-baseline", "--max-fail", "3"), 2, "stderr:--max-fail ends is not complete")
	check(t, against(t, testports.Port{}, "run", "--update-baseline"), 2, "stderr:want --baseline FILE too")
	for _, test := range []struct{ text, want string }{
		{"", "not JSON"},
		{"[]", "want object"},
		{`{"level":"parity","fixtures":"1.0.0","claim":{},"asked":1}`, "missing property 'known'"},
		{`{"level":"parity","fixtures":"1.0.0","claim":{},"asked":1,"known":[{"id":"a#loss","outcome":"pass","reason":""}]}`, "at '/known/0/outcome'"},
		{`{"level":"parity","fixtures":"1.0.0","claim":{},"asked":1,"known":[],"skip":["*"]}`, "'skip' not allowed"},
		{`{"level":"parity","fixtures":"1.0.0","claim":{},"asked":1,"known":[{"id":"a","outcome":"fail","reason":""},{"id":"a","outcome":"crash","reason":""}]}`, `two entries have the id "a"`},
	} {
		if err := os.WriteFile(file, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		check(t, runWith(t, file, testports.Port{}), 2, "stderr:--baseline: "+file+": ", "stderr:"+test.want)
	}
}

// TestBaselineOfARunThatStops: an interrupted run changes no baseline.
func TestBaselineOfARunThatStops(t *testing.T) {
	file := newBaseline(t, failsSums)
	before := readBaseline(t, file)
	ctx, cancel := context.WithCancel(context.Background())
	port := wrongIn(func(ports.Call) bool { cancel(); return false }, ports.Answer{}, nil)
	var stdout, stderr strings.Builder
	p := &program{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, port: port, open: openSet}
	code := p.main(ctx, []string{"run", "--baseline", file, "--update-baseline"})
	check(t, outcome{code, stdout.String(), stderr.String()}, 130)
	if after := readBaseline(t, file); len(after.Known) != len(before.Known) {
		t.Errorf("%d entries, before %d", len(after.Known), len(before.Known))
	}
}

// TestUpdateOfABaselineThatChangedMeanwhile: what another run wrote is not lost.
func TestUpdateOfABaselineThatChangedMeanwhile(t *testing.T) {
	file := newBaseline(t, failsSums)
	var other []byte
	port := wrongIn(func(ports.Call) bool {
		if other == nil {
			edit(t, file, giveReasons)
			other, _ = os.ReadFile(file)
		}
		return false
	}, ports.Answer{}, nil)
	check(t, runWith(t, file, port, "--update-baseline"), exitUsage, "stderr:baseline.json was changed by another while this run went on")
	if is, err := os.ReadFile(file); err != nil || !bytes.Equal(is, other) {
		t.Errorf("the baseline is not that of the other run: %v", err)
	}
}

func TestShards(t *testing.T) {
	seen := map[string]int{}
	for i := 1; i <= 3; i++ {
		file := filepath.Join(t.TempDir(), "result.json")
		got := against(t, testports.Port{}, "run", "--select", "*/blog_example/*", "--shard", fmt.Sprintf("%d/3", i), "--json", file)
		check(t, got, 0, fmt.Sprintf("nothing fails in shard %d/3 (parity): BCEWithLogitsLoss", i))
		result, err := resultfile.Read(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		if result.Summary.Conformant || !result.Summary.Passed || !result.Partial || result.Shard == "" {
			t.Errorf("conformant %t, passed %t, partial %t, shard %q", result.Summary.Conformant, result.Summary.Passed, result.Partial, result.Shard)
		}
		for _, c := range result.Cases {
			seen[c.ID]++
		}
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s is in %d shards", id, n)
		}
	}
	if len(seen) != 36 {
		t.Errorf("%d cases, want 36", len(seen))
	}
	check(t, against(t, failsSums, "run", "--select", someCases, "--shard", "1/2"), 1, "not conformant (parity)")
	check(t, against(t, testports.Port{}, "list", "--select", someCases, "--shard", "6/6"), 0, "f64-sum")
	for _, wrong := range []string{"0/3", "4/3", "3", "a/b", "1/2/3"} {
		check(t, against(t, testports.Port{}, "run", "--shard", wrong), 2, fmt.Sprintf("stderr:--shard: got %q, want i/n", wrong))
	}
	check(t, against(t, testports.Port{}, "run", "--select", someCases, "--shard", "7/7"), 2, "stderr:shard 7/7 of 6 cases is empty")
}

// TestResultFileOfAKilledRun: while the port is asked, the file says that it is not complete.
func TestResultFileOfAKilledRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "result.json")
	looked := false
	port := wrongIn(func(ports.Call) bool {
		if looked {
			return false
		}
		looked = true
		var result judge.Result
		data, err := os.ReadFile(file)
		if err = errors.Join(err, json.Unmarshal(data, &result)); err != nil || result.Complete || result.Selected != 6 {
			t.Errorf("in the run: complete %t, selected %d, %v", result.Complete, result.Selected, err)
		}
		if _, err := resultfile.Read(t.Context(), file); err == nil || !strings.Contains(err.Error(), "not complete: 0 of 6 cases were judged") {
			t.Errorf("in the run: got error %v", err)
		}
		return false
	}, ports.Answer{}, nil)
	check(t, against(t, port, "run", "--select", someCases, "--json", file), 0)
	if _, err := resultfile.Read(t.Context(), file); err != nil || !looked {
		t.Errorf("after the run: looked %t, %v", looked, err)
	}
}
