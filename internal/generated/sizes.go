package generated

import (
	"math/rand/v2"
	"slices"
)

// primes are odd sizes that no block divides.
var primes = []int{11, 13, 23, 37, 61, 97, 131, 251, 509, 769, 1021, 1531, 2039, 3067, 4093, 5003, 6143, 8191, 12289, 16381}

// sizes returns the sizes at which a check is made, the smallest first: 2^k-1, 2^k and 2^k+1, of larger
// k one of them, odd primes, and what leaves a tail of a vector. Beyond b.each, large of the k are left,
// one of them from least on. What lies elsewhere is drawn from others.
func sizes(rng, others *rand.Rand, b budget, last, large, least int) []int {
	var all []int
	near := func(k int) { all = append(all, max(2, 1<<k-1+rng.IntN(3))) }
	for k := 1; k <= min(b.each, last); k++ {
		if k > b.all {
			near(k)
			continue
		}
		all = append(all, max(2, 1<<k-1), 1<<k, 1<<k+1)
	}
	if beyond := last - b.each; beyond > 0 && large > 0 {
		order := rng.Perm(beyond)
		least = max(0, least-b.each-1)
		at := slices.Index(order, least+rng.IntN(beyond-least))
		order[0], order[at] = order[at], order[0]
		for _, i := range order[:min(large, beyond)] {
			near(b.each + 1 + i)
		}
	}
	for i := range b.extra {
		if i%2 == 0 {
			all = append(all, primes[others.IntN(len(primes))])
		} else {
			vector := 8 << others.IntN(3)
			all = append(all, vector*(1+others.IntN(1<<9))+1+others.IntN(vector-1))
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if largest := 1<<last + 1; all[len(all)-1] > largest {
		all = slices.DeleteFunc(all, func(n int) bool { return n > largest })
	}
	return all
}

// halves returns the sizes at which a check is made in 16 bits: near every power of two that steps leaves, and an odd prime.
func (b budget) halves(rng *rand.Rand, last int) []int {
	var all []int
	for k := 1 + rng.IntN(b.step); k <= last; k += b.step {
		all = append(all, max(2, 1<<k-1+rng.IntN(3)))
	}
	all = append(all, min(1<<last, primes[rng.IntN(len(primes))]))
	slices.Sort(all)
	return slices.Compact(all)
}

// vocabulary are numbers of classes that language models have.
var vocabulary = []int{32000, 50257, 128256, 151936, 256000}
