package suites_test

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"lossproof/fixtures"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/suites"
	"lossproof/suites/matchers"
)

// Another process of this test binary runs one wrong port, because the suite of this one
// must pass. childPort names the port there, childSelect the pattern of its cases.
const (
	childPort   = "LOSSPROOF_TEST_PORT"
	childSelect = "LOSSPROOF_TEST_SELECT"
	childQuirks = "LOSSPROOF_TEST_QUIRKS"
)

var childPorts = map[string]ports.Port{
	"builtin":               builtin.Port{},
	"PosWeightIgnored":      testports.PosWeightIgnored,
	"Zeros":                 testports.Zeros,
	"NaNs":                  testports.NaNs,
	"WrongShape":            testports.WrongShape,
	"AcceptsEverything":     testports.AcceptsEverything,
	"RefusesEverything":     testports.RefusesEverything,
	"UnsupportedEverything": testports.UnsupportedEverything,
	"Panics":                testports.Panics,
	"ClaimsNothing": testports.Claiming(func(_ string, c *ports.Claim) {
		c.Without = []string{"reduction:none", "reduction:mean", "reduction:sum"}
	}),
}

// childOptions are those that a parent gives. The arrays that a child does not use are
// not read: there are many children.
func childOptions(t *testing.T) judge.Options {
	set, err := fixtures.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return judge.Options{
		Effort:   judge.Quick,
		Fixtures: set, Selection: judge.Selection{Select: []string{os.Getenv(childSelect)}}, Quirks: os.Getenv(childQuirks) != "",
	}
}

// TestSuites is the conformance suite of the built-in losses.
func TestSuites(t *testing.T) {
	gomega.RegisterFailHandler(ginkgo.Fail)
	if name := os.Getenv(childPort); name != "" {
		if err := suites.Register(childPorts[name], childOptions(t)); err != nil {
			t.Fatal(err)
		}
		ginkgo.RunSpecs(t, "a wrong port")
		return
	}
	levels := []verdict.Level{verdict.Exact, verdict.Parity}
	if testing.Short() { // what is exact agrees at parity, too
		levels = levels[:1]
	}
	for _, level := range levels {
		ginkgo.Describe("built-in losses at "+string(level), func() {
			if err := suites.Register(builtin.Port{}, judge.Options{Level: level, Effort: judge.Quick}); err != nil {
				t.Fatal(err)
			}
		})
	}
	registerPublished(t)
	ginkgo.RunSpecs(t, "lossproof")
}

// registerPublished compares the built-in losses with what a post printed, to four digits.
func registerPublished(t *testing.T) {
	set, err := fixtures.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	checks, err := judge.Select(set, judge.Selection{Select: []string{"*/blog_example/*"}})
	if err != nil {
		t.Fatal(err)
	}
	published := 0
	for _, check := range checks {
		c := check.Recorded
		for _, name := range c.OutputNames() {
			if _, ok := c.Outputs[name][fixtures.Published]; ok {
				published++
			}
		}
	}
	if want := 12; published != want { // all modules but CrossEntropyLoss, float32 and float64, 'none' and 'mean'
		t.Fatalf("%d outputs were published, want %d", published, want)
	}
	ginkgo.Describe("published", func() {
		ginkgo.It("is what the built-in losses compute", func(ctx ginkgo.SpecContext) {
			for _, check := range checks {
				c := check.Recorded
				for _, name := range c.OutputNames() {
					if _, ok := c.Outputs[name][fixtures.Published]; !ok {
						continue
					}
					inputs, err := set.Inputs(c)
					gomega.Expect(err).NotTo(gomega.HaveOccurred())
					expected, err := set.Expected(c, name)
					gomega.Expect(err).NotTo(gomega.HaveOccurred())
					answer, err := builtin.Port{}.Evaluate(ctx, judge.Call(c, inputs, []string{name}))
					gomega.Expect(err).NotTo(gomega.HaveOccurred())
					gomega.Expect(answer.Outputs[name]).To(matchers.AgreeWithPublished(expected), "%s#%s", c.ID, name)
				}
			}
		})
	})
}

