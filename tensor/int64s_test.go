package tensor_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossproof/tensor"
)

func TestInt64s(t *testing.T) {
	want := []int64{0, -100, math.MaxInt64, math.MinInt64, 1<<53 + 1}
	data := make([]byte, 0, 8*len(want))
	for _, v := range want {
		data = binary.LittleEndian.AppendUint64(data, uint64(v))
	}
	indices, err := tensor.New(tensor.Int64, []int{len(want)}, data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, indices.Int64s()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
