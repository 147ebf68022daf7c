package ports

import (
	"slices"

	"lossproof/tensor"
)

// Module is a loss: what its constructor and its call take, and what they give. The same table,
// for other languages, is fixtures/data/modules.json.
type Module struct {
	// Name is PyTorch's class name.
	Name string `json:"name"`
	// Prefix begins the ids of its rules.
	Prefix string `json:"prefix"`
	// Since is the version of the fixtures that the module came with.
	Since string `json:"since"`
	// LossOf says what each element of the loss belongs to without a reduction.
	LossOf Extent `json:"loss_of"`
	// Inputs are the tensors of a call, in the order of [InputNames].
	Inputs []Argument `json:"inputs"`
	// Options are the names of its options.
	Options []string `json:"options"`
	// Outputs are the loss and the gradients that PyTorch gives.
	Outputs []string `json:"outputs"`
}

// Extent is the part of the input that one element of an unreduced loss is computed from.
type Extent string

// The extents.
const (
	// OfElement: the loss has the shape of the input.
	OfElement Extent = "element"
	// OfLastDimension: the loss lacks the last dimension of the input.
	OfLastDimension Extent = "last_dimension"
	// OfClassDimension: the loss lacks dimension 1 of the input, or its only one.
	OfClassDimension Extent = "class_dimension"
)

// Argument is an input that a module takes.
type Argument struct {
	Name  string `json:"name"`
	Holds Holds  `json:"holds"`
	Shape Shape  `json:"shape"`
	// MinRank is the smallest number of dimensions of an input.
	MinRank  int  `json:"min_rank,omitempty"`
	Optional bool `json:"optional,omitempty"`
}

// Holds says what the elements of an argument mean.
type Holds string

// What arguments hold.
const (
	Logits        Holds = "logits"
	Probabilities Holds = "probabilities"
	// Classes are class indices, which are integers, or class probabilities.
	Classes   Holds = "classes"
	Weights   Holds = "weights"
	Gradients Holds = "gradients"
)

// Shape says which shape an argument has.
type Shape string

// The shapes of arguments.
const (
	AnyShape   Shape = "any"
	InputShape Shape = "input"
	// Broadcast: the argument broadcasts to the shape of the input.
	Broadcast Shape = "broadcast"
	// ClassShape: class indices lack the class dimension of the input, class probabilities do not.
	ClassShape Shape = "rows"
	// PerClass: one element for each class.
	PerClass  Shape = "class"
	LossShape Shape = "loss"
)

var (
	input     = Argument{Name: Input, Holds: Logits, Shape: AnyShape}
	target    = Argument{Name: Target, Holds: Probabilities, Shape: InputShape}
	weight    = Argument{Name: Weight, Holds: Weights, Shape: Broadcast, Optional: true}
	posWeight = Argument{Name: PosWeight, Holds: Weights, Shape: Broadcast, Optional: true}
	upstream  = Argument{Name: GradOutput, Holds: Gradients, Shape: LossShape, Optional: true}

	reductions = []string{"reduction", "size_average", "reduce"}
)

// modules is the table. A module comes last that came last.
var modules = []Module{
	{
		Name: BCEWithLogitsLoss, Prefix: "BCEWL", Since: "1.0.0",
		LossOf:  OfElement,
		Inputs:  []Argument{input, target, weight, posWeight, upstream},
		Options: reductions,
		Outputs: []string{Loss, GradInput, GradTarget},
	},
	{
		Name: MultiLabelSoftMarginLoss, Prefix: "MLSM", Since: "1.0.0",
		LossOf:  OfLastDimension,
		Inputs:  []Argument{input.ranked(1), target, weight, upstream},
		Options: reductions,
		Outputs: []string{Loss, GradInput, GradTarget, GradWeight},
	},
	{
		Name: BCELoss, Prefix: "BCE", Since: "1.1.0",
		LossOf:  OfElement,
		Inputs:  []Argument{input.holding(Probabilities, AnyShape), target, weight, upstream},
		Options: reductions,
		Outputs: []string{Loss, GradInput, GradTarget},
	},
	{
		Name: CrossEntropyLoss, Prefix: "CE", Since: "1.1.0",
		LossOf:  OfClassDimension,
		Inputs:  []Argument{input.ranked(1), target.holding(Classes, ClassShape), weight.holding(Weights, PerClass), upstream},
		Options: append(slices.Clone(reductions), "ignore_index", "label_smoothing"),
		Outputs: []string{Loss, GradInput, GradTarget, GradWeight},
	},
}

func (a Argument) ranked(least int) Argument { a.MinRank = least; return a }

func (a Argument) holding(holds Holds, shape Shape) Argument {
	a.Holds, a.Shape = holds, shape
	return a
}

// Modules returns all modules.
func Modules() []Module { return slices.Clone(modules) }

// ModuleNames returns the names of all modules.
func ModuleNames() []string {
	names := make([]string, len(modules))
	for i := range modules {
		names[i] = modules[i].Name
	}
	return names
}

// ModuleOf returns the module of that name; without one a Module that takes and gives nothing.
func ModuleOf(name string) Module {
	for _, m := range modules {
		if m.Name == name {
			return m
		}
	}
	return Module{Name: name}
}

// Input returns the input of that name, the zero Argument where the module takes none.
func (m Module) Input(name string) Argument {
	for _, a := range m.Inputs {
		if a.Name == name {
			return a
		}
	}
	return Argument{}
}

// Takes reports whether the module has an input or an option of that name.
func (m Module) Takes(name string) bool {
	return m.Input(name).Name != "" || slices.Contains(m.Options, name)
}

// DTypes are those of inputs that checks of the module have.
func (m Module) DTypes() []tensor.DType {
	return []tensor.DType{tensor.Float16, tensor.BFloat16, tensor.Float32, tensor.Float64}
}

// HasClasses reports whether the input has a dimension of classes, so that a target may be class
// indices.
func (m Module) HasClasses() bool { return m.LossOf == OfClassDimension }

// InputNames returns the names of the inputs of all modules, in their order.
func InputNames() []string { return []string{Input, Target, Weight, PosWeight, GradOutput} }

// OutputNames returns the names of the outputs of all modules, in their order.
func OutputNames() []string { return []string{Loss, GradInput, GradTarget, GradWeight} }

// Present returns those of names that are keys of m, in their order.
func Present[V any](names []string, m map[string]V) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { _, ok := m[name]; return !ok })
}
