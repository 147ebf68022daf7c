package judge

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/ports"
	"lossproof/tensor"
)

// checkable is what the checks of a module can show: the outputs that they ask for, by dtype of the input.
type checkable map[tensor.DType]map[string]bool

// checkables returns what checks can show of each module. A refusal shows nothing of a dtype, and a quirk nothing
// of what a port has to do.
func checkables(all []*Check) map[string]checkable {
	modules := map[string]checkable{}
	for _, c := range all {
		outputs := c.evidence.outputs()
		if c.Rule.Requirement == fixtures.Quirk || len(outputs) == 0 {
			continue
		}
		if modules[c.Module] == nil {
			modules[c.Module] = checkable{}
		}
		for _, dtype := range c.DTypes() {
			if modules[c.Module][dtype] == nil {
				modules[c.Module][dtype] = map[string]bool{}
			}
			for _, output := range outputs {
				modules[c.Module][dtype][output] = true
			}
		}
	}
	return modules
}

// checkClaims refuses a claim of a module, a dtype or an output that no check is about: a verdict would certify what
// was never asked. The error says what there is.
func checkClaims(set *fixtures.Set, known map[string]checkable, claims map[string]ports.Claim) error {
	var problems []error
	for _, module := range slices.Sorted(maps.Keys(claims)) {
		of, ok := known[module]
		if !ok {
			problems = append(problems, fmt.Errorf("claim: %s has no check in the fixtures %s, which have some of %s",
				module, set.Version(), strings.Join(slices.Sorted(maps.Keys(known)), ", ")))
			continue
		}
		cl := claims[module]
		var dtypes []string
		outputs := map[string]bool{}
		for _, name := range claim.DTypes {
			if asked, ok := of[tensor.DType(name)]; ok {
				dtypes = append(dtypes, name)
				maps.Copy(outputs, asked)
			}
		}
		for _, dtype := range cl.DTypes {
			if !slices.Contains(dtypes, string(dtype)) {
				problems = append(problems, unchecked(set, module, "dtypes", string(dtype), dtypes))
			}
		}
		for _, output := range cl.Outputs {
			if !outputs[output] {
				problems = append(problems, unchecked(set, module, "outputs", output, namesOf(outputs)))
			}
		}
	}
	return errors.Join(problems...)
}

func unchecked(set *fixtures.Set, module, list, word string, known []string) error {
	return fmt.Errorf("claim: %s: %s: %s has no check in the fixtures %s, want one or more of %s", module, list, word, set.Version(), strings.Join(known, ", "))
}

// uncheckedPairs lists the outputs that are claimed with a dtype in which no check asks for them.
func uncheckedPairs(of checkable, cl ports.Claim) []string {
	var pairs []string
	for _, dtype := range cl.DTypes {
		for _, output := range cl.Outputs {
			if !of[dtype][output] {
				pairs = append(pairs, fmt.Sprintf("no check of %s in %s", output, dtype))
			}
		}
	}
	return pairs
}
