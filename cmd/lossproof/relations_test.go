package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"lossproof/internal/divergence"
	"lossproof/internal/testports"
	"lossproof/ports"
	"lossproof/ports/builtin"
)

// counterexample matches what is said of the first relation that fails, and the command that ends it.
var counterexample = regexp.MustCompile(`(?s)\n(\S*/relations/\S+: fail\n.*?\n)  (lossproof run .*?)\n`)

// seedLine matches what is said of the seed.
var seedLine = regexp.MustCompile(`generated from (?:random )?seed (\d+)(?: of the release)? \(--seed (\d+) asks the same\)`)

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
	for _, wrong := range []string{"0", "-1", "4294967296", "x"} {
		check(t, command("run", "--seed", wrong), exitUsage, `stderr:--seed: got "`+wrong+`", want random, or a number from 1 to 4294967295`)
	}
}

// TestASuiteErrorOfARelation is no verdict on the port, and no entry of a baseline.
func TestASuiteErrorOfARelation(t *testing.T) {
	port := wrongIn(func(ports.Call) bool { return true }, ports.Answer{}, fmt.Errorf("%w: it is too long", ports.ErrRequest))
	file := filepath.Join(t.TempDir(), "baseline.json")
	run := []string{"run", "--select", "BCEWithLogitsLoss/relations/mean"}
	for _, args := range [][]string{run, append(run, "--baseline", file, "--update-baseline=add")} {
		check(t, against(t, port, args...), exitUsage, "1 of 1 law fails:\n", "relations/mean: suite-error\n", "stderr:the suite is at fault (suite-error)")
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a baseline was made: %v", err)
	}
}

// TestShowAndReproOfARelation: what is said of a recorded case is said of a relation; its counterexample
// is asked as it is printed.
func TestShowAndReproOfARelation(t *testing.T) {
	const law = "BCELoss/relations/mean"
	wrong, _ := divergence.ByName("mean-is-sum")
	check(t, command("show", law), 0, law+"\n  rule     BCE-LAW-MEAN (must): ", "\n  since    1.1.0\n", "\n  domain   with and without weight\n", "\n  tolerance  ",
		"\ncall 2 of the first input from seed 1: loss, grad_input of BCELoss\n", `options  reduction="sum"`, "  target  float32 (16,)\n")
	check(t, command("show", law+"x"), exitUsage, `stderr:there is no case "`+law+`x", did you mean "`+law+`"?`)
	first, other := command("show", "--request", law), command("show", "--request", law, "--seed", "2")
	if strings.Count(first.stdout, "\n") != 2 || first.stdout == other.stdout {
		t.Errorf("got the requests\n%s, from another seed\n%s", first.stdout, other.stdout)
	}
	requests := against(t, wrong.Port(), "repro", "--request", law)
	check(t, requests, exitNotConformant, `{"cmd":"run","id":1,"module":"BCELoss","options":{"reduction":"mean"},`, `{"cmd":"run","id":2,"module":"BCELoss","options":{"reduction":"sum"},`)
	check(t, against(t, wrong.Port(), "repro", law), exitNotConformant, "lossproof run --level parity --select "+law+" -v --seed 1\n", law+": fail\n", "broken by 2 calls",
		"# the request\n"+requests.stdout, `loss = torch.nn.BCELoss(reduction="mean")(input, target)`, "# call 2\n", "diagnosis of BCELoss: mean-is-sum\n")
	holds := against(t, builtin.Port{}, "repro", law)
	check(t, holds, 0, "# the answer\npass\n", "# the request\n"+first.stdout, "stderr:the relation holds on 60 inputs")
	check(t, against(t, builtin.Port{}, "repro", "--request", blog), 0, command("show", "--request", blog).stdout)
	// Where relations alone are selected, their failures are diagnosed.
	check(t, against(t, wrong.Port(), "run", "--select", "BCELoss/relations/*"), exitNotConformant, "diagnosis of BCELoss: mean-is-sum\n", "in 8 of the 8 answers that fail")
}

// TestAClaimWithoutChecks: what no check is about is refused as a claim, and not certified.
func TestAClaimWithoutChecks(t *testing.T) {
	port := testports.Claiming(func(_ string, c *ports.Claim) { c.DTypes = append(c.DTypes, "int64") })
	check(t, against(t, port, "run", "--select", blog), exitPort,
		"stderr:claim: BCELoss: dtypes: int64 has no check in the fixtures", "stderr:want one or more of ", "stderr:claim: CrossEntropyLoss: dtypes: int64")
}
