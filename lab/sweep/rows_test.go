package sweep

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"lossproof/internal/definition"
	"lossproof/loss"
	"lossproof/ports"
)

// nll returns -log_softmax of a row.
func nll[T loss.Float](x []T) []float64 {
	sum, n := 0.0, make([]float64, len(x))
	m := float64(slices.Max(x))
	for _, v := range x {
		sum += math.Exp(float64(v) - m)
	}
	for c, v := range x {
		n[c] = m - float64(v) + math.Log(sum)
		if n[c] == 0 { // it cancels: the sum of the others
			for k, v := range x {
				if k != c {
					n[c] += math.Exp(float64(v) - m)
				}
			}
		}
	}
	return n
}

// TestRowUnits: of a row of two classes, by hand. In float64 an error of an ULP in d moves the loss of the larger class by p of the other
// times that ULP.
func TestRowUnits(t *testing.T) {
	y := math.Exp(-40)                       // d is 0 and 40, whose ULP is 2⁻⁴⁷
	checkUnits[float32](t, 0x1p-81, 0x1p-81) // exp(-40) lies between 2⁻⁵⁸ and 2⁻⁵⁷
	checkUnits[float64](t, 0x1p-110+y*0x1p-47, 0x1p-110+y*(0x1p-47+y*0x1p-47))
}

func checkUnits[T loss.Float](t *testing.T, ofLoss, ofGrad float64) {
	t.Helper()
	call := (&rows[T]{classes: 2, input: []T{0, -40}, indices: []int64{0}, loss: make([]T, 1), grad: make([]T, 2)}).call()
	exact, err := definition.Of(call.Module).Exact(call)
	if err != nil {
		t.Fatal(err)
	}
	for output, want := range map[string]float64{ports.Loss: ofLoss, ports.GradInput: ofGrad} {
		e, err := outputOf(call, exact, output, formatOf[T]())
		if err != nil {
			t.Fatal(err)
		}
		if got := e.unit(0); math.Abs(got-want) > 1e-9*want {
			t.Errorf("%s: %s: got the unit %v, want %v", formatOf[T]().name, output, got, want)
		}
	}
}

// ofModule are the settings of a module.
func ofModule(module string) []setting {
	var of []setting
	for _, s := range settings {
		if s.module == module {
			of = append(of, s)
		}
	}
	return of
}

// spoiltRow may change the results of row r, whose logits are x.
type spoiltRow func(b *rows[float32], r int, x []float32)

