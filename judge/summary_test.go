package judge_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"lossproof/fixtures"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/ports/builtin"
)

// TestVerdict: what follows from the outcomes of a module's cases and relations.
func TestVerdict(t *testing.T) {
	options := only("BCEWithLogitsLoss/blog_example/f32-none", "BCEWithLogitsLoss/blog_example/f64-none", "BCEWithLogitsLoss/rejections/f32-reduction-batchmean",
		"BCEWithLogitsLoss/relations/mean", "BCEWithLogitsLoss/relations/sum")
	j, err := judge.New(context.Background(), builtin.Port{}, of(openSet(t), options))
	if err != nil {
		t.Fatal(err)
	}
	const must, should, quirk = fixtures.Must, fixtures.Should, fixtures.Quirk
	// computed returns a case whose loss has that outcome, refusal one without outputs.
	computed := func(requirement fixtures.Requirement, outcome judge.Outcome) judge.CheckResult {
		r := judge.CheckResult{ID: string(outcome), Kind: judge.Case, Module: ports.BCEWithLogitsLoss, Topic: "blog_example", Rule: "R", Requirement: requirement, Gates: requirement != quirk, Outcome: outcome}
		r.Outputs = map[string]judge.OutputResult{"loss": {Outcome: outcome}, "grad_target": {Outcome: judge.Unsupported}}
		if outcome == judge.Fail { // of one output alone
			r.Outputs["grad_input"] = judge.OutputResult{Outcome: judge.Pass}
		}
		return r
	}
	refusal := func(requirement fixtures.Requirement, outcome judge.Outcome) judge.CheckResult {
		r := computed(requirement, outcome)
		r.Topic, r.Rejection, r.Outputs = "rejections", true, nil
		return r
	}
	law := func(outcome judge.Outcome) judge.CheckResult {
		return judge.CheckResult{ID: "law-" + string(outcome), Kind: judge.Relation, Module: ports.BCEWithLogitsLoss, Rule: "L", Requirement: must, Gates: true, Outcome: outcome}
	}
	quirkOf := func(r judge.CheckResult) judge.CheckResult {
		r.Requirement, r.Gates = quirk, false
		return r
	}
	blaming := func(module string, r judge.CheckResult) judge.CheckResult {
		r.Blames = module
		return r
	}
	ok := []judge.CheckResult{law(judge.Pass), law(judge.Pass)}
	known := map[string]judge.Known{
		"fail#loss": {Outcome: judge.Fail, Reason: "as it is"}, "fail": {Outcome: judge.Fail, Reason: "as it is"}, "law-fail": {Outcome: judge.Fail, Reason: "as it is"},
	}
	for _, test := range []struct {
		name      string
		cases     []judge.CheckResult
		relations []judge.CheckResult
		known     map[string]judge.Known
		verdict   string // how the line begins
		reason    string
		knownN    int
		deviating string
		followed  int
		not       int
	}{
		{name: "all pass", cases: []judge.CheckResult{computed(must, judge.Pass), computed(must, judge.Pass), refusal(must, judge.Pass)}, relations: ok, verdict: "conformant as far as asked (parity)"},
		{name: "one fails", cases: []judge.CheckResult{computed(must, judge.Fail), computed(must, judge.Pass), refusal(must, judge.Pass)}, relations: ok,
			verdict: "not conformant", reason: "1 of 3 cases fails"},
		{name: "two fail", cases: []judge.CheckResult{computed(must, judge.Crash), computed(must, judge.Pass), refusal(must, judge.Fail)}, relations: ok,
			verdict: "not conformant", reason: "2 of 3 cases fail"},
		{name: "a law fails", cases: []judge.CheckResult{computed(must, judge.Pass), computed(must, judge.Pass), refusal(must, judge.Pass)},
			relations: []judge.CheckResult{law(judge.Fail), law(judge.Pass)}, verdict: "not conformant", reason: "1 of 2 laws fails"},
		{name: "cases and laws fail, and one was not run", cases: []judge.CheckResult{computed(must, judge.Fail), computed(must, judge.NotRun), refusal(must, judge.Pass)},
			relations: []judge.CheckResult{law(judge.Fail), law(judge.Fail)}, verdict: "not conformant", reason: "1 of 2 cases fails, 2 of 2 laws fail, 1 was not run"},
		{name: "a case was not run", cases: []judge.CheckResult{computed(must, judge.Pass), computed(must, judge.NotRun), refusal(must, judge.Pass)}, relations: ok,
			verdict: "not conformant", reason: "1 of 3 cases were not run"},
		{name: "cases are missing", cases: []judge.CheckResult{computed(must, judge.Pass)}, relations: ok, verdict: "not conformant", reason: "2 of 3 cases were not run"},
		{name: "a law was not checked", cases: []judge.CheckResult{computed(must, judge.Pass), computed(must, judge.Pass), refusal(must, judge.Pass)},
			relations: []judge.CheckResult{law(judge.Pass), law(judge.NotRun)}, verdict: "not conformant", reason: "1 of 2 laws were not checked"},
		{name: "laws are missing", cases: []judge.CheckResult{computed(must, judge.Pass), computed(must, judge.Pass), refusal(must, judge.Pass)},
			verdict: "not conformant", reason: "2 of 2 laws were not checked"},
		{name: "refusals and laws alone pass", cases: []judge.CheckResult{computed(must, judge.Unsupported), computed(must, judge.Unsupported), refusal(must, judge.Pass)}, relations: ok,
			verdict: "not conformant", reason: "nothing passed"},
		{name: "quirks alone pass", cases: []judge.CheckResult{computed(quirk, judge.Pass), computed(must, judge.Unsupported), refusal(quirk, judge.Pass)}, relations: ok,
			verdict: "not conformant", reason: "nothing passed", followed: 2},
		{name: "what is selected lies outside the claim", cases: []judge.CheckResult{computed(must, judge.Unsupported), computed(quirk, judge.Pass), refusal(must, judge.Unsupported)},
			relations: []judge.CheckResult{law(judge.Unsupported), law(judge.Unsupported)}, verdict: "no verdict",
			reason: "nothing was asked that counts: what was selected (5 checks) lies outside the claim, or records quirks", followed: 1},
		{name: "a quirk fails", cases: []judge.CheckResult{computed(quirk, judge.Fail), computed(must, judge.Pass), refusal(must, judge.Pass)}, relations: ok,
			verdict: "conformant as far as asked (parity)", not: 1},
		{name: "a should rule fails", cases: []judge.CheckResult{computed(should, judge.Fail), computed(should, judge.Fail), refusal(must, judge.Pass)}, relations: ok,
			verdict: "not conformant", reason: "2 of 3 cases fail", deviating: "R"},
		{name: "a failure is known", cases: []judge.CheckResult{computed(must, judge.Fail), computed(must, judge.Pass), refusal(must, judge.Pass)}, relations: ok, known: known,
			verdict: "known failures", reason: "1 case fails as the baseline says", knownN: 1},
		{name: "a known refusal and a known law", cases: []judge.CheckResult{computed(must, judge.Pass), computed(must, judge.Pass), refusal(must, judge.Fail)},
			relations: []judge.CheckResult{law(judge.Fail), law(judge.Pass)}, known: known,
			verdict: "known failures", reason: "1 case and 1 law fail as the baseline says", knownN: 2},
		{name: "a known deviation", cases: []judge.CheckResult{computed(should, judge.Fail), computed(must, judge.Pass), refusal(must, judge.Pass)}, relations: ok, known: known,
			verdict: "conformant as far as asked (parity)", deviating: "R"},
		{name: "another outcome than the one that is known", cases: []judge.CheckResult{computed(must, judge.Pass), computed(must, judge.Pass), refusal(must, judge.Fail)}, relations: ok,
			known: map[string]judge.Known{"fail": {Outcome: judge.Crash}}, verdict: "not conformant", reason: "1 of 3 cases fails"},
		{name: "what is known as a failure passes", cases: []judge.CheckResult{computed(must, judge.Pass), computed(must, judge.Pass), refusal(quirk, judge.Pass)}, relations: ok,
			known: map[string]judge.Known{"pass": {Outcome: judge.Fail}}, verdict: "better than its baseline", reason: "1 known failure passes (--update-baseline), and nothing else fails", followed: 1},
		{name: "a should rule that is known without a reason", cases: []judge.CheckResult{computed(should, judge.Fail), computed(must, judge.Pass), refusal(must, judge.Pass)}, relations: ok,
			known: map[string]judge.Known{"fail#loss": {Outcome: judge.Fail}}, verdict: "not conformant",
			reason: "1 deviation from a should rule without a reason in the baseline", deviating: "R"},
		{name: "a suite-error is no failure that can be known", cases: []judge.CheckResult{computed(must, judge.SuiteError), computed(must, judge.Pass), refusal(must, judge.SuiteError)},
			relations: []judge.CheckResult{law(judge.SuiteError), law(judge.Pass)}, known: map[string]judge.Known{
				"suite-error": {Outcome: judge.SuiteError, Reason: "R"}, "suite-error#loss": {Outcome: judge.SuiteError, Reason: "R"}, "law-suite-error": {Outcome: judge.SuiteError, Reason: "R"},
			}, verdict: "not conformant", reason: "2 of 3 cases fail, 1 of 2 laws fails"},
		{name: "a law is known as another failure", cases: []judge.CheckResult{computed(must, judge.Pass), computed(must, judge.Pass), refusal(must, judge.Pass)},
			relations: []judge.CheckResult{law(judge.Crash), law(judge.Pass)}, known: map[string]judge.Known{"law-crash": {Outcome: judge.Fail, Reason: "R"}},
			verdict: "not conformant", reason: "1 of 2 laws fails"},
		{name: "a law that is known as a failure holds", cases: []judge.CheckResult{computed(must, judge.Pass), computed(must, judge.Pass), refusal(must, judge.Pass)},
			relations: []judge.CheckResult{quirkOf(law(judge.Pass)), law(judge.Unsupported)}, known: map[string]judge.Known{"law-pass": {Outcome: judge.Fail, Reason: "R"}},
			verdict: "better than its baseline", reason: "1 known failure passes (--update-baseline), and nothing else fails", followed: 1},
		{name: "what was not asked and quirks are no part of what fails", cases: []judge.CheckResult{computed(must, judge.Fail), computed(must, judge.Unsupported), refusal(quirk, judge.Fail)},
			relations: []judge.CheckResult{law(judge.Fail), law(judge.Unsupported)}, verdict: "not conformant", reason: "1 of 1 case fails, 1 of 1 law fails", not: 1},
		{name: "a law is broken by another module", cases: []judge.CheckResult{computed(must, judge.Pass), computed(must, judge.Pass), refusal(must, judge.Pass)},
			relations: []judge.CheckResult{blaming(ports.BCELoss, law(judge.Fail)), law(judge.Pass)}, verdict: "conformant as far as asked (parity)"},
		{name: "a law that is a quirk fails", cases: []judge.CheckResult{computed(must, judge.Pass), computed(must, judge.Pass), refusal(must, judge.Pass)},
			relations: []judge.CheckResult{quirkOf(law(judge.Fail)), law(judge.Pass)}, verdict: "conformant as far as asked (parity)", not: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := &judge.Result{Cases: test.cases, Relations: test.relations}
			result := j.Rebase(before, test.known)
			s := result.Summary
			m := s.Modules[0]
			conformant, passed := strings.HasPrefix(test.verdict, "conformant"), !strings.HasPrefix(test.verdict, "no") && !strings.HasPrefix(test.verdict, "better")
			if m.Reason != test.reason || m.Conformant != conformant || m.Passed != passed || s.Conformant != conformant || s.Passed != passed {
				t.Errorf("conformant %t, passed %t: %q, want %t, %t: %q", m.Conformant, m.Passed, m.Reason, conformant, passed, test.reason)
			}
			if !strings.HasPrefix(s.Verdict[0], test.verdict) || !strings.HasSuffix(s.Verdict[0], m.Reason) || conformant && test.deviating != "" && !strings.Contains(s.Verdict[0], "deviating from "+test.deviating) {
				t.Errorf("got verdict %q, want %q", s.Verdict[0], test.verdict)
			}
			if got := strings.Join(m.Deviations, " "); got != test.deviating || m.KnownFailures != test.knownN || m.QuirksFollowed != test.followed || m.QuirksNot != test.not {
				t.Errorf("got deviations %q, %d known failures, quirks %d and %d", got, m.KnownFailures, m.QuirksFollowed, m.QuirksNot)
			}
			checkCounts(t, result)
			// The same again without a baseline: nothing is left of it.
			again := j.Rebase(result, nil)
			if !slices.EqualFunc(again.Cases, test.cases, func(a, b judge.CheckResult) bool {
				return a.Outcome == b.Outcome && a.Gates == b.Gates && a.Known == nil
			}) {
				t.Errorf("without the baseline: got %+v, want %+v", again.Cases, test.cases)
			}
			if !slices.EqualFunc(again.Relations, test.relations, func(a, b judge.CheckResult) bool {
				return a.Outcome == b.Outcome && a.Gates == b.Gates && a.Known == nil
			}) {
				t.Errorf("without the baseline: got %+v, want %+v", again.Relations, test.relations)
			}
		})
	}
}

