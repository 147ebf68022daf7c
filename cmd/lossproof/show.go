package main

import (
	"bufio"
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"lossproof/fixtures"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/ports/wire"
	"lossproof/tensor"
)

func (p *program) showCommand() *cobra.Command {
	var request bool
	var seed string
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "One case: its call, what is expected and how exactly, and where the arrays lie; or what another name means",
		Long: `show prints a case: its rule, its options and inputs, and for each output what is expected, how
exactly, and in which files the arrays lie; or a relation or a generated check: its rule, its domain,
and the calls on an input that is generated from the seed. For MODULE/TOPIC/ it lists the cases of the topic. What else
lossproof names, a rule, a divergence or an outcome, it shows as explain does.`,
		Example: `  lossproof show BCEWithLogitsLoss/blog_example/f32-mean
  lossproof show BCEWithLogitsLoss/relations/symmetry
  lossproof show BCEWithLogitsLoss/shapes/
  lossproof show --request BCEWithLogitsLoss/blog_example/f32-mean | python3 port.py`,
		Args: exactArg("ID"),
		RunE: func(_ *cobra.Command, args []string) error {
			set, err := p.open()
			if err != nil {
				return err
			}
			number, err := parseSeed(seed)
			if err != nil {
				return err
			}
			return p.show(set, args[0], number, request)
		},
	}
	p.completeIDs(cmd)
	cmd.Flags().BoolVar(&request, "request", false, "print the lines that ask a port this case")
	addSeed(cmd, &seed)
	return cmd
}

// show shows what an id or a name stands for.
func (p *program) show(set *fixtures.Set, id string, seed uint32, request bool) error {
	w := p.page()
	if request { // lines of JSON
		w = bufio.NewWriter(p.stdout)
	}
	if checks := checksBelow(set, id); len(checks) > 0 && !request {
		listChecks(w, checks)
		return w.Flush()
	}
	c, err := findCheck(set, id)
	if err != nil {
		if !request && !strings.Contains(id, "/") && explain(w, set, id) == nil {
			return w.Flush()
		}
		return err
	}
	calls, err := c.Calls(seed)
	switch {
	case err != nil:
	case request:
		err = writeRequests(w, calls)
	default:
		err = show(w, set, c, calls, seed)
	}
	if err != nil {
		return err
	}
	return w.Flush()
}

// checksBelow returns the checks of a folder, Module or Module/topic, with or without a slash at its
// end.
func checksBelow(set *fixtures.Set, folder string) []*judge.Check {
	prefix := strings.TrimSuffix(folder, "/") + "/"
	return slices.DeleteFunc(judge.Checks(set), func(c *judge.Check) bool { return !strings.HasPrefix(c.ID, prefix) })
}

// writeRequests writes run requests, with ids from 1.
func writeRequests(w *bufio.Writer, calls []ports.Call) error {
	for i, call := range calls {
		line, err := wire.EncodeRun(int64(i+1), call)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\n", line)
	}
	return nil
}

// Bounds of what show prints.
const (
	maxValues = 32 // of an input
	maxRows   = 16 // of an output
)

func show(w *bufio.Writer, set *fixtures.Set, check *judge.Check, calls []ports.Call, seed uint32) error {
	rule := check.Rule
	fmt.Fprintf(w, "%s\n", check.ID)
	fmt.Fprintf(w, "  rule     %s (%s): %s\n", rule.ID, rule.Requirement, rule.Statement)
	if len(check.Also) > 0 {
		fmt.Fprintf(w, "  also     %s\n", strings.Join(check.Also, ", "))
	}
	fmt.Fprintf(w, "  basis    %s: %s %s\n", rule.Basis.Kind, rule.Basis.Text, rule.Basis.Link)
	fmt.Fprintf(w, "  since    %s\n", check.Since)
	c := check.Recorded
	if c == nil {
		writeDomain(w, check, "  ", 7)
		for i, call := range calls {
			which := "the first input"
			if check.Kind == judge.Generated {
				which = "an input"
			}
			fmt.Fprintf(w, "\ncall %d of %s from seed %d: %s of %s\n", i+1, which, seed, strings.Join(call.Want, ", "), call.Module)
			fmt.Fprintf(w, "  options  %s\n", cmp.Or(call.Options.String(), "none given"))
			writeInputs(w, call, nil)
		}
		return nil
	}
	if c.Note != "" {
		fmt.Fprintf(w, "  note     %s\n", c.Note)
	}
	fmt.Fprintf(w, "  options  %s\n", cmp.Or(c.Options.String(), "none given"))
	fmt.Fprintf(w, "  files    %s/%s/ of the fixtures (lossproof fixtures extract DIR); [i] is the index in a file\n", c.Module, c.Topic)
	fmt.Fprintf(w, "\ninputs\n")
	writeInputs(w, calls[0], c)
	if c.Rejection != nil {
		fmt.Fprintf(w, "\nPyTorch refuses the call (kind %s):\n  %s: %s\n", c.Rejection.Kind, c.Rejection.Error, strings.ReplaceAll(c.Rejection.Message, "\n", "\n  "))
		return nil
	}
	for _, name := range c.OutputNames() {
		if err := showOutput(w, set, c, name); err != nil {
			return err
		}
	}
	return nil
}

