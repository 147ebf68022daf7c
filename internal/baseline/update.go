package baseline

import (
	"slices"
	"strings"

	"lossproof/fixtures"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
)

// New returns a baseline without entries, and without a claim that could shrink.
func New(level verdict.Level) *Baseline {
	return &Baseline{Level: level, Claim: map[string]ports.Claim{}, Known: Entries{}}
}

// Changes counts what an update did.
type Changes struct{ Removed, Added int }

// Update returns the baseline that a complete result leads to: without the entries that
// pass, and without those that match nothing. An entry that fails in another way than it
// says stays, for its reason, and does not cover the failure; so does one that the result,
// of some of the cases, does not have.
//
// With add, every failure that gates and is not known is added, with the reason that the diagnosis has,
// or none; where all of a rule or of a topic fails for one reason, a pattern stands for it. What the
// port claims is recorded even where that is less. Without, a claim that shrank stays as it was, for
// the run to fail.
func (b *Baseline) Update(set *fixtures.Set, result *judge.Result, outputs int, add bool) (*Baseline, Changes) {
	updated := &Baseline{Level: b.Level, Fixtures: b.Fixtures, Claim: b.Claim, Asked: b.Asked, Known: Entries{}}
	if add || len(b.ClaimShrank(result.Claim, outputs, result.Fixtures.Version)) == 0 {
		updated.Fixtures, updated.Claim, updated.Asked = result.Fixtures.Version, result.Claim, outputs
	}
	found := map[string]judge.Outcome{}
	gates := map[string]bool{}
	asked, why := map[string]string{}, map[string]string{} // by id: the rule, and the reason
	causes := reasons(result)
	for _, r := range result.Checks() {
		raw := r.Raw(result.Quirks)
		for id, outcome := range raw.Covers() {
			found[id], why[id] = outcome, causes[r.ID]
			if outcome != judge.Unsupported {
				asked[id] = r.Rule
			}
			gates[id] = r.Requirement != fixtures.Quirk || result.Quirks
		}
	}
	var changes Changes
	covered := map[string]bool{}
	whole, split, removed := b.Known.settle(allIDs(set), asked, found)
	changes.Removed = removed
	for _, entry := range whole {
		updated.Known = append(updated.Known, entry)
		for id, rule := range asked {
			covered[id] = covered[id] || entry.matches(id, rule)
		}
	}
	for _, entry := range split {
		outcome, ok := found[entry.ID]
		gone := ok && (outcome == judge.Pass || add && outcome == judge.Unsupported)
		replaced := add && gates[entry.ID] && coverable(outcome) && outcome != entry.Outcome
		if gone || replaced || unmatched(set, entry.ID) != "" {
			changes.Removed++
			continue
		}
		covered[entry.ID] = true
		updated.Known = append(updated.Known, entry)
	}
	if add {
		var added Entries
		for id, outcome := range found {
			if gates[id] && coverable(outcome) && !covered[id] {
				added = append(added, Entry{ID: id, Outcome: outcome, Reason: why[id]})
			}
		}
		if !result.Partial && result.Shard == "" {
			added = added.compress(asked)
		}
		changes.Added = len(added)
		updated.Known = append(updated.Known, added...)
	}
	slices.SortFunc(updated.Known, func(x, y Entry) int { return strings.Compare(x.ID, y.ID) })
	return updated, changes
}

// coverable reports whether an entry may have an outcome.
func coverable(o judge.Outcome) bool {
	switch o {
	case judge.Malformed, judge.Timeout, judge.Crash, judge.Error, judge.Fail:
		return true
	}
	return false
}
