package laws

import (
	"fmt"
	"slices"

	"lossproof/internal/claim"
	"lossproof/internal/definition"
	"lossproof/ports"
	"lossproof/tensor"
)

// A law is asked of what is claimed: of the loss alone, of the gradient alone, with another reduction in place
// of 'none'. Equations about an output that is not claimed are not demanded.

const (
	notClaimed  = "is not claimed"
	withoutNone = "without reduction:none"
)

// claimed returns the calls of a sample as the port is asked them: none where the law says nothing about
// the sample, or where outside says what the claim leaves out.
func (k *Checker) claimed(r *Relation, s *sample) (calls []call, outside string) {
	calls = r.law.calls(r.Rule.Module, s)
	missing := ""
	compares := slices.ContainsFunc(calls, func(c call) bool { return c.reduction != none }) // 'none' with another
	for i := range calls {
		c := &calls[i]
		cl, ok := k.claims[c.module]
		if !ok {
			return nil, c.module + " " + notClaimed
		}
		if len(k.options.DTypes) > 0 && !slices.Contains(k.options.DTypes, c.dtype) {
			return nil, fmt.Sprintf("input is %s", c.dtype)
		}
		var want []string
		for _, output := range c.want {
			if slices.Contains(cl.Outputs, output) {
				want = append(want, output)
			} else {
				missing = output + " of " + c.module + " " + notClaimed
			}
		}
		if c.want = want; !c.asked() {
			continue
		}
		if !compares && slices.Contains(cl.Without, "reduction:none") {
			c.as = c.inPlaceOfNone(cl, s.reduction)
		}
		if word := "reduction:" + *c.options().Reduction; slices.Contains(cl.Without, word) { // as below, but cheaper
			return nil, "without " + word
		}
		var features []string
		if len(cl.Without) > 0 {
			features = claim.Features(c.fixture(), c.port().Inputs, nil)
		}
		if reason := claim.Outside(cl, c.fixture(), []tensor.DType{c.dtype}, features); reason != "" {
			return nil, reason
		}
	}
	if missing != "" && !r.demands(s, calls) {
		return nil, missing
	}
	return calls, ""
}

// demands reports whether the law demands anything of the outputs that are asked for.
func (r *Relation) demands(s *sample, calls []call) bool {
	answers := make([]answer, len(calls))
	for i, c := range calls {
		answers[i] = blank(c)
	}
	return len(r.law.holds(r.Rule.Module, s, answers)) > 0
}

// inPlaceOfNone returns a reduction that gives what 'none' gives, and that the port has: of a single loss.
func (c call) inPlaceOfNone(cl ports.Claim, first string) string {
	if c.reduction != none || definition.Size(c.lossShape()) != 1 {
		return ""
	}
	for _, reduction := range []string{first, sum, mean} {
		divides := reduction == mean && c.indices && c.w != nil // by the weight of the target
		if reduction != none && !divides && !slices.Contains(cl.Without, "reduction:"+reduction) {
			return reduction
		}
	}
	return ""
}

// asked reports whether anything is wanted of a call. One of which nothing is wanted is not made.
func (c call) asked() bool { return len(c.want) > 0 }

// single returns what belongs to one loss of a sample: an element, or a row of classes.
func (s *sample) single(module string) sample {
	one := *s
	if ports.ModuleOf(module).LossOf != ports.OfElement {
		one.take(false, []int{s.pick / s.classes()})
		one.pick = s.pick % s.classes()
		return one
	}
	shape := slices.Repeat([]int{1}, len(s.x.shape))
	at := func(a array) array { return array{shape, []float64{a.along(s.x.shape)(s.pick)}} }
	one.x, one.t, one.u, one.pick = at(s.x), at(s.t), s.u[s.pick:s.pick+1], 0
	one.w, one.p = at(s.w).reshaped(1), at(s.p).reshaped(1)
	return one
}
