package diagnosis

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"lossproof/internal/claim"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// quantity is a number that a call or one of its elements has. An element of an output that is made of
// several elements of the input has the largest and the smallest of theirs.
type quantity int

// The quantities. Those of elements come in pairs, the largest and the smallest.
const (
	logitHigh quantity = iota
	logitLow
	sizeHigh
	sizeLow
	targetHigh
	targetLow
	weightHigh
	weightLow
	posWeightHigh
	posWeightLow
	upstreamHigh
	upstreamLow
	// own is the logit of the element itself where the output has the shape of the input and a row has
	// several logits, ownSize its size.
	own
	ownSize
	// belowMax is how far a logit is below the largest of its row.
	belowMax
	// position is that in the flat tensor, of the last one where there are several, and remainders are
	// what is left of it by powers of two.
	position
	// fromEnd counts positions from the last on, and column is the position along the classes, or the last
	// dimension.
	fromEnd
	column
	elements
	classes
	rows
	rank
	// smoothing is the label_smoothing of the call.
	smoothing
	// ignoring is the ignore_index of the call, where it is given.
	ignoring
	quantities
)

// marks are what an element, or one of those that it is made of, may have: a number that is no ordinary one, or a row
// that is ignored. A row has them as bits.
var marks = []struct{ of, is string }{{"logit", "+Inf"}, {"logit", "-Inf"}, {"logit", "NaN"}, {"target", "NaN"}, {"row", "ignored"}}

// The places of infinite logits among the marks.
const infiniteMark, maskedMark = 0, 1

// marksOf returns those of a logit, its target, and whether its row is ignored.
func marksOf(x, target float64, ignored bool) (bits uint8) {
	for k, has := range []bool{math.IsInf(x, 1), math.IsInf(x, -1), math.IsNaN(x), math.IsNaN(target), ignored} {
		if has {
			bits |= 1 << k
		}
	}
	return bits
}

// row is an element of an output, with what may be said of it.
type row struct {
	place   *place
	element int
	fails   bool
	values  [quantities]float64
	marks   uint8
	atoms   []atom
	// got and want are its numbers, and allowed is how far they may be apart.
	got, want, allowed float64
}

// test is a part of a border: a quantity above or below a number, or an atom.
type test struct {
	atom
	of quantity
	// low and high bound the quantity, both included, NaN for no bound.
	low, high float64
	// mod and rest say that the position leaves rest by mod, where mod is not 0.
	mod, rest int
	// tail says that the position is in what is left over by blocks of so many, where it is not 0.
	tail int
	// mark is that of an atom of this kind.
	mark int
}

func (t test) holds(r *row) bool {
	if t.mod > 0 {
		return int(r.values[position])%t.mod == t.rest
	}
	if t.tail > 0 {
		n := int(r.values[elements])
		return int(r.values[position]) >= n-n%t.tail
	}
	if t.kind == ofMark {
		return (r.marks>>t.mark&1 != 0) != t.not
	}
	if t.kind != "" {
		return slices.Contains(r.atoms, t.atom)
	}
	v := r.values[t.of]
	return !(v < t.low) && !(v > t.high) && !math.IsNaN(v)
}

// Border tells the elements of outputs that a port gets wrong from those that it gets right.
type Border struct {
	Module  string
	Outputs []string
	tests   []test
	// single says that each failing element is made of one element of the input.
	single bool
}

// Holds reports whether an element of an output of a call lies within the border, where answers are wrong.
func (b *Border) Holds(call ports.Call, words []string, output string, index int) bool {
	if call.Module != b.Module || !slices.Contains(b.Outputs, output) {
		return false
	}
	p := &place{exhibit: &exhibit{observation: observation{words: words}, call: call}, output: output}
	for _, r := range rowsOf(p, []int{index}, nil) {
		return b.holds(&r)
	}
	return false
}

func (b *Border) holds(r *row) bool {
	for _, t := range b.tests {
		if !t.holds(r) {
			return false
		}
	}
	return true
}

