package judge

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/suggest"
	"lossproof/tensor"
)

// Selection says which checks are made. The zero value selects all. A check must match
// every field that is set, one of its values at least.
//
// Patterns are those of [path.Match] for ids, but for one thing: '*' and '?' match '/' too,
// so that "*/f32-*" means the float32 cases of all topics.
type Selection struct {
	// Select and Skip are patterns of ids; Skip wins.
	Select  []string `json:"select,omitempty"`
	Skip    []string `json:"skip,omitempty"`
	Modules []string `json:"modules,omitempty"`
	// DTypes are those of input.
	DTypes []tensor.DType `json:"dtypes,omitempty"`
	// Rules are ids of rules, which a case stands for or touches.
	Rules []string `json:"rules,omitempty"`
	// CasesUntil is a version of the fixtures; cases that came later are left out.
	CasesUntil string `json:"cases_until,omitempty"`
	// Shard leaves one part of the cases that are selected otherwise.
	Shard Shard `json:"-"`
}

// Shard is part Index of Count parts, Index from 1. The zero value is no shard.
type Shard struct{ Index, Count int }

// IsZero reports whether s is no shard.
func (s Shard) IsZero() bool { return s == Shard{} }

// String returns the form "i/n" that ParseShard takes.
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Count) }

// ParseShard parses "i/n", with 1 ≤ i ≤ n.
func ParseShard(text string) (Shard, error) {
	index, count, _ := strings.Cut(text, "/")
	i, indexErr := strconv.Atoi(index)
	n, countErr := strconv.Atoi(count)
	if indexErr != nil || countErr != nil || i < 1 || i > n {
		return Shard{}, fmt.Errorf("got %.40q, want i/n with i from 1 to n, such as 2/4", text)
	}
	return Shard{i, n}, nil
}

// of returns every Count-th check, so that topics are spread over the shards.
func (s Shard) of(checks []*Check) []*Check {
	if s.IsZero() {
		return checks
	}
	var part []*Check
	for i := s.Index - 1; i < len(checks); i += s.Count {
		part = append(part, checks[i])
	}
	return part
}

// IsZero reports whether s selects all cases.
func (s Selection) IsZero() bool {
	return len(s.Select)+len(s.Skip)+len(s.Modules)+len(s.DTypes)+len(s.Rules) == 0 && s.CasesUntil == "" && s.Shard.IsZero()
}

// SelectionError says that a selection makes no sense: wrong use, and no fault of fixtures or port.
type SelectionError struct{ Err error }

func (e *SelectionError) Error() string { return e.Err.Error() }

func (e *SelectionError) Unwrap() error { return e.Err }

// Select returns the checks of set that s selects, in their order. It is an error, a
// *SelectionError, to select nothing, and to give a pattern or a name that matches no check: such a
// word is misspelt, or checks nothing.
func Select(set *fixtures.Set, s Selection) ([]*Check, error) { return choose(set, Checks(set), s) }

// choose is Select for all checks of set.
func choose(set *fixtures.Set, all []*Check, s Selection) ([]*Check, error) {
	filters, err := s.filters(set, all)
	if err != nil {
		return nil, &SelectionError{err}
	}
	var selected []*Check
	for _, c := range all {
		if !slices.ContainsFunc(filters, func(f filter) bool { return !f(c) }) {
			selected = append(selected, c)
		}
	}
	if len(selected) == 0 {
		return nil, &SelectionError{errors.New("nothing is selected: each filter matches cases, but no case matches them all")}
	}
	if part := s.Shard.of(selected); len(part) > 0 {
		return part, nil
	}
	return nil, &SelectionError{fmt.Errorf("nothing is selected: shard %s of %d cases is empty", s.Shard, len(selected))}
}

// filter reports whether a check may stay.
type filter func(*Check) bool

func (s Selection) filters(set *fixtures.Set, all []*Check) ([]filter, error) {
	var filters []filter
	var problems []error
	add := func(f filter, err error) {
		if err != nil {
			problems = append(problems, err)
		} else if f != nil {
			filters = append(filters, f)
		}
	}
	add(byPattern(all, "select", s.Select))
	if skip, err := byPattern(all, "skip", s.Skip); err != nil || skip != nil {
		add(func(c *Check) bool { return !skip(c) }, err)
	}
	add(byName(all, "modules", s.Modules, func(c *Check) []string { return []string{c.Module} }))
	dtypes := make([]string, len(s.DTypes))
	for i, dtype := range s.DTypes {
		dtypes[i] = string(dtype)
	}
	add(byName(all, "dtypes", dtypes, func(c *Check) []string {
		var names []string
		for _, dtype := range c.DTypes() {
			names = append(names, string(dtype))
		}
		return names
	}))
	add(byRule(set, all, s.Rules))
	add(byVersion(all, s.CasesUntil))
	return filters, errors.Join(problems...)
}

