package sweep

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"unicode/utf8"
)

// sampleReport has one number of everything.
func sampleReport() *Report {
	r := &Report{Source: Source{Machine: "a machine", Path: "a kernel"}}
	r.Float32 = []*Result{{Module: BCEWithLogitsLoss, Inputs: 1 << 32, Complete: true, Variants: []string{"the first", "the second"}}}
	for i, o := range outputs {
		t := Tally{Elements: 1 << 32, Finite: 4278190080, Correct: 4278190080 - uint64(i), Histogram: Histogram{4278190080}}
		if i > 0 {
			t.Worst = &Error{ULP: 0.5 + float64(i)/1000, Input: 0xc1200000, Got: 0.25, Exact: 0.25}
		}
		r.Float32[0].Tallies = append(r.Float32[0].Tallies, NamedTally{o.String(), t})
	}
	r.Random = []RandomRow{{Module: BCEWithLogitsLoss, DType: "float64", Setting: "soft targets", Output: "loss", Points: 1000, Correct: 900, Max: 1.5, Limit: 2, At: "x=1 t=0.5"}}
	r.Sums = []SumRow{{Module: "BCEWithLogitsLoss", Reduction: "mean", DType: "float32", Elements: 2000000, Distinct: 1000, ULP: 0.25, Threads: []int{1, 2}, Same: true}}
	return r
}

// sampleProbabilityResult has one error above its limit.
func sampleProbabilityResult() *Result {
	const all = 1065353218
	r := &Result{Module: BCELoss, Inputs: all, Complete: true, Variants: []string{"the first"}}
	for _, o := range outputs {
		r.Tallies = append(r.Tallies, NamedTally{o.String(), Tally{Elements: all, Finite: all, Correct: all, Histogram: Histogram{all}}})
	}
	r.Tallies[2].Worst = &Error{ULP: 0.75, Input: 0x3e800000, Got: 1.25, Exact: 1.25}
	return r
}

// TestLimitOfNearest allows no result but the nearest number, and an error of 0.5 ULP what its computation adds.
func TestLimitOfNearest(t *testing.T) {
	r := &Report{Float32: []*Result{sampleProbabilityResult()}}
	r.Float32[0].Module = nearestLogits
	tally := &r.Float32[0].Tallies[2]
	if tally.Worst.ULP = 0.5 + 1e-9; len(r.Misses()) != 0 {
		t.Errorf("got the misses %q, want none", r.Misses())
	}
	if tally.Worst.ULP = 0.501; len(r.Misses()) != 1 {
		t.Errorf("an error of 0.501 ULP: got the misses %q, want one", r.Misses())
	}
	tally.Worst = nil
	if tally.Correct--; len(r.Misses()) != 1 {
		t.Errorf("a result that is not the nearest: got the misses %q, want one", r.Misses())
	}
}

// TestReportOfAProbability: the words of BCELoss, and of a port.
func TestReportOfAProbability(t *testing.T) {
	r := &Report{Source: Source{Machine: "a machine"}, Float32: []*Result{sampleProbabilityResult()}}
	if misses := r.Misses(); len(misses) != 1 || misses[0] != "BCELoss float32 gradient, target 0: an error of 0.75 ULP at 0x3e800000 (0.25), want at most 0.51" {
		t.Errorf("got the misses %q", misses)
	}
	for _, port := range []string{"", "torch 1.0"} {
		r.Port = port
		var text bytes.Buffer
		if err := r.WriteText(&text, 0); err != nil {
			t.Fatal(err)
		}
		var narrow bytes.Buffer
		if err := r.WriteText(&narrow, 60); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(narrow.String()) {
			if utf8.RuneCountInString(line) > 61 {
				t.Errorf("a line is wider than 60 columns: %q", line)
			}
		}
		if !strings.Contains(narrow.String(), "  gradient, target 0: ") || strings.Contains(narrow.String(), ": 0;") {
			t.Errorf("got\n%s", narrow.String())
		}
		for _, want := range []string{"at the probability", "Results at finite probabilities", "1 065 353 218 finite probabilities", "compared with PyTorch's formula"} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("%q is missing in\n%s", want, text.String())
			}
		}
		if strings.Contains(text.String(), "logit") || strings.Contains(text.String(), "infinite probabilities") {
			t.Errorf("BCELoss has no such inputs:\n%s", text.String())
		}
		if port != "" && (!strings.Contains(text.String(), "BCELoss of torch 1.0: float32, hard targets") || len(r.Misses()) != 0) {
			t.Errorf("of a port: got the misses %q and\n%s", r.Misses(), text.String())
		}
	}
}

