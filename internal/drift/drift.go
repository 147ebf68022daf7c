// Package drift compares two results: what fails now and did not, and whose error grew,
// although it may still be in tolerance. Only cases whose content hash is the same are
// compared: they ask and expect the same. So are the relations that both results have.
package drift

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"lossproof/internal/claim"
	"lossproof/judge"
	"lossproof/judge/verdict"
)

// Change is an output whose outcome is another one. ID is case#output, or the case where
// that is a rejection.
type Change struct {
	ID      string
	Was, Is judge.Outcome
}

// Growth is an output that passes in both results, and whose largest error differs.
type Growth struct {
	ID string
	// Against is exact or reference.
	Against string
	// Was and Is are in ULPs; Headroom is the error now as a share of what is allowed.
	Was, Is, Headroom float64
}

// Difference is something that the two results say of themselves.
type Difference struct{ What, Was, Is string }

// Report is what differs.
type Report struct {
	// Compared counts the outputs and rejections of cases that are the same, Relations the relations that both results have,
	// Generated the generated checks.
	Compared, Relations, Generated int
	// Changed has the ids of the cases whose content hash differs.
	Changed []string
	// OnlyOld and OnlyNew count the cases that one result has.
	OnlyOld, OnlyNew int
	// Worse and Better are changes of the outcome, without the effect of a baseline.
	Worse, Better []Change
	// Grew and Shrank are sorted, the largest change first.
	Grew, Shrank []Growth
	// Machines, Port and Run name what else differs.
	Machines, Port, Run []Difference
}

// Fails reports whether something got worse.
func (r *Report) Fails() bool { return len(r.Worse)+len(r.Grew) > 0 }

// Compare compares two complete results. slack is by how many ULPs an error may grow. The
// error says why the results cannot be compared.
func Compare(old, is *judge.Result, slack float64) (*Report, error) {
	if old.Level != is.Level {
		return nil, fmt.Errorf("the results are of two levels, %s and %s: compare those of one level", old.Level, is.Level)
	}
	r := &Report{Machines: machines(old.Platform, is.Platform), Port: portDifferences(old, is), Run: runDifferences(old, is)}
	before := make(map[string]judge.CheckResult, len(old.Cases))
	for _, c := range old.Checks() {
		before[c.ID] = c.Raw(old.Quirks)
	}
	for _, c := range is.Checks() {
		was, ok := before[c.ID]
		delete(before, c.ID)
		switch {
		case ok && was.SHA256 == c.SHA256:
			r.compareCheck(was, c.Raw(is.Quirks), verdict.Level(is.Level), slack)
		case c.Kind != judge.Case: // only one result has them, where --select chose otherwise
		case ok:
			r.Changed = append(r.Changed, c.ID)
		default:
			r.OnlyNew++
		}
	}
	for _, c := range before {
		if c.Kind == judge.Case {
			r.OnlyOld++
		}
	}
	if r.Compared == 0 {
		return nil, fmt.Errorf("the results have no case in common whose content is the same: there is nothing to compare")
	}
	slices.SortStableFunc(r.Grew, func(a, b Growth) int { return cmp.Compare(b.Is-b.Was, a.Is-a.Was) })
	slices.SortStableFunc(r.Shrank, func(a, b Growth) int { return cmp.Compare(b.Was-b.Is, a.Was-a.Is) })
	return r, nil
}

// compareCheck compares two raw results of one check. The inputs of a relation may be others, by
// another seed: a law is asked of all.
func (r *Report) compareCheck(was, is judge.CheckResult, level verdict.Level, slack float64) {
	switch {
	case is.Kind == judge.Relation:
		r.Relations++
	case is.Kind == judge.Generated:
		r.Generated++
	case is.Rejection:
		r.Compared++
	}
	if len(is.Outputs) == 0 {
		r.compareOutcome(is.ID, was.Outcome, is.Outcome, is.Gates)
	}
	for _, name := range is.OutputNames() {
		a, ok := was.Outputs[name]
		if !ok {
			continue
		}
		b := is.Outputs[name]
		id := is.ID + "#" + name
		r.Compared++
		r.compareOutcome(id, a.Outcome, b.Outcome, is.Gates)
		if a.Outcome == judge.Pass && b.Outcome == judge.Pass && is.Gates {
			r.compareErrors(id, a.Errors, b.Errors, level, slack)
		}
	}
}

