package process

import (
	"math"
	"strings"
	"testing"

	"lossproof/ports"
	"lossproof/tensor"
)

func zeros(shape ...int) tensor.Tensor {
	n, err := tensor.Count(shape)
	if err != nil {
		panic(err)
	}
	return tensor.Tensor{DType: tensor.UInt8, Shape: shape, Data: make([]byte, n)}
}

func TestElements(t *testing.T) {
	for _, test := range []struct {
		shapes [][]int
		want   int
	}{
		{nil, 1},
		{[][]int{{}}, 1},
		{[][]int{{3, 5}}, 15},
		{[][]int{{3, 5}, {5}, {}}, 15},
		{[][]int{{3, 1}, {1, 5}}, 15},
		{[][]int{{2, 1}, {7, 1, 3}}, 42},
		{[][]int{{0, 3}}, 3}, // it is an upper bound: no dimension counts for less than 1
	} {
		inputs := map[string]tensor.Tensor{}
		for i, shape := range test.shapes {
			inputs[string(rune('a'+i))] = zeros(shape...)
		}
		if got := elements(inputs); got != test.want {
			t.Errorf("%v: got %d, want %d", test.shapes, got, test.want)
		}
	}
	if got := elements(map[string]tensor.Tensor{"a": {Shape: []int{math.MaxInt, 1}}, "b": {Shape: []int{math.MaxInt}}}); got < math.MaxInt/16 {
		t.Errorf("a product that overflows: got %d", got)
	}
}

func TestCheckSize(t *testing.T) {
	call := ports.Call{Inputs: map[string]tensor.Tensor{"input": zeros(3, 5), "target": zeros(5)}}
	limit := freeBytes + 8*15
	for n, ok := range map[int]bool{1: true, limit: true, limit + 1: false} {
		err := checkSize(call, ports.Answer{Outputs: map[string]tensor.Tensor{"loss": zeros(), "hessian": zeros(n)}})
		if (err == nil) != ok {
			t.Errorf("%d bytes: got error %v", n, err)
		}
		if err != nil && !strings.Contains(err.Error(), "outputs.hessian: got uint8 of shape (65657,)") {
			t.Errorf("%d bytes: got error %v", n, err)
		}
	}
}

func TestTrim(t *testing.T) {
	long := strings.Repeat("ä", maxText)
	answer := trim(ports.Answer{Outputs: map[string]tensor.Tensor{"loss": zeros(), "hessian": zeros()}}, []string{"loss", "grad_input"})
	if _, ok := answer.Outputs["loss"]; !ok || len(answer.Outputs) != 1 {
		t.Errorf("got %v, want loss alone", answer.Outputs)
	}
	for _, answer := range []ports.Answer{
		{Rejected: &ports.Rejected{Message: long}},
		{Unsupported: &ports.Unsupported{Reason: long}},
		{Unsupported: &ports.Unsupported{IssueURL: long}},
		{Failed: &ports.Failed{Message: long}},
		{Failed: &ports.Failed{Traceback: long}},
	} {
		answer = trim(answer, nil)
		var text string
		switch {
		case answer.Rejected != nil:
			text = answer.Rejected.Message
		case answer.Unsupported != nil:
			text = answer.Unsupported.Reason + answer.Unsupported.IssueURL
		default:
			text = answer.Failed.Message + answer.Failed.Traceback
		}
		if len(text) > maxText+50 || !strings.HasSuffix(text, "… (32768 bytes)") || strings.Contains(text, "\uFFFD") {
			t.Errorf("got %d bytes that end with %q", len(text), text[len(text)-30:])
		}
	}
}

func TestTail(t *testing.T) {
	var tl tail
	if tl.String() != "" {
		t.Errorf("got %q", tl.String())
	}
	if n, err := tl.Write([]byte("one\ntwo\n")); n != 8 || err != nil || tl.String() != "    one\n    two" {
		t.Errorf("got %d, %v, %q", n, err, tl.String())
	}
	for range 1000 {
		_, _ = tl.Write([]byte(strings.Repeat("x", 100) + "\n"))
	}
	_, _ = tl.Write([]byte(strings.Repeat("y", 3*tailBytes) + "\nthe end\xff\n"))
	if got := tl.String(); got != "    the end\uFFFD" || len(tl.text) != tailBytes {
		t.Errorf("got %d bytes, shown %q", len(tl.text), got)
	}
}
