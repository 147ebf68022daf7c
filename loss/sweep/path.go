package sweep

import "lossproof/loss/internal/kernel"

// Path says how this program computes the losses: by which kernels.
func Path() string { return kernel.Path() }
