package report_test

import (
	"fmt"
	"strings"
	"testing"

	"lossproof/internal/report"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/ports/builtin"
)

const laws = "BCEWithLogitsLoss/relations/"

// TestTextOfRelations: how many laws hold, and what breaks the others.
func TestTextOfRelations(t *testing.T) {
	for _, test := range []struct {
		name     string
		port     ports.Port
		patterns []string
		options  report.TextOptions
		want     []string
		not      string
	}{
		{name: "one holds", port: builtin.Port{}, patterns: []string{laws + "mean"},
			want: []string{": 1 law alone at level parity\n", "\nlaws: 1 of 1 holds, on 60 inputs generated from seed 1 of the release (--seed 1 asks the same)\n", "[no cases selected, 1 of 21 laws selected, no generated checks selected]\n"}},
		{name: "verbose", port: builtin.Port{}, patterns: []string{laws + "mean"}, options: report.TextOptions{Verbose: true},
			want: []string{"\npass         " + laws + "mean  60 inputs, at most 0."}},
		{name: "one of two fails", port: testports.MeanIsSum, patterns: []string{laws + "mean", laws + "sum"}, want: []string{
			"\nlaws: 1 of 2 holds, on ", "\n1 of 2 laws fails:\n\n" + laws + "mean: fail\n  rule BCEWL-LAW-MEAN (must): ", "\n  broken by 2 calls\n    1. BCEWithLogitsLoss, reduction=\"mean\", float",
			"; they are ", "\n  lossproof run --level parity --select " + laws + "mean --seed 1\n", ": 1 of 2 laws fails\n"}},
		{name: "many fail", port: testports.NaNs, patterns: []string{laws + "*"}, want: []string{"\n21 of 21 laws fail:\n", "\nand 16 more (-v describes all of them):\n  " + laws}},
		{name: "many fail, verbose", port: testports.NaNs, patterns: []string{laws + "*"}, options: report.TextOptions{Verbose: true}, want: []string{"\n21 of 21 laws fail:\n"}, not: " more (-v"},
		{name: "cases fail, which say more", port: testports.NaNs, patterns: []string{laws + "mean", "BCEWithLogitsLoss/blog_example/*"},
			want: []string{"\n6 of 6 cases fail:\n", "\n1 of 1 law fails:\n  " + laws + "mean "}, not: "broken by"},
		{name: "none is checked", port: noneAlone(), patterns: []string{laws + "mean", laws + "sum"},
			want: []string{"\nlaws: none was checked: without reduction:mean: 1, without reduction:sum: 1\n"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := run(t, test.port, test.patterns...)
			got := text(t, result, test.options)
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("want %q in\n%s", want, got)
				}
			}
			if test.not != "" && strings.Contains(got, test.not) {
				t.Errorf("%q is in\n%s", test.not, got)
			}
		})
	}
}

// noneAlone claims nothing that compares reductions.
func noneAlone() ports.Port {
	return testports.Claiming(func(_ string, c *ports.Claim) { c.Without = append(c.Without, "reduction:mean", "reduction:sum") })
}

// TestReasonsOutside: relations that are not checked are counted by reason.
func TestReasonsOutside(t *testing.T) {
	result := run(t, builtin.Port{}, laws+"mean", laws+"sum", laws+"shape", laws+"split")
	for i, message := range []string{"without weight", "grad_input is not claimed", "without weight"} {
		result.Relations[i].Outcome, result.Relations[i].Message, result.Relations[i].Samples = judge.Unsupported, message, 0
	}
	result.Summary.Relations = map[judge.Outcome]int{judge.Unsupported: 3, judge.Pass: 1}
	result.Relations = append(result.Relations, result.Relations[3])
	result.Relations[4].Outcome, result.Relations[4].Samples = judge.Fixed, 0
	want := "\nlaws: 2 of 2 hold, on 60 inputs generated from seed 1 of the release (--seed 1 asks the same); unsupported: 3 (without weight: 2, grad_input is not claimed: 1); 1 of them fixed: the baseline has them as failing\n"
	if got := text(t, result, report.TextOptions{}); !strings.Contains(got, want) {
		t.Errorf("want %q in\n%s", want, got)
	}
}

func TestMarkdownOfRelations(t *testing.T) {
	for _, test := range []struct {
		port     ports.Port
		patterns []string
		want     []string
		sections int
	}{
		{builtin.Port{}, []string{laws + "mean"}, []string{"\n### Laws\n\n1 of 1 holds, on 60 inputs generated from seed 1 of the release (--seed 1 asks the same).\n"}, 0},
		{testports.MeanIsSum, []string{laws + "mean", laws + "sum"}, []string{
			"\n#### BCEWL-LAW-MEAN (must)\n\nThe mean is the sum divided by ", "\n```\n" + laws + "mean: fail\n", "\n  lossproof run --level parity --select " + laws + "mean --seed 1\n```\n"}, 1},
		{testports.NaNs, []string{laws + "*"}, []string{"\n0 of 21 hold, ", "\nand 1 more law.\n"}, 20},
		{builtin.Port{}, []string{"BCEWithLogitsLoss/blog_example/*"}, nil, 0},
	} {
		got := write(t, report.Markdown, run(t, test.port, test.patterns...))
		for _, want := range test.want {
			if !strings.Contains(got, want) {
				t.Errorf("want %q in\n%s", want, got)
			}
		}
		if n := strings.Count(got, "\n#### BCEWL-LAW-"); n != test.sections || strings.Contains(got, "### Laws") != (test.want != nil) {
			t.Errorf("%d sections, want %d, of\n%s", n, test.sections, got)
		}
	}
}

// TestRelationHint: the command has all of the run that the law depends on.
func TestRelationHint(t *testing.T) {
	result := run(t, testports.MeanIsSum, laws+"mean")
	result.Level, result.Seed = "exact", 4000000000
	for _, test := range []struct {
		argv   string
		quirks bool
		want   string
	}{
		{"", false, ""},
		{"lossproof run --select */relations/* --seed random", false, ""},
		{"lossproof run --dtypes float32 -v --quirks", true, " --dtypes float32 --quirks"},
		{"lossproof run --dtypes=float32,float64 --timeout 5s -- env A=b sh -c 'x' --dtypes float64", false, " --dtypes=float32,float64 --timeout 5s"},
		{"lossproof run --start-timeout=9s --json out.json -- ./port", false, " --start-timeout=9s"},
		{"lossproof run --dtypes", false, ""},
	} {
		result.Argv, result.Quirks = strings.Fields(test.argv), test.quirks
		want := "\n  lossproof run --level exact --select " + laws + "mean" + test.want + " --seed 4000000000"
		if _, command, ok := strings.Cut(test.argv, " -- "); ok {
			want += " -- " + strings.ReplaceAll(command, "'x'", `''\''x'\'''`)
		}
		if got := text(t, result, report.TextOptions{}); !strings.Contains(got, want+"\n") {
			t.Errorf("%q: want %q in\n%s", test.argv, want, got)
		}
	}
}

func TestShellQuote(t *testing.T) {
	for _, test := range []struct{ word, want string }{
		{"a-b_c./=:,+@%9", "a-b_c./=:,+@%9"}, {"", "''"}, {"a b", "'a b'"}, {"*", "'*'"}, {"it's", `'it'\''s'`}, {"$x", "'$x'"},
	} {
		if got, want := report.ShellQuote([]string{"lossproof", test.word}), fmt.Sprintf("lossproof %s", test.want); got != want {
			t.Errorf("%q: got %s, want %s", test.word, got, want)
		}
	}
}
