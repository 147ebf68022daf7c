package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/spf13/cobra"

	"lossproof/internal/suggest"
	"lossproof/judge"
	"lossproof/judge/verdict"
)

// askFlags say what is asked besides the cases, and how it is judged.
type askFlags struct {
	level, seed, effort string
}

func (f *askFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.level, "level", string(verdict.Parity), "what an element must agree with: `parity`, exact or reference")
	addSeed(cmd, &f.seed)
	cmd.Flags().StringVar(&f.effort, "effort", string(judge.Normal), "how much generated checks ask: quick, `normal` or thorough")
}

// options returns what the flags say.
func (f *askFlags) options() (o judge.Options, err error) {
	if o.Level, err = verdict.ParseLevel(f.level); err != nil {
		levels := []string{string(verdict.Parity), string(verdict.Exact), string(verdict.Reference)}
		return o, fmt.Errorf("--level: got %q, want parity, exact or reference%s", f.level, suggest.Hint(f.level, levels))
	}
	if o.Seed, err = parseSeed(f.seed); err != nil {
		return o, err
	}
	o.Random = f.seed == randomSeed
	if o.Effort, err = judge.ParseEffort(f.effort); err != nil {
		return o, fmt.Errorf("--effort: %w", err)
	}
	return o, nil
}

// randomSeed is the value of --seed that draws one.
const randomSeed = "random"

// addSeed adds the flag of what generated inputs are drawn from.
func addSeed(cmd *cobra.Command, seed *string) {
	cmd.Flags().StringVar(seed, "seed", strconv.Itoa(judge.Seed), "what the inputs of relations and generated checks are drawn from: a `number`, or random, which is printed and can be given again")
}

// parseSeed returns the seed of --seed.
func parseSeed(text string) (uint32, error) {
	if text == randomSeed {
		return 1 + rand.Uint32N(math.MaxUint32), nil
	}
	seed, err := strconv.ParseUint(text, 10, 32)
	if err != nil || seed == 0 {
		return 0, fmt.Errorf("--seed: got %q, want random, or a number from 1 to 4294967295", text)
	}
	return uint32(seed), nil
}
