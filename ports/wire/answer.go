package wire

import (
	"encoding/json"
	"fmt"

	"lossproof/internal/plain"
	"lossproof/ports"
	"lossproof/tensor"
)

// maxHello is the greatest length of an answer to hello, in bytes.
const maxHello = 1 << 20

// ProtocolError is a port's answer that it does not speak the protocol asked for.
type ProtocolError struct {
	// Protocol is the version that the port speaks.
	Protocol int64
	Message  string
}

func (e *ProtocolError) Error() string {
	return fmt.Sprintf("the port speaks protocol %d: %s", e.Protocol, e.Message)
}

type jsonDescription struct {
	Protocol int                    `json:"protocol"`
	Port     ports.Info             `json:"port"`
	Slow     bool                   `json:"slow,omitempty"`
	Compiles bool                   `json:"compiles,omitempty"`
	Snippets map[string]string      `json:"snippets,omitempty"`
	Modules  map[string]ports.Claim `json:"modules"`
}

type jsonProtocolError struct {
	Protocol int    `json:"protocol"`
	Error    string `json:"error"`
}

type jsonAnswer struct {
	ID          int64                 `json:"id"`
	Outputs     map[string]jsonTensor `json:"outputs,omitzero"`
	Rejected    *ports.Rejected       `json:"rejected,omitempty"`
	Unsupported *ports.Unsupported    `json:"unsupported,omitempty"`
	Failed      *ports.Failed         `json:"failed,omitempty"`
}

// EncodeDescription returns the answer to hello.
func EncodeDescription(d ports.Description) ([]byte, error) {
	modules := d.Modules
	if modules == nil {
		modules = map[string]ports.Claim{}
	}
	return marshal(jsonDescription{Version, d.Port, d.Slow, d.Compiles, d.Snippets, modules})
}

// EncodeProtocolError returns the answer to what cannot be answered otherwise: a
// hello of another protocol, or a line without an id.
func EncodeProtocolError(message string) ([]byte, error) {
	return marshal(jsonProtocolError{Version, message})
}

// DecodeDescription decodes the answer to hello. Where the port answers with an error
// or another protocol, the error is a *ProtocolError. Whether the claim makes sense is
// not checked here (see internal/claim).
func DecodeDescription(line []byte) (ports.Description, error) {
	if len(line) > maxHello {
		return ports.Description{}, fmt.Errorf("the answer to hello has %d bytes, want at most %d", len(line), maxHello)
	}
	o, err := decodeLine(line)
	if err != nil {
		return ports.Description{}, err
	}
	o.where = "the answer to hello: "
	o.need("protocol")
	protocol, problem := get(o, "protocol", integer[int64](maxID)), get(o, "error", message)
	switch {
	case o.err != nil:
		return ports.Description{}, o.err
	case o.has("error"):
		return ports.Description{}, &ProtocolError{protocol, problem}
	case protocol != Version:
		return ports.Description{}, &ProtocolError{protocol, fmt.Sprintf("got protocol %d, want %d", protocol, Version)}
	}
	o.need("port", "modules")
	d := ports.Description{
		Port: get(o, "port", objectOf(decodeInfo)), Slow: get(o, "slow", boolean), Compiles: get(o, "compiles", boolean),
		Snippets: get(o, "snippets", mapOf(program)), Modules: get(o, "modules", mapOf(objectOf(decodeClaim))),
	}
	return d, o.err
}

func decodeInfo(o *object) ports.Info {
	line := func(member string) string { return plain.Line(get(o, member, message), plain.Name) }
	info := ports.Info{Name: line("name"), Version: line("version"), Language: line("language"), LanguageVersion: line("language_version")}
	if info.Name == "" {
		o.fail("port.name: got nothing, want the name of the port")
	}
	return info
}

func program(raw json.RawMessage, name string) (string, error) {
	text, err := str[string](raw, name)
	return plain.Text(text, len(text)), err
}

func decodeClaim(o *object) ports.Claim {
	o.need("dtypes", "outputs")
	return ports.Claim{DTypes: get(o, "dtypes", strs[tensor.DType]), Outputs: get(o, "outputs", strs[string]), Without: get(o, "without", strs[string])}
}

// EncodeAnswer returns the answer to the run request with that id. It returns an error
// where not exactly one field of answer is set, for a tensor whose bytes do not fit its
// dtype and shape, and for a message above MaxLine.
func EncodeAnswer(id int64, answer ports.Answer) ([]byte, error) {
	err := answer.Check()
	if err != nil {
		return nil, fmt.Errorf("the answer: %w", err)
	}
	message := jsonAnswer{ID: id, Rejected: answer.Rejected, Unsupported: answer.Unsupported, Failed: answer.Failed}
	if answer.Outputs != nil {
		if message.Outputs, err = encodeTensors(answer.Outputs, "outputs"); err != nil {
			return nil, err
		}
	}
	return marshal(message)
}

// DecodeAnswer decodes the answer to a run request. Whether the wanted outputs are
// there is for the judge to see.
func DecodeAnswer(line []byte) (id int64, answer ports.Answer, err error) {
	o, err := decodeLine(line)
	if err != nil {
		return 0, ports.Answer{}, err
	}
	if id, err = decodeID(o); err != nil {
		return 0, ports.Answer{}, err
	}
	var found []string
	for _, member := range []string{"outputs", "rejected", "unsupported", "failed"} {
		if o.has(member) {
			found = append(found, member)
		}
	}
	if len(found) != 1 {
		got := "none"
		if len(found) > 0 {
			got = quoteList(found)
		}
		return id, ports.Answer{}, fmt.Errorf(`got %s of "outputs", "rejected", "unsupported" and "failed", want exactly one`, got)
	}
	answer = ports.Answer{
		Outputs: get(o, "outputs", mapOf(decodeTensor)), Rejected: get(o, "rejected", objectOf(decodeRejected)),
		Unsupported: get(o, "unsupported", objectOf(decodeUnsupported)), Failed: get(o, "failed", objectOf(decodeFailed)),
	}
	if o.err != nil {
		return id, ports.Answer{}, o.err
	}
	return id, answer, nil
}

func decodeRejected(o *object) *ports.Rejected {
	rejected := &ports.Rejected{Kind: get(o, "kind", message)}
	switch rejected.Kind {
	case "", ports.KindShape, ports.KindDType, ports.KindOption, ports.KindValue:
	default:
		o.fail(`rejected.kind: got %s, want "shape", "dtype", "option" or "value"`, excerpt([]byte(rejected.Kind)))
	}
	rejected.Message, rejected.Static = get(o, "message", message), get(o, "static", boolean)
	return rejected
}

func decodeUnsupported(o *object) *ports.Unsupported {
	return &ports.Unsupported{Reason: get(o, "reason", message), IssueURL: get(o, "issue_url", message)}
}

func decodeFailed(o *object) *ports.Failed {
	return &ports.Failed{Message: get(o, "message", message), Traceback: get(o, "traceback", message)}
}
