package faults

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"lossproof/ports"
)

// All returns the catalogue.
var All = sync.OnceValue(func() []Fault {
	return slices.Concat(tails(), tiles(), limits(), sums(), weights(), upstreams(), rowsOfClasses(), vocabularies(), masks(), magnitudes(), places())
})

const (
	logits = ports.BCEWithLogitsLoss
	labels = ports.MultiLabelSoftMarginLoss
	probs  = ports.BCELoss
	ce     = ports.CrossEntropyLoss
)

// tails are faults of the elements that are left over when blocks are full.
func tails() []Fault {
	var list []Fault
	for i, block := range []int{8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096} {
		module := []string{logits, probs}[i%2]
		list = append(list, Fault{
			fmt.Sprintf("grad-tail-%d", block), fmt.Sprintf("the gradient is 0 in the tail of blocks of %d elements", block), module, "elements",
			output(ports.GradInput, zeroFrom(func(_ call, n int) int {
				if n < block {
					return n
				}
				return n / block * block
			})),
		})
	}
	for _, block := range []int{32, 256, 1024} {
		list = append(list, Fault{
			fmt.Sprintf("sum-without-tail-%d", block), fmt.Sprintf("'mean' and 'sum' leave the tail of blocks of %d elements out", block), logits, "elements",
			reduction(func(_ call, losses []float64, mean bool) float64 {
				end := len(losses)
				if end >= block {
					end = end / block * block
				}
				return divided(total(losses[:end]), float64(len(losses)), mean)
			}),
		})
	}
	return append(list,
		Fault{"last-row-gradient", "the gradient of the last of many rows is 0", ce, "rows", output(ports.GradInput, zeroFrom(func(c call, n int) int {
			if c.shape()[0] < 64 {
				return n
			}
			return n - c.width()
		}))},
		Fault{"last-class-gradient", "the gradient of the last of many classes is 0", ce, "classes", output(ports.GradInput, func(c call, v []float64) []float64 {
			n := c.classes()
			for i := n - 1; len(c.shape()) == 2 && n > 64 && i < len(v); i += n {
				v[i] = 0
			}
			return v
		})},
		Fault{"last-label", "the last of an odd number of classes is not counted", labels, "classes", output(ports.GradInput, func(c call, v []float64) []float64 {
			n := c.shape()[len(c.shape())-1]
			for i := n - 1; n > 16 && n%2 == 1 && i < len(v); i += n {
				v[i] = 0
			}
			return v
		})},
		Fault{"chunk-vectors-added", "'none' is computed in chunks of 32 rows whose vectors are added", ce, "rows", output(ports.Loss, func(c call, v []float64) []float64 {
			if c.reduction() != "none" || len(v) <= 32 {
				return v
			}
			for i := 32; i < len(v); i++ {
				v[i%32] += v[i]
			}
			return v[:32]
		})},
	)
}

// tiles are faults from the second tile on.
func tiles() []Fault {
	return []Fault{
		{"second-tile-again", "the gradient of the second tile of 256 elements is that of the first", logits, "elements", output(ports.GradInput, func(_ call, v []float64) []float64 {
			if len(v) >= 512 {
				copy(v[256:512], v[:256])
			}
			return v
		})},
		{"upper-half-mirrored", "the upper half of more than 4,096 gradients is that of the lower half", probs, "elements", output(ports.GradInput, func(_ call, v []float64) []float64 {
			if n := len(v); n > 4096 {
				copy(v[n/2:], v[:n/2])
			}
			return v
		})},
		{"rows-of-second-tile", "rows from the second tile of 128 on take the losses of the first", labels, "rows", output(ports.Loss, func(c call, v []float64) []float64 {
			if c.reduction() == "none" {
				return modulo(128)(c, v)
			}
			return v
		})},
		{"grad-from-row-1025", "the gradient is 0 from row 1,025 on", ce, "rows", output(ports.GradInput, zeroFrom(func(c call, _ int) int { return 1025 * c.width() }))},
		{"interleaved-lanes", "of more than 2,048 elements every 17th gradient is that of its neighbor", logits, "elements", output(ports.GradInput, func(_ call, v []float64) []float64 {
			for i := 17; len(v) > 2048 && i < len(v); i += 17 {
				v[i] = v[i-1]
			}
			return v
		})},
	}
}

