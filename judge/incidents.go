package judge

import (
	"maps"
	"slices"
	"sync"

	"lossproof/ports"
)

// maxLost is how often a port may be lost in a run and be conformant, if what it owed is right when it is
// asked once more. A process may be killed from outside, or be late on a busy machine, once or twice in
// thousands of calls; one that is lost more often dies of what it is asked, or was asked before, and nobody
// would see it.
const maxLost = 3

// panics counts the panics of a port in process by the module of the call.
type panics struct {
	mu sync.Mutex
	of map[string]ports.Incidents
}

func (p *panics) count(module string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of == nil {
		p.of = map[string]ports.Incidents{}
	}
	of := p.of[module]
	of.Count(err)
	p.of[module] = of
}

// incidents returns how often the port was lost so far.
func (j *Judge) incidents() (of map[string]ports.Incidents, restarts int) {
	if port, ok := j.port.(ports.Unsteady); ok {
		return port.Incidents()
	}
	j.panics.mu.Lock()
	defer j.panics.mu.Unlock()
	return maps.Clone(j.panics.of), 0
}

// total adds the incidents of all modules.
func total(of map[string]ports.Incidents) ports.Incidents {
	var sum ports.Incidents
	for _, module := range slices.Sorted(maps.Keys(of)) {
		sum = sum.Plus(of[module])
	}
	return sum
}

// tooOften reports whether a port was lost too often for a module to be conformant: one that it was lost in,
// or any where it was lost between two calls.
func tooOften(of map[string]ports.Incidents, module string) bool {
	return total(of).Total() > maxLost && of[module].Total()+of[""].Total() > 0
}
