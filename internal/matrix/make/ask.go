package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
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

// levels are those at which a row is judged.
var levels = []verdict.Level{verdict.Parity, verdict.Exact}

// ask asks a port everything, and judges its answers at both levels, unless that was done.
func (m *maker) ask(ctx context.Context, dir, done string, p port, set *fixtures.Set) (parity, exact *judge.Result, err error) {
	var results [2]*judge.Result
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
	remembering, err := remember(child, filepath.Join(done, "answers.jsonl"))
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = remembering.file.Close() }()
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
// whose calls are the same, and a run that was stopped goes on with those of its file.
type remembering struct {
	*process.Port
	mu      sync.Mutex
	answers map[string]ports.Answer
	bytes   int
	file    *os.File
}

// remembered is a line of the file: an answer, and the hash of its request.
type remembered struct {
	Key    string
	Answer ports.Answer
}

// remember reads the answers of a file, which may end within a line, and adds to them.
func remember(port *process.Port, name string) (*remembering, error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	r := &remembering{Port: port, answers: map[string]ports.Answer{}, file: file}
	lines := json.NewDecoder(file)
	end := int64(0)
	for {
		var line remembered
		if lines.Decode(&line) != nil {
			break
		}
		end = lines.InputOffset()
		r.hold(line)
	}
	if err = file.Truncate(end); err == nil {
		_, err = file.Seek(end, io.SeekStart)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return r, nil
}

// hold reports whether there is room for an answer.
func (r *remembering) hold(line remembered) bool {
	for _, output := range line.Answer.Outputs {
		r.bytes += len(output.Data)
	}
	if r.bytes > maxRemembered {
		return false
	}
	r.answers[line.Key] = line.Answer
	return true
}

func (r *remembering) Evaluate(ctx context.Context, call ports.Call) (ports.Answer, error) {
	return r.Send(ctx, call)()
}

func (r *remembering) Send(ctx context.Context, call ports.Call) (wait func() (ports.Answer, error)) {
	line, err := wire.EncodeRun(1, call)
	if err != nil {
		return r.Port.Send(ctx, call)
	}
	key := fmt.Sprintf("%x", sha256.Sum256(line))
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
		r.mu.Lock()
		defer r.mu.Unlock()
		if line := (remembered{key, answer}); r.hold(line) {
			err = json.NewEncoder(r.file).Encode(line)
		}
		return answer, err
	}
}
