package loss

import "lossproof/loss/internal/kernel"

// Kernels says in words by which kernels this program computes the losses: it depends on the processor and on the build.
func Kernels() string { return kernel.Path() }

// CheckKernels returns an error where the environment variable LOSSPROOF_KERNEL, which keeps the kernels to less than the
// processor has, has a value other than avx2 and purego: the losses run as if it were not set.
func CheckKernels() error { return kernel.CheckLimit() }