// byPattern returns a filter for ids, nil without patterns.
func byPattern(all []*Check, flag string, patterns []string) (filter, error) {
	if len(patterns) == 0 {
		return nil, nil
	}
	for _, pattern := range patterns {
		if id, output, ok := strings.Cut(pattern, "#"); ok {
			return nil, fmt.Errorf("%s: %q: a pattern selects cases, which are judged with all outputs: leave out %q, as in %q", flag, pattern, "#"+output, id)
		}
		if _, err := matchGlob(pattern, ""); err != nil {
			return nil, fmt.Errorf("%s: %q: %w, want a pattern such as */f32-*, with classes such as [a-z]", flag, pattern, err)
		}
		if !slices.ContainsFunc(all, func(c *Check) bool { return matches(c.ID, pattern) }) {
			return nil, fmt.Errorf("%s: %q matches no case%s", flag, pattern, hintForPattern(all, pattern))
		}
	}
	return func(c *Check) bool { return matches(c.ID, patterns...) }, nil
}

// byName returns a filter for a property of checks, nil without names.
func byName(all []*Check, flag string, names []string, of func(*Check) []string) (filter, error) {
	if len(names) == 0 {
		return nil, nil
	}
	var known []string
	for _, c := range all {
		for _, name := range of(c) {
			if !slices.Contains(known, name) {
				known = append(known, name)
			}
		}
	}
	slices.Sort(known)
	for _, name := range names {
		if !slices.Contains(known, name) {
			hint := suggest.Hint(name, known)
			if hint == "" && len(known) <= 10 {
				hint = ", want one of " + strings.Join(known, ", ")
			}
			return nil, fmt.Errorf("%s: %q matches no case%s", flag, name, hint)
		}
	}
	return func(c *Check) bool {
		return slices.ContainsFunc(of(c), func(name string) bool { return slices.Contains(names, name) })
	}, nil
}

// byRule tells a rule of the fixtures that relations show from a name that no rule has.
func byRule(set *fixtures.Set, all []*Check, rules []string) (filter, error) {
	for _, id := range rules {
		if rule, err := set.Rule(id); err == nil && rule.Evidence != "" {
			return nil, fmt.Errorf("rules: %s has no case, its evidence is a %s", id, rule.Evidence)
		}
	}
	return byName(all, "rules", rules, func(c *Check) []string { return append([]string{c.Rule.ID}, c.Also...) })
}

// byVersion returns a filter for the version that a check came with, nil without one.
func byVersion(all []*Check, until string) (filter, error) {
	if until == "" {
		return nil, nil
	}
	limit, err := fixtures.ParseVersion(until)
	if err != nil {
		return nil, fmt.Errorf("cases-until: %w", err)
	}
	came := func(c *Check) bool {
		since, err := fixtures.ParseVersion(c.Since)
		return err == nil && since.Compare(limit) <= 0
	}
	if !slices.ContainsFunc(all, came) {
		return nil, fmt.Errorf("cases-until: %s is before the first case: cases came with %s", until, strings.Join(versions(all), ", "))
	}
	return came, nil
}

// versions returns the versions of the fixtures that checks came with, the oldest first.
func versions(all []*Check) []string {
	var found []fixtures.Version
	for _, c := range all {
		if v, err := fixtures.ParseVersion(c.Since); err == nil && !slices.Contains(found, v) {
			found = append(found, v)
		}
	}
	slices.SortFunc(found, fixtures.Version.Compare)
	texts := make([]string, len(found))
	for i, v := range found {
		texts[i] = v.String()
	}
	return texts
}

// matchGlob matches an id against a pattern of [path.Match], but '*' and '?' match '/' too:
// what stands for '/' here is an ordinary character to path.Match.
func matchGlob(pattern, id string) (bool, error) {
	if !strings.ContainsAny(pattern, `[\`) {
		return matchStars(pattern, id), nil
	}
	const slash = "\x00"
	return path.Match(strings.ReplaceAll(pattern, "/", slash), strings.ReplaceAll(id, "/", slash))
}

// matchStars is matchGlob for patterns without classes, as nearly all are: thousands of ids are
// matched for every run.
func matchStars(pattern, id string) bool {
	star, from := -1, 0 // the last star, and where in id what follows it was tried
	p := 0
	for i := 0; i < len(id); {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == id[i]):
			p++
			i++
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// matches reports whether an id matches one of several valid patterns.
func matches(id string, patterns ...string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		ok, err := matchGlob(pattern, id)
		return ok && err == nil
	})
}
