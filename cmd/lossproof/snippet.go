package main

import (
	"bufio"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/snippets"
	"lossproof/ports"
	"lossproof/tensor"
)

// snippet writes a Python program that makes calls with PyTorch, those of the recorded case c where it
// is not nil. It runs as it is printed; where it reads arrays, beside a folder fixtures.
func snippet(w *bufio.Writer, torch string, calls []ports.Call, c *fixtures.Case) {
	fmt.Fprintf(w, "\n# PyTorch %s", torch)
	if readsArrays(calls, c) {
		fmt.Fprintf(w, "; reads the folder fixtures that \"lossproof fixtures extract fixtures\" makes")
	}
	if c != nil && c.Rejection != nil {
		fmt.Fprintf(w, "; it raises %s", c.Rejection.Error)
	}
	fmt.Fprintf(w, "\n")
	torchSnippet(w, calls, c)
}

// readsArrays reports whether a snippet of calls reads arrays of the fixtures.
func readsArrays(calls []ports.Call, c *fixtures.Case) bool {
	return c != nil && slices.ContainsFunc(calls, func(call ports.Call) bool {
		return slices.ContainsFunc(slices.Collect(maps.Values(call.Inputs)), func(t tensor.Tensor) bool { return t.Len() > snippets.MaxLiteral })
	})
}

// torchSnippet writes the program without its heading.
func torchSnippet(w *bufio.Writer, calls []ports.Call, c *fixtures.Case) {
	var body strings.Builder
	for i, call := range calls {
		if len(calls) > 1 {
			fmt.Fprintf(&body, "\n# call %d\n", i+1)
		}
		for _, name := range ports.Present(ports.InputNames(), call.Inputs) {
			if t := call.Inputs[name]; c == nil || t.Len() <= snippets.MaxLiteral {
				fmt.Fprintf(&body, "%s = %s\n", name, literal(t))
			} else {
				ref := c.Inputs[name]
				fmt.Fprintf(&body, "%s = torch.from_numpy(np.load(%q)[%d]).to(torch.%s)\n", name, fixturesFolder(c)+ref.File, ref.Index, t.DType)
			}
		}
		grads := gradInputs(call)
		for _, name := range grads {
			fmt.Fprintf(&body, "%s.requires_grad_()\n", name)
		}
		fmt.Fprintf(&body, "loss = torch.nn.%s(%s)(input, target)\n", call.Module, pythonOptions(call))
		fmt.Fprintf(&body, "print(\"loss\", loss)\n")
		if len(grads) > 0 {
			upstream := "torch.ones_like(loss)"
			if _, ok := call.Inputs[ports.GradOutput]; ok {
				upstream = ports.GradOutput
			}
			fmt.Fprintf(&body, "loss.backward(%s)\n", upstream)
		}
		for _, name := range grads {
			fmt.Fprintf(&body, "print(\"grad_%s\", %s.grad)\n", name, name)
		}
	}
	fmt.Fprintf(w, "import torch\n")
	if readsArrays(calls, c) {
		fmt.Fprintf(w, "import numpy as np\n")
	}
	if strings.Contains(body.String(), "inf") || strings.Contains(body.String(), "nan") {
		fmt.Fprintf(w, "from math import inf, nan\n")
	}
	fmt.Fprintf(w, "torch.set_printoptions(precision=17)\n%s", body.String())
}

// gradInputs returns the inputs whose gradients a call asks for.
func gradInputs(call ports.Call) []string {
	var names []string
	for _, output := range call.Want {
		if name, ok := strings.CutPrefix(output, "grad_"); ok {
			names = append(names, name)
		}
	}
	return names
}

// pythonOptions writes the arguments of the constructor.
func pythonOptions(call ports.Call) string {
	var arguments []string
	for _, name := range []string{ports.Weight, ports.PosWeight} {
		if _, ok := call.Inputs[name]; ok {
			arguments = append(arguments, name+"="+name)
		}
	}
	if options := call.Options.String(); options != "" {
		arguments = append(arguments, options)
	}
	return strings.Join(arguments, ", ")
}

// literal writes a tensor, all of its bits.
func literal(t tensor.Tensor) string {
	dtype := "torch." + string(t.DType)
	if t.Len() == 0 { // a nested list cannot say every empty shape
		return fmt.Sprintf("torch.empty(%s, dtype=%s)", tensor.FormatShape(t.Shape), dtype)
	}
	return fmt.Sprintf("torch.tensor(%s, dtype=%s)", snippets.List(t), dtype)
}
