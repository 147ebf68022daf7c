package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"lossproof/fixtures"
	"lossproof/internal/testports"
	"lossproof/ports/builtin"
)

// counterexample matches what is said of the first relation that fails, and the command that ends it.
var counterexample = regexp.MustCompile(`(?s)\n(\S*/relations/\S+: fail\n.*?\n)  (lossproof run .*?)\n`)

// seedLine matches what is said of the seed.
var seedLine = regexp.MustCompile(`generated from seed (\d+) \(--seed (\d+) asks the same\)`)

// TestSeed: random prints a seed, which is another each time, and gives the same inputs again.
func TestSeed(t *testing.T) {
	run := func(seed string) (printed string, got outcome) {
		got = against(t, testports.NaNs, "run", "--select", "MultiLabelSoftMarginLoss/relations/mean", "--seed", seed)
		check(t, got, exitNotConformant)
		seeds := seedLine.FindStringSubmatch(got.stdout)
		if seeds == nil || seeds[1] != seeds[2] || !strings.Contains(got.stdout, " --seed "+seeds[1]+"\n") {
			t.Fatalf("no seed, or several, in\n%s", got.stdout)
		}
		return seeds[1], got
	}
	seed, first := run("random")
	if again, second := run(seed); again != seed || counterexample.FindString(second.stdout) != counterexample.FindString(first.stdout) {
		t.Errorf("--seed %s: got seed %s and\n%s\nwant\n%s", seed, again, second.stdout, first.stdout)
	}
	if other, _ := run("random"); other == seed {
		t.Errorf("random gave %s twice", seed)
	}
	if release, _ := run("1"); release != "1" {
		t.Errorf("got seed %s, want 1", release)
	}
	for _, wrong := range []string{"0", "-1", "4294967296", "x", ""} {
		check(t, command("run", "--seed", wrong), exitUsage, `stderr:--seed: got "`+wrong+`", want random, or a number from 1 to 4294967295`)
	}
}

// TestASuiteErrorOfARelation is no verdict on the port, and no entry of a baseline.
func TestASuiteErrorOfARelation(t *testing.T) {
	tree := embeddedTree(t)
	flip(tree, "tolerances.json")
	set, err := fixtures.Open(tree)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "baseline.json")
	run := []string{"run", "--select", "BCEWithLogitsLoss/relations/mean"}
	for _, args := range [][]string{run, append(run, "--baseline", file, "--update-baseline=add")} {
		got := with(func(p *program) { p.set, p.port = set, builtin.Port{} }, args...)
		check(t, got, exitUsage, "1 of 1 relation fails:\n", "relations/mean: suite-error\n", "stderr:the suite is at fault (suite-error)")
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a baseline was made: %v", err)
	}
}
