package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"time"

	"lossproof/internal/diagnosis"
	"lossproof/internal/divergence"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/tensor"
)

// runEverything diagnoses a port that fails everything, in a way that nobody knows.
func (m *measurement) runEverything(ctx context.Context) error {
	port := testports.Port{
		DescribeFunc: func() (ports.Description, error) { return divergence.RightPort().Describe(ctx) },
		EvaluateFunc: func(_ context.Context, call ports.Call) (ports.Answer, error) {
			answer := divergence.Right(call)
			if answer.Outputs == nil {
				return ports.Answer{Unsupported: &ports.Unsupported{Reason: "it is to fail"}}, nil
			}
			for name, output := range answer.Outputs {
				values := output.Float64s()
				for i, v := range values {
					values[i] = math.Sin(v) + 3
				}
				answer.Outputs[name] = tensor.FromValues(output.DType, values, output.Shape...)
			}
			return answer, nil
		},
	}
	collector := diagnosis.New(m.set)
	result, err := judge.Run(ctx, port, judge.Options{Fixtures: m.set, Selection: judge.Selection{Skip: []string{"*/relations/*"}}, Observe: collector.Observe})
	if err != nil {
		return err
	}
	start, before := time.Now(), cpuTime()
	if err := collector.Diagnose(ctx, port, result); err != nil {
		return err
	}
	used := (cpuTime() - before).Seconds()
	fmt.Printf("diagnosed in %v, on %d processors\n", time.Since(start).Round(time.Millisecond), runtime.GOMAXPROCS(0))
	m.say("| nothing right | takes %.1f s of processor time, on all processors at once |", used)
	for _, c := range result.Causes {
		if m.verbose {
			fmt.Printf("    lead=%v %s [%s]\n", c.Lead, c.Sentence, c.Condition)
		}
	}
	return nil
}
