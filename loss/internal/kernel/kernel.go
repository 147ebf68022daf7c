// Package kernel computes the losses and gradients of chunks of consecutive elements.
//
// It is the seam between package loss, which knows shapes, broadcasting and
// reductions, and the arithmetic. Slices go in, slices come out; nothing is allocated
// and nothing is kept. Arithmetic is in float64, but where [Lanes] say otherwise; a float32 result is rounded once,
// when it is stored.
//
// # Formulas
//
// Those of BCELoss stand in bceloss.go, those of a softmax in crossentropy.go. For the other two losses, with logit x, target t, weight w, pos_weight p, and
//
//	y = exp(-|x|)      in [0, 1]
//	L = log1p(y)       so that softplus(x) = L + max(x, 0) and softplus(-x) = L + max(-x, 0)
//
// the loss and its derivative in x are
//
//	loss = w·(((1-t) + p·t)·L + (x ≥ 0 ? 1-t : -p·t)·x)
//	grad = w·(x ≥ 0 ? (1-t) - p·t·y : (1-t)·y - p·t)/(1+y)
//
// For t and p in the usual range all terms of a branch of loss have one sign, so nothing
// cancels. The factor (1-t) + p·t is never written 1 + (p-1)·t: that loses p where t = 1 and p is
// small. At x = ±Inf the limit in x is returned, with w, p and t fixed.
//
// # Passes
//
// Of these two, a chunk of at most [ChunkLen] elements goes through several short passes, with float64 scratch
// between them that stays in the first-level cache: [Exp] computes y; [Log1p] L; [Losses] the losses
// in place of L; [Sum] adds them and [Round] writes them; [Grads] makes the gradient from y. One long
// loop would be slower: its chain of dependent instructions is longer than what a processor looks ahead.
// Log1p and Exp do not know of weights, so that these can change within a chunk: Losses and Grads are
// called for each [Run] in it.
//
// # Float32 lanes
//
// For float32 logits without weights [Lanes] take the place of these passes where the processor has AVX2 or AVX-512. A number is then a pair
// of float32 numbers, twice as many of which fit into a register, and y comes from a table and a short polynomial. A sum of losses needs no logarithm for each:
//
//	Σ log1p(y) = log1p(p)    p = ∏(1+y) - 1, element by element p + (p·y + y) in float64
//
// The sums of BCELoss are products too ([ProbabilitySums]). What the lanes cannot do as accurately is left to the passes: logits beyond ±43, infinite ones and NaN,
// and soft targets but for sums.
//
// Rows of CrossEntropyLoss with a class index have lanes of their own, also for AVX-512 those of AVX2 ([Rows]).
//
// # The nearest float32 numbers
//
// [Nearest] computes in float64 lanes with one more term of exp, and marks results that are so close to the middle of two float32 numbers that their errors leave it open which
// one is nearer; those are computed once more, in pairs of float64 numbers where one does not tell either.
//
// # 16 bits
//
// A [Half] loads 16-bit numbers as float32 numbers, by VCVTPH2PS or a shift, and stores them rounded, by VCVTPS2PH or an addition. A float32 number is rounded
// itself, and to round it once more may miss the nearest number of 16 bits where it is close to the middle of two: these are marked, and nearest.go computes them.
//
// # Assembly
//
// On amd64 with AVX2 and FMA the passes are assembly, elsewhere and with the build tag purego Go. Both
// evaluate the same polynomials; without fused multiply-adds the last bit of a float64 can differ.
// Either is correct to a few roundings for ordinary values. What they are not made for is patched
// afterwards: in Exp the logits whose exponential is subnormal, in Losses the infinite ones.
package kernel

import (
	"fmt"
	"os"
	"unsafe"
)

// Float is the constraint of the element types.
type Float interface{ float32 | float64 }

// ChunkLen is the largest number of elements that a chunk should have: what the passes need of it
// fits into a cache of 32 KiB, and one call of assembly, which the scheduler cannot interrupt, takes less
// than a microsecond.
const ChunkLen = 512

// Run is a run of consecutive elements.
type Run[T Float] struct {
	// Input (the logits, or probabilities) and Target have one length, the length of the run.
	Input, Target []T
	// Weight and PosWeight are nil (absent: ones), have one element (constant over
	// the run), or are as long as the run.
	Weight, PosWeight []T
}

// operand returns an operand of a run of n elements as the kernels take it: with one element or n. An absent
// operand is that of a one.
func operand[T Float](v []T, n int) []T {
	switch len(v) {
	case 0:
		return one[T]()
	case 1:
		return v
	}
	return v[:n]
}

// one is the operand of a one.
func one[T Float]() []T {
	if single[T]() {
		return as[T](one32)
	}
	return as[T](one64)
}

var (
	one32 = []float32{1}
	one64 = []float64{1}
)

// stepped returns a slice to index with i·step.
func stepped[T Float](v []T) (values []T, step int) {
	if len(v) == 1 {
		return v, 0
	}
	return v, 1
}

// single reports whether T is float32.
func single[T Float]() bool { return unsafe.Sizeof(T(0)) == 4 }

// as returns v as a slice of U, which is the type of its elements under another name.
func as[U, T Float](v []T) []U {
	return unsafe.Slice((*U)(unsafe.Pointer(unsafe.SliceData(v))), len(v))
}

// The environment variable LOSSPROOF_KERNEL, which tests use, keeps to less than the processor has.
const (
	limitVariable = "LOSSPROOF_KERNEL"
	limitAVX2     = "avx2"
	limitGo       = "purego"
)

var limit = os.Getenv(limitVariable)

// CheckLimit returns an error for a limit that there is not, which limits nothing.
func CheckLimit() error {
	switch limit {
	case "", limitAVX2, limitGo:
		return nil
	}
	return fmt.Errorf("the environment variable %s: got %q, want %s or %s, or none", limitVariable, limit, limitAVX2, limitGo)
}

// Path says in words which implementation of the passes this program runs.
func Path() string {
	switch {
	case useAVX512:
		return "the AVX-512 kernels"
	case useAVX2:
		return "the AVX2 kernels"
	case assembled:
		return "the Go kernels, as the processor lacks AVX2 or FMA, or is kept to them"
	}
	return "the Go kernels, without assembly"
}
