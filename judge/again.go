package judge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"lossproof/ports"
)

// errTouched says that a port in process wrote to the arrays of its caller.
var errTouched = errors.New("the port overwrites its inputs")

// copied returns a call with inputs of its own.
func copied(call ports.Call) ports.Call {
	call.Inputs = maps.Clone(call.Inputs)
	for name, t := range call.Inputs {
		t.Shape, t.Data = slices.Clone(t.Shape), bytes.Clone(t.Data)
		call.Inputs[name] = t
	}
	return call
}

// untouched compares the inputs of a call after it was answered with those that were given, byte by
// byte.
func untouched(given, after ports.Call) error {
	for _, name := range ports.InputNames() {
		was, is := given.Inputs[name], after.Inputs[name]
		if was.DType != is.DType || !slices.Equal(was.Shape, is.Shape) || len(was.Data) != len(is.Data) {
			return fmt.Errorf("%w: %s has become another tensor", errTouched, name)
		}
		if bytes.Equal(was.Data, is.Data) {
			continue
		}
		for i := range was.Len() {
			if from, to := was.Text(i), is.Text(i); from != to {
				return fmt.Errorf("%w: element %d of %s was %s and is %s", errTouched, i, name, from, to)
			}
		}
		return fmt.Errorf("%w: the bits of %s have changed", errTouched, name)
	}
	return nil
}

// maxAgain is the number of failing cases that are asked again at the end of a run.
const maxAgain = 5

// again asks the first failing cases once more, after everything else: an answer that has become right
// depends on the calls before it.
func (j *Judge) again(ctx context.Context, result *Result) {
	if _, recorded := j.port.(*Recorded); recorded {
		return
	}
	asked := 0
	for i := range result.Cases {
		r := &result.Cases[i]
		if r.Outcome != Fail || !r.Gates {
			continue
		}
		if asked++; asked > maxAgain || ctx.Err() != nil {
			return
		}
		c, err := Find(j.set, r.ID)
		if err != nil {
			return
		}
		if now, _, err := j.begin(ctx, c).end(); err == nil && now.Outcome == Pass {
			if r.Note != "" {
				r.Note += "; "
			}
			r.Note += dependsOnHistory
		}
	}
}

// dependsOnHistory is the note of a check that fails in a run, and passes when it is asked again.
const dependsOnHistory = "asked again, the port answers it right: its answers depend on earlier calls (repro --history asks those first)"
