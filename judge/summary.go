package judge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/internal/definition"
	"lossproof/internal/words"
)

// summarize counts results and gives the verdict.
func (j *Judge) summarize(result *Result) Summary {
	s := Summary{
		NotRun: j.selected(Case, "") - len(result.Cases), RelationsNotRun: j.selected(Relation, "") - len(result.Relations),
		GeneratedNotRun: j.selected(Generated, "") - len(result.Generated),
		Modules:         []ModuleSummary{}, Topics: []TopicSummary{}, Verdict: []string{}, Relations: map[Outcome]int{}, Generated: map[Outcome]int{},
	}
	s.Counts, s.Incidents = count(result.Cases), total(result.Incidents)
	for _, r := range result.Relations {
		s.Relations[r.Outcome]++
	}
	for _, r := range result.Generated {
		s.Generated[r.Outcome]++
	}
	s.NotRun += s.Cases[NotRun]
	s.RelationsNotRun += s.Relations[NotRun]
	s.GeneratedNotRun += s.Generated[NotRun]
	conformant, passed, claimed := true, true, 0
	for _, module := range j.modules() {
		m := j.moduleSummary(module, ofModule(result.Cases, module), ofModule(result.Relations, module), ofModule(result.Generated, module))
		m.Limits = j.limits(result, module)
		m.Incidents = result.Incidents[module]
		if m.Claimed && tooOften(result.Incidents, module) {
			m.fails(fmt.Sprintf("the port was %s (up to %d are no fault)", s.Incidents, maxLost))
		}
		if b := result.Baseline; b != nil && len(b.ClaimShrank) > 0 && m.Claimed {
			m.fails("the claim shrank")
		}
		s.Modules = append(s.Modules, m)
		s.Verdict = append(s.Verdict, j.verdictLine(result, m))
		if m.Claimed {
			claimed++
			conformant = conformant && m.Conformant
			passed = passed && m.Passed
		}
	}
	s.Topics = topics(result.Cases)
	s.Conformant = conformant && claimed > 0
	s.Passed = passed && claimed > 0
	return s
}

// topics counts the cases of each topic, in their order.
func topics(cases []CheckResult) []TopicSummary {
	summaries := []TopicSummary{}
	for len(cases) > 0 {
		first, n, failing := cases[0], 0, 0
		for _, r := range cases {
			if r.Module != first.Module || r.Topic != first.Topic {
				break
			}
			if n++; r.Gates && r.Outcome.Failing() {
				failing++
			}
		}
		summaries = append(summaries, TopicSummary{Module: first.Module, Topic: first.Topic, Failing: failing, Counts: count(cases[:n])})
		cases = cases[n:]
	}
	return summaries
}

// modules returns the modules of the selected checks, those without results too.
func (j *Judge) modules() []string {
	var modules []string
	for _, c := range j.checks {
		if n := len(modules); n == 0 || modules[n-1] != c.Module {
			modules = append(modules, c.Module)
		}
	}
	slices.Sort(modules)
	return slices.Compact(modules)
}

// tally counts the results of the checks of one kind of a module.
type tally struct {
	// fixed passes and is known as a failure, unreasoned fails as the baseline says and has no reason there; neither is in failing.
	selected, failing, fixed, unreasoned, notRun, known int
	// asked counts what was asked and gates: the whole of what fails.
	asked int
	// passed counts what passes, right those outputs of it that gate.
	passed, right int
	// asks counts what was asked of the module and gates, or counts for another.
	asks int
}

func (t tally) plus(o tally) tally {
	return tally{
		t.selected + o.selected, t.failing + o.failing, t.fixed + o.fixed, t.unreasoned + o.unreasoned, t.notRun + o.notRun, t.known + o.known,
		t.asked + o.asked, t.passed + o.passed, t.right + o.right, t.asks + o.asks,
	}
}

// gating counts what fails the run.
func (t tally) gating() int { return t.failing + t.fixed + t.unreasoned }

// tally counts results, and what should rules, quirks and the baseline say of them. A law that the answers
// of another module break counts there.
func (m *ModuleSummary) tally(selected int, results []CheckResult) tally {
	t := tally{selected: selected, notRun: selected}
	for _, r := range results {
		asked := r.Gates && r.Outcome != Unsupported && r.Outcome != NotRun
		if r.Module == m.Module && r.Outcome != NotRun {
			t.notRun--
			if asked || r.Blames != "" {
				t.asks++
			}
		}
		if cmp.Or(r.Blames, r.Module) != m.Module {
			continue
		}
		if m.countRequirement(r) {
			t.known++
		}
		passes := r.Outcome == Pass || r.Outcome == Fixed
		if asked {
			t.asked++
			switch {
			case !r.Outcome.Failing():
			case r.Outcome == Fixed:
				t.fixed++
			case r.NeedsReason():
				t.unreasoned++
			default:
				t.failing++
			}
		}
		if passes && (r.Rejection || r.Kind != Case) {
			t.passed++
		}
		for _, output := range r.Outputs {
			if output.Outcome == Pass || output.Outcome == Fixed {
				t.passed++
				if r.Gates {
					t.right++
				}
			}
		}
	}
	return t
}

