package bench

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"lossproof/loss"
)

// sink keeps what was read, or the compiler would leave the reading out.
var sink atomic.Uint64

// read reads all of both slices, which may differ in length, with the given number of goroutines.
func read[T loss.Element](input, target []T, threads int) {
	if threads == 1 {
		sink.Add(readWords(words(input)) + readWords(words(target)))
		return
	}
	var wg sync.WaitGroup
	for i := range threads {
		wg.Go(func() {
			sink.Add(readWords(words(part(input, i, threads))) + readWords(words(part(target, i, threads))))
		})
	}
	wg.Wait()
}

// part is the i-th of n parts of a slice.
func part[T loss.Element](s []T, i, n int) []T { return s[len(s)*i/n : len(s)*(i+1)/n] }

// words returns the memory of a slice in words of 64 bits, less what does not fill one.
func words[T loss.Element](s []T) []uint64 {
	if len(s) == 0 {
		return nil
	}
	first := unsafe.Pointer(unsafe.SliceData(s))
	size := unsafe.Sizeof(s[0])
	before := int(-uintptr(first) % 8 / size) // the elements that stand before the first whole word
	if before >= len(s) {
		return nil
	}
	return unsafe.Slice((*uint64)(unsafe.Pointer(&s[before])), uintptr(len(s)-before)*size/8)
}

// readWords adds up words: eight sums, so that none waits for another.
func readWords(w []uint64) uint64 {
	var a, b, c, d, e, f, g, h uint64
	for len(w) >= 8 {
		v := (*[8]uint64)(w)
		a += v[0]
		b += v[1]
		c += v[2]
		d += v[3]
		e += v[4]
		f += v[5]
		g += v[6]
		h += v[7]
		w = w[8:]
	}
	for _, v := range w {
		a += v
	}
	return a + b + c + d + e + f + g + h
}
