package diagnosis

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/internal/divergence"
	"lossproof/internal/plain"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/tensor"
)

// maxKinds bounds the kinds of failures of a module that no known mistake explains.
const maxKinds = 12

// borders describes what no known mistake explains: by the errors that the port raises, the calls that it
// refuses or accepts wrongly, and the elements of outputs that are wrong.
func (m *examination) borders(ctx context.Context, open []*place) []*cause {
	var keys []string
	groups := map[string][]*place{}
	for _, p := range open {
		key := kindOf(p)
		if groups[key] == nil {
			keys = append(keys, key)
		}
		groups[key] = append(groups[key], p)
	}
	slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(len(groups[b]), len(groups[a])) })
	var causes []*cause
	for _, key := range keys[:min(len(keys), maxKinds)] {
		group := groups[key]
		if key != wrongNumbers {
			causes = append(causes, m.wholeCalls(ctx, key, group)...)
			continue
		}
		outputs, _ := byOutput(group)
		fail, pass := m.rows(group, outputs)
		if len(fail) == 0 {
			continue
		}
		if b, inside := delimit(m.module, outputs, fail, pass); 50*inside <= len(fail) {
			causes = append(causes, m.numbers(ctx, piece{fail, b, inside, true}, pass))
			continue
		}
		for _, output := range outputs {
			of := func(r row) bool { return r.place.output != output }
			pass := slices.DeleteFunc(slices.Clone(pass), of)
			for _, p := range m.parted(output, slices.DeleteFunc(slices.Clone(fail), of), pass, maxDepth) {
				causes = append(causes, m.numbers(ctx, p, pass))
			}
		}
	}
	m.settle(causes)
	return causes
}

// The kinds of failures that no known mistake explains; an error and a refusal are kinds by their text, a wrong shape by the
// dimensions that it has more.
const (
	wrongNumbers = "numbers"
	wrongShape   = "shape"
	wrongDType   = "dtype"
	raises       = "raised"
	refuses      = "refuses"
	accepts      = "accepts"
	isWithout    = "without"
)

// varying is what differs between errors of one kind: numbers, lists of them, and dtypes.
var varying = regexp.MustCompile(`\b(bfloat|float|int|uint)[0-9]+\b|(0x[0-9a-f]+|[0-9][0-9.e+-]*)(, ?(0x[0-9a-f]+|[0-9][0-9.e+-]*))*,?`)

func kindOf(p *place) string {
	switch {
	case p.raised != "":
		return raises + " " + alike(p.raised)
	case p.refusal && p.answer.Outputs != nil:
		return accepts + " " + p.check.Rule.ID
	case p.refusal && p.answer.Unsupported != nil:
		return isWithout
	case p.refusal && p.answer.Rejected != nil:
		return refuses + " " + alike(p.answer.Rejected.Message)
	case p.refusal:
		return refuses
	}
	got, kept := p.answer.Outputs[p.output]
	want := p.expect(p.output).Reference
	switch {
	case kept && got.DType != want.DType:
		return wrongDType
	case !kept || !tensor.SameShape(got.Shape, want.Shape):
		return fmt.Sprintf("%s %s %+d", wrongShape, p.output, len(got.Shape)-len(want.Shape))
	}
	return wrongNumbers
}

// alike is the first line of an error without what differs between those of one kind.
func alike(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return varying.ReplaceAllString(line, "#")
}

