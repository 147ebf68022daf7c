package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"lossproof/judge"
)

// JUnit writes a result as JUnit XML: a test suite for each topic, a test case for each check,
// whose name is the id. What the port answered wrong is a failure, everything else
// that fails an error; unsupported cases, known failures and what was not run are skipped. A claim that
// shrank, and cases that were not reached, are failures of a suite called lossproof.
func JUnit(w io.Writer, result *judge.Result) error {
	suites := junit.Testsuites{Name: "lossproof " + result.Level}
	var suite junit.Testsuite
	for _, r := range result.Checks() {
		if name := r.Module + "/" + r.Topic; suite.Name != name {
			if suite.Name != "" {
				suites.AddSuite(suite)
			}
			suite = junit.Testsuite{Name: name, ID: len(suites.Suites), Time: "0"}
		}
		suite.AddTestcase(testcase(r, suite.Name))
	}
	if suite.Name != "" {
		suites.AddSuite(suite)
	}
	if run := runSuite(result, len(suites.Suites)); run.Tests > 0 {
		suites.AddSuite(run)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	return suites.WriteXML(w)
}

func testcase(r judge.CheckResult, topic string) junit.Testcase {
	test := junit.Testcase{Name: r.ID, Classname: topic, Time: "0"}
	switch {
	case r.Outcome == judge.Unsupported:
		test.Skipped = &junit.Result{Message: printable("unsupported: " + r.Message)}
	case r.Outcome == judge.KnownFailure:
		test.Skipped = &junit.Result{Message: printable("known failure: " + reasons(r))}
	case r.Outcome == judge.NotRun:
		test.Skipped = &junit.Result{Message: printable("not run: " + r.Message)}
	case !r.Outcome.Failing():
	case !r.Gates && r.Outcome != judge.SuiteError:
		test.SystemOut = &junit.Output{Data: printable("quirk that the port does not have\n" + Failure(r))}
	default:
		problem := &junit.Result{
			Message: printable(fmt.Sprintf("%s (%s): %s", r.Rule, r.Requirement, r.Statement)),
			Type:    string(r.Outcome),
			Data:    printable(Failure(r)),
		}
		if r.Outcome == judge.Fail || r.Outcome == judge.Fixed {
			test.Failure = problem
		} else {
			test.Error = problem
		}
	}
	return test
}

// runSuite has what is wrong with the run as a whole.
func runSuite(result *judge.Result, id int) junit.Testsuite {
	suite := junit.Testsuite{Name: "lossproof", ID: id, Time: "0"}
	fail := func(name, kind, text string) {
		suite.AddTestcase(junit.Testcase{Name: name, Classname: "lossproof", Time: "0", Failure: &junit.Result{Message: printable(text), Type: kind, Data: printable(text)}})
	}
	if b := result.Baseline; b != nil && len(b.ClaimShrank) > 0 {
		fail("claim", claimShrank, strings.Join(b.ClaimShrank, "\n"))
	}
	for i, m := range result.Summary.Modules {
		// A module may fail without a case that does.
		if m.Claimed && !m.Passed {
			fail("verdict/"+m.Module, "not-conformant", result.Summary.Verdict[i])
		}
	}
	return suite
}

// claimShrank is the name of the fault that a port claims less than its baseline.
const claimShrank = "claim-shrank"

// reasons joins the reasons of the baseline for a case.
func reasons(r judge.CheckResult) string {
	var texts []string
	add := func(known *judge.Known) {
		if known == nil {
			return
		}
		text := known.Reason
		if text == "" {
			text = "no reason is given"
		}
		for _, t := range texts {
			if t == text {
				return
			}
		}
		texts = append(texts, text)
	}
	add(r.Known)
	for _, name := range r.OutputNames() {
		if output := r.Outputs[name]; output.Outcome == judge.KnownFailure {
			add(output.Known)
		}
	}
	return strings.Join(texts, "; ")
}

// printable replaces what XML cannot hold: control characters, which a port's messages
// may have.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || r == 0xFFFE || r == 0xFFFF) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
}
