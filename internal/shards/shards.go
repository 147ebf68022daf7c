// Package shards finds the shard of a process in the variables of the engine that started it.
package shards

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// CountVariable has the number of shards where the engine does not say it.
const CountVariable = "LOSSPROOF_SHARDS"

// engine is a system that starts many processes with an index each.
type engine struct {
	name string
	// index and count are variables; count is empty where the engine has none.
	index, count string
	// first is the index of the first process.
	first int
	// shard, if set, works out the shard where index and count do not say it.
	shard func(index int, getenv func(string) string) (i, n int, err error)
}

var engines = []engine{
	{name: "Bazel", index: "TEST_SHARD_INDEX", count: "TEST_TOTAL_SHARDS"},
	{name: "a Kubernetes Indexed Job", index: "JOB_COMPLETION_INDEX"},
	{name: "a Slurm array", index: "SLURM_ARRAY_TASK_ID", shard: slurm},
	{name: "GitLab CI, or a matrix of GitHub Actions that sets them", index: "CI_NODE_INDEX", count: "CI_NODE_TOTAL", first: 1},
}

// Auto returns the shard of this process, i of n with i from 1, by the variables of its engine. It
// tells Bazel that the test knows its shards.
func Auto(getenv func(string) string) (i, n int, err error) {
	found := ""
	for _, e := range engines {
		if getenv(e.index) == "" {
			continue
		}
		if found != "" {
			return 0, 0, fmt.Errorf("both %s and %s are set: want --shard i/n, which says which counts", found, e.index)
		}
		if i, n, err = e.of(getenv); err != nil {
			return 0, 0, err
		}
		found = e.index
	}
	if found == "" {
		var names []string
		for _, e := range engines {
			names = append(names, e.index+" ("+e.name+")")
		}
		return 0, 0, fmt.Errorf("found none of the variables %s: want one of these engines, or --shard i/n", strings.Join(names, ", "))
	}
	if file := getenv("TEST_SHARD_STATUS_FILE"); file != "" {
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			return 0, 0, fmt.Errorf("TEST_SHARD_STATUS_FILE: %w", err)
		}
	}
	return i, n, nil
}

// of returns the shard that the variables of one engine give.
func (e engine) of(getenv func(string) string) (i, n int, err error) {
	index, err := number(getenv, e.index)
	if err != nil {
		return 0, 0, err
	}
	switch stated := getenv(CountVariable); {
	case stated != "":
		if n, err = number(getenv, CountVariable); err != nil {
			return 0, 0, err
		}
		first := e.first
		if e.shard != nil {
			first = 1 // an array that numbers its tasks from 1, or a part of it
		}
		i = index - first + 1
	case e.shard != nil:
		i, n, err = e.shard(index, getenv)
	case e.count == "":
		err = fmt.Errorf("%s is %d, but %s does not say of how many: set %s to its completions", e.index, index, e.name, CountVariable)
	default:
		n, err = number(getenv, e.count)
		i = index - e.first + 1
	}
	if err != nil {
		return 0, 0, err
	}
	if i < 1 || i > n {
		return 0, 0, fmt.Errorf("%s is %d, which is shard %d of %d: want 1 to %d", e.index, index, i, n, n)
	}
	return i, n, nil
}

// slurm works out the shard of a task of an array that is whole: a part of an array that is submitted
// again has other bounds, and so needs CountVariable.
func slurm(index int, getenv func(string) string) (i, n int, err error) {
	var bounds [3]int
	for k, name := range []string{"SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX", "SLURM_ARRAY_TASK_COUNT"} {
		if bounds[k], err = number(getenv, name); err != nil {
			return 0, 0, err
		}
	}
	if first, last, count := bounds[0], bounds[1], bounds[2]; last-first+1 != count {
		return 0, 0, fmt.Errorf("the Slurm array has %d tasks from %d to %d: want all of them, or an array from 1 and %s", count, first, last, CountVariable)
	}
	return index - bounds[0] + 1, bounds[2], nil
}

func number(getenv func(string) string, name string) (int, error) {
	text := getenv(name)
	if text == "" {
		return 0, errors.New(name + " is not set, want a number")
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s: got %.40q, want a number", name, text)
	}
	return n, nil
}
