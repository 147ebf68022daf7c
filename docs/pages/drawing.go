package pages

import (
	"bytes"
	"regexp"
)

var line = regexp.MustCompile(` d="[^"]*"`)

// sameDrawing reports whether two SVG files say the same and have as many lines. Where the lines run depends on the last
// bits of results, and so on the kernels that a processor has.
func sameDrawing(a, b []byte) bool {
	return bytes.Equal(line.ReplaceAll(a, nil), line.ReplaceAll(b, nil))
}
