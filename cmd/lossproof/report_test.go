package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	dir := t.TempDir()
	parity, site := filepath.Join(dir, "parity.json"), filepath.Join(dir, "site")
	check(t, command("run", "--select", "*/blog_example/*", "--json", parity), exitConformant)
	check(t, command("report", parity, "-o", site), exitConformant, "index.html: 1 implementation\n")
	for name, want := range map[string]string{"index.html": "conformant (parity)", "rules/bcewl-mean.html": "lossproof explain BCEWL-MEAN", "style.css": "prefers-color-scheme"} {
		if text, err := os.ReadFile(filepath.Join(site, name)); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: want %q, %v", name, want, err)
		}
	}
	for _, test := range []struct {
		want string
		args []string
	}{
		{"there is no -o", []string{parity}},
		{"requires at least 1 arg", []string{"-o", site}},
		{"something that is no report", []string{parity, "-o", dir}},
		{"no-such.js", []string{parity, "-o", site, "--curves", "no-such.js"}},
		{"it is a second result of", []string{parity, parity, "-o", site}},
	} {
		check(t, command(append([]string{"report"}, test.args...)...), exitUsage, "stderr:"+test.want)
	}
}
