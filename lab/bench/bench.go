package bench

import (
	"runtime"
	"slices"
	"time"

	"lossproof/loss"
)

// Bench times rounds. It keeps the tensors of the latest dtype and shape. It sets GOMAXPROCS,
// and must not be used by two goroutines at a time. The zero value is ready to use.
type Bench struct {
	dtype string
	shape Shape
	data  data
	// config and task are those of the latest round.
	config Config
	task   *task
}

// data are the tensors of one dtype.
type data interface {
	// call returns a function that does once what c asks for, and returns the first element of the loss.
	call(c Config, reduction loss.Reduction) func() (float64, error)
}

// task is something to time.
type task struct {
	call func() (float64, error)
	// calls is the number of calls in a round.
	calls int
	value float64
}

// Round is the outcome of one round.
type Round struct {
	// Nanoseconds is the time of one call: of the round, divided by Calls.
	Nanoseconds float64 `json:"ns"`
	Calls       int     `json:"calls"`
	// Value is the first element of the loss, to compare with that of another
	// implementation; 0 for a plain read.
	Value float64 `json:"value"`
}

// minRound is how long a round takes at least, so that the clock does not show.
const minRound = 4 * time.Millisecond

// Round does what c asks for, again and again for at least a few milliseconds, and times it. The
// first round of a Config warms up before.
func (b *Bench) Round(c Config) (Round, error) {
	n, reduction, err := c.check()
	if err != nil {
		return Round{}, err
	}
	if c.Threads != runtime.GOMAXPROCS(0) {
		runtime.GOMAXPROCS(c.Threads)
	}
	if b.task == nil || !c.equal(b.config) {
		if b.data == nil || b.dtype != c.DType || !slices.Equal(b.shape, c.Shape) {
			b.task, b.data = nil, nil
			b.dtype, b.shape, b.data = c.DType, slices.Clone(c.Shape), newData(c.DType, c.Shape, n)
		}
		task := &task{call: b.data.call(c, reduction)}
		if err := task.warmUp(); err != nil {
			return Round{}, err
		}
		b.config, b.task = c, task
		b.config.Shape = b.shape
	}
	d, err := b.task.time(b.task.calls)
	if err != nil {
		return Round{}, err
	}
	return Round{Nanoseconds: float64(d.Nanoseconds()) / float64(b.task.calls), Calls: b.task.calls, Value: b.task.value}, nil
}

func (c Config) equal(d Config) bool {
	return c.Module == d.Module && c.Reduction == d.Reduction && c.DType == d.DType && slices.Equal(c.Shape, d.Shape) &&
		c.Threads == d.Threads && c.Gradient == d.Gradient && c.Read == d.Read &&
		c.LabelSmoothing == d.LabelSmoothing && c.ClassProbabilities == d.ClassProbabilities && c.Nearest == d.Nearest
}

// warmUp touches all memory and finds the number of calls in a round.
func (t *task) warmUp() error {
	value, err := t.call()
	if err != nil {
		return err
	}
	t.value = value
	for t.calls = 1; ; t.calls *= 2 {
		d, err := t.time(t.calls)
		if err != nil || d >= minRound {
			return err
		}
	}
}

// time does n calls.
func (t *task) time(n int) (time.Duration, error) {
	start := time.Now()
	for range n {
		if _, err := t.call(); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// typed is data of one dtype. Slices are made when first needed.
type typed[T loss.Element] struct {
	shape []int
	n     int
	// logits, hard, probabilities and shares are the numbers of tensors.go; indices the classes of the rows.
	logits, hard, probabilities, shares []T
	indices                             []int64
	loss, grad                          []T
}

func newData(dtype string, shape Shape, n int) data {
	switch dtype {
	case "float32":
		return &typed[float32]{shape: shape, n: n}
	case "float16":
		return &typed[loss.Float16]{shape: shape, n: n}
	case "bfloat16":
		return &typed[loss.BFloat16]{shape: shape, n: n}
	}
	return &typed[float64]{shape: shape, n: n}
}

// tensor returns a tensor of the numbers that number gives, kept in *values.
func (d *typed[T]) tensor(values *[]T, number func(i int) float64) loss.Tensor[T] {
	if *values == nil {
		*values = numbers[T](d.n, number)
	}
	return loss.Tensor[T]{Shape: d.shape, Data: *values}
}

// operands returns the input of a module and its target: an empty one for class indices.
func (d *typed[T]) operands(c Config) (inputs, targets loss.Tensor[T]) {
	switch {
	case c.Module == bceLoss:
		return d.tensor(&d.probabilities, probability), d.tensor(&d.hard, target)
	case c.Module == crossEntropyLoss && c.ClassProbabilities:
		return d.tensor(&d.logits, logit), d.tensor(&d.shares, share)
	case c.Module == crossEntropyLoss:
		return d.tensor(&d.logits, logit), loss.Tensor[T]{}
	}
	return d.tensor(&d.logits, logit), d.tensor(&d.hard, target)
}

// classTarget returns the target of CrossEntropyLoss.
func (d *typed[T]) classTarget(c Config) loss.ClassTarget[T] {
	if c.ClassProbabilities {
		_, target := d.operands(c)
		return loss.ClassProbabilities(target)
	}
	if d.indices == nil {
		classes := d.shape[len(d.shape)-1]
		d.indices = make([]int64, d.n/classes)
		for r := range d.indices {
			d.indices[r] = class(r, classes)
		}
	}
	return loss.ClassIndices[T](d.indices, d.shape[:len(d.shape)-1]...)
}

// outputs returns slices for a loss of n elements, and for its gradient if there is to be one.
func (d *typed[T]) outputs(n int, gradient bool) (loss, grad []T) {
	if len(d.loss) < n {
		d.loss = make([]T, n)
	}
	if gradient && d.grad == nil {
		d.grad = make([]T, d.n)
	}
	return d.loss[:n], d.grad
}

func (d *typed[T]) call(c Config, reduction loss.Reduction) func() (float64, error) {
	input, target := d.operands(c)
	if c.Read {
		return func() (float64, error) {
			read(input.Data, target.Data, c.Threads)
			return 0, nil
		}
	}
	n := 1
	if reduction == loss.None {
		n = d.n
		if c.Module == multiLabelSoftMarginLoss || c.Module == crossEntropyLoss {
			n /= c.Shape[len(c.Shape)-1]
		}
	}
	r := loss.Results[T]{}
	if r.Loss, r.GradInput = d.outputs(n, c.Gradient); !c.Gradient {
		r.GradInput = nil
	}
	switch c.Module {
	case bceLoss:
		return calling(loss.BCELoss[T]{Reduction: reduction}, r, input, target)
	case crossEntropyLoss:
		return calling(loss.CrossEntropyLoss[T]{Reduction: reduction, LabelSmoothing: c.LabelSmoothing}, r, input, d.classTarget(c))
	case multiLabelSoftMarginLoss:
		return calling(loss.MultiLabelSoftMarginLoss[T]{Reduction: reduction}, r, input, target)
	}
	return calling(loss.BCEWithLogitsLoss[T]{Reduction: reduction, Nearest: c.Nearest}, r, input, target)
}

// calling returns a call of a module, which writes to the results.
func calling[T loss.Element, Target any, Module interface {
	Into(loss.Results[T], loss.Tensor[T], Target, *loss.Tensor[T]) error
}](module Module, r loss.Results[T], input loss.Tensor[T], target Target) func() (float64, error) {
	return func() (float64, error) {
		err := module.Into(r, input, target, nil)
		return valueOf(r.Loss[0]), err
	}
}
