// Command seeds asks ports that are right what a run asks, with many seeds: none may fail. It writes a page of
// what came of it.
//
//	go run ./internal/seeds -whole 20 -drawn 200 -page docs/evidence.md -- ports/pytorch/.venv/bin/python ports/pytorch/port.py
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"lossproof/fixtures"
	"lossproof/internal/definition"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/ports/process"
)

func main() {
	var m measurement
	flag.IntVar(&m.whole, "whole", 20, "make whole runs with so many random seeds, besides those of two releases")
	flag.IntVar(&m.drawn, "drawn", 200, "check laws and generated checks with so many random seeds")
	flag.StringVar(&m.only, "only", "", "do what has this `number` alone, and print its row as JSON")
	page := flag.String("page", "", "write what was measured to this `file`")
	flag.Parse()
	m.torch = flag.Args()
	err := m.run(context.Background(), *page)
	if err != nil {
		fmt.Fprintln(os.Stderr, "seeds:", err)
		os.Exit(1)
	}
}

type measurement struct {
	whole, drawn int
	only         string
	torch        []string
	set          *fixtures.Set
}

// releases are the seeds of this release and of the next.
var releases = []uint32{judge.Seed, judge.Seed + 1}

// task is a port with the seeds that it is asked with.
type task struct {
	name  string
	level verdict.Level
	open  func(m *measurement) (ports.Port, func() error, error)
	// whole also asks what does not depend on a seed, once.
	whole bool
	// kernel is what LOSSPROOF_KERNEL says.
	kernel string
}

func inProcess(port ports.Port) func(*measurement) (ports.Port, func() error, error) {
	return func(*measurement) (ports.Port, func() error, error) { return port, func() error { return nil }, nil }
}

// overTheWire is the port of the command line; nil where there is none.
func overTheWire(m *measurement) (ports.Port, func() error, error) {
	if len(m.torch) == 0 {
		return nil, nil, nil
	}
	port, err := process.New(process.Options{Command: m.torch})
	if err != nil {
		return nil, nil, err
	}
	return port, port.Close, nil
}

const (
	avx2   = "avx2"
	purego = "purego"
)

var tasks = []task{
	{"built-in, AVX2", verdict.Parity, inProcess(builtin.Port{}), true, avx2},
	{"built-in, AVX2", verdict.Exact, inProcess(builtin.Port{}), true, avx2},
	{"built-in, Go alone", verdict.Parity, inProcess(builtin.Port{}), true, purego},
	{"built-in, Go alone", verdict.Exact, inProcess(builtin.Port{}), true, purego},
	{"PyTorch", verdict.Parity, overTheWire, true, avx2},
	{"built-in, AVX2", verdict.Parity, inProcess(builtin.Port{}), false, avx2},
	{"built-in, AVX2", verdict.Exact, inProcess(builtin.Port{}), false, avx2},
	{"built-in, loss and gradient in one pass", verdict.Exact, inProcess(builtin.Port{OnePass: true}), false, purego},
	{"naive, in float64", verdict.Parity, inProcess(naive{}), false, ""},
	{"naive, in float64", verdict.Exact, inProcess(naive{}), false, ""},
}

// naive computes in float64, one element after the other, as the definition is written.
type naive struct{ builtin.Port }

// Evaluate implements [ports.Port].
func (naive) Evaluate(_ context.Context, call ports.Call) (ports.Answer, error) {
	return definition.Of(call.Module).Evaluate(call), nil
}

// tenth is how seldom laws and generated checks are checked with effort normal, and not quick.
const tenth = 10

// row is what came of a task.
type row struct {
	Seeds, Conformant int
	Cases, Laws       int
	Drawn             int
	// Failed names the checks that fail, with their seeds.
	Failed []string
}

