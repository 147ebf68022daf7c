package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/internal/infile"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/ports/wire"
)

func (p *program) requestsCommand() *cobra.Command {
	var f selectionFlags
	var hello string
	cmd := &cobra.Command{
		Use:   "requests [flags]",
		Short: "Write the calls as protocol lines, for a port that cannot be started",
		Long: `requests writes hello, a run request for each selected case, and bye to stdout. Hand the lines to
the port, wherever it runs, and what it answers to "lossproof judge". The id of a request is the
place of its case in the fixtures: judge with the same version of lossproof.

Without --hello every output of a case is wanted, and every case is asked; judge looks at what the
port claims alone. With it nothing outside the claim is asked.`,
		Example: `  lossproof requests | ./port | lossproof judge -
  lossproof requests --modules BCEWithLogitsLoss > requests.jsonl
  lossproof requests --hello answers.jsonl > requests.jsonl    (its first line is the answer to hello)`,
		Args: p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.requests(cmd.Context(), &f, hello)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&hello, "hello", "", "a `file` whose first line is the port's answer to hello: ask for nothing outside its claim")
	return cmd
}

func (p *program) requests(ctx context.Context, f *selectionFlags, hello string) error {
	selection, err := f.get()
	if err != nil {
		return err
	}
	set, err := p.open()
	if err != nil {
		return err
	}
	checks, err := judge.Select(set, selection)
	if err != nil {
		return flagged(err)
	}
	call := func(c *judge.Check) (ports.Call, bool, error) {
		calls, err := c.Calls(0)
		if err != nil {
			return ports.Call{}, false, err
		}
		return calls[0], true, nil
	}
	if hello != "" {
		if call, err = claimedCalls(ctx, set, hello); err != nil {
			return fmt.Errorf("--hello: %w", err)
		}
	}
	w := bufio.NewWriter(p.stdout)
	fmt.Fprintf(w, "%s\n", wire.EncodeHello())
	for _, c := range checks {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case c.Recorded == nil: // what it asks depends on the answers
			continue
		}
		call, ask, err := call(c)
		if err != nil {
			return err
		}
		if !ask {
			continue
		}
		line, err := wire.EncodeRun(requestID(set, c.ID), call)
		if err != nil {
			return fmt.Errorf("%s: %w", c.ID, err)
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, "%s\n", wire.EncodeBye())
	return w.Flush()
}

// claimedCalls returns the calls inside the claim that a file begins with.
func claimedCalls(ctx context.Context, set *fixtures.Set, file string) (func(*judge.Check) (ports.Call, bool, error), error) {
	description, err := readHello(ctx, file)
	if err != nil {
		return nil, err
	}
	j, err := judge.New(ctx, &judge.Recorded{Description: description}, judge.Options{Fixtures: set})
	if err != nil {
		return nil, err
	}
	return func(c *judge.Check) (ports.Call, bool, error) {
		call, outside, err := j.Call(c.Recorded)
		return call, outside == "", err
	}, nil
}

// readHello reads the answer to hello, the first line of a file.
func readHello(ctx context.Context, name string) (ports.Description, error) {
	text, err := infile.Read(ctx, name)
	if err != nil {
		return ports.Description{}, err
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	description, err := wire.DecodeDescription(line)
	if err == nil {
		err = claim.Validate(description.Modules)
	}
	if err != nil {
		return ports.Description{}, fmt.Errorf("%s: %w", name, err)
	}
	return description, nil
}

// requestID returns the id of the request for a case: its place in the fixtures, from 1.
func requestID(set *fixtures.Set, id string) int64 {
	i, _ := slices.BinarySearchFunc(set.Cases, id, func(c fixtures.Case, id string) int { return strings.Compare(c.ID, id) })
	return int64(i + 1)
}
