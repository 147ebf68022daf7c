package sweep

import (
	"fmt"
	"math/rand/v2"
)

// The binades where the results vary with the logit: 2⁻³⁰ to 2⁷. Elsewhere they are log 2 and
// 1/2, or 0, 1 and the logit, as far as float32 can tell.
const (
	firstBusy   = 127 - 30 // biased exponents
	lastBusy    = 127 + 6
	quietFactor = 16
)

// sample returns the bits of magnitudes, ascending: of each binade the first and the last
// number and a random one of each of perBinade equal parts, of the quiet ones of a sixteenth as many.
func sample(perBinade int) []uint32 {
	const binade = 1 << 23
	rng := rand.New(rand.NewPCG(9, 10))
	var magnitudes []uint32
	for exponent := range 256 { // 0 are the subnormal numbers, 255 infinity and the NaNs
		parts := perBinade
		if exponent < firstBusy || exponent > lastBusy {
			parts = max(1, perBinade/quietFactor)
		}
		base := uint32(exponent) * binade
		magnitudes = append(magnitudes, base)
		for k := range parts {
			lo, hi := binade*k/parts, binade*(k+1)/parts
			m := base + uint32(lo+rng.IntN(hi-lo))
			if m != base && m != base+binade-1 {
				magnitudes = append(magnitudes, m)
			}
		}
		magnitudes = append(magnitudes, base+binade-1)
	}
	return magnitudes
}

// SampleText says what [Sample] looks at.
func SampleText(perBinade int) string {
	return fmt.Sprintf("a stratified sample, which proves nothing: of each binade of float32, of either sign, the first and the last number and a random one of each of %d equal parts (%d where |x| < 2⁻³⁰ or |x| ≥ 2⁷); subnormal numbers, infinities and NaNs included",
		perBinade, max(1, perBinade/quietFactor))
}
