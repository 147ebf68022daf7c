package sweep

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// The binades where the results vary with the logit: 2⁻³⁰ to 2⁷. Elsewhere they are log 2 and
// 1/2, or 0, 1 and the logit, as far as float32 can tell.
const (
	firstBusy   = 127 - 30 // biased exponents
	lastBusy    = 127 + 6
	quietFactor = 16
)

const binade = 1 << 23

// sample returns the bits of magnitudes, ascending: of each binade the first and the last
// number and a random one of each of perBinade equal parts, of the quiet ones of a sixteenth as many.
func (m *module) sample(perBinade int) []uint32 {
	rng := rand.New(rand.NewPCG(9, 10))
	var magnitudes []uint32
	for exponent := range int(m.last/binade) + 1 { // 0 are the subnormal numbers, 255 infinity and the NaNs
		parts := perBinade
		if exponent < m.firstBusy || exponent > m.lastBusy {
			parts = max(1, perBinade/quietFactor)
		}
		base := uint32(exponent) * binade
		magnitudes = append(magnitudes, base)
		for k := range parts {
			m := base + uint32(drawPart(rng, binade, k, parts))
			if m != base && m != base+binade-1 {
				magnitudes = append(magnitudes, m)
			}
		}
		magnitudes = append(magnitudes, base+binade-1)
	}
	if m.ends {
		magnitudes = append(magnitudes, nearEnds(perBinade, rng)...)
	}
	slices.Sort(magnitudes)
	magnitudes = slices.Compact(magnitudes)
	end, _ := slices.BinarySearch(magnitudes, m.last+1)
	return magnitudes[:end]
}

// nearEnds returns the bits of numbers near 0 and 1: of each binade of the subnormal numbers, and of 1-x, a random one of each of perBinade equal parts,
// or all if there are no more.
func nearEnds(perBinade int, rng *rand.Rand) []uint32 {
	var magnitudes []uint32
	for first := 1; first < binade; first *= 2 { // in units of the smallest number, and of 2⁻²⁴
		parts := min(perBinade, first)
		for k := range parts {
			m := uint32(first + drawPart(rng, first, k, parts))
			magnitudes = append(magnitudes, m, one32-m)
		}
	}
	return magnitudes
}

// drawPart draws one of the numbers below n that are in the k-th of equal parts.
func drawPart(rng *rand.Rand, n, k, parts int) int {
	edge := func(k int) int { return int(int64(n) * int64(k) / int64(parts)) } // the product is no 32-bit number
	return edge(k) + rng.IntN(edge(k+1)-edge(k))
}

// sampleText says what [Sample] looks at.
func (m *module) sampleText(perBinade int) string {
	const text = "a stratified sample, which proves nothing: of each binade of float32"
	if m.ends {
		return fmt.Sprintf(text+" up to 1 the first and the last number and a random one of each of %d equal parts, and as many in each binade of 1-x and of the subnormal numbers; 0, -0 and 1 included", perBinade)
	}
	return fmt.Sprintf(text+", of either sign, the first and the last number and a random one of each of %d equal parts (%d where |x| < 2⁻³⁰ or |x| ≥ 2⁷); subnormal numbers, infinities and NaNs included",
		perBinade, max(1, perBinade/quietFactor))
}
