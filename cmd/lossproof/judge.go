package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"lossproof/fixtures"
	"lossproof/internal/infile"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/ports/wire"
)

func (p *program) judgeCommand() *cobra.Command {
	var f judgeFlags
	cmd := &cobra.Command{
		Use:   "judge [flags] FILE|-",
		Short: "Judge what a port answered to the lines of requests",
		Long: `judge reads the answers of a port to "lossproof requests" from a file, or from stdin: the answer to
hello on the first line, then the answers to run, in any order. The verdict is that of run. A case
without an answer is a crash; what stands outside the claim is not looked at.`,
		Example: `  lossproof requests | ./port | lossproof judge -
  lossproof judge answers.jsonl --json result.json --baseline baseline.json`,
		Args: exactArg("FILE, or - for stdin"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return p.verdict(ctx, f, nil, func(set *fixtures.Set) (ports.Port, func(), error) {
				return p.recorded(ctx, set, args[0])
			})
		},
	}
	f.add(cmd)
	return cmd
}

// recorded reads the answers of a port.
func (p *program) recorded(ctx context.Context, set *fixtures.Set, name string) (port ports.Port, end func(), err error) {
	in := p.stdin
	if name != "-" {
		if err := p.paths.Input("FILE", name); err != nil {
			return nil, nil, err
		}
		file, err := infile.Open(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		defer func() { _ = file.Close() }() // it was only read
		in = file
	}
	transcript, err := wire.ReadTranscript(ctx, in, func(id int64) (ports.Call, bool) {
		c, ok := caseOf(set, id)
		if !ok {
			return ports.Call{}, false
		}
		check, err := judge.Find(set, c.ID)
		if err != nil {
			return ports.Call{}, false
		}
		calls, err := check.Calls(0)
		if err != nil {
			return ports.Call{}, false
		}
		return calls[0], true
	})
	var hello *wire.HelloError
	switch {
	case errors.As(err, &hello):
		return nil, nil, &judge.PortError{Err: fmt.Errorf("%s: %w", describeInput(name), err)}
	case err != nil:
		return nil, nil, err
	}
	answers := make(map[string]judge.Reply, len(transcript.Answers))
	for id, answer := range transcript.Answers {
		if c, ok := caseOf(set, id); ok {
			answers[c.ID] = judge.Reply{Answer: answer}
		}
	}
	for id, problem := range transcript.Malformed {
		if c, ok := caseOf(set, id); ok {
			answers[c.ID] = judge.Reply{Err: fmt.Errorf("%w: %w", ports.ErrMalformed, problem)}
		}
	}
	for _, noise := range transcript.Noise {
		fmt.Fprintf(p.stderr, "lossproof: warning: %s: no answer to a request: %v\n", describeInput(name), noise)
	}
	if more := transcript.Strays - len(transcript.Noise); more > 0 {
		fmt.Fprintf(p.stderr, "lossproof: warning: %s: and %d more lines are no answer to a request of fixtures %s\n", describeInput(name), more, set.Version())
	}
	return &judge.Recorded{Description: transcript.Description, Answers: answers}, func() {}, nil
}

// caseOf returns the case that a request is for.
func caseOf(set *fixtures.Set, id int64) (*fixtures.Case, bool) {
	if id < 1 || id > int64(len(set.Cases)) {
		return nil, false
	}
	return &set.Cases[id-1], true
}

func describeInput(name string) string {
	if name == "-" {
		return "stdin"
	}
	return name
}
