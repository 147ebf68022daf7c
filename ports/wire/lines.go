package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

// ErrLineTooLong says that a line has more than MaxLine bytes. The next call of Next
// goes on behind that line.
var ErrLineTooLong = fmt.Errorf("the line has more than %d bytes", MaxLine)

// largeLine is the length from which on a line is large.
const largeLine = 1 << 20

// LineReader reads lines of at most MaxLine bytes.
type LineReader struct {
	// Large, if set, is called before more than a MiB of a line is read, once for such a
	// line.
	Large func()

	r     *bufio.Reader
	limit int
	// skip: the rest of a line that was too long comes first.
	skip bool
	torn bool
}

// NewLineReader returns a LineReader over r.
func NewLineReader(r io.Reader) *LineReader {
	return &LineReader{r: bufio.NewReaderSize(r, 64<<10), limit: MaxLine}
}

// Next returns the next line without its line feed, in memory of its own. A last line
// without line feed counts; see [LineReader.Torn]. The error is io.EOF at the end, and
// ErrLineTooLong as soon as a line is: it is not read to its end before the next call.
func (l *LineReader) Next() ([]byte, error) {
	for l.skip {
		_, err := l.r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		l.skip = err != nil
	}
	var line []byte
	for large := false; ; {
		part, err := l.r.ReadSlice('\n')
		if need := len(line) + len(part); need > cap(line) {
			// append grows by a quarter, which leaves five times the line to be collected.
			line = slices.Grow(line, max(need, min(2*cap(line), l.limit+1))-len(line))
		}
		line = append(line, part...)
		if !large && len(line) > largeLine && l.Large != nil {
			large = true
			l.Large()
		}
		full := errors.Is(err, bufio.ErrBufferFull)
		switch {
		case len(bytes.TrimSuffix(line, []byte("\n"))) > l.limit:
			l.skip = full
			return nil, ErrLineTooLong
		case full:
			continue
		case err == nil:
			l.torn = false
			return line[:len(line)-1], nil
		case errors.Is(err, io.EOF) && len(line) > 0:
			l.torn = true
			return line, nil
		}
		return nil, err
	}
}

// Torn reports whether the line that Next returned last had no line feed: the input
// ended in it.
func (l *LineReader) Torn() bool { return l.torn }
