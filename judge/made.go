package judge

import (
	"context"

	"lossproof/ports"
)

// made is what laws, generated checks and those of every input have in common: their calls are made when
// they are checked.
type made struct{ id, module string }

// recorded says in r that there is nobody to ask, and reports whether that is so.
func (made) recorded(j *Judge, r *CheckResult) bool {
	_, recorded := j.port.(*Recorded)
	if recorded {
		r.Outcome, r.Message = Unsupported, "the answers are recorded, and a "+string(r.Kind)+" has to ask"
	}
	return recorded
}

func (e made) asks(j *Judge) ([]string, error) {
	if _, claimed := j.description.Modules[e.module]; !claimed {
		return nil, nil
	}
	return []string{e.id}, nil
}

// size makes a check be made alone: it has many or large calls, and asks more to find a small counterexample.
func (made) size() int { return ahead }

// ask sends a call that no recorded answer is for.
func (j *Judge) ask(ctx context.Context, call ports.Call) (wait func() (ports.Answer, error)) {
	return j.send(ctx, "", call)
}

// ended says in r what came of the calls, puts those of a counterexample into it, and returns what was exchanged.
func ended[E ~struct {
	Call   ports.Call
	Answer ports.Answer
}](r *CheckResult, err error, broken string, counterexample []E) []Exchange {
	switch {
	case err != nil:
		r.Outcome, r.Message = outcomeOf(err), bounded(err.Error())
	case broken != "":
		r.Outcome, r.Message = Fail, bounded(broken)
	default:
		r.Outcome = Pass
	}
	var exchanges []Exchange
	for _, e := range counterexample {
		exchange := Exchange(e)
		exchanges = append(exchanges, exchange)
		r.Counterexample = append(r.Counterexample, exchange.Call)
	}
	return exchanges
}
