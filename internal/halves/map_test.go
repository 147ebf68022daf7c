package halves_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"lossproof/internal/halves"
)

func TestMapIsReadAsItIsWritten(t *testing.T) {
	m := new(halves.Map)
	for i := range m {
		m[i] = halves.AccuracyOf(float64(i%40), i%1000 == 999)
	}
	m[0], m[65535] = halves.WrongClass, halves.NotAsked
	text, err := json.Marshal(map[string]*halves.Map{"map": m})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]*halves.Map
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if *got["map"] != *m {
		t.Error("got another map than was written")
	}
}

func TestMapRefuses(t *testing.T) {
	text, err := new(halves.Map).MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	for what, bad := range map[string]string{"no base64": "???", "half": string(text[:len(text)/2]), "nothing": ""} {
		if err := new(halves.Map).UnmarshalText([]byte(bad)); err == nil || !strings.HasPrefix(err.Error(), "map of 16 bits: ") {
			t.Errorf("%s: got error %v", what, err)
		}
	}
	unknown := new(halves.Map)
	unknown[7] = 99
	if text, err = unknown.MarshalText(); err != nil {
		t.Fatal(err)
	}
	if err := new(halves.Map).UnmarshalText(text); err == nil || !strings.Contains(err.Error(), "accuracy of 99 for number 7") {
		t.Errorf("got error %v", err)
	}
}

func TestAccuracy(t *testing.T) {
	for _, c := range []struct {
		ulps     float64
		vanished bool
		want     halves.Accuracy
	}{{0, false, halves.Precise}, {1, false, halves.Precise}, {1.01, false, halves.Rough}, {16, false, halves.Rough}, {16.1, false, halves.Wrong},
		{1, true, halves.Vanished}, {math.Inf(1), false, halves.WrongClass}, {math.Inf(1), true, halves.WrongClass}, {math.NaN(), false, halves.WrongClass}} {
		if got := halves.AccuracyOf(c.ulps, c.vanished); got != c.want {
			t.Errorf("%g ULP, vanished %t: got %d, want %d", c.ulps, c.vanished, got, c.want)
		}
	}
}
