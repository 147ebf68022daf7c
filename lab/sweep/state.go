package sweep

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// stateFormat is the version of the state file.
const stateFormat = 5

// state is what is known of a sweep, in memory and in its file.
type state struct {
	Format int `json:"lossproof_sweep"`
	// Of says what was measured, and on what kind of machine; another sweep has another text.
	Of    string
	Shard string
	// Done has for each module its chunks, and Counts what was counted in them.
	Done   [][]bool
	Counts []counts

	file string
}

func newState(groups []group) *state {
	s := &state{Format: stateFormat}
	for _, g := range groups {
		s.Done = append(s.Done, make([]bool, chunks))
		s.Counts = append(s.Counts, newCounts(g.variants))
	}
	return s
}

// openState returns the state of the file, or a new one.
func openState(groups []group, options Options) (*state, error) {
	s := newState(groups)
	if options.State == "" {
		return s, nil
	}
	s.file, s.Shard = options.State, fmt.Sprintf("%d/%d", options.Shard, options.Shards)
	var err error
	if s.Of, err = fingerprint(groups); err != nil {
		return nil, err
	}
	known, err := s.read(s.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, s.write() // an unusable path is found before the work
	case err == nil && known.Shard != s.Shard:
		err = fmt.Errorf("%s: got shard %s, want %s", s.file, known.Shard, s.Shard)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: remove it to begin anew", err)
	}
	s.Done, s.Counts = known.Done, known.Counts
	return s, nil
}

// read reads a file that has the state of the same losses.
func (s *state) read(file string) (*state, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	known := &state{}
	if err := json.Unmarshal(text, known); err != nil {
		return nil, fmt.Errorf("%s: not the state of a sweep: %w", file, err)
	}
	if known.Format != stateFormat {
		return nil, fmt.Errorf("%s: lossproof_sweep: got format %d of the state, want %d", file, known.Format, stateFormat)
	}
	if known.Of != s.Of {
		return nil, fmt.Errorf("%s: got the state of %.200q, want %q: other modules, or the losses have changed since", file, known.Of, s.Of)
	}
	damaged := len(known.Done) != len(s.Done) || len(known.Counts) != len(s.Counts)
	for k := 0; !damaged && k < len(s.Done); k++ {
		damaged = len(known.Done[k]) != chunks || len(known.Counts[k].Differences) != len(s.Counts[k].Differences)
	}
	if damaged {
		return nil, fmt.Errorf("%s: the state is damaged: its parts are not those of %s", file, s.Of)
	}
	return known, nil
}

// finish adds the counts of a chunk and writes the file.
func (s *state) finish(j job, c *counts) error {
	s.Done[j.group][j.chunk] = true
	s.Counts[j.group].add(c)
	if s.file == "" {
		return nil
	}
	return s.write()
}

// write replaces the file in one step: a run that is killed leaves the old one or the new one.
func (s *state) write() error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.file), 0o755); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(s.file), filepath.Base(s.file)+".*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(text)
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), s.file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return nil
}

func (s *state) results(groups []group) []*Result {
	var results []*Result
	for k, g := range groups {
		results = append(results, s.Counts[k].result(g))
	}
	return results
}

// Merge adds up the state files of shards. They must be of these variants (nil means [BuiltIn]),
// on this kind of machine, and no chunk may be in two of them.
func Merge(variants []Variant, files ...string) ([]*Result, error) {
	groups, err := groupsOf(variants)
	if err != nil {
		return nil, err
	}
	all := newState(groups)
	if all.Of, err = fingerprint(groups); err != nil {
		return nil, err
	}
	for _, file := range files {
		s, err := all.read(file)
		if err != nil {
			return nil, err
		}
		for k := range groups {
			for c, done := range s.Done[k] {
				if done && all.Done[k][c] {
					return nil, fmt.Errorf("%s: chunk %d is in another file too", file, c)
				}
				all.Done[k][c] = all.Done[k][c] || done
			}
			all.Counts[k].add(&s.Counts[k])
		}
	}
	return all.results(groups), nil
}

// fingerprint names the platform, the modules and their variants, with a hash of what these return for a sample: other losses, or the same
// ones on another path, are likely to have another one.
func fingerprint(groups []group) (string, error) {
	const perBinade = 512
	of := []string{runtime.GOOS + "/" + runtime.GOARCH}
	for _, g := range groups {
		var input []float32
		for _, m := range g.sample(perBinade) {
			input = append(input, math.Float32frombits(m))
			if m <= g.lastNegative {
				input = append(input, -math.Float32frombits(m))
			}
		}
		n := len(input)
		target, l, grad := make([]float32, n), make([]float32, n), make([]float32, n)
		hash := sha256.New()
		for _, t := range []float32{0, 1} {
			for i := range target {
				target[i] = t
			}
			for _, v := range g.variants {
				if err := v.Evaluate(l, grad, input, target); err != nil {
					return "", fmt.Errorf("%s: %w", v.Name, err)
				}
				text := []byte(v.Name)
				for _, values := range [][]float32{l, grad} {
					for _, f := range values {
						if f != f {
							f = float32(math.NaN())
						}
						text = binary.LittleEndian.AppendUint32(text, math.Float32bits(f))
					}
				}
				hash.Write(text)
			}
		}
		of = append(of, fmt.Sprintf("%s %.8x", g.name, hash.Sum(nil)))
	}
	return strings.Join(of, ", "), nil
}
