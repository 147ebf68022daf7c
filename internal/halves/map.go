package halves

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"fmt"
	"io"
	"math"
)

// Accuracy says how far the results at an input are from the exact ones.
type Accuracy uint8

const (
	// NotAsked is of an input that the module does not take.
	NotAsked Accuracy = iota
	// Precise is within one ULP.
	Precise
	// Rough is within 16 ULP, and so all but the last digits are right.
	Rough
	// Wrong is farther away.
	Wrong
	// Vanished is 0 where the nearest number is not.
	Vanished
	// WrongClass is NaN or infinite where the exact result is not, or the reverse.
	WrongClass

	accuracies
)

// Limits in ULPs.
const preciseULP, roughULP = 1, 16

// AccuracyOf names an error in ULPs, infinite for a result of a wrong class; vanished says that the result is 0 and
// the nearest number is not.
func AccuracyOf(ulps float64, vanished bool) Accuracy {
	switch {
	case math.IsInf(ulps, 0) || math.IsNaN(ulps):
		return WrongClass
	case vanished:
		return Vanished
	case ulps <= preciseULP:
		return Precise
	case ulps <= roughULP:
		return Rough
	}
	return Wrong
}

// Map has the accuracy at each number of a dtype, in the order of Ascending.
type Map [1 << 16]Accuracy

// Ascending returns the k-th bits in the order of their numbers, the NaNs at both ends.
func Ascending(k int) uint16 {
	if k < 1<<15 {
		return uint16(1<<16 - 1 - k)
	}
	return uint16(k - 1<<15)
}

// MarshalText writes the map deflated, in base64.
func (m *Map) MarshalText() ([]byte, error) {
	text := make([]byte, len(m))
	for i, a := range m {
		text[i] = byte(a)
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return []byte(base64.StdEncoding.EncodeToString(b.Bytes())), nil
}

// UnmarshalText reads what MarshalText wrote.
func (m *Map) UnmarshalText(text []byte) error {
	r := flate.NewReader(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(text)))
	read, err := io.ReadAll(io.LimitReader(r, int64(len(m))+1))
	if err != nil {
		return fmt.Errorf("map of 16 bits: %w", err)
	}
	if len(read) != len(m) {
		return fmt.Errorf("map of 16 bits: got %d numbers, want %d", len(read), len(m))
	}
	for i, b := range read {
		if b >= byte(accuracies) {
			return fmt.Errorf("map of 16 bits: got an accuracy of %d for number %d, want less than %d", b, i, accuracies)
		}
		m[i] = Accuracy(b)
	}
	return nil
}
