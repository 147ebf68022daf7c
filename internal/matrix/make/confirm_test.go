package main

import (
	"context"
	"math"
	"os/exec"
	"testing"

	"lossproof/ports"
	"lossproof/tensor"
)

// TestAgrees: a program shows what a port answered where its numbers, or its exception, are those of the port.
func TestAgrees(t *testing.T) {
	loss := ports.Answer{Outputs: map[string]tensor.Tensor{ports.Loss: tensor.FromFloat32([]float32{0.1, float32(math.NaN()), float32(math.Inf(1))}, 3)}}
	refused := ports.Answer{Rejected: &ports.Rejected{}}
	for _, test := range []struct {
		name string
		q    program
		did  printed
		want bool
	}{
		{"the same", program{answer: loss}, printed{text: "loss [0.10000000149011612, nan, inf]\n"}, true},
		{"the same, and an exception after it", program{answer: loss}, printed{raised: true, text: "noise\nloss [0.1, nan, inf]\n"}, true},
		{"another number", program{answer: loss}, printed{text: "loss [0.11, nan, inf]\n"}, false},
		{"no NaN", program{answer: loss}, printed{text: "loss [0.1, 0, inf]\n"}, false},
		{"another length", program{answer: loss}, printed{text: "loss [0.1, nan]\n"}, false},
		{"no number", program{answer: loss}, printed{text: "loss [0.1, nan, tensor]\n"}, false},
		{"nothing", program{answer: loss}, printed{}, false},
		{"another output", program{answer: loss}, printed{text: "grad_input [0.1, nan, inf]\n"}, false},
		{"a refusal", program{answer: refused}, printed{raised: true}, true},
		{"no refusal", program{answer: refused}, printed{text: "loss 1.0\n"}, false},
		{"a crash of the port, and an exception", program{failed: true}, printed{raised: true}, true},
		{"a crash of the port alone", program{failed: true}, printed{text: "loss 1.0\n"}, false},
	} {
		if got := test.q.agrees(test.did); got != test.want {
			t.Errorf("%s: got %t", test.name, got)
		}
	}
}

// TestRunPrograms: each program runs by itself, and one that ends the process takes only those after it along.
func TestRunPrograms(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("it needs python3")
	}
	programs := []program{{text: "x = 1\nprint('loss', x)"}, {text: "print('loss', x)"}, {text: "import os\nos._exit(3)"}, {text: "print('loss', 4)"}}
	done, err := port{Run: []string{python, "port.py"}}.runPrograms(context.Background(), t.TempDir(), programs)
	if err != nil {
		t.Fatal(err)
	}
	if len(done) != 2 || done[0] != (printed{text: "loss 1\n"}) || !done[1].raised {
		t.Errorf("got %+v", done)
	}
}
