package judge_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"lossproof/internal/report"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/ports"
)

// shardsOf returns the results of all shards of a run, as their files have them.
func shardsOf(t *testing.T, port ports.Port, options judge.Options, n int) []judge.Part {
	t.Helper()
	var parts []judge.Part
	for i := 1; i <= n; i++ {
		options.Selection.Shard = judge.Shard{Index: i, Count: n}
		result := run(t, port, options)
		parts = append(parts, judge.Part{Name: options.Selection.Shard.String(), Result: reread(t, result)})
	}
	return parts
}

func encode(t *testing.T, result *judge.Result) []byte {
	t.Helper()
	var text bytes.Buffer
	if err := report.JSON(&text, result); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func reread(t *testing.T, result *judge.Result) *judge.Result {
	t.Helper()
	read := new(judge.Result)
	if err := json.Unmarshal(encode(t, result), read); err != nil {
		t.Fatal(err)
	}
	return read
}

// TestMerge: the shards of a run, in whatever order, are the run in one piece, byte for byte.
func TestMerge(t *testing.T) {
	for name, port := range map[string]ports.Port{"right": testports.Port{}, "wrong": testports.PosWeightIgnored, "mute": testports.NaNs} {
		options := only("*/blog_example/*", "BCEWithLogitsLoss/pos_weight/f32-*", "CrossEntropyLoss/rejections/*", "*/relations/shape")
		options.Quirks = name == "wrong"
		want := encode(t, run(t, port, options))
		parts := shardsOf(t, port, options, 3)
		parts[0], parts[2] = parts[2], parts[0]
		merged, err := judge.Merge(openSet(t), parts)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := encode(t, merged); !bytes.Equal(got, want) {
			t.Errorf("%s: got\n%.2000s\nwant\n%.2000s", name, got, want)
		}
	}
}

func TestMergeKeepsKnownFailures(t *testing.T) {
	options := only("BCEWithLogitsLoss/pos_weight/f32-*")
	options.Known = judge.Baseline{}
	for _, r := range run(t, testports.PosWeightIgnored, options).Cases {
		for name, output := range r.Outputs {
			if output.Outcome == judge.Fail {
				options.Known[r.ID+"#"+name] = judge.Known{Outcome: judge.Fail, Reason: "it ignores pos_weight"}
			}
		}
	}
	if len(options.Known) == 0 {
		t.Fatal("nothing fails")
	}
	want := encode(t, run(t, testports.PosWeightIgnored, options))
	merged, err := judge.Merge(openSet(t), shardsOf(t, testports.PosWeightIgnored, options, 2))
	if err != nil {
		t.Fatal(err)
	}
	if got := encode(t, merged); !bytes.Equal(got, want) || merged.Summary.Modules[0].KnownFailures == 0 {
		t.Errorf("got\n%.2000s\nwant\n%.2000s", got, want)
	}
}

func TestMergeRefuses(t *testing.T) {
	options := only("BCEWithLogitsLoss/blog_example/*", "BCEWithLogitsLoss/pos_weight/*")
	set, shards := openSet(t), shardsOf(t, testports.Port{}, options, 4)
	change := func(edit func(parts []judge.Part)) func([]judge.Part) []judge.Part {
		return func(parts []judge.Part) []judge.Part {
			edit(parts)
			return parts
		}
	}
	for want, edit := range map[string]func([]judge.Part) []judge.Part{
		"there is nothing to merge":                        func([]judge.Part) []judge.Part { return nil },
		"missing: shard 1/4, 3/4":                          func(p []judge.Part) []judge.Part { return []judge.Part{p[1], p[3]} },
		"2/4: it is shard 2/4, and so is 2/4":              func(p []judge.Part) []judge.Part { return append(p, p[1]) },
		"2/4: shard 2/4 is not complete":                   change(func(p []judge.Part) { p[1].Result.Complete = false }),
		"3/4: it is shard 3/5, 1/4 is one of 4":            change(func(p []judge.Part) { p[2].Result.Shard = "3/5" }),
		"3/4: it is the result of a whole run":             change(func(p []judge.Part) { p[2].Result.Shard = "" }),
		`3/4: shard: got "x"`:                              change(func(p []judge.Part) { p[2].Result.Shard = "x" }),
		`4/4: level: got "exact", 1/4 has "parity"`:        change(func(p []judge.Part) { p[3].Result.Level = "exact" }),
		"4/4: seed: got 7":                                 change(func(p []judge.Part) { p[3].Result.Seed = 7 }),
		`4/4: port: got {"name":"another"`:                 change(func(p []judge.Part) { p[3].Result.Port.Name = "another" }),
		`4/4: selection: got nothing, 1/4 has {"select":[`: change(func(p []judge.Part) { p[3].Result.Selection = judge.Selection{} }),
		"4/4: claim: got {}":                               change(func(p []judge.Part) { p[3].Result.Claim = map[string]ports.Claim{} }),
		`4/4: platform: got {"os":"plan9"`:                 change(func(p []judge.Part) { p[3].Result.Platform.OS = "plan9" }),
		"it is of the fixtures 0.0.1": change(func(p []judge.Part) {
			for i := range p {
				p[i].Result.Fixtures = judge.FixturesInfo{Version: "0.0.1"}
			}
		}),
		"no result has BCEWithLogitsLoss/": change(func(p []judge.Part) { p[3].Result.Cases = p[3].Result.Cases[1:] }),
		" is in 1/4 too":                   change(func(p []judge.Part) { p[3].Result.Cases = append(p[3].Result.Cases, p[0].Result.Cases[0]) }),
	} {
		var parts []judge.Part
		for _, p := range shards {
			parts = append(parts, judge.Part{Name: p.Name, Result: reread(t, p.Result)})
		}
		merged, err := judge.Merge(set, edit(parts))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, %v, want the error %q", merged != nil, err, want)
		}
	}
}

// TestMergeNamesEveryCPU: nodes of one engine need not be of one model.
func TestMergeNamesEveryCPU(t *testing.T) {
	parts := shardsOf(t, testports.Port{}, only("BCEWithLogitsLoss/blog_example/*"), 2)
	parts[0].Result.Platform.CPU, parts[1].Result.Platform.CPU = "Model B", "Model A"
	merged, err := judge.Merge(openSet(t), parts)
	if err != nil || merged.Platform.CPU != "Model A; Model B" {
		t.Errorf("got %+v, %v", merged, err)
	}
}
