package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/matrix"
	"lossproof/internal/snippets"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/ports/process"
	"lossproof/tensor"
)

// driver runs programs in one process of Python, each by itself, and prints a line for each when it is done: an
// import takes seconds, and a library may end the process.
const driver = `import contextlib, io, json, sys
for number, program in json.loads(sys.stdin.read()):
    found = io.StringIO()
    try:
        with contextlib.redirect_stdout(found):
            exec(compile(program, "<program>", "exec"), {"__name__": "program"})
        raised = False
    except BaseException:
        raised = True
    print("lossproof " + json.dumps([number, raised, found.getvalue()]), file=sys.__stdout__, flush=True)
`

// program is one that makes a call of a difference.
type program struct {
	difference *matrix.Difference
	text       string
	answer     ports.Answer
	// failed says that the port failed at the call.
	failed bool
}

// confirm asks the implementation itself for what each difference shows, by the programs that the port makes of its calls:
// what they print has to be what the port answered.
func (m *maker) confirm(ctx context.Context, dir string, p port, set *fixtures.Set, row *matrix.Row) error {
	run := p.runPrograms
	switch {
	case len(p.Program) > 0:
		run = p.runEach
	case p.python() == nil:
		return nil
	}
	child, err := process.New(process.Options{Command: p.Run, Dir: dir, Env: p.environment(), Timeout: m.timeout, StartTimeout: m.timeout})
	if err != nil {
		return err
	}
	programs, err := programsOf(ctx, child, set, row)
	_ = child.Close()
	if err != nil {
		return err
	}
	confirmed := 0
	for next := 0; next < len(programs); {
		done, err := run(ctx, dir, programs[next:])
		if err != nil {
			return err
		}
		for i, printed := range done {
			q := &programs[next+i]
			if q.difference.Direct = q.agrees(printed); q.difference.Direct {
				confirmed++
			}
		}
		if next += len(done); next < len(programs) { // the process ended in this one
			q := &programs[next]
			if q.difference.Direct = q.failed; q.failed {
				confirmed++
			}
			next++
		}
	}
	fmt.Printf("%s: %d of %d programs that call it directly show what the port answered\n", p.Name, confirmed, len(programs))
	return nil
}

// programsOf makes the programs of the differences of a row whose calls can be written down.
func programsOf(ctx context.Context, port ports.Port, set *fixtures.Set, row *matrix.Row) ([]program, error) {
	description, err := port.Describe(ctx)
	if err != nil {
		return nil, err
	}
	j, err := judge.New(ctx, port, judge.Options{Fixtures: set, Level: verdict.Parity})
	if err != nil {
		return nil, err
	}
	checks := map[string]*judge.Check{}
	for _, c := range j.Checks() {
		checks[c.ID] = c
	}
	var programs []program
	for i := range row.Modules {
		for k := range row.Modules[i].Differs {
			d := &row.Modules[i].Differs[k]
			id, _, _ := strings.Cut(d.Example, "#")
			check := checks[id]
			if check == nil {
				continue
			}
			call, ok, err := callOf(ctx, j, check)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			text := snippets.Fill(description.Snippets[call.Module], call)
			if text == "" {
				continue
			}
			claimed := description.Modules[call.Module].Outputs
			call.Want = slices.DeleteFunc(slices.Clone(call.Want), func(output string) bool { return !slices.Contains(claimed, output) })
			answer, err := port.Evaluate(ctx, call)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			programs = append(programs, program{difference: d, text: text, answer: answer, failed: err != nil})
		}
	}
	return programs, nil
}

// callOf returns the call of a recorded case, or one that breaks a relation or generated check.
func callOf(ctx context.Context, j *judge.Judge, check *judge.Check) (ports.Call, bool, error) {
	if check.Recorded != nil {
		calls, err := check.Calls(0)
		if err != nil || len(calls) != 1 {
			return ports.Call{}, false, err
		}
		return calls[0], true, nil
	}
	result, err := j.Check(ctx, check)
	if err != nil || len(result.Counterexample) == 0 {
		return ports.Call{}, false, err
	}
	return result.Counterexample[len(result.Counterexample)-1], true, nil
}

