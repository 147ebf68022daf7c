package faults_test

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"lossproof/internal/generated"
	"lossproof/internal/generated/faults"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
)

var update = flag.Bool("update", false, "write found.json anew")

// find makes the check that a fault is found by; seed is what it draws from, few says that shapes are to be few.
func find(t *testing.T, f *faults.Fault, seed uint32, few bool) generated.Result {
	t.Helper()
	port := f.Port()
	d, err := port.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	k := generated.NewChecker(d.Modules, generated.Options{
		Seed: seed, Effort: generated.Normal, Level: verdict.Parity, FewShapes: few,
		Ask: func(ctx context.Context, call ports.Call) func() (ports.Answer, error) {
			return func() (ports.Answer, error) { return judge.Ask(ctx, port, call) }
		},
	})
	id := f.Module + "/" + generated.Topic + "/" + f.By
	i := slices.IndexFunc(generated.All(), func(c *generated.Check) bool { return c.ID == id })
	if i < 0 {
		t.Fatalf("%s: there is no check %s", f.Name, id)
	}
	end, outside := k.Begin(t.Context(), generated.All()[i])
	if outside != "" {
		t.Fatalf("%s: %s", f.Name, outside)
	}
	return end()
}

// TestFaultsAreFound: each fault of position and size is found by the check that the catalogue names,
// with the seed of the release, and has a small counterexample. It is found in few shapes as well.
func TestFaultsAreFound(t *testing.T) {
	all := faults.All()
	full := os.Getenv("LOSSPROOF_FULL") != "" || *update
	if !full {
		t.Logf("%d of %d faults: make sizes looks for all", len(all)/12, len(all))
	}
	var list []faults.Found
	names := map[string]bool{}
	for i := range all {
		f := &all[i]
		if names[f.Name] {
			t.Errorf("%s stands twice", f.Name)
		}
		names[f.Name] = true
		if !full && i%12 != 0 {
			continue
		}
		if r := find(t, f, judge.Seed, true); r.Broken == "" || r.Err != nil {
			t.Errorf("%s is not found in few shapes: %v", f.Name, r.Err)
		}
		r := find(t, f, judge.Seed, false)
		if r.Broken == "" || r.Err != nil {
			t.Errorf("%s is not found: %v", f.Name, r.Err)
			continue
		}
		first, _, _ := strings.Cut(r.Broken, "\n")
		list = append(list, faults.Found{f.Name, f.Title, f.Module, f.By, strings.TrimPrefix(first, "the call: ")})
	}
	if !full {
		return
	}
	got, err := json.MarshalIndent(list, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	const file = "found.json"
	if *update {
		if err := os.WriteFile(file, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || string(want) != string(got)+"\n" {
		t.Errorf("%s is stale: go test ./internal/generated/faults -update (%v)", file, err)
	}
}
