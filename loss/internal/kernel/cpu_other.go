//go:build !amd64 || purego

package kernel

const (
	assembled = false
	useAVX2   = false
	useAVX512 = false
	useF16C   = false
)
