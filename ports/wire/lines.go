package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// errLineTooLong says that a line had more than MaxLine bytes. The reader stands
// behind that line.
var errLineTooLong = fmt.Errorf("the line has more than %d bytes", MaxLine)

// LineReader reads lines of at most MaxLine bytes.
type LineReader struct {
	r     *bufio.Reader
	limit int
}

// NewLineReader returns a LineReader over r.
func NewLineReader(r io.Reader) *LineReader {
	return &LineReader{bufio.NewReaderSize(r, 64<<10), MaxLine}
}

// Next returns the next line without its line end, in memory of its own. A last line
// without line end counts. The error is io.EOF at the end; after the error for a line
// that is too long, reading goes on with the line behind it.
func (l *LineReader) Next() ([]byte, error) {
	var line []byte
	tooLong, any := false, false
	for {
		part, err := l.r.ReadSlice('\n')
		any = any || len(part) > 0
		if len(line)+len(part) > l.limit+1 {
			tooLong, line = true, nil
		}
		if !tooLong {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !(errors.Is(err, io.EOF) && any):
			return nil, err
		case tooLong:
			return nil, errLineTooLong
		}
		if n := len(line); n > 0 && line[n-1] == '\n' {
			line = line[:n-1]
		}
		if len(line) > l.limit {
			return nil, errLineTooLong
		}
		return line, nil
	}
}
