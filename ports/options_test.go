package ports_test

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossproof/ports"
)

func ptr[T any](v T) *T { return &v }

func TestOptionsString(t *testing.T) {
	for want, options := range map[string]ports.Options{
		"":                                     {},
		`reduction="sum"`:                      {Reduction: ptr("sum")},
		"size_average=False":                   {SizeAverage: ptr(false)},
		`ignore_index=-1, label_smoothing=0.1`: {IgnoreIndex: ptr(int64(-1)), LabelSmoothing: ptr(0.1)},
		`reduction="sum", size_average=True, reduce=False`: {Reduction: ptr("sum"), SizeAverage: ptr(true), Reduce: ptr(false)},
		"label_smoothing=nan":                              {LabelSmoothing: ptr(math.NaN())},
		"label_smoothing=inf":                              {LabelSmoothing: ptr(math.Inf(1))},
		"label_smoothing=-inf":                             {LabelSmoothing: ptr(math.Inf(-1))},
	} {
		if got := options.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestOptionsJSON(t *testing.T) {
	for want, options := range map[string]ports.Options{
		`{}`: {},
		`{"ignore_index":0,"label_smoothing":0,"reduce":false,"reduction":"","size_average":false}`: {
			Reduction: ptr(""), SizeAverage: ptr(false), Reduce: ptr(false), IgnoreIndex: ptr(int64(0)), LabelSmoothing: ptr(0.0),
		},
		`{"reduction":"<é\"\n>"}`:                 {Reduction: ptr("<é\"\n>")},
		`{"ignore_index":9007199254740992}`:       {IgnoreIndex: ptr(int64(1 << 53))},
		`{"ignore_index":"9007199254740993"}`:     {IgnoreIndex: ptr(int64(1<<53 + 1))},
		`{"ignore_index":-9007199254740992}`:      {IgnoreIndex: ptr(int64(-1 << 53))},
		`{"ignore_index":"-9223372036854775808"}`: {IgnoreIndex: ptr(int64(math.MinInt64))},
		`{"label_smoothing":1.0000009536743164}`:  {LabelSmoothing: ptr(1 + 0x1p-20)},
		`{"label_smoothing":0.0000001}`:           {LabelSmoothing: ptr(1e-7)},
		`{"label_smoothing":"inf"}`:               {LabelSmoothing: ptr(math.Inf(1))},
		`{"label_smoothing":"-inf"}`:              {LabelSmoothing: ptr(math.Inf(-1))},
	} {
		got, err := options.MarshalJSON()
		if err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
		var back ports.Options
		if err := json.Unmarshal(got, &back); err != nil {
			t.Errorf("%s: %v", got, err)
		} else if diff := cmp.Diff(options, back); diff != "" {
			t.Errorf("%s: -want +got:\n%s", got, diff)
		}
	}
	var nan ports.Options
	if err := json.Unmarshal([]byte(`{"label_smoothing":"nan"}`), &nan); err != nil || !math.IsNaN(*nan.LabelSmoothing) {
		t.Errorf("NaN: got %v, %v", nan, err)
	}
}

func TestOptionsRefused(t *testing.T) {
	for _, text := range []string{
		`null`, `[]`, `{"weight":1}`, `{"Reduction":"mean"}`,
		`{"reduction":null}`, `{"reduction":1}`, `{"reduce":null}`, `{"reduce":"true"}`, `{"size_average":1}`,
		`{"ignore_index":null}`, `{"ignore_index":1.5}`, `{"ignore_index":1e3}`, `{"ignore_index":true}`, `{"ignore_index":"x"}`,
		`{"ignore_index":"9223372036854775808"}`, `{"ignore_index":[1]}`, `{"ignore_index":"1.5"}`,
		`{"label_smoothing":null}`, `{"label_smoothing":true}`, `{"label_smoothing":"0.1"}`, `{"label_smoothing":"infinity"}`,
		`{"label_smoothing":{}}`, `{"label_smoothing":1e999}`,
	} {
		var o ports.Options
		if err := json.Unmarshal([]byte(text), &o); err == nil {
			t.Errorf("%s: got %v, want an error", text, o)
		}
	}
}

// TestGiven wants every field of Options under a name of its own.
func TestGiven(t *testing.T) {
	all := ports.Options{Reduction: ptr("x"), SizeAverage: ptr(true), Reduce: ptr(false), IgnoreIndex: ptr(int64(7)), LabelSmoothing: ptr(0.5)}
	want := map[string]any{"reduction": "x", "size_average": true, "reduce": false, "ignore_index": int64(7), "label_smoothing": 0.5}
	if diff := cmp.Diff(want, maps.Collect(all.Given())); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got, want := slices.Sorted(slices.Values(ports.OptionNames())), slices.Sorted(maps.Keys(want)); !slices.Equal(got, want) {
		t.Errorf("got the names %q, want %q", got, want)
	}
}
