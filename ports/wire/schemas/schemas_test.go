package schemas_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"lossproof/ports"
	"lossproof/ports/builtin"
	"lossproof/ports/wire"
	"lossproof/ports/wire/schemas"
	"lossproof/tensor"
)

func load(t *testing.T) *schemas.Validator {
	t.Helper()
	v, err := schemas.Load()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func ptr[T any](v T) *T { return &v }

// TestCodec: whatever the codec encodes is valid.
func TestCodec(t *testing.T) {
	v := load(t)
	var tensors []tensor.Tensor
	for _, dtype := range []tensor.DType{
		tensor.Float16, tensor.BFloat16, tensor.Float32, tensor.Float64, tensor.Int64, tensor.Int32, tensor.UInt8, tensor.Bool,
	} {
		for _, shape := range [][]int{{}, {0}, {2, 0, 3}, {1}, {2, 1}, {1, 3}, {4}} {
			n, _ := tensor.Count(shape)
			tensors = append(tensors, tensor.Tensor{DType: dtype, Shape: shape, Data: make([]byte, n*dtype.Size())})
		}
	}
	requests := [][]byte{wire.EncodeHello(), wire.EncodeBye()}
	var answers [][]byte
	add := func(to *[][]byte, line []byte, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		*to = append(*to, line)
	}
	for i, x := range tensors {
		line, err := wire.EncodeRun(int64(i), ports.Call{
			Module:  ports.BCEWithLogitsLoss,
			Options: ports.Options{Reduction: ptr("nonsense"), SizeAverage: ptr(true), Reduce: ptr(false)},
			Inputs:  map[string]tensor.Tensor{"input": x, "target": x, "weight": x, "pos_weight": x, "grad_output": x},
			Want:    []string{"loss", "grad_input", "grad_target", "grad_weight"},
		})
		add(&requests, line, err)
		line, err = wire.EncodeAnswer(int64(i), ports.Answer{Outputs: map[string]tensor.Tensor{"loss": x, "grad_input": x}})
		add(&answers, line, err)
	}
	for _, answer := range []ports.Answer{
		{Outputs: map[string]tensor.Tensor{}},
		{Rejected: &ports.Rejected{Kind: "shape", Message: "x", Static: true}},
		{Rejected: &ports.Rejected{}},
		{Unsupported: &ports.Unsupported{Reason: "x", IssueURL: "y"}},
		{Failed: &ports.Failed{Message: "x", Traceback: "y"}},
	} {
		line, err := wire.EncodeAnswer(1<<53, answer)
		add(&answers, line, err)
	}
	description, _ := builtin.Port{}.Describe(t.Context())
	line, err := wire.EncodeDescription(description)
	add(&answers, line, err)
	line, err = wire.EncodeProtocolError("x")
	add(&answers, line, err)
	for _, line := range requests {
		if err := v.Request(line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	for _, line := range answers {
		if err := v.Answer(line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

const (
	goodTensor = `{"dtype":"float32","shape":[2],"data":"AACAPwAAgD8="}`
	goodRun    = `{"cmd":"run","id":9,"module":"M","options":{},"inputs":{"input":` + goodTensor + `,"target":` + goodTensor + `},"want":["loss"]}`
	goodHello  = `{"protocol":1,"port":{"name":"x"},"modules":{"M":{"dtypes":["float32"],"outputs":["loss"],"without":[]}}}`
	goodAnswer = `{"id":9,"outputs":{"loss":` + goodTensor + `}}`
)

// TestErrors spoils valid messages, each in one place.
func TestErrors(t *testing.T) {
	v := load(t)
	for _, test := range []struct {
		validate  func([]byte) error
		good      string
		old, by   string
		wantError string
	}{
		{v.Request, `{"cmd":"hello","protocol":1}`, `1`, `2`, "hello.schema.json"},
		{v.Request, `{"cmd":"hello","protocol":1}`, `,"protocol":1`, ``, "protocol"},
		{v.Request, `{"cmd":"bye"}`, `bye`, `halt`, "want hello, run or bye"},
		{v.Request, goodRun, `"id":9`, `"id":-9`, "/id"},
		{v.Request, goodRun, `"id":9`, `"id":1.5`, "/id"},
		{v.Request, goodRun, `"options":{}`, `"options":{"reduction":null}`, "/options/reduction"},
		{v.Request, goodRun, `"options":{}`, `"options":{"reduce":"true"}`, "/options/reduce"},
		{v.Request, goodRun, `"options":{}`, `"options":{"colour":1}`, "colour"},
		{v.Request, goodRun, `"target"`, `"goal"`, "target"},
		{v.Request, goodRun, `["loss"]`, `[]`, "/want"},
		{v.Request, goodRun, `["loss"]`, `["hessian"]`, "/want/0"},
		{v.Request, goodRun, `["loss"]`, `["loss","loss"]`, "/want"},
		{v.Request, goodRun, `float32`, `float31`, "/dtype"},
		{v.Request, goodRun, `[2]`, `[-2]`, "/shape/0"},
		{v.Request, goodRun, `[2]`, `2`, "/shape"},
		{v.Request, goodRun, `AACAPwAAgD8=`, `AACAPwAAgD8`, "/data"},
		{v.Request, goodRun, `AACAPwAAgD8=`, `AACA\nPwAAgD8=`, "/data"},
		{v.Request, goodRun, goodRun, `[]`, "want an object"},
		{v.Request, goodRun, goodRun, `{`, "unexpected EOF"},
		{v.Answer, goodHello, `"protocol":1`, `"protocol":2`, "description.schema.json"},
		{v.Answer, goodHello, `"name":"x"`, `"name":""`, "/port/name"},
		{v.Answer, goodHello, `"dtypes":["float32"],`, ``, "dtypes"},
		{v.Answer, goodHello, `"without":[]`, `"without":null`, "/modules/M/without"},
		{v.Answer, goodHello, `,"port":{"name":"x"}`, ``, "port"},
		{v.Answer, goodAnswer, `"outputs"`, `"output"`, "answer.schema.json"},
		{v.Answer, goodAnswer, `"outputs"`, `"failed":{},"outputs"`, "oneOf"},
		{v.Answer, goodAnswer, `float32`, `Float32`, "/outputs/loss/dtype"},
		{v.Answer, `{"id":9,"rejected":{"kind":"shape"}}`, `"shape"`, `"size"`, "/rejected/kind"},
		{v.Answer, `{"id":9,"rejected":{"static":true}}`, `true`, `1`, "/rejected/static"},
		{v.Answer, `{"id":9,"unsupported":{"issue_url":"x"}}`, `"x"`, `7`, "/unsupported/issue_url"},
		{v.Answer, `{"id":9,"failed":{"traceback":"x"}}`, `"x"`, `[]`, "/failed/traceback"},
		{v.Answer, `{"id":9,"failed":{}}`, `{}`, `"` + strings.Repeat("x", schemas.MaxAnswer) + `"`, "at most 16777216 can be validated"},
	} {
		if err := test.validate([]byte(test.good)); err != nil {
			t.Errorf("%s: %v", test.good, err)
		}
		bad := strings.Replace(test.good, test.old, test.by, 1)
		err := test.validate([]byte(bad))
		if err == nil || !strings.Contains(err.Error(), test.wantError) {
			t.Errorf("%.300s: got error %v, want %q in it", bad, err, test.wantError)
		}
		if err != nil && len(err.Error()) > 1200 {
			t.Errorf("%.300s: the error has %d bytes", bad, len(err.Error()))
		}
	}
}

// TestMembersThatAreNotNamedAreIgnored, but for options and inputs.
func TestMembersThatAreNotNamedAreIgnored(t *testing.T) {
	v := load(t)
	for _, line := range []string{
		`{"id":9,"ms":3,"rejected":{"code":7}}`,
		`{"protocol":1,"later":null,"port":{"name":"x","os":"y"},"modules":{"M":{"dtypes":[],"outputs":[],"notes":"z"}}}`,
		`{"id":9,"outputs":{"loss":{"dtype":"float32","shape":[],"data":"AACAPw==","device":"cpu"}}}`,
	} {
		if err := v.Answer([]byte(line)); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// TestAllIsDescribed: every schema and every property has a description.
func TestAllIsDescribed(t *testing.T) {
	names, err := fs.Glob(schemas.FS, "*.schema.json")
	if err != nil || len(names) != 6 {
		t.Fatalf("%q, %v", names, err)
	}
	for _, name := range names {
		data, err := schemas.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var schema map[string]any
		if err := json.Unmarshal(data, &schema); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if schema["title"] == nil || schema["description"] == nil {
			t.Errorf("%s has no title or description", name)
		}
		if id, _ := schema["$id"].(string); !strings.HasSuffix(id, "/wire/1/"+name) {
			t.Errorf("%s: $id is %q", name, id)
		}
		described(t, name, schema)
	}
}

func described(t *testing.T, where string, schema map[string]any) {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(schema)) {
		object, ok := schema[key].(map[string]any)
		if !ok {
			continue
		}
		if key == "properties" {
			for name, property := range object {
				if p, ok := property.(map[string]any); !ok || p["description"] == nil && p["const"] == nil {
					t.Errorf("%s/%s has no description", where, name)
				}
			}
		}
		described(t, where+"/"+key, object)
	}
}
