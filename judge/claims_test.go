package judge_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"lossproof/fixtures"
	"lossproof/internal/corpus"
	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/tensor"
)

// TestClaimsThatNoCheckIsAbout are refused, with what there is; it is the checks that decide.
func TestClaimsThatNoCheckIsAbout(t *testing.T) {
	claiming := func(module string, change func(*ports.Claim)) ports.Port {
		return testports.Claiming(func(name string, c *ports.Claim) {
			if name == module {
				change(c)
			}
		})
	}
	bce := corpus.Of(t, func(c *fixtures.Case, first bool) bool { return first && c.Module == ports.BCELoss })
	doubles := corpus.Of(t, func(c *fixtures.Case, first bool) bool { return first || c.Topic == "blog_example" })
	for _, test := range []struct {
		name string
		set  *fixtures.Set
		port ports.Port
		want string
	}{
		{"all that there is", doubles, builtin.Port{}, ""},
		{"bool", doubles, claiming(ports.BCELoss, func(c *ports.Claim) { c.DTypes = append(c.DTypes, tensor.Bool) }),
			"claim: BCELoss: dtypes: bool has no check in the fixtures "},
		{"int64 alone", doubles, claiming(ports.CrossEntropyLoss, func(c *ports.Claim) { c.DTypes = []tensor.DType{tensor.Int64} }),
			"claim: CrossEntropyLoss: dtypes: int64 has no check in the fixtures "},
		{"an output", doubles, claiming(ports.BCEWithLogitsLoss, func(c *ports.Claim) { c.Outputs = append(c.Outputs, ports.GradWeight) }),
			"claim: BCEWithLogitsLoss: outputs: grad_weight has no check in the fixtures 1.2.0, want one or more of loss, grad_input, grad_target"},
		{"modules", bce, builtin.Port{}, "claim: CrossEntropyLoss has no check in the fixtures 1.2.0, which have some of BCELoss"},
	} {
		test.want = strings.ReplaceAll(test.want, "1.2.0", test.set.Version())
		_, err := judge.New(context.Background(), test.port, judge.Options{Fixtures: test.set})
		var refused *judge.PortError
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.want != "" && (!errors.As(err, &refused) || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "want one or more of ") && test.name != "modules"):
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
	// Without a case of them, whatever the dtype, there is none.
	for _, dtype := range []tensor.DType{tensor.Float16, tensor.BFloat16} {
		port := claiming(ports.BCELoss, func(c *ports.Claim) { c.DTypes = []tensor.DType{dtype} })
		known := false
		for _, c := range judge.Checks(corpus.Whole(t)) {
			for _, of := range c.DTypes() {
				known = known || c.Module == ports.BCELoss && of == dtype && (c.Recorded == nil || len(c.Recorded.Outputs) > 0)
			}
		}
		if _, err := judge.New(context.Background(), port, judge.Options{Fixtures: corpus.Whole(t)}); (err == nil) != known {
			t.Errorf("%s: there are checks: %t, and the claim has %v", dtype, known, err)
		}
	}
}
