//go:build amd64 && !purego

package kernel

import (
	"os"

	"golang.org/x/sys/cpu"
)

const assembled = true

// useAVX2 and useAVX512 say which assembly runs. The environment variable LOSSPROOF_KERNEL, which tests use, keeps to less than the
// processor has: purego or avx2.
var useAVX2, useAVX512 = paths(os.Getenv("LOSSPROOF_KERNEL"))

func paths(limit string) (avx2, avx512 bool) {
	avx2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA && limit != "purego"
	avx512 = avx2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL && limit != "avx2"
	return avx2, avx512
}