// String writes a border for people.
func (b *Border) String() string {
	var parts []string
	for _, t := range b.tests {
		parts = append(parts, t.text(b))
	}
	return strings.Join(parts, ", ")
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

func (t test) text(b *Border) string {
	if t.mod > 0 {
		return fmt.Sprintf("at the positions that leave %d by %d", t.rest, t.mod)
	}
	if t.tail > 0 {
		return fmt.Sprintf("in what is left over by blocks of %d elements", t.tail)
	}
	if t.kind == ofMark {
		return t.marked(b)
	}
	if t.kind != "" {
		return t.atom.String()
	}
	name := map[quantity]string{
		logitHigh: "logit", logitLow: "logit", sizeHigh: "logit", sizeLow: "logit", targetHigh: "target", targetLow: "target",
		weightHigh: "weight", weightLow: "weight", posWeightHigh: "pos_weight", posWeightLow: "pos_weight",
		upstreamHigh: "upstream gradient", upstreamLow: "upstream gradient", own: "logit", ownSize: "logit", belowMax: "distance of the logit from the largest of its row",
		elements: "element", classes: "class", rows: "row", rank: "dimension", smoothing: "label_smoothing", ignoring: "ignore_index",
	}[t.of]
	if b.Module == ports.BCELoss && name == "logit" {
		name = "probability"
	}
	if t.of == belowMax && !slices.Equal(b.Outputs, []string{ports.GradInput}) {
		name = "largest distance of a logit from the largest of its row"
	}
	low, high := !math.IsNaN(t.low), !math.IsNaN(t.high)
	several := !b.single && t.of < own
	which := "the "
	if several {
		which = "a "
		if (t.of%2 == 0) != low { // the largest is bounded above, or the smallest below
			which = "every "
		}
	}
	if t.of == smoothing || t.of == ignoring {
		which = ""
	}
	if t.of == sizeHigh || t.of == sizeLow || t.of == ownSize {
		if t.high == 0 {
			return "where " + which + name + " is 0"
		}
		name = "|" + name + "|"
	}
	if low && high && (t.low == t.high || number(t.low) == number(t.high)) {
		switch t.of {
		case elements, classes, rows, rank:
			return "for " + plural(int(t.low), name)
		case position:
			return fmt.Sprintf("at position %d", int(t.low))
		case fromEnd:
			if t.low == 0 {
				return "at the last position"
			}
			return fmt.Sprintf("at the position %d before the last", int(t.low))
		case column:
			return fmt.Sprintf("in column %d", int(t.low))
		}
		if several {
			which = map[quantity]string{0: "the largest ", 1: "the smallest "}[t.of%2]
		}
		return fmt.Sprintf("where %s%s is %s", which, name, number(t.low))
	}
	between := func(above, below string) string {
		switch {
		case math.IsInf(t.low, 1):
			return above + " +Inf"
		case math.IsInf(t.high, -1):
			return below + " -Inf"
		case math.IsInf(t.low, -1) && !high:
			return above + " a number"
		case low && high:
			return above + " " + number(t.low) + " or more and " + number(t.high) + " or less"
		case low:
			return above + " " + number(t.low) + " or more"
		}
		return below + " " + number(t.high) + " or less"
	}
	switch t.of {
	case elements, classes, rows, rank:
		more := func(n float64) string { return plural(int(n), name) }
		switch {
		case t.low == 0 && !high:
			return "for an input that is no scalar"
		case t.high == 0:
			return "for " + more(0)
		case t.high == 1 && !low:
			return "for at most " + more(1)
		case low && high:
			return fmt.Sprintf("for %d to %s", int(t.low), more(t.high))
		case low:
			return "for " + more(t.low) + " or more"
		}
		return "for " + more(t.high) + " or fewer"
	case fromEnd:
		switch {
		case low && high:
			return fmt.Sprintf("at the positions %d to %d before the last", int(t.low), int(t.high))
		case low:
			return fmt.Sprintf("but for the last %d positions", int(t.low))
		}
		if t.high == 0 {
			return "at the last position"
		}
		return fmt.Sprintf("at the last %d positions", int(t.high)+1)
	case column:
		switch {
		case low && high:
			return fmt.Sprintf("in the columns %d to %d", int(t.low), int(t.high))
		case low:
			return fmt.Sprintf("from column %d on", int(t.low))
		}
		if t.high == 0 {
			return "in the first column"
		}
		return fmt.Sprintf("in the columns 0 to %d", int(t.high))
	case position:
		switch {
		case low && high:
			return fmt.Sprintf("at the positions %d to %d", int(t.low), int(t.high))
		case low:
			return fmt.Sprintf("from position %d on", int(t.low))
		}
		if t.high == 0 {
			return "at the first position"
		}
		return fmt.Sprintf("at the positions 0 to %d", int(t.high))
	}
	return between("where "+which+name+" is", "where "+which+name+" is")
}

// marked says that an element has a mark, or has it not.
func (t test) marked(b *Border) string {
	of, is := marks[t.mark].of, marks[t.mark].is
	if of == "logit" && b.Module == ports.BCELoss {
		of = "probability"
	}
	switch {
	case b.single && t.not:
		return "where the " + of + " is not " + is
	case b.single:
		return "where the " + of + " is " + is
	case t.not:
		return "where no " + of + " is " + is
	}
	return "where a " + of + " is " + is
}

// wholeCall stands for an output where a border is about calls, not about elements of an output.
const wholeCall = "call"

// plural writes a number with the word that agrees with it.
func plural(n int, word string) string {
	switch {
	case n == 1:
		return "1 " + word
	case word == "class":
		return fmt.Sprintf("%d classes", n)
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// The bounds of what is looked at for a border.
const (
	maxRowsOfPlace = 48
	maxRows        = 12_000
	maxTests       = 3
	// remainders are the powers of two, and threes, by which a position may leave a rest.
	maxModulus = 64
)

// rowsOf describes elements of an output; wrong says which of them fail, nil for none.
func rowsOf(p *place, indices []int, wrong map[int]bool) []row {
	call := p.call
	input := call.Inputs[ports.Input]
	x := input.Float64s()
	module := ports.ModuleOf(call.Module)
	shape := input.Shape
	axis := tensor.Classes{}
	perRow := module.LossOf != ports.OfElement
	n := len(x)
	width := 1
	if perRow && len(shape) > 0 {
		if module.LossOf == ports.OfClassDimension {
			axis = tensor.ClassesOf(shape)
			width = axis.Count
		} else {
			width = shape[len(shape)-1]
		}
	}
	values := func(name string) func(i int) (float64, bool) {
		t, ok := call.Inputs[name]
		if !ok {
			return nil
		}
		if module.HasClasses() && (name == ports.Weight || name == ports.Target && !t.DType.IsFloat()) {
			if len(shape) == 0 {
				return nil
			}
			return func(i int) (float64, bool) {
				k := axis.Class(i)
				if name == ports.Target {
					k = axis.Row(i)
				}
				if k >= t.Len() {
					return 0, false
				}
				return t.Float64(k), true
			}
		}
		at, ok := tensor.Broadcast(t, shape)
		if !ok {
			return nil
		}
		return func(i int) (float64, bool) { return at(i), true }
	}
	type given struct {
		of    quantity
		value func(i int) (float64, bool)
	}
	var others []given
	for _, g := range []given{{targetHigh, values(ports.Target)}, {weightHigh, values(ports.Weight)}, {posWeightHigh, values(ports.PosWeight)}} {
		if g.value != nil {
			others = append(others, g)
		}
	}
	target := values(ports.Target)
	targetOf := func(k int) float64 {
		if target == nil {
			return 0
		}
		v, _ := target(k)
		return v
	}
	ignored := float64(ports.DefaultIgnoreIndex)
	if i := call.Options.IgnoreIndex; i != nil {
		ignored = float64(*i)
	}
	ignores := func(k int) bool {
		return module.HasClasses() && !call.Inputs[ports.Target].DType.IsFloat() && targetOf(k) == ignored
	}
	reduced := claim.Reduction(call.Options) != "none"
	// members are the elements of the input that an element of the output is made of.
	members := func(i int) []int {
		rowOf := func(k int) []int {
			var all []int
			switch {
			case width <= 1:
				return []int{k}
			case module.LossOf == ports.OfLastDimension:
				for c := range width {
					all = append(all, k*width+c)
				}
			default:
				inner := 1
				for _, d := range shape[min(2, len(shape)):] {
					inner *= d
				}
				for c := range width {
					all = append(all, (k/inner*width+c)*inner+k%inner)
				}
			}
			return all
		}
		switch {
		case p.output == ports.Loss && reduced, p.output == ports.GradWeight, p.output == wholeCall:
			all := make([]int, n)
			for i := range all {
				all[i] = i
			}
			return all
		case p.output == ports.Loss && perRow:
			return rowOf(i)
		case module.HasClasses() && n > 0:
			return rowOf(axis.Row(i))
		}
		return []int{i}
	}
	upstream, hasUpstream := call.Inputs[ports.GradOutput]
	atoms := p.atoms()
	list := make([]row, 0, len(indices))
	for _, i := range indices {
		r := row{place: p, element: i, fails: wrong[i], atoms: atoms}
		for q := range r.values {
			r.values[q] = math.NaN()
		}
		widen := func(q quantity, v float64) {
			if !(r.values[q] > v) {
				r.values[q] = v
			}
			if !(r.values[q+1] < v) {
				r.values[q+1] = v
			}
		}
		high := math.Inf(-1)
		group := members(i)
		for _, k := range group {
			if k >= n {
				continue
			}
			widen(logitHigh, x[k])
			widen(sizeHigh, math.Abs(x[k]))
			high = max(high, x[k])
			r.marks |= marksOf(x[k], targetOf(k), ignores(k))
			for _, other := range others {
				if v, ok := other.value(k); ok {
					widen(other.of, v)
				}
			}
		}
		if module.HasClasses() && p.output != ports.GradInput && n > 0 && len(shape) > 0 {
			r.values[belowMax] = apart(x, slices.DeleteFunc(group, func(k int) bool { return k >= n }), axis)
		}
		if module.HasClasses() && p.output == ports.GradInput && i < n {
			r.values[belowMax], r.values[own], r.values[ownSize] = high-x[i], x[i], math.Abs(x[i])
		}
		if hasUpstream {
			for k := range upstream.Len() {
				if upstream.Len() == 1 || k == i {
					widen(upstreamHigh, upstream.Float64(k))
				}
			}
		}
		r.values[position] = float64(i)
		if p.output == ports.Loss && reduced || p.output == wholeCall {
			r.values[position] = float64(n - 1)
		}
		r.values[fromEnd] = float64(n-1) - r.values[position]
		if i < n && len(shape) > 0 && !(p.output == ports.Loss && (reduced || perRow)) && p.output != wholeCall {
			if r.values[column] = float64(i % shape[len(shape)-1]); module.HasClasses() {
				r.values[column] = float64(axis.Class(i))
			}
		}
		r.values[elements], r.values[rank] = float64(n), float64(len(shape))
		if s := call.Options.LabelSmoothing; s != nil {
			r.values[smoothing] = *s
		}
		if i := call.Options.IgnoreIndex; i != nil {
			r.values[ignoring] = float64(*i)
		}
		if perRow {
			r.values[classes], r.values[rows] = float64(width), float64(n/max(width, 1))
		} else if len(shape) > 0 {
			r.values[classes], r.values[rows] = float64(shape[len(shape)-1]), float64(n/max(shape[len(shape)-1], 1))
		}
		list = append(list, r)
	}
	return list
}

// apart is how far logits of one row are apart at most: infinite where the difference overflows, or is that of infinite ones.
func apart(x []float64, group []int, axis tensor.Classes) float64 {
	highs, most := map[int]float64{}, math.NaN()
	for _, k := range group {
		if high, ok := highs[axis.Row(k)]; !ok || x[k] > high {
			highs[axis.Row(k)] = x[k]
		}
	}
	for _, k := range group {
		d := highs[axis.Row(k)] - x[k]
		if math.IsInf(x[k], 0) && math.IsNaN(d) {
			d = math.Inf(1)
		}
		if !(most >= d) {
			most = d
		}
	}
	return most
}

// wrongOf returns the elements of a failing output that are wrong, and its numbers; ok is false where it has
// another shape or dtype.
func (m *examination) wrongOf(p *place) (wrong map[int]bool, got, want tensor.Tensor, ok bool) {
	got, kept := p.answer.Outputs[p.output]
	expected := p.expect(p.output)
	want = expected.Reference
	right, ok := verdict.Each(got, expected, m.level)
	if !kept || !ok {
		return nil, got, want, false
	}
	wrong = map[int]bool{}
	for i := range want.Len() {
		if !right(i) {
			wrong[i] = true
		}
	}
	return wrong, got, want, true
}

// exact is what an element is to be, as exactly as it is known.
func (p *place) exact(i int) float64 {
	e := p.expect(p.output)
	if e.Exact != nil && !bad(e.Exact[i]) {
		return e.Exact[i]
	}
	return e.Reference.Float64(i)
}

// allowance is how far an element may be from what is right.
func (p *place) allowance(i int) float64 {
	e := p.expect(p.output)
	allowed := e.Parity[i]
	if e.Exact != nil && e.Tolerance[i] > allowed {
		allowed = e.Tolerance[i]
	}
	return max(allowed, e.Reference.DType.Format().SmallestSubnormal())
}

// some are the numbers below n that are to be kept: where these are more than most the first, the last, and some between.
func some(n, most int, keep func(i int) bool) []int {
	var indices []int
	for i := range n {
		if keep(i) {
			indices = append(indices, i)
		}
	}
	if len(indices) <= most {
		return indices
	}
	stride := len(indices)/most + 1
	var few []int
	for k, i := range indices {
		if k < 8 || k >= len(indices)-8 || k%stride == 0 {
			few = append(few, i)
		}
	}
	return few
}

// elements returns the wrong and the right elements of a failing answer, a bounded number of each; none where its shape or
// dtype is another.
func (m *examination) elements(p *place) (fail, pass []row) {
	wrong, got, want, ok := m.wrongOf(p)
	if !ok {
		return nil, nil
	}
	of := func(kind bool) []row {
		rows := rowsOf(p, some(want.Len(), maxRowsOfPlace, func(i int) bool { return wrong[i] == kind }), wrong)
		for k := range rows {
			r := &rows[k]
			r.got, r.want, r.allowed = got.Float64(r.element), p.exact(r.element), p.allowance(r.element)
		}
		return rows
	}
	return of(true), of(false)
}

// rows returns the elements of failing and passing answers of some outputs, a bounded number of each.
func (m *examination) rows(failing []*place, outputs []string) (fail, pass []row) {
	for _, p := range failing {
		if len(fail) > maxRows {
			break
		}
		wrong, right := m.elements(p)
		fail, pass = append(fail, wrong...), append(pass, right...)
	}
	for _, e := range slices.Concat(m.passingAll, m.passingLarge) {
		for _, p := range e.places {
			if p.fails || p.output == "" || !slices.Contains(outputs, p.output) || len(pass) > maxRows {
				continue
			}
			want := p.expect(p.output).Reference
			for _, r := range rowsOf(p, some(want.Len(), maxRowsOfPlace, func(int) bool { return true }), nil) {
				r.got, r.want, r.allowed = want.Float64(r.element), want.Float64(r.element), p.allowance(r.element)
				pass = append(pass, r)
			}
		}
	}
	return fail, pass
}

// delimit returns the smallest border that all failing rows lie within and as few passing ones as
// possible, and how many of these do.
func delimit(module string, outputs []string, fail, pass []row) (b *Border, inside int) {
	all := pass
	b = &Border{Module: module, Outputs: outputs, single: !slices.ContainsFunc(fail, func(r row) bool { return r.values[logitHigh] != r.values[logitLow] })}
	// What is 0, infinite or NaN shows few faults: where no such element fails, none speaks against one.
	special := func(v float64) bool { return v == 0 || math.IsInf(v, 0) || math.IsNaN(v) }
	if !slices.ContainsFunc(fail, func(r row) bool { return special(r.want) }) {
		pass = slices.DeleteFunc(slices.Clone(pass), func(r row) bool { return special(r.want) })
	}
	// Nor does what is smaller, in units of what is allowed, than all that fails: a wrong factor does not
	// show there.
	least := math.Inf(1)
	for _, r := range fail {
		least = min(least, math.Abs(r.want)/r.allowed)
	}
	if seen := slices.DeleteFunc(slices.Clone(pass), func(r row) bool { return math.Abs(r.want)/r.allowed < least }); 5*len(seen) > len(pass) {
		pass = seen
	}
	left := make([]*row, len(pass))
	for i := range pass {
		left[i] = &pass[i]
	}
	candidates := necessary(fail)
	if 50*len(left) < len(fail) { // nearly everything fails: what does not is no border
		return b.ofDTypes(fail, all), len(left)
	}
	for len(left) > 0 && len(b.tests) < maxTests {
		var best test
		most := 0.0
		for _, t := range candidates {
			excluded := 0
			for _, r := range left {
				if !t.holds(r) {
					excluded++
				}
			}
			if score := float64(excluded) * t.plain(); score > most {
				best, most = t, score
			}
		}
		// A test is worth its words where it leaves out a good part of what is left.
		if most < 0.08*float64(len(left)) || len(b.tests) > 0 && most < 0.02*float64(len(fail)) {
			break
		}
		left = slices.DeleteFunc(left, func(r *row) bool { return !best.holds(r) })
		b.tests = append(b.tests, best)
	}
	b.tests = simpler(b.tests, pass)
	for i := range b.tests {
		b.tests[i] = roomier(b.tests[i], fail, pass)
	}
	b.tests = merged(telling(b.tests, all), b.single)
	return b.ofDTypes(fail, all), len(left)
}

// merged makes one test of a bound from below and one from above of the same numbers.
func merged(tests []test, single bool) (some []test) {
	for _, t := range tests {
		with := slices.IndexFunc(some, func(other test) bool {
			same := other.of == t.of || single && other.of/2 == t.of/2 && t.of < own
			return same && other.bounds() && t.bounds() && math.IsNaN(other.low) != math.IsNaN(t.low) && math.IsNaN(other.high) != math.IsNaN(t.high)
		})
		if with < 0 {
			some = append(some, t)
		} else if one := &some[with]; math.IsNaN(one.low) {
			one.low = t.low
		} else {
			one.high = t.high
		}
	}
	return some
}

// bounds reports whether a test is one of a quantity.
func (t test) bounds() bool { return t.kind == "" && t.mod == 0 && t.tail == 0 }

// telling leaves out what says nothing: tests that hold for all rows, and bounds that leave out none but infinite
// logits, which are called that.
func telling(tests []test, rows []row) (some []test) {
	add := func(t test) {
		there := t.kind == ofMark && slices.ContainsFunc(some, func(other test) bool { return other.atom == t.atom && other.mark == t.mark })
		if !there && slices.ContainsFunc(rows, func(r row) bool { return !t.holds(&r) }) {
			some = append(some, t)
		}
	}
	none := math.NaN()
	for _, t := range tests {
		if t.bounds() && (t.of <= sizeLow || t.of == own || t.of == ownSize) {
			beyond := func(is func(v float64) bool) bool {
				return slices.ContainsFunc(rows, func(r row) bool { return is(r.values[t.of]) })
			}
			if !beyond(func(v float64) bool { return v < t.low && v > math.Inf(-1) }) {
				if t.low > math.Inf(-1) {
					add(without(maskedMark))
				}
				t.low = none
			}
			if !beyond(func(v float64) bool { return v > t.high && v < math.Inf(1) }) {
				if t.high < math.Inf(1) {
					add(without(infiniteMark))
					if t.of == sizeHigh || t.of == sizeLow || t.of == ownSize {
						add(without(maskedMark))
					}
				}
				t.high = none
			}
			if math.IsNaN(t.low) && math.IsNaN(t.high) {
				continue
			}
		}
		add(t)
	}
	return some
}

// without is the test that an element has no mark.
func without(k int) test {
	return test{atom: atom{kind: ofMark, word: marks[k].is, not: true}, mark: k, low: math.NaN(), high: math.NaN()}
}

// leastOfDType is the number of right elements of a dtype, of which none is wrong, that keep it out of a border.
const leastOfDType = 8

// ofDTypes leaves the dtypes out of a border in which everything is right: what is too small to be seen there, as the
// rounding to a dtype is in that dtype, speaks against nothing else.
func (b *Border) ofDTypes(fail, pass []row) *Border {
	wrong, right := map[tensor.DType]int{}, map[tensor.DType]int{}
	for _, r := range fail {
		wrong[dtypeOf(r.place)]++
	}
	for i := range pass {
		if b.holds(&pass[i]) {
			right[dtypeOf(pass[i].place)]++
		}
	}
	var out []test
	for _, dtype := range floats {
		if wrong[dtype] == 0 && right[dtype] >= leastOfDType {
			out = append(out, test{atom: atom{kind: ofDType, word: string(dtype), not: true}, low: math.NaN(), high: math.NaN()})
		}
	}
	if only := dtypeOf(fail[0].place); len(out) > 0 && len(wrong) == 1 {
		out = []test{{atom: atom{kind: ofDType, word: string(only)}, low: math.NaN(), high: math.NaN()}}
	}
	b.tests = append(b.tests, out...)
	return b
}

// simpler leaves out tests that others make superfluous.
func simpler(tests []test, pass []row) []test {
	count := func(tests []test) int {
		b, n := Border{tests: tests}, 0
		for i := range pass {
			if b.holds(&pass[i]) {
				n++
			}
		}
		return n
	}
	for k := 0; k < len(tests) && len(tests) > 1; k++ {
		fewer := slices.Delete(slices.Clone(tests), k, k+1)
		if count(fewer) == count(tests) {
			tests, k = fewer, -1
		}
	}
	return tests
}

// plain prefers what says most in few words.
func (t test) plain() float64 {
	switch {
	case t.kind == ofOutput || t.kind == ofDType:
		return 1.0
	case t.mod > 0 || t.tail > 0:
		return 0.9
	case t.kind == ofReduction, t.kind == ofCall && strings.HasPrefix(t.word, targetsOf):
		return 0.995
	case t.kind == ofMark && t.not:
		return 0.985 // where a bound says the same of ordinary numbers
	case t.kind != "" && t.not:
		return 0.94
	case t.kind != "":
		return 0.99
	case !math.IsNaN(t.low) && !math.IsNaN(t.high) && t.low != t.high:
		return 0.93
	case t.of == position || t.of == rank || t.of == column || t.of == fromEnd:
		return 0.96
	}
	return 0.98
}

// necessary lists the tests that hold for all failing rows.
func necessary(fail []row) []test {
	var tests []test
	none := math.NaN()
	for _, a := range fail[0].atoms {
		if !slices.ContainsFunc(fail, func(r row) bool { return !slices.Contains(r.atoms, a) }) {
			tests = append(tests, test{atom: a, low: none, high: none})
		}
	}
	every, some := ^uint8(0), uint8(0)
	for i := range fail {
		every, some = every&fail[i].marks, some|fail[i].marks
	}
	for k := range marks {
		if has := every>>k&1 != 0; has || some>>k&1 == 0 {
			tests = append(tests, test{atom: atom{kind: ofMark, word: marks[k].is, not: !has}, mark: k, low: none, high: none})
		}
	}
	for q := range quantities {
		low, high := math.Inf(1), math.Inf(-1)
		for _, r := range fail {
			v := r.values[q]
			if math.IsNaN(v) {
				low = none
				break
			}
			low, high = min(low, v), max(high, v)
		}
		if math.IsNaN(low) {
			continue
		}
		if low == high && (low == 0 || low == 1) && q <= targetLow { // what most inputs have: a bound says no more
			tests = append(tests, test{of: q, low: low, high: high})
		}
		tests = append(tests, test{of: q, low: low, high: none}, test{of: q, low: none, high: high})
		if q%2 == 0 || q >= own {
			tests = append(tests, test{of: q, low: low, high: high})
		}
	}
	for _, k := range []int{2, 4, 8, 16, 32, 64} {
		t := test{low: none, high: none, tail: k}
		if !slices.ContainsFunc(fail, func(r row) bool { return !t.holds(&r) }) {
			tests = append(tests, t)
		}
	}
	if !slices.ContainsFunc(fail, func(r row) bool {
		return r.place.output == ports.Loss && claim.Reduction(r.place.call.Options) != "none"
	}) {
		for mod := 2; mod <= maxModulus; mod++ {
			if mod > 8 && mod&(mod-1) != 0 && mod%10 != 0 {
				continue
			}
			rest := int(fail[0].values[position]) % mod
			if !slices.ContainsFunc(fail, func(r row) bool { return int(r.values[position])%mod != rest }) {
				tests = append(tests, test{low: none, high: none, mod: mod, rest: rest})
			}
		}
	}
	return tests
}

// roomier moves the bounds of a test towards the nearest passing row that it excludes: the border lies
// somewhere between. Whole quantities stay.
func roomier(t test, fail, pass []row) test {
	if !t.bounds() || t.counts(fail) {
		return t
	}
	if !math.IsNaN(t.low) {
		below := math.Inf(-1)
		for _, r := range pass {
			if v := r.values[t.of]; v < t.low {
				below = max(below, v)
			}
		}
		t.low = between(below, t.low)
	}
	if !math.IsNaN(t.high) {
		above := math.Inf(1)
		for _, r := range pass {
			if v := r.values[t.of]; v > t.high {
				above = min(above, v)
			}
		}
		t.high = between(above, t.high)
	}
	return t
}

// counts reports whether a quantity is a whole number: it counts something, or is the index of a class.
func (t test) counts(fail []row) bool {
	isTarget := t.of == targetHigh || t.of == targetLow
	return t.of >= position || isTarget && !slices.ContainsFunc(fail, func(r row) bool {
		return !ports.ModuleOf(r.place.call.Module).HasClasses() || r.place.call.Inputs[ports.Target].DType.IsFloat()
	})
}

// between is a number between that of a passing and that of a failing row, the failing one where these are
// far apart.
func between(passing, failing float64) float64 {
	if math.IsInf(passing, 0) || math.IsInf(failing, 0) {
		return failing
	}
	return failing + (passing-failing)/2
}

// byOutput groups places by output.
func byOutput(places []*place) (outputs []string, groups map[string][]*place) {
	groups = map[string][]*place{}
	for _, p := range places {
		if groups[p.output] == nil {
			outputs = append(outputs, p.output)
		}
		groups[p.output] = append(groups[p.output], p)
	}
	slices.SortStableFunc(outputs, func(a, b string) int { return cmp.Compare(len(groups[b]), len(groups[a])) })
	return outputs, groups
}
