package claim_test

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/ports"
	"lossproof/tensor"
)

func ptr[T any](v T) *T { return &v }

// fill returns a float32 tensor with one value everywhere.
func fill(v float32, shape ...int) tensor.Tensor {
	n, err := tensor.Count(shape)
	if err != nil {
		panic(err)
	}
	return tensor.FromFloat32(slices.Repeat([]float32{v}, n), shape...)
}

func TestFeatures(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	bce := func(o fixtures.Options) *fixtures.Case {
		return &fixtures.Case{Module: ports.BCEWithLogitsLoss, Options: o}
	}
	inputs := func(input, target tensor.Tensor, more ...any) map[string]tensor.Tensor {
		m := map[string]tensor.Tensor{"input": input, "target": target}
		for i := 0; i < len(more); i += 2 {
			m[more[i].(string)] = more[i+1].(tensor.Tensor)
		}
		return m
	}
	ce := func(o fixtures.Options) *fixtures.Case {
		return &fixtures.Case{Module: ports.CrossEntropyLoss, Options: o}
	}
	indices := func(values ...int64) tensor.Tensor {
		var data []byte
		for _, v := range values {
			data = binary.LittleEndian.AppendUint64(data, uint64(v))
		}
		return tensor.Tensor{DType: tensor.Int64, Shape: []int{len(values)}, Data: data}
	}
	none := bce(fixtures.Options{Reduction: ptr("none")})
	ofModule := func(module string) *fixtures.Case {
		return &fixtures.Case{Module: module, Options: fixtures.Options{Reduction: ptr("none")}}
	}
	mlsm, rows, probable := ofModule(ports.MultiLabelSoftMarginLoss), ofModule(ports.CrossEntropyLoss), ofModule(ports.BCELoss)
	smoothed := ofModule(ports.CrossEntropyLoss)
	smoothed.Options.LabelSmoothing = ptr(0x1p-124)
	const almost = 1 - 0x1p-24 // what is left is 6e-8
	two := func(a, b float32) tensor.Tensor { return tensor.FromFloat32([]float32{a, b}, 2) }
	apart, below := tensor.FromFloat32([]float32{50, 0, 0, 0}, 2, 2), tensor.FromFloat32([]float32{0, 0, 50, 50}, 2, 2)
	x, y := fill(1, 3, 5), fill(1, 3, 5)
	for _, test := range []struct {
		reason string
		c      *fixtures.Case
		inputs map[string]tensor.Tensor
		want   string
	}{
		{"the plain case", bce(fixtures.Options{}), inputs(x, y), "reduction:mean rank:2"},
		{"a given reduction", none, inputs(x, y), "reduction:none rank:2"},
		{"an invalid reduction is none", bce(fixtures.Options{Reduction: ptr("batchmean")}), inputs(x, y), "rank:2"},
		{"reduce wins", bce(fixtures.Options{Reduction: ptr("sum"), Reduce: ptr(false)}), inputs(x, y), "reduction:none legacy_reduction rank:2"},
		{"size_average false", bce(fixtures.Options{SizeAverage: ptr(false), Reduce: ptr(true)}), inputs(x, y), "reduction:sum legacy_reduction rank:2"},
		{"size_average true", bce(fixtures.Options{Reduction: ptr("sum"), SizeAverage: ptr(true)}), inputs(x, y), "reduction:mean legacy_reduction rank:2"},
		{"the older name of mean", bce(fixtures.Options{Reduction: ptr("elementwise_mean")}), inputs(x, y), "reduction:mean legacy_reduction rank:2"},
		{"a scalar weight", none, inputs(x, y, "weight", fill(2, 1)), "weight weight:broadcast reduction:none rank:2"},
		{"a class weight", none, inputs(x, y, "weight", fill(2, 1, 5)), "weight weight:class weight:broadcast reduction:none rank:2"},
		{"a weight for each sample", none, inputs(x, y, "weight", fill(2, 3, 1)), "weight weight:element weight:broadcast reduction:none rank:2"},
		{"a weight for each element", none, inputs(x, y, "weight", fill(2, 3, 5)), "weight weight:element reduction:none rank:2"},
		{"pos_weight and grad_output", none, inputs(x, y, "pos_weight", fill(2, 5), "grad_output", fill(2, 3, 5)), "pos_weight pos_weight:broadcast reduction:none rank:2 grad_output"},
		{"a soft target", none, inputs(x, fill(.5, 3, 5)), "reduction:none soft_targets rank:2"},
		{"a target of NaN", none, inputs(x, fill(nan, 3, 5)), "reduction:none soft_targets rank:2 nonfinite"},
		{"0-d", none, inputs(fill(1), fill(0)), "reduction:none rank:0"},
		{"1-D", none, inputs(fill(1, 2), fill(0, 2)), "reduction:none rank:1"},
		{"4-D", none, inputs(fill(1, 1, 1, 1, 1), fill(0, 1, 1, 1, 1)), "reduction:none rank:3+"},
		{"empty", none, inputs(fill(1, 0, 3), fill(1, 0, 3)), "reduction:none rank:2 empty"},
		{"an infinite logit", none, inputs(fill(inf, 3, 5), y), "reduction:none rank:2 nonfinite"},
		{"a subnormal logit", none, inputs(fill(1e-40, 3, 5), y), "reduction:none rank:2 subnormals"},
		{"exp(-|x|) is subnormal", none, inputs(fill(-90, 3, 5), y), "reduction:none rank:2 subnormals"},
		{"exp(-|x|) is zero", none, inputs(fill(-110, 3, 5), y), "reduction:none rank:2"},
		{"weight times exp(-|x|)", none, inputs(fill(50, 3, 5), y, "weight", fill(1e-20, 5)), "weight weight:class weight:broadcast reduction:none rank:2 subnormals"},
		{"each in another column: no product", none, inputs(
			tensor.FromFloat32([]float32{50, 0}, 1, 2), fill(1, 1, 2), "weight", tensor.FromFloat32([]float32{1, 1e-20}, 2)),
			"weight weight:class weight:broadcast reduction:none rank:2"},
		{"the scale of the mean", bce(fixtures.Options{}), inputs(fill(85, 64, 64), fill(1, 64, 64)), "reduction:mean rank:2 subnormals"},
		{"the upstream gradient", none, inputs(fill(50, 3, 5), y, "grad_output", fill(1e-20, 3, 5)), "reduction:none rank:2 grad_output subnormals"},
		{"a product that is the smallest normal number", none, inputs(fill(0, 3, 5), y, "weight", fill(0x1p-126, 1)), "weight weight:broadcast reduction:none rank:2"},
		{"a product that is half of it", none, inputs(fill(0, 3, 5), fill(.5, 3, 5), "weight", fill(0x1p-126, 1)), "weight weight:broadcast reduction:none soft_targets rank:2 subnormals"},
		{"a factor that rounds to the smallest subnormal", none, inputs(fill(-103.5, 3, 5), y), "reduction:none rank:2 subnormals"},
		{"the class mean", mlsm, inputs(fill(-85, 3, 16), fill(1, 3, 16)), "reduction:none rank:2 subnormals"},
		{"no class mean", none, inputs(fill(-85, 3, 16), fill(1, 3, 16)), "reduction:none rank:2"},
		{"1 - target", none, inputs(fill(0, 3, 5), fill(almost, 3, 5), "weight", fill(1e-32, 1)), "weight weight:broadcast reduction:none soft_targets rank:2 subnormals"},
		{"the target", none, inputs(fill(0, 3, 5), fill(1e-10, 3, 5), "weight", fill(1e-30, 1)), "weight weight:broadcast reduction:none soft_targets rank:2 subnormals"},
		{"a weight that is far from subnormal", none, inputs(fill(0, 3, 5), fill(.5, 3, 5), "weight", fill(1e-32, 1)), "weight weight:broadcast reduction:none soft_targets rank:2"},
		{"1 - probability", probable, inputs(fill(almost, 3, 5), y, "weight", fill(1e-32, 1)), "weight weight:broadcast reduction:none rank:2 subnormals"},
		{"the upstream gradient of the sample", mlsm, inputs(below, fill(1, 2, 2), "grad_output", two(1, 1e-20)), "reduction:none rank:2 grad_output subnormals"},
		{"that of another sample", mlsm, inputs(below, fill(1, 2, 2), "grad_output", two(1e-20, 1)), "reduction:none rank:2 grad_output"},
		{"that of the row", rows, inputs(apart, indices(0, 0), "grad_output", two(1e-20, 1)), "reduction:none rank:2 grad_output subnormals integer_targets"},
		{"that of another row", rows, inputs(apart, indices(0, 0), "grad_output", two(1, 1e-20)), "reduction:none rank:2 grad_output integer_targets"},
		{"that of a sum", ce(fixtures.Options{Reduction: ptr("sum")}), inputs(apart, indices(0, 0), "grad_output", fill(1e-20)), "reduction:sum rank:2 grad_output subnormals integer_targets"},
		{"the share of label smoothing", smoothed, inputs(fill(0, 1, 8), indices(0)), "reduction:none rank:2 subnormals integer_targets label_smoothing"},
		{"a larger share of it", smoothed, inputs(fill(0, 1, 2), indices(0)), "reduction:none rank:2 integer_targets label_smoothing"},
		{"an integer target", none, inputs(x, tensor.Tensor{DType: tensor.UInt8, Shape: []int{1}, Data: []byte{1}}), "reduction:none rank:2 integer_targets"},
		{"a target of another dtype", none, inputs(x, tensor.FromFloat64([]float64{1}, 1)), "reduction:none rank:2 mixed_dtype"},
		{"a weight of another dtype", none, inputs(x, y, "weight", tensor.FromFloat64([]float64{1}, 1)), "weight weight:broadcast reduction:none rank:2 mixed_dtype"},
		{"class indices", ce(fixtures.Options{}), inputs(x, indices(0, 4, 2)), "reduction:mean rank:2 integer_targets"},
		{"an ignored class index", ce(fixtures.Options{}), inputs(x, indices(0, -100, 2)), "reduction:mean rank:2 integer_targets ignore_index ignore_index:negative"},
		{"a given ignore_index", ce(fixtures.Options{IgnoreIndex: ptr(int64(-100))}), inputs(x, indices(0, 4, 2)), "reduction:mean rank:2 integer_targets ignore_index ignore_index:negative"},
		{"class probabilities, smoothed", ce(fixtures.Options{LabelSmoothing: ptr(0.1)}), inputs(x, fill(.2, 3, 5)), "reduction:mean soft_targets rank:2 class_probabilities label_smoothing"},
		{"one-hot", ce(fixtures.Options{}), inputs(x, fill(1, 3, 5)), "reduction:mean rank:2 class_probabilities"},
		{"logits far from zero", ce(fixtures.Options{}), inputs(fill(-90, 3, 5), indices(0, 4, 2)), "reduction:mean rank:2 integer_targets"},
		{"logits far apart", ce(fixtures.Options{}), inputs(tensor.FromFloat32([]float32{90, 0}, 1, 2), indices(0)), "reduction:mean rank:2 subnormals integer_targets"},
		{"far apart in other rows", ce(fixtures.Options{}), inputs(tensor.FromFloat32([]float32{90, 90, 0, 0}, 2, 2), indices(0, 0)), "reduction:mean rank:2 integer_targets"},
		{"the weight of the class", ce(fixtures.Options{}), inputs(tensor.FromFloat32([]float32{60, 0}, 1, 2), indices(0), "weight", tensor.FromFloat32([]float32{1, 1e-20}, 2)),
			"weight weight:class reduction:mean rank:2 subnormals integer_targets"},
		{"a weight of classes in two dimensions", ce(fixtures.Options{}), inputs(x, indices(0, 4, 2), "weight", fill(2, 5, 1)),
			"weight weight:class reduction:mean rank:2 integer_targets"},
		{"a weight of the input's shape, partly negative", none, inputs(tensor.FromFloat32([]float32{1, 2}, 1, 2), fill(1, 1, 2), "weight", tensor.FromFloat32([]float32{1, -1}, 1, 2)),
			"weight weight:class weight:nonpositive reduction:none rank:2"},
		{"a pos_weight of zero", none, inputs(x, y, "pos_weight", fill(0, 3, 5)), "weight:nonpositive pos_weight reduction:none rank:2"},
		{"one class of rows", rows, inputs(fill(1, 3, 1), indices(0, 0, 0)), "reduction:none rank:2 one_class integer_targets"},
		{"one class of many dimensions", rows, inputs(fill(1, 2, 1, 3), indices(0, 0, 0)), "reduction:none rank:3+ one_class integer_targets"},
		{"one class of samples", mlsm, inputs(fill(1, 3, 1), fill(1, 3, 1)), "reduction:none rank:2 one_class"},
		{"one column of elements is no class", none, inputs(fill(1, 3, 1), fill(1, 3, 1)), "reduction:none rank:2"},
		{"a clamped logarithm", probable, inputs(fill(1, 3, 5), y), "reduction:none rank:2 clamp"},
		{"the other one", probable, inputs(fill(0, 3, 5), y), "reduction:none rank:2 clamp"},
		{"an ignore_index of a class", ce(fixtures.Options{IgnoreIndex: ptr(int64(1))}), inputs(x, indices(0, 4, 2)), "reduction:mean rank:2 integer_targets ignore_index"},
		{"probabilities", &fixtures.Case{Module: ports.BCELoss}, inputs(fill(1e-20, 3, 5), fill(1, 3, 5), "weight", fill(1e-20, 1)), "weight weight:broadcast reduction:mean rank:2 subnormals"},
		{"what does not broadcast", &fixtures.Case{Rejection: &fixtures.Rejection{}}, inputs(x, fill(0, 2, 2), "weight", fill(2, 7)),
			"weight weight:class reduction:mean rank:2 rejections"},
	} {
		got := claim.Features(test.c, test.inputs, nil)
		if diff := cmp.Diff(strings.Fields(test.want), got); diff != "" && len(got)+len(test.want) > 0 {
			t.Errorf("%s: features, want - got +\n%s", test.reason, diff)
		}
		for _, word := range got {
			if !slices.Contains(claim.Words, word) {
				t.Errorf("%s: %q is not in Words", test.reason, word)
			}
		}
	}
}

