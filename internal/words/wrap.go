package words

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	// color matches what takes no room on a terminal.
	color = regexp.MustCompile("\x1b\\[[0-9;]*m")
	// command matches a line that a person copies: a terminal breaks it where it is full.
	command = regexp.MustCompile(`^\s*(next: +|\$ )?lossproof [a-z]+ (-|[A-Z]|[a-z0-9-]+$)`)
	// label matches what stands before the text of a line where that has a column of its own.
	label = regexp.MustCompile(`^\s*(.*\S\s{2,}|[a-z]+: +)`)
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
			lines[i] = wrapLine(line, width, hanging(line, width))
		}
	}
	return strings.Join(lines, "\n")
}

// hanging is the column where a line goes on below itself.
func hanging(line string, width int) int {
	if at := columns(label.FindString(color.ReplaceAllString(line, ""))); at > 0 && at <= width*2/3 {
		return at
	}
	return len(line) - len(strings.TrimLeft(line, " ")) + 2
}

func wrapLine(line string, width, indent int) string {
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

// Fill makes the paragraphs of a text as wide as a terminal of width columns. Lines that are indented, such as
// those of a list or an example, stay as they are, but for a break where they are too long.
func Fill(text string, width int) string {
	var b strings.Builder
	paragraph := ""
	end := func() {
		if paragraph != "" {
			b.WriteString(wrapLine(paragraph, width, 0) + "\n")
		}
		paragraph = ""
	}
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case line == "" || strings.HasPrefix(line, " ") || columnsOf(line):
			end()
			b.WriteString(Wrap(line, width) + "\n")
		case paragraph == "":
			paragraph = line
		default:
			paragraph += " " + line
		}
	}
	end()
	return strings.TrimSuffix(b.String(), "\n")
}

// columnsOf reports whether a line is one of a table: two spaces stand between words.
func columnsOf(line string) bool { return strings.Contains(strings.TrimSpace(line), "  ") }

// Writer wraps the lines that are written to W.
type Writer struct {
	W     io.Writer
	Width int
	rest  []byte
}

// Write implements [io.Writer]. A line is written when it is whole.
func (w *Writer) Write(text []byte) (int, error) {
	w.rest = append(w.rest, text...)
	end := bytes.LastIndexByte(w.rest, '\n') + 1
	if end == 0 {
		return len(text), nil
	}
	lines := Wrap(string(w.rest[:end]), w.Width)
	w.rest = append(w.rest[:0], w.rest[end:]...)
	if _, err := io.WriteString(w.W, lines); err != nil {
		return 0, err
	}
	return len(text), nil
}