func (m *measurement) run(ctx context.Context, page string) (err error) {
	if m.set, err = fixtures.LoadEmbedded(); err != nil {
		return err
	}
	if m.only != "" {
		i, err := strconv.Atoi(m.only)
		if err != nil || i < 0 || i >= len(tasks) {
			return fmt.Errorf("-only is %q, want a number below %d", m.only, len(tasks))
		}
		r, err := m.ask(ctx, tasks[i])
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	rows := make([]row, len(tasks))
	var group errgroup.Group
	group.SetLimit(runtime.NumCPU())
	for i, t := range tasks {
		group.Go(func() (err error) {
			if rows[i], err = m.child(ctx, i); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	var lines [2][]string
	var failed []string
	for i, t := range tasks {
		r, kind := rows[i], 0
		if r.Seeds == 0 {
			continue // there is no command of a port
		}
		if !t.whole {
			kind = 1
		}
		line := fmt.Sprintf("| %s | %s | %d | %d | %d | %d of %d |", t.name, t.level, r.Cases, r.Laws, r.Drawn, r.Conformant, r.Seeds)
		fmt.Println(line)
		lines[kind] = append(lines[kind], line)
		for _, f := range r.Failed {
			failed = append(failed, fmt.Sprintf("%s at %s: %s", t.name, t.level, f))
		}
	}
	if page != "" {
		if err := os.WriteFile(page, []byte(m.page(lines)), 0o644); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return errors.New("a right port fails:\n" + strings.Join(failed, "\n"))
	}
	return nil
}

// child does a task in a process of its own, as the kernels are chosen when one starts.
func (m *measurement) child(ctx context.Context, i int) (r row, err error) {
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	args := append([]string{"-only", strconv.Itoa(i), "-whole", strconv.Itoa(m.whole), "-drawn", strconv.Itoa(m.drawn), "--"}, m.torch...)
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = os.Environ()
	if kernel := tasks[i].kernel; kernel != "" {
		cmd.Env = append(cmd.Env, "LOSSPROOF_KERNEL="+kernel)
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return r, err
	}
	return r, json.Unmarshal(out.Bytes(), &r)
}

// seeds are those of a task. The random ones are always the same.
func (m *measurement) seeds(t task) []uint32 {
	n := m.drawn
	var seeds []uint32
	if t.whole {
		n, seeds = m.whole, append(seeds, releases...)
	}
	rng := rand.New(rand.NewPCG(15, uint64(n)))
	for range n {
		seeds = append(seeds, rng.Uint32())
	}
	return seeds
}

func (m *measurement) ask(ctx context.Context, t task) (r row, err error) {
	port, end, err := t.open(m)
	if err != nil || port == nil {
		return r, err
	}
	for i, seed := range m.seeds(t) {
		options := judge.Options{Fixtures: m.set, Level: t.level, Seed: seed, Random: true}
		if !t.whole || i > 0 {
			options.Selection.Select = []string{"*/relations/*", "*/generated/*"}
		}
		if !t.whole && i%tenth != 0 {
			options.Effort = judge.Quick
		}
		result, err := judge.Run(ctx, port, options)
		if err != nil {
			return r, errors.Join(err, end())
		}
		r.Seeds++
		right := true
		counts := map[judge.Kind]int{}
		for _, c := range result.Checks() {
			counts[c.Kind]++
			if c.Outcome.Failing() && c.Gates {
				right = false
				r.Failed = append(r.Failed, fmt.Sprintf("seed %d: %s: %s %s", seed, c.ID, c.Outcome, c.Message))
			}
		}
		if i == 0 {
			r.Cases, r.Laws, r.Drawn = counts[judge.Case], counts[judge.Relation], counts[judge.Generated]
		}
		if right && (!t.whole || i > 0 || result.Summary.Conformant) {
			r.Conformant++
		}
	}
	return r, end()
}

// page is what docs/evidence.md says.
func (m *measurement) page(lines [2][]string) string {
	const head = "| port | level | recorded cases | laws | generated checks | conformant, of the seeds |\n|---|---|---:|---:|---:|---:|\n"
	return fmt.Sprintf(`# Right ports pass, and wrong ones do not

Written by `+"`make seeds`"+`, which asks right ports what a run asks, each time with another seed. One failure would be a fault of lossproof.

Whole runs with the seed of a release, and laws and generated checks, with effort normal, with that of the next release and %d random ones; what does not depend on a seed is asked once:

%s%s

Laws and generated checks, with %d random seeds, every tenth with effort normal and the others with effort quick:

%s%s
%s`, m.whole, head, strings.Join(lines[0], "\n"), m.drawn, head, strings.Join(lines[1], "\n"), caught)
}