// wholeCalls describes failures that are not about numbers: the calls of which they are, in parts where one condition does not
// tell them.
func (m *examination) wholeCalls(ctx context.Context, kind string, group []*place) (causes []*cause) {
	first := group[0]
	if strings.HasPrefix(kind, accepts) {
		return []*cause{m.wholeCall(ctx, kind, group, &Border{})}
	}
	// The calls that the port answers are on the other side, but for those that fail so, too, and have a cause already.
	failsSo := func(p *place) bool { return p.fails && kindOf(p) == kind }
	asked := func(p *place) bool { return first.output == "" || p.output == first.output }
	var fail, pass []row
	of := map[*exhibit][]*place{}
	for _, p := range group {
		if of[p.exhibit] == nil {
			fail = append(fail, callRow(p.exhibit))
		}
		of[p.exhibit] = append(of[p.exhibit], p)
	}
	for _, e := range slices.Concat(m.exhibits, m.passingAll) {
		if of[e] == nil && !e.refused && !e.refusal && e.raised == "" && e.elements <= maxElements && !slices.ContainsFunc(e.places, failsSo) && slices.ContainsFunc(e.places, asked) {
			pass = append(pass, callRow(e))
		}
	}
	pieces := m.parted(wholeCall, fail, pass, maxDepth-1)
	vague := func(p piece) bool { return len(p.fail) < 4*p.inside }
	if (first.raised != "" || first.answer.Rejected != nil) && slices.ContainsFunc(pieces, vague) {
		// What the port itself says is a cause, wherever it says it.
		return []*cause{m.wholeCall(ctx, kind, group, &Border{Module: m.module, Outputs: []string{wholeCall}})}
	}
	for _, p := range pieces {
		var places []*place
		for _, r := range p.fail {
			places = append(places, of[r.place.exhibit]...)
		}
		cause := m.wholeCall(ctx, kind, places, p.border)
		cause.Contradicted, cause.Lead = p.inside, vague(p)
		causes = append(causes, cause)
	}
	return causes
}

// wholeCall describes failures of one kind within a border.
func (m *examination) wholeCall(ctx context.Context, kind string, group []*place, b *Border) *cause {
	cause := m.cause(kind, group)
	cause.Kind = judge.Delimited
	first := group[0]
	line := func(text string) string { return plain.Line(text, 120) }
	switch {
	case strings.HasPrefix(kind, raises):
		cause.Kind = judge.Raises
		cause.Sentence = fmt.Sprintf("It raises an error: %s.", strings.TrimRight(line(first.raised), ".: "))
	case strings.HasPrefix(kind, accepts):
		cause.Sentence = "It accepts what PyTorch refuses. Right: " + decapitalised(first.check.Rule.Statement)
	case kind == isWithout:
		cause.Sentence = fmt.Sprintf("It says that it does not support what it claims: %s.", strings.TrimSuffix(line(first.answer.Unsupported.Reason), "."))
	case strings.HasPrefix(kind, refuses):
		cause.Sentence = fmt.Sprintf("It refuses calls that PyTorch accepts: %s.", strings.TrimRight(line(first.answer.Rejected.Message), ".: "))
	case kind == wrongDType:
		got, want := first.answer.Outputs[first.output], first.expect(first.output).Reference
		cause.Sentence = fmt.Sprintf("The dtype of %s is %s where it should be %s.", first.output, line(string(got.DType)), want.DType)
	default:
		got, want := first.answer.Outputs[first.output], first.expect(first.output).Reference
		cause.Sentence = fmt.Sprintf("The shape of %s is another than PyTorch's: %s instead of %s for an input %s.", first.output,
			tensor.FormatShape(got.Shape), tensor.FormatShape(want.Shape), tensor.FormatShape(first.call.Inputs[ports.Input].Shape))
	}
	if cause.Condition = b.String(); m.port != nil {
		cause.Reproduction = m.shown(ctx, b, group, func(p *place, answer, ours ports.Answer, call ports.Call) bool {
			switch {
			case strings.HasPrefix(kind, accepts):
				return ours.Rejected != nil && answer.Outputs != nil && refusedAlike(ours, right.Evaluate(p.call)) && !m.foretold(call, answer)
			case ours.Outputs == nil || p.raised != "" && answer.Failed != nil:
				return ours.Outputs != nil
			case p.raised != "":
				return false
			case p.refusal:
				return answer.Outputs == nil && (answer.Rejected != nil || answer.Unsupported != nil)
			}
			got, want := answer.Outputs[p.output], ours.Outputs[p.output]
			return answer.Outputs != nil && (got.DType != want.DType || !tensor.SameShape(got.Shape, want.Shape))
		})
	}
	return m.bounded(cause, b)
}

