package judge

import (
	"context"
	"fmt"
	"slices"

	"lossproof/fixtures"
	"lossproof/internal/laws"
	"lossproof/ports"
	"lossproof/tensor"
)

// RelationResult is what came of one relation.
type RelationResult struct {
	ID      string  `json:"id"`
	Module  string  `json:"module"`
	Outcome Outcome `json:"outcome"`
	// Rule is the id of the rule that the relation shows, with its sentence.
	Rule        string               `json:"rule"`
	Statement   string               `json:"statement"`
	Requirement fixtures.Requirement `json:"requirement"`
	// Gates says whether a failing outcome makes the module not conformant.
	Gates bool `json:"gates"`
	// Samples is the number of generated inputs that it was checked on.
	Samples int `json:"samples"`
	// Headroom is the largest distance of two sides, as a share of what is allowed.
	Headroom Number `json:"headroom"`
	// Message describes the counterexample, or says why the relation was not checked.
	Message string `json:"message,omitempty"`
	// Known is the baseline's entry.
	Known *Known `json:"known,omitempty"`
}

// Case returns the result in the form of that of a case without outputs, for what reports both.
func (r RelationResult) Case() CaseResult {
	return CaseResult{
		ID: r.ID, Module: r.Module, Topic: laws.Topic, Outcome: r.Outcome, Rule: r.Rule, Statement: r.Statement,
		Requirement: r.Requirement, Gates: r.Gates, Message: r.Message, Known: r.Known,
	}
}

// SelectRelations returns the relations that s selects, of the modules of set. The error is
// that of [Select].
func SelectRelations(set *fixtures.Set, s Selection) ([]*laws.Relation, error) {
	_, relations, err := choose(set, s)
	return relations, err
}

// withRelations returns set with a case more for each relation of its modules, so that what
// selects cases selects relations too.
func withRelations(set *fixtures.Set) *fixtures.Set {
	modules, _ := modulesAndTopics(set, "")
	all := *set
	all.Cases = slices.Clone(set.Cases)
	for _, r := range laws.All() {
		if slices.Contains(modules, r.Rule.Module) {
			all.Cases = append(all.Cases, fixtures.Case{ID: r.ID, Module: r.Rule.Module, Topic: laws.Topic, Rule: r.Rule.ID, Since: r.Since})
		}
	}
	return &all
}

// relationDTypes are those that relations are checked in.
var relationDTypes = []string{string(tensor.Float32), string(tensor.Float64)}

// Seed returns what the inputs of the relations are drawn from.
func (j *Judge) Seed() uint32 {
	if j.options.Seed == 0 {
		return laws.Seed
	}
	return j.options.Seed
}

// Relations returns the selected relations.
func (j *Judge) Relations() []*laws.Relation { return j.relations }

// newChecker returns what checks the relations.
func (j *Judge) newChecker() (*laws.Checker, error) {
	constants, err := j.set.Tolerances()
	if err != nil {
		return nil, err
	}
	return laws.NewChecker(j.description.Modules, laws.Options{
		Seed:      j.Seed(),
		Level:     j.options.Level,
		DTypes:    j.options.Selection.DTypes,
		Constants: constants,
		Ask:       j.send,
	}), nil
}

// send sends a call to the port, of whatever kind it is.
func (j *Judge) send(ctx context.Context, call ports.Call) (wait func() (ports.Answer, error)) {
	answer := func() (ports.Answer, error) { return j.port.Evaluate(ctx, call) }
	if port, ok := j.port.(ports.Pipelined); ok {
		answer = send(ctx, port, call)
	}
	return func() (ports.Answer, error) { return guarded(answer) }
}

// Relation checks one relation. Whatever goes wrong is an outcome; the error is that of ctx
// alone.
func (j *Judge) Relation(ctx context.Context, r *laws.Relation) (RelationResult, error) {
	result := RelationResult{
		ID: r.ID, Module: r.Rule.Module, Rule: r.Rule.ID, Statement: r.Rule.Statement, Requirement: r.Rule.Requirement,
		Gates: r.Rule.Requirement != fixtures.Quirk || j.options.Quirks, Outcome: Pass,
	}
	if _, recorded := j.port.(*Recorded); recorded {
		result.Outcome, result.Message = Unsupported, recordedAnswers
		return result, nil
	}
	checker, err := j.checker()
	if err != nil {
		result.Outcome, result.Gates, result.Message = SuiteError, true, err.Error()
		return result, nil //nolint:nilerr // what goes wrong is an outcome
	}
	found, err := checker.Check(ctx, r)
	if err != nil {
		return RelationResult{}, err
	}
	result.Samples, result.Headroom = found.Samples, Number(found.Headroom)
	switch {
	case found.Outside != "":
		result.Outcome, result.Message = Unsupported, found.Outside
	case found.Err != nil:
		result.Outcome, result.Message = outcomeOf(found.Err), bounded(found.Err.Error())
	case found.Broken != "":
		result.Outcome, result.Message = Fail, bounded(found.Broken)
	}
	result.applyKnown(j.options.Known)
	return result, nil
}

// recordedAnswers says why relations cannot be checked on answers that are there already.
const recordedAnswers = "the answers are recorded, and a relation has to ask"

// applyKnown is that of a case.
func (r *RelationResult) applyKnown(known map[string]Known) {
	k, ok := known[r.ID]
	if !ok || r.Outcome == SuiteError {
		return
	}
	r.Known = &k
	r.Outcome = k.outcome(r.Outcome, r.Requirement)
	r.Gates = r.Gates || r.Outcome == Fixed
}

// rebased is the result with other known failures.
func (r RelationResult) rebased(known map[string]Known, quirks bool) RelationResult {
	r.Outcome = unknown(r.Outcome, r.Known)
	r.Known = nil
	r.Gates = r.Requirement != fixtures.Quirk || quirks
	r.applyKnown(known)
	return r
}

// checkRelations checks the selected relations. The error is that of ctx, and comes with the
// results so far.
func (j *Judge) checkRelations(ctx context.Context, done func(RelationResult) (goOn bool)) error {
	for _, r := range j.relations {
		result, err := j.Relation(ctx, r)
		if err != nil {
			return err
		}
		if !done(result) {
			break
		}
	}
	return nil
}

// relationText says what became of a selection of relations that is not all of them; "" means
// that all are selected.
func (j *Judge) relationText(module string) string {
	all, selected := 0, 0
	for _, r := range laws.All() {
		if r.Rule.Module == module {
			all++
		}
	}
	for _, r := range j.relations {
		if r.Rule.Module == module {
			selected++
		}
	}
	if selected == all {
		return ""
	}
	return fmt.Sprintf("%d of %d relations selected", selected, all)
}
