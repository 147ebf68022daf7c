package wire_test

import (
	"bytes"
	"strings"
	"testing"

	"lossproof/ports"
	"lossproof/ports/wire"
)

// FuzzReadTranscript: a transcript is read or refused, and what is read can be written again.
func FuzzReadTranscript(f *testing.F) {
	const hello = `{"protocol":1,"port":{"name":"x"},"modules":{"M":{"dtypes":["float32"],"outputs":["loss"],"without":[]}}}`
	f.Add([]byte(hello))
	f.Add([]byte(hello + "\n" + strings.Join(seeds, "\n")))
	for _, seed := range seeds {
		f.Add([]byte(hello + "\n\n" + seed + "\n" + seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		transcript, err := wire.ReadTranscript(t.Context(), bytes.NewReader(in), func(id int64) (ports.Call, bool) {
			return ports.Call{Want: []string{ports.Loss}}, id > 0
		})
		if err != nil {
			return
		}
		for id, answer := range transcript.Answers {
			if _, err := wire.EncodeAnswer(id, answer); err != nil {
				t.Errorf("read but not encoded: %v", err)
			}
		}
	})
}
