// Package suites puts lossproof's checks into other people's tests: [Register] into a
// Ginkgo suite, [Check] into a plain go test. Both present what package judge finds; there
// is a spec, or a subtest, for every check, whose name is its id.
//
// What is checked, and how, is a matter of [judge.Options]; those of a run alone, such as Progress,
// have no effect.
//
// Importing this package registers nothing and changes no global of Ginkgo or Gomega.
package suites

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"lossproof/judge"
	"lossproof/ports"
)

// newJudge asks a port what it claims.
func newJudge(ctx context.Context, port ports.Port, options judge.Options) (*judge.Judge, error) {
	if isNil(port) {
		return nil, errors.New("suites: the port is nil")
	}
	j, err := judge.New(ctx, port, options)
	if err != nil {
		return nil, fmt.Errorf("suites: %w", err)
	}
	return j, nil
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
