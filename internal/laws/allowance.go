package laws

import (
	"fmt"

	"lossproof/internal/definition"
)

// allowance says how far from the exact result an answer may be.
type allowance struct {
	// exact leaves out what the textbook formula may lose.
	exact bool
}

// of returns the allowed error of every element of the outputs that a call asks for: the tolerance to the
// oracle and, unless only what is exact will do, at least the cap of parity.
func (al allowance) of(c call) map[string][]float64 {
	all, err := definition.Of(c.module).Allowances(c.port(), c.want...)
	if err != nil {
		panic(fmt.Sprintf("laws: a call that every port has to answer is refused: %v", err))
	}
	allowed := make(map[string][]float64, len(all))
	for name, a := range all {
		values := make([]float64, a.Len())
		for i := range values {
			values[i] = a.Tolerance(i, 0)
			if !al.exact {
				values[i] = max(values[i], a.Cap(i))
			}
		}
		allowed[name] = values
	}
	return allowed
}
