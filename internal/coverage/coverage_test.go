package coverage_test

import (
	"slices"
	"strings"
	"testing"

	"lossproof/fixtures"
	"lossproof/internal/corpus"
	"lossproof/internal/coverage"
)

// table returns the table of the cases of a module and topic.
func table(t *testing.T, set *fixtures.Set, module, topic string) coverage.Table {
	t.Helper()
	var cases []*fixtures.Case
	for i := range set.Cases {
		if c := &set.Cases[i]; c.Module == module && (topic == "" || c.Topic == topic) {
			cases = append(cases, c)
		}
	}
	tables, err := coverage.Of(set, cases)
	if err != nil || len(tables) != 1 {
		t.Fatalf("%s/%s: %d tables, %v", module, topic, len(tables), err)
	}
	return tables[0]
}

// TestHoles: what ports have alone is asked where it matters: extreme logits with 'sum', weights of one
// dimension with 'mean' and 'sum'.
func TestHoles(t *testing.T) {
	set := corpus.Whole(t)
	for _, test := range []struct{ module, topic, property, want string }{
		{"BCEWithLogitsLoss", "extreme_logits", "loss", "nms"},
		{"BCEWithLogitsLoss", "weights", "rank:1", "nms"},
		{"BCEWithLogitsLoss", "weights", "rank:3+", "nms"},
		{"BCEWithLogitsLoss", "pos_weight", "rank:0", "nms"},
		{"BCEWithLogitsLoss", "pos_weight", "empty", "nms"},
		{"BCEWithLogitsLoss", "targets", "pos_weight", "nms"},
		{"MultiLabelSoftMarginLoss", "extreme_logits", "grad_input", "nms"},
		{"MultiLabelSoftMarginLoss", "weights", "rank:1", "nms"},
		{"BCELoss", "weights", "rank:1", "nms"},
		{"CrossEntropyLoss", "extreme_logits", "label_smoothing", "nms"},
		{"CrossEntropyLoss", "class_probabilities", "weight", "nms"},
		{"BCELoss", "weights", "grad_target", "n.."}, // its scale is a subject of grad_output
	} {
		rows := table(t, set, test.module, test.topic).Rows
		i := slices.IndexFunc(rows, func(r coverage.Row) bool { return r.Property == test.property })
		if i < 0 || rows[i].Cells[0].String() != test.want {
			t.Errorf("%+v: got %v", test, rows)
		}
	}
}

func TestWrite(t *testing.T) {
	var b strings.Builder
	table(t, corpus.Whole(t), "BCELoss", "large").Write(&b, 0)
	for _, want := range []string{"BCELoss: n, m, s", "input float32          .ms\n", "grad_input             .m.\n", "\n  a  large\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("got\n%s\nwant %q in it", b.String(), want)
		}
	}
}

// TestWriteFits: topics that a terminal has no room for beside each other stand below.
func TestWriteFits(t *testing.T) {
	var b strings.Builder
	table(t, corpus.Whole(t), "CrossEntropyLoss", "").Write(&b, 70) // all topics
	for line := range strings.Lines(b.String()) {
		if len(line) > 71 {
			t.Errorf("%d columns: %q", len(line)-1, line)
		}
	}
	if n := strings.Count(b.String(), "\ninput float32 "); n < 2 {
		t.Errorf("%d blocks of topics", n)
	}
}