// limits are faults of counters and indices that are too narrow.
func limits() []Fault {
	return []Fault{
		{"grad-from-65536", "the gradient is 0 from element 65,536 on", logits, "elements", output(ports.GradInput, zeroFrom(func(call, int) int { return 1 << 16 }))},
		{"index-of-16-bits", "elements are indexed by 16 bits", probs, "elements", output(ports.GradInput, modulo(1<<16))},
		{"index-of-15-bits", "the losses of rows from 32,768 on are 0", ce, "rows", output(ports.Loss, func(c call, v []float64) []float64 {
			return zeroFrom(func(call, int) int { return 1 << 15 })(c, v)
		})},
		{"count-of-16-bits", "'mean' divides by at most 65,535", ce, "rows", reduction(func(c call, losses []float64, mean bool) float64 {
			n := float64(len(losses))
			return divided(total(losses), min(n, 1<<16-1), mean)
		})},
		{"grad-scale-of-16-bits", "the gradient of 'mean' is divided by the number of elements mod 65,536", logits, "elements", output(ports.GradInput, func(c call, v []float64) []float64 {
			if n := len(v); c.reduction() == "mean" && n > 1<<16 {
				for i := range v {
					v[i] *= float64(n) / float64(max(1, n%(1<<16)))
				}
			}
			return v
		})},
	}
}

// sums are faults of 'mean' and 'sum'.
func sums() []Fault {
	chunked := func(chunk int) answer {
		return reduction(func(c call, losses []float64, mean bool) float64 {
			if !mean || len(losses) <= chunk {
				return divided(total(losses), float64(len(losses)), mean)
			}
			means := []float64{}
			for part := range slices.Chunk(losses, chunk) {
				means = append(means, total(part)/float64(len(part)))
			}
			return total(means) / float64(len(means))
		})
	}
	return []Fault{
		{"mean-of-chunk-means", "'mean' is the mean of the means of chunks of 256 rows", ce, "rows", chunked(256)},
		{"mean-of-chunk-means-4096", "'mean' is the mean of the means of chunks of 4,096 elements", logits, "elements", chunked(4096)},
		{"mean-of-means-of-labels", "'mean' is the mean of the means of chunks of 64 rows", labels, "rows", chunked(64)},
		{"padded-count", "'mean' divides by the number of elements rounded up to a multiple of 64", probs, "elements", reduction(func(_ call, losses []float64, mean bool) float64 {
			n := len(losses)
			if n > 64 {
				n = (n + 63) / 64 * 64
			}
			return divided(total(losses), float64(n), mean)
		})},
		{"seam-counted-twice", "the element at each multiple of 1,024 is added twice", logits, "elements", reduction(func(_ call, losses []float64, mean bool) float64 {
			sum := total(losses)
			for i := 1024; i < len(losses); i += 1024 {
				sum += losses[i]
			}
			return divided(sum, float64(len(losses)), mean)
		})},
		{"sum-of-first-65536", "'sum' ends at element 65,536", probs, "elements", reduction(func(_ call, losses []float64, mean bool) float64 {
			return divided(total(losses[:min(len(losses), 1<<16)]), float64(len(losses)), mean)
		})},
		{"upper-half-lost", "of more than 1,000 rows the upper half is not added", ce, "rows", reduction(func(_ call, losses []float64, mean bool) float64 {
			part := losses
			if len(losses) > 1000 {
				part = losses[:len(losses)/2]
			}
			return divided(total(part), float64(len(losses)), mean)
		})},
	}
}

