//go:build amd64 && !purego

package kernel

import (
	"strings"
	"testing"
)

func TestPath(t *testing.T) {
	withoutAVX2(t)
	for _, useAVX2 = range []bool{false, true} {
		if got := Path(); strings.HasPrefix(got, "the AVX2 kernels") != useAVX2 {
			t.Errorf("with useAVX2 %t: got %q", useAVX2, got)
		}
	}
}
