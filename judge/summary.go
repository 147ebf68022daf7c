package judge

import (
	"fmt"
	"slices"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/internal/words"
)

// summarize counts results, in the order of the selected cases, and gives the verdict.
func (j *Judge) summarize(results []CaseResult, relations []RelationResult) Summary {
	s := Summary{
		NotRun:          len(j.cases) - len(results),
		RelationsNotRun: len(j.relations) - len(relations),
		Modules:         []ModuleSummary{}, Topics: []TopicSummary{}, Verdict: []string{}, Relations: map[Outcome]int{},
	}
	for _, r := range relations {
		s.Relations[r.Outcome]++
	}
	modules, topics := map[string][]CaseResult{}, map[[2]string][]CaseResult{}
	for _, r := range results {
		modules[r.Module] = append(modules[r.Module], r)
		topics[[2]string{r.Module, r.Topic}] = append(topics[[2]string{r.Module, r.Topic}], r)
	}
	s.Counts = count(results)
	s.NotRun += s.Cases[NotRun]
	s.RelationsNotRun += s.Relations[NotRun]
	conformant, passed, claimed := true, true, 0
	for _, module := range j.modules() {
		m := j.moduleSummary(module, modules[module], ofModule(relations, module))
		s.Modules = append(s.Modules, m)
		s.Verdict = append(s.Verdict, j.verdictLine(m))
		if m.Claimed {
			claimed++
			conformant = conformant && m.Conformant
			passed = passed && m.Passed
		}
	}
	for _, c := range j.cases { // the order of the fixtures
		key := [2]string{c.Module, c.Topic}
		if results, ok := topics[key]; ok {
			delete(topics, key)
			topic := TopicSummary{Module: c.Module, Topic: c.Topic, Counts: count(results)}
			for _, r := range results {
				if r.Gates && r.Outcome.Failing() {
					topic.Failing++
				}
			}
			s.Topics = append(s.Topics, topic)
		}
	}
	s.Conformant = conformant && claimed > 0
	s.Passed = passed && claimed > 0
	return s
}

// modules returns the modules of the selected cases and relations, in the order of the
// fixtures, those without results too.
func (j *Judge) modules() []string {
	var modules []string
	add := func(module string) {
		if !slices.Contains(modules, module) {
			modules = append(modules, module)
		}
	}
	for _, c := range j.cases {
		add(c.Module)
	}
	for _, r := range j.relations {
		add(r.Rule.Module)
	}
	slices.Sort(modules) // as the cases are
	return modules
}

// moduleSummary gives the verdict on one module: nothing that gates may fail, and
// something must pass that was computed. Refusals alone do not count, or a port that
// refuses everything could claim its way to a pass; nor do quirks. They count where
// nothing else of the module is selected. Known failures do not gate, but a module with
// some is not conformant, unless they are deviations from should rules, which have a reason.
// A shard is no verdict.
func (j *Judge) moduleSummary(module string, results []CaseResult, relations []RelationResult) ModuleSummary {
	m := ModuleSummary{Module: module, Counts: count(results)}
	_, m.Claimed = j.description.Modules[module]
	failing, notRun, passed, passedAny := 0, 0, 0, 0
	for _, r := range results {
		m.countRequirement(r)
		switch {
		case r.Outcome == NotRun:
			notRun++
		case r.Gates && r.Outcome.Failing():
			failing++
		}
		for _, output := range r.Outputs {
			if output.Outcome == Pass || output.Outcome == Fixed {
				passedAny++
				if r.Gates {
					passed++
				}
			}
		}
		if r.Rejection && (r.Outcome == Pass || r.Outcome == Fixed) {
			passedAny++
		}
	}
	lost, unchecked, knownLaws := 0, 0, 0 // relations
	for _, r := range relations {
		before := m.KnownFailures
		m.countRequirement(r.Case())
		knownLaws += m.KnownFailures - before
		switch {
		case r.Outcome == NotRun:
			unchecked++
		case r.Gates && r.Outcome.Failing():
			lost++
		case r.Outcome == Pass || r.Outcome == Fixed:
			passedAny++
		}
	}
	selected, laws := 0, 0
	for _, c := range j.cases {
		if c.Module == module {
			selected++
		}
	}
	for _, r := range j.relations {
		if r.Rule.Module == module {
			laws++
		}
	}
	if !j.computes(module) {
		passed = passedAny
	}
	notRun += selected - len(results)
	unchecked += laws - len(relations)
	switch {
	case !m.Claimed:
		m.Reason = "not claimed"
	case failing+lost > 0:
		var parts []string
		if failing > 0 {
			parts = append(parts, words.Of(failing, selected-notRun, "case", "fail"))
		}
		if lost > 0 {
			parts = append(parts, words.Of(lost, len(relations), "relation", "fail"))
		}
		if notRun > 0 {
			parts = append(parts, fmt.Sprintf("%d were not run", notRun))
		}
		m.Reason = strings.Join(parts, ", ")
	case notRun > 0:
		m.Reason = fmt.Sprintf("%d of %d cases were not run", notRun, selected)
	case unchecked > 0:
		m.Reason = fmt.Sprintf("%d of %d relations were not checked", unchecked, laws)
	case passed == 0:
		m.Reason = "nothing passed"
	}
	m.Passed = m.Reason == ""
	switch {
	case !m.Passed:
	case m.KnownFailures > 0:
		m.Reason = plural(m.KnownFailures, "case fails", "cases fail") + " as the baseline says"
		if knownLaws > 0 {
			m.Reason = fmt.Sprintf("%s and %s fail as the baseline says", plural(m.KnownFailures-knownLaws, "case", "cases"), plural(knownLaws, "relation", "relations"))
		}
	case !j.options.Selection.Shard.IsZero():
		m.Reason = onlyShard
	}
	m.Conformant = m.Reason == ""
	return m
}

