package wire_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossproof/ports"
	"lossproof/ports/wire"
	"lossproof/tensor"
)

func ptr[T any](v T) *T { return &v }

// call has every option and input, and the shapes and values that are easy to lose.
var call = ports.Call{
	Module:  ports.BCEWithLogitsLoss,
	Options: ports.Options{Reduction: ptr("none"), SizeAverage: ptr(false), Reduce: ptr(true), IgnoreIndex: ptr(int64(-1) << 60), LabelSmoothing: ptr(0.1)},
	Inputs: map[string]tensor.Tensor{
		ports.Input:      tensor.FromFloat32([]float32{1, -2.5, float32(math.NaN()), float32(math.Inf(-1))}, 2, 2),
		ports.Target:     tensor.FromFloat64([]float64{math.Copysign(0, -1)}),
		ports.Weight:     tensor.FromFloat32(nil, 0, 3),
		ports.PosWeight:  {DType: tensor.Bool, Shape: []int{2}, Data: []byte{0, 1}},
		ports.GradOutput: {DType: tensor.Int64, Shape: []int{1}, Data: []byte{1, 2, 3, 4, 5, 6, 7, 8}},
	},
	Want: []string{ports.Loss, ports.GradInput},
}

var equalEmpty = cmp.Transformer("bytes", func(t tensor.Tensor) [3]any {
	return [3]any{t.DType, tensor.FormatShape(t.Shape), string(t.Data)}
})

func TestRunRoundTrip(t *testing.T) {
	line, err := wire.EncodeRun(17, call)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(line), "\n") {
		t.Errorf("the line has a line feed: %s", line)
	}
	request, err := wire.DecodeRequest(line)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wire.Request{Cmd: "run", ID: 17, Call: call}, request, equalEmpty); diff != "" {
		t.Errorf("run request, want - got +\n%s", diff)
	}
}

func TestRequestIsThatOfTheProtocol(t *testing.T) {
	small := ports.Call{
		Module: ports.MultiLabelSoftMarginLoss,
		Inputs: map[string]tensor.Tensor{ports.Input: tensor.FromFloat32([]float32{1})},
		Want:   []string{ports.Loss},
	}
	line, err := wire.EncodeRun(3, small)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"cmd":"run","id":3,"module":"MultiLabelSoftMarginLoss","options":{},` +
		`"inputs":{"input":{"dtype":"float32","shape":[],"data":"AACAPw=="}},"want":["loss"]}`
	if string(line) != want {
		t.Errorf("got  %s\nwant %s", line, want)
	}
	if got := string(wire.EncodeHello()); got != `{"cmd":"hello","protocol":1}` {
		t.Errorf("hello is %s", got)
	}
	if got := string(wire.EncodeBye()); got != `{"cmd":"bye"}` {
		t.Errorf("bye is %s", got)
	}
}

func TestAnswerRoundTrip(t *testing.T) {
	for _, answer := range []ports.Answer{
		{Outputs: map[string]tensor.Tensor{ports.Loss: tensor.FromFloat32([]float32{float32(math.Inf(1))}), ports.GradInput: tensor.FromFloat64(nil, 0, 3)}},
		{Outputs: map[string]tensor.Tensor{}},
		{Rejected: &ports.Rejected{Kind: "shape", Message: "(3, 5) <> (5,)", Static: true}},
		{Rejected: &ports.Rejected{}},
		{Unsupported: &ports.Unsupported{Reason: "no pos_weight", IssueURL: "https://example.org/1"}},
		{Failed: &ports.Failed{Message: "out of memory", Traceback: "a\nb"}},
	} {
		line, err := wire.EncodeAnswer(5, answer)
		if err != nil {
			t.Fatal(err)
		}
		id, got, err := wire.DecodeAnswer(line)
		if err != nil || id != 5 {
			t.Errorf("%s: id %d, error %v", line, id, err)
		}
		if diff := cmp.Diff(answer, got, equalEmpty); diff != "" {
			t.Errorf("answer, want - got +\n%s", diff)
		}
	}
}

func TestDescriptionRoundTrip(t *testing.T) {
	description := ports.Description{
		Port: ports.Info{Name: "torch", Version: "2.15.0", Language: "python", LanguageVersion: "3.11.7"},
		Modules: map[string]ports.Claim{
			ports.BCEWithLogitsLoss: {DTypes: []tensor.DType{tensor.Float32}, Outputs: []string{"loss"}, Without: []string{"pos_weight"}},
		},
		Slow: true, Compiles: true, Snippets: map[string]string{ports.BCEWithLogitsLoss: "import torch\nprint({input})"},
	}
	line, err := wire.EncodeDescription(description)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"protocol":1,"port":{"name":"torch","version":"2.15.0","language":"python","language_version":"3.11.7"},` +
		`"slow":true,"compiles":true,"snippets":{"BCEWithLogitsLoss":"import torch\nprint({input})"},"modules":{"BCEWithLogitsLoss":{"dtypes":["float32"],"outputs":["loss"],"without":["pos_weight"]}}}`
	if string(line) != want {
		t.Errorf("got  %s\nwant %s", line, want)
	}
	got, err := wire.DecodeDescription(line)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(description, got); diff != "" {
		t.Errorf("description, want - got +\n%s", diff)
	}
}

