//go:build amd64 && !purego

package kernel

// Path says in words which of the two implementations of the passes this program runs.
func Path() string {
	if useAVX2 {
		return "the AVX2 kernels"
	}
	return "the Go kernels, as the processor lacks AVX2 or FMA"
}
