package loss

import (
	"sync"
	"sync/atomic"
)

// inBlocks calls compute for the blocks 0 to count-1, from several goroutines: each takes the next block
// until there is none. newScratch makes what a goroutine computes with.
func inBlocks[S any](count, workers int, newScratch func() S, compute func(block int, scratch S)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			scratch := newScratch()
			for b := int(next.Add(1)) - 1; b < count; b = int(next.Add(1)) - 1 {
				compute(b, scratch)
			}
		})
	}
	group.Wait()
}