const page = "# Title\n\nText.\n\n" + beginMarker + "\nold\n" + endMarker + "\n\nMore.\n"

func TestUpdatePage(t *testing.T) {
	r := sampleReport()
	got, err := r.UpdatePage([]byte(page))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"# Title\n\nText.\n\n" + beginMarker + "\n\n## BCEWithLogitsLoss: float32, hard targets\n\nEvery float32 number was a logit: 4 294 967 296, of which 4 278 190 080 are finite; each with the targets 0 and 1.\n",
		"| loss, target 0 | 0 |  |  | 100 % | 0 |\n",
		"| gradient, target 1 | 0.503000 | 0xc1200000 (-10) | 0.25 | > 99.9999 % | 3 |\n",
		"Measured: the first. The 16 777 216 NaN and infinite logits have the right results.\n",
		"The same results everywhere: the second.\n",
		"Each row adds up to the 4 278 190 080 finite logits.\n",
		"| ≤ 16777216 | more | wrong class |\n",
		"| loss, target 0 | 4 278 190 080 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 |\n",
		"| float64 | soft targets | loss | 1 000 | 1.5000 | 2 | x=1 t=0.5 | 90.0000 % |\n",
		"2 000 000 elements, tiled from 1 000 distinct ones",
		"with GOMAXPROCS 1, 2.\n",
		"| BCEWithLogitsLoss | mean | float32 | 0.2500 | yes |\n",
		"a machine. The losses were computed by a kernel.\n\n" + endMarker + "\n\nMore.\n",
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if strings.Contains(string(got), "old") || strings.Contains(string(got), "misses") {
		t.Errorf("got\n%s", got)
	}
	again, err := r.UpdatePage(got)
	if err != nil || !bytes.Equal(again, got) {
		t.Errorf("a second update changes the page (%v)", err)
	}
}

// TestNonFiniteLogits: that their results are right is said where there were some, and where they are.
func TestNonFiniteLogits(t *testing.T) {
	const said = "NaN and infinite logits have the right results"
	for _, test := range []struct {
		name   string
		change func(r *Result)
		want   bool
	}{
		{"all logits", func(*Result) {}, true},
		{"finite logits alone", func(r *Result) { r.Inputs = r.Tallies[0].Finite }, false},
		{"wrong at an infinite logit", func(r *Result) { r.Tallies[3].WrongClass = 1 }, false},
		{"wrong at a finite logit", func(r *Result) { r.Tallies[3].WrongClass, r.Tallies[3].Histogram = 1, Histogram{4278190079} }, true},
	} {
		r := sampleReport()
		test.change(r.Float32[0])
		var text bytes.Buffer
		if err := r.WriteText(&text, 0); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(text.String(), said); got != test.want {
			t.Errorf("%s: got %t, want %t in\n%s", test.name, got, test.want, text.String())
		}
	}
}

func TestUpdatePageMarkers(t *testing.T) {
	for _, bad := range []string{
		"", "# Title\n", strings.Replace(page, beginMarker, "", 1), strings.Replace(page, endMarker, "", 1), page + page,
		"x\n" + endMarker + "\n" + beginMarker + "\n",
	} {
		if _, err := sampleReport().UpdatePage([]byte(bad)); err == nil || !strings.Contains(err.Error(), "lossproof sweep: ") {
			t.Errorf("%q: got %v, want an error that names a marker", bad, err)
		}
	}
}

