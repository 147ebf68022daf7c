package semantics

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lossproof/fixtures"
)

// TestWrongReferences: what the prose refers to must exist, and must be what it is taken for.
func TestWrongReferences(t *testing.T) {
	set, err := fixtures.LoadEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	w := writer{set}
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
