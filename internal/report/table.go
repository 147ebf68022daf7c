package report

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"lossproof/judge"
	"lossproof/tensor"
)

// row is a line of the table of topics: of a topic, of all of a module, or the name of a module.
type row struct {
	name    string
	heading bool
	counts  judge.Counts
	// cases counts all, failing those that gate and quirks those that do not.
	cases, failing, quirks int
	// where is the place of the largest error.
	where string
	// of is the module of a row about one at the end of a report.
	of judge.ModuleSummary
}

// newRow returns a row. failing counts the failing cases that gate, the others are quirks; prefix is left out of the
// place of the largest error.
func newRow(name string, n judge.Counts, failing int, prefix string) row {
	r := row{name: name, counts: n, failing: failing, quirks: -failing}
	for outcome, count := range n.Cases {
		r.cases += count
		if outcome.Failing() {
			r.quirks += count
		}
	}
	if n.Worst != nil {
		r.where = strings.TrimPrefix(n.Worst.ID, prefix) + " " + tensor.FormatShape(n.Worst.Element)
	}
	return r
}

// failingOf counts the failing cases of a module that gate.
func failingOf(s judge.Summary, module string) int {
	n := 0
	for _, topic := range s.Topics {
		if topic.Module == module {
			n += topic.Failing
		}
	}
	return n
}

// column is a column of the table of topics.
type column struct {
	title string
	cell  func(row) string
	// always says that the column is there also where it has none alone.
	always bool
	// gives says how soon the column gives way on a narrow terminal: the largest first, 0 never.
	gives  int
	legend string
}

// none is the cell of a number that is 0.
const none = "-"

func number(i int) string {
	if i == 0 {
		return none
	}
	return strconv.Itoa(i)
}

// outcome returns a cell with the number of cases of an outcome.
func outcome(o judge.Outcome) func(row) string {
	return func(r row) string { return number(r.counts.Cases[o]) }
}

// agrees returns a cell with the number of outputs that agree in one of some ways.
func agrees(ways ...string) func(row) string {
	return func(r row) string {
		n := 0
		for _, way := range ways {
			n += r.counts.Agrees[way]
		}
		return number(n)
	}
}

// columns are those of the table of topics. "torch" and "exact" count the outputs that agree with PyTorch and with
// mathematics in all elements; those in "both" are in either.
var columns = []column{
	{title: "", always: true, cell: func(r row) string { return r.name }},
	{title: "cases", always: true, cell: func(r row) string { return number(r.cases) }},
	{title: "pass", always: true, cell: outcome(judge.Pass)},
	{title: "fail", always: true, cell: func(r row) string { return number(r.failing - r.counts.Cases[judge.Fixed]) }},
	{title: "fixed", cell: outcome(judge.Fixed), legend: "fixed: cases that pass and that the baseline has as failing"},
	{title: "known", cell: outcome(judge.KnownFailure), legend: "known: cases that fail as the baseline says"},
	{title: "quirk", cell: func(r row) string { return number(r.quirks) },
		legend: "quirk: cases that record a quirk of PyTorch which the port does not have; they do not count as failures"},
	{title: "not run", cell: outcome(judge.NotRun), legend: "not run: cases that were to be asked, and were not"},
	{title: "unsup.", gives: 4, cell: outcome(judge.Unsupported), legend: "unsup.: cases outside what the port claims, which were not asked"},
	{title: "outputs", gives: 7, cell: func(r row) string { return number(r.counts.OutputsAsked) },
		legend: "outputs: losses and gradients that were asked for; a call that is refused has none to compare"},
	{title: "torch", gives: 3, cell: agrees("both", "torch"), always: true},
	{title: "exact", gives: 3, cell: agrees("both", "exact"), always: true, legend: "torch, exact: outputs that agree in every element with PyTorch, with the exact result; " +
		"where there is none (a mean over nothing, a weight that is not finite) PyTorch alone counts, at level exact too"},
	{title: "both", gives: 8, cell: agrees("both"), legend: "both: outputs that agree with both, and are counted under torch and under exact"},
	{title: "mixed", gives: 6, cell: agrees("mixed"),
		legend: "mixed: outputs whose elements agree with PyTorch or with the exact result, but not all with the same one"},
	{title: "neither", gives: 5, cell: agrees("neither")},
	{title: "worst ULP", gives: 2, always: true, cell: func(r row) string {
		if r.counts.Worst == nil {
			return ""
		}
		return formatULP(r.counts.Worst.ULP)
	}, legend: "worst ULP: the largest error against the exact result; inf/NaN: where one of the two is infinite or NaN, and the other is not"},
	{title: "where", gives: 9, cell: func(r row) string { return r.where }},
}

// telling returns those of some columns that say something of one of the rows.
func telling(columns []column, rows []row) []column {
	return slices.DeleteFunc(slices.Clone(columns), func(c column) bool {
		return !c.always && !slices.ContainsFunc(rows, func(r row) bool { return !r.heading && c.cell(r) != none && c.cell(r) != "" })
	})
}

// fit lines up rows in as many of some columns as width has room for, 0 for all, and returns the columns and the lines,
// the titles first.
func fit(columns []column, rows []row, width int) (shown []column, lines []string) {
	shown = slices.Clone(columns)
	for {
		lines = lineUp(shown, rows)
		widest := slices.MaxFunc(shown, func(a, b column) int { return a.gives - b.gives }).gives
		if width == 0 || widest == 0 || !slices.ContainsFunc(lines, func(line string) bool { return utf8.RuneCountInString(line) > width }) {
			return shown, lines
		}
		shown = slices.DeleteFunc(shown, func(c column) bool { return c.gives == widest })
	}
}

// lineUp sets names and places to the left, numbers to the right. The heading of a module takes the whole line.
func lineUp(columns []column, rows []row) []string {
	lines := make([]strings.Builder, len(rows)+1)
	for i, c := range columns {
		cells := []string{c.title}
		for _, r := range rows {
			cell := ""
			if !r.heading {
				cell = c.cell(r)
			} else if i == 0 {
				lines[len(cells)].WriteString(r.name)
			}
			cells = append(cells, cell)
		}
		room := 0
		for _, cell := range cells {
			room = max(room, utf8.RuneCountInString(cell))
		}
		for at, cell := range cells {
			if at > 0 && rows[at-1].heading {
				continue
			}
			padding := strings.Repeat(" ", room-utf8.RuneCountInString(cell))
			switch {
			case i == 0:
				lines[at].WriteString(cell + padding)
			case c.title == "where":
				lines[at].WriteString("  " + cell)
			default:
				lines[at].WriteString("  " + padding + cell)
			}
		}
	}
	texts := make([]string, len(lines))
	for i := range lines {
		texts[i] = strings.TrimRight(lines[i].String(), " ")
	}
	return texts
}
