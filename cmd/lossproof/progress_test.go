package main

import (
	"bytes"
	"strings"
	"testing"

	"lossproof/judge"
)

func TestProgress(t *testing.T) {
	fail := judge.CheckResult{Outcome: judge.Fail, Gates: true}
	var lines bytes.Buffer
	p := newProgress(&lines, 0)
	for i := range 1000 {
		p.show(i+1, 1000, fail)
	}
	p.end()
	if got := lines.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "1000 of 1000 checks judged in ") || !strings.Contains(got, "1000 fail") {
		t.Errorf("lines: %q", got)
	}
	var bar bytes.Buffer
	p = newProgress(&bar, 80)
	p.show(1, 2, judge.CheckResult{Outcome: judge.Fixed, Gates: true}) // better than the baseline says
	p.end()
	if got := bar.String(); !strings.Contains(got, "judging  50 %") || !strings.Contains(got, "1/2, 0 fail") {
		t.Errorf("bar: %q", got)
	}
}