// compareOutcome: a pass that is none any more is worse, and so is a failure that became
// another one of higher precedence, such as a crash. What does not gate is not compared.
func (r *Report) compareOutcome(id string, was, is judge.Outcome, gates bool) {
	switch {
	case !gates || was == is:
	case was == judge.Pass || is != judge.Pass && severity(is) > severity(was):
		r.Worse = append(r.Worse, Change{id, was, is})
	default:
		r.Better = append(r.Better, Change{id, was, is})
	}
}

// severity orders outcomes: unsupported is between a pass and a failure.
func severity(o judge.Outcome) int {
	switch o {
	case judge.Pass:
		return 0
	case judge.Unsupported:
		return 1
	}
	return 1 + len(judge.Outcomes) - slices.Index(judge.Outcomes, o)
}

// compareErrors compares the largest errors against the answer that the level is about: the
// exact result, or the reference where there is none.
func (r *Report) compareErrors(id string, was, is *judge.Errors, level verdict.Level, slack float64) {
	if was == nil || is == nil {
		return
	}
	a, b, against := was.Exact, is.Exact, "exact"
	if level == verdict.Reference || a == nil || b == nil {
		a, b, against = was.Reference, is.Reference, "reference"
	}
	if a == nil || b == nil {
		return
	}
	g := Growth{ID: id, Against: against, Was: float64(a.ULP), Is: float64(b.ULP), Headroom: float64(b.Headroom)}
	switch {
	case g.Is > g.Was+slack:
		r.Grew = append(r.Grew, g)
	case g.Is < g.Was:
		r.Shrank = append(r.Shrank, g)
	}
}

func machines(old, is judge.Platform) []Difference {
	return differences(
		Difference{"system", old.OS + "/" + old.Arch, is.OS + "/" + is.Arch},
		Difference{"CPU", old.CPU, is.CPU},
		Difference{"cores", fmt.Sprint(old.Cores), fmt.Sprint(is.Cores)},
		Difference{"instruction sets", strings.Join(old.SIMD, " "), strings.Join(is.SIMD, " ")},
		Difference{"Go of lossproof", old.Go, is.Go},
	)
}

func portDifferences(old, is *judge.Result) []Difference {
	list := []Difference{
		{"name", old.Port.Name, is.Port.Name},
		{"version", old.Port.Version, is.Port.Version},
		{"language", strings.TrimSpace(old.Port.Language + " " + old.Port.LanguageVersion), strings.TrimSpace(is.Port.Language + " " + is.Port.LanguageVersion)},
	}
	for _, module := range claim.Modules {
		list = append(list, Difference{"claim of " + module, claimText(module, old), claimText(module, is)})
	}
	return differences(list...)
}

func claimText(module string, result *judge.Result) string {
	c, ok := result.Claim[module]
	if !ok {
		return "not claimed"
	}
	return claim.String(module, c)
}

func runDifferences(old, is *judge.Result) []Difference {
	return differences(
		Difference{"lossproof", old.Lossproof, is.Lossproof},
		Difference{"fixtures", old.Fixtures.Version, is.Fixtures.Version},
		Difference{"reference", old.Reference.Name + " " + old.Reference.Version, is.Reference.Name + " " + is.Reference.Version},
	)
}

// differences leaves those that are none.
func differences(list ...Difference) []Difference {
	return slices.DeleteFunc(list, func(d Difference) bool { return d.Was == d.Is })
}
