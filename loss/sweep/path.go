package sweep

// Path says how this program computes the losses: by which kernels.
func Path() string {
	return "the portable Go kernels"
}