// ofModule returns the results of one module.
func ofModule(relations []RelationResult, module string) []RelationResult {
	var results []RelationResult
	for _, r := range relations {
		if r.Module == module {
			results = append(results, r)
		}
	}
	return results
}

// countRequirement counts what should rules, quirks and the baseline say.
func (m *ModuleSummary) countRequirement(r CaseResult) {
	wrong := r.Outcome == KnownFailure || r.Outcome.Failing() && r.Outcome != Fixed && r.Outcome != NotRun
	switch {
	case r.Requirement == fixtures.Quirk && (r.Outcome == Pass || r.Outcome == Fixed):
		m.QuirksFollowed++
	case r.Requirement == fixtures.Quirk && wrong:
		m.QuirksNot++
	case r.Requirement == fixtures.Should && wrong && !slices.Contains(m.Deviations, r.Rule):
		m.Deviations = append(m.Deviations, r.Rule)
	}
	if r.Outcome == KnownFailure && r.Gates && r.Requirement != fixtures.Should {
		m.KnownFailures++
	}
}

// gates reports whether a failing case would make its module not conformant.
func (j *Judge) gates(c *fixtures.Case) bool {
	rule, err := j.set.Rule(c.Rule)
	return err != nil || rule.Requirement != fixtures.Quirk || j.options.Quirks
}

// onlyShard is the reason of a shard in which nothing fails.
const onlyShard = "a shard is no verdict"

// verdictLine names the claim, so that a verdict says what it is about:
//
//	conformant (parity): BCEWithLogitsLoss float32 float64, loss and grad_input, without pos_weight
func (j *Judge) verdictLine(m ModuleSummary) string {
	verdict := "not conformant"
	switch {
	case m.Conformant:
		verdict = "conformant"
	case m.Passed && m.KnownFailures > 0:
		verdict = "known failures"
	case m.Passed:
		verdict = "nothing fails in shard " + j.options.Selection.Shard.String()
	}
	if !m.Claimed {
		return fmt.Sprintf("not claimed: %s", m.Module)
	}
	line := fmt.Sprintf("%s (%s): %s", verdict, j.options.Level, claim.String(m.Module, j.description.Modules[m.Module]))
	if j.options.Quirks {
		line += ", quirks included"
	}
	if m.Conformant && len(m.Deviations) > 0 {
		line += ", deviating from " + list(m.Deviations)
	}
	switch text := j.relationText(m.Module); {
	case len(j.cases) == 0 && text == "":
		line += " [relations alone]"
	case len(j.cases) == 0:
		line += " [relations alone, " + text + "]"
	case len(j.cases) < len(j.set.Cases):
		line += fmt.Sprintf(" [%d of %d cases selected]", len(j.cases), len(j.set.Cases))
	case text != "":
		line += " [" + text + "]"
	}
	if m.Reason != "" && m.Reason != onlyShard {
		line += ": " + m.Reason
	}
	return line
}

// list joins a few words, and counts the others.
func list(words []string) string {
	const shown = 4
	if more := len(words) - shown; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(words[:shown], ", "), more)
	}
	return strings.Join(words, ", ")
}

// count counts cases and outputs.
func count(results []CaseResult) Counts {
	n := Counts{Cases: map[Outcome]int{}, Outputs: map[Outcome]int{}, Agrees: map[string]int{}}
	for _, r := range results {
		n.Cases[r.Outcome]++
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

// plural writes a number with the word that agrees with it.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