// TestLongSnippet: a program comes whole, for it would not run otherwise.
func TestLongSnippet(t *testing.T) {
	program := strings.Repeat("x", 500<<10)
	line, err := wire.EncodeDescription(ports.Description{Port: ports.Info{Name: "torch"}, Snippets: map[string]string{ports.BCELoss: program}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := wire.DecodeDescription(line)
	if err != nil {
		t.Fatal(err)
	}
	if got.Snippets[ports.BCELoss] != program {
		t.Errorf("got %d bytes, want all %d", len(got.Snippets[ports.BCELoss]), len(program))
	}
}

func TestDescriptionErrors(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{`{}`, `"protocol" is missing`},
		{`{"protocol":"1"}`, `protocol: got the string "1", want an integer`},
		{`{"protocol":1}`, `"port" is missing`},
		{`{"protocol":1,"port":{"name":"x"}}`, `"modules" is missing`},
		{`{"protocol":1,"port":{},"modules":{}}`, `port.name: got nothing`},
		{`{"protocol":1,"port":{"name":null},"modules":{}}`, `port.name: got null, want a string`},
		{`{"protocol":1,"port":{"name":"x"},"modules":[]}`, `modules: got an array, want an object`},
		{`{"protocol":1,"port":{"name":"x"},"modules":{"M":{"outputs":[]}}}`, `modules.M: member "dtypes" is missing`},
		{`{"protocol":1,"port":{"name":"x"},"modules":{"M":{"dtypes":[1],"outputs":[]}}}`, `modules.M.dtypes[0]: got the number 1, want a string`},
		{`{"protocol":1,"port":{"name":"x"},"modules":{"M":{"dtypes":[],"outputs":[],"without":null}}}`, `modules.M.without: got null, want an array`},
	} {
		if _, err := wire.DecodeDescription([]byte(test.line)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want %q in it", test.line, err, test.want)
		}
	}
	for line, protocol := range map[string]int64{
		`{"protocol":2,"error":"I speak 2"}`:               2,
		`{"protocol":1,"error":"no GPU"}`:                  1,
		`{"protocol":7,"port":{"name":"x"},"modules":{}}`:  7,
		`{"protocol":3,"error":"","port":{},"modules":{}}`: 3,
	} {
		_, err := wire.DecodeDescription([]byte(line))
		var wrong *wire.ProtocolError
		if !errors.As(err, &wrong) || wrong.Protocol != protocol {
			t.Errorf("%s: got error %v, want a ProtocolError of protocol %d", line, err, protocol)
		}
	}
}

// run returns a run request with one member of its one input replaced.
func run(member, value string) string {
	members := map[string]string{"dtype": `"float32"`, "shape": `[2]`, "data": `"AACAPwAAgD8="`}
	members[member] = value
	return `{"cmd":"run","id":9,"module":"M","options":{},"inputs":{"input":{"dtype":` + members["dtype"] +
		`,"shape":` + members["shape"] + `,"data":` + members["data"] + `}},"want":["loss"]}`
}

func TestRequestErrors(t *testing.T) {
	options := func(o string) string {
		return `{"cmd":"run","id":9,"module":"M","options":` + o + `,"inputs":{},"want":[]}`
	}
	for _, test := range []struct {
		line, want string
		hasID      bool
	}{
		{``, `not JSON`, false},
		{`hello`, `got "hello", want an object`, false},
		{`[]`, `got an array, want an object`, false},
		{`null`, `got null, want an object`, false},
		{`{"cmd":"hello"`, `not JSON`, false},
		{`{}`, `"cmd" is missing`, false},
		{`{"id":9}`, `"cmd" is missing`, true},
		{`{"CMD":"bye"}`, `"cmd" is missing`, false},
		{`{"cmd":null}`, `cmd: got null, want a string`, false},
		{`{"cmd":"halt"}`, `cmd: got "halt", want "hello", "run" or "bye"`, false},
		{`{"cmd":"hello"}`, `"protocol" is missing`, false},
		{`{"cmd":"hello","protocol":1.5}`, `got the number 1.5, want an integer`, false},
		{`{"cmd":"run"}`, `"id" is missing`, false},
		{`{"cmd":"run","id":"9"}`, `id: got the string "9", want an integer`, false},
		{`{"cmd":"run","id":-1}`, `id: got the number -1,`, false},
		{`{"cmd":"run","id":9007199254740993}`, `want an integer from 0 to 9007199254740992`, false},
		{`{"cmd":"run","id":9}`, `"module" is missing`, true},
		{`{"cmd":"run","id":9,"module":"M","want":[]}`, `"inputs" is missing`, true},
		{`{"cmd":"run","id":9,"module":"M","inputs":{}}`, `"want" is missing`, true},
		{`{"cmd":"run","id":9,"module":1,"inputs":{},"want":[]}`, `module: got the number 1, want a string`, true},
		{`{"cmd":"run","id":9,"module":"M","inputs":[],"want":[]}`, `inputs: got an array, want an object`, true},
		{`{"cmd":"run","id":9,"module":"M","inputs":{},"want":"loss"}`, `want: got a string, want an array`, true},
		{`{"cmd":"run","id":9,"module":"M","inputs":{},"want":["lose"]}`, `want: unknown name "lose"`, true},
		{`{"cmd":"run","id":9,"module":"M","inputs":{"weights":1},"want":[]}`, `inputs: unknown name "weights"`, true},
		{options(`null`), `options: got null, want an object`, true},
		{options(`{"reduction":null}`), `options.reduction: got null, want a string`, true},
		{options(`{"reduction":1}`), `options.reduction: got 1, want a string`, true},
		{options(`{"size_average":null}`), `options.size_average: got null, want true or false`, true},
		{options(`{"reduce":"true"}`), `options.reduce: got "true", want true or false`, true},
		{options(`{"eps":1}`), `options: unknown name "eps"`, true},
		{options(`{"ignore_index":1.5}`), `options.ignore_index: got 1.5, want an integer of 64 bits`, true},
		{options(`{"ignore_index":true}`), `options.ignore_index: got true, want an integer of 64 bits`, true},
		{options(`{"label_smoothing":"0.1"}`), `options.label_smoothing: got "0.1", want a number`, true},
		{run("dtype", `"float8"`), `inputs.input.dtype: got "float8", want one of float16`, true},
		{run("dtype", `null`), `inputs.input.dtype: got null, want a string`, true},
		{run("shape", `2`), `inputs.input.shape: got the number 2, want an array`, true},
		{run("shape", `[null]`), `inputs.input.shape[0]: got null, want an integer`, true},
		{run("shape", `[-2]`), `inputs.input.shape[0]: got the number -2,`, true},
		{run("shape", `[2.0]`), `inputs.input.shape[0]: got the number 2.0,`, true},
		{run("shape", `[3]`), `got 8 bytes, want 3 elements of 4 bytes`, true},
		{run("shape", `[4294967296,4294967296]`), `overflows`, true},
		{run("shape", `[9223372036854775807]`), `got 8 bytes, want 9223372036854775807 elements`, true},
		{run("shape", `[0,9223372036854775807,9223372036854775807]`), `overflows`, true},
		{run("data", `"AACAPwAAgD8"`), `inputs.input.data: illegal base64 data`, true},
		{run("data", `"AACAPw\nAAgD8="`), `inputs.input.data: illegal base64 data at input byte 6`, true},
		{run("data", `"AACAPwAAgD9="`), `inputs.input.data: illegal base64 data`, true},
		{run("data", `[1,2]`), `inputs.input.data: got an array, want a string`, true},
		{run("data", `""`), `got 0 bytes, want 2 elements of 4 bytes`, true},
		{`{"cmd":"run","id":9,"module":"M","inputs":{"input":{"shape":[],"data":""}},"want":[]}`, `inputs.input: member "dtype" is missing`, true},
		{`{"cmd":"run","id":9,"module":"M","inputs":{"input":{"dtype":"bool","shape":[2],"data":"AAI="}},"want":[]}`, `byte 1 of a bool tensor is 2, want 0 or 1`, true},
	} {
		_, err := wire.DecodeRequest([]byte(test.line))
		var request *wire.RequestError
		if !errors.As(err, &request) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want %q in it", test.line, err, test.want)
			continue
		}
		if request.HasID != test.hasID || test.hasID && request.ID != 9 {
			t.Errorf("%s: got id %d (%t), want 9 (%t)", test.line, request.ID, request.HasID, test.hasID)
		}
		if len(err.Error()) > 300 {
			t.Errorf("%s: the message is %d bytes long", test.line, len(err.Error()))
		}
	}
}