func TestFeaturesOfExpectedResults(t *testing.T) {
	c := &fixtures.Case{Module: ports.BCEWithLogitsLoss, Options: fixtures.Options{Reduction: ptr("none")}}
	inputs := map[string]tensor.Tensor{"input": fill(1, 1), "target": fill(1, 1)}
	for _, test := range []struct {
		reason    string
		reference float32
		exact     float64
		tolerance float64
		want      string
	}{
		{"ordinary", 1, 1, 1e-7, "reduction:none rank:1"},
		{"torch returns infinity", float32(math.Inf(1)), 3e38, 1, "reduction:none rank:1 nonfinite"},
		{"torch cancels what is subnormal", 0, 1e-40, 1e-44, "reduction:none rank:1 subnormals"},
		{"what rounds to the smallest subnormal", 0, 1e-45, 1e-44, "reduction:none rank:1 subnormals"},
		{"the smallest normal number", 0x1p-126, 0x1p-126, 1e-44, "reduction:none rank:1"},
		{"what rounds to zero is zero", 0, 1e-60, 1e-44, "reduction:none rank:1"},
		{"no oracle", 0, 1e-40, math.NaN(), "reduction:none rank:1"},
	} {
		got := claim.Features(c, inputs, map[string]fixtures.Expected{"loss": {
			Reference: fill(test.reference, 1), Exact: []float64{test.exact}, Tolerance: []float64{test.tolerance},
		}})
		if diff := cmp.Diff(strings.Fields(test.want), got); diff != "" {
			t.Errorf("%s: features, want - got +\n%s", test.reason, diff)
		}
	}
}

