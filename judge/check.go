package judge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/generated"
	"lossproof/internal/halves"
	"lossproof/internal/laws"
	"lossproof/internal/outline"
	"lossproof/internal/suggest"
	"lossproof/ports"
	"lossproof/tensor"
)

// Kind says what a check holds the answers of a port against. It is also the noun that reports
// count checks with.
type Kind string

const (
	// Case is the kind of a recorded case of the fixtures, which has PyTorch's outcome and the exact one.
	Case Kind = "case"
	// Relation is the kind of a law that holds between the answers to generated inputs.
	Relation Kind = "relation"
	// Generated is the kind of a check whose generated calls are judged by the exact result.
	Generated Kind = "generated check"
)

// Check is one thing that a port is asked and judged by. Checks of all kinds are selected, shown,
// judged, baselined and reported alike.
type Check struct {
	// ID is a path that never changes: Module/topic/name.
	ID            string
	Module, Topic string
	Kind          Kind
	// Rule is what the check shows, Also has the ids of other rules that it touches.
	Rule fixtures.Rule
	Also []string
	// Since is the version of the fixtures that the check came with.
	Since string
	// Recorded is the case of the fixtures, nil for another kind.
	Recorded *fixtures.Case
	// Domain says in words on which of the generated Inputs the check is made, Tolerance how far the
	// sides of its equations may be apart. They are empty for a recorded case.
	Domain, Inputs, Tolerance string

	evidence evidence
}

// evidence is what differs between the kinds of checks.
type evidence interface {
	// begin sends the calls that the claim allows. What is known by then stands in r. end waits for
	// the answers and judges them; it is nil where nothing is asked.
	begin(ctx context.Context, j *Judge, r *CheckResult) (end func() []Exchange)
	// calls returns the calls of the check, whatever the claim; those of generated inputs are the
	// first that seed leads to.
	calls(seed uint32) ([]ports.Call, error)
	// asks lists what the claim lets the port be asked for: outputs as case#output, or the check itself.
	asks(j *Judge) ([]string, error)
	// dtypes are those of the input, outputs are those that the check is about.
	dtypes() []tensor.DType
	outputs() []string
	// size is the number of calls that are under way at once.
	size() int
}

// Exchange is a call and the answer to it. The call lacks its inputs where it is that of a recorded case: the
// fixtures have them.
type Exchange = ports.Exchange

// Checks returns all checks of the modules of set: the cases in their order, then the relations, then
// the generated checks.
func Checks(set *fixtures.Set) []*Check {
	checks := make([]*Check, 0, len(set.Cases)+len(laws.All())+len(generated.All()))
	modules := map[string]bool{}
	for i := range set.Cases {
		checks = append(checks, recordedCheck(set, &set.Cases[i]))
		modules[set.Cases[i].Module] = true
	}
	add := func(kind Kind, c outline.Check, e evidence) {
		if module := c.Rule.Module; modules[module] {
			checks = append(checks, &Check{
				ID: c.ID, Module: module, Topic: c.Topic, Kind: kind, Rule: c.Rule, Since: c.Since,
				Domain: c.Domain, Inputs: c.Inputs, Tolerance: c.Tolerance, evidence: e,
			})
		}
	}
	for _, law := range laws.All() {
		add(Relation, law.Check, relation(law))
	}
	for _, c := range generated.All() {
		add(Generated, c.Check, drawn(c))
	}
	for _, c := range halves.All() {
		add(Generated, c.Check, every(c))
	}
	return checks
}

func recordedCheck(set *fixtures.Set, c *fixtures.Case) *Check {
	check := &Check{ID: c.ID, Module: c.Module, Topic: c.Topic, Kind: Case, Also: c.Also, Since: c.Since, Recorded: c, evidence: recorded{set, c}}
	if rule, err := set.Rule(c.Rule); err == nil { // a set without the rules of its cases is not opened
		check.Rule = *rule
	}
	return check
}

// Calls returns the calls of a check as they are asked of a port that claims everything. The
// inputs of a relation are the first that seed leads to, 0 being the seed of the release.
func (c *Check) Calls(seed uint32) ([]ports.Call, error) { return c.evidence.calls(seedOr(seed)) }