func TestUnknownMembersAreIgnored(t *testing.T) {
	line := `{"cmd":"run","id":9,"module":"M","later":null,"inputs":{"input":{"dtype":"float32","shape":[],"data":"AACAPw==","device":"cpu"}},"want":[]}`
	if _, err := wire.DecodeRequest([]byte(line)); err != nil {
		t.Error(err)
	}
	if _, _, err := wire.DecodeAnswer([]byte(`{"id":9,"ms":3,"rejected":{"code":7}}`)); err != nil {
		t.Error(err)
	}
}

func TestAnswerErrors(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{`{"outputs":{}}`, `"id" is missing`},
		{`{"id":9}`, `got none of "outputs"`},
		{`{"id":9,"outputs":{},"failed":{}}`, `got "outputs", "failed" of`},
		{`{"id":9,"outputs":null}`, `outputs: got null, want an object`},
		{`{"id":9,"outputs":{"loss":{"dtype":"float32","shape":[1],"data":""}}}`, `outputs.loss: float32 tensor of shape (1,): got 0 bytes`},
		{`{"id":9,"rejected":{"kind":"size"}}`, `rejected.kind: got "size", want "shape", "dtype", "option" or "value"`},
		{`{"id":9,"rejected":{"static":1}}`, `rejected.static: got the number 1, want true or false`},
		{`{"id":9,"failed":{"message":7}}`, `failed.message: got the number 7, want a string`},
		{`{"id":9,"id":9,"failed":{}}`, `the message: member "id" stands twice`},
		{`{"id":9,"outputs":{"loss":{"dtype":"float32","shape":[],"sh\u0061pe":[1],"data":""}}}`, `outputs.loss: member "shape" stands twice`},
		{"{\"id\":9,\"failed\":{\"message\":\"\xff\"}}", `the line is not UTF-8`},
		{`{"id":9,"outputs":{"\u001b[2Jlo\nss":7}}`, `outputs.lo ss: got the number 7`},
		{`{"id":9,"unsupported":"no"}`, `unsupported: got a string, want an object`},
	} {
		if _, _, err := wire.DecodeAnswer([]byte(test.line)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want %q in it", test.line, err, test.want)
		}
	}
}

