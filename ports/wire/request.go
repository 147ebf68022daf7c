package wire

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"lossproof/ports"
	"lossproof/tensor"
)

// The commands of a request.
const (
	CmdHello = "hello"
	CmdRun   = "run"
	CmdBye   = "bye"
)

// Request is a decoded request.
type Request struct {
	Cmd string
	// Protocol is that of hello.
	Protocol int64
	// ID and Call are those of run.
	ID   int64
	Call ports.Call
}

// RequestError says why a line is no request. Where the line has a valid id, HasID is
// set and the request can be answered under it.
type RequestError struct {
	ID    int64
	HasID bool
	Err   error
}

func (e *RequestError) Error() string { return e.Err.Error() }

func (e *RequestError) Unwrap() error { return e.Err }

// UnknownNameError says that a call has an option, an input or a wanted output of a
// name that this version of the protocol does not have.
type UnknownNameError struct {
	// Where is "options", "inputs" or "want".
	Where string
	Name  string
	Known []string
}

func (e *UnknownNameError) Error() string {
	return fmt.Sprintf("%s: unknown name %s, want one of %s", e.Where, excerpt([]byte(e.Name)), quoteList(e.Known))
}

var (
	optionNames = ports.OptionNames()
	inputNames  = ports.InputNames()
	outputNames = ports.OutputNames()
)

type jsonRun struct {
	Cmd     string                `json:"cmd"`
	ID      int64                 `json:"id"`
	Module  string                `json:"module"`
	Options ports.Options         `json:"options"`
	Inputs  map[string]jsonTensor `json:"inputs"`
	Want    []string              `json:"want"`
}

// EncodeHello returns the hello request.
func EncodeHello() []byte {
	return fmt.Appendf(nil, `{"cmd":"hello","protocol":%d}`, Version)
}

// EncodeBye returns the bye request.
func EncodeBye() []byte { return []byte(`{"cmd":"bye"}`) }

// EncodeRun returns the run request for call. It returns an error for an id outside
// 0 … 2⁵³, for a tensor whose bytes do not fit its dtype and shape, and for a message
// above MaxLine.
func EncodeRun(id int64, call ports.Call) ([]byte, error) {
	if id < 0 || id > maxID {
		return nil, fmt.Errorf("id: got %d, want an integer from 0 to %d", id, int64(maxID))
	}
	inputs, err := encodeTensors(call.Inputs, "inputs")
	if err != nil {
		return nil, err
	}
	return marshal(jsonRun{
		Cmd: CmdRun, ID: id, Module: call.Module, Options: call.Options,
		Inputs: inputs, Want: append([]string{}, call.Want...),
	})
}

// DecodeRequest decodes one line. Its error is a *RequestError.
func DecodeRequest(line []byte) (Request, error) {
	o, err := decodeLine(line)
	if err != nil {
		return Request{}, &RequestError{Err: err}
	}
	id, idErr := decodeID(o)
	fail := func(err error) (Request, error) {
		return Request{}, &RequestError{ID: id, HasID: idErr == nil, Err: err}
	}
	if !o.has("cmd") {
		o.fail(`member "cmd" is missing, want "hello", "run" or "bye"`)
	}
	cmd := get(o, "cmd", str[string])
	if o.err != nil {
		return fail(o.err)
	}
	switch cmd {
	case CmdBye:
		return Request{Cmd: cmd}, nil
	case CmdHello:
		o.where, o.path = "hello: ", "hello: "
		o.need("protocol")
		protocol := get(o, "protocol", integer[int64](maxID))
		if o.err != nil {
			return fail(o.err)
		}
		return Request{Cmd: cmd, Protocol: protocol}, nil
	case CmdRun:
		if idErr != nil {
			return fail(idErr)
		}
		call, err := decodeCall(o)
		if err != nil {
			return fail(err)
		}
		return Request{Cmd: cmd, ID: id, Call: call}, nil
	}
	return fail(fmt.Errorf(`cmd: got %s, want "hello", "run" or "bye"`, excerpt([]byte(cmd))))
}

func decodeID(o *object) (int64, error) {
	of := object{members: o.members}
	of.need("id")
	return get(&of, "id", integer[int64](maxID)), of.err
}

// decodeCall decodes what a run request asks. options may be absent: none is given.
func decodeCall(o *object) (ports.Call, error) {
	o.need("module", "inputs", "want")
	call := ports.Call{
		Module: get(o, "module", str[string]), Options: get(o, "options", decodeOptions),
		Inputs: get(o, "inputs", decodeInputs), Want: get(o, "want", strs[string]),
	}
	if o.err != nil {
		return ports.Call{}, o.err
	}
	for _, name := range call.Want {
		if !slices.Contains(outputNames, name) {
			return ports.Call{}, &UnknownNameError{"want", name, outputNames}
		}
	}
	return call, nil
}

func decodeInputs(raw json.RawMessage, name string) (map[string]tensor.Tensor, error) {
	if _, err := named(raw, name, inputNames); err != nil {
		return nil, err
	}
	return mapOf(decodeTensor)(raw, name)
}

func decodeOptions(raw json.RawMessage, name string) (options ports.Options, err error) {
	o, err := named(raw, name, optionNames)
	if err != nil {
		return ports.Options{}, err
	}
	for name, raw := range o.members {
		if err := options.Set(name, raw); err != nil {
			return ports.Options{}, fmt.Errorf("options.%w", err)
		}
	}
	return options, nil
}

// named decodes an object, and returns an UnknownNameError for the first member, in alphabetical
// order, that is not known.
func named(raw json.RawMessage, name string, known []string) (*object, error) {
	o, err := decodeObject(raw, name)
	if err != nil {
		return nil, err
	}
	for _, member := range slices.Sorted(maps.Keys(o.members)) {
		if !slices.Contains(known, member) {
			return nil, &UnknownNameError{name, member, known}
		}
	}
	return o, nil
}