// TestRandomFindsWrongRows has CrossEntropyLosses that are wrong in one way each, in float32.
func TestRandomFindsWrongRows(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil spoiltRow
		want  string // in the first miss
		where func(s setting) bool
	}{
		{"nothing", func(*rows[float32], int, []float32) {}, "", func(setting) bool { return false }},
		{"log(1+Σ) of the others in float32", func(b *rows[float32], r int, x []float32) {
			if b.smoothing != 0 || b.weight != nil || b.indices == nil {
				return
			}
			m, sum := x[0], float32(0)
			for _, v := range x {
				m = max(m, v)
			}
			for _, v := range x {
				sum += float32(math.Exp(float64(v - m)))
			}
			b.loss[r] = m - x[b.indices[r]] + float32(math.Log(float64(sum)))
		}, "CrossEntropyLoss float32 loss, class indices: an error of", func(s setting) bool { return !s.smoothing && !s.weight && !s.soft }},
		{"smoothing that forgets the weights", func(b *rows[float32], r int, x []float32) {
			if b.smoothing == 0 || b.weight == nil || b.indices == nil {
				return
			}
			n, y := nll(x), b.indices[r]
			l := (1 - b.smoothing) * float64(b.weight[y]) * n[y]
			for _, v := range n {
				l += b.smoothing / float64(len(x)) * v
			}
			b.loss[r] = float32(l)
		}, "CrossEntropyLoss float32 loss, class indices, weight, label_smoothing: an error of", func(s setting) bool { return s.smoothing && s.weight && !s.soft }},
		{"two ULP of a gradient", func(b *rows[float32], r int, x []float32) {
			if b.indices == nil && b.smoothing == 0 {
				g := &b.grad[r*b.classes+b.classes-1]
				*g = math.Nextafter32(math.Nextafter32(*g, 2), 2)
			}
		}, "CrossEntropyLoss float32 gradient, class probabilities: an error of", func(s setting) bool { return s.soft && !s.smoothing }},
		{"p - t, which cancels", func(b *rows[float32], r int, x []float32) {
			if b.smoothing != 0 || b.weight != nil || b.indices == nil {
				return
			}
			y := b.indices[r]
			b.grad[r*b.classes+int(y)] = float32(math.Exp(-nll(x)[y])) - 1
		}, "CrossEntropyLoss float32 gradient, class indices: an error of", func(s setting) bool { return !s.smoothing && !s.weight && !s.soft }},
		{"NaN", func(b *rows[float32], r int, _ []float32) {
			if b.indices == nil && r == 1 {
				b.loss[r] = float32(math.NaN())
			}
		}, "CrossEntropyLoss float32 loss, class probabilities: 4 results are not finite", func(s setting) bool { return s.soft }},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows, err := random[float32](context.Background(), ofModule(CrossEntropyLoss), 64*perRow, newProgress(nil, 0, 0), func(all batch) error {
				b := all.(*rows[float32])
				if err := b.evaluate(); err != nil {
					return err
				}
				for r := range b.loss {
					test.spoil(b, r, b.input[r*b.classes:][:b.classes])
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			misses := (&Report{Random: rows}).Misses()
			if test.want != "" && (len(misses) == 0 || !strings.Contains(misses[0], test.want)) {
				t.Errorf("got %q, want %q in the first", misses, test.want)
			}
			for i, s := range ofModule(CrossEntropyLoss) {
				found := len((&Report{Random: rows[2*i : 2*i+2]}).Misses()) > 0
				if found != test.where(s) {
					t.Errorf("%s: found %t, want %t", s.name, found, test.where(s))
				}
				if rows[2*i].Points != 64 || rows[2*i+1].Points < 128 || rows[2*i].At == "" {
					t.Errorf("%s: got %+v and %+v", s.name, rows[2*i], rows[2*i+1])
				}
			}
		})
	}
}

// TestRowsAreDrawnAsSaid: of 2 to 1000 classes, and of each kind.
func TestRowsAreDrawnAsSaid(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	seen := map[string]int{}
	for range 300 {
		b := drawRows[float64](setting{module: CrossEntropyLoss}, rng, rowBatchSize)
		if b.classes < 2 || b.classes > 1000 {
			t.Fatalf("got %d classes", b.classes)
		}
		seen[fmt.Sprintf("10^%d classes", int(math.Log10(float64(b.classes))))]++
		for r := range b.loss {
			x := b.input[r*b.classes:][:b.classes]
			switch n := nll(x)[b.indices[r]]; {
			case math.Abs(x[0]) > 500 && math.Abs(math.Abs(x[0])-1e3) < 20:
				seen["10³"]++
			case math.Abs(x[0]) > 5000:
				seen["10⁴"]++
			case n < 0x1p-60:
				seen["dominated"]++
			case n > 500:
				seen["far below"]++
			case math.Abs(n-math.Log(float64(b.classes))) < 1e-5:
				seen["near ties"]++
			}
		}
	}
	for _, kind := range []string{"10^0 classes", "10^1 classes", "10^2 classes", "10³", "10⁴", "dominated", "far below", "near ties"} {
		if seen[kind] < 10 {
			t.Errorf("%s: got %d of %v", kind, seen[kind], seen)
		}
	}
}

