package machine

import (
	"runtime"
	"strings"
	"testing"
)

func TestParseModel(t *testing.T) {
	tests := []struct{ text, want string }{
		{"processor\t: 0\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC 9V74\n\nprocessor\t: 1\nmodel name\t: another\n", "AMD EPYC 9V74 (family 25, model 17)"},
		{"model name\t: Cortex: A72\n", "Cortex: A72"},
		{"processor\t: 0\n", "unknown CPU"},
		{"", "unknown CPU"},
	}
	for _, test := range tests {
		if got := parseModel([]byte(test.text)); got != test.want {
			t.Errorf("%q: got %q, want %q", test.text, got, test.want)
		}
	}
}

func TestDescribe(t *testing.T) {
	m := Describe()
	if m.Cores != runtime.NumCPU() || m.CPU == "" {
		t.Errorf("got %+v", m)
	}
	if s := m.String(); !strings.Contains(s, runtime.GOARCH) || strings.Contains(s, "\n") {
		t.Errorf("got %q", s)
	}
}