// refusedAlike reports whether two calls are refused for the same reason.
func refusedAlike(a, b ports.Answer) bool {
	return a.Rejected != nil && b.Rejected != nil && alike(a.Rejected.Message) == alike(b.Rejected.Message)
}

// decapitalised is a sentence behind a colon: it begins small, but for a name such as PyTorch.
func decapitalised(sentence string) string {
	word, _, _ := strings.Cut(sentence, " ")
	if word == "" || strings.ToLower(word[1:]) != word[1:] {
		return sentence
	}
	return strings.ToLower(sentence[:1]) + sentence[1:]
}

// callRow is a row for a whole call.
func callRow(e *exhibit) row {
	return rowsOf(&place{exhibit: e, output: wholeCall}, []int{0}, nil)[0]
}

// cause begins a cause of failures: of the rule of which most fails that way, one that must hold first. Of a rule with many
// answers a few say little, and so does the only one of another.
func (m *examination) cause(kind string, group []*place) *cause {
	cause := &cause{kind: kind, places: group, Cause: judge.Cause{Module: m.module, Kind: judge.Delimited}}
	failing, all, outputs := map[string]float64{}, map[string]float64{}, map[string]bool{}
	for _, p := range group {
		failing[p.check.Rule.ID]++
		outputs[p.output] = true
	}
	for _, p := range m.places {
		if outputs[p.output] {
			all[p.check.Rule.ID]++
		}
	}
	weight := func(r fixtures.Rule) float64 {
		share := failing[r.ID] / (max(all[r.ID], failing[r.ID]) + 2)
		if r.Requirement == fixtures.Must {
			share++
		}
		return share
	}
	best := group[0].check.Rule
	for _, p := range group {
		if weight(p.check.Rule) > weight(best) {
			best = p.check.Rule
		}
	}
	cause.Rule, cause.Statement, cause.Requirement = best.ID, best.Statement, best.Requirement
	for _, e := range m.passingAll {
		cause.Held += len(e.places)
	}
	return cause
}

// bounded gives a cause its border, which is kept for those who measure.
func (m *examination) bounded(c *cause, b *Border) *cause {
	if c.border = b; b.Module != "" {
		m.collector.Borders = append(m.collector.Borders, b)
	}
	return c
}

// settle notes the answers all of whose causes are no leads.
func (m *examination) settle(causes []*cause) {
	for _, lead := range []bool{false, true} {
		for _, c := range causes {
			for _, p := range c.places {
				if c.Lead == lead {
					m.done[p] = !lead
				}
			}
		}
	}
}

// numbers describes wrong numbers by their border, after asking the port on either side of it.
func (m *examination) numbers(ctx context.Context, of piece, pass []row) *cause {
	b, fail := of.border, of.fail
	var group []*place
	for _, r := range fail {
		group = added(group, r.place)
	}
	cause := m.cause(wrongNumbers, group)
	if m.port != nil && ctx.Err() == nil {
		m.refine(ctx, b, fail, pass)
	}
	cause.Condition = b.String()
	relates := how(fail)
	if m.port != nil {
		if text := m.differs(ctx, fail); text != "" {
			relates = relation{text, func(row) bool { return true }}
		}
		cause.Reproduction = m.wrongNumber(ctx, b, group, relates)
		if cause.Reproduction == nil && relates.text != "" {
			relates = relation{}
			cause.Reproduction = m.wrongNumber(ctx, b, group, relates)
		}
	}
	cause.How = relates.text
	what := strings.Join(b.Outputs, " and ")
	cause.Sentence = fmt.Sprintf("%s is wrong", what)
	if len(b.Outputs) > 1 {
		cause.Sentence = fmt.Sprintf("%s are wrong", what)
	}
	if cause.Condition != "" {
		cause.Sentence += " " + cause.Condition
	}
	if cause.How != "" {
		cause.Sentence += ": the numbers are " + cause.How
	}
	cause.Sentence += "."
	cause.Right = formulaOf(m.module, b.Outputs)
	cause.Contradicted = of.inside
	cause.Lead = !of.told && len(fail) < 4*of.inside
	if m.port != nil {
		cause.Asked = m.asked(ctx, b, fail, pass)
		within := func(a judge.Probe) bool { return a.Within }
		// What was asked of no other input than those that it was drawn from is no more than a guess.
		cause.Lead = cause.Lead || !slices.ContainsFunc(cause.Asked, within) || slices.ContainsFunc(cause.Asked, func(a judge.Probe) bool { return a.Within && !a.Predicted })
	}
	return m.bounded(cause, b)
}

