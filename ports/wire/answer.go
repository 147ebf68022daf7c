package wire

import (
	"errors"
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
	Protocol int                  `json:"protocol"`
	Port     jsonInfo             `json:"port"`
	Slow     bool                 `json:"slow,omitempty"`
	Compiles bool                 `json:"compiles,omitempty"`
	Snippets map[string]string    `json:"snippets,omitempty"`
	Modules  map[string]jsonClaim `json:"modules"`
}

type jsonInfo struct {
	Name            string `json:"name"`
	Version         string `json:"version"`
	Language        string `json:"language"`
	LanguageVersion string `json:"language_version"`
}

type jsonClaim struct {
	DTypes  []tensor.DType `json:"dtypes"`
	Outputs []string       `json:"outputs"`
	Without []string       `json:"without"`
}

type jsonProtocolError struct {
	Protocol int    `json:"protocol"`
	Error    string `json:"error"`
}

type jsonAnswer struct {
	ID          int64            `json:"id"`
	Outputs     any              `json:"outputs,omitempty"`
	Rejected    *jsonRejected    `json:"rejected,omitempty"`
	Unsupported *jsonUnsupported `json:"unsupported,omitempty"`
	Failed      *jsonFailed      `json:"failed,omitempty"`
}

type jsonRejected struct {
	Kind    string `json:"kind,omitempty"`
	Message string `json:"message"`
	Static  bool   `json:"static,omitempty"`
}

type jsonUnsupported struct {
	Reason   string `json:"reason"`
	IssueURL string `json:"issue_url,omitempty"`
}

type jsonFailed struct {
	Message   string `json:"message"`
	Traceback string `json:"traceback,omitempty"`
}

// EncodeDescription returns the answer to hello.
func EncodeDescription(d ports.Description) ([]byte, error) {
	modules := make(map[string]jsonClaim, len(d.Modules))
	for name, claim := range d.Modules {
		modules[name] = jsonClaim{
			DTypes:  append([]tensor.DType{}, claim.DTypes...),
			Outputs: append([]string{}, claim.Outputs...),
			Without: append([]string{}, claim.Without...),
		}
	}
	return marshal(jsonDescription{Version, jsonInfo(d.Port), d.Slow, d.Compiles, d.Snippets, modules})
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
	if _, ok := o["protocol"]; !ok {
		return ports.Description{}, errors.New(`the answer to hello: member "protocol" is missing`)
	}
	protocol, err := integer(o["protocol"], "protocol", maxID)
	if err != nil {
		return ports.Description{}, err
	}
	if raw, ok := o["error"]; ok {
		message, err := str(raw, "error")
		if err != nil {
			return ports.Description{}, err
		}
		return ports.Description{}, &ProtocolError{protocol, plain.Text(message, plain.Message)}
	}
	if protocol != Version {
		return ports.Description{}, &ProtocolError{protocol, fmt.Sprintf("got protocol %d, want %d", protocol, Version)}
	}
	for _, member := range []string{"port", "modules"} {
		if _, ok := o[member]; !ok {
			return ports.Description{}, fmt.Errorf("the answer to hello: member %q is missing", member)
		}
	}
	var d ports.Description
	if d.Port, err = decodeInfo(o); err != nil {
		return ports.Description{}, err
	}
	for name, member := range map[string]*bool{"slow": &d.Slow, "compiles": &d.Compiles} {
		if raw, ok := o[name]; ok {
			if *member, err = boolean(raw, name); err != nil {
				return ports.Description{}, err
			}
		}
	}
	if raw, ok := o["snippets"]; ok {
		snippets, err := decodeObject(raw, "snippets")
		if err != nil {
			return ports.Description{}, err
		}
		d.Snippets = map[string]string{}
		for module, raw := range snippets {
			text, err := str(raw, "snippets: "+module)
			if err != nil {
				return ports.Description{}, err
			}
			d.Snippets[module] = plain.Text(text, plain.Program)
		}
	}
	if d.Modules, err = decodeModules(o); err != nil {
		return ports.Description{}, err
	}
	return d, nil
}

