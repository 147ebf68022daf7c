package sweep

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// stateFormat is the version of the state file.
const stateFormat = 4

// states are what is known of a run, in memory and in its file.
type states struct {
	Format int `json:"lossproof_sweep"`
	// Modules has a state for each module.
	Modules []*state

	file string
	mu   sync.Mutex
}

// state is what is known of a module.
type state struct {
	Module string
	// Platform and Fingerprint say what computed the results.
	Platform    string
	Fingerprint string
	Shard       string
	Done        chunkSet
	Counts      counts

	group
}

// openStates returns the states of the file, or new ones.
func openStates(options Options) (*states, error) {
	groups, err := options.groups()
	if err != nil {
		return nil, err
	}
	s := &states{Format: stateFormat, file: options.State}
	for _, g := range groups {
		fingerprint, err := g.fingerprint()
		if err != nil {
			return nil, err
		}
		s.Modules = append(s.Modules, &state{
			Module:      g.name,
			Platform:    runtime.GOOS + "/" + runtime.GOARCH,
			Fingerprint: fingerprint,
			Shard:       fmt.Sprintf("%d/%d", options.Shard, options.Shards),
			Counts:      newCounts(g.variants),
			group:       g,
		})
	}
	if s.file == "" {
		return s, nil
	}
	known, err := readStates(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, s.write() // an unusable path is found before the work
	}
	if err != nil {
		return nil, err
	}
	if err := s.checkSame(known, true); err != nil {
		return nil, fmt.Errorf("%s: %w: remove it to begin anew", s.file, err)
	}
	for i, m := range s.Modules {
		m.Done, m.Counts = known.Modules[i].Done, known.Modules[i].Counts
	}
	return s, nil
}

// readStates reads and checks a state file.
func readStates(file string) (*states, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s, err := parseStates(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}

// parseStates reads and checks the text of a state file.
func parseStates(text []byte) (*states, error) {
	var version struct {
		Format int `json:"lossproof_sweep"`
	}
	if err := json.Unmarshal(text, &version); err != nil {
		return nil, fmt.Errorf("not the state of a sweep: %w", err)
	}
	if version.Format != stateFormat { // before the fields, which are others in another format
		return nil, fmt.Errorf("lossproof_sweep: got format %d of the state, want %d", version.Format, stateFormat)
	}
	s := &states{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(s); err != nil {
		return nil, fmt.Errorf("not the state of a sweep: %w", err)
	}
	return s, s.check()
}

// names returns those of the modules.
func (s *states) names() string {
	var names []string
	for _, m := range s.Modules {
		names = append(names, m.Module)
	}
	return strings.Join(names, ", ")
}

// checkSame returns an error unless all states are of the same losses.
func (s *states) checkSame(other *states, sameShard bool) error {
	if got, want := other.names(), s.names(); got != want {
		return fmt.Errorf("got the state of the modules %s, want %s", got, want)
	}
	for i, m := range s.Modules {
		if err := m.checkSame(other.Modules[i], sameShard); err != nil {
			return fmt.Errorf("%s: %w", m.Module, err)
		}
	}
	return nil
}

func (s *state) checkSame(other *state, sameShard bool) error {
	switch {
	case other.Platform != s.Platform:
		return fmt.Errorf("got the platform %.100q, want %s", other.Platform, s.Platform)
	case other.Fingerprint != s.Fingerprint:
		return fmt.Errorf("got the fingerprint %.100q, want %s: the losses have changed since", other.Fingerprint, s.Fingerprint)
	case sameShard && other.Shard != s.Shard:
		return fmt.Errorf("got shard %s, want %s", other.Shard, s.Shard)
	case len(other.Counts.Differences) != len(s.Counts.Differences):
		return fmt.Errorf("got %d compared variants, want %d", len(other.Counts.Differences), len(s.Counts.Differences))
	}
	for i, d := range other.Counts.Differences {
		if want := s.Counts.Differences[i].Variant; d.Variant != want {
			return fmt.Errorf("Counts.Differences[%d].Variant: got %.100q, want %q", i, d.Variant, want)
		}
	}
	return nil
}

// finish adds the counts of a chunk of a module and writes the file.
func (s *states) finish(m *state, chunk int, c *counts) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.Done.add(chunk)
	m.Counts.add(c)
	if s.file == "" {
		return nil
	}
	return s.write()
}

// write replaces the file in one step: a run that is killed leaves the old one or the new one.
func (s *states) write() error {
	text, err := json.MarshalIndent(s, "", " ")
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
	_, err = temporary.Write(append(text, '\n'))
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), s.file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return nil
}

func (s *states) results() []*Result {
	var results []*Result
	for _, m := range s.Modules {
		results = append(results, m.Counts.result(m.group))
	}
	return results
}

// Merge adds up the state files of shards. They must be of these variants (nil means [BuiltIn]),
// on this platform, and no chunk may be in two of them.
func Merge(variants []Variant, files ...string) ([]*Result, error) {
	all, err := openStates(Options{Variants: variants})
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		s, err := readStates(file)
		if err != nil {
			return nil, err
		}
		if err := all.merge(s); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return all.results(), nil
}

// merge adds the states of another shard.
func (s *states) merge(other *states) error {
	if err := s.checkSame(other, false); err != nil {
		return err
	}
	for i, m := range s.Modules {
		if err := m.merge(other.Modules[i]); err != nil {
			return fmt.Errorf("%s: %w", m.Module, err)
		}
	}
	return nil
}

func (s *state) merge(other *state) error {
	for c := range chunks {
		if !other.Done.has(c) {
			continue
		}
		if s.Done.has(c) {
			return fmt.Errorf("chunk %d is in another file too", c)
		}
		s.Done.add(c)
	}
	s.Counts.add(&other.Counts)
	return nil
}

// fingerprint hashes what the variants return for a sample: other losses, or the same
// ones on another path, are likely to have another one.
func (g group) fingerprint() (string, error) {
	const perBinade = 512
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
			var text []byte
			for _, values := range [][]float32{l, grad} {
				for _, f := range values {
					if f != f {
						f = float32(math.NaN())
					}
					text = binary.LittleEndian.AppendUint32(text, math.Float32bits(f))
				}
			}
			hash.Write([]byte(v.Name))
			hash.Write(text)
		}
	}
	return hex.EncodeToString(hash.Sum(nil))[:16], nil
}

// chunkSet is a set of chunks. As text it is hexadecimal, chunk 0 in the lowest bit of the first byte.
type chunkSet [chunks / 8]byte

func (s *chunkSet) has(c int) bool { return s[c/8]>>(c%8)&1 != 0 }
func (s *chunkSet) add(c int)      { s[c/8] |= 1 << (c % 8) }

func (s *chunkSet) len() int {
	n := 0
	for c := range chunks {
		if s.has(c) {
			n++
		}
	}
	return n
}

// MarshalText implements [encoding.TextMarshaler].
func (s chunkSet) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(s[:])), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *chunkSet) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(s) {
		return fmt.Errorf("got %d hexadecimal digits of the chunks done, want %d", len(text), hex.EncodedLen(len(s)))
	}
	if _, err := hex.Decode(s[:], text); err != nil {
		return fmt.Errorf("the chunks done: %w", err)
	}
	return nil
}
