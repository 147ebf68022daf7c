package report_test

import (
	"bytes"
	"context"
	"io"
	"testing"

	"lossproof/internal/corpus"
	"lossproof/internal/drift"
	"lossproof/internal/report"
	"lossproof/internal/report/junitxml"
	"lossproof/internal/resultfile"
	"lossproof/internal/testports"
	"lossproof/judge"
)

// FuzzResult: a result file is refused, or every report can be written of it, and it can be
// compared with another.
func FuzzResult(f *testing.F) {
	set := corpus.Whole(f)
	file := func(port testports.Port, patterns ...string) []byte {
		result, err := judge.Run(context.Background(), port, judge.Options{Fixtures: set, Selection: judge.Selection{Select: patterns}})
		if err != nil {
			f.Fatal(err)
		}
		var b bytes.Buffer
		if err := report.JSON(&b, result); err != nil {
			f.Fatal(err)
		}
		return b.Bytes()
	}
	right := file(testports.Port{}, "BCEWithLogitsLoss/blog_example/f32-none", "BCEWithLogitsLoss/rejections/f32-reduction-Mean")
	for _, data := range [][]byte{
		right, file(testports.NaNs, "MultiLabelSoftMarginLoss/blog_example/f32-mean"), {}, []byte("{}"), []byte("null"), []byte("[]"),
		bytes.Replace(right, []byte(`"verdict": [`), []byte(`"verdict": [], "was": [`), 1),
		bytes.Replace(right, []byte(`"complete": true`), []byte(`"complete": false`), 1),
		bytes.ReplaceAll(right, []byte(`"ulp": `), []byte(`"ulp": "inf", "was": `)),
		bytes.ReplaceAll(right, []byte(`"element": [`), []byte(`"element": null, "was": [`)),
	} {
		f.Add(data)
	}
	other, err := resultfile.Parse(right)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		result, err := resultfile.Parse(data)
		if err != nil {
			return
		}
		for _, format := range []func(io.Writer, *judge.Result) error{report.JSON, junitxml.Write, report.Markdown, report.Badge, annotations(report.Files{})} {
			if err := format(io.Discard, result); err != nil {
				t.Error(err)
			}
		}
		for _, verbose := range []bool{false, true} {
			if err := report.Text(io.Discard, result, report.TextOptions{Verbose: verbose}); err != nil {
				t.Error(err)
			}
		}
		_, _ = drift.Compare(other, result, 0)
		_, _ = drift.Compare(result, other, 0)
	})
}