// wrongNumber returns a small call that shows wrong numbers within a border that are related to the right ones, and that no
// mistake makes which is known already.
func (m *examination) wrongNumber(ctx context.Context, b *Border, group []*place, relates relation) *judge.Reproduction {
	return m.shown(ctx, b, group, func(p *place, answer, ours ports.Answer, call ports.Call) bool {
		if answer.Outputs == nil || ours.Outputs == nil || ours.Outputs[p.output].Len() == 0 || sameAnswer(right, call, answer, ours, m.level) || m.foretold(call, answer) {
			return false
		}
		if relates.text == "" {
			return true
		}
		fail, _ := m.elements(m.exchange(observation{check: p.check, module: m.module}, judge.Exchange{Call: call, Answer: answer}, true).places[0])
		fail = slices.DeleteFunc(fail, func(r row) bool { return !b.holds(&r) })
		return len(fail) > 0 && !slices.ContainsFunc(fail, func(r row) bool { return !relates.holds(r) })
	})
}

// foretold reports whether an answer is that of mistakes that were found and are no leads.
func (m *examination) foretold(call ports.Call, answer ports.Answer) bool {
	return m.made(func(d *divergence.Divergence) bool { return sameAnswer(d, call, answer, d.Evaluate(call), m.level) }) != 0
}

// right computes what is right, as a divergence does that changes nothing.
var right, _ = divergence.Together()

// wrongly asks the port, and says which elements of an output are wrong, and whether that is what mistakes make which were
// found; ok is false where it has no answer of that shape.
func (m *examination) wrongly(ctx context.Context, call ports.Call, output string) (wrong map[int]bool, foretold, ok bool) {
	call.Want = []string{output}
	want, has := right.Evaluate(call).Outputs[output]
	if !has {
		return nil, false, false
	}
	answer, err := judge.Ask(ctx, m.port, call)
	got, has := answer.Outputs[output]
	if err != nil || !has || got.DType != want.DType || !tensor.SameShape(got.Shape, want.Shape) {
		return nil, false, false
	}
	if _, err := tensor.New(got.DType, got.Shape, got.Data); err != nil {
		return nil, false, false
	}
	wrong = map[int]bool{}
	for _, i := range wrongElements(got, want, byMagnitude(right, call, output, want, m.level), want.Len()) {
		wrong[i] = true
	}
	return wrong, len(wrong) > 0 && m.foretold(call, answer), true
}

// wrongElements returns the first n elements of got that are neither those of want nor within what is allowed.
func wrongElements(got, want tensor.Tensor, allowed func(i int) float64, n int) (wrong []int) {
	for i := range n {
		g, w := got.Float64(i), want.Float64(i)
		if !(g == w || math.IsNaN(g) && math.IsNaN(w) || math.Abs(g-w) <= allowed(i)) {
			wrong = append(wrong, i)
		}
	}
	return wrong
}

// maxAsks bounds how often the port is asked where the bounds of a module lie.
const maxAsks = 60

