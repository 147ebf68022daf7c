package shards

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAuto(t *testing.T) {
	for _, test := range []struct {
		variables string
		want      string // i/n, or a part of the error
	}{
		{"JOB_COMPLETION_INDEX=0 LOSSPROOF_SHARDS=8", "1/8"},
		{"JOB_COMPLETION_INDEX=7 LOSSPROOF_SHARDS=8", "8/8"},
		{"JOB_COMPLETION_INDEX=8 LOSSPROOF_SHARDS=8", "JOB_COMPLETION_INDEX is 8, which is shard 9 of 8: want 1 to 8"},
		{"JOB_COMPLETION_INDEX=2", "does not say of how many: set LOSSPROOF_SHARDS"},
		{"JOB_COMPLETION_INDEX=x LOSSPROOF_SHARDS=8", `JOB_COMPLETION_INDEX: got "x", want a number`},
		{"JOB_COMPLETION_INDEX=1 LOSSPROOF_SHARDS=many", `LOSSPROOF_SHARDS: got "many", want a number`},
		{"SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=7 SLURM_ARRAY_TASK_COUNT=8", "4/8"},
		{"SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=8 SLURM_ARRAY_TASK_COUNT=8", "3/8"},
		// A task that is submitted again alone: Slurm says that it is the only one.
		{"SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=3 SLURM_ARRAY_TASK_MAX=3 SLURM_ARRAY_TASK_COUNT=1 LOSSPROOF_SHARDS=8", "3/8"},
		{"SLURM_ARRAY_TASK_ID=0 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_MAX=7 SLURM_ARRAY_TASK_COUNT=8 LOSSPROOF_SHARDS=8", "SLURM_ARRAY_TASK_ID is 0, which is shard 0 of 8"},
		{"SLURM_ARRAY_TASK_ID=3 SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=7 SLURM_ARRAY_TASK_COUNT=4", "the Slurm array has 4 tasks from 1 to 7"},
		{"SLURM_ARRAY_TASK_ID=3", "SLURM_ARRAY_TASK_MIN is not set"},
		{"TEST_SHARD_INDEX=0 TEST_TOTAL_SHARDS=3", "1/3"},
		{"CI_NODE_INDEX=3 CI_NODE_TOTAL=3", "3/3"},
		{"CI_NODE_INDEX=0 CI_NODE_TOTAL=3", "CI_NODE_INDEX is 0, which is shard 0 of 3"},
		{"CI_NODE_INDEX=2", "CI_NODE_TOTAL is not set"},
		{"CI_NODE_INDEX=2 CI_NODE_TOTAL=3 JOB_COMPLETION_INDEX=1 LOSSPROOF_SHARDS=3", "both JOB_COMPLETION_INDEX and CI_NODE_INDEX are set"},
		{"", "found none of the variables TEST_SHARD_INDEX (Bazel), JOB_COMPLETION_INDEX"},
	} {
		environment := map[string]string{}
		for _, v := range strings.Fields(test.variables) {
			name, value, _ := strings.Cut(v, "=")
			environment[name] = value
		}
		i, n, err := Auto(func(name string) string { return environment[name] })
		got := fmt.Sprintf("%d/%d", i, n)
		if err != nil {
			got = err.Error()
		}
		if got != test.want && (err == nil || !strings.Contains(got, test.want)) {
			t.Errorf("%s: got %s, want %s", test.variables, got, test.want)
		}
	}
}

// TestAutoTellsBazel that the test knows its shards: Bazel fails one that does not.
func TestAutoTellsBazel(t *testing.T) {
	file := filepath.Join(t.TempDir(), "status")
	environment := map[string]string{"TEST_SHARD_INDEX": "1", "TEST_TOTAL_SHARDS": "2", "TEST_SHARD_STATUS_FILE": file}
	if i, n, err := Auto(func(name string) string { return environment[name] }); i != 2 || n != 2 || err != nil {
		t.Errorf("got %d/%d, %v", i, n, err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
}
