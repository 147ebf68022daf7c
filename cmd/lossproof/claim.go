package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"lossproof/internal/probe"
	"lossproof/internal/words"
	"lossproof/judge"
	"lossproof/ports"
)

func (p *program) claimCommand() *cobra.Command {
	var f portFlags
	cmd := &cobra.Command{
		Use:   "claim [flags] -- COMMAND ARG...",
		Short: "The smallest honest claim of a port, found by asking it everything",
		Long: `claim asks the port every case, whatever it claims, and writes the member "modules" of an honest
answer to hello to stdout; why something is not claimed, and what is wrong inside the claim, to
stderr. A claim does not hide faults: a word goes to "without" if the port passes nothing that it
names, or answers "unsupported" there. A dtype or a rank is not claimed either where a third of it
is wrong and the rest of the port is not.

The port has to answer what it does not do with "unsupported", "rejected" or "failed", and live on:
if it ends instead, many restarts are needed, of which there are few.`,
		Example: `  lossproof claim -- python3 port.py
  lossproof claim -- ./port > modules.json`,
		Args: commandArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.claim(cmd, f, args)
		},
	}
	f.add(cmd)
	return cmd
}

// commandArgs demands the command of a port behind --.
func commandArgs(cmd *cobra.Command, args []string) error {
	switch {
	case cmd.ArgsLenAtDash() == 0 && len(args) > 0:
		return nil
	case len(args) == 0:
		return fmt.Errorf("%s: there is no command: the port to start stands behind --, as in lossproof %s -- python3 port.py", cmd.Name(), cmd.Name())
	}
	return fmt.Errorf("%s: unexpected %q: the command of a port stands behind --", cmd.Name(), args[0])
}

func (p *program) claim(cmd *cobra.Command, f portFlags, command []string) error {
	set, err := p.open()
	if err != nil {
		return err
	}
	port, end, err := p.openPort(cmd, f, command)
	if err != nil {
		return err
	}
	defer end()
	progress := newProgress(p.stderr, terminalColumns(p.stderr))
	found, err := probe.Run(cmd.Context(), set, port, func(done, total int) {
		progress.show(done, total, judge.CheckResult{Outcome: judge.Pass})
	})
	progress.end()
	if err != nil {
		return err
	}
	modules := map[string]ports.Claim{}
	for _, m := range found.Modules {
		modules[m.Name] = m.Claim
		fmt.Fprintf(p.stderr, "%s\n", m.Name)
		for _, line := range m.Left {
			fmt.Fprintf(p.stderr, "  %s\n", line)
		}
		fmt.Fprintf(p.stderr, "  inside this claim %s\n", words.Of(m.Wrong, m.Inside, "case", "fail"))
		for _, id := range m.WrongIDs {
			fmt.Fprintf(p.stderr, "    %s\n", id)
		}
	}
	for _, name := range found.Nothing {
		fmt.Fprintf(p.stderr, "%s\n  nothing passes, it is not claimed\n", name)
	}
	if len(modules) == 0 {
		fmt.Fprintln(p.stderr, "lossproof: nothing passes: there is no honest claim")
		p.code = exitNotConformant
		return nil
	}
	encoder := json.NewEncoder(p.stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]any{"modules": modules})
}