// moduleSummary gives the verdict on one module: nothing that gates may fail, and
// something must pass that was computed. Refusals alone do not count, or a port that
// refuses everything could claim its way to a pass; nor do quirks. They count where
// nothing else of the module is selected. Known failures do not gate, but a module with
// some is not conformant, unless they are deviations from should rules, which have a reason.
// A shard is no verdict.
func (j *Judge) moduleSummary(module string, cases, relations, generated []CheckResult) ModuleSummary {
	m := ModuleSummary{Module: module, Counts: count(cases)}
	_, m.Claimed = j.description.Modules[module]
	kinds := []struct {
		tally
		noun, made string
	}{
		{m.tally(j.selected(Case, module), cases), "case", "run"},
		{m.tally(j.selected(Relation, module), relations), "law", "checked"},
		{m.tally(j.selected(Generated, module), generated), string(Generated), "made"},
	}
	of, laws, drawn := kinds[0], kinds[1], kinds[2]
	all := of.plus(laws.tally).plus(drawn.tally)
	m.Drawn = j.drawn(generated)
	for _, r := range generated {
		if r.Every != nil && r.Every.Inputs > 0 {
			m.Every = append(m.Every, *r.Every)
		}
	}
	m.Evidence = Evidence{Laws: laws.passed, LawsOf: laws.selected}
	m.KnownFailures = all.known
	passed := of.right
	if !j.computes(module) {
		passed = all.passed
	}
	switch {
	case !m.Claimed:
		m.Reason = "not claimed"
	case all.gating() > 0:
		var parts []string
		for _, k := range kinds {
			if k.failing > 0 {
				parts = append(parts, words.Of(k.failing, k.asked, k.noun, "fail"))
			}
		}
		if all.unreasoned > 0 {
			parts = append(parts, words.Plural(all.unreasoned, "deviation from a should rule", "deviations from should rules")+" without a reason in the baseline")
		}
		if all.fixed > 0 {
			parts = append(parts, words.Plural(all.fixed, "known failure passes", "known failures pass")+" (--update-baseline)")
		}
		if of.notRun > 0 {
			parts = append(parts, words.Plural(of.notRun, "was not run", "were not run"))
		}
		m.Reason = strings.Join(parts, ", ")
		if all.fixed > 0 && len(parts) == 1 {
			m.Reason += onlyFixed
		}
	case all.notRun > 0:
		for _, k := range kinds {
			if k.notRun > 0 {
				m.Reason = fmt.Sprintf("%d of %d %ss were not %s", k.notRun, k.selected, k.noun, k.made)
				break
			}
		}
	case all.asks == 0:
		m.Reason = fmt.Sprintf("%swhat was selected (%s) lies outside the claim, or records quirks", nothingAsked, words.Plural(all.selected, "check", "checks"))
	case passed == 0:
		m.Reason = "nothing passed"
	}
	m.Passed = m.Reason == ""
	switch {
	case !m.Passed:
	case laws.known+drawn.known > 0:
		var parts []string
		for _, k := range kinds {
			if k.known > 0 || k.noun == "case" {
				parts = append(parts, words.Plural(k.known, k.noun, k.noun+"s"))
			}
		}
		m.Reason = claim.And(parts) + " fail as the baseline says"
	case of.known > 0:
		m.Reason = words.Plural(of.known, "case fails", "cases fail") + " as the baseline says"
	case !j.options.Selection.Shard.IsZero():
		m.Reason = onlyShard
	}
	m.Conformant = m.Reason == ""
	return m
}

// nothingAsked begins the reason of a module of which nothing was asked that gates.
const nothingAsked = "nothing was asked that counts: "

// onlyFixed ends the reason of a module that fails for what its baseline has as failing alone.
const onlyFixed = ", and nothing else fails"

// Instead says in a few words why a module that does not pass is not to be called wrong: since nothing was asked, or since
// more passes than its baseline says. It is "" for others.
func (m ModuleSummary) Instead() string {
	switch {
	case m.NothingAsked():
		return "no verdict"
	case strings.HasSuffix(m.Reason, onlyFixed):
		return "better than its baseline"
	}
	return ""
}

