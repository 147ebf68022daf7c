package diagnosis

import (
	"math"
	"testing"

	"lossproof/ports"
)

// TestTelling: tests that leave nothing out are left out, and bounds that leave out infinite logits alone become that.
func TestTelling(t *testing.T) {
	of := func(q quantity, v float64) (r row) {
		r.values[q] = v
		if q <= logitLow {
			r.marks = marksOf(v, 0, false)
		}
		return r
	}
	at, none := []row{of(logitLow, -3), of(logitLow, 4), of(logitLow, math.Inf(-1)), of(logitLow, math.Inf(1))}, math.NaN()
	for _, one := range []struct {
		test test
		rows []row
		want string
	}{
		{test{of: logitLow, low: -math.MaxFloat64, high: none}, at, "where no logit is -Inf"},
		{test{of: logitLow, low: none, high: 5}, at, "where no logit is +Inf"},
		{test{of: logitLow, low: -2, high: none}, at, "where every logit is -2 or more"},
		{test{of: logitLow, low: -2, high: 5}, at, "where no logit is +Inf, where every logit is -2 or more"},
		{test{of: elements, low: 0, high: none}, []row{of(elements, 0), of(elements, 8)}, ""},
		{test{of: elements, low: 0, high: 4}, []row{of(elements, 0), of(elements, 8)}, "for 0 to 4 elements"},
		{without(infiniteMark), at[:2], ""},
		{test{of: logitLow, low: math.Inf(1), high: none}, at, "where every logit is +Inf"},
		{test{of: logitLow, low: math.Inf(-1), high: none}, append(at, of(logitLow, none)), ""},
	} {
		b := Border{Module: ports.BCEWithLogitsLoss, Outputs: []string{ports.Loss}, tests: telling([]test{one.test}, one.rows)}
		if got := b.String(); got != one.want {
			t.Errorf("%+v says %q, want %q", one.test, got, one.want)
		}
	}
}
