package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lossproof/judge"
)

// outcomeMeans says of each outcome whether it gates, and the exit code that it leads to.
var outcomeMeans = []struct {
	outcome judge.Outcome
	gates   string
	code    int
	means   string
}{
	{judge.SuiteError, "yes, of quirks too", exitUsage, "the suite is at fault, not the port"},
	{judge.Unsupported, "no", exitConformant, "outside the claim, and not asked; never counted as passed"},
	{judge.NotRun, "yes", exitNotConformant, "not asked, for the port was lost too often before"},
	{judge.Malformed, "yes", exitNotConformant, "no answer to the call, or a wanted output is missing"},
	{judge.Timeout, "yes", exitNotConformant, "no answer in time"},
	{judge.Crash, "yes", exitNotConformant, "the port ended before it answered"},
	{judge.Error, "yes", exitNotConformant, "the port says that it failed"},
	{judge.Fail, "yes", exitNotConformant, "the answer is wrong"},
	{judge.Fixed, "yes, of quirks too", exitNotConformant, "right, and the baseline knows it as a failure: --update-baseline removes it"},
	{judge.KnownFailure, "no", exitConformant, "fails as the baseline says"},
	{judge.Pass, "no", exitConformant, "the answer is right"},
}

// exitCodesTopic is what "lossproof help exit-codes" prints.
func exitCodesTopic() *cobra.Command {
	var b strings.Builder
	b.WriteString(`0    conformant, or failing as the baseline says, or a shard in which nothing fails; or the command did what it was told
1    not conformant; diff: something got worse; smoke, repro: the case fails
2    wrong use, nothing selected, damaged fixtures, an error of the suite
3    the port could not be started, does not speak the protocol, or claims what no check is about
130  interrupted

outcome      gates               exit code
`)
	for _, o := range outcomeMeans {
		fmt.Fprintf(&b, "%-11s  %-18s  %d    %s\n", o.outcome, o.gates, o.code, o.means)
	}
	b.WriteString(`
What gates does so for must and should rules; for quirks with --quirks alone. A deviation from a
should rule is known only where the baseline gives a reason. A claim that shrank (claim-shrank), and
a module of which nothing was asked or passed, lead to 1. The baseline's entries that match nothing lead to 2.`)
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit codes mean, and which outcomes lead to them",
		Long:  b.String(),
	}
}
