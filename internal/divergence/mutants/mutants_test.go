package mutants_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossproof/fixtures"
	"lossproof/internal/divergence"
	"lossproof/internal/divergence/mutants"
	"lossproof/judge"
	"lossproof/judge/verdict"
)

var update = flag.Bool("update", false, "write testdata anew")

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // hundreds of runs leave much garbage, and little else
	os.Exit(m.Run())
}

var load = sync.OnceValues(fixtures.Embedded)

// kills is computed once for all tests. With -short, these are of the null ports and of every eighth divergence, and it is asked
// the cases of the rules that it breaks; make test-long has all.
var kills = sync.OnceValues(func() ([]mutants.Kill, error) {
	set, err := load()
	if err != nil {
		return nil, err
	}
	if !testing.Short() {
		return mutants.All(context.Background(), set, divergence.All(), mutants.EveryCase)
	}
	var some []*divergence.Divergence
	for i, d := range divergence.All() {
		if d.Null || i%8 == 0 {
			some = append(some, d)
		}
	}
	return mutants.All(context.Background(), set, some, mutants.CasesOfRules)
})

func all(t *testing.T) []mutants.Kill {
	t.Helper()
	k, err := kills()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestTheRightDefinition: what the divergences vary passes everything of its modules, with -short
// one check of sixteen at level exact, and what is exact agrees at parity, too.
func TestTheRightDefinition(t *testing.T) {
	var options judge.Options
	levels := []verdict.Level{verdict.Exact, verdict.Parity}
	if testing.Short() {
		options.Selection.Shard, options.Effort = judge.Shard{Index: 1, Count: 16}, judge.Quick
		levels = levels[:1]
	}
	set, err := load()
	if err != nil {
		t.Fatal(err)
	}
	options.Fixtures = set
	for _, options.Level = range levels {
		result, err := judge.Run(t.Context(), divergence.RightPort(), options)
		if err != nil {
			t.Fatal(err)
		}
		if !result.Summary.Conformant && !testing.Short() {
			t.Errorf("%s", strings.Join(result.Summary.Verdict, "\n"))
		}
		for _, c := range result.Cases {
			if c.Gates && c.Outcome != judge.Pass {
				t.Errorf("%s: %s %s", c.ID, c.Outcome, c.Message)
			}
		}
	}
}

// TestEveryDivergenceIsKilled: the suite finds each, by three cases at least and one of the
// rule that it breaks; at parity unless it is marked as visible to exact only.
func TestEveryDivergenceIsKilled(t *testing.T) {
	for _, k := range all(t) {
		name := k.Divergence.Name + " of " + k.Module
		// The cases of a rule may be fewer than are wanted of all.
		if found := k.OfRule > 0 && !k.Conformant || k.Divergence.Null; !testing.Short() && !k.Killed() || !found {
			t.Errorf("%s survives at %s: %d cases fail, %d of %s, want %d and 1: %s",
				name, k.Level, k.Failing, k.OfRule, k.Divergence.Rule(k.Module), mutants.Least, k.Verdict)
		}
		if k.AtParity {
			t.Errorf("%s is killed at parity, and marked as visible to exact only", name)
		}
	}
}

// excused are the reasons for which a null port may pass. What has no reason at all is an error of mutants.Run.
var excused = map[string][]mutants.Kind{
	"zeros":                  {mutants.Empty, mutants.Zero, mutants.Small},
	"nans":                   {mutants.Empty, mutants.NaN, mutants.Overflow},
	"echo":                   {mutants.Empty, mutants.Zero, mutants.NaN, mutants.Infinite, mutants.Coincidence},
	"everything-rejected":    {mutants.Refusal},
	"everything-unsupported": nil,
}

// TestNullPorts: what ports pass that compute nothing is a reviewed list, each with the reason.
func TestNullPorts(t *testing.T) {
	const file = "testdata/null-ports.txt"
	var lines []string
	for _, k := range all(t) {
		if !k.Divergence.Null {
			continue
		}
		if k.Conformant {
			t.Errorf("%s is conformant: %s", k.Divergence.Name, k.Verdict)
		}
		for _, p := range k.Passed {
			lines = append(lines, k.Divergence.Name+" "+p.String())
			for _, kind := range p.Why {
				if !slices.Contains(excused[k.Divergence.Name], kind) {
					t.Errorf("%s passes %s", k.Divergence.Name, p)
				}
			}
		}
	}
	slices.Sort(lines)
	if *update && !testing.Short() {
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	expected := strings.Split(strings.TrimSpace(string(want)), "\n")
	if testing.Short() {
		expected = slices.DeleteFunc(expected, func(line string) bool { return !strings.Contains(line, "/nonfinite/") })
	}
	if diff := cmp.Diff(expected, lines); diff != "" {
		t.Errorf("what null ports pass is not what %s says; look at it, and write it anew with -update (-want +got):\n%s", file, diff)
	}
}

// TestKilled shows that Killed can say no.
func TestKilled(t *testing.T) {
	d, ok := divergence.ByName("weight-ignored")
	null, _ := divergence.ByName("zeros")
	if !ok {
		t.Fatal("weight-ignored is missing")
	}
	for _, test := range []struct {
		kill mutants.Kill
		want bool
	}{
		{mutants.Kill{Divergence: d, Failing: 3, OfRule: 1}, true},
		{mutants.Kill{Divergence: d, Failing: 2, OfRule: 2}, false},
		{mutants.Kill{Divergence: d, Failing: 9}, false},
		{mutants.Kill{Divergence: d, Failing: 9, OfRule: 9, Conformant: true}, false},
		{mutants.Kill{Divergence: null, Failing: 9}, true},
		{mutants.Kill{Divergence: null, Failing: 9, Conformant: true}, false},
	} {
		if got := test.kill.Killed(); got != test.want {
			t.Errorf("%s: got %t, want %t", fmt.Sprint(test.kill.Divergence.Name, test.kill.Failing, test.kill.OfRule, test.kill.Conformant), got, test.want)
		}
	}
}
