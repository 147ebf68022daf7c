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
const stateFormat = 6

// state is what is known of a sweep, in memory and in its file.
type state struct {
	Format int `json:"lossproof_sweep"`
	// Of says what was measured, and on what kind of machine; another sweep has another text.
	Of    string
	Shard string
	Source
	// Modules are those that were measured; Done has for each of them its chunks, and Counts what was
	// counted in them.
	Modules []string
	Done    [][]bool
	Counts  []counts

	file string
}

func newState(groups []group) *state {
	s := &state{Format: stateFormat}
	for _, g := range groups {
		s.Modules = append(s.Modules, g.name)
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
	s.file, s.Shard, s.Source = options.State, fmt.Sprintf("%d/%d", options.Shard, options.Shards), options.Source
	var err error
	if s.Of, err = fingerprint(groups); err != nil {
		return nil, err
	}
	known, err := readState(s.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, s.write() // an unusable path is found before the work
	case err != nil:
	case known.Of != s.Of:
		err = fmt.Errorf("%s: got the state of %.200q, want %q: other modules, or the losses have changed since", s.file, known.Of, s.Of)
	case known.Shard != s.Shard:
		err = fmt.Errorf("%s: got shard %s, want %s", s.file, known.Shard, s.Shard)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: remove it to begin anew", err)
	}
	s.Done, s.Counts = known.Done, known.Counts
	return s, nil
}

// readState reads the file of a state, and checks that its parts fit together.
func readState(file string) (*state, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s := &state{}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("%s: not the state of a sweep: %w", file, err)
	}
	if s.Format != stateFormat {
		return nil, fmt.Errorf("%s: lossproof_sweep: got format %d of the state, want %d", file, s.Format, stateFormat)
	}
	n := len(s.Modules)
	damaged := n == 0 || len(s.Done) != n || len(s.Counts) != n
	for k := 0; !damaged && k < n; k++ {
		_, err := moduleOf(s.Modules[k])
		damaged = err != nil || len(s.Done[k]) != chunks || len(s.Counts[k].Variants) == 0 || len(s.Counts[k].Differences) != len(s.Counts[k].Variants)-1
	}
	if damaged {
		return nil, fmt.Errorf("%s: the state is damaged: its parts are not those of %q", file, s.Modules)
	}
	return s, nil
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

func (s *state) results() []*Result {
	var results []*Result
	for k, name := range s.Modules {
		m, err := moduleOf(name)
		if err == nil { // as readState has checked
			results = append(results, s.Counts[k].result(m))
		}
	}
	return results
}

// Merge adds up the state files of the shards of one sweep. The error names what does not belong
// together, and the shards that are missing or not done.
func Merge(files ...string) (*Report, error) {
	var all *state
	byShard := map[int]string{}
	count := 0
	for _, file := range files {
		s, err := readState(file)
		if err != nil {
			return nil, err
		}
		var shard, shards int
		if _, err := fmt.Sscanf(s.Shard, "%d/%d", &shard, &shards); err != nil || shard < 1 || shard > shards || shards > chunks {
			return nil, fmt.Errorf("%s: Shard: got %q, want i/n", file, s.Shard)
		}
		switch {
		case all == nil:
			all, count = s, shards
		case s.Of != all.Of:
			return nil, fmt.Errorf("%s: got the state of %.200q, %s has that of %.200q: other modules, losses or platforms", file, s.Of, files[0], all.Of)
		case s.Path != all.Path || s.Port != all.Port:
			return nil, fmt.Errorf("%s: got the losses of %.200q, %s has those of %.200q", file, s.Path, files[0], all.Path)
		case shards != count:
			return nil, fmt.Errorf("%s: got shard %s, %s is one of %d", file, s.Shard, files[0], count)
		case byShard[shard] != "":
			return nil, fmt.Errorf("%s: got shard %s, which %s is too", file, s.Shard, byShard[shard])
		default:
			all.add(s)
		}
		byShard[shard] = file
	}
	if all == nil {
		return nil, errors.New("there is nothing to merge: want the state files of shards")
	}
	if err := all.missing(byShard, count); err != nil {
		return nil, err
	}
	return &Report{Source: all.Source, Float32: all.results()}, nil
}

// add adds the state of another shard of the same sweep.
func (s *state) add(other *state) {
	for k := range s.Modules {
		for c, done := range other.Done[k] {
			s.Done[k][c] = s.Done[k][c] || done
		}
		s.Counts[k].add(&other.Counts[k])
	}
	if other.Machine != s.Machine && !strings.Contains(s.Machine, other.Machine) {
		s.Machine += "; " + other.Machine
	}
}

// missing names the shards of which chunks are not done, and their files where they have some.
func (s *state) missing(byShard map[int]string, count int) error {
	var problems []error
	for shard := 1; shard <= count; shard++ {
		done, all := 0, 0
		for k, name := range s.Modules {
			m, err := moduleOf(name)
			if err != nil {
				return err
			}
			for c := shard - 1; c < m.chunks(); c += count {
				all++
				if s.Done[k][c] {
					done++
				}
			}
		}
		switch file := byShard[shard]; {
		case done == all:
		case file == "":
			problems = append(problems, fmt.Errorf("missing: shard %d/%d", shard, count))
		default:
			problems = append(problems, fmt.Errorf("%s: shard %d/%d is not done, it has %d of %d parts: go on with --state %s", file, shard, count, done, all, file))
		}
	}
	return errors.Join(problems...)
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
