package matrix

import (
	"fmt"
	"slices"
)

// Change is what a rule, a verdict or an error was, and is.
type Change struct {
	Module  string
	What    string // the id of a rule, "verdict at parity", a topic
	Was, Is string
}

func (c Change) String() string {
	return fmt.Sprintf("%s: %s: %s -> %s", c.Module, c.What, c.Was, c.Is)
}

// Changes lists what is another in a row than it was in an older one.
func Changes(was, is *Row) []Change {
	var changes []Change
	add := func(module, what, old, now string) {
		if old != now {
			changes = append(changes, Change{module, what, old, now})
		}
	}
	for _, name := range moduleNames(was, is) {
		old, now := was.Module(name), is.Module(name)
		if old == nil || now == nil {
			add(name, "claimed", yesNo(old != nil), yesNo(now != nil))
			continue
		}
		add(name, "verdict at parity", old.Parity.word(), now.Parity.word())
		add(name, "verdict at exact", old.Exact.word(), now.Exact.word())
		for _, rule := range ruleNames(old, now) {
			add(name, rule, old.describe(rule), now.describe(rule))
		}
		for _, t := range now.Topics {
			if before := old.error(t.Topic); float64(t.ULP) >= far*before || before >= far*float64(t.ULP) {
				add(name, "largest error of "+t.Topic, fmt.Sprintf("%.3g ULP", before), fmt.Sprintf("%.3g ULP", float64(t.ULP)))
			}
		}
	}
	return changes
}

// far is the factor by which an error has to grow or shrink to be a change: errors differ between machines.
const far = 2

// error returns the largest error of a topic in ULPs; half a one where no larger one was kept.
func (m *Module) error(topic string) float64 {
	for _, t := range m.Topics {
		if t.Topic == topic {
			return float64(t.ULP)
		}
	}
	return 0.5
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

func (v *Verdict) word() string {
	switch {
	case v == nil:
		return "not asked"
	case v.Conformant:
		return "conformant"
	}
	return "not conformant"
}

// describe says what became of a rule, and why.
func (m *Module) describe(rule string) string {
	state, d := m.State(rule)
	text := string(state)
	if d == nil {
		return text
	}
	for i, cause := range d.Causes {
		text += []string{": ", ", "}[min(i, 1)] + cause
	}
	return text
}

func moduleNames(rows ...*Row) []string {
	var names []string
	for _, r := range rows {
		for _, m := range r.Modules {
			names = append(names, m.Module)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// ruleNames returns the rules that one of the modules knows, those that it does not offer too.
func ruleNames(modules ...*Module) []string {
	var names []string
	for _, m := range modules {
		for _, rules := range m.Rules {
			names = append(names, rules...)
		}
		for _, d := range m.Differs {
			names = append(names, d.Rule)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