// TestCheckTwice: for two ports, and twice for one, in one process.
func TestCheckTwice(t *testing.T) {
	if os.Getenv(childPort) != "" {
		suites.Check(t, childPorts[os.Getenv(childPort)], childOptions(t))
		return
	}
	blog := judge.Options{Selection: judge.Selection{Select: []string{"*/blog_example/*", "*/rejections/*"}}}
	suites.Check(t, builtin.Port{}, blog)
	exact := blog
	exact.Level = verdict.Exact
	t.Run("again", func(t *testing.T) { suites.Check(t, builtin.Port{}, exact) })
	narrow := testports.Claiming(func(_ string, c *ports.Claim) { c.Without = append(c.Without, "reduction:sum") })
	t.Run("another port", func(t *testing.T) { suites.Check(t, narrow, blog) })
}

// child runs one test of this binary with a port, and returns its output.
func child(t *testing.T, test, port, pattern string, more ...string) (output string, passed bool) {
	t.Helper()
	return start(t, false, test, port, pattern, more...)
}

// start is child, with -v unless quiet.
func start(t *testing.T, quiet bool, test, port, pattern string, more ...string) (output string, passed bool) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, "-test.run=^"+test+"$", "-test.count=1", "-ginkgo.no-color")
	if !quiet {
		cmd.Args = append(cmd.Args, "-test.v", "-ginkgo.v")
	}
	cmd.Env = append(os.Environ(), childPort+"="+port, childSelect+"="+pattern)
	cmd.Env = append(cmd.Env, more...)
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// ways are the tests that a child runs: Ginkgo specs, and subtests. With -short it is one of them, by turns; make test-long has both.
func ways(i int) []string {
	both := []string{"TestSuites", "TestCheckTwice"}
	if testing.Short() {
		return both[i%2 : i%2+1]
	}
	return both
}

// TestWrongPorts: each fails, and the message names the rule, the output, the fault and
// the command that shows the case.
func TestWrongPorts(t *testing.T) {
	if os.Getenv(childPort) != "" {
		return
	}
	const blog = "BCEWithLogitsLoss/blog_example/f32-none"
	for i, test := range []struct {
		port, pattern string
		want          []string
	}{
		{"PosWeightIgnored", "BCEWithLogitsLoss/pos_weight/f32-mean-class-soft", []string{
			"rule BCEWL-POS-WEIGHT", "(must):", "loss: float32 of shape (): 1 of 1 elements are wrong at level parity",
			"reference", "exact", "ULP", "in a clone of lossproof: go run ./cmd/lossproof show BCEWithLogitsLoss/pos_weight/f32-mean-class-soft"}},
		{"Zeros", blog, []string{"loss: float32 of shape (3, 5): 15 of 15 elements are wrong", "at (0, 0): got 0", "and 10 more", "lossproof show " + blog}},
		{"NaNs", blog, []string{"got NaN", "the kind differs (finite, NaN, ±Inf)"}},
		{"WrongShape", blog, []string{"loss: shape is (1, 3, 5), want (3, 5)"}},
		{"AcceptsEverything", "BCEWithLogitsLoss/rejections/f32-reduction-batchmean", []string{"accepted what PyTorch refuses with ValueError: batchmean is not a valid value for reduction", "BCEWL-REDUCTION-INVALID (should)"}},
		{"RefusesEverything", blog, []string{"refused what PyTorch accepts (value): I do not like it"}},
		{"UnsupportedEverything", blog, []string{"answered unsupported inside its claim: not written yet"}},
		{"Panics", blog, []string{blog + ": crash", "panic: index out of range"}},
		{"ClaimsNothing", blog, []string{"nothing is checked:", "lies inside the claim"}},
	} {
		for _, how := range ways(i) {
			t.Run(test.port+" in "+how, func(t *testing.T) {
				t.Parallel()
				output, passed := child(t, how, test.port, test.pattern)
				if passed {
					t.Errorf("passes:\n%s", output)
				}
				for _, want := range test.want {
					if !strings.Contains(output, want) {
						t.Errorf("want %q in:\n%s", want, output)
					}
				}
			})
		}
	}
}