// TestTextsArePlain: what a port says neither acts nor floods where it is shown.
func TestTextsArePlain(t *testing.T) {
	const text = `\u001b[2J\u202ex\r::error::y`
	long := strings.Repeat("x", 1<<20)
	d, err := wire.DecodeDescription([]byte(`{"protocol":1,"port":{"name":"` + text + `","version":"` + long[:1<<19] + `"},"modules":{"M` + text + `":{"dtypes":[],"outputs":[]}}}`))
	if err != nil || d.Port.Name != "\ufffdx : :error::y" || len(d.Port.Version) > 300 || len(d.Modules) != 1 {
		t.Errorf("got %.1000v, %v", d, err)
	}
	if _, ok := d.Modules["M\ufffdx : :error::y"]; !ok {
		t.Errorf("got %q", d.Modules)
	}
	if _, err := wire.DecodeDescription([]byte(`{"protocol":1,"port":{"name":"` + long + `"}}`)); err == nil || !strings.Contains(err.Error(), "want at most 1048576") {
		t.Errorf("an answer to hello of more than a MiB: got error %.200v", err)
	}
	if _, err := wire.DecodeDescription([]byte(`{"protocol":2,"error":"` + text + `"}`)); err == nil || !strings.HasSuffix(err.Error(), "\ufffdx\n: :error::y") {
		t.Errorf("got error %q", err)
	}
	for _, line := range []string{
		`{"id":9,"rejected":{"message":"` + text + long + `"}}`, `{"id":9,"unsupported":{"reason":"` + text + long + `"}}`, `{"id":9,"unsupported":{"issue_url":"` + text + long + `"}}`,
		`{"id":9,"failed":{"message":"` + text + long + `"}}`, `{"id":9,"failed":{"traceback":"` + text + long + `"}}`,
	} {
		_, answer, err := wire.DecodeAnswer([]byte(line))
		got := fmt.Sprint(answer.Rejected, answer.Unsupported, answer.Failed)
		if err != nil || !strings.Contains(got, "\ufffdx\n: :error::y") || !strings.Contains(got, "bytes)") || len(got) > 5000 {
			t.Errorf("%.100s: got %.500q, %v", line, got, err)
		}
	}
}