// asked asks two fresh inputs on either side of a border.
func (m *examination) asked(ctx context.Context, b *Border, fail, pass []row) []judge.Probe {
	var asked []judge.Probe
	try := func(rows []row, within bool, least, most int) {
		found := 0
		var last *exhibit
		tried := 0
		for _, r := range rows {
			if found == 2 || tried > 12 || ctx.Err() != nil {
				return
			}
			if r.place.exhibit == last || r.place.elements < least || r.place.elements > most {
				continue
			}
			last = r.place.exhibit
			for seed := range uint64(3) {
				call, ok := Varied(r.place.call, r.place.check.ID, 40+seed)
				if !ok {
					continue
				}
				inside := b.inside(call, r.place.output)
				if (len(inside) > 0) != within {
					continue
				}
				tried++
				wrong, foretold, ok := m.wrongly(ctx, call, r.place.output)
				if !ok {
					break
				}
				call.Want = []string{r.place.output}
				predicted := len(wrong) == 0 || foretold
				if within {
					predicted = slices.ContainsFunc(inside, func(i int) bool { return wrong[i] })
				}
				asked = append(asked, judge.Probe{Call: call.String(), Within: within, Predicted: predicted})
				found++
				break
			}
		}
	}
	try(fail, true, 0, maxElements)
	if len(asked) == 0 {
		try(fail, true, maxElements+1, maxLarge/8)
	}
	m.askLarger(ctx, b, pass, &asked)
	// Those that differ from failing ones least say most.
	near := slices.Clone(pass)
	slices.SortStableFunc(near, func(x, y row) int { return cmp.Compare(b.misses(&x), b.misses(&y)) })
	try(near, false, 0, maxElements)
	return asked
}

// inside are the elements of an output of a call that lie within a border, of some.
func (b *Border) inside(call ports.Call, output string) (inside []int) {
	asked := call
	asked.Want = []string{output}
	p := &place{exhibit: exhibitOf(call), output: output}
	for _, r := range rowsOf(p, some(right.Evaluate(asked).Outputs[output].Len(), maxElements, func(int) bool { return true }), nil) {
		if b.holds(&r) {
			inside = append(inside, r.element)
		}
	}
	return inside
}

// askLarger asks, where a border says that what is large is wrong, two calls that are right with their numbers repeated until they
// are as large.
func (m *examination) askLarger(ctx context.Context, b *Border, pass []row, asked *[]judge.Probe) {
	large := slices.IndexFunc(b.tests, func(t test) bool { return t.bounds() && (t.of == elements || t.of == rows) && t.low > smallEnough })
	if large < 0 {
		return
	}
	found := 0
	var last *exhibit
	for _, r := range pass {
		// It is right because of its size alone.
		others := b.misses(&r) == 1 && !b.tests[large].holds(&r)
		if found == 2 || ctx.Err() != nil {
			return
		}
		if r.place.exhibit == last || !others {
			continue
		}
		last = r.place.exhibit
		for times := 8; times <= maxElements; times *= 8 {
			call, different := enlarged(r.place.call, times, 1)
			call.Want = []string{r.place.output}
			if !different || call.Inputs[ports.Input].Len() > maxLarge/8 {
				break
			}
			if len(b.inside(call, r.place.output)) == 0 {
				continue
			}
			if wrong, _, ok := m.wrongly(ctx, call, r.place.output); ok {
				*asked = append(*asked, judge.Probe{Call: call.String(), Within: true, Predicted: len(wrong) > 0})
				found++
			}
			break
		}
	}
}

// misses counts the tests that do not hold for a row.
func (b *Border) misses(r *row) (n int) {
	for _, t := range b.tests {
		if !t.holds(r) {
			n++
		}
	}
	return n
}

