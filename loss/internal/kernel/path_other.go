//go:build !amd64 || purego

package kernel

// Path says in words which of the two implementations of the passes this program runs.
func Path() string { return "the Go kernels, without assembly" }
