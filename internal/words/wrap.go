package words

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	// color matches what takes no room on a terminal.
	color = regexp.MustCompile("\x1b\\[[0-9;]*m")
	// command matches a line that a person copies: a terminal breaks it where it is full.
	command = regexp.MustCompile(`^\s*(next: +|\$ )?lossproof [a-z]+ (-|[A-Z]|[a-z0-9-]+$)`)
	// label matches what a line begins with where its text stands in a column of its own.
	label = regexp.MustCompile(`^\s*(\S+\s{2,}|[a-z]+: +)`)
	// tight matches a space that stays: within a shape or an index, as in (3, 5), and behind a sign.
	tight = regexp.MustCompile(`([(\d, ]\d,|[<>]) (\d)`)
)

// held stands for a space that does not break a line.
const held = '\u00a0'

// Wrap breaks the lines of a text between words, so that they fit a terminal of width columns; 0 is as many
// as a line needs. What follows a break is indented as the text of its line. A word that is longer than a
// line, such as an id, stays whole, and so does a command.
func Wrap(text string, width int) string {
	if width <= 0 {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if columns(line) > width && !command.MatchString(line) {
			lines[i] = wrapLine(line, width)
		}
	}
	return strings.Join(lines, "\n")
}

func wrapLine(line string, width int) string {
	indent := len(line) - len(strings.TrimLeft(line, " ")) + 2
	if at := columns(label.FindString(color.ReplaceAllString(line, ""))); at > 0 && at <= width/2 {
		indent = at
	}
	const hold = "$1" + string(held) + "$2"
	line = tight.ReplaceAllString(tight.ReplaceAllString(line, hold), hold) // twice: matches do not overlap
	start := len(line) - len(strings.TrimLeft(line, " "))
	var b strings.Builder
	b.WriteString(line[:start])
	column, first := start, true
	for _, word := range strings.SplitAfter(line[start:], " ") {
		if size := columns(strings.TrimRight(word, " ")); !first && column+size > width {
			text := strings.TrimRight(b.String(), " ")
			b.Reset()
			b.WriteString(text + "\n" + strings.Repeat(" ", indent))
			column = indent
			if size == 0 { // white space at a break
				continue
			}
		}
		b.WriteString(word)
		column, first = column+columns(word), false
	}
	return strings.ReplaceAll(b.String(), string(held), " ")
}

// columns is the room that a text takes on a line.
func columns(text string) int { return utf8.RuneCountInString(color.ReplaceAllString(text, "")) }