// TestTranscript: what nobody asked for is counted, and not kept.
func TestTranscript(t *testing.T) {
	const one = `{"dtype":"float32","shape":[],"data":"AACAPw=="}`
	big := `{"dtype":"uint8","shape":[60000],"data":"` + strings.Repeat("A", 80000) + `"}`
	in := `{"protocol":1,"port":{"name":"x"},"modules":{}}
{"id":1,"outputs":{"loss":` + one + `,"hessian":` + one + `}}
{"id":2,"outputs":{"loss":` + big + `}}
{"id":3,"outputs":7}
` + strings.Repeat("{\"id\":4,\"outputs\":{}}\n{\"id\":5,\"outputs\":7}\nhello\n", 1000)
	got, err := wire.ReadTranscript(t.Context(), strings.NewReader(in), func(id int64) (ports.Call, bool) {
		return ports.Call{Want: []string{"loss"}}, 1 <= id && id <= 3
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Answers) != 1 || len(got.Answers[1].Outputs) != 1 || len(got.Malformed) != 2 || got.Strays != 3000 || len(got.Noise) != 20 {
		t.Errorf("got %v, malformed %v, %d strays, of which %d are told", got.Answers, got.Malformed, got.Strays, len(got.Noise))
	}
	if want := "line 3: outputs.loss: got uint8 of shape (60000,), which is more"; !strings.HasPrefix(fmt.Sprint(got.Malformed[2]), want) {
		t.Errorf("got %v, want %s", got.Malformed[2], want)
	}
}

func TestEncodeErrors(t *testing.T) {
	torn := tensor.Tensor{DType: tensor.Float32, Shape: []int{2}, Data: make([]byte, 7)}
	if _, err := wire.EncodeRun(1, ports.Call{Inputs: map[string]tensor.Tensor{"input": torn}}); err == nil {
		t.Error("a torn tensor is encoded")
	}
	if _, err := wire.EncodeRun(-1, call); err == nil {
		t.Error("a negative id is encoded")
	}
	if _, err := wire.EncodeAnswer(1, ports.Answer{}); err == nil {
		t.Error("an answer without anything is encoded")
	}
	if _, err := wire.EncodeAnswer(1, ports.Answer{Failed: &ports.Failed{}, Rejected: &ports.Rejected{}}); err == nil {
		t.Error("an answer of two kinds is encoded")
	}
	huge := tensor.Tensor{DType: tensor.UInt8, Shape: []int{wire.MaxLine}, Data: make([]byte, wire.MaxLine)}
	_, err := wire.EncodeAnswer(1, ports.Answer{Outputs: map[string]tensor.Tensor{"loss": huge}})
	if err == nil || !strings.Contains(err.Error(), "a line may have 67108864") {
		t.Errorf("a line above the limit: got error %v", err)
	}
}