// refine moves the bounds of a border to where the port begins to be wrong: it is asked between the
// nearest passing and failing elements.
func (m *examination) refine(ctx context.Context, b *Border, fail, pass []row) {
	for k := range b.tests {
		t := &b.tests[k]
		if !t.bounds() || !b.single && t.of < own || t.of > ownSize || t.of >= weightHigh && t.of < own {
			continue
		}
		if !math.IsNaN(t.low) {
			t.low = m.bisect(ctx, b, t, fail, pass, false)
		}
		if !math.IsNaN(t.high) {
			t.high = m.bisect(ctx, b, t, fail, pass, true)
		}
	}
}

// steps is the number of questions for one bound.
const steps = 14

// bisect returns where a bound lies.
func (m *examination) bisect(ctx context.Context, b *Border, t *test, fail, pass []row, upper bool) float64 {
	bound := t.low
	if upper {
		bound = t.high
	}
	// The failing row that is nearest to the bound, and the nearest number beyond that passes.
	var nearest *row
	for i := range fail {
		r := &fail[i]
		if bad(r.values[t.of]) {
			continue
		}
		if nearest == nil || math.Abs(r.values[t.of]-bound) < math.Abs(nearest.values[t.of]-bound) {
			nearest = r
		}
	}
	if nearest == nil || nearest.place.elements > maxElements {
		return bound
	}
	failing := nearest.values[t.of]
	passing := math.Inf(-1)
	if upper {
		passing = math.Inf(1)
	}
	for i := range pass {
		r := &pass[i]
		v := r.values[t.of]
		if math.IsNaN(v) || upper && v <= failing || !upper && v >= failing {
			continue
		}
		others := true // it passes because of this bound alone
		for k := range b.tests {
			others = others && (&b.tests[k] == t || b.tests[k].holds(r))
		}
		if others && math.Abs(v-failing) < math.Abs(passing-failing) {
			passing = v
		}
	}
	if bad(passing) {
		return bound
	}
	for range steps {
		middle := failing + (passing-failing)/2
		if middle == failing || middle == passing {
			break
		}
		wrong, ok := m.probe(ctx, nearest, t.of, middle)
		if !ok {
			break
		}
		if wrong {
			failing = middle
		} else {
			passing = middle
		}
	}
	return rounder(passing, failing)
}

// rounder is the roundest number between a passing and a failing one, on the side of the failing one.
func rounder(passing, failing float64) float64 {
	for digits := 1; digits < 17; digits++ {
		scale := math.Pow(10, float64(digits-1)-math.Floor(math.Log10(math.Max(math.Abs(failing), 1e-300))))
		for _, round := range []func(float64) float64{math.Round, math.Floor, math.Ceil} {
			v := round(failing*scale) / scale
			if v == passing {
				continue
			}
			if min(passing, failing) <= v && v <= max(passing, failing) {
				return v
			}
		}
	}
	return failing
}

// probe asks whether the element of a row is wrong with another number in place of its own.
func (m *examination) probe(ctx context.Context, r *row, of quantity, v float64) (wrong, ok bool) {
	name := ports.Input
	if of == targetHigh || of == targetLow {
		name = ports.Target
	}
	call := r.place.call
	t := call.Inputs[name]
	if !t.DType.IsFloat() || r.element >= t.Len() || !tensor.SameShape(t.Shape, call.Inputs[ports.Input].Shape) {
		return false, false
	}
	at := r.element
	if claim.Reduction(call.Options) != "none" && r.place.output == ports.Loss {
		if t.Len() != 1 {
			return false, false
		}
		at = 0
	}
	values := t.Float64s()
	if (of == sizeHigh || of == sizeLow || of == ownSize) && values[at] < 0 {
		v = -v
	}
	values[at] = v
	inputs := map[string]tensor.Tensor{}
	for n, other := range call.Inputs {
		inputs[n] = other
	}
	inputs[name] = tensor.FromValues(t.DType, values, t.Shape...)
	call.Inputs = inputs
	if m.asks++; m.asks > maxAsks {
		return false, false
	}
	found, _, ok := m.wrongly(ctx, call, r.place.output)
	return found[r.element], ok
}