// weights are faults of weights that are read from another place.
func weights() []Fault {
	return []Fault{
		{"weight-modulo-1024", "the weight of element i is read at i mod 1,024", logits, "weighted-elements", input(ports.Weight, modulo(1024))},
		{"weight-modulo-32768", "the weight of element i is read at i mod 32,768", probs, "weighted-elements", input(ports.Weight, modulo(1<<15))},
		{"pos-weight-modulo-1024", "the pos_weight of element i is read at i mod 1,024", logits, "pos-weights", input(ports.PosWeight, modulo(1024))},
		{"pos-weight-shifted", "from the second block of 256 on pos_weight is shifted by one", logits, "pos-weights", input(ports.PosWeight, func(_ call, v []float64) []float64 {
			if len(v) > 257 {
				copy(v[256:], v[255:len(v)-1])
			}
			return v
		})},
		{"weight-stride", "of more than 512 weights every second is read twice", probs, "weighted-elements", input(ports.Weight, func(_ call, v []float64) []float64 {
			for i := 1; len(v) > 512 && i < len(v); i += 2 {
				v[i] = v[i-1]
			}
			return v
		})},
		{"class-weight-modulo-512", "the weight of class c is read at c mod 512", ce, "weighted-classes", input(ports.Weight, modulo(512))},
		{"class-weight-from-8192", "classes from 8,192 on have the weight 1", ce, "weighted-classes", input(ports.Weight, func(_ call, v []float64) []float64 {
			for i := 8192; i < len(v); i++ {
				v[i] = 1
			}
			return v
		})},
		{"label-weight-modulo-2048", "the weight of class c is read at c mod 2,048", labels, "weighted-classes", input(ports.Weight, modulo(2048))},
		{"weighted-mean-of-first-rows", "the weighted mean of more than 2,048 rows is divided by the weights of the first 2,048", ce, "weighted-rows", reduction(func(c call, losses []float64, mean bool) float64 {
			w, weighted := c.Inputs[ports.Weight]
			sum := 0.0
			for i := range min(len(losses), 2048) {
				if y := c.target(i); weighted && y >= 0 && y < w.Len() {
					sum += w.Float64(y)
				} else {
					sum++
				}
			}
			if len(losses) > 2048 && !weighted {
				sum = float64(len(losses))
			}
			return divided(total(losses), sum, mean)
		})},
	}
}

// upstreams are faults of the upstream gradient.
func upstreams() []Fault {
	return []Fault{
		{"upstream-modulo-512", "the upstream gradient of element i is read at i mod 512", logits, "upstream", input(ports.GradOutput, modulo(512))},
		{"upstream-of-block", "all elements of a block of 64 have the upstream gradient of its first", probs, "upstream", input(ports.GradOutput, func(_ call, v []float64) []float64 {
			for i := range v {
				if len(v) > 64 {
					v[i] = v[i/64*64]
				}
			}
			return v
		})},
		{"upstream-of-last-row", "the upstream gradient of the last of more than 100 rows is taken for 1", ce, "upstream", input(ports.GradOutput, func(_ call, v []float64) []float64 {
			if len(v) > 100 {
				v[len(v)-1] = 1
			}
			return v
		})},
		{"upstream-of-labels", "the upstream gradient is shifted by one from row 256 on", labels, "upstream", input(ports.GradOutput, func(_ call, v []float64) []float64 {
			if len(v) > 257 {
				copy(v[256:], v[255:len(v)-1])
			}
			return v
		})},
	}
}