func TestValidate(t *testing.T) {
	valid := func() ports.Claim {
		return ports.Claim{DTypes: []tensor.DType{"float32"}, Outputs: []string{"loss"}, Without: []string{"rank:3+"}}
	}
	joined := valid()
	joined.Without = []string{"rank:3++weight", "weight+reduction:mean+integer_targets", "class_probabilities+label_smoothing"}
	if err := claim.Validate(map[string]ports.Claim{ports.BCEWithLogitsLoss: valid(), "CrossEntropyLoss": joined}); err != nil {
		t.Error(err)
	}
	if err := claim.Validate(nil); err == nil || !strings.Contains(err.Error(), "modules is empty") {
		t.Errorf("no modules: got error %v", err)
	}
	for _, test := range []struct {
		want   string
		change func(*ports.Claim)
	}{
		{`dtypes: unknown "flaot32", did you mean "float32"?`, func(c *ports.Claim) { c.DTypes[0] = "flaot32" }},
		{`outputs: unknown "grad_inptu", did you mean "grad_input"?`, func(c *ports.Claim) { c.Outputs[0] = "grad_inptu" }},
		{`without: unknown "posweight", did you mean "pos_weight"?`, func(c *ports.Claim) { c.Without[0] = "posweight" }},
		{`without: unknown "gpu", want one of weight, weight:class`, func(c *ports.Claim) { c.Without[0] = "gpu" }},
		{`without: "empty" stands twice`, func(c *ports.Claim) { c.Without = []string{"empty", "empty"} }},
		{`without: unknown "weight+gpu", want one of`, func(c *ports.Claim) { c.Without[0] = "weight+gpu" }},
		{`without: "weight+weight" joins "weight"`, func(c *ports.Claim) { c.Without[0] = "weight+weight" }},
		{`without: "empty+rejections" joins "rejections"`, func(c *ports.Claim) { c.Without[0] = "empty+rejections" }},
		{`without: "empty+rank:3+" stands twice`, func(c *ports.Claim) { c.Without = []string{"empty+rank:3+", "empty+rank:3+"} }},
		{`outputs: unknown "loss+loss"`, func(c *ports.Claim) { c.Outputs[0] = "loss+loss" }},
		{`dtypes is empty, want one or more of float16`, func(c *ports.Claim) { c.DTypes = nil }},
		{`outputs is empty, want one or more of loss`, func(c *ports.Claim) { c.Outputs = nil }},
	} {
		c := valid()
		test.change(&c)
		err := claim.Validate(map[string]ports.Claim{ports.BCEWithLogitsLoss: c})
		if err == nil || !strings.Contains(err.Error(), "claim: BCEWithLogitsLoss: "+test.want) {
			t.Errorf("got error %v, want %q in it", err, test.want)
		}
	}
	err := claim.Validate(map[string]ports.Claim{"BCEWithLogitLoss": valid()})
	if err == nil || !strings.Contains(err.Error(), `unknown "BCEWithLogitLoss", did you mean "BCEWithLogitsLoss"?`) {
		t.Errorf("got error %v", err)
	}
}

