package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"lossproof/tensor"
)

// jsonTensor is a tensor as it stands in a message. Go writes a non-nil []byte as
// padded base64.
type jsonTensor struct {
	DType tensor.DType `json:"dtype"`
	Shape []int        `json:"shape"`
	Data  []byte       `json:"data"`
}

// encodeTensor checks t and gives it its form on the wire.
func encodeTensor(t tensor.Tensor, name string) (jsonTensor, error) {
	if _, err := tensor.New(t.DType, t.Shape, t.Data); err != nil {
		return jsonTensor{}, fmt.Errorf("%s: %w", name, err)
	}
	// A nil slice would be written as null.
	return jsonTensor{t.DType, append([]int{}, t.Shape...), append([]byte{}, t.Data...)}, nil
}

func encodeTensors(tensors map[string]tensor.Tensor, name string) (map[string]jsonTensor, error) {
	encoded := make(map[string]jsonTensor, len(tensors))
	for key, t := range tensors {
		e, err := encodeTensor(t, name+"."+key)
		if err != nil {
			return nil, err
		}
		encoded[key] = e
	}
	return encoded, nil
}

// decodeTensor decodes a tensor and checks that dtype, shape and the number of bytes
// agree, without allocating for a shape more than the line holds.
func decodeTensor(raw json.RawMessage, name string) (tensor.Tensor, error) {
	o, err := decodeObject(raw, name)
	if err != nil {
		return tensor.Tensor{}, err
	}
	o.need("dtype", "shape", "data")
	dtype := get(o, "dtype", str[tensor.DType])
	if dtype.Size() == 0 {
		o.fail("%s.dtype: got %s, want one of %s", name, excerpt([]byte(dtype)), dtypes)
	}
	shape, data := get(o, "shape", decodeShape), get(o, "data", decodeBase64)
	if o.err != nil {
		return tensor.Tensor{}, o.err
	}
	t, err := tensor.New(dtype, shape, data)
	if err != nil {
		return tensor.Tensor{}, fmt.Errorf("%s: %w", name, err)
	}
	if dtype == tensor.Bool {
		if i := slices.IndexFunc(data, func(b byte) bool { return b > 1 }); i >= 0 {
			return tensor.Tensor{}, fmt.Errorf("%s.data: byte %d of a bool tensor is %d, want 0 or 1", name, i, data[i])
		}
	}
	return t, nil
}

func decodeShape(raw json.RawMessage, name string) ([]int, error) {
	return list(raw, name, maxRank, integer(math.MaxInt))
}

// decodeBase64 decodes a string of RFC 4648 base64, without a copy of the text where it
// has no escapes.
func decodeBase64(raw json.RawMessage, name string) ([]byte, error) {
	text := raw
	if kindOf(raw) != "a string" || bytes.IndexByte(raw, '\\') >= 0 {
		s, err := str[string](raw, name)
		if err != nil {
			return nil, err
		}
		text = []byte(s)
	} else {
		text = text[1 : len(text)-1]
	}
	// Go's decoder skips line ends, which RFC 4648 does not.
	if i := bytes.IndexAny(text, "\r\n"); i >= 0 {
		return nil, fmt.Errorf("%s: illegal base64 data at input byte %d", name, i)
	}
	data := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Strict().Decode(data, text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w, want RFC 4648 with padding", name, err)
	}
	return data[:n], nil
}

// maxRank is the greatest number of dimensions, that of NumPy and PyTorch.
const maxRank = 64

const dtypes = "float16, bfloat16, float32, float64, int64, int32, uint8, bool"
