package divergence

import (
	"context"

	"lossproof/ports"
	"lossproof/tensor"
)

// Port returns a port that computes as d does in d's modules, which it claims without
// exception.
func (d *Divergence) Port() ports.Port { return port{d.Name, d.Modules, d.Evaluate, d.Written} }

// RightPort returns a port that computes the modules by the right definition.
func RightPort() ports.Port {
	return port{"right", ports.ModuleNames(), Right, (&Divergence{}).Written}
}

// port computes calls with a function.
type port struct {
	name     string
	modules  []string
	evaluate func(ports.Call) ports.Answer
	written  func(tensor.Tensor) tensor.Tensor
}

// Written is [Divergence.Written].
func (p port) Written(t tensor.Tensor) tensor.Tensor { return p.written(t) }

// Describe implements [ports.Port].
func (p port) Describe(context.Context) (ports.Description, error) {
	d := ports.Description{
		Port:    ports.Info{Name: p.name, Version: "divergence", Language: "go"},
		Modules: map[string]ports.Claim{},
	}
	for _, module := range p.modules {
		m := ports.ModuleOf(module)
		d.Modules[module] = ports.Claim{DTypes: m.DTypes(), Outputs: m.Outputs}
	}
	return d, nil
}

// Evaluate implements [ports.Port].
func (p port) Evaluate(ctx context.Context, call ports.Call) (ports.Answer, error) {
	if err := ctx.Err(); err != nil {
		return ports.Answer{}, err
	}
	return p.evaluate(call), nil
}
