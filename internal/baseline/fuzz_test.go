package baseline_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossproof/internal/baseline"
	"lossproof/internal/corpus"
)

// FuzzParse: a baseline is refused, or says the same when it is written and read again.
func FuzzParse(f *testing.F) {
	const whole = `{"level":"parity","fixtures":"1.0.0","claim":{"BCEWithLogitsLoss":{"dtypes":["float32"],"outputs":["loss"],"without":["empty"]}},
"asked":2,"known":[{"id":"b#loss","outcome":"fail","reason":" why "},{"id":"a","outcome":"crash","reason":""}]}`
	for _, text := range []string{
		whole, "", "{}", "null", "[]", `{"level":"parity","fixtures":"1.0.0","claim":{},"asked":0,"known":[]}`,
		`{"level":"best","fixtures":"1","claim":[],"asked":-1,"known":[{"id":"","outcome":"pass"}]}`,
		`{"level":"parity","fixtures":"1.0.0","claim":{},"asked":0,"known":[{"id":"a","outcome":"fail","reason":""},{"id":"a","outcome":"fail","reason":""}]}`,
	} {
		f.Add([]byte(text))
	}
	if name, err := filepath.Abs(filepath.Join("..", "..", "ports", "pytorch", "baseline.json")); err == nil {
		if data, err := os.ReadFile(name); err == nil {
			f.Add(data)
		}
	}
	set := corpus.Whole(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := baseline.Parse(data)
		if err != nil {
			return
		}
		text, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		again, err := baseline.Parse(text)
		if err != nil {
			t.Fatalf("%s: written and not read: %v", text, err)
		}
		if diff := cmp.Diff(b, again); diff != "" {
			t.Errorf("read again, it is another (-first +again):\n%s", diff)
		}
		known := b.ForJudge(set)
		for _, entry := range b.Known {
			if _, ok := known[entry.ID]; !ok && !entry.IsPattern() {
				t.Errorf("the judge does not get the entry %q", entry.ID)
			}
		}
	})
}
