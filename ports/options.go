package ports

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"lossproof/internal/strictjson"
)

// Options are the constructor's options. A nil field was not given. In JSON, in the fixtures as
// on the wire, an option that was not given is absent; integers beyond 2⁵³, which many readers
// would round, and numbers that are not finite, which JSON lacks, are strings.
type Options struct {
	Reduction      *string
	SizeAverage    *bool
	Reduce         *bool
	IgnoreIndex    *int64
	LabelSmoothing *float64
}

// DefaultIgnoreIndex is the ignore_index where none is given.
const DefaultIgnoreIndex = -100

// Option is an option of a constructor.
type Option struct {
	Name string `json:"name"`
	// Type is string, boolean, integer or number.
	Type string `json:"type"`
	// Default is the value where none is given, nil where that is another thing than any value.
	Default any `json:"default,omitempty"`
	// Values are those that PyTorch accepts, nil where these are no list.
	Values []string `json:"values,omitempty"`

	// field is where [Options] keeps the value: a **string, **bool, **int64 or **float64.
	field func(o *Options) any
}

var options = []Option{
	{
		Name: "reduction", Type: "string", Default: "mean", Values: []string{"none", "mean", "sum"},
		field: func(o *Options) any { return &o.Reduction },
	},
	{Name: "size_average", Type: "boolean", field: func(o *Options) any { return &o.SizeAverage }},
	{Name: "reduce", Type: "boolean", field: func(o *Options) any { return &o.Reduce }},
	{
		Name: "ignore_index", Type: "integer", Default: int64(DefaultIgnoreIndex),
		field: func(o *Options) any { return &o.IgnoreIndex },
	},
	{
		Name: "label_smoothing", Type: "number", Default: 0.0,
		field: func(o *Options) any { return &o.LabelSmoothing },
	},
}

// AllOptions returns the options of all modules.
func AllOptions() []Option { return slices.Clone(options) }

// OptionNames returns the names of the options of all modules.
func OptionNames() []string {
	names := make([]string, len(options))
	for i, option := range options {
		names[i] = option.Name
	}
	return names
}

// Given yields the options that were given, in the order of [OptionNames]: a string, bool, int64
// or float64 each.
func (o Options) Given() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for _, option := range options {
			var value any
			switch field := option.field(&o).(type) {
			case **string:
				value = dereference(*field)
			case **bool:
				value = dereference(*field)
			case **int64:
				value = dereference(*field)
			case **float64:
				value = dereference(*field)
			}
			if value != nil && !yield(option.Name, value) {
				return
			}
		}
	}
}

func dereference[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// String writes the options as arguments in Python, "" where none was given:
//
//	reduction="none", label_smoothing=0.1
func (o Options) String() string {
	var arguments []string
	for name, value := range o.Given() {
		text := fmt.Sprint(value)
		switch value := value.(type) {
		case string:
			text = strconv.Quote(value)
		case bool:
			text = strings.ToUpper(text[:1]) + text[1:]
		case float64:
			if text = strconv.FormatFloat(value, 'g', -1, 64); math.IsNaN(value) || math.IsInf(value, 0) {
				text = nonFinite(value)
			}
		}
		arguments = append(arguments, name+"="+text)
	}
	return strings.Join(arguments, ", ")
}

// MarshalJSON writes the options that were given, sorted by name.
func (o Options) MarshalJSON() ([]byte, error) {
	given := maps.Collect(o.Given())
	b := []byte{'{'}
	for i, name := range slices.Sorted(maps.Keys(given)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), name...), `":`...)
		switch value := given[name].(type) {
		case string:
			b = strictjson.AppendString(b, value)
		case bool:
			b = strconv.AppendBool(b, value)
		case int64:
			b = appendInt(b, value)
		case float64:
			b = appendFloat(b, value)
		}
	}
	return append(b, '}'), nil
}

// UnmarshalJSON reads options; a name that is none of an option is an error.
func (o *Options) UnmarshalJSON(data []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil || members == nil {
		return fmt.Errorf("got %.40s, want an object of options", data)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if err := o.Set(name, members[name]); err != nil {
			return err
		}
	}
	return nil
}

// Set reads one option from its JSON value.
func (o *Options) Set(name string, raw []byte) error {
	for _, option := range options {
		if option.Name != name {
			continue
		}
		var err error
		switch field := option.field(o).(type) {
		case **string:
			err = set(field, raw, parseString)
		case **bool:
			err = set(field, raw, parseBool)
		case **int64:
			err = set(field, raw, parseInt)
		case **float64:
			err = set(field, raw, parseFloat)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}
	return fmt.Errorf("there is no option %.40q, want one of %q", name, OptionNames())
}

func set[T any](field **T, raw []byte, parse func([]byte) (T, error)) error {
	value, err := parse(raw)
	if err != nil {
		return err
	}
	*field = &value
	return nil
}

// maxExact is the largest integer up to which every integer is a float64.
const maxExact = int64(1) << 53

func appendInt(b []byte, v int64) []byte {
	if v < -maxExact || v > maxExact {
		return append(strconv.AppendInt(append(b, '"'), v, 10), '"')
	}
	return strconv.AppendInt(b, v, 10)
}

// appendFloat appends the shortest decimal that is v, without an exponent.
func appendFloat(b []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(append(append(b, '"'), nonFinite(v)...), '"')
	}
	return strconv.AppendFloat(b, v, 'f', -1, 64)
}

// nonFinite writes what is not finite as Python and JSON have it: nan, inf, -inf.
func nonFinite(v float64) string {
	return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(v, 'g', -1, 64), "+"))
}

func parseString(raw []byte) (string, error) {
	var s *string
	if err := json.Unmarshal(raw, &s); err != nil || s == nil {
		return "", fmt.Errorf("got %.40s, want a string", raw)
	}
	return *s, nil
}

func parseBool(raw []byte) (bool, error) {
	var b *bool
	if err := json.Unmarshal(raw, &b); err != nil || b == nil {
		return false, fmt.Errorf("got %.40s, want true or false", raw)
	}
	return *b, nil
}

// parseInt reads an integer, a number or a string.
func parseInt(raw []byte) (int64, error) {
	text, _ := numeral(raw)
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("got %.40s, want an integer of 64 bits, as a string beyond 2^53", raw)
	}
	return v, nil
}

// parseFloat reads a number, or one of the strings "nan", "inf" and "-inf".
func parseFloat(raw []byte) (float64, error) {
	text, quoted := numeral(raw)
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || quoted && text != "nan" && text != "inf" && text != "-inf" {
		return 0, fmt.Errorf(`got %.40s, want a number, or "nan", "inf" or "-inf"`, raw)
	}
	return v, nil
}

// numeral returns what a JSON number or string says, and "" for anything else.
func numeral(raw []byte) (text string, quoted bool) {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return "", false
	}
	switch v := v.(type) {
	case string:
		return v, true
	case float64:
		return string(raw), false
	}
	return "", false
}
