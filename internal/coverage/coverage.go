// Package coverage counts what the fixtures ask: for each topic, which options, shapes and values its
// calls have, with which reduction.
package coverage

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/ports"
)

// Table has the accepted calls of a module: a row for each property of a call, a column for each topic.
type Table struct {
	Module string
	Topics []string
	Rows   []Row
}

// Row is a property of calls: a word of the claim, an output that is recorded, or a dtype of the input.
type Row struct {
	Property string
	// Cells say for each topic with which reductions a call has the property.
	Cells []Cell
}

// Cell is a set of reductions.
type Cell struct{ None, Mean, Sum bool }

// String writes the initials of the reductions, a dot for one that is missing.
func (c Cell) String() string {
	text := []byte("...")
	for i, has := range []bool{c.None, c.Mean, c.Sum} {
		if has {
			text[i] = "nms"[i]
		}
	}
	return string(text)
}

// IsZero reports whether no call of the topic has the property.
func (c Cell) IsZero() bool { return c == Cell{} }

// Of returns the tables of the modules that the cases are of. Refused calls do not count.
func Of(set *fixtures.Set, cases []*fixtures.Case) ([]Table, error) {
	var tables []Table
	for _, c := range cases {
		if c.Rejection != nil {
			continue
		}
		inputs, err := set.Inputs(c)
		if err != nil {
			return nil, err
		}
		expected := make(map[string]fixtures.Expected, len(c.Outputs))
		properties := []string{"input " + string(inputs[ports.Input].DType)}
		for _, name := range c.OutputNames() {
			if expected[name], err = set.Expected(c, name); err != nil {
				return nil, err
			}
			properties = append(properties, name)
		}
		for _, word := range claim.Features(c, inputs, expected) {
			if !strings.HasPrefix(word, "reduction:") {
				properties = append(properties, word)
			}
		}
		t := at(&tables, func(t Table) bool { return t.Module == c.Module }, Table{Module: c.Module})
		t.add(c.Topic, claim.Reduction(c.Options), properties)
	}
	for i := range tables {
		tables[i].sort()
	}
	return tables, nil
}

// at returns the element of a list that is the one, and appends it where there is none.
func at[T any](list *[]T, is func(T) bool, otherwise T) *T {
	i := slices.IndexFunc(*list, is)
	if i < 0 {
		i, *list = len(*list), append(*list, otherwise)
	}
	return &(*list)[i]
}

func (t *Table) add(topic, reduction string, properties []string) {
	column := slices.Index(t.Topics, topic)
	if column < 0 {
		column, t.Topics = len(t.Topics), append(t.Topics, topic)
	}
	for _, property := range properties {
		row := at(&t.Rows, func(r Row) bool { return r.Property == property }, Row{Property: property})
		for len(row.Cells) <= column {
			row.Cells = append(row.Cells, Cell{})
		}
		cell := &row.Cells[column]
		cell.None = cell.None || reduction == "none"
		cell.Mean = cell.Mean || reduction == "mean"
		cell.Sum = cell.Sum || reduction == "sum"
	}
}

// sort puts dtypes first, then outputs, then the words of the claim in their order.
func (t *Table) sort() {
	order := func(property string) int {
		if i := slices.Index(claim.Words, property); i >= 0 {
			return 100 + i
		}
		return slices.Index(claim.Outputs, property) // -1 for a dtype
	}
	slices.SortStableFunc(t.Rows, func(a, b Row) int {
		if d := order(a.Property) - order(b.Property); d != 0 {
			return d
		}
		return strings.Compare(a.Property, b.Property)
	})
	for i := range t.Rows {
		for len(t.Rows[i].Cells) < len(t.Topics) {
			t.Rows[i].Cells = append(t.Rows[i].Cells, Cell{})
		}
	}
}

// Write writes a table with a letter for each topic, as many beside each other as width columns have room for, 0 for all,
// and what the letters stand for.
func (t Table) Write(w io.Writer, width int) {
	fmt.Fprintf(w, "%s: n, m, s: a call has it with 'none', 'mean', 'sum'\n", t.Module)
	const name, cell = 22, 5
	beside := len(t.Topics)
	if width > 0 {
		beside = max(1, (width-name)/cell)
	}
	for from := 0; from < len(t.Topics); from += beside {
		to := min(from+beside, len(t.Topics))
		line := strings.Repeat(" ", name)
		for i := from; i < to; i++ {
			line += fmt.Sprintf("  %c  ", 'a'+i)
		}
		fmt.Fprintf(w, "\n%s\n", strings.TrimRight(line, " "))
		for _, row := range t.Rows {
			line := fmt.Sprintf("%-*s", name, row.Property)
			for _, c := range row.Cells[from:to] {
				if c.IsZero() {
					line += strings.Repeat(" ", cell)
					continue
				}
				line += " " + c.String() + " "
			}
			if line = strings.TrimRight(line, " "); len(line) > len(row.Property) {
				fmt.Fprintln(w, line)
			}
		}
	}
	fmt.Fprintln(w)
	for i, topic := range t.Topics {
		fmt.Fprintf(w, "  %c  %s\n", 'a'+i, topic)
	}
}