// TestReportsSayWhatIsWrong changes one number at a time.
func TestReportsSayWhatIsWrong(t *testing.T) {
	tests := []struct {
		name   string
		change func(r *Report)
		page   string // what the page says
		misses int
	}{
		{"nothing", func(*Report) {}, "## Means and sums", 0},
		{"an error above the limit", func(r *Report) { r.Float32[0].Tallies[1].Worst.ULP = 0.52 }, "an error of 0.52 ULP", 1},
		{"an error that is no number", func(r *Report) { r.Random[0].Max = math.NaN() }, "**NaN**", 1},
		{"rounded badly", func(r *Report) { r.Float32[0].Tallies[2].Correct /= 2 }, "| 50.0000 % |", 1},
		{"a wrong class", func(r *Report) {
			r.Float32[0].Tallies[0].WrongClass = 7
			r.Float32[0].Tallies[0].Examples = []Error{{Input: 0x7f800000, Got: Number(math.NaN())}}
		}, "WRONG CLASS: loss, target 0: 7 results are NaN or infinite where they should not be, or the other way round; first at 0x7f800000 (+Inf): got NaN, exact 0.\n", 1},
		{"a wrong class without an example", func(r *Report) { r.Float32[0].Tallies[0].WrongClass = 1 }, "WRONG CLASS: loss, target 0: 1 results", 1},
		{"a wrong class at finite logits", func(r *Report) {
			tally := &r.Float32[0].Tallies[1]
			tally.WrongClass, tally.Histogram[0] = 1000, tally.Histogram[0]-1000
			tally.Examples = []Error{{Input: 0x42b173b1, Got: Number(math.Inf(1)), Exact: 88.75}}
		}, "| loss, target 1 | 4 278 189 080 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 1 000 |\n", 1},
		{"a wrong class beside the largest error", func(r *Report) {
			tally := &r.Float32[0].Tallies[1]
			tally.WrongClass, tally.Histogram[0] = 1, tally.Histogram[0]-1
		}, "| loss, target 1 | 0.501000, and wrong class | 0xc1200000 (-10) |", 1},
		{"no finite logits", func(r *Report) {
			for i := range r.Float32[0].Tallies {
				r.Float32[0].Tallies[i].Tally = Tally{Elements: 1 << 24}
			}
			r.Float32[0].Complete, r.Float32[0].Inputs = false, 1<<24
		}, "The 16 777 216 NaN and infinite logits have the right results.", 0},
		{"a result without anything", func(r *Report) { r.Float32 = []*Result{{}} }, "INCOMPLETE: 0 of", 0},
		{"a difference", func(r *Report) {
			r.Float32[0].Differences = []Difference{{Variant: "the second", Count: 5, Output: "loss, target 0"}}
		}, "DIFFERENT: the second: 5 results", 1},
		{"an incomplete sweep", func(r *Report) { r.Float32[0].Complete, r.Float32[0].Inputs = false, 12345 }, "INCOMPLETE: 12 345 of the 4 294 967 296", 0},
		{"a sample", func(r *Report) { r.Float32[0].Complete, r.Float32[0].Sample = false, "some, which proves nothing" }, "some, which proves nothing.", 0},
		{"a random point", func(r *Report) { r.Random[0].Max = 2.5 }, "| **2.5000** |", 1},
		{"a random result of a wrong class", func(r *Report) { r.Random[0].WrongClass = 1 }, "1 results are not finite", 1},
		{"a random row", func(r *Report) {
			r.Random = append(r.Random, RandomRow{Module: CrossEntropyLoss, DType: "float64", Setting: "class indices", Output: "gradient", Points: 10, Max: 9, Limit: 8, At: "2 classes"})
		}, "## CrossEntropyLoss: random points", 1},
		{"a probability", func(r *Report) { r.Float32 = append(r.Float32, sampleProbabilityResult()) },
			"## BCELoss: float32, hard targets\n\nEvery float32 number in [0, 1] was a probability, -0 too: 1 065 353 218, of which 1 065 353 218 are finite; each with the targets 0 and 1.\n", 1},
		{"a sum", func(r *Report) { r.Sums[0].ULP = 0.51 }, "| **0.5100** |", 1},
		{"threads that show", func(r *Report) { r.Sums[0].Same = false }, "| NO |", 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := sampleReport()
			test.change(r)
			misses := r.Misses()
			if len(misses) != test.misses {
				t.Errorf("got the misses %q, want %d", misses, test.misses)
			}
			got, err := r.UpdatePage([]byte(page))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(got), test.page) {
				t.Errorf("%q is missing in\n%s", test.page, got)
			}
			if strings.Contains(string(got), "NaN %") {
				t.Errorf("a share of nothing is NaN in\n%s", got)
			}
			if strings.Contains(string(got), "## What misses its limit") != (test.misses > 0) {
				t.Errorf("%d misses, but the page is\n%s", test.misses, got)
			}
			var text bytes.Buffer
			if err := r.WriteText(&text, 0); err != nil {
				t.Fatal(err)
			}
			if want := strings.Trim(test.page, "|# "); !strings.Contains(text.String(), want) && test.misses == 0 {
				t.Errorf("%q is missing in\n%s", want, text.String())
			}
		})
	}
}
