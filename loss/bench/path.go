package bench

import "lossproof/loss/sweep"

// Path says how this program computes the losses: by which kernels.
func Path() string { return sweep.Path() }
