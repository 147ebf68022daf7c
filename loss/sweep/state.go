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
	"sync"
)

// stateFormat is the version of the state file.
const stateFormat = 3

// state is what is known of a run, in memory and in its file.
type state struct {
	Format int `json:"lossproof_sweep"`
	// Platform and Fingerprint say what computed the results.
	Platform    string
	Fingerprint string
	Shard       string
	Done        chunkSet
	Counts      counts

	file     string
	variants []Variant
	mu       sync.Mutex
}

// openState returns the state of the file, or a new one.
func openState(options Options) (*state, error) {
	fingerprint, err := fingerprint(options.Variants)
	if err != nil {
		return nil, err
	}
	s := &state{
		Format:      stateFormat,
		Platform:    runtime.GOOS + "/" + runtime.GOARCH,
		Fingerprint: fingerprint,
		Shard:       fmt.Sprintf("%d/%d", options.Shard, options.Shards),
		Counts:      newCounts(options.Variants),
		file:        options.State,
		variants:    options.Variants,
	}
	if s.file == "" {
		return s, nil
	}
	known, err := readState(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, s.write() // an unusable path is found before the work
	}
	if err != nil {
		return nil, err
	}
	if err := s.checkSame(known, true); err != nil {
		return nil, fmt.Errorf("%s: %w: remove it to begin anew", s.file, err)
	}
	s.Done, s.Counts = known.Done, known.Counts
	return s, nil
}

// readState reads and checks a state file.
func readState(file string) (*state, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s, err := parseState(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}

// parseState reads and checks the text of a state file.
func parseState(text []byte) (*state, error) {
	var version struct {
		Format int `json:"lossproof_sweep"`
	}
	if err := json.Unmarshal(text, &version); err != nil {
		return nil, fmt.Errorf("not the state of a sweep: %w", err)
	}
	if version.Format != stateFormat { // before the fields, which are others in another format
		return nil, fmt.Errorf("lossproof_sweep: got format %d of the state, want %d", version.Format, stateFormat)
	}
	s := &state{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(s); err != nil {
		return nil, fmt.Errorf("not the state of a sweep: %w", err)
	}
	return s, s.check()
}

// checkSame returns an error unless two states are of the same losses.
func (s *state) checkSame(other *state, sameShard bool) error {
	switch {
	case other.Platform != s.Platform:
		return fmt.Errorf("got the platform %s, want %s", other.Platform, s.Platform)
	case other.Fingerprint != s.Fingerprint:
		return fmt.Errorf("got the fingerprint %s, want %s: the losses have changed since", other.Fingerprint, s.Fingerprint)
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

// finish adds the counts of a chunk and writes the file.
func (s *state) finish(chunk int, c *counts) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Done.add(chunk)
	s.Counts.add(c)
	if s.file == "" {
		return nil
	}
	return s.write()
}

// write replaces the file in one step: a run that is killed leaves the old one or the new one.
func (s *state) write() error {
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

func (s *state) result() *Result { return s.Counts.result(s.variants) }

// Merge adds up the state files of shards. They must be of these variants (nil means [BuiltIn]),
// on this platform, and no chunk may be in two of them.
func Merge(variants []Variant, files ...string) (*Result, error) {
	if variants == nil {
		variants = BuiltIn()
	}
	all, err := openState(Options{Variants: variants})
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		s, err := readState(file)
		if err != nil {
			return nil, err
		}
		if err := all.merge(s); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return all.result(), nil
}

// merge adds the state of another shard.
func (s *state) merge(other *state) error {
	if err := s.checkSame(other, false); err != nil {
		return err
	}
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
func fingerprint(variants []Variant) (string, error) {
	const perBinade = 512
	magnitudes := sample(perBinade)
	n := 2 * len(magnitudes)
	input, target, l, g := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
	for i, m := range magnitudes {
		input[2*i], input[2*i+1] = math.Float32frombits(m), -math.Float32frombits(m)
	}
	hash := sha256.New()
	for _, t := range []float32{0, 1} {
		for i := range target {
			target[i] = t
		}
		for _, v := range variants {
			if err := v.Evaluate(l, g, input, target); err != nil {
				return "", fmt.Errorf("%s: %w", v.Name, err)
			}
			var text []byte
			for _, values := range [][]float32{l, g} {
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
