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
		c.Threads == d.Threads && c.Gradient == d.Gradient && c.Read == d.Read
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

// typed is data of one dtype.
type typed[T loss.Float] struct {
	input, target loss.Tensor[T]
	loss, grad    []T // made when first needed
}

func newData(dtype string, shape Shape, n int) data {
	if dtype == "float32" {
		return newTyped[float32](shape, n)
	}
	return newTyped[float64](shape, n)
}

func newTyped[T loss.Float](shape Shape, n int) *typed[T] {
	x, t := tensors[T](shape, n)
	return &typed[T]{input: x, target: t}
}

// outputs returns slices for a loss of n elements, and for its gradient if there is to be one.
func (d *typed[T]) outputs(n int, gradient bool) (loss, grad []T) {
	if len(d.loss) < n {
		d.loss = make([]T, n)
	}
	if gradient && d.grad == nil {
		d.grad = make([]T, len(d.input.Data))
	}
	return d.loss[:n], d.grad
}

func (d *typed[T]) call(c Config, reduction loss.Reduction) func() (float64, error) {
	if c.Read {
		return func() (float64, error) {
			read(d.input.Data, d.target.Data, c.Threads)
			return 0, nil
		}
	}
	n := len(d.input.Data)
	forward, both := loss.BCEWithLogitsLoss[T]{Reduction: reduction}.ForwardInto, loss.BCEWithLogitsLoss[T]{Reduction: reduction}.ForwardGradInto
	if c.Module == "MultiLabelSoftMarginLoss" {
		n /= c.Shape[len(c.Shape)-1]
		multi := loss.MultiLabelSoftMarginLoss[T]{Reduction: reduction}
		forward, both = multi.ForwardInto, multi.ForwardGradInto
	}
	if reduction != loss.None {
		n = 1
	}
	l, g := d.outputs(n, c.Gradient)
	if c.Gradient {
		return func() (float64, error) {
			err := both(l, g, d.input, d.target, nil)
			return float64(l[0]), err
		}
	}
	return func() (float64, error) {
		err := forward(l, d.input, d.target)
		return float64(l[0]), err
	}
}
