package wire

import (
	"encoding/json"
	"errors"
	"fmt"
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
	if _, ok := o["cmd"]; !ok {
		return fail(fmt.Errorf(`member "cmd" is missing, want "hello", "run" or "bye"`))
	}
	cmd, err := str(o["cmd"], "cmd")
	if err != nil {
		return fail(err)
	}
	switch cmd {
	case CmdBye:
		return Request{Cmd: cmd}, nil
	case CmdHello:
		if _, ok := o["protocol"]; !ok {
			return fail(fmt.Errorf(`hello: member "protocol" is missing`))
		}
		protocol, err := integer(o["protocol"], "hello: protocol", maxID)
		if err != nil {
			return fail(err)
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

func decodeID(o object) (int64, error) {
	raw, ok := o["id"]
	if !ok {
		return 0, errors.New(`member "id" is missing`)
	}
	return integer(raw, "id", maxID)
}

// decodeCall decodes what a run request asks. options may be absent: none is given.
func decodeCall(o object) (ports.Call, error) {
	for _, member := range []string{"module", "inputs", "want"} {
		if _, ok := o[member]; !ok {
			return ports.Call{}, fmt.Errorf("member %q is missing", member)
		}
	}
	var call ports.Call
	var err error
	if call.Module, err = str(o["module"], "module"); err != nil {
		return ports.Call{}, err
	}
	if raw, ok := o["options"]; ok {
		if call.Options, err = decodeOptions(raw); err != nil {
			return ports.Call{}, err
		}
	}
	if call.Inputs, err = decodeInputs(o["inputs"]); err != nil {
		return ports.Call{}, err
	}
	if call.Want, err = strs(o["want"], "want"); err != nil {
		return ports.Call{}, err
	}
	for _, name := range call.Want {
		if !slices.Contains(outputNames, name) {
			return ports.Call{}, &UnknownNameError{"want", name, outputNames}
		}
	}
	return call, nil
}

func decodeInputs(raw json.RawMessage) (map[string]tensor.Tensor, error) {
	o, err := decodeObject(raw, "inputs")
	if err != nil {
		return nil, err
	}
	if err := checkNames(o, "inputs", inputNames); err != nil {
		return nil, err
	}
	return decodeTensors(raw, "inputs")
}

func decodeOptions(raw json.RawMessage) (ports.Options, error) {
	o, err := decodeObject(raw, "options")
	if err != nil {
		return ports.Options{}, err
	}
	if err := checkNames(o, "options", optionNames); err != nil {
		return ports.Options{}, err
	}
	var options ports.Options
	for name, raw := range o {
		if err := options.Set(name, raw); err != nil {
			return ports.Options{}, fmt.Errorf("options.%w", err)
		}
	}
	return options, nil
}

// checkNames returns an UnknownNameError for the first member, in alphabetical order,
// that is not known.
func checkNames(o object, where string, known []string) error {
	var unknown []string
	for name := range o {
		if !slices.Contains(known, name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	return &UnknownNameError{where, slices.Min(unknown), known}
}
