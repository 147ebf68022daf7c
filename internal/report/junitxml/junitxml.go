// Package junitxml writes results as JUnit XML. It is apart from package report, which packages that people import
// write the end of a run with: they need none of what JUnit needs.
package junitxml

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"lossproof/internal/prose"
	"lossproof/internal/report"
	"lossproof/judge"
)

// Write writes a result as JUnit XML. The first test suite, lossproof, has the verdict on each module with its
// diagnosis, and what is wrong with the run as a whole. A suite for each topic of the claimed modules follows, with a test case for each
// check. What the port answered wrong is a failure, everything else that fails an error; unsupported cases, known failures
// and what was not run are skipped.
func Write(w io.Writer, result *judge.Result) error {
	suites := junit.Testsuites{Name: "lossproof " + result.Level}
	var all, took time.Duration
	var suite junit.Testsuite
	add := func() {
		if len(suite.Testcases) > 0 {
			suite.ID, suite.Time = len(suites.Suites), seconds(took)
			suites.AddSuite(suite)
		}
		all, took = all+took, 0
	}
	suite = runSuite(result)
	for _, r := range result.Checks() {
		if _, claimed := result.Claim[r.Module]; !claimed {
			continue
		}
		if name := r.Module + "/" + r.Topic; suite.Name != name {
			add()
			suite = junit.Testsuite{Name: name}
		}
		suite.AddTestcase(testcase(r))
		took += r.Took
	}
	add()
	suites.Time = seconds(all)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	return suites.WriteXML(w)
}

// seconds writes a time as JUnit does.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 6, 64) }

// testcase has a check: its class is module and topic, divided as viewers expect it, its name the rest of its id.
func testcase(r judge.CheckResult) junit.Testcase {
	test := junit.Testcase{Name: strings.TrimPrefix(r.ID, r.Module+"/"+r.Topic+"/"), Classname: r.Module + "." + r.Topic, Time: seconds(r.Took)}
	switch {
	case r.Outcome == judge.Unsupported:
		test.Skipped = &junit.Result{Message: printable("unsupported: " + r.Message)}
	case r.Outcome == judge.KnownFailure:
		test.Skipped = &junit.Result{Message: printable("known failure: " + report.Reasons(r))}
	case r.Outcome == judge.NotRun:
		test.Skipped = &junit.Result{Message: printable("not run: " + r.Message)}
	case !r.Outcome.Failing():
	case !r.Gates && r.Outcome != judge.SuiteError:
		test.SystemOut = &junit.Output{Data: printable("quirk that the port does not have\n" + report.Failure(r))}
	default:
		problem := &junit.Result{
			Message: printable(fmt.Sprintf("%s (%s): %s", r.Rule, r.Requirement, r.Statement)),
			Type:    string(r.Outcome),
			Data:    printable(report.Failure(r)),
		}
		if r.Outcome == judge.Fail || r.Outcome == judge.Fixed {
			test.Failure = problem
		} else {
			test.Error = problem
		}
	}
	return test
}

// runSuite has the verdict on each module, and whether the claim shrank.
func runSuite(result *judge.Result) junit.Testsuite {
	suite := junit.Testsuite{Name: "lossproof"}
	add := func(name string, test junit.Testcase) {
		test.Name, test.Classname, test.Time = name, "lossproof", "0"
		suite.AddTestcase(test)
	}
	if b := result.Baseline; b != nil && len(b.ClaimShrank) > 0 {
		text := printable(strings.Join(b.ClaimShrank, "\n"))
		add("claim", junit.Testcase{Failure: &junit.Result{Message: text, Type: report.ClaimShrank, Data: text}})
	}
	for i, m := range result.Summary.Modules {
		verdict := printable(result.Summary.Verdict[i])
		test := junit.Testcase{SystemOut: &junit.Output{Data: verdict}}
		switch {
		case !m.Claimed:
			test = junit.Testcase{Skipped: &junit.Result{Message: verdict}}
		case !m.Passed: // maybe without a check that fails
			of := *result
			of.Diagnoses = slices.DeleteFunc(slices.Clone(result.Diagnoses), func(d judge.Diagnosis) bool { return d.Module != m.Module })
			text := strings.TrimSpace(verdict + "\n\n" + prose.Diagnosis(&of))
			test = junit.Testcase{Failure: &junit.Result{Message: verdict, Type: "not-conformant", Data: printable(text)}}
		}
		add("verdict on "+m.Module, test)
	}
	return suite
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
