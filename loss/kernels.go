package loss

import "lossproof/loss/internal/kernel"

// Kernels says in words by which kernels this program computes the losses: it depends on the processor and on the build.
func Kernels() string { return kernel.Path() }
