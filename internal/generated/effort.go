package generated

import (
	"fmt"
	"time"

	"lossproof/internal/suggest"
)

// Effort says how much is asked.
type Effort string

// The efforts.
const (
	Quick    Effort = "quick"
	Normal   Effort = "normal"
	Thorough Effort = "thorough"
)

// Efforts lists them, the smallest first.
var Efforts = []Effort{Quick, Normal, Thorough}

// ParseEffort returns the effort of that name.
func ParseEffort(name string) (Effort, error) {
	names := make([]string, len(Efforts))
	for i, e := range Efforts {
		if names[i] = string(e); names[i] == name {
			return e, nil
		}
	}
	return "", fmt.Errorf("got %q, want quick, normal or thorough%s", name, suggest.Hint(name, names))
}

// budget bounds the calls of one check.
type budget struct {
	// Of the sizes near 2^k, all three are asked for k up to all, one for k up to each, and beyond, up to
	// last, one of as many k as large and other say, for float32 and for another dtype.
	all, each, last int
	large, other    int
	// step is how far the k of the sizes of 16 bits are apart.
	step int
	// extra is the number of sizes that lie elsewhere.
	extra int
	// vocabularies is the number of vocabularies, the smallest first.
	vocabularies int
	// elements bounds those of the input of a call where a size does not demand more.
	elements int
	// time bounds the check: when it is over, the calls that are left are not made.
	time time.Duration
	// shrinks bounds the calls that make a counterexample smaller, shrunk their elements.
	shrinks, shrunk int
}

// fewAll is all of a budget where shapes are to be few.
const fewAll = 3

func (e Effort) budget() budget {
	switch e {
	case Quick:
		return budget{each: 9, last: 9, step: 4, extra: 1, vocabularies: 1, elements: 1 << 10, time: 10 * time.Second, shrinks: 150, shrunk: 1 << 20}
	case Thorough:
		return budget{all: 17, each: 17, last: 17, step: 1, extra: 20, vocabularies: 5, elements: 1 << 19, time: 10 * time.Minute, shrinks: 600, shrunk: 1 << 25}
	}
	return budget{all: 6, each: 12, last: 17, large: 1, other: 1, step: 2, extra: 2, vocabularies: 5, elements: 1 << 15, time: time.Minute, shrinks: 300, shrunk: 1 << 22}
}
