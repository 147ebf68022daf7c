package generated

import (
	"math/rand/v2"
	"slices"
)

// primes are odd sizes that no block divides.
var primes = []int{11, 13, 23, 37, 61, 97, 131, 251, 509, 769, 1021, 1531, 2039, 3067, 4093, 5003, 6143, 8191, 12289, 16381, 32749, 49999, 65521, 98299}

// sizes returns the sizes at which a check is made, the smallest first: 2^k-1, 2^k and 2^k+1, of large
// k one of them, odd primes, and what leaves a tail of a vector. The largest is at most largest.
func sizes(rng *rand.Rand, b budget, largest int) []int {
	var all []int
	add := func(n int) {
		if n >= 2 && n <= largest {
			all = append(all, n)
		}
	}
	for k := 1; k <= b.seams; k++ {
		if k <= b.all {
			for d := -1; d <= 1; d++ {
				add(1<<k + d)
			}
			continue
		}
		add(1<<k - 1 + rng.IntN(3))
	}
	for i := range b.extra {
		if i%2 == 0 {
			add(primes[rng.IntN(len(primes))])
		} else {
			vector := 8 << rng.IntN(3)
			add(vector*(1+rng.IntN(1<<10)) + 1 + rng.IntN(vector-1))
		}
	}
	return sorted(all)
}

// vocabulary are numbers of classes that language models have.
var vocabulary = []int{32000, 50257, 128256, 151936, 256000}

func sorted(sizes []int) []int {
	slices.Sort(sizes)
	return slices.Compact(sizes)
}
