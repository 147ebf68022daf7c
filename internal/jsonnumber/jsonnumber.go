// Package jsonnumber writes and reads the numbers of options: in JSON as in the fixtures
// and on the wire. Integers beyond 2⁵³, which many readers would round, and numbers that
// are not finite, which JSON lacks, are strings.
package jsonnumber

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// maxExact is the largest integer up to which every integer is a float64.
const maxExact = int64(1) << 53

// AppendInt appends v, as a string beyond 2⁵³.
func AppendInt(b []byte, v int64) []byte {
	if v < -maxExact || v > maxExact {
		return append(strconv.AppendInt(append(b, '"'), v, 10), '"')
	}
	return strconv.AppendInt(b, v, 10)
}

// AppendFloat appends the shortest decimal that is v, without an exponent; what is not
// finite as "nan", "inf" or "-inf".
func AppendFloat(b []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(b, `"nan"`...)
	case math.IsInf(v, 1):
		return append(b, `"inf"`...)
	case math.IsInf(v, -1):
		return append(b, `"-inf"`...)
	}
	return strconv.AppendFloat(b, v, 'f', -1, 64)
}

// ParseInt reads an integer, a number or a string.
func ParseInt(raw json.RawMessage) (int64, error) {
	text, err := text(raw)
	if err == nil {
		if v, parseErr := strconv.ParseInt(text, 10, 64); parseErr == nil {
			return v, nil
		}
	}
	return 0, fmt.Errorf("got %.40s, want an integer of 64 bits, as a string beyond 2^53", raw)
}

// ParseFloat reads a number, or one of the strings "nan", "inf" and "-inf".
func ParseFloat(raw json.RawMessage) (float64, error) {
	text, err := text(raw)
	quoted := len(raw) > 0 && raw[0] == '"'
	if err == nil && (!quoted || text == "nan" || text == "inf" || text == "-inf") {
		if v, parseErr := strconv.ParseFloat(text, 64); parseErr == nil {
			return v, nil
		}
	}
	return 0, fmt.Errorf(`got %.40s, want a number, or "nan", "inf" or "-inf"`, raw)
}

// text returns what a JSON number or string says.
func text(raw json.RawMessage) (string, error) {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return "", err
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case float64:
		return string(raw), nil
	}
	return "", fmt.Errorf("got %.40s, want a number or a string", raw)
}