// DTypes returns the dtypes of the inputs of a check.
func (c *Check) DTypes() []tensor.DType { return c.evidence.dtypes() }

// Find returns the check with an id. The error says what a wrong id may have meant.
func Find(set *fixtures.Set, id string) (*Check, error) {
	if c, err := set.Case(id); err == nil {
		return recordedCheck(set, c), nil
	} else if _, withdrawn := set.Withdrawn()[id]; withdrawn {
		return nil, err
	}
	checks := Checks(set)
	for _, c := range checks {
		if c.ID == id {
			return c, nil
		}
	}
	return nil, fmt.Errorf("there is no case %q%s", id, hintForID(checks, id))
}

// Rules returns the rules of set and those of the relations and generated checks, by id.
func Rules(set *fixtures.Set) []fixtures.Rule {
	rules := slices.Clone(set.Rules)
	for _, c := range Checks(set) {
		if c.Kind != Case {
			rules = append(rules, c.Rule)
		}
	}
	slices.SortFunc(rules, func(a, b fixtures.Rule) int { return strings.Compare(a.ID, b.ID) })
	return rules
}

// hintForID says what an id that no check has may have meant: the nearest id, or which part of it,
// module or topic, there is not. It continues a sentence, and may be empty.
func hintForID(checks []*Check, id string) string {
	if hint := suggest.Hint(id, idsOf(checks)); hint != "" {
		return hint
	}
	module, rest, _ := strings.Cut(id, "/")
	topic, _, _ := strings.Cut(rest, "/")
	modules, topics := modulesAndTopics(checks, "")
	switch {
	case slices.Contains(topics, module):
		return fmt.Sprintf(": %s is a topic, try --select %q", module, "*/"+module+"/*")
	case !slices.Contains(modules, module):
		return fmt.Sprintf(": there is no module %q, want one of %s", module, strings.Join(modules, ", "))
	}
	if _, topics = modulesAndTopics(checks, module); !slices.Contains(topics, topic) {
		return fmt.Sprintf(": %s has no topic %q, want one of %s", module, topic, strings.Join(topics, ", "))
	}
	return ""
}

// hintForPattern says what a pattern that matches nothing may have meant: the checks of a folder
// or of a topic, the ids that have it as a part, or the nearest id.
func hintForPattern(checks []*Check, pattern string) string {
	const whole = `: a pattern must match the whole id, as "*/shapes/*" does`
	instead := func(pattern string) string { return fmt.Sprintf("%s, did you mean %q?", whole, pattern) }
	ids := idsOf(checks)
	someMatch := func(pattern string) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return matches(id, pattern) })
	}
	if folder := strings.TrimRight(pattern, "/") + "/*"; someMatch(folder) {
		return instead(folder)
	}
	_, topics := modulesAndTopics(checks, "")
	word := strings.Trim(pattern, "*/")
	for _, topic := range topics {
		if topic == word || topic == word+"s" {
			return instead("*/" + topic + "/*")
		}
	}
	if part := "*" + word + "*"; word != "" && someMatch(part) {
		return instead(part)
	}
	if topic, ok := suggest.Nearest(word, topics); ok {
		return instead("*/" + topic + "/*")
	}
	if strings.HasSuffix(pattern, "*") {
		var folders []string
		for _, c := range checks {
			folders = append(folders, c.Module+"/"+c.Topic+"/*")
		}
		return whole + suggest.Hint(pattern, slices.Compact(folders))
	}
	return whole + suggest.Hint(pattern, ids)
}

func idsOf(checks []*Check) []string {
	ids := make([]string, len(checks))
	for i, c := range checks {
		ids[i] = c.ID
	}
	return ids
}

// modulesAndTopics returns the modules, and the topics of one module, or of all where module is "",
// in the order of the checks.
func modulesAndTopics(checks []*Check, module string) (modules, topics []string) {
	for _, c := range checks {
		if !slices.Contains(modules, c.Module) {
			modules = append(modules, c.Module)
		}
		if (module == "" || c.Module == module) && !slices.Contains(topics, c.Topic) {
			topics = append(topics, c.Topic)
		}
	}
	return modules, topics
}
