package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/spf13/cobra"

	"lossproof/fixtures"
	"lossproof/internal/diagnosis"
	"lossproof/internal/prose"
	"lossproof/internal/report"
	"lossproof/internal/words"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/ports/wire"
	"lossproof/tensor"
)

type reproFlags struct {
	portFlags
	askFlags
	request, issue, history bool
	snippet                 bool
}

func (p *program) reproCommand() *cobra.Command {
	var f reproFlags
	cmd := &cobra.Command{
		Use:   "repro [flags] ID [-- COMMAND ARG...]",
		Short: "Run one case, and print all that it takes to look into it",
		Long: `repro asks a port one case, without a command the built-in Go losses. It prints the command that does
so again, the request, where the arrays lie, a PyTorch snippet that runs as printed, for each
output the element with the largest error (got, exact and reference side by side, in decimal and in
hexadecimal), and the known mistake that explains what is wrong. That is of one case alone, which many
mistakes may explain: run holds them against all cases. It asks a case outside the claim too. Of a
relation or generated check that fails, the requests and the snippet are those of the counterexample.`,
		Example: `  lossproof repro BCEWithLogitsLoss/blog_example/f32-none
  lossproof repro 'BCEWithLogitsLoss/extreme_logits/f32-none-moderate-t-0#loss' -- python3 port.py
  lossproof repro --issue BCELoss/weights/f32-none-class -- ./port
  lossproof repro --snippet BCELoss/weights/f32-none-class -- python3 port.py | python3 -
  lossproof repro --request BCELoss/relations/mean -- ./port | ./port`,
		Args: func(cmd *cobra.Command, args []string) error {
			before := len(args)
			if at := cmd.ArgsLenAtDash(); at >= 0 {
				before = at
			}
			if before != 1 {
				return fmt.Errorf("repro takes one ID, got %d; the command of a port stands behind --", before)
			}
			return notNothing(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.repro(cmd, f, args[0], args[1:])
		},
	}
	f.portFlags.add(cmd)
	f.askFlags.add(cmd)
	p.completeIDs(cmd)
	cmd.Flags().BoolVar(&f.history, "history", false, "ask everything first that run asks before it: answers may depend on earlier calls")
	cmd.Flags().BoolVar(&f.request, "request", false, "print the requests alone: of a relation or generated check those of its counterexample")
	cmd.Flags().BoolVar(&f.issue, "issue", false, "print a report for those who maintain the library, in Markdown")
	cmd.Flags().BoolVar(&f.snippet, "snippet", false, "print a program alone that makes the call by the library itself, where the port gives one")
	cmd.MarkFlagsMutuallyExclusive("request", "issue", "snippet")
	return cmd
}

func (p *program) repro(cmd *cobra.Command, f reproFlags, id string, command []string) error {
	options, err := f.options()
	if err != nil {
		return err
	}
	set, err := p.open()
	if err != nil {
		return err
	}
	check, err := findCheck(set, id)
	if err != nil {
		return err
	}
	calls, err := check.Calls(options.Seed)
	if err != nil {
		return err
	}
	port, end, err := p.openPort(cmd, f.portFlags, command)
	if err != nil {
		return err
	}
	defer end()
	w := bufio.NewWriter(p.stdout)
	wrap := func(text string) string { return words.Wrap(text, terminalColumns(p.stdout)) }
	c := check.Recorded
	callsAlone := func() error {
		if f.request {
			return errors.Join(writeRequests(w, calls), w.Flush())
		}
		description, err := port.Describe(cmd.Context())
		if err != nil {
			return err
		}
		return errors.Join(writeSnippets(w, description, calls), w.Flush())
	}
	alone := f.request || f.snippet
	if alone && c != nil {
		return callsAlone()
	}
	if !alone && !f.issue {
		fmt.Fprintf(w, "%s\n", wrap(fmt.Sprintf("%s\n%s (%s): %s", check.ID, check.Rule.ID, check.Rule.Requirement, check.Rule.Statement)))
		reproHead(w, check, options, command)
	}
	if c != nil && !f.issue {
		if err := reproCalls(w, set, check, calls); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil { // what is known, before a port that may hang
		return err
	}
	collector := diagnosis.New(set)
	options.Fixtures, options.Observe = set, collector.Observe
	result, answer, err := askOne(cmd.Context(), port, check, options, f.history)
	if err != nil {
		return err
	}
	if result.Outcome.Gating() && result.Gates {
		p.code = exitNotConformant
	}
	if len(result.Counterexample) > 0 {
		calls = result.Counterexample
	} else if result.Outcome == judge.Pass {
		switch check.Kind {
		case judge.Relation:
			fmt.Fprintf(p.stderr, "lossproof: the relation holds on %s: the calls are those of the first\n", words.Plural(result.Samples, "input", "inputs"))
		case judge.Generated:
			fmt.Fprintf(p.stderr, "lossproof: the generated check passes on %s: the one below is another\n", words.Plural(result.Samples, "call", "calls"))
		}
	}
	if alone {
		return callsAlone()
	}
	if f.issue {
		return p.reproIssue(cmd.Context(), w, set, port, collector, check, result, calls, options.Level)
	}
	fmt.Fprintf(w, "\n# the answer\n")
	switch {
	case result.Outcome == judge.Unsupported, result.Outcome == judge.NotRun:
		fmt.Fprintf(w, "%s\n", wrap(fmt.Sprintf("%s: %s", result.Outcome, result.Message)))
	case result.Outcome.Failing():
		fmt.Fprintf(w, "%s\n", wrap(report.Failure(result)))
	case result.Rejection:
		fmt.Fprintf(w, "%s: refused, as PyTorch does\n", result.Outcome)
	default:
		fmt.Fprintf(w, "%s\n", result.Outcome)
	}
	if c != nil && result.Outcome == judge.Pass && !f.history {
		fmt.Fprintln(p.stderr, "lossproof: it passes when asked alone. Where it failed in a run, --history asks the calls before it too")
	}
	if c == nil {
		if err := reproCalls(w, set, check, calls); err != nil {
			return err
		}
	} else {
		for _, name := range c.OutputNames() {
			if got, ok := answer.Outputs[name]; ok {
				if err := writeWorst(w, set, c, name, got); err != nil {
					return err
				}
			}
		}
	}
	if err := w.Flush(); err != nil { // the diagnosis asks the port again
		return err
	}
	one := &judge.Result{Level: string(options.Level)}
	if err := collector.Diagnose(cmd.Context(), port, one); err != nil {
		return err
	}
	if text := prose.Diagnosis(one); text != "" {
		fmt.Fprintf(w, "\n# the diagnosis, of this case alone\n%s\n", wrap(text))
	}
	return w.Flush()
}

// reproIssue writes a report of what fails, nothing where nothing does.
func (p *program) reproIssue(ctx context.Context, w *bufio.Writer, set *fixtures.Set, port ports.Port, collector *diagnosis.Collector,
	check *judge.Check, result judge.CheckResult, calls []ports.Call, level verdict.Level,
) error {
	if !result.Outcome.Failing() {
		fmt.Fprintf(p.stderr, "lossproof: %s: %s: there is nothing to report\n", check.ID, result.Outcome)
		return nil
	}
	description, err := port.Describe(ctx)
	if err != nil {
		return err
	}
	one := &judge.Result{Level: string(level)}
	if err := collector.Diagnose(ctx, port, one); err != nil {
		return err
	}
	return errors.Join(writeIssue(w, set, description, check, result, one, calls), w.Flush())
}

// askOne makes one check, and returns the last answer too. Outside its claim a port is asked a recorded
// case all the same, for every output.
func askOne(ctx context.Context, port ports.Port, c *judge.Check, options judge.Options, history bool) (judge.CheckResult, ports.Answer, error) {
	kept := &keeping{Port: port}
	if history {
		if err := askBefore(ctx, kept, c, options); err != nil {
			return judge.CheckResult{}, ports.Answer{}, err
		}
	}
	j, err := judge.New(ctx, kept, options)
	if err != nil {
		return judge.CheckResult{}, ports.Answer{}, err
	}
	result, err := j.Check(ctx, c)
	if err == nil && result.Outcome == judge.Unsupported && c.Recorded != nil {
		var calls []ports.Call
		if calls, err = c.Calls(0); err == nil {
			kept.last, err = port.Evaluate(ctx, calls[0])
		}
	}
	return result, kept.last, err
}

// askBefore makes the checks that a run makes before one.
func askBefore(ctx context.Context, port ports.Port, c *judge.Check, options judge.Options) error {
	options.Observe = nil
	j, err := judge.New(ctx, port, options)
	if err != nil {
		return err
	}
	for _, before := range j.Checks() {
		if before.ID == c.ID {
			break
		}
		if _, err := j.Check(ctx, before); err != nil {
			return err
		}
	}
	return nil
}

// keeping is a port that keeps the last answer.
type keeping struct {
	ports.Port
	last ports.Answer
}

// Evaluate implements [ports.Port].
func (k *keeping) Evaluate(ctx context.Context, call ports.Call) (ports.Answer, error) {
	answer, err := k.Port.Evaluate(ctx, call)
	k.last = answer
	return answer, err
}

// maxRequest is the length of a request that is printed.
const maxRequest = 4000

// reproHead writes how to make a check again.
func reproHead(w *bufio.Writer, c *judge.Check, options judge.Options, command []string) {
	more := []string{"-v"}
	if c.Rule.Requirement == fixtures.Quirk {
		more = append(more, "--quirks")
	}
	if c.Kind != judge.Case {
		more = append(more, "--seed", strconv.FormatUint(uint64(options.Seed), 10))
	}
	if c.Kind == judge.Generated {
		more = append(more, "--effort", string(options.Effort))
	}
	fmt.Fprintf(w, "\n# run it again\n%s\n", report.ShellQuote(report.Again(c.ID, string(options.Level), more, command)))
}

// reproCalls writes the requests, where the arrays of a recorded case lie, and a snippet.
func reproCalls(w *bufio.Writer, set *fixtures.Set, check *judge.Check, calls []ports.Call) error {
	first := int64(1)
	if check.Recorded != nil {
		first = requestID(set, check.ID)
	}
	fmt.Fprintf(w, "\n# the request\n")
	for i, call := range calls {
		line, err := wire.EncodeRun(first+int64(i), call)
		if err != nil {
			return err
		}
		if len(line) <= maxRequest || check.Recorded == nil {
			fmt.Fprintf(w, "%s\n", line)
		} else {
			fmt.Fprintf(w, "%s   (%d bytes)\n", report.ShellQuote([]string{"lossproof", "show", "--request", check.ID}), len(line))
		}
	}
	if c := check.Recorded; c != nil {
		reproArrays(w, c)
	}
	snippet(w, set.TorchVersion(), calls, check.Recorded)
	return nil
}

// reproArrays writes where the arrays of a case lie.
func reproArrays(w *bufio.Writer, c *fixtures.Case) {
	fmt.Fprintf(w, "\n# the arrays: [i] is the index along the first axis; lossproof fixtures extract fixtures\n")
	folder := fixturesFolder(c)
	for _, name := range c.InputNames() {
		fmt.Fprintf(w, "%-28s %s%s\n", name, folder, formatRef(c.Inputs[name]))
	}
	for _, name := range c.OutputNames() {
		output := c.Outputs[name]
		for _, role := range output.Roles() {
			fmt.Fprintf(w, "%-28s %s%s\n", name+" "+string(role), folder, formatRef(output[role]))
		}
	}
}

// fixturesFolder is where the arrays of a case lie in an extracted copy.
func fixturesFolder(c *fixtures.Case) string { return "fixtures/" + c.Module + "/" + c.Topic + "/" }

// writeWorst writes the element of an output with the largest error, side by side.
func writeWorst(w *bufio.Writer, set *fixtures.Set, c *fixtures.Case, name string, got tensor.Tensor) error {
	want, err := set.Expected(c, name)
	if err != nil {
		return err
	}
	v := verdict.Compare(got, want)
	if v.Mismatch != "" || v.Err != nil || v.Elements == 0 {
		return nil //nolint:nilerr // the message of the failure says what is wrong
	}
	i := worstElement(&v)
	r := want.Reference
	fmt.Fprintf(w, "\n%s: %d elements, agrees: %s; the worst is %s\n", name, v.Elements, v.Agrees, verdict.FormatIndex(r.Shape, i))
	rows := [][]string{{"", "decimal", "hexadecimal", "bits", "off by", "allowed"}}
	g := got.Float64(i)
	row := func(name string, x, off, allowed float64) {
		if x == g { // infinities too
			off = 0
		}
		cells := []string{name, tensor.FormatNumber(x, r.DType), formatHex(r.DType, x), formatBits(r.DType, x), "", ""}
		if !math.IsNaN(allowed) {
			cells[4], cells[5] = formatAllowed(off), formatAllowed(allowed)
		}
		rows = append(rows, cells)
	}
	row("got", g, 0, math.NaN())
	if want.Exact != nil && !math.IsNaN(want.Tolerance[i]) {
		low := 0.0
		if want.ExactLow != nil {
			low = want.ExactLow[i]
		}
		row("exact", want.Exact[i], (g-want.Exact[i])-low, want.Tolerance[i])
		if r.DType != tensor.Float64 { // the oracle is more exact than the dtype
			last := rows[len(rows)-1]
			last[1], last[2] = formatFloat(want.Exact[i]), strconv.FormatFloat(want.Exact[i], 'x', -1, 64)
		} else if low != 0 {
			rows[len(rows)-1][1] += fmt.Sprintf(" %+.3g", low)
		}
	} else {
		rows = append(rows, []string{"exact", "none"})
	}
	row("reference", r.Float64(i), g-r.Float64(i), want.Parity[i])
	writeRows(w, rows)
	return nil
}

// worstElement returns the element with the largest share of what is allowed of the exact
// result, or of the reference where there is none.
func worstElement(v *verdict.Result) int {
	for _, wrong := range []verdict.Wrong{v.ByBoth, v.ByOracle} {
		if len(wrong.First) > 0 && v.FromOracle.Headroom.Index < 0 {
			return wrong.First[0].Index
		}
	}
	if i := v.FromOracle.Headroom.Index; i >= 0 {
		return i
	}
	return max(v.FromReference.Headroom.Index, 0)
}

// formatHex writes a number as C's %a does.
func formatHex(dtype tensor.DType, x float64) string {
	if dtype == tensor.Float32 {
		return strconv.FormatFloat(x, 'x', -1, 32)
	}
	return strconv.FormatFloat(x, 'x', -1, 64)
}

// formatBits writes the bits of a number, rounded to its dtype.
func formatBits(dtype tensor.DType, x float64) string {
	if dtype == tensor.Float32 {
		return fmt.Sprintf("0x%08x", math.Float32bits(float32(x)))
	}
	return fmt.Sprintf("0x%016x", math.Float64bits(x))
}
