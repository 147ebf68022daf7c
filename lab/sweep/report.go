package sweep

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"lossproof/internal/words"
	"lossproof/tensor"
)

// Source says where results come from.
type Source struct {
	// Machine and Path say where and how the losses were computed.
	Machine, Path string
	// Port names the port that was measured; empty means the built-in losses.
	Port string `json:",omitempty"`
}

// Report has the results of what was measured; what was not is nil.
type Report struct {
	Source
	// Picture is the file of the plot, relative to the page that shows it.
	Picture string `json:",omitempty"`
	// Float32 has a result for each module.
	Float32 []*Result   `json:",omitempty"`
	Random  []RandomRow `json:",omitempty"`
	Sums    []SumRow    `json:",omitempty"`
}

// table is a table of a report, for a terminal or for Markdown.
type table struct {
	title  string
	notes  []string
	header []string
	rows   [][]string
}

// tables returns the tables of what was measured.
func (r *Report) tables() []table {
	var tables []table
	for _, result := range r.Float32 {
		tables = append(tables, result.table(r.subject()), result.histogram(r.subject()))
	}
	for _, name := range Modules() {
		if rows := rowsOf(name, r.Random); len(rows) > 0 {
			tables = append(tables, randomTable(titled(r.subject(), name), name, rows))
		}
	}
	if len(r.Sums) > 0 {
		tables = append(tables, sumTable(titled(r.subject(), "Means and sums"), r.Sums))
	}
	return tables
}

// titled puts what was measured in front of a title.
func titled(what, title string) string {
	if what == "" {
		return title
	}
	return what + ": " + title
}

// of names the module, of a port if it is not the built-in one.
func (r *Result) of(port string) string {
	if port == "" {
		return r.module().name
	}
	return r.module().name + " of " + port
}

// histogram returns the table of how many errors there are of which size.
func (r *Result) histogram(port string) table {
	t := table{
		title: titled(r.of(port), fmt.Sprintf("how often which error, %s, hard targets", r.dtype())),
		notes: []string{fmt.Sprintf("Results at finite %[1]s by their error in ULPs; each column has those that no column before it has, the last one those that are NaN or infinite. Each row adds up to the %[2]s finite %[1]s.",
			r.module().inputs, grouped(r.finite()))},
		header: []string{"output"},
	}
	for _, limit := range HistogramLimits {
		t.header = append(t.header, fmt.Sprintf("≤ %.8g", limit))
	}
	t.header = append(t.header, "more", "wrong class")
	for _, tally := range r.Tallies {
		row := []string{tally.Output}
		for _, n := range tally.Histogram {
			row = append(row, grouped(n))
		}
		t.rows = append(t.rows, append(row, grouped(tally.WrongFinite())))
	}
	return t
}

// module returns that of the result. One without a name is of the only module that there was when it was written.
func (r *Result) module() *module {
	if r.DType != "" {
		return halfModule(r.Module, r.DType)
	}
	if m, err := moduleOf(r.Module); err == nil {
		return m
	}
	return modules[0]
}

func (r *Result) dtype() tensor.DType {
	if r.DType == "" {
		return tensor.Float32
	}
	return r.DType
}

