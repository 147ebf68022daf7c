//go:build amd64 && !purego

package kernel

import "golang.org/x/sys/cpu"

const assembled = true

// useAVX2 is whether the processor runs the assembly.
var useAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA
