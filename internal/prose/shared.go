package prose

import (
	"fmt"
	"slices"

	"lossproof/internal/claim"
	"lossproof/judge"
)

// fewFailing is the number of failing cases below which what they share says little.
const fewFailing = 3

// Shared says what the failing cases of each module that gate have in common: the features
// (the words of internal/claim) that all of them have and fewer than a quarter of the passing
// ones, and the outputs that alone are wrong. It returns a line for each finding:
//
//	all 223 failing cases of BCEWithLogitsLoss have pos_weight, as 23 of the 1519 that pass do
//	of MultiLabelSoftMarginLoss, grad_input alone is wrong
func Shared(results []judge.CheckResult) []string {
	var modules []string
	failing, passing := map[string][]judge.CheckResult{}, map[string][]judge.CheckResult{}
	for _, r := range results {
		if r.Kind == judge.Relation || r.Kind == judge.Generated { // which has no features
			continue
		}
		if !slices.Contains(modules, r.Module) {
			modules = append(modules, r.Module)
		}
		switch r.Outcome {
		case judge.Pass:
			passing[r.Module] = append(passing[r.Module], r)
		case judge.Malformed, judge.Timeout, judge.Crash, judge.Error, judge.Fail:
			if r.Gates {
				failing[r.Module] = append(failing[r.Module], r)
			}
		}
	}
	var lines []string
	for _, module := range modules {
		if len(failing[module]) < fewFailing {
			continue
		}
		if words := sharedFeatures(failing[module], passing[module]); len(words) > 0 {
			lines = append(lines, fmt.Sprintf("all %d failing cases of %s have %s, as %d of the %d that pass do",
				len(failing[module]), module, claim.And(inWords(words)), having(passing[module], words), len(passing[module])))
		}
		if outputs := wrongOutputs(failing[module]); len(outputs) > 0 {
			verb := "is"
			if len(outputs) > 1 {
				verb = "are"
			}
			lines = append(lines, fmt.Sprintf("of %s, %s alone %s wrong", module, claim.And(outputs), verb))
		}
	}
	return lines
}

// sharedFeatures returns the features that all failing cases have and few passing ones.
func sharedFeatures(failing, passing []judge.CheckResult) []string {
	var words []string
	for _, word := range failing[0].Features {
		if having(failing, []string{word}) == len(failing) && 4*having(passing, []string{word}) < len(passing) {
			words = append(words, word)
		}
	}
	return words
}

// inWords are features as the members of a sentence.
func inWords(features []string) []string {
	words := slices.Clone(features)
	for i, word := range words {
		if word == claim.Rejections {
			words[i] = "calls that PyTorch refuses"
		}
	}
	return words
}

// having counts the cases that have all of some features.
func having(results []judge.CheckResult, words []string) int {
	n := 0
	for _, r := range results {
		if !slices.ContainsFunc(words, func(word string) bool { return !slices.Contains(r.Features, word) }) {
			n++
		}
	}
	return n
}

// wrongOutputs returns the outputs that are wrong in some of the cases, nothing where
// these are all that were asked for, or where a call was wrongly accepted or refused.
func wrongOutputs(failing []judge.CheckResult) []string {
	var wrong, asked []string
	for _, r := range failing {
		if r.Rejection || r.Message != "" {
			return nil
		}
		for _, name := range r.OutputNames() {
			outcome := r.Outputs[name].Outcome
			if outcome != judge.Unsupported && !slices.Contains(asked, name) {
				asked = append(asked, name)
			}
			if outcome.Failing() && !slices.Contains(wrong, name) {
				wrong = append(wrong, name)
			}
		}
	}
	if len(wrong) == len(asked) {
		return nil
	}
	slices.SortFunc(wrong, func(a, b string) int { return slices.Index(asked, a) - slices.Index(asked, b) })
	return wrong
}