// TestVerdictOnRefusalsAndLawsAlone: they count where nothing that is computed is selected.
func TestVerdictOnRefusalsAndLawsAlone(t *testing.T) {
	for _, test := range []struct {
		selected string
		refusal  judge.Outcome // "": a relation
		relation judge.Outcome
		want     bool
	}{
		{selected: "BCEWithLogitsLoss/rejections/f32-reduction-batchmean", refusal: judge.Pass, want: true},
		{selected: "BCEWithLogitsLoss/rejections/f32-reduction-batchmean", refusal: judge.Unsupported},
		{selected: "BCEWithLogitsLoss/relations/mean", relation: judge.Pass, want: true},
		{selected: "BCEWithLogitsLoss/relations/mean", relation: judge.Unsupported},
	} {
		j, err := judge.New(context.Background(), builtin.Port{}, of(openSet(t), only(test.selected)))
		if err != nil {
			t.Fatal(err)
		}
		var result judge.Result
		if test.refusal != "" {
			result.Cases = []judge.CheckResult{{Kind: judge.Case, Module: ports.BCEWithLogitsLoss, Rejection: true, Requirement: fixtures.Must, Gates: true, Outcome: test.refusal}}
		} else {
			result.Relations = []judge.CheckResult{{Kind: judge.Relation, Module: ports.BCEWithLogitsLoss, Requirement: fixtures.Must, Gates: true, Outcome: test.relation}}
		}
		if m := j.Rebase(&result, nil).Summary.Modules[0]; m.Conformant != test.want || m.NothingAsked() == test.want {
			t.Errorf("%s is %s%s: conformant %t: %q", test.selected, test.refusal, test.relation, m.Conformant, m.Reason)
		}
	}
}

// checkCounts counts once more, in the plainest way.
func checkCounts(t *testing.T, result *judge.Result) {
	t.Helper()
	s := result.Summary
	notRun, asked, all, failing := 3-len(result.Cases), 0, 0, 0
	for _, r := range result.Cases {
		if r.Outcome == judge.NotRun {
			notRun++
		}
		if r.Gates && r.Outcome.Failing() {
			failing++
		}
		for _, output := range r.Outputs {
			all++
			if output.Outcome != judge.Unsupported {
				asked++
			}
		}
	}
	topics := 0
	for _, topic := range s.Topics {
		topics += topic.Failing
	}
	if s.NotRun != notRun || s.OutputsAsked != asked || s.OutputsAll != all || topics != failing {
		t.Errorf("got %d not run, %d of %d outputs asked, %d failing by topic; want %d, %d of %d, %d", s.NotRun, s.OutputsAsked, s.OutputsAll, topics, notRun, asked, all, failing)
	}
	unchecked := 2 - len(result.Relations)
	for _, r := range result.Relations {
		if r.Outcome == judge.NotRun {
			unchecked++
		}
	}
	if s.RelationsNotRun != unchecked {
		t.Errorf("got %d relations not run, want %d", s.RelationsNotRun, unchecked)
	}
}
