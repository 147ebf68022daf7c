// Command gomlx is GoMLX as a port of lossproof: its package losses, by its backend in Go.
//
// The losses are means. They take labels and logits with the classes last, and class indices with
// a dimension of one in place of the classes. This file translates, and computes nothing.
package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/backends/simplego"
	"github.com/gomlx/gomlx/pkg/core/dtypes"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/shapes"
	"github.com/gomlx/gomlx/pkg/core/tensors"

	"lossproof/ports"
	"lossproof/ports/wire"
	"lossproof/tensor"
)

const library = "github.com/gomlx/gomlx"

var dtypeOf = map[tensor.DType]dtypes.DType{
	tensor.Float16: dtypes.Float16, tensor.BFloat16: dtypes.BFloat16, tensor.Float32: dtypes.Float32,
	tensor.Float64: dtypes.Float64, tensor.Int64: dtypes.Int64, tensor.Int32: dtypes.Int32,
	tensor.UInt8: dtypes.Uint8, tensor.Bool: dtypes.Bool,
}

// program makes a call by the library itself: lossproof writes the numbers into it, and loss.go stands below it.
//
//go:embed testdata/program.go
var program string

//go:embed loss.go
var lossText string

type port struct{ backend backends.Backend }

func (port) Describe(context.Context) (ports.Description, error) {
	claim := func(without ...string) ports.Claim {
		return ports.Claim{
			DTypes:  []tensor.DType{tensor.Float32, tensor.Float64},
			Outputs: []string{ports.Loss, ports.GradInput},
			Without: append(without, "reduction:none", "reduction:sum", "legacy_reduction", "empty"),
		}
	}
	snippets := map[string]string{}
	_, losses, _ := strings.Cut(lossText, ")\n") // below its imports
	for _, module := range []string{ports.BCEWithLogitsLoss, ports.BCELoss, ports.CrossEntropyLoss} {
		snippets[module] = strings.ReplaceAll(program, "MODULE", module) + losses
	}
	return ports.Description{
		Snippets: snippets,
		Port: ports.Info{
			Name: "gomlx/losses", Version: version(),
			Language: "go", LanguageVersion: strings.TrimPrefix(runtime.Version(), "go"),
		},
		Modules: map[string]ports.Claim{
			ports.BCEWithLogitsLoss: claim("weight:class", "pos_weight"),
			ports.BCELoss:           claim("weight:class"),
			ports.CrossEntropyLoss:  claim("weight", "ignore_index", "label_smoothing"),
		},
	}, nil
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, dependency := range info.Deps {
		if dependency.Path == library {
			return strings.TrimPrefix(dependency.Version, "v")
		}
	}
	return ""
}

func (p port) Evaluate(_ context.Context, call ports.Call) (ports.Answer, error) {
	for name, value := range call.Options.Given() {
		switch {
		case name != "reduction" || value == "none" || value == "sum":
			return ports.Answer{Unsupported: &ports.Unsupported{Reason: "the losses are means, without options"}}, nil
		case value != "mean":
			message := fmt.Sprintf("%s: got %v, the losses are means", name, value)
			return ports.Answer{Rejected: &ports.Rejected{Kind: ports.KindOption, Message: message, Static: true}}, nil
		}
	}
	if _, ok := call.Inputs[ports.PosWeight]; ok {
		return ports.Answer{Unsupported: &ports.Unsupported{Reason: "the losses have no pos_weight"}}, nil
	}
	if _, ok := call.Inputs[ports.Weight]; ok && call.Module == ports.CrossEntropyLoss {
		return ports.Answer{Unsupported: &ports.Unsupported{Reason: "the loss has weights of rows, none of classes"}}, nil
	}
	outputs, err := p.outputs(call)
	if err != nil { // by which the library says that shapes, dtypes and values do not fit
		return ports.Answer{Rejected: &ports.Rejected{Message: err.Error()}}, nil
	}
	return ports.Answer{Outputs: outputs}, nil
}

func (p port) outputs(call ports.Call) (map[string]tensor.Tensor, error) {
	names := []string{ports.Input, ports.Target}
	for _, name := range []string{ports.Weight, ports.GradOutput} {
		if _, ok := call.Inputs[name]; ok {
			names = append(names, name)
		}
	}
	var arguments []any
	for _, name := range names {
		t, err := toTensor(call.Inputs[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		arguments = append(arguments, t)
	}
	exec, err := graph.NewExec(p.backend, func(nodes []*graph.Node) []*graph.Node {
		given := map[string]*graph.Node{}
		for i, name := range names {
			given[name] = nodes[i]
		}
		value := loss(call.Module, given)
		var wanted []*graph.Node
		for _, name := range call.Want {
			if name == ports.Loss {
				wanted = append(wanted, value)
			} else {
				wanted = append(wanted, gradient(value, given))
			}
		}
		return wanted
	})
	if err != nil {
		return nil, err
	}
	defer exec.Finalize()
	results, err := exec.Exec(arguments...)
	if err != nil {
		return nil, err
	}
	outputs := map[string]tensor.Tensor{}
	for i, name := range call.Want {
		if outputs[name], err = fromTensor(results[i]); err != nil {
			return nil, err
		}
	}
	return outputs, nil
}

func toTensor(t tensor.Tensor) (*tensors.Tensor, error) {
	for _, d := range t.Shape {
		if d == 0 {
			return nil, fmt.Errorf("shape %s: a dimension has at least one element", tensor.FormatShape(t.Shape))
		}
	}
	made := tensors.FromShape(shapes.Make(dtypeOf[t.DType], t.Shape...))
	return made, made.MutableBytes(func(data []byte) { copy(data, t.Data) })
}

func fromTensor(t *tensors.Tensor) (tensor.Tensor, error) {
	for name, dtype := range dtypeOf {
		if dtype == t.DType() {
			var data []byte
			if err := t.ConstBytes(func(b []byte) { data = append(data, b...) }); err != nil {
				return tensor.Tensor{}, err
			}
			return tensor.New(name, t.Shape().Dimensions, data)
		}
	}
	return tensor.Tensor{}, fmt.Errorf("the protocol has no dtype %s", t.DType())
}

func main() {
	backend, err := simplego.New("")
	if err == nil {
		err = wire.Serve(context.Background(), port{backend}, os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
