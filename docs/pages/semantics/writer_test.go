package semantics

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lossproof/docs/pages/facts"
	"lossproof/fixtures"
	"lossproof/ports"
	"lossproof/tensor"
)

func open(t *testing.T) writer {
	t.Helper()
	set, err := fixtures.LoadEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	return writer{set}
}

// TestWrongReferences: what the prose refers to must exist, and must be what it is taken for.
func TestWrongReferences(t *testing.T) {
	w := open(t)
	const blog = "BCEWithLogitsLoss/blog_example/f32-none"
	for _, test := range []struct {
		what string
		ask  func() (string, error)
		want string
	}{
		{"rule", func() (string, error) { return w.rule("BCEWL-FORMULA", "BCEWL-FORMULAS") }, `there is no rule "BCEWL-FORMULAS"`},
		{"case", func() (string, error) { return w.caseID(blog, blog+"s") }, "there is no case"},
		{"element", func() (string, error) { return w.torch(blog, "loss", 15) }, "there is no element 15"},
		{"shape", func() (string, error) { return w.shape(blog, "weight") }, `neither an input nor an output "weight"`},
		{"dimension", func() (string, error) { i, err := w.dimension(blog, "loss", 2); return fmt.Sprint(i), err }, "no dimension 2 of loss, shape (3, 5)"},
		{"message", func() (string, error) { return w.message(blog) }, "PyTorch does not refuse it"},
		{"answer", func() (string, error) { return w.answered(blog, "BCEWL-MEAN", shapes) }, "stands for BCEWL-NONE-SHAPE, not for BCEWL-MEAN"},
		{"figure", func() (string, error) { return w.compose("float16") }, `no figure "float16"`},
		{"logit", func() (string, error) {
			_, err := w.find("BCEWithLogitsLoss", []string{"extreme_logits"}, "loss", 12345, 0)
			return "", err
		}, "has the logit 12345"},
	} {
		if got, err := test.ask(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %q, %v, want an error with %q", test.what, got, err, test.want)
		}
	}
}