// printed is what a program did.
type printed struct {
	raised bool
	text   string
}

// runEach runs programs in processes of their own, as the port says, and returns what they did.
func (p port) runEach(ctx context.Context, dir string, programs []program) ([]printed, error) {
	var done []printed
	for _, q := range programs {
		cmd := p.cmd(ctx, dir, p.Program)
		cmd.Stdin = strings.NewReader(q.text)
		text, err := cmd.Output()
		var exit *exec.ExitError
		if ctx.Err() != nil || err != nil && !errors.As(err, &exit) {
			return nil, cmp.Or(ctx.Err(), err)
		}
		done = append(done, printed{err != nil, string(text)})
	}
	return done, nil
}

// runPrograms runs programs in Python, and returns what they did, of the first ones if the process ended.
func (p port) runPrograms(ctx context.Context, dir string, programs []program) ([]printed, error) {
	command := append(p.python(), "-c", driver)
	var input [][2]any
	for i, q := range programs {
		input = append(input, [2]any{i, q.text})
	}
	text, err := json.Marshal(input)
	if err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	cmd := p.cmd(ctx, dir, command)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(text), &stdout, &stderr
	err = cmd.Run()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var done []printed
	lines := bufio.NewScanner(&stdout)
	lines.Buffer(nil, len(stdout.Bytes())+1)
	for lines.Scan() {
		line, ok := strings.CutPrefix(lines.Text(), "lossproof ")
		var raw [3]any
		if !ok || json.Unmarshal([]byte(line), &raw) != nil {
			continue
		}
		raised, _ := raw[1].(bool)
		text, _ := raw[2].(string)
		done = append(done, printed{raised, text})
	}
	if err == nil && len(done) < len(programs) {
		return nil, fmt.Errorf("%s: got the output of %d of %d programs: %s", shell(command[:1]), len(done), len(programs), lastLine(stderr.String()))
	}
	if err != nil && len(done) == 0 && os.Getenv("LOSSPROOF_VERBOSE") != "" {
		fmt.Fprintln(os.Stderr, stderr.String())
	}
	return done, nil
}

// agrees reports whether a program did what the port answered: the same numbers, or a refusal or an error by an exception.
func (q *program) agrees(p printed) bool {
	if q.failed || q.answer.Rejected != nil || q.answer.Failed != nil {
		return p.raised
	}
	compared := 0
	for name, want := range q.answer.Outputs {
		for line := range strings.Lines(p.text) {
			text, ok := strings.CutPrefix(line, name+" ")
			if !ok {
				continue
			}
			got, err := numbers(text)
			if err != nil || len(got) != want.Len() {
				return false
			}
			for i, v := range got {
				if !same(v, want.Float64(i), want.DType) {
					return false
				}
			}
			compared++
		}
	}
	return compared > 0
}

// same reports whether two numbers are equal but for the last digits of their dtype, which depend on how a library
// divides its work.
func same(a, b float64, dtype tensor.DType) bool {
	if math.IsNaN(a) || math.IsNaN(b) {
		return math.IsNaN(a) && math.IsNaN(b)
	}
	epsilon := 0x1p-50
	switch dtype {
	case tensor.Float32:
		epsilon = 0x1p-21
	case tensor.Float16, tensor.BFloat16:
		epsilon = 0x1p-7
	}
	return a == b || math.Abs(a-b) <= epsilon*math.Max(math.Abs(a), math.Abs(b))
}

// numbers reads nested lists of Python.
func numbers(text string) ([]float64, error) {
	var found []float64
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("[], \n", r) }) {
		v, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return nil, err
		}
		found = append(found, v)
	}
	return found, nil
}
