package suites

import (
	"context"
	"fmt"
	"strings"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"lossproof/judge"
	"lossproof/ports"
)

// Register adds a spec for every selected check to the Ginkgo suite that is being built.
// Call it before RunSpecs:
//
//	func TestLosses(t *testing.T) {
//		gomega.RegisterFailHandler(ginkgo.Fail)
//		if err := suites.Register(myPort{}, judge.Options{}); err != nil {
//			t.Fatal(err)
//		}
//		ginkgo.RunSpecs(t, "losses")
//	}
//
// or in the body of a container. It may be called for several ports and levels. The error
// says that the fixtures are damaged, that the selection selects nothing, or that the port
// does not say what it claims; then nothing is registered.
//
// The text of a spec is the id of its check. Containers are the module and the topic, and
// chunks of a topic with more than a hundred cases. Labels are module:, topic:, rule:,
// requirement: and dtype:, for filters such as
// --label-filter='requirement: containsAny must && topic: containsAny {weights, pos_weight}'.
// A case outside the port's claim is skipped; a case of a quirk does not fail, but has a
// report entry, unless [judge.Options.Quirks] is set. One more spec, "claim", fails where a claim
// leaves nothing to check. The first three failing cases of each rule are described in full,
// the others in a line; --ginkgo.v describes all.
func Register(port ports.Port, options judge.Options) error {
	// Not a spec's context: the tree is built before there is one.
	j, err := newJudge(context.Background(), port, options)
	if err != nil {
		return err
	}
	_, reporter := ginkgo.GinkgoConfiguration()
	f := newFailures(reporter.Verbosity().GTE(types.VerbosityLevelVerbose))
	ginkgo.It("claim", ginkgo.Label("claim"), func() { checkClaim(j) })
	for _, module := range groupBy(j.Checks(), byModule) {
		ginkgo.Describe(module.name, func() {
			for _, topic := range groupBy(module.checks, byTopic) {
				ginkgo.Describe(topic.name, func() { registerTopic(j, topic.checks, f) })
			}
		})
	}
	return nil
}

// maxSpecs is the number of specs in a container: Ginkgo's time grows with its square.
const maxSpecs = 100

// registerTopic registers the checks of one topic, in chunks of equal size if need be.
func registerTopic(j *judge.Judge, checks []*judge.Check, f *failures) {
	chunks := (len(checks) + maxSpecs - 1) / maxSpecs
	for i := range chunks {
		chunk := checks[i*len(checks)/chunks : (i+1)*len(checks)/chunks]
		specs := func() {
			for _, c := range chunk {
				ginkgo.It(c.ID, labelsOf(c), func(ctx ginkgo.SpecContext) {
					r, err := j.Check(ctx, c)
					present(r, err, f)
				})
			}
		}
		if chunks == 1 {
			specs()
		} else {
			ginkgo.Describe(fmt.Sprintf("%d of %d", i+1, chunks), specs)
		}
	}
}

func labelsOf(c *judge.Check) ginkgo.Labels {
	labels := ginkgo.Label("module:"+c.Module, "topic:"+c.Topic, "rule:"+c.Rule.ID, "requirement:"+string(c.Rule.Requirement))
	for _, dtype := range c.DTypes() {
		labels = append(labels, "dtype:"+string(dtype))
	}
	return labels
}

// present turns a result into that of a spec.
func present(r judge.CheckResult, err error, f *failures) {
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
