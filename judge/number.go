package judge

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// Number is a float64 that JSON can hold: an infinity or NaN is written as a string,
// "inf", "-inf" or "nan", as in the fixtures.
type Number float64

// MarshalJSON implements [json.Marshaler].
func (n Number) MarshalJSON() ([]byte, error) {
	switch f := float64(n); {
	case math.IsNaN(f):
		return []byte(`"nan"`), nil
	case math.IsInf(f, 1):
		return []byte(`"inf"`), nil
	case math.IsInf(f, -1):
		return []byte(`"-inf"`), nil
	default:
		return json.Marshal(f)
	}
}

// UnmarshalJSON implements [json.Unmarshaler].
func (n *Number) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case `"nan"`, `"inf"`, `"-inf"`:
		f, err := strconv.ParseFloat(string(data[1:len(data)-1]), 64)
		*n = Number(f)
		return err
	}
	var f float64
	if err := json.Unmarshal(data, &f); err != nil {
		return fmt.Errorf(`got %.60s, want a number, "inf", "-inf" or "nan"`, data)
	}
	*n = Number(f)
	return nil
}
