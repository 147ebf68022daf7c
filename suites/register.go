package suites

import (
	"context"
	"fmt"
	"strings"

	"github.com/onsi/ginkgo/v2"

	"lossproof/fixtures"
	"lossproof/internal/laws"
	"lossproof/judge"
	"lossproof/ports"
)

// Register adds a spec for every selected case and relation to the Ginkgo suite that is being built.
// Call it before RunSpecs:
//
//	func TestLosses(t *testing.T) {
//		gomega.RegisterFailHandler(ginkgo.Fail)
//		if err := suites.Register(myPort{}, suites.Under("my losses")); err != nil {
//			t.Fatal(err)
//		}
//		ginkgo.RunSpecs(t, "losses")
//	}
//
// or in the body of a container. It may be called for several ports and levels. The error
// says that the fixtures are damaged, that the selection selects nothing, or that the port
// does not say what it claims; then nothing is registered.
//
// The text of a spec is the id of its case. Containers are the module and the topic, and
// chunks of a topic with more than a hundred cases. Labels are module:, topic:, rule:,
// requirement: and dtype:, for filters such as
// --label-filter='requirement: containsAny must && topic: containsAny {weights, pos_weight}'.
// A case outside the port's claim is skipped; a case of a quirk does not fail, but has a
// report entry, unless [GatingQuirks] is given. One more spec, "claim", fails where a claim
// leaves nothing to check. The first three failing cases of each rule are described in full,
// the others in a line; [AllMessages] describes all.
func Register(port ports.Port, options ...Option) error {
	// Not a spec's context: the tree is built before there is one.
	j, c, err := newJudge(context.Background(), port, options)
	if err != nil {
		return err
	}
	labels := make(map[string]ginkgo.Labels, len(j.Cases()))
	for _, cs := range j.Cases() {
		if labels[cs.ID], err = labelsOf(c.set, cs); err != nil {
			return fmt.Errorf("suites: %w", err)
		}
	}
	f := newFailures(c)
	register := func() {
		ginkgo.It("claim", ginkgo.Label("claim"), func() { checkClaim(j) })
		for _, module := range groupBy(j.Cases(), byModule) {
			ginkgo.Describe(module.name, func() {
				for _, topic := range groupBy(module.cases, byTopic) {
					ginkgo.Describe(topic.name, func() { registerTopic(j, topic.cases, labels, f) })
				}
			})
		}
		if relations := j.Relations(); len(relations) > 0 {
			ginkgo.Describe(laws.Topic, func() { registerRelations(j, relations, f) })
		}
	}
	if c.text != "" {
		ginkgo.Describe(c.text, register)
	} else {
		register()
	}
	return nil
}

// maxSpecs is the number of specs in a container: Ginkgo's time grows with its square.
const maxSpecs = 100

// registerTopic registers the cases of one topic, in chunks of equal size if need be.
func registerTopic(j *judge.Judge, cases []*fixtures.Case, labels map[string]ginkgo.Labels, f *failures) {
	chunks := (len(cases) + maxSpecs - 1) / maxSpecs
	for i := range chunks {
		chunk := cases[i*len(cases)/chunks : (i+1)*len(cases)/chunks]
		specs := func() {
			for _, c := range chunk {
				ginkgo.It(c.ID, labels[c.ID], func(ctx ginkgo.SpecContext) { checkCase(ctx, j, c, f) })
			}
		}
		if chunks == 1 {
			specs()
		} else {
			ginkgo.Describe(fmt.Sprintf("%d of %d", i+1, chunks), specs)
		}
	}
}

// registerRelations registers a spec for each relation.
func registerRelations(j *judge.Judge, relations []*laws.Relation, f *failures) {
	for _, law := range relations {
		labels := ginkgo.Label("module:"+law.Rule.Module, "topic:"+laws.Topic, "rule:"+law.Rule.ID, "requirement:"+string(law.Rule.Requirement))
		ginkgo.It(law.ID, labels, func(ctx ginkgo.SpecContext) {
			r, err := j.Relation(ctx, law)
			present(r.Case(), err, f)
		})
	}
}

func labelsOf(set *fixtures.Set, c *fixtures.Case) (ginkgo.Labels, error) {
	rule, err := set.Rule(c.Rule)
	if err != nil {
		return nil, err
	}
	dtype, err := judge.DType(set, c)
	if err != nil {
		return nil, err
	}
	return ginkgo.Label("module:"+c.Module, "topic:"+c.Topic, "rule:"+c.Rule,
		"requirement:"+string(rule.Requirement), "dtype:"+string(dtype)), nil
}

// checkCase is the body of a spec.
func checkCase(ctx context.Context, j *judge.Judge, c *fixtures.Case, f *failures) {
	ginkgo.GinkgoHelper()
	r, err := j.Case(ctx, c)
	present(r, err, f)
}

// present turns a result into that of a spec.
func present(r judge.CaseResult, err error, f *failures) {
	ginkgo.GinkgoHelper()
	if err != nil {
		ginkgo.Fail(err.Error())
	}
	switch {
	case r.Outcome == judge.Unsupported:
		ginkgo.Skip("unsupported: " + r.Message)
	case gates(r):
		ginkgo.Fail(f.describe(r))
	case r.Outcome.Failing():
		ginkgo.AddReportEntry("quirk that the port does not have", f.describe(r), ginkgo.ReportEntryVisibilityFailureOrVerbose)
	default:
		ginkgo.AddReportEntry("agrees", agreement(r), ginkgo.ReportEntryVisibilityNever)
	}
}

func checkClaim(j *judge.Judge) {
	ginkgo.GinkgoHelper()
	reasons, err := j.Vacuous()
	if err != nil {
		ginkgo.Fail(err.Error())
	}
	if len(reasons) > 0 {
		ginkgo.Fail("nothing is checked:\n" + strings.Join(reasons, "\n"))
	}
}
