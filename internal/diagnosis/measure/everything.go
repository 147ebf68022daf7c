package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"lossproof/internal/divergence"
	"lossproof/internal/testports"
	"lossproof/internal/testports/divergent"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
)

// answering returns a port that claims what the right one claims.
func answering(answer func(ports.Call) ports.Answer) ports.Port {
	return testports.Port{
		DescribeFunc: func() (ports.Description, error) { return divergence.RightPort().Describe(context.Background()) },
		EvaluateFunc: func(_ context.Context, call ports.Call) (ports.Answer, error) { return answer(call), nil },
	}
}

// runEverything diagnoses a port that fails everything, in a way that nobody knows.
func (m *measurement) runEverything(ctx context.Context) error {
	d, err := m.diagnosed(ctx, answering(divergent.Nothing), verdict.Parity, judge.Selection{Skip: made})
	if err != nil {
		return err
	}
	fmt.Printf("diagnosed in %v, on %d processors\n", d.took.Round(time.Millisecond), runtime.GOMAXPROCS(0))
	m.say("| nothing right | takes %.1f s of processor time, on all processors at once |", d.used.Seconds())
	for _, c := range d.result.Causes {
		if m.verbose {
			fmt.Printf("    lead=%v %s [%s]\n", c.Lead, c.Sentence, c.Condition)
		}
	}
	return nil
}
