package process

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"lossproof/ports"
	"lossproof/tensor"
)

const (
	// maxText bounds each text that is kept of an answer.
	maxText = 16 << 10
	// freeBytes is what the outputs of any answer may have; more needs a call that is as
	// large.
	freeBytes = 64 << 10
)

// errTorn says that the process ended in the middle of a line.
var errTorn = errors.New("it had begun to answer")

func isTorn(err error) bool { return errors.Is(err, errTorn) }

func isMalformed(err error) bool { return errors.Is(err, ports.ErrMalformed) }

// checkSize returns an error for outputs that are larger than any loss or gradient of the
// call can be: they are not worth the memory until they are judged.
func checkSize(call ports.Call, answer ports.Answer) error {
	limit := freeBytes + 8*elements(call.Inputs)
	for name, t := range answer.Outputs {
		if len(t.Data) > limit {
			return fmt.Errorf("outputs.%s: got %s of shape %s, which is more than all inputs broadcast together have", name, t.DType, tensor.FormatShape(t.Shape))
		}
	}
	return nil
}

// elements is at least the number of elements of the inputs, broadcast together: each dimension,
// counted from the last, is the largest.
func elements(inputs map[string]tensor.Tensor) int {
	var shape []int
	for _, t := range inputs {
		for len(shape) < len(t.Shape) {
			shape = append([]int{1}, shape...)
		}
		for i, d := range t.Shape {
			j := len(shape) - len(t.Shape) + i
			shape[j] = max(shape[j], d)
		}
	}
	n, err := tensor.Count(shape)
	if err != nil {
		return math.MaxInt / 16
	}
	return n
}

// trim drops what is not kept of an answer: outputs that nobody asked for, and the rest
// of very long texts.
func trim(answer ports.Answer, want []string) ports.Answer {
	for name := range answer.Outputs {
		if !slices.Contains(want, name) {
			delete(answer.Outputs, name)
		}
	}
	if r := answer.Rejected; r != nil {
		r.Message = cut(r.Message)
	}
	if u := answer.Unsupported; u != nil {
		u.Reason, u.IssueURL = cut(u.Reason), cut(u.IssueURL)
	}
	if f := answer.Failed; f != nil {
		f.Message, f.Traceback = cut(f.Message), cut(f.Traceback)
	}
	return answer
}

// cut returns a short text as it is, and the beginning of a long one, in memory of its own.
func cut(text string) string {
	if len(text) <= maxText {
		return text
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:maxText], ""), len(text))
}

// excerpt quotes the beginning of a line, in backquotes if that will do: JSON is full of
// quotation marks.
func excerpt(text []byte) string {
	const limit = 200
	if len(text) <= limit {
		return fmt.Sprintf("%#q", text)
	}
	n := limit
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return fmt.Sprintf("%#q… (%d bytes)", text[:n], len(text))
}
