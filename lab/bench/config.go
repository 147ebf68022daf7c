package bench

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"lossproof/loss"
)

// Config says what one round times.
type Config struct {
	// Module is one of the four of package loss, Reduction mean, sum or none, DType one of
	// [DTypes], Shape such as 4096x1024. CrossEntropyLoss needs two dimensions, rows and classes.
	Module    string `json:"module"`
	Reduction string `json:"reduction"`
	DType     string `json:"dtype"`
	Shape     Shape  `json:"shape"`
	// Threads is the value of GOMAXPROCS.
	Threads int `json:"threads"`
	// Gradient asks for the loss and its gradient in the input in one pass, else for the loss alone.
	Gradient bool `json:"gradient"`
	// Read asks for a plain read of input and target (but class indices) instead of the losses: the time that
	// the memory alone takes. Reduction, Gradient and LabelSmoothing are then not used, and Module need not be given.
	Read bool `json:"read"`
	// LabelSmoothing and ClassProbabilities, the target instead of class indices, are for CrossEntropyLoss.
	LabelSmoothing     float64 `json:"label_smoothing"`
	ClassProbabilities bool    `json:"class_probabilities"`
	// Nearest is that of BCEWithLogitsLoss, for the reduction none and float32.
	Nearest bool `json:"nearest"`
}

const (
	bceLoss                  = "BCELoss"
	bceWithLogitsLoss        = "BCEWithLogitsLoss"
	crossEntropyLoss         = "CrossEntropyLoss"
	multiLabelSoftMarginLoss = "MultiLabelSoftMarginLoss"
)

// DTypes returns the names of the element types.
func DTypes() []string { return []string{"float32", "float64", "float16", "bfloat16"} }

// maxElements bounds a tensor: 2³⁰ elements of float64 are 8 GB.
const maxElements = 1 << 30

// check returns the number of elements and the reduction.
func (c Config) check() (n int, reduction loss.Reduction, err error) {
	if !slices.Contains(DTypes(), c.DType) {
		return 0, 0, fmt.Errorf("dtype: got %q, want one of %s", c.DType, strings.Join(DTypes(), ", "))
	}
	if c.Threads < 1 {
		return 0, 0, fmt.Errorf("threads: got %d, want at least 1", c.Threads)
	}
	if n, err = c.Shape.elements(); err != nil {
		return 0, 0, err
	}
	if c.Read && c.Module == "" {
		return n, 0, nil
	}
	if c.Nearest {
		for _, o := range [][3]string{{"module", c.Module, bceWithLogitsLoss}, {"reduction", c.Reduction, "none"}, {"dtype", c.DType, "float32"}} {
			if o[1] != o[2] {
				return 0, 0, fmt.Errorf("%s: got %s with nearest, want %s: it changes no other results", o[0], o[1], o[2])
			}
		}
	}
	switch c.Module {
	case bceLoss, bceWithLogitsLoss, multiLabelSoftMarginLoss:
		if c.LabelSmoothing != 0 || c.ClassProbabilities {
			return 0, 0, fmt.Errorf("module: got %s with label smoothing or class probabilities, which only %s has", c.Module, crossEntropyLoss)
		}
	case crossEntropyLoss:
		if len(c.Shape) != 2 {
			return 0, 0, fmt.Errorf("shape: got %s, want rows and classes for %s, as in 4096x1000", c.Shape, crossEntropyLoss)
		}
	default:
		return 0, 0, fmt.Errorf("module: got %q, want %s, %s, %s or %s", c.Module, bceLoss, bceWithLogitsLoss, crossEntropyLoss, multiLabelSoftMarginLoss)
	}
	if c.Read {
		return n, 0, nil
	}
	reduction, err = loss.ParseReduction(c.Reduction)
	return n, reduction, err
}

// Shape is a shape; as text its dimensions are joined by x, as in 4096x1024.
type Shape []int

// ParseShape reads a shape such as 4096x1024.
func ParseShape(text string) (Shape, error) {
	var s Shape
	for part := range strings.SplitSeq(text, "x") {
		d, err := strconv.Atoi(part)
		if err != nil || d < 1 {
			return nil, fmt.Errorf("shape: got %q, want dimensions of at least 1 joined by x, as in 4096x1024", text)
		}
		s = append(s, d)
	}
	_, err := s.elements()
	return s, err
}

func (s Shape) elements() (int, error) {
	if len(s) == 0 {
		return 0, fmt.Errorf("shape: got none, want one such as 4096x1024")
	}
	n := 1
	for _, d := range s {
		if d < 1 || n > math.MaxInt/d || n*d > maxElements {
			return 0, fmt.Errorf("shape: got %s, want dimensions of at least 1 and at most %d elements", s, maxElements)
		}
		n *= d
	}
	return n, nil
}

func (s Shape) String() string {
	parts := make([]string, len(s))
	for i, d := range s {
		parts[i] = strconv.Itoa(d)
	}
	return strings.Join(parts, "x")
}

// MarshalText implements [encoding.TextMarshaler].
func (s Shape) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *Shape) UnmarshalText(text []byte) error {
	shape, err := ParseShape(string(text))
	*s = shape
	return err
}