// writeInputs writes the tensors of a call; of a recorded case also where they lie.
func writeInputs(w *bufio.Writer, call ports.Call, c *fixtures.Case) {
	for _, name := range ports.Present(ports.InputNames(), call.Inputs) {
		t, place := call.Inputs[name], ""
		if c != nil {
			place = "  " + formatRef(c.Inputs[name])
		}
		fmt.Fprintf(w, "  %s  %s %s%s\n", name, t.DType, tensor.FormatShape(t.Shape), place)
		writeValues(w, t)
	}
}

func showOutput(w *bufio.Writer, set *fixtures.Set, c *fixtures.Case, name string) error {
	e, err := set.Expected(c, name)
	if err != nil {
		return err
	}
	r := e.Reference
	fmt.Fprintf(w, "\n%s  %s %s\n", name, r.DType, tensor.FormatShape(r.Shape))
	output := c.Outputs[name]
	for _, role := range output.Roles() {
		fmt.Fprintf(w, "  %-19s  %s\n", role, formatRef(output[role]))
	}
	// Would the reference itself pass?
	result := verdict.Compare(r, e)
	if result.Err == nil && !result.Pass(verdict.Exact) {
		fmt.Fprintf(w, "  PyTorch is not exact here: %d of %d elements are beyond the tolerance\n", result.ByOracle.Count, result.Elements)
	}
	n := r.Len()
	header := []string{"at", "reference", "parity", "exact", "tolerance"}
	if e.MayOverflow != nil {
		header = append(header, "may overflow")
	}
	if e.Published != nil {
		header = append(header, "published", "within")
	}
	rows := [][]string{header}
	for i := range min(n, maxRows) {
		row := []string{verdict.FormatIndex(r.Shape, i), r.Text(i), formatAllowed(e.Parity[i]), "none", "-"}
		if e.Exact != nil && !math.IsNaN(e.Tolerance[i]) {
			row[3], row[4] = formatFloat(e.Exact[i]), formatAllowed(e.Tolerance[i])
			if e.ExactLow != nil && e.ExactLow[i] != 0 {
				row[3] += fmt.Sprintf(" %+.3g", e.ExactLow[i])
			}
		}
		if e.MayOverflow != nil {
			row = append(row, strconv.FormatBool(e.MayOverflow[i]))
		}
		if e.Published != nil {
			row = append(row, formatFloat(e.Published[i]), formatAllowed(e.PublishedTolerance[i]))
		}
		rows = append(rows, row)
	}
	writeRows(w, rows)
	if n > maxRows {
		fmt.Fprintf(w, "  … %d more\n", n-maxRows)
	}
	return nil
}

// writeRows lines up cells.
func writeRows(w *bufio.Writer, rows [][]string) {
	widths := map[int]int{}
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			fmt.Fprintf(&line, "  %-*s", widths[i], cell)
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

// writeValues writes the first elements of a tensor, a line for each row of its last
// dimension.
func writeValues(w *bufio.Writer, t tensor.Tensor) {
	n := t.Len()
	columns := 1
	if rank := len(t.Shape); rank > 0 {
		columns = max(1, t.Shape[rank-1])
	}
	shown := min(n, maxValues)
	for i := range shown {
		if i%columns == 0 {
			fmt.Fprintf(w, "    ")
		}
		fmt.Fprintf(w, "%s", t.Text(i))
		if i%columns == columns-1 || i == shown-1 {
			fmt.Fprintln(w)
		} else {
			fmt.Fprintf(w, " ")
		}
	}
	if n > shown {
		fmt.Fprintf(w, "    … %d more\n", n-shown)
	}
}

// formatRef writes where an array lies: file[index], and what it is converted to.
func formatRef(ref fixtures.ArrayRef) string {
	text := fmt.Sprintf("%s[%d]", ref.File, ref.Index)
	if ref.Convert != "" {
		text += " as " + string(ref.Convert)
	}
	return text
}

func formatFloat(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// formatAllowed writes a tolerance, of which nobody needs all digits.
func formatAllowed(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }
