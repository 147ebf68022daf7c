package judge_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"lossproof/fixtures"
	"lossproof/judge"
	"lossproof/tensor"
)

func TestSelect(t *testing.T) {
	set := openSet(t)
	for _, test := range []struct {
		reason    string
		selection judge.Selection
		want      func(*fixtures.Case) bool
	}{
		{"everything", judge.Selection{}, func(*fixtures.Case) bool { return true }},
		{"one id", judge.Selection{Select: []string{"BCEWithLogitsLoss/blog_example/f32-mean"}},
			func(c *fixtures.Case) bool { return c.ID == "BCEWithLogitsLoss/blog_example/f32-mean" }},
		{"* crosses /", judge.Selection{Select: []string{"*-mean"}}, func(c *fixtures.Case) bool { return strings.HasSuffix(c.ID, "-mean") }},
		{"? crosses /", judge.Selection{Select: []string{"*Loss?blog_example?*"}}, func(c *fixtures.Case) bool { return c.Topic == "blog_example" }},
		{"classes", judge.Selection{Select: []string{"[A-L]*W*/f[36][24]-sum"}},
			func(c *fixtures.Case) bool {
				return c.Module == "BCEWithLogitsLoss" && (strings.HasSuffix(c.ID, "/f32-sum") || strings.HasSuffix(c.ID, "/f64-sum"))
			}},
		{"several are or", judge.Selection{Select: []string{"*/shapes/*", "*/large/*"}},
			func(c *fixtures.Case) bool { return c.Topic == "shapes" || c.Topic == "large" }},
		{"skip wins", judge.Selection{Select: []string{"*/shapes/*"}, Skip: []string{"Multi*", "BCELoss/*", "*Entropy*"}},
			func(c *fixtures.Case) bool { return c.Topic == "shapes" && c.Module == "BCEWithLogitsLoss" }},
		{"fields are and", judge.Selection{Modules: []string{"BCEWithLogitsLoss"}, DTypes: []tensor.DType{"float64"}, Select: []string{"*/weights/*"}},
			func(c *fixtures.Case) bool {
				return c.Module == "BCEWithLogitsLoss" && c.Topic == "weights" && strings.Contains(c.ID, "/f64-")
			}},
		{"rules, also those touched", judge.Selection{Rules: []string{"BCEWL-SUM"}},
			func(c *fixtures.Case) bool {
				return c.Rule == "BCEWL-SUM" || strings.Contains(" "+strings.Join(c.Also, " ")+" ", " BCEWL-SUM ")
			}},
		{"until a version", judge.Selection{CasesUntil: "1.0.0"}, func(c *fixtures.Case) bool { return c.Since == "1.0.0" }},
	} {
		selected, err := judge.Select(set, test.selection)
		if err != nil {
			t.Errorf("%s: %v", test.reason, err)
			continue
		}
		want := 0
		for i := range set.Cases {
			if test.want(&set.Cases[i]) {
				want++
			}
		}
		cases := 0
		for _, c := range selected {
			if c.Recorded == nil {
				continue
			}
			cases++
			if !test.want(c.Recorded) {
				t.Errorf("%s: %s is selected", test.reason, c.ID)
			}
		}
		if cases != want || want == 0 {
			t.Errorf("%s: %d cases, want %d", test.reason, cases, want)
		}
	}
}