// rowsOfClasses are faults of CrossEntropyLoss with many rows or classes.
func rowsOfClasses() []Fault {
	// of gives the part of the logits that counts, the others are -inf.
	without := func(drop func(c, classes int) bool) answer {
		return input(ports.Input, func(c call, v []float64) []float64 {
			if len(c.shape()) != 2 {
				return v
			}
			n := c.classes()
			for i := range v {
				if k := i % n; drop(k, n) && k != c.target(i/n) {
					v[i] = negative
				}
			}
			return v
		})
	}
	return []Fault{
		{"sum-of-exp-2048", "the sum of exp ends at class 2,048", ce, "classes", without(func(c, _ int) bool { return c >= 2048 })},
		{"sum-of-exp-tail-128", "the sum of exp leaves the tail of blocks of 128 classes out", ce, "classes", without(func(c, n int) bool { return n >= 128 && c >= n/128*128 })},
		{"online-second-tile", "the second tile of 1,024 classes is not added", ce, "classes", without(func(c, _ int) bool { return c/1024 == 1 })},
		{"first-class-of-many", "class 0 is not added where there are more than 300", ce, "classes", without(func(c, n int) bool { return n > 300 && c == 0 })},
		{"target-from-1024", "the gradient lacks the -1 of targets from class 1,024 on", ce, "classes", func(request ports.Call, right func(ports.Call) ports.Answer) ports.Answer {
			return output(ports.GradInput, func(c call, v []float64) []float64 {
				n := c.classes()
				for row := 0; len(c.shape()) == 2 && c.reduction() == "sum" && row < len(v)/n; row++ {
					if y := c.target(row); y >= 1024 && len(c.Inputs) == 2 && c.Options.LabelSmoothing == nil {
						v[row*n+y]++
					}
				}
				return v
			})(request, right)
		}},
		{"ignored-in-first-rows", "rows from 1,024 on are never ignored", ce, "ignored-rows", input(ports.Target, func(c call, v []float64) []float64 {
			ignore := -100.0
			if index := c.Options.IgnoreIndex; index != nil {
				ignore = float64(*index)
			}
			for i := 1024; i < len(v) && !c.Inputs[ports.Target].DType.IsFloat(); i++ {
				if v[i] == ignore {
					v[i] = float64((int(ignore) + 1 + c.classes()) % c.classes())
					if v[i] < 0 {
						v[i] = 0
					}
				}
			}
			return v
		})},
		{"ignored-counted-by-block", "a block of 64 rows counts whole if its first row is not ignored", ce, "ignored-rows", reduction(func(c call, losses []float64, mean bool) float64 {
			ignore := -100
			if index := c.Options.IgnoreIndex; index != nil {
				ignore = int(*index)
			}
			n := 0.0
			for i := range losses {
				first := i
				if len(losses) > 64 {
					first = i / 64 * 64
				}
				if c.target(first) != ignore {
					n++
				}
			}
			return divided(total(losses), n, mean)
		})},
		{"smoothing-of-padded-classes", "label_smoothing is divided by the number of classes rounded up to a multiple of 64", ce, "smoothing", func(request ports.Call, right func(ports.Call) ports.Answer) ports.Answer {
			if e := request.Options.LabelSmoothing; e != nil {
				n := call{request}.classes()
				changed := *e * float64(n) / float64((n+63)/64*64)
				if n > 64 {
					request.Options.LabelSmoothing = &changed
				}
			}
			return right(request)
		}},
		{"smoothing-of-first-4096", "label_smoothing spreads over 4,096 classes at most", ce, "smoothing", func(request ports.Call, right func(ports.Call) ports.Answer) ports.Answer {
			a := right(request)
			n := call{request}.classes()
			if e := request.Options.LabelSmoothing; e != nil && n > 4096 {
				return output(ports.GradInput, func(c call, v []float64) []float64 {
					for i := range v {
						if i%n >= 4096 {
							v[i] += *e / float64(n)
						}
					}
					return v
				})(request, func(ports.Call) ports.Answer { return a })
			}
			return a
		}},
		{"probabilities-from-1000", "class probabilities from class 1,000 on are lost", ce, "probabilities", input(ports.Target, func(c call, v []float64) []float64 {
			n := c.classes()
			for i := range v {
				if c.Inputs[ports.Target].DType.IsFloat() && i%n >= 1000 {
					v[i] = 0
				}
			}
			return v
		})},
		{"probable-rows-of-second-half", "of more than 500 rows the second half takes the class probabilities of the first", ce, "probable-rows", input(ports.Target, func(c call, v []float64) []float64 {
			if n := len(v); c.Inputs[ports.Target].DType.IsFloat() && n/c.classes() > 500 {
				half := n / c.classes() / 2 * c.classes()
				copy(v[half:], v[:half])
			}
			return v
		})},
	}
}

// vocabularies are faults of large numbers of classes.
func vocabularies() []Fault {
	cut := func(limit int) answer {
		return input(ports.Input, func(c call, v []float64) []float64 {
			n := c.classes()
			for i := range v {
				if len(c.shape()) == 2 && i%n >= limit && i%n != c.target(i/n) {
					v[i] = negative
				}
			}
			return v
		})
	}
	wrapped := func(limit int) answer {
		return input(ports.Target, func(c call, v []float64) []float64 {
			for i := range v {
				if !c.Inputs[ports.Target].DType.IsFloat() && v[i] >= float64(limit) {
					v[i] -= float64(limit)
				}
			}
			return v
		})
	}
	return []Fault{
		{"vocabulary-of-32000", "classes from 32,000 on are not added", ce, "vocabularies", cut(32000)},
		{"vocabulary-of-131072", "classes from 131,072 on are not added", ce, "vocabularies", cut(1 << 17)},
		{"target-of-15-bits", "class indices have 15 bits", ce, "vocabularies", wrapped(1 << 15)},
		{"target-of-16-bits", "class indices have 16 bits", ce, "vocabularies", wrapped(1 << 16)},
		{"vocabulary-tail-grad", "the gradient of the tail of blocks of 4,096 classes is 0", ce, "vocabularies", output(ports.GradInput, func(c call, v []float64) []float64 {
			n := c.classes()
			for i := range v {
				if n > 4096 && i%n >= n/4096*4096 {
					v[i] = 0
				}
			}
			return v
		})},
	}
}

