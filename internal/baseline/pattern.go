package baseline

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/prose"
	"lossproof/judge"
)

// ofRule begins a pattern that names a rule.
const ofRule = "rule:"

// IsPattern reports whether an entry is for all that its id matches: every output of a rule, as
// rule:CE-MEAN and rule:CE-MEAN#loss, or every id of a form, as CrossEntropyLoss/means/*#loss.
func (e Entry) IsPattern() bool {
	return strings.HasPrefix(e.ID, ofRule) || strings.Contains(e.ID, "*")
}

// matches reports whether an entry is for an id, whose check stands for a rule.
func (e Entry) matches(id, rule string) bool {
	if !e.IsPattern() {
		return e.ID == id
	}
	_, output, _ := strings.Cut(id, "#")
	if named, ok := strings.CutPrefix(e.ID, ofRule); ok {
		name, only, one := strings.Cut(named, "#")
		return name == rule && (!one || only == output)
	}
	before, after, _ := strings.Cut(e.ID, "*")
	return len(id) >= len(before)+len(after) && strings.HasPrefix(id, before) && strings.HasSuffix(id, after) && strings.Contains(id, "#") == strings.Contains(e.ID, "#")
}

// allIDs returns the ids of all checks that an entry may have, with the rule that each check stands for.
func allIDs(set *fixtures.Set) map[string]string {
	ids := map[string]string{}
	for _, c := range judge.Checks(set) {
		if c.Recorded == nil || c.Recorded.Rejection != nil {
			ids[c.ID] = c.Rule.ID
			continue
		}
		for name := range c.Recorded.Outputs {
			ids[c.ID+"#"+name] = c.Rule.ID
		}
	}
	return ids
}

// expand returns the entries with one for each id in place of the patterns; an id that has an entry of
// its own is not that of a pattern.
func (e Entries) expand(ids map[string]string) Entries {
	own := map[string]bool{}
	var expanded, patterns Entries
	for _, entry := range e {
		if entry.IsPattern() {
			patterns = append(patterns, entry)
			continue
		}
		own[entry.ID] = true
		expanded = append(expanded, entry)
	}
	if len(patterns) == 0 {
		return expanded
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		i := slices.IndexFunc(patterns, func(p Entry) bool { return p.matches(id, ids[id]) })
		if i >= 0 && !own[id] {
			expanded = append(expanded, Entry{id, patterns[i].Outcome, patterns[i].Reason})
		}
	}
	return expanded
}

// settle returns the patterns that stay as they are, and the other entries: a pattern of which something
// that was asked does not fail so is split into the ids that do, and counted as removed, as is one that
// matches nothing there is.
func (e Entries) settle(all, asked map[string]string, found map[string]judge.Outcome) (whole, split Entries, removed int) {
	own := map[string]bool{}
	for _, entry := range e {
		if !entry.IsPattern() {
			own[entry.ID] = true
			split = append(split, entry)
		}
	}
	for _, entry := range e {
		if !entry.IsPattern() {
			continue
		}
		of := func(ids map[string]string) (matched []string) {
			for id, rule := range ids {
				if !own[id] && entry.matches(id, rule) {
					matched = append(matched, id)
				}
			}
			return matched
		}
		ids := of(asked)
		fails := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return found[id] != entry.Outcome })
		if len(fails) == len(ids) && (len(ids) > 0 || len(of(all)) > 0) {
			whole = append(whole, entry)
			continue
		}
		removed++
		for _, id := range fails {
			own[id] = true
			split = append(split, Entry{id, entry.Outcome, entry.Reason})
		}
	}
	return whole, split, removed
}

// fewest is the number of ids from which on a pattern says more than a list.
const fewest = 4

// compress returns patterns in place of the ids of entries that fail for one reason: a pattern takes the
// place of ids where everything that it matches and that was asked is among them. asked has the ids
// that were asked, with their rules.
func (e Entries) compress(asked map[string]string) Entries {
	type key struct {
		reason  string
		outcome judge.Outcome
	}
	groups := map[key]map[string]bool{}
	for _, entry := range e {
		k := key{entry.Reason, entry.Outcome}
		if groups[k] == nil {
			groups[k] = map[string]bool{}
		}
		groups[k][entry.ID] = true
	}
	var compressed Entries
	for k, ids := range groups {
		if k.reason != "" {
			for _, pattern := range patterns(ids, asked) {
				compressed = append(compressed, Entry{pattern, k.outcome, k.reason})
			}
		}
		for id := range ids {
			compressed = append(compressed, Entry{id, k.outcome, k.reason})
		}
	}
	slices.SortFunc(compressed, func(x, y Entry) int { return strings.Compare(x.ID, y.ID) })
	return compressed
}

// patterns takes ids out of a set, and returns the patterns that stand for them.
func patterns(ids map[string]bool, asked map[string]string) []string {
	matched := map[string][]string{} // by pattern, what it matches
	for id, rule := range asked {
		for _, pattern := range candidates(id, rule) {
			matched[pattern] = append(matched[pattern], id)
		}
	}
	names := slices.SortedFunc(maps.Keys(matched), func(a, b string) int {
		return cmp.Or(len(matched[b])-len(matched[a]), strings.Compare(a, b))
	})
	var found []string
	for _, pattern := range names {
		if of := matched[pattern]; len(of) >= fewest && !slices.ContainsFunc(of, func(id string) bool { return !ids[id] }) {
			found = append(found, pattern)
			for _, id := range of {
				delete(ids, id)
			}
		}
	}
	return found
}

// candidates are the patterns that match an id.
func candidates(id, rule string) []string {
	check, output, isOutput := strings.Cut(id, "#")
	if isOutput {
		output = "#" + output
	}
	list := []string{ofRule + rule}
	if isOutput {
		list = append(list, ofRule+rule+output)
	}
	topic := check[:strings.LastIndex(check, "/")+1]
	list = append(list, topic+"*"+output)
	if dtype, _, ok := strings.Cut(check[len(topic):], "-"); ok {
		list = append(list, topic+dtype+"-*"+output)
	}
	return list
}

// reasons are what the diagnosis says of checks: the sentences of the mistakes that the answers equal.
func reasons(result *judge.Result) map[string]string {
	sentences := map[string]string{}
	for _, c := range result.Causes {
		sentences[c.Module+" "+c.Name] = prose.CauseSentence(c)
	}
	found := map[string]string{}
	for _, c := range result.Checks() {
		if c.Diagnosis == "" {
			continue
		}
		var reason []string
		for name := range strings.SplitSeq(c.Diagnosis, " and ") {
			if sentence := sentences[c.Module+" "+name]; sentence != "" {
				reason = append(reason, sentence)
			}
			reason = append(reason, "("+name+")")
		}
		found[c.ID] = strings.Join(reason, " ")
	}
	return found
}