// TestManyFailures: a few of each rule in full, the others in a line, and at the end what
// they share.
func TestManyFailures(t *testing.T) {
	if os.Getenv(childPort) != "" {
		return
	}
	const pattern = "BCEWithLogitsLoss/*/f32-mean-*"
	hint := regexp.MustCompile(`(?m)^ *in a clone of lossproof: go run \./cmd/lossproof show BCEWithLogitsLoss/`)
	rule := regexp.MustCompile(`(?m)^ *rule (\S+) \(`)
	line := regexp.MustCompile(`BCEWithLogitsLoss/\S+: fail \(rule \S+\): (loss|grad_input): float32 of shape `)
	summary := regexp.MustCompile(`(?m)^ *suites_test\.go:\d+: (\d+) of \d+ cases fail, by rule:\n *BCEWL-\S+ +must +\d+\n`)
	for _, how := range ways(1) {
		output, _ := start(t, true, how, "PosWeightIgnored", pattern)
		inFull := map[string]int{}
		for _, match := range rule.FindAllStringSubmatch(output, -1) {
			inFull[match[1]]++
		}
		lines := len(line.FindAllString(output, -1))
		if inFull["BCEWL-POS-WEIGHT"] != 3 || lines == 0 {
			t.Errorf("%s: of BCEWL-POS-WEIGHT %d are in full, want 3; %d are in a line", how, inFull["BCEWL-POS-WEIGHT"], lines)
		}
		output, _ = child(t, how, "PosWeightIgnored", pattern)
		if all := len(hint.FindAllString(output, -1)); all < 10 || line.MatchString(output) {
			t.Errorf("%s: with -v %d are in full", how, all)
		}
		if how == "TestSuites" {
			continue
		}
		match := summary.FindStringSubmatch(output)
		if match == nil || !strings.Contains(output, "all "+match[1]+" failing cases of BCEWithLogitsLoss have pos_weight, as ") {
			t.Errorf("there is no summary, or it does not say that all have pos_weight:\n%s", output)
		}
		if !strings.Contains(output, "diagnosis of BCEWithLogitsLoss: pos-weight-ignored\n") {
			t.Errorf("there is no diagnosis:\n%s", output)
		}
		if !regexp.MustCompile(`(?m)^ *not conformant \(parity\): BCEWithLogitsLoss: \d+ of \d+ cases fail[^\0]*^ *cause: pos-weight-ignored, [^\0]*^ *next: lossproof show BCEWith`).MatchString(output) {
			t.Errorf("the end is not that of a run:\n%s", output)
		}
	}
	if testing.Short() {
		return
	}
	output, _ := child(t, "TestCheckTwice", "builtin", pattern)
	if strings.Contains(output, "cases fail") {
		t.Errorf("a summary, and nothing fails:\n%s", output)
	}
}

// TestRelationsCount: the closing summary counts relations that fail, alone or beside cases, and the
// mistake is named by relations alone.
func TestRelationsCount(t *testing.T) {
	if os.Getenv(childPort) != "" {
		return
	}
	for pattern, want := range map[string]string{
		"BCEWithLogitsLoss/relations/pos-weight-*": "1 of 2 laws fails, by rule:\n",
		"BCEWithLogitsLoss/*/*pos-weight*":         " cases fail, 1 of 2 laws fails, 2 of 2 generated checks fail, by rule:\n",
	} {
		if testing.Short() && strings.Contains(pattern, "/relations/") {
			continue // make test-long has both
		}
		output, passed := child(t, "TestCheckTwice", "PosWeightIgnored", pattern)
		if passed || !strings.Contains(output, want) || !strings.Contains(output, "diagnosis of BCEWithLogitsLoss: pos-weight-ignored") {
			t.Errorf("%s: want %q and a diagnosis in\n%s", pattern, want, output)
		}
	}
}

