package sweep_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"image/png"
	"regexp"
	"strings"
	"testing"

	"lossproof/lab/sweep"
	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/tensor"
)

// TestHalf: the built-in losses give the nearest number at every probability of bfloat16.
func TestHalf(t *testing.T) {
	results, _, err := sweep.Half(t.Context(), builtin.Port{}, tensor.BFloat16, []string{ports.BCELoss}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := results[0]
	if r.Inputs != 16258 || !r.Complete || len(r.Tallies) != 4 {
		t.Errorf("got %d inputs, complete %t, %d outputs", r.Inputs, r.Complete, len(r.Tallies))
	}
	for _, tally := range r.Tallies {
		if tally.Correct != r.Inputs || tally.MaxULP() > 0.5 || tally.WrongClass+tally.Zeros != 0 {
			t.Errorf("%s: %d are correctly rounded, at most %v ULP", tally.Output, tally.Correct, tally.MaxULP())
		}
	}
	if misses := (&sweep.Report{Float32: results}).Misses(); len(misses) != 0 {
		t.Errorf("got %q", misses)
	}
}

// wrongAt changes the results of 16-bit inputs.
type wrongAt struct {
	builtin.Port
	change func(target, input float64, output string, bits []byte)
}

func (p wrongAt) Evaluate(ctx context.Context, call ports.Call) (ports.Answer, error) {
	answer, err := p.Port.Evaluate(ctx, call)
	for name, out := range answer.Outputs {
		for i := range out.Len() {
			p.change(call.Inputs[ports.Target].Float64(i), call.Inputs[ports.Input].Float64(i), name, out.Data[2*i:2*i+2])
		}
	}
	return answer, err
}

// TestHalfOfAWrongPort: an error, a zero and a NaN are counted, and each is in its own column of the picture.
func TestHalfOfAWrongPort(t *testing.T) {
	port := wrongAt{change: func(target, input float64, output string, bits []byte) {
		switch {
		case output == ports.Loss && input == 0.75 && target == 1:
			bits[0] += 2
		case output == ports.Loss && input == 0.5+3./2048 && target == 0:
			bits[0], bits[1] = 0, 0
		case output == ports.GradInput && input == 0.25 && target == 1:
			bits[0], bits[1] = 0, 0x7e
		}
	}}
	results, d, err := sweep.Half(t.Context(), port, tensor.Float16, []string{ports.BCELoss}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := results[0]
	for i, want := range []struct{ correct, zeros, wrong uint64 }{{r.Inputs - 1, 1, 0}, {r.Inputs - 1, 0, 0}, {r.Inputs, 0, 0}, {r.Inputs - 1, 0, 1}} {
		if got := r.Tallies[i]; got.Correct != want.correct || got.Zeros != want.zeros || got.WrongClass != want.wrong {
			t.Errorf("%s: %d of %d are correctly rounded, %d zeros, %d of a wrong class", got.Output, got.Correct, r.Inputs, got.Zeros, got.WrongClass)
		}
	}
	report := &sweep.Report{Source: sweep.Source{Port: d.Port.Name}, Float32: results}
	var text strings.Builder
	if err := report.WriteText(&text, 0); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"BCELoss of lossproof: float16, hard targets", "Every float16 number in [0, 1]", "ZERO: loss, target 0: 1 results are 0", "from the probability 0.50146484 on", "WRONG CLASS: gradient, target 1"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is missing in\n%s", want, text.String())
		}
	}
	embedded := regexp.MustCompile(`base64,([^"]*)"`).FindSubmatch(report.Plot())
	if embedded == nil {
		t.Fatal("there is no picture")
	}
	data, err := base64.StdEncoding.DecodeString(string(embedded[1]))
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	const blue, orange, purple = 0x2f8fd6, 0xe05f1a, 0xb05cd0
	columns := map[int]map[uint32]int{}
	for x := range picture.Bounds().Dx() {
		columns[x] = map[uint32]int{}
		for y := range picture.Bounds().Dy() {
			r, g, b, _ := picture.At(x, y).RGBA()
			columns[x][r>>8<<16|g>>8<<8|b>>8]++
		}
	}
	if picture.Bounds().Dx() != 1024 {
		t.Errorf("the picture has %d columns", picture.Bounds().Dx())
	}
	// 0.75 is the number 512 of its binade, 0.25 and 0.5+3/2048 are 0 and 3.
	for x, pixels := range columns {
		want := map[uint32]bool{blue: x == 512, orange: x == 3, purple: x == 0}
		for c, there := range want {
			if (pixels[c] > 0) != there {
				t.Errorf("column %d has %d pixels of color %06x", x, pixels[c], c)
			}
		}
	}
	if columns[0][purple] != 14 || columns[512][blue] >= columns[3][orange] {
		t.Errorf("got heights of %d, %d and %d", columns[0][purple], columns[512][blue], columns[3][orange])
	}
}

func TestHalfErrors(t *testing.T) {
	narrow := answering{claim: func(c *ports.Claim) { c.DTypes = []tensor.DType{tensor.Float32} }}
	if _, _, err := sweep.Half(t.Context(), narrow, tensor.Float16, []string{ports.BCEWithLogitsLoss}, nil); err == nil || !strings.Contains(err.Error(), "a sweep needs float16") {
		t.Errorf("a dtype that is not claimed: got %v", err)
	}
	refusing := answering{change: func(a *ports.Answer) { *a = ports.Answer{Rejected: &ports.Rejected{Message: "no halves"}} }}
	if _, _, err := sweep.Half(t.Context(), refusing, tensor.Float16, []string{ports.BCEWithLogitsLoss}, nil); err == nil || !strings.Contains(err.Error(), "no halves") {
		t.Errorf("a refusal: got %v", err)
	}
}
