package main

import (
	"testing"

	"lossproof/internal/testports"
)

// TestLargeIntegersAreExact: a class index beyond 2⁵³ is written as it is, for people and for Python.
func TestLargeIntegersAreExact(t *testing.T) {
	const largest = "CrossEntropyLoss/rejections/f32-mean-index-largest"
	check(t, command("show", largest), 0, "    1 9223372036854775807 1 0\n")
	check(t, against(t, testports.Port{}, "repro", largest), 0, "target = torch.tensor([1, 9223372036854775807, 1, 0], dtype=torch.int64)\n")
	check(t, command("show", "CrossEntropyLoss/rejections/f32-mean-index-smallest"), 0, "    1 -9223372036854775808 1 0\n")
	check(t, command("show", "BCEWithLogitsLoss/rejections/bool-input"), 0, "    1 0 1\n")
}
