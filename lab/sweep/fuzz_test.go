package sweep_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lossproof/lab/sweep"
)

// scalars finds the values of a JSON text that have no parts, and its keys.
var scalars = regexp.MustCompile(`"[^"]*"|-?[0-9][0-9.eE+-]*|null`)

// replaced returns a JSON text with another text instead of its i-th value without parts, or key.
func replaced(text []byte, i uint16, value []byte) []byte {
	places := scalars.FindAllIndex(text, -1)
	if len(places) == 0 {
		return text
	}
	at := places[int(i)%len(places)]
	return slices.Concat(text[:at[0]], value, text[at[1]:])
}

// FuzzState: the text of a state file is refused with an error, or it can be merged, and every report can
// be made of it. Nothing panics. The text is a right one where it is empty, with two values replaced: few other
// texts get as far as the counts.
func FuzzState(f *testing.F) {
	right := sweep.SampleState(f)
	// number returns the number of a value, which is found by what is before it.
	number := func(before string) uint16 {
		at := bytes.Index(right, []byte(before))
		if at < 0 {
			f.Fatalf("%q is not in the state", before)
		}
		return uint16(len(scalars.FindAll(right[:at+len(before)], -1)))
	}
	shard := number(`"Shard": `)
	for _, change := range []struct{ before, value string }{
		{`"WrongClass": `, "18446744073709551615"}, {`"Histogram": [`, "1"}, {`"Finite": `, "5"}, {`"Correct": `, "9"}, {`"ULP": `, "1e308"},
		{`"Input": `, `"0xffffffff"`}, {`"Output": `, `"\n"`}, {`"Count": `, "0"}, {`"lossproof_sweep": `, "3"}, {`"Module": `, `"BCELoss"`},
	} {
		f.Add([]byte{}, number(change.before), []byte(change.value), shard, []byte(`"1/2040"`))
	}
	// And of BCELoss, which stands behind.
	behind := number(`"Module": "BCELoss`) - 1
	for _, change := range []struct {
		steps uint16
		value string
	}{{0, `"BCEWithLogitsLoss"`}, {0, `"CrossEntropyLoss"`}, {6, `"1/2033"`}, {6, `"1/1"`}, {11, "524290"}} {
		f.Add([]byte{}, behind+change.steps, []byte(change.value), shard, []byte(`"1/2040"`))
	}
	for _, text := range []string{"{}", "null", "[]", `{"lossproof_sweep":4}`} {
		f.Add([]byte(text), uint16(0), []byte(`"lossproof_sweep"`), uint16(0), []byte(`"lossproof_sweep"`))
	}
	f.Fuzz(func(t *testing.T, text []byte, first uint16, value []byte, second uint16, another []byte) {
		if len(text) == 0 {
			text = right
		}
		results, err := sweep.MergeText(replaced(replaced(text, first, value), second, another))
		if err != nil {
			if err.Error() == "" {
				t.Fatal("an error without a text")
			}
			return
		}
		for _, result := range results {
			for _, tally := range result.Tallies {
				sum := tally.WrongFinite()
				for _, n := range tally.Histogram {
					sum += n
				}
				if sum != tally.Finite || tally.Correct > tally.Finite || tally.Finite > tally.Elements {
					t.Errorf("%s %s: a row of %d errors, %d correct, for %d finite inputs of %d", result.Module, tally.Output, sum, tally.Correct, tally.Finite, tally.Elements)
				}
			}
		}
		if _, err := json.Marshal(results); err != nil {
			t.Error(err)
		}
		for _, port := range []string{"", "torch 1.0"} {
			r := sweep.Report{Port: port, Float32: results}
			var b bytes.Buffer
			if err := r.WriteText(&b); err != nil {
				t.Error(err)
			}
			// One line for each miss: what a state says is no line of its own.
			for _, miss := range r.Misses() {
				if strings.Contains(miss, "\n") {
					t.Errorf("got the miss %q", miss)
				}
			}
			if strings.Contains(b.String(), "NaN %") {
				t.Errorf("a share of nothing in\n%s", b.String())
			}
			name := "sweep"
			if port != "" {
				name = "sweep of torch"
			}
			if _, err := r.UpdatePage([]byte("# Title\n\n<!-- lossproof " + name + ": begin -->\n<!-- lossproof " + name + ": end -->\n")); err != nil {
				t.Error(err)
			}
		}
	})
}