// TestCompose: BCELoss of a sigmoid is BCEWithLogitsLoss near 0, and saturates beyond.
func TestCompose(t *testing.T) {
	both, err := compose([]float32{-3, 0, 3, 20}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{false, false, false, true} {
		if close32.apart(float64(both.losses[i]), float64(both.withLogits[i])) != want || close32.apart(float64(both.gradients[i]), float64(both.gradientsWith[i])) != want {
			t.Errorf("logit %v: losses %v and %v, gradients %v and %v", both.logits[i], both.losses[i], both.withLogits[i], both.gradients[i], both.gradientsWith[i])
		}
	}
	if both.losses[3] != 100 || both.gradients[3] != 0 {
		t.Errorf("logit 20: loss %v, gradient %v, want those of the clamp", both.losses[3], both.gradients[3])
	}
}

// TestPyTorchPartsAlike: PyTorch, with its own losses, sigmoid and autograd, parts where the page says: as recorded with
// its findings, and as the script there prints it, where PyTorch is installed.
func TestPyTorchPartsAlike(t *testing.T) {
	want, err := composeTable()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join("..", "..", "..", "ports", "pytorch")
	const script = "bceloss_of_a_sigmoid.py"

	findings, err := os.ReadFile(filepath.Join(folder, "findings", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(findings), "\n## "+script+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var recorded []string
	for line := range strings.Lines(section) {
		if line, ok := strings.CutPrefix(line, "    "); ok {
			recorded = append(recorded, strings.TrimSuffix(line, "\n"))
		}
	}
	if got := strings.Join(recorded, "\n"); got != want {
		t.Errorf("%s of findings/README.md:\n%s\nwant\n%s", script, got, want)
	}

	python, err := filepath.Abs(filepath.Join(folder, ".venv", "bin", "python"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(python); err != nil {
		t.Skip("PyTorch is not installed (make port-pytorch installs it)")
	}
	command := exec.CommandContext(t.Context(), python, filepath.Join("findings", script))
	command.Dir = folder
	printed, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(printed)); got != want {
		t.Errorf("PyTorch: got\n%s\nwant\n%s", got, want)
	}
}

// TestComparisonsAsk: the cases of a comparison ask what its line says.
func TestComparisonsAsk(t *testing.T) {
	w := open(t)
	type asked struct {
		c                       *fixtures.Case
		input, target, weight   []int
		inputDType, targetDType tensor.DType
		inputs                  map[string]tensor.Tensor
	}
	is := func(reduction string, input ...int) func(a asked) bool {
		return func(a asked) bool { // a refusal holds for every reduction
			return (a.c.Rejection != nil || *a.c.Options.Reduction == reduction) && tensor.SameShape(a.input, input)
		}
	}
	dtypes := func(input, target tensor.DType) func(a asked) bool {
		return func(a asked) bool { return a.inputDType == input && a.targetDType == target }
	}
	holds := map[string]func(a asked) bool{
		"'none' of (3, 5)":      is("none", 3, 5),
		"'none' of (5,)":        is("none", 5),
		"'none' of (2, 3, 4)":   is("none", 2, 3, 4),
		"'none' of a 0-d input": is("none"),
		"'mean' of (0, 3)":      is("mean", 0, 3),
		"'sum' of (0, 3)":       is("sum", 0, 3),
		"'sum' of (3, 0)":       is("sum", 3, 0),
		"a target that would have to be broadcast": func(a asked) bool {
			return len(a.target) <= len(a.input) && !tensor.SameShape(a.target, a.input)
		},
		"int64 targets": func(a asked) bool { return a.targetDType == tensor.Int64 },
		"a target outside [0, 1]": func(a asked) bool {
			return slices.ContainsFunc(a.inputs[ports.Target].Float64s(), func(v float64) bool { return v < 0 || v > 1 })
		},
		"float64 targets for float32 inputs: dtype of the loss": dtypes(tensor.Float32, tensor.Float64),
		"float32 targets for float64 inputs: dtype of the loss": dtypes(tensor.Float64, tensor.Float32),
		"one weight for each class":                             func(a asked) bool { return tensor.SameShape(a.weight, a.input[1:]) },
		"one weight for each element":                           func(a asked) bool { return tensor.SameShape(a.weight, a.input) },
		"a weight (2, 3, 5) for an input (3, 5)": func(a asked) bool {
			return tensor.SameShape(a.weight, []int{2, 3, 5}) && tensor.SameShape(a.input, []int{3, 5})
		},
		"reduction='elementwise_mean'": func(a asked) bool { return *a.c.Options.Reduction == "elementwise_mean" },
	}
	for _, c := range comparisons {
		check := holds[c.what]
		if check == nil {
			t.Errorf("%s: no test knows what it asks", c.what)
			continue
		}
		answers := map[string]bool{}
		for i, a := range c.answers {
			if a != (answer{}) {
				answers[facts.Modules[i]+"/"+a.name] = true
			}
		}
		for _, a := range c.classes {
			if a.asks == nil {
				answers[ports.CrossEntropyLoss+"/"+a.name] = true
			}
		}
		for id := range answers {
			found, err := w.set.Case(id)
			if err != nil {
				t.Fatal(err)
			}
			inputs, err := w.set.Inputs(found)
			if err != nil {
				t.Fatal(err)
			}
			x, y := inputs[ports.Input], inputs[ports.Target]
			if !check(asked{found, x.Shape, y.Shape, inputs[ports.Weight].Shape, x.DType, y.DType, inputs}) {
				t.Errorf("%s does not ask: %s", id, c.what)
			}
		}
	}
}

// TestSought finds cases by what they ask: with results, and refused with whatever reduction.
func TestSought(t *testing.T) {
	w := open(t)
	for _, test := range []struct {
		q    question
		want string
	}{
		{question{"sum", []int{0, 3}, true}, "CrossEntropyLoss/shapes/f32-sum-index-0x3"},
		{question{"none", []int{5}, false}, "CrossEntropyLoss/shapes/f32-none-probabilities-5"},
		{question{"sum", []int{4, 3, 2, 2}, true}, "CrossEntropyLoss/rejections/f32-target-4x3x2x2-and-4x2"},
		{question{"sum", []int{7, 7, 7}, true}, ""},
	} {
		found, err := w.sought(test.q)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if found != nil {
			got = found.ID
		}
		if got != test.want {
			t.Errorf("%+v: got %q, want %q", test.q, got, test.want)
		}
	}
}

// TestDashes: below the comparison stands what no case asks, once for each dash.
func TestDashes(t *testing.T) {
	text, err := open(t).agreement()
	if err != nil {
		t.Fatal(err)
	}
	lines, below, _ := strings.Cut(text, "\n\n")
	dashes := strings.Count(lines, "| – ")
	for line := range strings.Lines(lines) {
		if what, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |"); strings.Contains(line, "| – ") && !strings.Contains(below, what) {
			t.Errorf("%q does not stand below the table: %q", what, below)
		}
	}
	if dashes > 0 != strings.HasPrefix(below, "– stands where no case asks ") {
		t.Errorf("%d dashes, below the table %q", dashes, below)
	}
}

func TestTenfold(t *testing.T) {
	for x, want := range map[float64]string{0: "1e-15", 4.4e-16: "1e-15", 1e-15: "1e-14", 3e-9: "1e-08"} {
		if got := tenfold(x); got != want {
			t.Errorf("%v: got %s, want %s", x, got, want)
		}
	}
}

// TestMovingLogit: the first picture shows what stands above it.
func TestMovingLogit(t *testing.T) {
	for _, target := range []float64{0, 1} {
		losses, gradients, err := movingLogit(target)
		if err != nil {
			t.Fatal(err)
		}
		for i, scale := range []float64{1, 1, 1. / rowClasses, 1} {
			points := gradients[i].Points
			least, most := points[0].Y, points[len(points)-1].Y
			if math.Abs(least+scale*target) > 0.01 || math.Abs(most-scale*(1-target)) > 0.02 {
				t.Errorf("target %v, %s: the gradient goes from %v to %v", target, gradients[i].Name, least, most)
			}
		}
		// Where all logits are 0, the class of CrossEntropyLoss has one part of all.
		middle := rowSteps / 2
		if got, want := gradients[3].Points[middle].Y, 1./rowClasses-target; math.Abs(got-want) > 1e-12 {
			t.Errorf("target %v: the gradient of CrossEntropyLoss at 0 is %v, want %v", target, got, want)
		}
		if got, want := losses[3].Points[middle].Y, math.Log(rowClasses); math.Abs(got-want) > 1e-12 {
			t.Errorf("target %v: CrossEntropyLoss at 0 is %v, want %v", target, got, want)
		}
	}
}
