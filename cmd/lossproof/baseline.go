package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"lossproof/fixtures"
	"lossproof/internal/baseline"
	"lossproof/internal/infile"
	"lossproof/internal/outfile"
	"lossproof/internal/suggest"
	"lossproof/internal/words"
	"lossproof/judge"
	"lossproof/judge/verdict"
)

// The ways to update a baseline.
const (
	updateRemove = "remove"
	updateAdd    = "add"
)

type baselineFlags struct {
	file, update string
}

func (f *baselineFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.file, "baseline", "", "the `file` of the known failures, which do not gate")
	flags.StringVar(&f.update, "update-baseline", "", "remove the entries that pass from the baseline; with =`add`, add what fails too, with the reasons that the diagnosis finds")
	flags.Lookup("update-baseline").NoOptDefVal = updateRemove
}

func (f *baselineFlags) check(maxFail int) error {
	switch {
	case f.update == "":
		return nil
	case f.update != updateRemove && f.update != updateAdd:
		return fmt.Errorf("--update-baseline: got %q, want nothing or =add%s", f.update, suggest.Hint(f.update, []string{updateAdd}))
	case f.file == "":
		return errors.New("--update-baseline: there is no baseline: want --baseline FILE too")
	case maxFail > 0:
		return errors.New("--update-baseline: a run that --max-fail ends is not complete, and no baseline can be made of it")
	}
	return nil
}

// baselineRun is a baseline in a run; nil where there is none.
type baselineRun struct {
	baselineFlags
	set      *fixtures.Set
	baseline *baseline.Baseline
	was      []byte // the file as it was read
	out      *outfile.File
	asked    int
	shrank   []string
}

// open reads the baseline, before anything is asked.
func (f baselineFlags) open(ctx context.Context, paths *outfile.Paths, set *fixtures.Set, level verdict.Level) (*baselineRun, error) {
	if f.file == "" {
		return nil, nil
	}
	r := &baselineRun{baselineFlags: f, set: set}
	var err error
	r.was, err = infile.Read(ctx, f.file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && f.update == updateAdd:
		r.baseline, err = baseline.New(level), nil
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("%w (--update-baseline=add makes one)", err)
	case err == nil:
		if r.baseline, err = baseline.Parse(r.was); err == nil {
			err = r.baseline.CheckLevel(level)
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", f.file, err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("--baseline: %w", err)
	}
	if f.update == "" {
		return r, paths.Input("--baseline", f.file)
	}
	r.out, err = paths.Output("--baseline", f.file, nil)
	return r, err
}

// known returns what the judge is to know.
func (r *baselineRun) known() map[string]judge.Known {
	if r == nil {
		return nil
	}
	return r.baseline.ForJudge(r.set)
}

// check holds the baseline against the claim.
func (r *baselineRun) check(j *judge.Judge) error {
	if r == nil {
		return nil
	}
	asks, err := j.Asks()
	if err != nil {
		return err
	}
	for id := range asks {
		if c, err := r.set.Case(id); err != nil || c.Rejection == nil {
			r.asked++
		}
	}
	r.shrank = r.baseline.ClaimShrank(j.Result().Claim, r.asked, r.set.Version())
	if r.update != "" {
		return nil // it will be without such entries
	}
	if err := r.baseline.CheckEntries(r.set, asks, len(r.shrank) > 0); err != nil {
		return fmt.Errorf("--baseline: %s: %w", r.file, err)
	}
	return nil
}

// finish updates the baseline, where that is wanted, and says in the result how the port
// holds against it.
func (r *baselineRun) finish(p *program, j *judge.Judge, result *judge.Result) (*judge.Result, error) {
	if r == nil {
		return result, nil
	}
	var err error
	if r.update != "" {
		err = r.updateFile(p, result)
	}
	result.Baseline = r.baseline.Info(result.Fixtures.Version, r.shrank)
	result = j.Rebase(result, r.known())
	for _, line := range r.shrank {
		fmt.Fprintf(p.stderr, "lossproof: claim-shrank: %s\n", line)
	}
	if ids := result.Baseline.WithoutReason; len(ids) > 0 {
		gate := 0
		for _, c := range result.Checks() {
			if c.NeedsReason() {
				gate++
			}
		}
		why := ""
		if gate > 0 {
			why = "; " + words.Plural(gate, "check of a should rule gates until it has one", "checks of should rules gate until they have one")
		}
		fmt.Fprintf(p.stderr, "lossproof: warning: %s: %s no reason, the first is %s%s\n", r.file, words.Plural(len(ids), "entry has", "entries have"), ids[0], why)
	}
	for _, note := range result.Baseline.Notes {
		fmt.Fprintf(p.stderr, "lossproof: warning: %s: %s\n", r.file, note)
	}
	return result, err
}

func (r *baselineRun) updateFile(p *program, result *judge.Result) error {
	switch {
	case !result.Complete || result.Summary.NotRun > 0:
		return fmt.Errorf("--update-baseline: %s is as it was: not all cases were run", r.file)
	case result.Summary.Cases[judge.SuiteError]+result.Summary.Relations[judge.SuiteError]+result.Summary.Generated[judge.SuiteError] > 0:
		return fmt.Errorf("--update-baseline: %s is as it was: the suite is at fault (suite-error)", r.file)
	}
	updated, changes := r.baseline.Update(r.set, result, r.asked, r.update == updateAdd)
	text, err := updated.Encode()
	if err == nil {
		err = r.out.Update(r.was, text)
	}
	if err != nil {
		return fmt.Errorf("--update-baseline: %w", err)
	}
	fmt.Fprintf(p.stderr, "lossproof: %s: %s, %d added, %d removed\n", r.file, words.Plural(len(updated.Known), "id or pattern", "ids and patterns"), changes.Added, changes.Removed)
	r.baseline = updated
	r.shrank = updated.ClaimShrank(result.Claim, r.asked, result.Fixtures.Version)
	return nil
}
