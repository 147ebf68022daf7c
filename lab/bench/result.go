package bench

import (
	"fmt"
	"slices"

	"lossproof/internal/machine"
	"lossproof/loss"
	"lossproof/tensor"
)

// Result sums up the rounds of a Config.
type Result struct {
	Config
	Rounds int `json:"rounds"`
	// Minimum and Median are times of one call, in nanoseconds.
	Minimum float64 `json:"min_ns"`
	Median  float64 `json:"median_ns"`
	// ElementsPerSecond and BytesPerSecond (of input and target, but not of class indices) are those of the fastest round.
	ElementsPerSecond float64 `json:"elements_per_second"`
	BytesPerSecond    float64 `json:"bytes_per_second"`
	// ReadBytesPerSecond is what a plain read of input and target reached, in its fastest
	// round, and ReadShare what share of that the losses reached.
	ReadBytesPerSecond float64         `json:"read_bytes_per_second"`
	ReadShare          float64         `json:"read_share"`
	Value              float64         `json:"value"`
	Machine            machine.Machine `json:"machine"`
	Path               string          `json:"path"`
}

// Run times rounds of c, each after one of a plain read.
func (b *Bench) Run(c Config, rounds int) (Result, error) {
	if rounds < 1 {
		return Result{}, fmt.Errorf("rounds: got %d, want at least 1", rounds)
	}
	n, _, err := c.check()
	if err != nil {
		return Result{}, err
	}
	plain := Config{Module: c.Module, ClassProbabilities: c.ClassProbabilities, DType: c.DType, Shape: c.Shape, Threads: c.Threads, Read: true}
	r := Result{Config: c, Rounds: rounds, Machine: machine.Describe(), Path: loss.Kernels()}
	// The two have a Bench each, or every round would begin with a warm-up; they share the tensors.
	reader := &Bench{}
	var times, reads []float64
	for range rounds {
		round, err := b.Round(c)
		if err != nil {
			return Result{}, err
		}
		times, r.Value = append(times, round.Nanoseconds), round.Value
		reader.dtype, reader.shape, reader.data = b.dtype, b.shape, b.data
		if round, err = reader.Round(plain); err != nil {
			return Result{}, err
		}
		reads = append(reads, round.Nanoseconds)
	}
	slices.Sort(times)
	r.Minimum, r.Median = times[0], median(times)
	bytes := float64(tensor.DType(c.DType).Size() * n)
	if c.Module != crossEntropyLoss || c.ClassProbabilities {
		bytes *= 2 // a target as large as the input
	}
	r.ElementsPerSecond, r.BytesPerSecond = float64(n)/r.Minimum*1e9, bytes/r.Minimum*1e9
	r.ReadBytesPerSecond = bytes / slices.Min(reads) * 1e9
	r.ReadShare = r.BytesPerSecond / r.ReadBytesPerSecond
	return r, nil
}

// median returns the median of sorted numbers.
func median(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