func TestSelectErrors(t *testing.T) {
	set := openSet(t)
	for _, test := range []struct {
		selection judge.Selection
		want      string
	}{
		{judge.Selection{Select: []string{"BCEWithLogitsLoss/blog_example/f32-maen"}}, `select: "BCEWithLogitsLoss/blog_example/f32-maen" matches no case: a pattern must match the whole id, as "*/shapes/*" does, did you mean "BCEWithLogitsLoss/blog_example/f32-mean"?`},
		{judge.Selection{Select: []string{"BCEWithLogitsLoss/weights"}}, `did you mean "BCEWithLogitsLoss/weights/*"?`},
		{judge.Selection{Select: []string{"BCEWithLogitsLoss/weighs/*"}}, `did you mean "BCEWithLogitsLoss/weights/*"?`},
		{judge.Selection{Select: []string{"BCEWithLogitsLoss/weights/"}}, `did you mean "BCEWithLogitsLoss/weights/*"?`},
		{judge.Selection{Select: []string{"*/weights"}}, `did you mean "*/weights/*"?`},
		{judge.Selection{Select: []string{"weights"}}, `whole id, as "*/shapes/*" does, did you mean "*/weights/*"?`},
		{judge.Selection{Select: []string{"*/shape/*"}}, `did you mean "*/shapes/*"?`},
		{judge.Selection{Select: []string{"*/weighs/*"}}, `did you mean "*/weights/*"?`},
		{judge.Selection{Select: []string{"-size_average-"}}, `did you mean "*-size_average-*"?`},
		{judge.Selection{Select: []string{"*-mean", "zzz"}}, `select: "zzz" matches no case: a pattern must match the whole id, as "*/shapes/*" does`},
		{judge.Selection{Skip: []string{"zzz"}}, `skip: "zzz" matches no case`},
		{judge.Selection{Select: []string{"BCE[a-"}}, `syntax error in pattern`},
		{judge.Selection{Select: []string{"BCE\xff*"}}, `matches no case`},
		{judge.Selection{Select: []string{"BCEWithLogitsLoss/blog_example/f32-mean#loss"}}, `leave out "#loss"`},
		{judge.Selection{Modules: []string{"BCEWithLogitLoss"}}, `modules: "BCEWithLogitLoss" matches no case, did you mean "BCEWithLogitsLoss"?`},
		{judge.Selection{DTypes: []tensor.DType{"complex64"}}, `dtypes: "complex64" matches no case`},
		{judge.Selection{Rules: []string{"BCEWL-MAEN"}}, `did you mean "BCEWL-MEAN"?`},
		{judge.Selection{CasesUntil: "1.0"}, `cases-until: version "1.0": want the form 1.2.0`},
		{judge.Selection{CasesUntil: "0.9.0"}, `cases-until: 0.9.0 is before the first case: cases came with 1.0.0`},
		{judge.Selection{Modules: []string{"BCEWithLogitsLoss"}, Select: []string{"Multi*"}}, `nothing is selected`},
		{judge.Selection{Select: []string{"*-sum"}, Skip: []string{"*"}}, `nothing is selected`},
	} {
		_, err := judge.Select(set, test.selection)
		var selection *judge.SelectionError
		if !errors.As(err, &selection) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: got error %v, want %q in it", test.selection, err, test.want)
		}
	}
}

// TestFind: every id is found, and of a wrong one it is said what it may have meant.
func TestFind(t *testing.T) {
	set := openSet(t)
	for _, c := range judge.Checks(set) {
		if c.Recorded != nil && c.Topic != "shapes" {
			continue
		}
		if found, err := judge.Find(set, c.ID); err != nil || found.ID != c.ID || found.Rule.Statement == "" {
			t.Errorf("%s: got %+v, %v", c.ID, found, err)
		}
	}
	for _, test := range []struct{ id, want string }{
		{"BCEWithLogitsLoss/blog_example/f32-maen", `, did you mean "BCEWithLogitsLoss/blog_example/f32-mean"?`},
		{"BCEWithLogitLoss/blog_example/f32-mean", `, did you mean "BCEWithLogitsLoss/blog_example/f32-mean"?`},
		{"BCEWithLogitsLoss/blog_example/f64-", `, did you mean "BCEWithLogitsLoss/blog_example/f64-mean", `},
		{"BCELoss/relations/maen", `, did you mean "BCELoss/relations/mean"?`},
		{"shapes", `: shapes is a topic, try --select "*/shapes/*"`},
		{"FocalLoss/shapes/x", `: there is no module "FocalLoss", want one of BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, MultiLabelSoftMarginLoss`},
		{"BCEWithLogitsLoss/chapters/x", `: BCEWithLogitsLoss has no topic "chapters", want one of accumulation, blog_example, `},
		{"BCEWithLogitsLoss/shapes/a-name-that-is-like-none-of-them", ""},
	} {
		_, err := judge.Find(set, test.id)
		if want := fmt.Sprintf("there is no case %q%s", test.id, test.want); err == nil || !strings.HasPrefix(err.Error(), want) || test.want == "" && err.Error() != want {
			t.Errorf("%s: got error %v, want %q", test.id, err, want)
		}
	}
}
