// Package ports defines what lossproof asks of an implementation under test.
//
// The same [Port] interface serves a Go package in process (ports/builtin) and, over
// the wire protocol (ports/wire), a process in any language.
package ports

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"lossproof/tensor"
)

// The modules, by PyTorch's class names.
const (
	BCEWithLogitsLoss        = "BCEWithLogitsLoss"
	MultiLabelSoftMarginLoss = "MultiLabelSoftMarginLoss"
	BCELoss                  = "BCELoss"
	CrossEntropyLoss         = "CrossEntropyLoss"
)

// Port is an implementation under test.
type Port interface {
	// Describe says what the port is and what it claims to implement.
	Describe(ctx context.Context) (Description, error)
	// Evaluate answers one call. An error says that no answer came (the port died,
	// timed out, answered nonsense); everything that a port can say is in Answer.
	Evaluate(ctx context.Context, call Call) (Answer, error)
}

// Pipelined is a port that takes calls before it has answered earlier ones.
type Pipelined interface {
	Port
	// Send hands a call over and returns a function that waits for what Evaluate would
	// return; call it at most once. Send blocks while the port has enough to do. Calls are
	// made in the order in which they are sent; it is safe for concurrent use.
	Send(ctx context.Context, call Call) (wait func() (Answer, error))
}

// Description is a port's answer to hello.
type Description struct {
	Port    Info
	Modules map[string]Claim
	// Slow says that an answer may take minutes where others take seconds, for the port
	// compiles each call: it is given more time.
	Slow bool
	// Compiles says that the port compiles anew for each shape that it meets, which costs more than an
	// answer: laws and generated checks then draw from few shapes.
	Compiles bool
	// Snippets are programs in the port's own language that make a call, by module: templates, as
	// docs/protocol.md describes them.
	Snippets map[string]string
}

// Info identifies a port.
type Info struct {
	Name            string `json:"name"`
	Version         string `json:"version"`
	Language        string `json:"language"`
	LanguageVersion string `json:"language_version"`
}

// Claim is what a port says it implements of one module.
type Claim struct {
	// DTypes are the dtypes of input.
	DTypes []tensor.DType `json:"dtypes"`
	// Outputs are those that may be asked for: loss, grad_input, grad_target, grad_weight.
	Outputs []string `json:"outputs"`
	// Without lists what the port does not do, from the closed list of docs/protocol.md.
	Without []string `json:"without"`
}

// MarshalJSON writes a claim, whose lists may be nil and are not null.
func (c Claim) MarshalJSON() ([]byte, error) {
	type lists Claim
	return json.Marshal(lists{append([]tensor.DType{}, c.DTypes...), append([]string{}, c.Outputs...), append([]string{}, c.Without...)})
}

// Call is one call of a module.
type Call struct {
	Module  string
	Options Options
	// Inputs by name: input, target, weight, pos_weight, grad_output.
	Inputs map[string]tensor.Tensor
	// Want names the outputs that are asked for.
	Want []string
}

// String describes a call by its options, dtypes and shapes:
//
//	reduction="none"; input float32 (3, 5), target float32 (3, 5), weight float32 (5,)
func (c Call) String() string {
	var parts []string
	for _, name := range InputNames() {
		if t, ok := c.Inputs[name]; ok {
			parts = append(parts, fmt.Sprintf("%s %s %s", name, t.DType, tensor.FormatShape(t.Shape)))
		}
	}
	return cmp.Or(c.Options.String(), "no options") + "; " + strings.Join(parts, ", ")
}

// Answer is what a port says to a call: exactly one field is set, Note apart.
type Answer struct {
	Outputs     map[string]tensor.Tensor
	Rejected    *Rejected
	Unsupported *Unsupported
	Failed      *Failed
	// Note is what happened on the way to the answer, such as a crash before it.
	Note string
}

// Check returns an error unless the answer says exactly one thing.
func (a Answer) Check() error {
	said := 0
	for _, is := range []bool{a.Outputs != nil, a.Rejected != nil, a.Unsupported != nil, a.Failed != nil} {
		if is {
			said++
		}
	}
	if said != 1 {
		return fmt.Errorf("it has %d of outputs, rejected, unsupported and failed, want exactly one", said)
	}
	return nil
}

// Exchange is a call and the answer to it.
type Exchange struct {
	Call   Call
	Answer Answer
}

// Rejected says that the port refuses the call, as torch raises.
type Rejected struct {
	// Kind is shape, dtype, option, value or empty.
	Kind    string `json:"kind,omitempty"`
	Message string `json:"message"`
	// Static says that the port's types cannot express the call.
	Static bool `json:"static,omitempty"`
}

// Unsupported says that the port does not do this.
type Unsupported struct {
	Reason   string `json:"reason"`
	IssueURL string `json:"issue_url,omitempty"`
}

// Failed says that an error inside the port kept it from answering.
type Failed struct {
	Message   string `json:"message"`
	Traceback string `json:"traceback,omitempty"`
}
