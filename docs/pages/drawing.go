package pages

import (
	"math"
	"regexp"
	"strconv"
)

// visible is how far, in the units of an SVG (points), a line may be from where it was: the last bits of
// a result depend on the kernels that a processor has, and a logarithmic axis shows them.
const visible = 1

var coordinate = regexp.MustCompile(`-?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?`)

// sameDrawing reports whether two SVG files have the same text and the same lines, each coordinate to
// what can be seen.
func sameDrawing(a, b []byte) bool {
	if string(coordinate.ReplaceAll(a, []byte("#"))) != string(coordinate.ReplaceAll(b, []byte("#"))) {
		return false
	}
	as, bs := coordinate.FindAll(a, -1), coordinate.FindAll(b, -1)
	for i := range as {
		x, errX := strconv.ParseFloat(string(as[i]), 64)
		y, errY := strconv.ParseFloat(string(bs[i]), 64)
		if errX != nil || errY != nil || math.Abs(x-y) > visible {
			return false
		}
	}
	return true
}
