package wire_test

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/ports/wire"
	"lossproof/ports/wire/schemas"
	"lossproof/tensor"
)

// exchange is that of one case, as docs/protocol.md shows it: the answer has what PyTorch
// returned.
func exchange(t *testing.T) (text, loss string) {
	t.Helper()
	set, err := fixtures.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	c, err := set.Case("BCEWithLogitsLoss/blog_example/f32-mean")
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := set.Inputs(c)
	if err != nil {
		t.Fatal(err)
	}
	outputs := map[string]tensor.Tensor{}
	for _, name := range c.OutputNames() {
		expected, err := set.Expected(c, name)
		if err != nil {
			t.Fatal(err)
		}
		outputs[name] = expected.Reference
	}
	must := func(line []byte, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return string(line)
	}
	description := ports.Description{
		Port: ports.Info{Name: "torch", Version: set.TorchVersion(), Language: "python", LanguageVersion: "3.11.7"},
		Modules: map[string]ports.Claim{c.Module: {
			DTypes: []tensor.DType{tensor.Float32, tensor.Float64}, Outputs: []string{ports.Loss, ports.GradInput}, Without: []string{claim.MixedDType},
		}},
	}
	text = "-> " + string(wire.EncodeHello()) + "\n" +
		"<- " + must(wire.EncodeDescription(description)) + "\n" +
		"-> " + must(wire.EncodeRun(17, judge.Call(c, inputs, c.OutputNames()))) + "\n" +
		"<- " + must(wire.EncodeAnswer(17, ports.Answer{Outputs: outputs})) + "\n" +
		"-> " + string(wire.EncodeBye()) + "\n"
	value := outputs[ports.Loss]
	bits := binary.LittleEndian.Uint32(value.Data)
	loss = fmt.Sprintf("`% x`, which is the float32 `0x%08x`, %v", value.Data, bits, math.Float32frombits(bits))
	return text, loss
}

// exchangeOf16 is that of calls of 16 bits, as docs/protocol.md shows them.
func exchangeOf16(t *testing.T, ids ...string) (text string) {
	t.Helper()
	set, err := fixtures.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range ids {
		c, err := set.Case(id)
		if err != nil {
			t.Fatal(err)
		}
		inputs, err := set.Inputs(c)
		if err != nil {
			t.Fatal(err)
		}
		expected, err := set.Expected(c, ports.Loss)
		if err != nil {
			t.Fatal(err)
		}
		call := judge.Call(c, inputs, []string{ports.Loss})
		run, err := wire.EncodeRun(18+int64(i), call)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := wire.EncodeAnswer(18+int64(i), ports.Answer{Outputs: map[string]tensor.Tensor{ports.Loss: expected.Reference}})
		if err != nil {
			t.Fatal(err)
		}
		text += "-> " + string(run) + "\n<- " + string(answer) + "\n"
	}
	return text
}

// TestProtocolPage holds docs/protocol.md against the codec.
func TestProtocolPage(t *testing.T) {
	data, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	text, loss := exchange(t)
	if !strings.Contains(page, "\n```\n"+text+"```\n") {
		t.Errorf("the page does not have the exchange\n%s", text)
	}
	if !strings.Contains(page, loss) {
		t.Errorf("the page does not have the bytes of the loss: %s", loss)
	}
	if text := exchangeOf16(t, "BCEWithLogitsLoss/half_ordinary/bf16-mean-5", "BCEWithLogitsLoss/half_ordinary/f16-mean-5"); !strings.Contains(page, "\n```\n"+text+"```\n") {
		t.Errorf("the page does not have the exchange in 16 bits\n%s", text)
	}
	words := append([]string{}, claim.Words...)
	words = append(words, "input", "target", "weight", "pos_weight", "grad_output", "loss", "grad_input", "grad_target", "grad_weight",
		"reduction", "size_average", "reduce", "shape", "dtype", "option", "value",
		"float16", "bfloat16", "float32", "float64", "int64", "int32", "uint8", "bool",
		"malformed", "timeout", "crash", "error", "not-run", fmt.Sprint(wire.MaxLine>>20)+" MiB")
	names, err := fs.Glob(schemas.FS, "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range append(words, names...) {
		if !strings.Contains(page, "`"+word+"`") && !strings.Contains(page, word+" ") {
			t.Errorf("the page does not name %s", word)
		}
	}
	for _, word := range claim.Words {
		if !regexp.MustCompile("(?m)^\\| .*`" + regexp.QuoteMeta(word) + "`.* \\| " + regexp.QuoteMeta(claim.Means[word]) + " \\|$").MatchString(page) {
			t.Errorf("the page does not say of %s: %s", word, claim.Means[word])
		}
	}
	for line := range strings.Lines(page) {
		// Every other message on the page is one, too.
		if message, ok := strings.CutPrefix(line, "<- "); ok && strings.HasPrefix(message, `{"id"`) && !strings.Contains(message, "…") {
			if _, _, err := wire.DecodeAnswer([]byte(message)); err != nil {
				t.Errorf("%s: %v", message, err)
			}
		}
	}
}
