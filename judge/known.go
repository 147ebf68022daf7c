package judge

import "lossproof/fixtures"

// Known is a known failure of a port, which is no news.
type Known struct {
	// Outcome is the one that is known. A failure with another outcome is new.
	Outcome Outcome `json:"outcome"`
	// Reason says why, for people. A should rule gates without one.
	Reason string `json:"reason"`
}

// Baseline has the known failures of a port, by the id of an output, case#output, or by that of a
// check without outputs: a call that PyTorch refuses, or a relation.
type Baseline map[string]Known

// Apply returns what a raw result is of a port with these known failures: they become
// [KnownFailure], and what is known as a failure and passes becomes [Fixed], which gates whatever
// the rule and the other outputs: the baseline says what is not so.
func (b Baseline) Apply(raw CheckResult) CheckResult {
	if len(b) == 0 {
		return raw
	}
	r := raw.mapped(func(id string, o Outcome, _ *Known) (Outcome, *Known) {
		if k, ok := b[id]; ok {
			return k.outcome(o, raw.Requirement), &k
		}
		return o, nil
	})
	r.Gates = r.Gates || r.fixed()
	return r
}

// outcome maps an outcome that an entry covers.
func (k Known) outcome(o Outcome, requirement fixtures.Requirement) Outcome {
	switch {
	case o == Pass:
		return Fixed
	case o == k.Outcome && (requirement != fixtures.Should || k.Reason != ""):
		// A port may decide otherwise than a should rule, but it has to say why.
		return KnownFailure
	}
	return o
}

// Raw returns the result that [Baseline.Apply] was given; quirks says whether quirks gate.
func (r CheckResult) Raw(quirks bool) CheckResult {
	if r.fixed() {
		r.Gates = r.Requirement != fixtures.Quirk || quirks
	}
	return r.mapped(func(_ string, o Outcome, k *Known) (Outcome, *Known) {
		switch {
		case o == KnownFailure && k != nil:
			return k.Outcome, nil
		case o == Fixed:
			return Pass, nil
		}
		return o, nil
	})
}

// fixed reports whether something that is known as a failure passes.
func (r CheckResult) fixed() bool {
	for _, output := range r.Outputs {
		if output.Outcome == Fixed {
			return true
		}
	}
	return r.Outcome == Fixed
}

// NeedsReason reports whether a check fails as the baseline says, and gates all the same: it deviates from a should rule, and
// the baseline gives no reason.
func (r CheckResult) NeedsReason() bool {
	if r.Requirement != fixtures.Should || !r.Gates || !r.Outcome.Failing() || r.Outcome == Fixed {
		return false
	}
	known := func(o Outcome, k *Known) bool { return !o.Failing() || o == Fixed || k != nil && k.Outcome == o }
	for _, output := range r.Outputs {
		if !known(output.Outcome, output.Known) {
			return false
		}
	}
	return len(r.Outputs) > 0 || known(r.Outcome, r.Known)
}

// mapped returns the result with other outcomes of what a baseline may cover, and with the outcome
// that follows from those of its outputs. Of an error of the suite there is nothing to cover.
func (r CheckResult) mapped(f func(id string, o Outcome, known *Known) (Outcome, *Known)) CheckResult {
	switch {
	case r.Outcome == SuiteError:
	case len(r.Outputs) == 0:
		r.Outcome, r.Known = f(r.ID, r.Outcome, r.Known)
	default:
		outputs := make(map[string]OutputResult, len(r.Outputs))
		r.Outcome = Unsupported
		for name, output := range r.Outputs {
			output.Outcome, output.Known = f(r.ID+"#"+name, output.Outcome, output.Known)
			outputs[name] = output
			if output.Outcome != Unsupported && (r.Outcome == Unsupported || output.Outcome.precedes(r.Outcome)) {
				r.Outcome = output.Outcome
			}
		}
		r.Outputs = outputs
	}
	return r
}

// Covers returns the outcomes of what a baseline may cover, by its id.
func (r CheckResult) Covers() map[string]Outcome {
	if len(r.Outputs) == 0 {
		return map[string]Outcome{r.ID: r.Outcome}
	}
	outcomes := make(map[string]Outcome, len(r.Outputs))
	for name, output := range r.Outputs {
		outcomes[r.ID+"#"+name] = output.Outcome
	}
	return outcomes
}

// Rebase returns a result of j as it is with other known failures.
func (j *Judge) Rebase(result *Result, known Baseline) *Result {
	rebased := *result
	rebased.Cases, rebased.Relations, rebased.Generated = []CheckResult{}, Made{}, Made{}
	for _, r := range result.Checks() {
		rebased.add(known.Apply(r.Raw(j.options.Quirks)))
	}
	rebased.Summary = j.summarize(&rebased)
	return &rebased
}

// Asks returns what the claim lets the port be asked for, the selection regardless, by the ids that
// a baseline may have.
func (j *Judge) Asks() (map[string]bool, error) {
	asks := map[string]bool{}
	for _, c := range j.all {
		ids, err := c.evidence.asks(j)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			asks[id] = true
		}
	}
	return asks, nil
}
