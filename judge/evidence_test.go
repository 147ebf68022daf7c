package judge_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"lossproof/fixtures"
	"lossproof/internal/corpus"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/tensor"
)

// table is a port that has learnt some calls by heart, and answers a constant to others.
type table struct {
	testports.Port
	mu       *sync.Mutex
	known    map[[sha256.Size]byte]bool
	learns   bool
	constant float64
}

func newTable(claim func(*ports.Claim), constant float64) *table {
	return &table{
		Port: testports.Claiming(func(_ string, c *ports.Claim) { claim(c) }),
		mu:   new(sync.Mutex), known: map[[sha256.Size]byte]bool{}, constant: constant,
	}
}

// key is a call but for the outputs that are asked for.
func key(call ports.Call) [sha256.Size]byte {
	text, err := json.Marshal([]any{call.Module, call.Options, call.Inputs})
	if err != nil {
		panic(err)
	}
	return sha256.Sum256(text)
}

func (p *table) Evaluate(ctx context.Context, call ports.Call) (ports.Answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.learns {
		p.known[key(call)] = true
	}
	answer, err := builtin.Port{}.Evaluate(ctx, call)
	if err == nil && answer.Outputs != nil && !p.known[key(call)] {
		outputs := maps.Clone(answer.Outputs)
		for name, t := range outputs {
			values := slices.Repeat([]float64{p.constant}, t.Len())
			if t.DType == tensor.Float64 {
				outputs[name] = tensor.FromFloat64(values, t.Shape...)
				continue
			}
			singles := make([]float32, len(values))
			for i, v := range values {
				singles[i] = float32(v)
			}
			outputs[name] = tensor.FromFloat32(singles, t.Shape...)
		}
		answer.Outputs = outputs
	}
	return answer, err
}

// The claims of ports that do little.
var littleClaims = map[string]func(*ports.Claim){
	"everything":         func(*ports.Claim) {},
	"the loss alone":     func(c *ports.Claim) { c.Outputs = []string{ports.Loss} },
	"the gradient alone": func(c *ports.Claim) { c.Outputs = []string{ports.GradInput} },
	"'none' alone":       func(c *ports.Claim) { c.Without = append(c.Without, "reduction:mean", "reduction:sum") },
	"'mean' alone":       func(c *ports.Claim) { c.Without = append(c.Without, "reduction:none", "reduction:sum") },
	"float32 alone":      func(c *ports.Claim) { c.DTypes = []tensor.DType{tensor.Float32} },
}

// TestATableIsNotConformant: whoever knows the recorded answers by heart, and answers a constant to all else, passes the
// cases, and is caught by laws in every module, however little it claims. A right port of the same claim is conformant.
func TestATableIsNotConformant(t *testing.T) {
	set := corpus.Of(t, func(c *fixtures.Case, first bool) bool {
		return c.Topic == "blog_example" || first && c.Topic != "accumulation" && c.Topic != "large"
	})
	lawsAlone := judge.Options{Fixtures: set, Selection: judge.Selection{Skip: []string{"*/generated/*", "*/every_input/*"}}}
	casesAlone := lawsAlone
	casesAlone.Selection.Skip = []string{"*/generated/*", "*/every_input/*", "*/relations/*"}
	for name, claim := range littleClaims {
		if testing.Short() && name != "the loss alone" {
			continue // make test-long has them
		}
		t.Run(name, func(t *testing.T) {
			right, err := judge.Run(t.Context(), testports.Claiming(func(_ string, c *ports.Claim) { claim(c) }), lawsAlone)
			if err != nil {
				t.Fatal(err)
			}
			for i, m := range right.Summary.Modules {
				if !m.Conformant || m.Evidence.Laws < 10 {
					t.Errorf("a right port: %d laws: %s", m.Evidence.Laws, right.Summary.Verdict[i])
				}
			}
			for _, constant := range []float64{math.Inf(-1), 0, -1e4} {
				port := newTable(claim, constant)
				port.learns = true
				if _, err := judge.Run(t.Context(), port, casesAlone); err != nil {
					t.Fatal(err)
				}
				port.learns = false
				result, err := judge.Run(t.Context(), port, lawsAlone)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range result.Cases {
					if r.Gates && r.Outcome.Failing() {
						t.Errorf("%v: it does not know %s", constant, r.ID)
					}
				}
				for i, m := range result.Summary.Modules {
					if m.Conformant || !strings.Contains(m.Reason, "laws fail") && !strings.Contains(m.Reason, "law fails") {
						t.Errorf("%v: %s", constant, result.Summary.Verdict[i])
					}
				}
				if testing.Short() {
					break
				}
			}
		})
	}
}

// TestAReplayIsNotConformant: a port that knows every call of the seed of the release by heart passes with this seed, which
// the verdict names, and fails with another.
func TestAReplayIsNotConformant(t *testing.T) {
	options := judge.Options{Fixtures: corpus.Small(t), Selection: judge.Selection{Modules: []string{ports.BCELoss}, Skip: []string{"*/generated/*", "*/every_input/*"}}}
	port := newTable(func(*ports.Claim) {}, 0)
	for _, test := range []struct {
		learns     bool
		seed       uint32
		conformant bool
		verdict    string
	}{{true, 0, true, "seed 1 of the release"}, {false, 0, true, "seed 1 of the release"}, {false, 7, false, "laws fail"}} {
		port.learns = test.learns
		options.Seed, options.Random = test.seed, test.seed != 0
		result, err := judge.Run(t.Context(), port, options)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range result.Summary.Modules {
			if m.Conformant != test.conformant || !strings.Contains(result.Summary.Verdict[i], test.verdict) {
				t.Errorf("seed %d: %s", test.seed, result.Summary.Verdict[i])
			}
		}
	}
}
