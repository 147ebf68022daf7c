package generated

// table numbers tuples of numbers by their bits, the first one 0.
type table struct {
	width int
	// tuples are those that have a number, one after the other; slots have numbers + 1, at their hashes.
	tuples []uint64
	slots  []int32
}

func newTable(width int) *table { return &table{width: width, slots: make([]int32, 1<<8)} }

func (t *table) len() int { return len(t.tuples) / t.width }

// number returns that of a tuple, and whether it is new.
func (t *table) number(tuple []uint64) (n int32, isNew bool) {
	at := t.slot(tuple)
	if t.slots[at] > 0 {
		return t.slots[at] - 1, false
	}
	n = int32(t.len())
	t.tuples = append(t.tuples, tuple...)
	t.slots[at] = n + 1
	if 2*t.len() > len(t.slots) {
		t.slots = make([]int32, 4*len(t.slots))
		for i := range t.len() {
			t.slots[t.slot(t.tuples[i*t.width:(i+1)*t.width])] = int32(i + 1)
		}
	}
	return n, true
}

// slot is where a tuple is, or has to be.
func (t *table) slot(tuple []uint64) int {
	hash := uint64(0)
	for _, v := range tuple {
		hash = (hash ^ v) * 0x9e3779b97f4a7c15
		hash ^= hash >> 32
	}
	for at := int(hash) & (len(t.slots) - 1); ; at = (at + 1) & (len(t.slots) - 1) {
		n := int(t.slots[at])
		if n == 0 {
			return at
		}
		known, k := t.tuples[(n-1)*t.width:n*t.width], 0
		for k < len(known) && known[k] == tuple[k] {
			k++
		}
		if k == len(known) {
			return at
		}
	}
}
