package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"

	"lossproof/internal/machine"
	"lossproof/loss"
)

// Hello is the first line that Serve writes.
type Hello struct {
	Machine machine.Machine `json:"machine"`
	Path    string          `json:"path"`
}

// answer is one line of Serve: a round or an error.
type answer struct {
	*Round
	Error string `json:"error,omitempty"`
}

// Serve writes a [Hello] and then, for every line of in, a [Config] in JSON, times one round and writes
// the [Round] in JSON as one line to out, or {"error": "..."}. It returns at the end of in, or with the
// error of ctx, of in or of out.
func Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	encoder := json.NewEncoder(out)
	if err := encoder.Encode(Hello{machine.Describe(), loss.Kernels()}); err != nil {
		return err
	}
	var b Bench
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		if err := ctx.Err(); err != nil {
			return err
		}
		var a answer
		if round, err := b.line(lines.Bytes()); err != nil {
			a.Error = err.Error()
		} else {
			a.Round = &round
		}
		if err := encoder.Encode(a); err != nil {
			return err
		}
	}
	return lines.Err()
}

// line times the round that a line asks for.
func (b *Bench) line(line []byte) (Round, error) {
	var c Config
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return Round{}, err
	}
	return b.Round(c)
}
