package judge

import (
	"fmt"
	"strings"

	"lossproof/internal/claim"
	"lossproof/internal/words"
	"lossproof/tensor"
)

// verdictLine says what a verdict is about, and what stands behind it: the claim, the evidence, and in brackets
// what was not checked.
//
//	conformant (parity): BCELoss float32, loss; 604 recorded outputs, 64 refusals, 14 of 17 laws and 90 generated calls up to (65537,), seed 1 of the release, effort normal
//	conformant (exact): MultiLabelSoftMarginLoss bfloat16, loss; 180 recorded outputs, 9 laws and 65536 of 65536 bfloat16 logits, seed 1 of the release
//	conformant as far as asked (parity): BCELoss float32, loss; 20 recorded outputs and no law [12 of 706 cases selected, no laws selected, no generated checks selected]
func (j *Judge) verdictLine(result *Result, m ModuleSummary) string {
	if !m.Claimed {
		return fmt.Sprintf("not claimed: %s", m.Module)
	}
	verdict := "not conformant"
	switch {
	case m.Conformant && len(m.Limits) > 0:
		verdict = "conformant as far as asked"
	case m.Conformant:
		verdict = "conformant"
	case m.Passed && m.KnownFailures > 0:
		verdict = "known failures"
	case m.Passed:
		verdict = "nothing fails in shard " + j.options.Selection.Shard.String()
	case m.Instead() != "":
		verdict = m.Instead()
	}
	line := fmt.Sprintf("%s (%s): %s", verdict, j.options.Level, claim.String(m.Module, j.description.Modules[m.Module]))
	if j.options.Quirks {
		line += ", quirks included"
	}
	if m.Conformant && len(m.Deviations) > 0 {
		line += ", deviating from " + list(m.Deviations)
	}
	if m.Passed {
		line += "; " + m.evidence()
		if m.Evidence.Laws > 0 || m.Drawn != nil {
			line += ", " + result.SeedFrom.String(result.Seed)
		}
		if m.Drawn != nil {
			line += ", effort " + string(m.Drawn.Effort)
		}
		if result.FewShapes && (m.Evidence.Laws > 0 || m.Drawn != nil) {
			line += ", few shapes for a port that compiles"
		}
	}
	limits := m.Limits
	if m.Passed && m.Incidents.Total() > 0 {
		limits = append(limits[:len(limits):len(limits)], "the port was "+m.Incidents.String())
	}
	if len(limits) > 0 {
		line += " [" + strings.Join(limits, ", ") + "]"
	}
	if m.Reason != "" && m.Reason != onlyShard {
		line += ": " + m.Reason
	}
	return line
}

// evidence lists what stands behind a verdict.
func (m ModuleSummary) evidence() string {
	var parts []string
	add := func(n int, one, many string) {
		if n > 0 {
			parts = append(parts, words.Plural(n, one, many))
		}
	}
	add(m.Asked.OutputsPassed, "recorded output", "recorded outputs")
	add(m.Asked.RefusalsPassed, "refusal", "refusals")
	switch laws := m.Evidence; {
	case laws.Laws == 0:
		parts = append(parts, "no law")
	case laws.Laws < laws.LawsOf:
		parts = append(parts, fmt.Sprintf("%d of %d laws", laws.Laws, laws.LawsOf))
	default:
		add(laws.Laws, "law", "laws")
	}
	if d := m.Drawn; d != nil {
		parts = append(parts, words.Plural(d.Calls, "generated call", "generated calls")+" up to "+tensor.FormatShape(d.Largest))
	}
	for _, e := range m.Every {
		parts = append(parts, fmt.Sprintf("%d of %d %s %s", e.Right, e.Inputs, e.DType, e.Of))
	}
	return claim.And(parts)
}

// limits say what was not checked of a module, of what there is: for it was not selected, or because nobody could be
// asked. What the claim leaves out stands in the claim.
func (j *Judge) limits(result *Result, module string) []string {
	var limits []string
	for _, kind := range []struct {
		kind Kind
		many string
	}{{Case, "cases"}, {Relation, "laws"}, {Generated, "generated checks"}} {
		switch n, all := j.selected(kind.kind, module), counted(j.all, kind.kind, module); {
		case n == all:
		case n == 0:
			limits = append(limits, "no "+kind.many+" selected")
		default:
			limits = append(limits, fmt.Sprintf("%d of %d %s selected", n, all, kind.many))
		}
	}
	if cl, claimed := j.description.Modules[module]; claimed {
		limits = append(limits, uncheckedPairs(j.can[module], cl)...)
	}
	if result.Recorded && j.selected(Relation, module)+j.selected(Generated, module) > 0 {
		limits = append(limits, "the answers were recorded, so that nothing else could be asked")
	}
	return limits
}
