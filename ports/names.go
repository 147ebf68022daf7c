package ports

// The inputs of a call.
const (
	Input      = "input"
	Target     = "target"
	Weight     = "weight"
	PosWeight  = "pos_weight"
	GradOutput = "grad_output"
)

// The outputs that may be asked for.
const (
	Loss       = "loss"
	GradInput  = "grad_input"
	GradTarget = "grad_target"
	GradWeight = "grad_weight"
)

// The kinds of a rejection.
const (
	KindShape  = "shape"
	KindDType  = "dtype"
	KindOption = "option"
	KindValue  = "value"
)