// TestRandomFindsWrongBCELoss: in float64, in the settings with a weight alone.
func TestRandomFindsWrongBCELoss(t *testing.T) {
	spoil := func(all batch) error {
		b := all.(*points[float64])
		if err := b.evaluate(); err != nil {
			return err
		}
		for i, x := range b.input {
			if b.weights == nil {
				continue
			}
			b.loss[i] = float64(float32(b.loss[i]))
			b.grad[i] = (x - b.target[i]) / (x*(1-x) + 1e-12) * b.weights[i]
		}
		return nil
	}
	rows, err := random[float64](context.Background(), ofModule(BCELoss), 3000, newProgress(nil, 0, 0), spoil)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 8 {
		t.Fatalf("got %d rows, want 8", len(rows))
	}
	for _, row := range rows {
		if wrong := strings.Contains(row.Setting, "weight"); wrong != (row.Max > row.Limit) || row.Points != 3000 || row.Module != BCELoss {
			t.Errorf("got %+v", row)
		}
	}
}

// TestSumsFindWrongRows has a mean over all logits, and one that is added up in float32.
func TestSumsFindWrongRows(t *testing.T) {
	right := sumCalls[float32](CrossEntropyLoss)[0]
	perLogit, naive := right, right
	perLogit.forward = func(dst []float32, e elements[float32]) error {
		err := right.forward(dst, e)
		dst[0] /= classes
		return err
	}
	naive.forward = func(dst []float32, e elements[float32]) error {
		l, err := loss.CrossEntropyLoss[float32]{Reduction: loss.None}.Forward(matrix(e.input), loss.ClassIndices[float32](e.indices, len(e.indices)))
		dst[0] = 0
		for range 1000 {
			for _, v := range l.Data {
				dst[0] += v
			}
		}
		dst[0] /= float32(1000 * len(l.Data))
		return err
	}
	rows, err := sums(context.Background(), 200_000, 20_000, newProgress(nil, 0, 0), []sumCall[float32]{right, perLogit, naive})
	if err != nil {
		t.Fatal(err)
	}
	if rows[0].ULP > 0.51 || rows[1].ULP < 1e6 || rows[2].ULP < 2 {
		t.Errorf("got %+v", rows)
	}
	if misses := (&Report{Sums: rows}).Misses(); len(misses) != 2 {
		t.Errorf("got %q, want two", misses)
	}
}

// TestSumsOfAModule: the rows of each module alone are those that it has among all.
func TestSumsOfAModule(t *testing.T) {
	all, err := Sums(context.Background(), 2000, 1000, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 16 {
		t.Errorf("got %d rows, want 16", len(all))
	}
	found := 0
	for _, module := range Modules() {
		rows, err := Sums(context.Background(), 2000, 1000, nil, module)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			for _, other := range all {
				if row.Module == other.Module && row.Reduction == other.Reduction && row.DType == other.DType && row.Got == other.Got && row.Exact == other.Exact {
					found++
				}
			}
		}
	}
	if found != len(all) {
		t.Errorf("found %d of %d rows by their modules", found, len(all))
	}
}

// TestLimits: what is enforced of each setting.
func TestLimits(t *testing.T) {
	for _, test := range []struct {
		module, name string
		f32, f64     float64
	}{
		{BCEWithLogitsLoss, "hard targets", 0.51, 2}, {BCEWithLogitsLoss, "soft targets", 1, 2}, {BCEWithLogitsLoss, "hard targets, pos_weight", 1, 2},
		{BCELoss, "hard targets", 0.51, 4}, {BCELoss, "soft targets", 1, 4}, {BCELoss, "hard targets, weight", 1, 4},
		{CrossEntropyLoss, "class indices", 1, 8}, {CrossEntropyLoss, "class indices, weight, label_smoothing", 1, 8},
		{CrossEntropyLoss, "class probabilities", 1, 16}, {CrossEntropyLoss, "class probabilities, weight, label_smoothing", 1, 8},
	} {
		found := false
		for _, s := range ofModule(test.module) {
			if s.name != test.name {
				continue
			}
			found = true
			if f32, f64 := s.limit(formatOf[float32]()), s.limit(formatOf[float64]()); f32 != test.f32 || f64 != test.f64 {
				t.Errorf("%s, %s: got %v and %v, want %v and %v", test.module, test.name, f32, f64, test.f32, test.f64)
			}
		}
		if !found {
			t.Errorf("%s has no setting %q", test.module, test.name)
		}
	}
}
