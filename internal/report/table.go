package report

import (
	"strings"
	"unicode/utf8"
)

// table lines up cells: the first column and the last to the left, the others to the
// right. A row may have fewer cells than the first one.
type table struct {
	rows [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// String writes the rows, without white space at their ends.
func (t *table) String() string {
	if len(t.rows) == 0 {
		return ""
	}
	columns := len(t.rows[0])
	widths := make([]int, columns)
	for _, row := range t.rows {
		if len(row) == 1 {
			continue // a heading takes the whole line
		}
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			padding := strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(cell)))
			switch {
			case i == 0:
				line.WriteString(cell + padding)
			case i == columns-1:
				line.WriteString("  " + cell + padding)
			default:
				line.WriteString("  " + padding + cell)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