func (r *Result) table(port string) table {
	m := r.module()
	t := table{title: titled(r.of(port), string(r.dtype())+", hard targets"), header: []string{"output", "largest error (ULP)", "at the " + m.input, "result", "correctly rounded", "not correctly rounded"}}
	switch {
	case r.Complete:
		t.notes = append(t.notes, fmt.Sprintf("%s: %s, of which %s are finite; each with the targets 0 and 1.", m.every, grouped(r.Inputs), grouped(r.finite())))
	case r.Sample != "":
		t.notes = append(t.notes, fmt.Sprintf("%s %s, each with the targets 0 and 1: %s.", grouped(r.Inputs), m.inputs, r.Sample))
	default:
		t.notes = append(t.notes, fmt.Sprintf("INCOMPLETE: %s of the %s float32 %s, each with the targets 0 and 1.", grouped(r.Inputs), grouped(m.all()), m.inputs))
	}
	if m.note != "" {
		t.notes = append(t.notes, m.note)
	}
	for _, tally := range r.Tallies {
		row := []string{tally.Output, "0", "", "", percent(tally.CorrectShare()), grouped(tally.Finite - tally.Correct)}
		if w := tally.Worst; w != nil {
			row[1], row[2], row[3] = fmt.Sprintf("%.6f", w.ULP), w.Input.String(), fmt.Sprint(float32(w.Got))
		}
		if tally.WrongFinite() > 0 {
			row[1] += ", and wrong class"
		}
		t.rows = append(t.rows, row)
	}
	for _, tally := range r.Tallies {
		if tally.Zeros > 0 {
			t.notes = append(t.notes, fmt.Sprintf("ZERO: %s: %s results are 0 where the nearest number is not, from the %s %v on.", tally.Output, grouped(tally.Zeros), m.input, tally.FirstZero.Float()))
		}
		if tally.WrongClass > 0 {
			t.notes = append(t.notes, fmt.Sprintf("WRONG CLASS: %s: %s.", tally.Output, tally.wrongText()))
		}
	}
	if len(r.Variants) == 0 {
		return t
	}
	measured := fmt.Sprintf("Measured: %s.", r.Variants[0])
	if r.Inputs > r.finite() && !r.wrongBeyondFinite() {
		measured += fmt.Sprintf(" The %s NaN and infinite %s have the right results.", grouped(r.Inputs-r.finite()), m.inputs)
	}
	t.notes = append(t.notes, measured)
	different := map[string]bool{}
	for _, d := range r.Differences {
		t.notes = append(t.notes, "DIFFERENT: "+d.String()+".")
		different[d.Variant] = true
	}
	for _, v := range r.Variants[1:] {
		if !different[v] {
			t.notes = append(t.notes, fmt.Sprintf("The same results everywhere: %s.", v))
		}
	}
	return t
}

// finite returns the number of the finite inputs, which all outputs have in common.
func (r *Result) finite() uint64 {
	if len(r.Tallies) == 0 {
		return 0
	}
	return r.Tallies[0].Finite
}

// wrongBeyondFinite reports whether a NaN or infinite input has a result of a wrong class.
func (r *Result) wrongBeyondFinite() bool {
	return slices.ContainsFunc(r.Tallies, func(t NamedTally) bool { return t.WrongClass > t.WrongFinite() })
}

// rowsOf returns the rows of a module.
func rowsOf(module string, rows []RandomRow) []RandomRow {
	var of []RandomRow
	for _, r := range rows {
		if r.Module == module {
			of = append(of, r)
		}
	}
	return of
}

func randomTable(title, module string, rows []RandomRow) table {
	t := table{
		title:  title + ": random points",
		header: []string{"dtype", "setting", "output", "points", "largest error (ULP)", "limit", "at", "within 0.5 ULP"},
	}
	for _, text := range randomTexts[module] {
		t.notes = append(t.notes, strings.Join(strings.Fields(text), " "))
	}
	for _, r := range rows {
		t.rows = append(t.rows, []string{r.DType, r.Setting, r.Output, grouped(r.Points), mark(r.Max, 4, r.Limit), fmt.Sprint(r.Limit), r.At, percent(r.CorrectShare())})
	}
	return t
}

func sumTable(title string, rows []SumRow) table {
	t := table{title: title, header: []string{"module", "reduction", "dtype", "error (ULP)", "same bits"}}
	t.notes = []string{fmt.Sprintf("%s elements, tiled from %s distinct ones: logits of a normal distribution, for BCELoss their sigmoids; hard targets and one in eight soft, for CrossEntropyLoss the class indices of rows of 1000. The same bits: with GOMAXPROCS %s.",
		grouped(uint64(rows[0].Elements)), grouped(uint64(rows[0].Distinct)), strings.Trim(strings.Join(strings.Fields(fmt.Sprint(rows[0].Threads)), ", "), "[]"))}
	for _, r := range rows {
		same := "yes"
		if !r.Same {
			same = "NO"
		}
		t.rows = append(t.rows, []string{r.Module, r.Reduction, r.DType, mark(r.ULP, 4, r.limit()), same})
	}
	return t
}

// WriteText writes the report for a terminal of width columns, 0 for no end. A table that is wider has its rows as
// paragraphs, without what is 0.
func (r *Report) WriteText(w io.Writer, width int) error {
	var b strings.Builder
	for _, t := range r.tables() {
		fmt.Fprintf(&b, "%s\n", words.Wrap(t.title, width))
		for _, note := range t.notes {
			fmt.Fprintf(&b, "%s\n", words.Wrap("  "+note, width))
		}
		var text bytes.Buffer
		columns := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
		for _, row := range append([][]string{t.header}, t.rows...) {
			fmt.Fprintf(columns, "  %s\n", strings.Join(row, "\t"))
		}
		if err := columns.Flush(); err != nil {
			return err
		}
		fits := width == 0 || !slices.ContainsFunc(strings.Split(text.String(), "\n"), func(line string) bool { return utf8.RuneCountInString(line) > width })
		if !fits {
			text.Reset()
			for _, row := range t.rows {
				fmt.Fprintf(&text, "%s\n", words.Wrap("  "+t.sentence(row), width))
			}
		}
		fmt.Fprintf(&b, "%s\n", &text)
	}
	fmt.Fprintf(&b, "%s\n", words.Wrap(fmt.Sprintf("%s; losses: %s", r.Machine, r.Path), width))
	_, err := io.WriteString(w, b.String())
	return err
}