func decodeInfo(o object) (ports.Info, error) {
	port, err := decodeObject(o["port"], "port")
	if err != nil {
		return ports.Info{}, err
	}
	var info ports.Info
	for _, member := range []struct {
		name  string
		field *string
	}{
		{"name", &info.Name}, {"version", &info.Version},
		{"language", &info.Language}, {"language_version", &info.LanguageVersion},
	} {
		text, err := port.message(member.name, "port")
		if err != nil {
			return ports.Info{}, err
		}
		*member.field = plain.Line(text, plain.Name)
	}
	if info.Name == "" {
		return ports.Info{}, errors.New("port.name: got nothing, want the name of the port")
	}
	return info, nil
}

func decodeModules(o object) (map[string]ports.Claim, error) {
	claims, err := decodeObject(o["modules"], "modules")
	if err != nil {
		return nil, err
	}
	modules := make(map[string]ports.Claim, len(claims))
	for module, raw := range claims {
		name := "modules." + module
		o, err := decodeObject(raw, name)
		if err != nil {
			return nil, err
		}
		var claim ports.Claim
		for _, member := range []string{"dtypes", "outputs"} {
			if _, ok := o[member]; !ok {
				return nil, fmt.Errorf("%s: member %q is missing", name, member)
			}
		}
		dtypes, err := strs(o["dtypes"], name+".dtypes")
		if err != nil {
			return nil, err
		}
		for _, dtype := range dtypes {
			claim.DTypes = append(claim.DTypes, tensor.DType(dtype))
		}
		if claim.Outputs, err = strs(o["outputs"], name+".outputs"); err != nil {
			return nil, err
		}
		if raw, ok := o["without"]; ok {
			if claim.Without, err = strs(raw, name+".without"); err != nil {
				return nil, err
			}
		}
		modules[module] = claim
	}
	return modules, nil
}

// EncodeAnswer returns the answer to the run request with that id. It returns an error
// where not exactly one field of answer is set, for a tensor whose bytes do not fit its
// dtype and shape, and for a message above MaxLine.
func EncodeAnswer(id int64, answer ports.Answer) ([]byte, error) {
	message := jsonAnswer{ID: id}
	set := 0
	if answer.Outputs != nil {
		set++
		outputs, err := encodeTensors(answer.Outputs, "outputs")
		if err != nil {
			return nil, err
		}
		message.Outputs = outputs
	}
	if answer.Rejected != nil {
		set++
		rejected := jsonRejected(*answer.Rejected)
		message.Rejected = &rejected
	}
	if answer.Unsupported != nil {
		set++
		message.Unsupported = &jsonUnsupported{answer.Unsupported.Reason, answer.Unsupported.IssueURL}
	}
	if answer.Failed != nil {
		set++
		failed := jsonFailed(*answer.Failed)
		message.Failed = &failed
	}
	if set != 1 {
		return nil, fmt.Errorf("the answer has %d of outputs, rejected, unsupported and failed, want exactly one", set)
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
		if _, ok := o[member]; ok {
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
	member := found[0]
	if member == "outputs" {
		answer.Outputs, err = decodeTensors(o[member], member)
		return id, answer, err
	}
	body, err := decodeObject(o[member], member)
	if err != nil {
		return id, ports.Answer{}, err
	}
	switch member {
	case "rejected":
		answer.Rejected, err = decodeRejected(body)
	case "unsupported":
		answer.Unsupported = new(ports.Unsupported)
		if answer.Unsupported.Reason, err = body.message("reason", member); err == nil {
			answer.Unsupported.IssueURL, err = body.message("issue_url", member)
		}
	case "failed":
		answer.Failed = new(ports.Failed)
		if answer.Failed.Message, err = body.message("message", member); err == nil {
			answer.Failed.Traceback, err = body.message("traceback", member)
		}
	}
	if err != nil {
		return id, ports.Answer{}, err
	}
	return id, answer, nil
}

func decodeRejected(body object) (*ports.Rejected, error) {
	var rejected ports.Rejected
	var err error
	if rejected.Kind, err = body.message("kind", "rejected"); err != nil {
		return nil, err
	}
	switch rejected.Kind {
	case "", ports.KindShape, ports.KindDType, ports.KindOption, ports.KindValue:
	default:
		return nil, fmt.Errorf(`rejected.kind: got %s, want "shape", "dtype", "option" or "value"`, excerpt([]byte(rejected.Kind)))
	}
	if rejected.Message, err = body.message("message", "rejected"); err != nil {
		return nil, err
	}
	if raw, ok := body["static"]; ok {
		if rejected.Static, err = boolean(raw, "rejected.static"); err != nil {
			return nil, err
		}
	}
	return &rejected, nil
}
