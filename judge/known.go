package judge

import (
	"lossproof/fixtures"
	"lossproof/internal/laws"
)

// Known is a known failure of a port, which is no news: see internal/baseline.
type Known struct {
	// Outcome is the one that is known. A failure with another outcome is new.
	Outcome Outcome `json:"outcome"`
	// Reason says why, for people. A should rule gates without one.
	Reason string `json:"reason"`
}

// applyKnown turns the failures that are known into [KnownFailure], and what is known as a
// failure and passes into [Fixed]. known is by output (case#output), and by case for
// a rejection.
func applyKnown(r *CaseResult, known map[string]Known) {
	if r.Outcome == SuiteError || len(known) == 0 {
		return
	}
	if r.Rejection {
		if k, ok := known[r.ID]; ok {
			r.Known = &k
			r.Outcome = k.outcome(r.Outcome, r.Requirement)
		}
	} else if len(r.Outputs) > 0 {
		worst := Unsupported
		for name, output := range r.Outputs {
			if k, ok := known[r.ID+"#"+name]; ok {
				output.Known = &k
				output.Outcome = k.outcome(output.Outcome, r.Requirement)
				r.Outputs[name] = output
			}
			if output.Outcome != Unsupported && (worst == Unsupported || output.Outcome.precedes(worst)) {
				worst = output.Outcome
			}
		}
		r.Outcome = worst
	}
	// Whatever the rule: the baseline says what is not so.
	r.Gates = r.Gates || r.Outcome == Fixed
}

// outcome maps the outcome of an output that an entry covers.
func (k Known) outcome(o Outcome, requirement fixtures.Requirement) Outcome {
	switch {
	case o == Pass:
		return Fixed
	case o == k.Outcome && !k.lacksReason(requirement):
		return KnownFailure
	}
	return o
}

// lacksReason reports whether an entry does not excuse a deviation: a port may decide
// otherwise than a should rule, but it has to say why.
func (k Known) lacksReason(requirement fixtures.Requirement) bool {
	return requirement == fixtures.Should && k.Reason == ""
}

// without takes the effect of a baseline back.
func without(r CaseResult, gates bool) CaseResult {
	if r.Rejection {
		r.Outcome = unknown(r.Outcome, r.Known)
		r.Known = nil
	} else if len(r.Outputs) > 0 && r.Outcome != SuiteError {
		outputs := make(map[string]OutputResult, len(r.Outputs))
		worst := Unsupported
		for name, output := range r.Outputs {
			output.Outcome = unknown(output.Outcome, output.Known)
			output.Known = nil
			outputs[name] = output
			if output.Outcome != Unsupported && (worst == Unsupported || output.Outcome.precedes(worst)) {
				worst = output.Outcome
			}
		}
		r.Outputs, r.Outcome = outputs, worst
	}
	r.Gates = gates
	return r
}

// unknown returns an outcome without the effect of a baseline's entry, if there is one.
func unknown(o Outcome, k *Known) Outcome {
	switch {
	case k == nil:
	case o == KnownFailure:
		return k.Outcome
	case o == Fixed:
		return Pass
	}
	return o
}

// Rebase returns a result of j as it is with other known failures.
func (j *Judge) Rebase(result *Result, known map[string]Known) *Result {
	rebased := *result
	rebased.Cases = make([]CaseResult, len(result.Cases))
	for i, r := range result.Cases {
		r = without(r, r.Requirement != fixtures.Quirk || j.options.Quirks)
		applyKnown(&r, known)
		rebased.Cases[i] = r
	}
	rebased.Relations = make([]RelationResult, len(result.Relations))
	for i, r := range result.Relations {
		rebased.Relations[i] = r.rebased(known, j.options.Quirks)
	}
	rebased.Summary = j.summarize(rebased.Cases, rebased.Relations)
	return &rebased
}

// Asks returns what the claim lets the port be asked for, of all cases and relations, the
// selection regardless: outputs as case#output, refusals and relations by their id.
func (j *Judge) Asks() (map[string]bool, error) {
	asks := map[string]bool{}
	for _, r := range laws.All() {
		if _, claimed := j.description.Modules[r.Rule.Module]; claimed {
			asks[r.ID] = true
		}
	}
	for i := range j.set.Cases {
		c := &j.set.Cases[i]
		q, err := j.question(c)
		switch {
		case err != nil:
			return nil, err
		case q.outside != "":
		case c.Rejection != nil:
			asks[c.ID] = true
		default:
			for _, name := range q.want {
				asks[c.ID+"#"+name] = true
			}
		}
	}
	return asks, nil
}
