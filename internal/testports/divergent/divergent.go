// Package divergent runs divergences as ports in other processes, for tests: the test
// executable itself is one, if its TestMain calls [Serve].
package divergent

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"os"

	"lossproof/internal/divergence"
	"lossproof/ports"
	"lossproof/ports/wire"
	"lossproof/tensor"
)

// variable names the divergence that a process is.
const variable = "LOSSPROOF_TEST_DIVERGENCE"

// Env returns the environment of a process that is a divergence whose results are off by a
// unit in the last place, here and there.
func Env(name string) []string { return append(os.Environ(), variable+"="+name) }

// Serve is the port, if the environment says that this process is one; then it does not
// return.
func Serve() {
	name, ok := os.LookupEnv(variable)
	if !ok {
		return
	}
	d, ok := divergence.ByName(name)
	if !ok {
		fmt.Fprintf(os.Stderr, "there is no divergence %q\n", name)
		os.Exit(9)
	}
	if err := wire.Serve(context.Background(), Noisy(d.Port()), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(9)
	}
	os.Exit(0)
}

// Noisy returns a port whose finite results are those of another, off by a unit in the last place in
// about two of three elements: no two implementations round alike.
func Noisy(port ports.Port) ports.Port { return noisy{port} }

type noisy struct{ ports.Port }

// Evaluate implements [ports.Port].
func (n noisy) Evaluate(ctx context.Context, call ports.Call) (ports.Answer, error) {
	answer, err := n.Port.Evaluate(ctx, call)
	written := func(t tensor.Tensor) tensor.Tensor { return t }
	if port, ok := n.Port.(interface {
		Written(tensor.Tensor) tensor.Tensor
	}); ok {
		written = port.Written // numbers are off before they are written
	}
	for name, output := range answer.Outputs {
		answer.Outputs[name] = written(disturbed(written(output)))
	}
	return answer, err
}

// Nothing answers a call that is right in no element, in a way that no divergence explains.
func Nothing(call ports.Call) ports.Answer {
	answer := divergence.Right(call)
	if answer.Outputs == nil {
		return ports.Answer{Unsupported: &ports.Unsupported{Reason: "it is to fail"}}
	}
	for name, output := range answer.Outputs {
		values := output.Float64s()
		for i, v := range values {
			values[i] = math.Sin(v) + 3
		}
		answer.Outputs[name] = tensor.FromValues(output.DType, values, output.Shape...)
	}
	return answer
}

// disturbed moves elements to a neighbour, by a hash of their bits.
func disturbed(t tensor.Tensor) tensor.Tensor {
	data := append([]byte{}, t.Data...)
	size := t.DType.Size()
	for i := range t.Len() {
		b := data[i*size : (i+1)*size]
		v := t.Float64(i)
		if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
			continue // exact results are exact everywhere
		}
		hash := fnv.New32a()
		hash.Write(b)
		towards := [3]float64{math.Inf(-1), v, math.Inf(1)}[hash.Sum32()%3]
		switch t.DType {
		case tensor.Float32:
			binary.LittleEndian.PutUint32(b, math.Float32bits(math.Nextafter32(float32(v), float32(towards))))
		case tensor.Float64:
			binary.LittleEndian.PutUint64(b, math.Float64bits(math.Nextafter(v, towards)))
		}
	}
	return tensor.Tensor{DType: t.DType, Shape: t.Shape, Data: data}
}