// NothingAsked reports whether there is no verdict on a claimed module, since nothing was asked of it that gates.
func (m ModuleSummary) NothingAsked() bool { return strings.HasPrefix(m.Reason, nothingAsked) }

// Unasked returns the modules of which nothing was asked that gates, if it is they alone that keep a run from
// passing: then nothing is wrong with the port. Where none is claimed, these are all.
func (s Summary) Unasked() []string {
	var unasked, unclaimed []string
	for _, m := range s.Modules {
		switch {
		case m.NothingAsked():
			unasked = append(unasked, m.Module)
		case !m.Claimed:
			unclaimed = append(unclaimed, m.Module)
		case !m.Passed:
			return nil
		}
	}
	if len(unclaimed) == len(s.Modules) {
		return unclaimed
	}
	return unasked
}

// drawn says how much generated checks asked.
func (j *Judge) drawn(results []CheckResult) *Drawn {
	d := Drawn{Effort: j.Effort()}
	for _, r := range results {
		if r.Samples == 0 || r.Every != nil {
			continue
		}
		d.Checks++
		d.Calls += r.Samples
		d.Elements += r.Elements
		if d.Largest == nil || definition.Size(r.Largest) > definition.Size(d.Largest) {
			d.Largest = r.Largest
		}
	}
	if d.Checks == 0 {
		return nil
	}
	return &d
}

// fails says why a module is not conformant, beside what its checks say: such as a claim that shrank, of whichever
// module, for a run that fails says so in all of its lines.
func (m *ModuleSummary) fails(reason string) {
	if !m.Passed {
		reason = m.Reason + ", " + reason
	}
	m.Reason, m.Passed, m.Conformant = reason, false, false
}

// ofModule returns the results that concern one module.
func ofModule(results []CheckResult, module string) []CheckResult {
	var of []CheckResult
	for _, r := range results {
		if r.Module == module || r.Blames == module {
			of = append(of, r)
		}
	}
	return of
}

// countRequirement counts what should rules and quirks say, and reports whether a failure is
// known that is no deviation from a should rule.
func (m *ModuleSummary) countRequirement(r CheckResult) (known bool) {
	wrong := r.Outcome == KnownFailure || r.Outcome.Failing() && r.Outcome != Fixed
	switch {
	case r.Requirement == fixtures.Quirk && (r.Outcome == Pass || r.Outcome == Fixed):
		m.QuirksFollowed++
	case r.Requirement == fixtures.Quirk && wrong:
		m.QuirksNot++
	case r.Requirement == fixtures.Should && wrong && !slices.Contains(m.Deviations, r.Rule):
		m.Deviations = append(m.Deviations, r.Rule)
	}
	return r.Outcome == KnownFailure && r.Gates && r.Requirement != fixtures.Should
}

// onlyShard is the reason of a shard in which nothing fails.
const onlyShard = "a shard is no verdict"

// list joins a few words, and counts the others.
func list(words []string) string {
	const shown = 4
	if more := len(words) - shown; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(words[:shown], ", "), more)
	}
	return strings.Join(words, ", ")
}

// count counts cases and outputs.
func count(results []CheckResult) Counts {
	n := Counts{Cases: map[Outcome]int{}, Outputs: map[Outcome]int{}, Agrees: map[string]int{}}
	for _, r := range results {
		n.Cases[r.Outcome]++
		n.Asked.add(r)
		for _, name := range r.OutputNames() {
			output := r.Outputs[name]
			n.Outputs[output.Outcome]++
			n.OutputsAll++
			if output.Outcome != Unsupported {
				n.OutputsAsked++
			}
			if output.Agrees != "" {
				n.Agrees[output.Agrees]++
			}
			if !r.Gates || output.Errors == nil || output.Errors.Exact == nil {
				continue
			}
			exact := output.Errors.Exact
			if n.Worst == nil || exact.ULP > n.Worst.ULP {
				n.Worst = &Worst{ID: r.ID + "#" + name, Element: exact.ULPAt, ULP: exact.ULP, Headroom: exact.Headroom}
			}
		}
	}
	return n
}

// add counts a case.
func (a *Asked) add(r CheckResult) {
	if !r.Gates || r.Outcome == Unsupported || r.Outcome == NotRun {
		return
	}
	passed := func(o Outcome) int {
		if o == Pass || o == Fixed {
			return 1
		}
		return 0
	}
	a.Cases++
	a.CasesPassed += passed(r.Outcome)
	if r.Rejection {
		a.Refusals++
		a.RefusalsPassed += passed(r.Outcome)
	}
	for _, output := range r.Outputs {
		if output.Outcome != Unsupported {
			a.Outputs++
			a.OutputsPassed += passed(output.Outcome)
		}
	}
}
