// Package suites puts lossproof's checks into other people's tests: [Register] into a
// Ginkgo suite, [Check] into a plain go test. Both present what package judge finds; there
// is a spec, or a subtest, for every check, whose name is its id.
//
// Importing this package registers nothing and changes no global of Ginkgo or Gomega.
package suites

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"lossproof/fixtures"
	"lossproof/internal/diagnosis"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
)

// Option changes what is checked, and how.
type Option func(*config)

type config struct {
	text  string
	set   *fixtures.Set
	judge judge.Options
	// allMessages writes every failure in full.
	allMessages bool
	// diagnose keeps wrong answers in collector.
	diagnose  bool
	collector *diagnosis.Collector
}

// AtLevel sets the level; it is [verdict.Parity] without.
func AtLevel(level verdict.Level) Option {
	return func(c *config) { c.judge.Level = level }
}

// Selecting checks the cases of a selection; all are checked without.
func Selecting(selection judge.Selection) Option {
	return func(c *config) { c.judge.Selection = selection }
}

// GatingQuirks lets the cases of quirks fail, which are otherwise reported only.
func GatingQuirks() Option {
	return func(c *config) { c.judge.Quirks = true }
}

// Of checks against fixtures other than the embedded ones.
func Of(set *fixtures.Set) Option {
	return func(c *config) { c.set = set }
}

// Under puts all specs of [Register], or all subtests of [Check], under a text, which
// tells several ports, or levels, in one suite apart.
func Under(text string) Option {
	return func(c *config) { c.text = text }
}

// AllMessages describes every failing case in full; without, the first three of each rule
// are, and the others in a line.
func AllMessages() Option {
	return func(c *config) { c.allMessages = true }
}

// embedded are the fixtures in this program, checked once.
var embedded = sync.OnceValues(fixtures.LoadEmbedded)

// newJudge loads the fixtures and asks the port what it claims.
func newJudge(ctx context.Context, port ports.Port, options []Option) (*judge.Judge, config, error) {
	var c config
	for _, option := range options {
		option(&c)
	}
	if isNil(port) {
		return nil, c, errors.New("suites: the port is nil")
	}
	if c.judge.Level != "" {
		if _, err := verdict.ParseLevel(string(c.judge.Level)); err != nil {
			return nil, c, fmt.Errorf("suites: %w", err)
		}
	}
	if c.set == nil {
		set, err := embedded()
		if err != nil {
			return nil, c, fmt.Errorf("suites: %w", err)
		}
		c.set = set
	}
	if c.diagnose {
		c.collector = diagnosis.New(c.set)
		c.judge.Observe = c.collector.Observe
	}
	j, err := judge.New(ctx, c.set, port, c.judge)
	if err != nil {
		return nil, c, fmt.Errorf("suites: %w", err)
	}
	return j, c, nil
}

// isNil reports whether there is no port: no value, or a nil pointer.
func isNil(port ports.Port) bool {
	if port == nil {
		return true
	}
	v := reflect.ValueOf(port)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

// group is a module or a topic with its checks.
type group struct {
	name   string
	checks []*judge.Check
}

// groupBy divides checks by a property, in the order in which its values come first.
func groupBy(checks []*judge.Check, name func(*judge.Check) string) []*group {
	var groups []*group
	byName := map[string]*group{}
	for _, c := range checks {
		g, ok := byName[name(c)]
		if !ok {
			g = &group{name: name(c)}
			groups, byName[g.name] = append(groups, g), g
		}
		g.checks = append(g.checks, c)
	}
	return groups
}

func byModule(c *judge.Check) string { return c.Module }

func byTopic(c *judge.Check) string { return c.Topic }

// agreement says in one line what came of a case that does not fail.
func agreement(r judge.CheckResult) string {
	var parts []string
	for _, name := range r.OutputNames() {
		if output := r.Outputs[name]; output.Agrees != "" {
			parts = append(parts, name+": "+output.Agrees)
		}
	}
	if r.Rejection {
		parts = append(parts, "refused")
	}
	if r.Note != "" {
		parts = append(parts, r.Note)
	}
	return strings.Join(parts, ", ")
}
