//go:build amd64 && !purego

package kernel

import "golang.org/x/sys/cpu"

const assembled = true

// useAVX2 and useAVX512 say which assembly runs, useF16C whether 16-bit numbers are converted by it.
var (
	useAVX2, useAVX512 = paths(limit)
	useF16C            = useAVX2 && cpu.X86.HasF16C
)

func paths(limit string) (avx2, avx512 bool) {
	avx2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA && limit != limitGo
	avx512 = avx2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL && limit != limitAVX2
	return avx2, avx512
}
