package matrix

import (
	"fmt"
	"slices"
	"strings"
)

// FindingsPage writes the findings of all rows that were confirmed as a page in Markdown: the faults of
// each implementation, then the differences.
func FindingsPage(rows []*Row) string {
	var b strings.Builder
	b.WriteString(`# Findings

What lossproof found in implementations of losses. Each finding is a program of a few lines that calls the implementation directly, without lossproof; ` +
		"`make matrix`" + ` ran it and kept what it printed.
A fault breaks a rule that must hold, and contradicts mathematics or the implementation's own documentation. The rest are differences that whoever moves a model should know.
This page is generated: edit ` + "`ports/NAME/findings/findings.json`" + `, and run ` + "`make matrix M=NAME`" + `.

`)
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b *Row) int { return strings.Compare(strings.ToLower(a.Title()), strings.ToLower(b.Title())) })
	b.WriteString("| implementation | faults | differences |\n|---|--:|--:|\n")
	total := [2]int{}
	for _, r := range rows {
		faults, differences := r.confirmed()
		if len(faults)+len(differences) > 0 {
			fmt.Fprintf(&b, "| [%s](#%s) | %d | %d |\n", r.Title(), anchor(r.Title()), len(faults), len(differences))
		}
		total[0], total[1] = total[0]+len(faults), total[1]+len(differences)
	}
	fmt.Fprintf(&b, "| all | %d | %d |\n", total[0], total[1])
	for _, r := range rows {
		faults, differences := r.confirmed()
		if len(faults)+len(differences) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s %s, %s.\n", r.Title(), r.Port.Language, r.Port.LanguageVersion, r.Platform)
		for _, f := range slices.Concat(faults, differences) {
			r.finding(&b, f)
		}
	}
	return b.String()
}

// confirmed returns the faults and the differences that were confirmed.
func (r *Row) confirmed() (faults, differences []Finding) {
	for _, f := range r.Findings {
		switch {
		case !f.Confirmed:
		case f.IsFault:
			faults = append(faults, f)
		default:
			differences = append(differences, f)
		}
	}
	return faults, differences
}

func (r *Row) finding(b *strings.Builder, f Finding) {
	fmt.Fprintf(b, "\n### %s\n\n", escape(f.Title))
	if f.IsFault {
		fmt.Fprintf(b, "**Fault.** %s\n", escape(f.Fault))
	} else {
		fmt.Fprintf(b, "%s\n", strings.TrimSpace("A difference. "+escape(f.Fault)))
	}
	for i, id := range f.Rules {
		fmt.Fprintf(b, "%s`%s`", []string{"Rules: ", ", "}[min(i, 1)], id)
	}
	b.WriteString(".\n")
	switch example := r.example(f.Rules); {
	case f.Report != "":
		fmt.Fprintf(b, "Reported: <%s>.\n", f.Report)
	case f.IsFault && example != "":
		fmt.Fprintf(b, "We know of no public report; `lossproof repro %s --issue -- %s`, in `ports/%s`, writes the text of one.\n", example, r.Run, r.Name)
	case f.IsFault:
		b.WriteString("We know of no public report.\n")
	}
	fmt.Fprintf(b, "[`%s`](../ports/%s/findings/%s):\n\n    $ %s\n", f.File, r.Name, f.File, f.Run)
	for line := range strings.Lines(f.Output) {
		fmt.Fprintf(b, "    %s\n", strings.TrimRight(line, "\n"))
	}
}

// escape keeps Markdown from taking the products of formulas for emphasis.
func escape(text string) string { return strings.ReplaceAll(text, "*", `\*`) }

// example returns a check that fails of one of the rules, "" if none does.
func (r *Row) example(rules []string) string {
	for _, m := range r.Modules {
		for _, d := range m.Differs {
			if slices.Contains(rules, d.Rule) {
				return d.Example
			}
		}
	}
	return ""
}

// anchor returns what a heading of a page in Markdown is linked by.
func anchor(heading string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == ' ':
			return '-'
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_':
			return c
		}
		return -1
	}, strings.ToLower(heading))
}
