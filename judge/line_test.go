package judge_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"lossproof/internal/corpus"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/tensor"
)

// wide are the built-in losses without float16 and bfloat16, of which the small set has no cases.
var wide = testports.Claiming(func(_ string, c *ports.Claim) { c.DTypes = []tensor.DType{tensor.Float32, tensor.Float64} })

// answered are the answers of the built-in losses to all cases of a small set, and nothing else.
func answered(t *testing.T) *judge.Recorded {
	t.Helper()
	set := corpus.Small(t)
	description, err := wide.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	port := &judge.Recorded{Description: description, Answers: map[string]judge.Reply{}}
	for i := range set.Cases {
		c := &set.Cases[i]
		check, err := judge.Find(set, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		calls, err := check.Calls(0)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := builtin.Port{}.Evaluate(t.Context(), calls[0])
		port.Answers[c.ID] = judge.Reply{Answer: answer, Err: err}
	}
	return port
}

// skipping leaves out checks by patterns.
func skipping(patterns ...string) judge.Options {
	return judge.Options{Selection: judge.Selection{Skip: patterns}}
}

// compiling is a port that compiles for each shape.
type compiling struct{ ports.Port }

func (c compiling) Describe(ctx context.Context) (ports.Description, error) {
	d, err := c.Port.Describe(ctx)
	d.Compiles = true
	return d, err
}

// TestVerdictLine: a verdict names what stands behind it, and what was not checked.
func TestVerdictLine(t *testing.T) {
	lossAlone := testports.Claiming(func(_ string, c *ports.Claim) {
		c.DTypes, c.Outputs = []tensor.DType{tensor.Float32, tensor.Float64}, []string{ports.Loss}
	})
	for _, test := range []struct {
		name    string
		port    ports.Port
		options judge.Options
		want    string
		limits  int
	}{
		{"all", wide, judge.Options{}, `^conformant \(parity\): BCELoss float32 float64, loss, grad_input and grad_target, without [a-z_ ]*; \d+ recorded outputs, \d+ refusals?, 17 laws and \d+ generated calls up to \([\d, ]+\), seed 1 of the release, effort quick$`, 0},
		{"another seed", wide, judge.Options{Seed: 7}, `\), seed 7, effort quick$`, 0},
		{"a random seed", wide, judge.Options{Seed: 7, Random: true}, `\), random seed 7, effort quick$`, 0},
		{"less is claimed", lossAlone, judge.Options{}, `^conformant \(parity\): BCELoss float32 float64, loss, without [a-z_ ]*; \d+ recorded outputs, \d+ refusals?, 14 of 17 laws and \d+ generated calls`, 0},
		{"a port that compiles", compiling{wide}, judge.Options{}, `effort quick, few shapes for a port that compiles$`, 0},
		{"no laws", wide, skipping("*/relations/*"), `^conformant as far as asked \(parity\): BCELoss .*, no law and \d+ generated calls .* \[no laws selected\]$`, 1},
		{"cases alone", wide, skipping("*/relations/*", "*/generated/*", "*/every_input/*"), `^conformant as far as asked \(parity\): BCELoss .* and no law \[no laws selected, no generated checks selected\]$`, 2},
		{"some laws", wide, skipping("*/relations/m*", "*/generated/*", "*/every_input/*"), ` and 16 laws, seed 1 of the release \[16 of 17 laws selected, no generated checks selected\]$`, 2},
		{"laws alone", wide, judge.Options{Selection: judge.Selection{Select: []string{"*/relations/*"}}}, `; 17 laws, seed 1 of the release \[no cases selected, no generated checks selected\]$`, 2},
		{"some cases", wide, skipping("*/rejections/*", "*/generated/*", "*/every_input/*"), `^conformant as far as asked .* recorded outputs(, \d+ refusals?)? and 17 laws, seed 1 of the release \[\d+ of \d+ cases selected, no generated checks selected\]$`, 2},
		{"recorded answers", answered(t), judge.Options{}, `^conformant as far as asked \(parity\): BCELoss .* and no law \[the answers were recorded, so that nothing else could be asked\]$`, 1},
		{"it fails", testports.Zeros, judge.Options{}, `^not conformant \(parity\): BCELoss [^;]*: \d+ of \d+ cases fail, \d+ of 17 laws fails?, \d+ of \d+ generated checks fail$`, 2}, // the few cases have no gradient of a target of 16 bits
	} {
		t.Run(test.name, func(t *testing.T) {
			if asks := !slices.Contains(test.options.Selection.Skip, "*/generated/*"); asks && testing.Short() && test.name != "recorded answers" && test.name != "all" {
				t.Skip("it takes seconds: make test-long runs it")
			}
			test.options.Fixtures, test.options.Effort = corpus.Small(t), judge.Quick
			test.options.Selection.Modules = []string{ports.BCELoss} // which limits nothing that is said of it
			result, err := judge.Run(context.Background(), test.port, test.options)
			if err != nil {
				t.Fatal(err)
			}
			m := result.Summary.Modules[0]
			if line := result.Summary.Verdict[0]; !regexp.MustCompile(test.want).MatchString(line) || m.Module != ports.BCELoss || len(m.Limits) != test.limits {
				t.Errorf("got  %s\nwant %s; limits %q", line, test.want, m.Limits)
			}
			asked, passed := 0, 0
			for _, r := range result.Cases {
				if r.Gates && r.Outcome != judge.Unsupported {
					if asked++; r.Outcome == judge.Pass {
						passed++
					}
				}
			}
			if a := result.Summary.Asked; a.Cases != asked || a.CasesPassed != passed || a.Outputs < a.OutputsPassed || a.Refusals < a.RefusalsPassed {
				t.Errorf("asked %+v, want %d cases, of which %d pass", a, asked, passed)
			}
		})
	}
}

// TestPanicsAreCounted: a port in process that panics is lost, as a process is.
func TestPanicsAreCounted(t *testing.T) {
	for _, panics := range []int32{2, 20} {
		var n atomic.Int32
		port := testports.Port{EvaluateFunc: func(ctx context.Context, call ports.Call) (ports.Answer, error) {
			if n.Add(1) <= panics {
				panic("hiccup")
			}
			return builtin.Port{}.Evaluate(ctx, call)
		}}
		result := run(t, port, only("BCEWithLogitsLoss/reductions/*"))
		m := result.Summary.Modules[0]
		if got := m.Incidents.Crashes; got != int(panics) || result.Summary.Incidents != m.Incidents || result.Restarts != 0 {
			t.Errorf("%d crashes of %d", got, panics)
		}
		if tooMany := strings.Contains(m.Reason, "the port was lost 20 times: 20 crashes (up to 3 are no fault)"); tooMany != (panics > 3) || m.Conformant {
			t.Errorf("%d panics: %q", panics, m.Reason)
		}
	}
}

// TestSomebodyElseIsLost: a module that the port was not lost in is no less conformant for it.
func TestSomebodyElseIsLost(t *testing.T) {
	of := map[string]ports.Incidents{ports.BCELoss: {Crashes: 4}}
	options := only("BCELoss/blog_example/*", "CrossEntropyLoss/blog_example/*")
	for _, between := range []bool{false, true} {
		result := run(t, lost{of, between}, options)
		for _, m := range result.Summary.Modules {
			if want := m.Module != ports.BCELoss && !between; m.Claimed && m.Conformant != want {
				t.Errorf("between calls %t: %s: conformant %t: %q", between, m.Module, m.Conformant, m.Reason)
			}
		}
	}
}

// lost is a right port that says how often it was lost.
type lost struct {
	of      map[string]ports.Incidents
	between bool
}

func (lost) Describe(ctx context.Context) (ports.Description, error) {
	return builtin.Port{}.Describe(ctx)
}

func (lost) Evaluate(ctx context.Context, call ports.Call) (ports.Answer, error) {
	return builtin.Port{}.Evaluate(ctx, call)
}

func (l lost) Incidents() (map[string]ports.Incidents, int) {
	if l.between {
		return map[string]ports.Incidents{"": {Timeouts: 4}}, 4
	}
	return l.of, 4
}