func TestOutside(t *testing.T) {
	cl := ports.Claim{DTypes: []tensor.DType{"float32"}, Outputs: []string{"loss"}, Without: []string{"pos_weight", "empty"}}
	float32 := []tensor.DType{"float32"}
	plain, refused := &fixtures.Case{}, &fixtures.Case{Rejection: &fixtures.Rejection{}}
	for _, test := range []struct {
		c        *fixtures.Case
		dtypes   []tensor.DType
		features []string
		want     string
	}{
		{plain, float32, []string{"reduction:mean"}, ""},
		{plain, []tensor.DType{"float64"}, []string{"reduction:mean"}, "input is float64"},
		{plain, []tensor.DType{"float32", "bfloat16"}, []string{"mixed_dtype"}, "bfloat16 is not claimed"},
		{plain, float32, []string{"weight", "empty"}, "without empty"},
		{refused, []tensor.DType{"int64"}, []string{"pos_weight", "rejections"}, ""},
	} {
		if got := claim.Outside(cl, test.c, test.dtypes, test.features); got != test.want {
			t.Errorf("%v %s: got %q, want %q", test.features, test.dtypes, got, test.want)
		}
	}
	joined := ports.Claim{DTypes: cl.DTypes, Without: []string{"weight+rank:3+", "rank:3++empty"}}
	for features, want := range map[string]string{
		"weight": "", "rank:3+": "", "weight empty": "", "weight rank:3+": "without weight+rank:3+", "rank:3+ empty": "without rank:3++empty",
	} {
		if got := claim.Outside(joined, plain, float32, strings.Fields(features)); got != want {
			t.Errorf("%s: got %q, want %q", features, got, want)
		}
	}
	if got := claim.Excused(cl, float32, []string{"pos_weight", "rejections"}); got != "without pos_weight" {
		t.Errorf("Excused: got %q", got)
	}
	cl.Without = []string{"rejections"}
	if got := claim.Outside(cl, refused, float32, []string{"rejections"}); got != "without rejections" {
		t.Errorf("without rejections: got %q", got)
	}
}

func TestString(t *testing.T) {
	cl := ports.Claim{DTypes: []tensor.DType{"float32", "float64"}, Outputs: []string{"loss", "grad_input"}, Without: []string{"pos_weight"}}
	want := "BCEWithLogitsLoss float32 float64, loss and grad_input, without pos_weight"
	if got := claim.String(ports.BCEWithLogitsLoss, cl); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	cl.Without = nil
	if got, want := claim.String(ports.BCEWithLogitsLoss, cl), "BCEWithLogitsLoss float32 float64, loss and grad_input"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
