package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"lossproof/fixtures"
	"lossproof/internal/diagnosis"
	"lossproof/internal/report"
	"lossproof/internal/resultfile"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/ports/process"
	"lossproof/ports/wire"
)

// ask asks a port everything, and judges its answers at both levels, unless that was done.
func (m *maker) ask(ctx context.Context, dir, done string, p port, set *fixtures.Set) (parity, exact *judge.Result, err error) {
	var results [2]*judge.Result
	levels := []verdict.Level{verdict.Parity, verdict.Exact}
	missing := false
	for i, level := range levels {
		if results[i], err = resultfile.Read(ctx, filepath.Join(done, string(level)+".json")); err != nil {
			missing = true
		}
	}
	if !missing {
		return results[0], results[1], nil
	}
	child, err := process.New(process.Options{Command: p.Run, Dir: dir, Env: p.environment(), Timeout: m.timeout, StartTimeout: m.timeout})
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = child.Close() }()
	remembering := &remembering{Port: child, answers: map[[sha256.Size]byte]ports.Answer{}}
	for i, level := range levels {
		if results[i] != nil {
			continue
		}
		if results[i], err = judged(ctx, p.Name, set, remembering, level); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", level, err)
		}
		var text bytes.Buffer
		if err := report.JSON(&text, results[i]); err != nil {
			return nil, nil, err
		}
		if err := os.WriteFile(filepath.Join(done, string(level)+".json"), text.Bytes(), 0o644); err != nil {
			return nil, nil, err
		}
	}
	return results[0], results[1], nil
}

// shownEvery is the time between two lines that say how far a run is.
const shownEvery = 30 * time.Second

// judged is what lossproof run does.
func judged(ctx context.Context, name string, set *fixtures.Set, port ports.Port, level verdict.Level) (*judge.Result, error) {
	collector := diagnosis.New(set)
	shown := time.Now()
	result, err := judge.Run(ctx, port, judge.Options{
		Fixtures: set, Level: level, Observe: collector.Observe, Argv: []string{"lossproof", "run", "--level", string(level)},
		Progress: func(done, total int, _ judge.CheckResult) {
			if time.Since(shown) > shownEvery {
				shown = time.Now()
				fmt.Fprintf(os.Stderr, "%s: %s: %d of %d checks\n", name, level, done, total)
			}
		},
	})
	if err == nil && !result.Summary.Passed {
		err = collector.Diagnose(ctx, port, result)
	}
	return result, err
}

// maxRemembered bounds the answers that are remembered, in bytes.
const maxRemembered = 1 << 30

// remembering is a port that is asked nothing twice: the second level judges the answers of the first,
// whose calls are the same.
type remembering struct {
	*process.Port
	mu      sync.Mutex
	answers map[[sha256.Size]byte]ports.Answer
	bytes   int
}

func (r *remembering) Evaluate(ctx context.Context, call ports.Call) (ports.Answer, error) {
	return r.Send(ctx, call)()
}

func (r *remembering) Send(ctx context.Context, call ports.Call) (wait func() (ports.Answer, error)) {
	line, err := wire.EncodeRun(1, call)
	if err != nil {
		return r.Port.Send(ctx, call)
	}
	key := sha256.Sum256(line)
	r.mu.Lock()
	answer, known := r.answers[key]
	r.mu.Unlock()
	if known {
		return func() (ports.Answer, error) { return answer, nil }
	}
	sent := r.Port.Send(ctx, call)
	return func() (ports.Answer, error) {
		answer, err := sent()
		if err != nil {
			return answer, err
		}
		size := 0
		for _, output := range answer.Outputs {
			size += len(output.Data)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.bytes += size; r.bytes <= maxRemembered {
			r.answers[key] = answer
		}
		return answer, nil
	}
}
