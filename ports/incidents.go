package ports

import (
	"errors"
	"fmt"
	"strings"
)

// Incidents counts how often a port was lost, by why. A call that is asked once more and answered
// then shows nothing of it.
type Incidents struct {
	// Crashes are ends of the process, or panics; Timeouts are answers that did not come in time; OutOfStep
	// are answers after which no other could be believed.
	Crashes   int `json:"crashes"`
	Timeouts  int `json:"timeouts"`
	OutOfStep int `json:"out_of_step"`
}

// Unsteady is a port that may be lost, and be started again.
type Unsteady interface {
	Port
	// Incidents returns why it was lost so far, by the module of the call that it owed an answer to, "" where
	// it owed none; restarts is the number of processes that were started in place of lost ones.
	Incidents() (of map[string]Incidents, restarts int)
}

// Count adds one incident, which err is about.
func (i *Incidents) Count(err error) {
	switch {
	case errors.Is(err, ErrMalformed):
		i.OutOfStep++
	case errors.Is(err, ErrTimeout):
		i.Timeouts++
	default:
		i.Crashes++
	}
}

// Plus returns the sum of two counts.
func (i Incidents) Plus(j Incidents) Incidents {
	return Incidents{i.Crashes + j.Crashes, i.Timeouts + j.Timeouts, i.OutOfStep + j.OutOfStep}
}

// Total is how often the port was lost.
func (i Incidents) Total() int { return i.Crashes + i.Timeouts + i.OutOfStep }

// String says how often the port was lost, and why:
//
//	lost 3 times: 2 crashes, 1 timeout
func (i Incidents) String() string {
	if i.Total() == 0 {
		return "never lost"
	}
	var parts []string
	for _, part := range []struct {
		n         int
		one, many string
	}{{i.Crashes, "crash", "crashes"}, {i.Timeouts, "timeout", "timeouts"}, {i.OutOfStep, "answer out of step", "answers out of step"}} {
		switch part.n {
		case 0:
		case 1:
			parts = append(parts, "1 "+part.one)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.many))
		}
	}
	times := fmt.Sprintf("%d times", i.Total())
	switch i.Total() {
	case 1:
		times = "once"
	case 2:
		times = "twice"
	}
	return "lost " + times + ": " + strings.Join(parts, ", ")
}
