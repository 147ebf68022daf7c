package baseline

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lossproof/fixtures"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// CheckLevel returns an error where the baseline was made at another level.
func (b *Baseline) CheckLevel(level verdict.Level) error {
	if b.Level != level {
		return fmt.Errorf("it was made at --level %s, this run is at %s: give each level a baseline of its own", b.Level, level)
	}
	return nil
}

// maxUnmatched bounds what an error lists.
const maxUnmatched = 10

// CheckEntries returns an error that lists the entries that match nothing: there is no
// such output, or the claim does not ask for it. asks is that of [judge.Judge.Asks]. An
// entry outside the claim is no error where the claim shrank, which is a fault of its own.
func (b *Baseline) CheckEntries(set *fixtures.Set, asks map[string]bool, shrank bool) error {
	var problems []error
	var all map[string]string
	for _, entry := range b.Known {
		if entry.IsPattern() {
			if all == nil {
				all = allIDs(set)
			}
			any, asked := false, shrank
			for id, rule := range all {
				if entry.matches(id, rule) {
					any, asked = true, asked || asks[id]
				}
			}
			if !any || !asked {
				problems = append(problems, fmt.Errorf("entry %q matches nothing%s", entry.ID, map[bool]string{true: " that is asked: it is outside the claim"}[any]))
			}
			continue
		}
		if asks[entry.ID] {
			continue
		}
		if reason := unmatched(set, entry.ID); reason != "" {
			problems = append(problems, fmt.Errorf("entry %q matches nothing: %s", entry.ID, reason))
		} else if !shrank {
			problems = append(problems, fmt.Errorf("entry %q matches nothing: it is outside the claim, and not asked", entry.ID))
		}
	}
	if more := len(problems) - maxUnmatched; more > 0 {
		problems = append(problems[:maxUnmatched], fmt.Errorf("and %d more", more))
	}
	if len(problems) > 0 {
		problems = append(problems, errors.New("--update-baseline removes such entries"))
	}
	return errors.Join(problems...)
}

// unmatched says why there is nothing with an id; "" means that there is.
func unmatched(set *fixtures.Set, id string) string {
	name, output, isOutput := strings.Cut(id, "#")
	check, err := judge.Find(set, name)
	if err != nil {
		return err.Error()
	}
	c := check.Recorded
	if c == nil && isOutput {
		return fmt.Sprintf("a %s is covered as a whole, did you mean %q?", check.Kind, name)
	}
	if c == nil {
		return ""
	}
	switch _, ok := c.Outputs[output]; {
	case ok:
		return ""
	case c.Rejection != nil && isOutput:
		return fmt.Sprintf("PyTorch refuses this call, which has no outputs, did you mean %q?", name)
	case c.Rejection != nil:
		return ""
	case !isOutput:
		return fmt.Sprintf("an entry is for one output, did you mean %q?", id+"#"+c.OutputNames()[0])
	}
	return fmt.Sprintf("the case has no %s, but %s", output, strings.Join(c.OutputNames(), ", "))
}

// ClaimShrank lists what the baseline claims and claims does not. asked is the number of
// outputs that claims asks for, of the fixtures of a version.
func (b *Baseline) ClaimShrank(claims map[string]ports.Claim, asked int, version string) []string {
	var lost []string
	for _, module := range slices.Sorted(maps.Keys(b.Claim)) {
		was := b.Claim[module]
		is, ok := claims[module]
		if !ok {
			lost = append(lost, module+" is claimed no more")
			continue
		}
		lost = append(lost, missing(module+": dtypes", names(was.DTypes), names(is.DTypes))...)
		lost = append(lost, missing(module+": outputs", was.Outputs, is.Outputs)...)
		for _, word := range is.Without {
			if !slices.Contains(was.Without, word) {
				lost = append(lost, fmt.Sprintf("%s: without %s is new", module, word))
			}
		}
	}
	if len(lost) == 0 && version == b.Fixtures && asked < b.Asked {
		lost = append(lost, fmt.Sprintf("the claim asks for %d outputs, it asked for %d", asked, b.Asked))
	}
	return lost
}

func names(dtypes []tensor.DType) []string {
	words := make([]string, len(dtypes))
	for i, dtype := range dtypes {
		words[i] = string(dtype)
	}
	return words
}

func missing(where string, was, is []string) []string {
	var lost []string
	for _, word := range was {
		if !slices.Contains(is, word) {
			lost = append(lost, fmt.Sprintf("%s: %s is claimed no more", where, word))
		}
	}
	return lost
}

// Info says how a port holds against the baseline, with fixtures of a version, if its claim shrank
// so.
func (b *Baseline) Info(version string, shrank []string) *judge.BaselineInfo {
	info := &judge.BaselineInfo{Entries: len(b.Known), ClaimShrank: shrank, WithoutReason: b.withoutReason()}
	if version != b.Fixtures {
		info.Notes = append(info.Notes, fmt.Sprintf("it was made with fixtures %s, these are %s: --update-baseline renews it", b.Fixtures, version))
	}
	return info
}
