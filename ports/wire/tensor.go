package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"

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
	for _, member := range []string{"dtype", "shape", "data"} {
		if _, ok := o[member]; !ok {
			return tensor.Tensor{}, fmt.Errorf("%s: member %q is missing", name, member)
		}
	}
	dtype, err := str(o["dtype"], name+".dtype")
	if err != nil {
		return tensor.Tensor{}, err
	}
	if tensor.DType(dtype).Size() == 0 {
		return tensor.Tensor{}, fmt.Errorf("%s.dtype: got %s, want one of %s", name, excerpt([]byte(dtype)), dtypes)
	}
	dimensions, err := list(o["shape"], name+".shape")
	if err != nil {
		return tensor.Tensor{}, err
	}
	if len(dimensions) > maxRank {
		return tensor.Tensor{}, fmt.Errorf("%s.shape: got %d dimensions, want at most %d", name, len(dimensions), maxRank)
	}
	shape := make([]int, len(dimensions))
	for i, dimension := range dimensions {
		d, err := integer(dimension, fmt.Sprintf("%s.shape[%d]", name, i), math.MaxInt)
		if err != nil {
			return tensor.Tensor{}, err
		}
		shape[i] = int(d)
	}
	data, err := decodeBase64(o["data"], name+".data")
	if err != nil {
		return tensor.Tensor{}, err
	}
	t, err := tensor.New(tensor.DType(dtype), shape, data)
	if err != nil {
		return tensor.Tensor{}, fmt.Errorf("%s: %w", name, err)
	}
	if t.DType == tensor.Bool {
		for i, b := range t.Data {
			if b > 1 {
				return tensor.Tensor{}, fmt.Errorf("%s.data: byte %d of a bool tensor is %d, want 0 or 1", name, i, b)
			}
		}
	}
	return t, nil
}

// decodeBase64 decodes a string of RFC 4648 base64, without a copy of the text where it
// has no escapes.
func decodeBase64(raw json.RawMessage, name string) ([]byte, error) {
	text := raw
	if kindOf(raw) != "a string" || bytes.IndexByte(raw, '\\') >= 0 {
		s, err := str(raw, name)
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

// decodeTensors decodes an object of tensors.
func decodeTensors(raw json.RawMessage, name string) (map[string]tensor.Tensor, error) {
	o, err := decodeObject(raw, name)
	if err != nil {
		return nil, err
	}
	tensors := make(map[string]tensor.Tensor, len(o))
	for key, value := range o {
		t, err := decodeTensor(value, name+"."+key)
		if err != nil {
			return nil, err
		}
		tensors[key] = t
	}
	return tensors, nil
}

// maxRank is the greatest number of dimensions, that of NumPy and PyTorch.
const maxRank = 64

const dtypes = "float16, bfloat16, float32, float64, int64, int32, uint8, bool"
