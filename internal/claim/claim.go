// Package claim decides what a port is asked: the closed list of words with which a claim
// says what it leaves out, the features of a case that they name, and whether a case lies
// inside a claim.
package claim

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/suggest"
	"lossproof/ports"
	"lossproof/tensor"
)

// The names that a claim may have.
var (
	Modules = ports.ModuleNames()
	DTypes  = []string{
		string(tensor.Float16), string(tensor.BFloat16), string(tensor.Float32), string(tensor.Float64),
		string(tensor.Int64), string(tensor.Int32), string(tensor.UInt8), string(tensor.Bool),
	}
	Outputs = ports.OutputNames()
)

// Validate checks the claims of a port, by module. The error lists every word that is not
// known, with the one that may have been meant, every word that is there twice, and every
// list that may not be empty.
func Validate(modules map[string]ports.Claim) error {
	if len(modules) == 0 {
		return fmt.Errorf("claim: modules is empty, want one or more of %s", strings.Join(Modules, ", "))
	}
	var problems []error
	for _, module := range slices.Sorted(maps.Keys(modules)) {
		c := modules[module]
		problems = append(problems,
			checkWords("claim: modules", []string{module}, Modules, false),
			checkWords("claim: "+module+": dtypes", c.DTypes, DTypes, false),
			checkWords("claim: "+module+": outputs", c.Outputs, Outputs, false),
			checkWords("claim: "+module+": without", c.Without, Words, true),
		)
	}
	return errors.Join(problems...)
}

// checkWords checks one list of a claim.
func checkWords[W ~string](where string, words []W, known []string, isWithout bool) error {
	if len(words) == 0 && !isWithout {
		return fmt.Errorf("%s is empty, want one or more of %s", where, strings.Join(known, ", "))
	}
	var problems []error
	for i := range words {
		word := string(words[i])
		unknown := func(part string) bool { return !slices.Contains(known, part) }
		switch joined := parts(word); {
		case isWithout && len(joined) > 1 && unknown(word) && !slices.ContainsFunc(joined, unknown):
			for k, part := range joined {
				if slices.Contains(joined[:k], part) || part == Rejections {
					problems = append(problems, fmt.Errorf("%s: %q joins %q, want words of calls, each once", where, word, part))
				}
			}
			if slices.Contains(words[:i], words[i]) {
				problems = append(problems, fmt.Errorf("%s: %q stands twice", where, word))
			}
		case unknown(word):
			hint := suggest.Hint(word, known)
			if hint == "" {
				hint = ", want one of " + strings.Join(known, ", ")
			}
			problems = append(problems, fmt.Errorf("%s: unknown %.60q%s", where, word, hint))
		case slices.Contains(words[:i], words[i]):
			problems = append(problems, fmt.Errorf("%s: %q stands twice", where, word))
		}
	}
	return errors.Join(problems...)
}

// Outside says why a case lies outside a claim; "" means that it lies inside. features
// are those of [Features], dtypes those of [DTypesOf].
//
// A rejection lies inside every claim but one without rejections: a port refuses what
// it does not know, and what it does know it has to refuse here. (A port that answers
// "unsupported" to a rejection is excused where anything else of the case lies outside:
// see [Excused].)
func Outside(cl ports.Claim, c *fixtures.Case, dtypes []tensor.DType, features []string) string {
	if c.Rejection != nil {
		if slices.Contains(cl.Without, Rejections) {
			return "without " + Rejections
		}
		return ""
	}
	return outside(cl, dtypes, features)
}

// OutsideCall says why a call lies outside a claim; "" means that it lies inside.
func OutsideCall(cl ports.Claim, call ports.Call) string {
	var features []string
	if len(cl.Without) > 0 {
		features = FeaturesOf(call)
	}
	return outside(cl, DTypesOf(call.Inputs), features)
}

// Excused says why a port may answer "unsupported" to a case; "" means that it may not.
func Excused(cl ports.Claim, dtypes []tensor.DType, features []string) string {
	return outside(cl, dtypes, features)
}

func outside(cl ports.Claim, dtypes []tensor.DType, features []string) string {
	for i, dtype := range dtypes {
		switch {
		case slices.Contains(cl.DTypes, dtype):
		case i == 0:
			return fmt.Sprintf("input is %s", dtype)
		default:
			return fmt.Sprintf("%s is not claimed", dtype)
		}
	}
	lacks := func(word string) bool { return !slices.Contains(features, word) }
	for _, word := range cl.Without {
		if !lacks(word) || !slices.ContainsFunc(parts(word), lacks) {
			return "without " + word
		}
	}
	return ""
}

// String writes the claim of a module as a verdict names it:
//
//	BCEWithLogitsLoss float32 float64, loss and grad_input, without pos_weight
func String(module string, cl ports.Claim) string {
	var b strings.Builder
	b.WriteString(module)
	for _, dtype := range cl.DTypes {
		b.WriteString(" " + string(dtype))
	}
	b.WriteString(", " + And(cl.Outputs))
	if len(cl.Without) > 0 {
		b.WriteString(", without " + And(cl.Without))
	}
	return b.String()
}

// And joins words as in "a, b and c".
func And(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