func TestQuirksFailOnRequest(t *testing.T) {
	if os.Getenv(childPort) != "" {
		return
	}
	const quirk = "MultiLabelSoftMarginLoss/broadcasting/f32-none-target-3x5-and-5"
	for _, how := range ways(0) {
		output, passed := child(t, how, "builtin", quirk)
		if !passed || !strings.Contains(output, "quirk that the port does not have") {
			t.Errorf("%s: a quirk fails, or is not reported:\n%s", how, output)
		}
		output, passed = child(t, how, "builtin", quirk, childQuirks+"=1")
		if passed || !strings.Contains(output, "MLSM-TARGET-BROADCAST-QUIRK (quirk)") {
			t.Errorf("%s: a quirk that gates does not fail:\n%s", how, output)
		}
	}
}

// TestTree: a spec for every case with its labels, and containers of a bearable size.
func TestTree(t *testing.T) {
	if os.Getenv(childPort) != "" {
		return
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	pattern := "*"
	if testing.Short() {
		pattern = "*/weights/*"
	}
	run := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), binary, append([]string{"-test.run=^TestSuites$", "-ginkgo.dry-run", "-ginkgo.no-color"}, args...)...)
		cmd.Env = append(os.Environ(), childPort+"=builtin", childSelect+"="+pattern)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	set, err := fixtures.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	selected := func(output string) int {
		match := regexp.MustCompile(`Will run (\d+) of`).FindStringSubmatch(output)
		if match == nil {
			t.Fatalf("no number of specs in %.500s", output)
		}
		n, err := strconv.Atoi(match[1])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	checks, err := judge.Select(set, judge.Selection{Select: []string{pattern}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := selected(run()), len(checks)+1; got != want {
		t.Errorf("%d specs, want %d: one for each check, and the claim", got, want)
	}
	want := 0
	for i := range set.Cases {
		c := &set.Cases[i]
		rule, err := set.Rule(c.Rule)
		if err != nil {
			t.Fatal(err)
		}
		if c.Topic == "weights" && rule.Requirement == fixtures.Must && strings.Contains(c.ID, "/f64-") && c.Module == ports.BCEWithLogitsLoss {
			want++
		}
	}
	filter := "-ginkgo.label-filter=module: containsAny BCEWithLogitsLoss && topic: containsAny weights && requirement: containsAny must && dtype: containsAny float64"
	if got := selected(run(filter)); got != want || want == 0 {
		t.Errorf("%s selects %d specs, want %d", filter, got, want)
	}
	if testing.Short() {
		return
	}
	if got := selected(run("-ginkgo.label-filter=rule: containsAny MLSM-NONE-SHAPE")); got == 0 {
		t.Error("no spec has the label of its rule")
	}
	if output := run("-ginkgo.focus=MultiLabelSoftMarginLoss/blog_example/f32-none"); selected(output) != 1 {
		t.Errorf("the focus on an id selects %d specs", selected(output))
	}
}

func TestRegisterErrors(t *testing.T) {
	if os.Getenv(childPort) != "" {
		return
	}
	deaf := testports.Port{DescribeFunc: func() (ports.Description, error) { return ports.Description{}, context.DeadlineExceeded }}
	for _, test := range []struct {
		port    ports.Port
		options judge.Options
		want    string
	}{
		{builtin.Port{}, judge.Options{Selection: judge.Selection{Select: []string{"zzz"}}}, `"zzz" matches no case`},
		{builtin.Port{}, judge.Options{Level: "ulp"}, `level is "ulp"`},
		{deaf, judge.Options{}, "the port's answer to hello"},
		{nil, judge.Options{}, "the port is nil"},
		{(*builtin.Port)(nil), judge.Options{}, "the port is nil"},
	} {
		if err := suites.Register(test.port, test.options); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got error %v, want %q in it", err, test.want)
		}
	}
}
