package jsonnumber

import (
	"math"
	"testing"
)

func TestInt(t *testing.T) {
	for v, want := range map[int64]string{
		0: "0", -100: "-100", 1 << 53: "9007199254740992", -1 << 53: "-9007199254740992",
		1<<53 + 1: `"9007199254740993"`, -1<<53 - 1: `"-9007199254740993"`,
		math.MaxInt64: `"9223372036854775807"`, math.MinInt64: `"-9223372036854775808"`,
	} {
		got := AppendInt(nil, v)
		if string(got) != want {
			t.Errorf("%d: got %s, want %s", v, got, want)
		}
		if back, err := ParseInt(got); err != nil || back != v {
			t.Errorf("%s: got %d, %v", got, back, err)
		}
	}
	for _, raw := range []string{"", "1.5", "1e3", "true", "null", `"x"`, `"9223372036854775808"`, "[1]", `"1.5"`} {
		if v, err := ParseInt([]byte(raw)); err == nil {
			t.Errorf("%s: got %d, want an error", raw, v)
		}
	}
}

func TestFloat(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.1: "0.1", 1: "1", -0.25: "-0.25", 1 + 0x1p-20: "1.0000009536743164", 1e-7: "0.0000001",
		math.Inf(1): `"inf"`, math.Inf(-1): `"-inf"`,
	} {
		got := AppendFloat(nil, v)
		if string(got) != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
		if back, err := ParseFloat(got); err != nil || back != v {
			t.Errorf("%s: got %v, %v", got, back, err)
		}
	}
	if v, err := ParseFloat(AppendFloat(nil, math.NaN())); err != nil || !math.IsNaN(v) {
		t.Errorf("NaN: got %v, %v", v, err)
	}
	for _, raw := range []string{"", "true", "null", `"0.1"`, `"infinity"`, "{}", "1e999"} {
		if v, err := ParseFloat([]byte(raw)); err == nil {
			t.Errorf("%s: got %v, want an error", raw, v)
		}
	}
}