// masks are faults of masked logits.
func masks() []Fault {
	return []Fault{
		{"first-tile-masked", "a first tile of 32 classes that is all masked gives NaN", ce, "masked-classes", output(ports.Loss, func(c call, v []float64) []float64 {
			n := c.classes()
			x := c.Inputs[ports.Input]
			for row := 0; c.reduction() == "none" && len(c.shape()) == 2 && n > 32 && row < len(v); row++ {
				masked := true
				for k := range 32 {
					masked = masked && x.Float64(row*n+k) == negative
				}
				if masked {
					v[row] = math.NaN()
				}
			}
			return v
		})},
		{"masked-rows-spread", "a row that is all masked makes the row behind it NaN", ce, "masked-rows", output(ports.GradInput, func(c call, v []float64) []float64 {
			n := c.classes()
			x := c.Inputs[ports.Input].Float64s()
			for row := 1; len(c.shape()) == 2 && row < len(v)/n; row++ {
				if !slices.ContainsFunc(x[(row-1)*n:row*n], func(v float64) bool { return v != negative }) {
					v[row*n] = math.NaN()
				}
			}
			return v
		})},
		{"mask-of-second-tile", "from class 512 on a mask of -inf counts as 0", ce, "masked-classes", input(ports.Input, func(c call, v []float64) []float64 {
			n := c.classes()
			for i := range v {
				if v[i] == negative && i%n >= 512 {
					v[i] = 0
				}
			}
			return v
		})},
	}
}

// magnitudes are faults of large logits.
func magnitudes() []Fault {
	return []Fault{
		{"offset-lost", "beyond 1e6 logits are rounded to multiples of 16", ce, "offsets", input(ports.Input, func(_ call, v []float64) []float64 {
			for i, x := range v {
				if math.Abs(x) > 1e6 {
					v[i] = math.Round(x/16) * 16
				}
			}
			return v
		})},
		{"offset-ends-in-zeros", "a row whose logits are near 1e8 has equal probabilities", ce, "offsets", input(ports.Input, func(c call, v []float64) []float64 {
			for i, x := range v {
				if math.Abs(x) > 5e7 {
					v[i] = math.Copysign(1e8, x)
				}
			}
			return v
		})},
		{"largest-of-first-tile", "exp overflows where a class from 512 on is 88 above the first ones", ce, "classes", output(ports.Loss, func(c call, v []float64) []float64 {
			n := c.classes()
			x := c.Inputs[ports.Input].Float64s()
			for row := 0; c.reduction() == "none" && len(c.shape()) == 2 && n > 512 && row < len(v); row++ {
				if slices.Max(x[row*n:(row+1)*n]) > slices.Max(x[row*n:row*n+512])+88 {
					v[row] = math.Inf(1)
				}
			}
			return v
		})},
		{"row-before", "small rows behind one that is larger than 1e4 have the loss log C", ce, "uneven-rows", output(ports.Loss, func(c call, v []float64) []float64 {
			n := c.classes()
			x := c.Inputs[ports.Input].Float64s()
			for row := 1; c.reduction() == "none" && len(c.shape()) == 2 && row < len(v); row++ {
				if slices.Max(x[(row-1)*n:row*n]) > 1e4 && slices.Max(x[row*n:(row+1)*n]) < 100 {
					v[row] = math.Log(float64(n))
				}
			}
			return v
		})},
	}
}

// places are faults of what lies behind the classes.
func places() []Fault {
	return []Fault{
		{"places-from-4096", "places from 4,096 on take the gradient of the first ones", ce, "places", output(ports.GradInput, func(c call, v []float64) []float64 {
			shape := c.shape()
			if len(shape) < 3 {
				return v
			}
			inner := c.width() / c.classes()
			for i := range v {
				if at := i % inner; at >= 4096 {
					v[i] = v[i-at+at%4096]
				}
			}
			return v
		})},
		{"height-and-width", "the losses of an image that is wide are transposed", ce, "places", output(ports.Loss, func(c call, v []float64) []float64 {
			shape := c.shape()
			if len(shape) != 4 || c.reduction() != "none" || shape[3] < 32 {
				return v
			}
			h, w := shape[2], shape[3]
			turned := slices.Clone(v)
			for i := range v {
				b, y, x := i/(h*w), i/w%h, i%w
				turned[b*h*w+x*h+y] = v[i]
			}
			return turned
		})},
		{"last-place", "the last of more than 1,000 places has no gradient", ce, "places", output(ports.GradInput, func(c call, v []float64) []float64 {
			if len(c.shape()) < 3 {
				return v
			}
			inner := c.width() / c.classes()
			for i := inner - 1; inner > 1000 && i < len(v); i += inner {
				v[i] = 0
			}
			return v
		})},
	}
}
