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

// of returns the allowed error of every element of an output: the tolerance to the oracle and,
// unless only what is exact will do, at least the cap of parity.
func (al allowance) of(c call, output string) []float64 {
	a, err := definition.Of(c.module).Allow(c.port(), output)
	if err != nil {
		panic(fmt.Sprintf("laws: a call that every port has to answer is refused: %v", err))
	}
	allowed := make([]float64, a.Len())
	for i := range allowed {
		allowed[i] = a.Tolerance(i, 0)
		if !al.exact {
			allowed[i] = max(allowed[i], a.Cap(i))
		}
	}
	return allowed
}