// sentence says what a row has.
func (t *table) sentence(row []string) string {
	var parts []string
	for i, cell := range row[1:] {
		if cell != "0" && cell != "" {
			parts = append(parts, t.header[i+1]+": "+cell)
		}
	}
	return row[0] + ": " + strings.Join(parts, "; ")
}

// The markers of the page between which the tables of the built-in losses stand.
const (
	beginMarker = "<!-- lossproof sweep: begin -->"
	endMarker   = "<!-- lossproof sweep: end -->"
)

// subject is what was measured: a port, or the Go kernels; empty means the built-in losses as the processor runs them.
func (r *Report) subject() string {
	if r.Port == "" && strings.HasPrefix(r.Path, goKernels) {
		return goKernels
	}
	return r.Port
}

// goKernels is what the path of the Go kernels begins with.
const goKernels = "the Go kernels"

// markers are those of the report: a port has a part of the page of its own, and so have the Go kernels.
func (r *Report) markers() (begin, end string) {
	name := r.subject()
	if name == "" {
		return beginMarker, endMarker
	}
	if r.Port != "" {
		name, _, _ = strings.Cut(name, " ")
	}
	return fmt.Sprintf("<!-- lossproof sweep of %s: begin -->", name), fmt.Sprintf("<!-- lossproof sweep of %s: end -->", name)
}

// UpdatePage returns the Markdown page with the tables of the report between its markers.
// Each marker must stand there once, alone on its line.
func (r *Report) UpdatePage(page []byte) ([]byte, error) {
	begin, end := r.markers()
	for _, m := range []string{begin, end} {
		if n := bytes.Count(page, []byte("\n"+m+"\n")); n != 1 {
			return nil, fmt.Errorf("got the line %q %d times, want it once", m, n)
		}
	}
	before, rest, _ := bytes.Cut(page, []byte(begin+"\n"))
	_, after, ok := bytes.Cut(rest, []byte(end+"\n"))
	if !ok {
		return nil, fmt.Errorf("got the line %q before %q", end, begin)
	}
	var b bytes.Buffer
	b.Write(before)
	fmt.Fprintf(&b, "%s\n\n", begin)
	for _, t := range r.tables() {
		fmt.Fprintf(&b, "## %s\n\n", t.title)
		for _, note := range t.notes {
			fmt.Fprintf(&b, "%s\n\n", note)
		}
		fmt.Fprintf(&b, "| %s |\n|%s\n", strings.Join(t.header, " | "), strings.Repeat("---|", len(t.header)))
		for _, row := range t.rows {
			fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		}
		b.WriteString("\n")
	}
	if r.Picture != "" {
		fmt.Fprintf(&b, "![%s](%s)\n\n", titled(r.subject(), "the largest errors along the axis of the logits"), r.Picture)
	}
	fmt.Fprintf(&b, "## %s\n\n%s. The losses were computed by %s.\n\n", titled(r.subject(), "Where this was measured"), r.Machine, r.Path)
	if misses := r.Misses(); len(misses) > 0 {
		b.WriteString("## What misses its limit\n\n")
		for _, m := range misses {
			fmt.Fprintf(&b, "- %s\n", m)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "%s\n", end)
	b.Write(after)
	return b.Bytes(), nil
}

// mark formats a number, in bold if it is above its limit.
func mark(v float64, digits int, limit float64) string {
	text := fmt.Sprintf("%.*f", digits, v)
	if !(v <= limit) {
		return "**" + text + "**"
	}
	return text
}

// percent formats a share; only all is written as 100 %, and a share of nothing as –.
func percent(share float64) string {
	if math.IsNaN(share) {
		return "–"
	}
	text := fmt.Sprintf("%.4f", 100*share)
	if text == "100.0000" && share < 1 {
		text = "> 99.9999"
	}
	if share == 1 {
		text = "100"
	}
	return text + " %"
}

// grouped writes a number with a space between groups of three digits.
func grouped(n uint64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + " " + text[i:]
	}
	return text
}
