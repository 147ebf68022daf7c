package judge

import (
	"fmt"
	"slices"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/laws"
	"lossproof/internal/suggest"
)

// HintForID says what an id that no case has may have meant: the nearest id, or which part
// of it, module or topic, there is not. It continues a sentence, and may be empty.
func HintForID(set *fixtures.Set, id string) string {
	if r, ok := laws.ByID(id); ok {
		return fmt.Sprintf(": it is a relation, which is asked by lossproof run --select %s and described by lossproof explain %s", r.ID, r.Rule.ID)
	}
	if hint := suggest.Hint(id, idsOf(set)); hint != "" {
		return hint
	}
	module, rest, _ := strings.Cut(id, "/")
	topic, _, _ := strings.Cut(rest, "/")
	modules, topics := modulesAndTopics(set, "")
	switch {
	case slices.Contains(topics, module):
		return fmt.Sprintf(": %s is a topic, try --select %q", module, "*/"+module+"/*")
	case !slices.Contains(modules, module):
		return fmt.Sprintf(": there is no module %q, want one of %s", module, strings.Join(modules, ", "))
	}
	if _, topics = modulesAndTopics(set, module); !slices.Contains(topics, topic) {
		return fmt.Sprintf(": %s has no topic %q, want one of %s", module, topic, strings.Join(topics, ", "))
	}
	return ""
}

// hintForPattern says what a pattern that matches nothing may have meant: the cases of a
// folder or of a topic, the ids that have it as a part, or the nearest id.
func hintForPattern(set *fixtures.Set, pattern string) string {
	const whole = `: a pattern must match the whole id, as "*/shapes/*" does`
	instead := func(pattern string) string { return fmt.Sprintf("%s, did you mean %q?", whole, pattern) }
	ids := idsOf(set)
	someMatch := func(pattern string) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return matches(id, pattern) })
	}
	if folder := strings.TrimRight(pattern, "/") + "/*"; someMatch(folder) {
		return instead(folder)
	}
	_, topics := modulesAndTopics(set, "")
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
		for _, c := range set.Cases {
			folders = append(folders, c.Module+"/"+c.Topic+"/*")
		}
		return whole + suggest.Hint(pattern, slices.Compact(folders))
	}
	return whole + suggest.Hint(pattern, ids)
}

func idsOf(set *fixtures.Set) []string {
	ids := make([]string, len(set.Cases))
	for i := range set.Cases {
		ids[i] = set.Cases[i].ID
	}
	return ids
}

// modulesAndTopics returns the modules, and the topics of one module, or of all where module is "",
// in the order of the cases.
func modulesAndTopics(set *fixtures.Set, module string) (modules, topics []string) {
	for _, c := range set.Cases {
		if !slices.Contains(modules, c.Module) {
			modules = append(modules, c.Module)
		}
		if (module == "" || c.Module == module) && !slices.Contains(topics, c.Topic) {
			topics = append(topics, c.Topic)
		}
	}
	return modules, topics
}
