package semantics

import (
	"bytes"
	"fmt"

	"lossproof/docs/pages/facts"
	"lossproof/ports"
	"lossproof/tensor"
)

// legacy writes which reduction the legacy flags mean: that whose recorded loss is the same, in each
// module and whatever reduction says.
func (w writer) legacy() (string, error) {
	flags := []string{"absent", "true", "false"}
	var lines [][]string
	for _, average := range flags {
		for _, reduce := range flags {
			if average == "absent" && reduce == "absent" {
				continue
			}
			meaning, err := w.meaning(average, reduce)
			if err != nil {
				return "", err
			}
			lines = append(lines, []string{"`" + python(average) + "`", "`" + python(reduce) + "`", "'" + meaning + "'"})
		}
	}
	return table([]string{"size_average", "reduce", "means"}, lines), nil
}

// python writes a flag as one types it.
func python(flag string) string {
	return map[string]string{"absent": "None", "true": "True", "false": "False"}[flag]
}

func (w writer) meaning(average, reduce string) (string, error) {
	meaning := ""
	for _, module := range facts.Modules {
		for _, reduction := range []string{"absent", "none", "mean", "sum"} {
			m, err := w.reductionOf(module, average, reduce, reduction)
			if err != nil {
				return "", err
			}
			if meaning == "" {
				meaning = m
			}
			if m != meaning {
				return "", fmt.Errorf("size_average=%s, reduce=%s means %s and, in %s with reduction=%s, %s", average, reduce, meaning, module, reduction, m)
			}
		}
	}
	return meaning, nil
}

// reductionOf finds the reduction that gives the same loss.
func (w writer) reductionOf(module, average, reduce, reduction string) (string, error) {
	recorded := func(average, reduce, reduction string) (tensor.Tensor, error) {
		c, err := w.set.Case(fmt.Sprintf("%s/legacy_reduction/f32-size_average-%s-reduce-%s-reduction-%s", module, average, reduce, reduction))
		if err != nil {
			return tensor.Tensor{}, err
		}
		want, err := w.set.Expected(c, ports.Loss)
		return want.Reference, err
	}
	got, err := recorded(average, reduce, reduction)
	if err != nil {
		return "", err
	}
	for _, plain := range []string{"none", "mean", "sum"} {
		want, err := recorded("absent", "absent", plain)
		if err != nil {
			return "", err
		}
		if tensor.SameShape(got.Shape, want.Shape) && bytes.Equal(got.Data, want.Data) {
			return plain, nil
		}
	}
	return "", fmt.Errorf("%s: size_average=%s, reduce=%s, reduction=%s is no reduction", module, average, reduce, reduction)
}
