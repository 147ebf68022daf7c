package main

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"lossproof/lab/bench"
)

func TestBench(t *testing.T) {
	threads := runtime.GOMAXPROCS(0)
	check(t, command("bench", "--shape", "64x10", "--rounds", "3", "--threads", "3", "--gradient", "--reduction", "none"), 0,
		"BCEWithLogitsLoss none and gradient, float32 64x10, threads: 3, rounds: 3", "minimum", "median", "million per second", "of a plain read")
	if got := runtime.GOMAXPROCS(0); got != threads {
		t.Errorf("GOMAXPROCS was %d before and is %d", threads, got)
	}
	check(t, command("bench", "--module", "CrossEntropyLoss", "--shape", "8x10", "--rounds", "2", "--label-smoothing", "0.1", "--class-probabilities"), 0,
		"CrossEntropyLoss mean, label smoothing 0.1, class probabilities, float32 8x10", "minimum")
	got := command("bench", "--shape", "8x8", "--rounds", "2", "--json", "--dtype", "float64", "--module", "MultiLabelSoftMarginLoss", "--reduction", "sum", "--threads", "1")
	check(t, got, 0)
	var r bench.Result
	if err := json.Unmarshal([]byte(got.stdout), &r); err != nil {
		t.Fatal(err)
	}
	if r.Module != "MultiLabelSoftMarginLoss" || r.Reduction != "sum" || r.DType != "float64" || r.Shape.String() != "8x8" ||
		r.Threads != 1 || r.Gradient || r.Rounds != 2 || !(r.Minimum > 0) || !(r.Median >= r.Minimum) || !(r.ElementsPerSecond > 0) || r.Machine.CPU == "" {
		t.Errorf("got %s", got.stdout)
	}
}

func TestBenchServe(t *testing.T) {
	got := with(func(p *program) {
		p.stdin = strings.NewReader(`{"module":"BCEWithLogitsLoss","reduction":"mean","dtype":"float32","shape":"64x10","threads":1}` + "\n")
	}, "bench", "--serve")
	check(t, got, 0, `{"machine":{"cpu":`, `{"ns":`)
	if lines := strings.Count(got.stdout, "\n"); lines != 2 {
		t.Errorf("got %d lines, want 2:\n%s", lines, got.stdout)
	}
}

func TestBenchRefusesWrongUse(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--shape", "4096×1024"}, `--shape: got "4096×1024"`},
		{[]string{"--shape", "0x5"}, `--shape: got "0x5"`},
		{[]string{"--module", "NLLLoss"}, `module: got "NLLLoss"`},
		{[]string{"--reduction", "all"}, `got "all", want mean, sum or none`},
		{[]string{"--dtype", "int8"}, `dtype: got "int8"`},
		{[]string{"--threads", "0"}, "threads: got 0"},
		{[]string{"--rounds", "0"}, "rounds: got 0"},
		{[]string{"--serve", "--shape", "2x2"}, "--shape: goes without --serve"},
		{[]string{"quickly"}, "takes no arguments"},
	} {
		check(t, command(append([]string{"bench"}, test.args...)...), exitUsage, "stderr:"+test.want)
	}
}
