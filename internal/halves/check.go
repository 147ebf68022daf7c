// Package halves asks a port every number of float16 and bfloat16: there are 65,536 of each, few enough
// for all of them to be asked in a run, and held against the exact result. What other dtypes can only be
// sampled for is proved here.
//
// Each logit, or probability, stands against the targets 0, 1 and 0.3, of which loss and gradient are
// asked without a reduction; for CrossEntropyLoss it is a row (x, 0) of two classes.
package halves

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"lossproof/internal/outline"
	"lossproof/ports"
	"lossproof/tensor"
)

// Topic is the part of an id that these checks have in place of a topic of cases.
const Topic = "every_input"

// Inputs says in words what all checks are made on.
const Inputs = "every number of the dtype, NaN and the infinities included, at the targets 0, 1 and 0.3, without a reduction"

const tolerance = "the tolerance to the exact result (fixtures/README.md), at parity at least what the textbook formula loses in 16 bits"

// Check is every number of one dtype, asked of one module.
type Check struct {
	outline.Check
	DType tensor.DType
}

// DTypes are those of 16 bits.
func DTypes() []tensor.DType { return []tensor.DType{tensor.Float16, tensor.BFloat16} }

// All returns the checks, in the order of their ids.
var All = sync.OnceValue(func() []*Check {
	var all []*Check
	for _, module := range ports.Modules() {
		for _, dtype := range DTypes() {
			if slices.Contains(module.DTypes(), dtype) {
				all = append(all, newCheck(module, dtype))
			}
		}
	}
	slices.SortFunc(all, func(a, b *Check) int { return strings.Compare(a.ID, b.ID) })
	return all
})

func newCheck(module ports.Module, dtype tensor.DType) *Check {
	says := fmt.Sprintf("At every %s %s, loss and gradient are the formula's, computed in float32 or wider and rounded once.", dtype, Noun(module.Name))
	const why = "Follows from the formula: the numbers of 16 bits are numbers like others."
	c := &Check{outline.New(module, Topic, string(dtype), "EVERY", "generated", says, why), dtype}
	c.Since, c.Inputs, c.Domain, c.Tolerance = "2.1.0", Inputs, fmt.Sprintf("all %s of %s", Nouns(module.Name), dtype), tolerance
	if module.HasClasses() {
		c.Domain = fmt.Sprintf("rows (x, 0) of two classes, for all x of %s", dtype)
	}
	return c
}

// Noun is what an input of a module is called.
func Noun(module string) string {
	if ports.ModuleOf(module).Input(ports.Input).Holds == ports.Probabilities {
		return "probability"
	}
	return "logit"
}

// Nouns is what several of them are called.
func Nouns(module string) string {
	noun := Noun(module)
	if stem, found := strings.CutSuffix(noun, "y"); found {
		return stem + "ies"
	}
	return noun + "s"
}
