package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/internal/report"
	"lossproof/judge"
	"lossproof/ports"
)

func (p *program) smokeCommand() *cobra.Command {
	var f portFlags
	cmd := &cobra.Command{
		Use:   "smoke [flags] -- COMMAND ARG...",
		Short: "Is the adapter right: hello, one loss, one rejection, one empty",
		Long: `smoke asks a port the least that shows whether the adapter, not the library, is right: for each module
that it claims one plain loss, one call that PyTorch refuses and one without elements. It is the
first thing to try with a new port; run is the check.`,
		Example: `  lossproof smoke -- python3 port.py`,
		Args:    commandArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.smoke(cmd, f, args)
		},
	}
	f.add(cmd)
	return cmd
}

// probes are what smoke asks of a module, in this order.
var probes = []struct {
	name string
	// fits reports whether a case is one, by its features.
	fits func(c *fixtures.Case, features []string) bool
}{
	{"one loss", func(c *fixtures.Case, features []string) bool {
		return c.Rejection == nil && !slices.ContainsFunc(features, func(word string) bool {
			indices := word == claim.IntegerTargets && ports.ModuleOf(c.Module).HasClasses()
			return !indices && word != claim.Rank2 && !strings.HasPrefix(word, "reduction:")
		})
	}},
	{"one rejection", func(c *fixtures.Case, _ []string) bool { return c.Rejection != nil }},
	{"one empty", func(c *fixtures.Case, features []string) bool {
		return c.Rejection == nil && slices.Contains(features, claim.Empty)
	}},
}

func (p *program) smoke(cmd *cobra.Command, f portFlags, command []string) error {
	ctx := cmd.Context()
	set, err := p.open()
	if err != nil {
		return err
	}
	port, end, err := p.openPort(cmd, f, command)
	if err != nil {
		return err
	}
	defer end()
	j, err := judge.New(ctx, port, judge.Options{Fixtures: set})
	if err != nil {
		return err
	}
	w := p.lines()
	d := j.Description()
	fmt.Fprintf(w, "ok    hello: %s\n", strings.TrimSpace(d.Port.Name+" "+d.Port.Version))
	for _, module := range slices.Sorted(maps.Keys(d.Modules)) {
		fmt.Fprintf(w, "      claims %s\n", claim.String(module, d.Modules[module]))
	}
	for _, module := range slices.Sorted(maps.Keys(d.Modules)) {
		for _, probe := range probes {
			c, err := smokeCase(set, j, module, probe.fits)
			if err != nil {
				return err
			}
			if c == nil {
				fmt.Fprintf(w, "-     %s, %s: outside the claim\n", module, probe.name)
				continue
			}
			r, err := j.Check(ctx, c)
			if err != nil {
				return err
			}
			if !r.Outcome.Gating() {
				fmt.Fprintf(w, "ok    %s, %s: %s\n", module, probe.name, c.ID)
				continue
			}
			p.code = exitNotConformant
			fmt.Fprintf(w, "FAIL  %s, %s: %s\n", module, probe.name, report.Failure(r))
		}
	}
	return nil
}

// smokeCase returns the first case of a must rule inside the claim that fits, else one of a
// should rule, else one of 16 bits, nil if there is none.
func smokeCase(set *fixtures.Set, j *judge.Judge, module string, fits func(*fixtures.Case, []string) bool) (*judge.Check, error) {
	var second, third *judge.Check
	for _, check := range j.Checks() {
		c, requirement := check.Recorded, check.Rule.Requirement
		if check.Module != module || c == nil || requirement == fixtures.Quirk || second != nil && requirement == fixtures.Should {
			continue
		}
		inputs, err := set.Inputs(c)
		if err != nil {
			return nil, err
		}
		outside, err := j.Outside(c)
		if err != nil {
			return nil, err
		}
		// What is expected makes no feature that matters here.
		if outside != "" || !fits(c, claim.Features(c, inputs, nil)) {
			continue
		}
		switch dtype := inputs[ports.Input].DType; {
		case dtype.IsHalf():
			third = cmp.Or(third, check)
		case requirement == fixtures.Must:
			return check, nil
		default:
			second = cmp.Or(second, check)
		}
	}
	return cmp.Or(second, third), nil
}
