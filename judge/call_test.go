package judge_test

import (
	"strings"
	"testing"

	"lossproof/internal/testports"
	"lossproof/judge"
	"lossproof/tensor"
)

// TestFailuresNameTheCall: options, dtypes and shapes, and what the wrong elements come
// from where each is that of one element of the input.
func TestFailuresNameTheCall(t *testing.T) {
	const (
		none = "BCEWithLogitsLoss/weight_and_pos_weight/f32-none-weight-class-pos-weight-class"
		mean = "BCEWithLogitsLoss/weight_and_pos_weight/f32-mean-weight-class-pos-weight-class"
		rows = "MultiLabelSoftMarginLoss/blog_example/f32-none"
	)
	set := openSet(t)
	result := run(t, testports.Zeros, only(none, mean, rows))
	messages := map[string]judge.CheckResult{}
	for _, r := range result.Cases {
		messages[r.ID] = r
	}
	c, err := set.Case(none)
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := set.Inputs(c)
	if err != nil {
		t.Fatal(err)
	}
	want := `reduction="none"; input float32 (3, 5), target float32 (3, 5), weight float32 (5,), pos_weight float32 (5,)`
	if got := messages[none].Call; got != want {
		t.Errorf("call: got %s, want %s", got, want)
	}
	// The sixth element, the first of the second row, has the first of the weights.
	from := func(i int) string {
		var b strings.Builder
		for _, name := range []string{"input", "target", "weight", "pos_weight"} {
			index := i
			if n := inputs[name].Len(); index >= n {
				index %= n
			}
			b.WriteString(", " + name + " " + tensor.FormatNumber(inputs[name].Float64(index), inputs[name].DType))
		}
		return strings.TrimPrefix(b.String(), ", ")
	}
	for _, i := range []int{0, 4} {
		if got := messages[none].Outputs["loss"].Message; !strings.Contains(got, "\n    from "+from(i)+"\n") {
			t.Errorf("want %q in\n%s", from(i), got)
		}
	}
	for _, test := range []struct {
		id, output string
		from       bool
	}{{none, "grad_input", true}, {mean, "loss", false}, {mean, "grad_input", true}, {rows, "loss", false}, {rows, "grad_input", true}} {
		message := messages[test.id].Outputs[test.output].Message
		if got := strings.Contains(message, "from input "); got != test.from || message == "" {
			t.Errorf("%s#%s: got %t, want %t in\n%s", test.id, test.output, got, test.from, message)
		}
	}
	for _, r := range run(t, testports.Port{}, only(none)).Cases {
		if r.Call != "" || len(r.Features) == 0 {
			t.Errorf("a case that passes has the call %q and the features %q", r.Call, r.Features)
		}
	}
}

func TestResultsNameTheRulesThatTheyTouch(t *testing.T) {
	also := 0
	for _, r := range run(t, testports.Port{}, only("BCEWithLogitsLoss/weight_and_pos_weight/f32-none-*")).Cases {
		c, err := openSet(t).Case(r.ID)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Join(r.Also, " ") != strings.Join(c.Also, " ") {
			t.Errorf("%s: got %q, want %q", r.ID, r.Also, c.Also)
		}
		also += len(r.Also)
	}
	if also == 0 {
		t.Error("no case touches another rule")
	}
}
