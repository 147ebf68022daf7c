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
type checkable map[tensor.DType][]string

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
			for _, output := range outputs {
				if !slices.Contains(modules[c.Module][dtype], output) {
					modules[c.Module][dtype] = append(modules[c.Module][dtype], output)
				}
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
		var dtypes, outputs []string
		for _, name := range claim.DTypes {
			if asked := of[tensor.DType(name)]; len(asked) > 0 {
				dtypes, outputs = append(dtypes, name), append(outputs, asked...)
			}
		}
		for _, dtype := range cl.DTypes {
			if !slices.Contains(dtypes, string(dtype)) {
				problems = append(problems, unchecked(set, module, "dtypes", string(dtype), dtypes))
			}
		}
		for _, output := range cl.Outputs {
			if !slices.Contains(outputs, output) {
				slices.Sort(outputs)
				problems = append(problems, unchecked(set, module, "outputs", output, inOrder(slices.Compact(outputs))))
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
			if !slices.Contains(of[dtype], output) {
				pairs = append(pairs, fmt.Sprintf("no check of %s in %s", output, dtype))
			}
		}
	}
	return pairs
}
