package main

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/spf13/cobra"

	"lossproof/internal/drift"
	"lossproof/internal/resultfile"
	"lossproof/internal/words"
)

func (p *program) diffCommand() *cobra.Command {
	var slack float64
	var all bool
	cmd := &cobra.Command{
		Use:   "diff [flags] OLD.json NEW.json",
		Short: "What got worse between two results, errors in tolerance included",
		Long: `diff compares two result files of "lossproof run --json": outcomes, relations,
and the largest error of each output that passes in both. It ends with exit code 1 if an outcome is
worse or an error grew, though still in tolerance. Errors are those against the exact result, or
against PyTorch at --level reference and where there is no exact result.

Only cases whose content hash is the same in both are compared. What differs between the two
machines, ports and versions is named. A baseline has no effect: a known failure is a failure.`,
		Example: `  lossproof diff yesterday.json today.json
  lossproof diff --slack 0.5 x86.json arm.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("diff takes OLD.json and NEW.json, got %s", words.Plural(len(args), "argument", "arguments"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if !(slack >= 0) || math.IsInf(slack, 0) {
				return fmt.Errorf("--slack: got %v, want a number of ULPs, 0 or more", slack)
			}
			return p.diff(cmd.Context(), args[0], args[1], slack, all)
		},
	}
	cmd.Flags().Float64Var(&slack, "slack", 0, "the number of `ULPs` by which an error may grow")
	cmd.Flags().BoolVarP(&all, "all", "a", false, "list all changes, not only the first")
	return cmd
}

// maxChanges bounds what is listed of a kind, without --all.
const maxChanges = 20

func (p *program) diff(ctx context.Context, oldName, newName string, slack float64, all bool) error {
	old, err := resultfile.Read(ctx, oldName)
	if err != nil {
		return fmt.Errorf("diff: %w", err)
	}
	is, err := resultfile.Read(ctx, newName)
	if err != nil {
		return fmt.Errorf("diff: %w", err)
	}
	r, err := drift.Compare(old, is, slack)
	if err != nil {
		return fmt.Errorf("diff: %w", err)
	}
	limit := maxChanges
	if all {
		limit = math.MaxInt
	}
	w := p.page()
	fmt.Fprintf(w, "%s -> %s, level %s\n", oldName, newName, is.Level)
	for _, group := range []struct {
		title string
		list  []drift.Difference
	}{{"machine", r.Machines}, {"port", r.Port}, {"run", r.Run}} {
		for _, d := range group.list {
			fmt.Fprintf(w, "  %s, %s: %s -> %s\n", group.title, d.What, unknown(d.Was), unknown(d.Is))
		}
	}
	fmt.Fprintf(w, "compared: %s, %s, %s; not compared: %s whose content changed, %d only in the old result, %d only in the new one\n",
		words.Plural(r.Compared, "output or rejection", "outputs and rejections"), words.Plural(r.Relations, "relation", "relations"),
		words.Plural(r.Generated, "generated check", "generated checks"), words.Plural(len(r.Changed), "case", "cases"), r.OnlyOld, r.OnlyNew)
	for _, id := range r.Changed[:min(len(r.Changed), limit)] {
		fmt.Fprintf(w, "  %s\n", id)
	}
	writeMore(w, len(r.Changed), limit)
	writeChanges(w, "worse", r.Worse, limit)
	writeChanges(w, "better", r.Better, limit)
	writeGrowth(w, "errors that grew", r.Grew, limit)
	writeGrowth(w, "errors that shrank", r.Shrank, min(limit, 5))
	if r.Fails() {
		p.code = exitNotConformant
		fmt.Fprintf(w, "\nworse: %s, %s\n", words.Plural(len(r.Worse), "outcome", "outcomes"), words.Plural(len(r.Grew), "error", "errors"))
	} else {
		fmt.Fprintf(w, "\nnothing got worse\n")
	}
	return w.Flush()
}

func unknown(text string) string {
	if text == "" {
		return "unknown"
	}
	return text
}

func writeChanges(w *bufio.Writer, title string, changes []drift.Change, limit int) {
	if len(changes) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s: %d\n", title, len(changes))
	for _, c := range changes[:min(len(changes), limit)] {
		fmt.Fprintf(w, "  %s: %s -> %s\n", c.ID, c.Was, c.Is)
	}
	writeMore(w, len(changes), limit)
}

func writeGrowth(w *bufio.Writer, title string, list []drift.Growth, limit int) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s: %d\n", title, len(list))
	ulp := func(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
	for _, g := range list[:min(len(list), limit)] {
		fmt.Fprintf(w, "  %s: %s -> %s ULP against %s, %.2g of what is allowed\n", g.ID, ulp(g.Was), ulp(g.Is), g.Against, g.Headroom)
	}
	writeMore(w, len(list), limit)
}

func writeMore(w *bufio.Writer, n, limit int) {
	if n > limit {
		fmt.Fprintf(w, "  and %d more (--all lists them)\n", n-limit)
	}
}
