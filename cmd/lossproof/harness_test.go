//go:build unix

package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestPipeline: requests, a port and judge, joined by pipes, say what run says of the
// cases. Thousands of requests are on their way at a time, which no pipe holds.
func TestPipeline(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes: make test-long runs it")
	}
	t.Setenv(commandVariable, "1")
	pipe := exec.CommandContext(t.Context(), "bash", "-o", "pipefail", "-c", `"$0" requests | "$0" port | "$0" judge - --skip "*/relations/*" --skip "*/generated/*" --skip "*/every_input/*"`, os.Args[0])
	stdout, err := pipe.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stdout)
	}
	want := command("run", "--skip", "*/relations/*", "--skip", "*/generated/*", "--skip", "*/every_input/*", "--", os.Args[0], "port")
	check(t, want, exitConformant)
	if string(stdout) != want.stdout {
		t.Errorf("got\n%s\nwant, from run,\n%s", stdout, want.stdout)
	}
}

// BenchmarkHarness times the checks of the built-in losses in this process and in another.
// What a case takes more in another is the overhead of the harness: encoding, pipes, decoding.
// One case alone is its start.
func BenchmarkHarness(b *testing.B) {
	b.Setenv(commandVariable, "1")
	port := []string{"--", os.Args[0], "port"}
	for _, bench := range []struct {
		name string
		args []string
	}{
		{"in-process", []string{"run"}},
		{"port", append([]string{"run"}, port...)},
		{"one-case/in-process", []string{"run", "--select", blog}},
		{"one-case/port", append([]string{"run", "--select", blog}, port...)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			set, err := openSet()
			if err != nil {
				b.Fatal(err)
			}
			cases := 1
			if !strings.HasPrefix(bench.name, "one-case") {
				cases = len(set.Cases)
			}
			for b.Loop() {
				if got := fresh(bench.args...); got.code != exitConformant {
					b.Fatalf("exit code %d\n%s", got.code, got.stderr)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/1e3/float64(b.N)/float64(cases), "ms/case")
		})
	}
}
