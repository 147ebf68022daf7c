package pages

import (
	"bytes"
	"context"
	"regexp"

	"lossproof/fixtures"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports/builtin"
	"lossproof/report"
)

// Transcript writes what `lossproof run` prints.
func Transcript(set *fixtures.Set) ([]byte, error) {
	result, err := judge.Run(context.Background(), set, builtin.Port{}, judge.Options{Level: verdict.Parity})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("```\n$ make run\n")
	if err := report.Text(&b, result, report.TextOptions{}); err != nil {
		return nil, err
	}
	b.WriteString("```\n")
	return b.Bytes(), nil
}

// machine is what differs between machines: the version of Go, and the last digits of float64
// results, which depend on the kernels that the processor has.
var machine = regexp.MustCompile(`(?m)\(go [^)]*\)|^worst error: .*$|  +[0-9.e+]+(  [^ ]+#[^ ]+ \(.*\))?$`)

func withoutMachine(page []byte) []byte { return machine.ReplaceAll(page, nil) }
