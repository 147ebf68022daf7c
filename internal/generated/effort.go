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
	// seams is the largest k of the sizes near 2^k, and all that up to which all three of them are
	// asked, above it one.
	seams, all int
	// extra is the number of sizes that lie elsewhere.
	extra int
	// elements bounds those of the input of a call.
	elements int
	// time bounds the check: when it is over, the calls that are left are not made.
	time time.Duration
	// shrinks bounds the calls that make a counterexample smaller, shrunk their elements.
	shrinks, shrunk int
}

func (e Effort) budget() budget {
	switch e {
	case Quick:
		return budget{seams: 9, all: 0, extra: 1, elements: 1<<9 + 2, time: 10 * time.Second, shrinks: 150, shrunk: 1 << 20}
	case Thorough:
		return budget{seams: 17, all: 17, extra: 20, elements: 1<<19 + 4, time: 10 * time.Minute, shrinks: 600, shrunk: 1 << 25}
	}
	return budget{seams: 12, all: 7, extra: 2, elements: 1<<12 + 1, time: time.Minute, shrinks: 300, shrunk: 1 << 22}
}
