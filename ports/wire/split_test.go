package wire

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"lossproof/internal/plain"
	"lossproof/internal/strictjson"
)

// FuzzSplit compares decodeObject and list with encoding/json.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, ` { } `, "\t[\n]\r", `{"a":1}`, `{"a,b":[1,{"c":"]}"}],"d":"\\\""}`, `[[],[[]],{},"","\\",null,-1.5e3 , true]`,
		`{"\u0061":"\"","":{"":""}}`, `[ 1 ,2, "x , y" ]`, `{"a" : [ ] , "b" : { } }`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
			return
		}
		switch kindOf(raw) {
		case "an object":
			var want map[string]json.RawMessage
			if err := json.Unmarshal(raw, &want); err != nil || len(want) > maxMembers {
				return
			}
			if strictjson.Check(raw) != nil { // a member stands twice
				return
			}
			for name := range want {
				if plain.Line(name, plain.Name) != name {
					return // it is another in errors
				}
			}
			got, err := decodeObject(raw, "x")
			if err != nil || len(got.members) != len(want) {
				t.Fatalf("%s: got %v, %v, want %d members", raw, got, err, len(want))
			}
			for name := range want {
				if !bytes.Equal(got.members[name], want[name]) {
					t.Errorf("%s: %q is %s, want %s", raw, name, got.members[name], want[name])
				}
			}
		case "an array":
			var want []json.RawMessage
			if err := json.Unmarshal(raw, &want); err != nil || len(want) > maxMembers {
				return
			}
			got, err := split(raw, "x")
			if err != nil || len(got) != len(want) {
				t.Fatalf("%s: got %d elements, %v, want %d", raw, len(got), err, len(want))
			}
			for i := range want {
				if !bytes.Equal(got[i], want[i]) {
					t.Errorf("%s: element %d is %s, want %s", raw, i, got[i], want[i])
				}
			}
		}
	})
}

func TestTooManyMembers(t *testing.T) {
	for _, line := range []string{
		`{"id":1,"outputs":{` + strings.Repeat(`"a":1,`, 3*maxMembers) + `"b":1}}`,
		`{"id":1,"outputs":{"loss":{"dtype":"float32","data":"","shape":[` + strings.Repeat(`1,`, 3*maxMembers) + `1]}}}`,
	} {
		if _, _, err := DecodeAnswer([]byte(line)); err == nil || !strings.Contains(err.Error(), "more than 1000 members") {
			t.Errorf("%.60s: got error %v", line, err)
		}
	}
	line := `{"id":1,"outputs":{"loss":{"dtype":"float32","data":"","shape":[` + strings.Repeat(`1,`, maxRank) + `1]}}}`
	if _, _, err := DecodeAnswer([]byte(line)); err == nil || !strings.Contains(err.Error(), "got 65 dimensions, want at most 64") {
		t.Errorf("got error %v", err)
	}
}

// TestALongLineIsNotReadToItsEnd: the error comes before the end of the line does.
func TestALongLineIsNotReadToItsEnd(t *testing.T) {
	r := NewLineReader(io.MultiReader(strings.NewReader(strings.Repeat("x", 64<<10)), neverReader{t}))
	r.limit = 100
	if _, err := r.Next(); err != ErrLineTooLong { //nolint:errorlint // it is that value
		t.Errorf("got %v", err)
	}
}

type neverReader struct{ t *testing.T }

func (n neverReader) Read([]byte) (int, error) {
	n.t.Error("the rest of the line is read")
	return 0, io.EOF
}

func TestTornAndLarge(t *testing.T) {
	large := strings.Repeat("x", largeLine+1)
	r := NewLineReader(strings.NewReader("a\n" + large + "\nb\n" + large + large + "\nhalf"))
	calls := 0
	r.Large = func() { calls++ }
	for i, want := range []struct {
		line  string
		calls int
		torn  bool
	}{{"a", 0, false}, {large, 1, false}, {"b", 1, false}, {large + large, 2, false}, {"half", 2, true}} {
		got, err := r.Next()
		if err != nil || string(got) != want.line || calls != want.calls || r.Torn() != want.torn {
			t.Errorf("line %d: got %d bytes, %v; Large was called %d times, torn %t", i, len(got), err, calls, r.Torn())
		}
	}
	if _, err := r.Next(); err != io.EOF { //nolint:errorlint // a reader returns that value
		t.Errorf("got %v, want io.EOF", err)
	}
}
