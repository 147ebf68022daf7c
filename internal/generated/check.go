package generated

import (
	"slices"
	"strings"
	"sync"

	"lossproof/fixtures"
	"lossproof/internal/outline"
	"lossproof/ports"
	"lossproof/tensor"
)

// Topic is the part of an id that generated checks have in place of a topic of cases.
const Topic = "generated"

// Inputs says in words what all checks are made on.
const Inputs = `float16, bfloat16, float32 and float64; sizes 2^k-1, 2^k, 2^k+1, odd primes and tails of vectors; 'none', 'mean' and 'sum' in turn;
what is special stands at both ends, at powers of two and beside them, and anywhere`

// Tolerances in words.
const (
	withSlack    = withoutSlack + "; of a sum of n terms also n·eps/2, as they may be added one after the other"
	withoutSlack = "the tolerance to the exact result (fixtures/README.md), at parity at least what the textbook formula loses"
)

// Check is a subject of one module.
type Check struct {
	outline.Check
	// DTypes are those of the inputs.
	DTypes []tensor.DType

	subject *subject
}

// subject is what the calls of a check have in common.
type subject struct {
	// name is the last part of the id, and says the statement of the rule.
	name, says string
	// domain says in words which calls are made.
	domain string
	// should says that a port may decide otherwise.
	should bool
	// needs are the words of a claim that every call has.
	needs   []string
	modules []string
	wish
}

// wish is what calls are drawn with.
type wish struct {
	// along is what the size counts.
	along along
	// The inputs and options that calls have.
	weight, posWeight, upstream, ignored, smoothing, probabilities bool
	// masked calls have logits of -inf, lost ones rows of nothing else, and targets that are masked; offset
	// ones have a large number in common, and those that are uneven rows of very different size.
	masked, lost, offset, uneven bool
	// zeros of calls have a sign, tiny ones are subnormal, or have results that are.
	zeros, tiny bool
	// strict leaves no slack for sums.
	strict bool
	// each asks for every reduction at the largest size.
	each bool
	// last is k of the largest size near 2^k, where that is not the one of the effort.
	last int
}

// along is what the size of a call counts.
type along string

const (
	elements     along = "elements"
	rows         along = "rows"
	classes      along = "classes"
	places       along = "places" // behind the classes
	vocabularies along = "vocabularies"
)

// wide and halves are dtypes that checks are made in together.
var (
	wide   = []tensor.DType{tensor.Float32, tensor.Float64}
	halves = []tensor.DType{tensor.Float16, tensor.BFloat16}
)

// All returns the checks, in the order of their ids.
var All = sync.OnceValue(func() []*Check {
	var all []*Check
	for i := range subjects {
		for _, module := range subjects[i].modules {
			s := &subjects[i]
			all = append(all, s.check(module, s.name, wide, ""))
			half := slices.Contains(ports.ModuleOf(module).DTypes(), halves[0])
			if half && !s.strict { // sums of 16 bits are rounded far above what accumulates
				all = append(all, s.check(module, s.name+"-half", halves, " In 16 bits, rounded once."))
			}
		}
	}
	slices.SortFunc(all, func(a, b *Check) int { return strings.Compare(a.ID, b.ID) })
	return all
})

func (s *subject) check(module, name string, dtypes []tensor.DType, also string) *Check {
	const why = "The formula says nothing about the size of a tensor or the place of an element."
	c := &Check{outline.New(ports.ModuleOf(module), Topic, name, "SIZE", "generated", s.says+also, why), dtypes, s}
	c.Inputs, c.Domain, c.Tolerance = Inputs, s.domain, withSlack
	if s.strict {
		c.Tolerance = withoutSlack
	}
	if s.should {
		c.Rule.Requirement = fixtures.Should
	}
	return c
}
