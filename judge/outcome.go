package judge

import "slices"

// Outcome is what came of asking for an output, or of a case.
type Outcome string

// The outcomes, in the order of their precedence.
const (
	// SuiteError: the suite is at fault, such as an array that cannot be read.
	SuiteError Outcome = "suite-error"
	// Unsupported: outside the claim, and not asked.
	Unsupported Outcome = "unsupported"
	// NotRun: inside the claim, and not asked, for the port was lost too often before.
	NotRun Outcome = "not-run"
	// Malformed: what came is no answer to the call, or lacks a wanted output.
	Malformed Outcome = "malformed"
	// Timeout: nothing came in time.
	Timeout Outcome = "timeout"
	// Crash: the port ended, or panicked.
	Crash Outcome = "crash"
	// Error: the port says that it failed.
	Error Outcome = "error"
	// Fail: the answer is wrong.
	Fail Outcome = "fail"
	// Fixed: the answer is right, and the baseline knows it as a failure: until it is
	// updated, the run fails.
	Fixed Outcome = "fixed"
	// KnownFailure: a failure that the baseline knows. It does not gate.
	KnownFailure Outcome = "known"
	// Pass: the answer is right.
	Pass Outcome = "pass"
)

// Outcomes lists the outcomes in the order of their precedence.
var Outcomes = []Outcome{SuiteError, Unsupported, NotRun, Malformed, Timeout, Crash, Error, Fail, Fixed, KnownFailure, Pass}

// Failing reports whether o counts against the port, or the suite.
func (o Outcome) Failing() bool { return o.Gating() && o != NotRun }

// Gating reports whether o keeps a run from passing: it is failing, or nothing is known of what the
// port was to show.
func (o Outcome) Gating() bool { return o != Pass && o != KnownFailure && o != Unsupported }

// precedes reports whether o is before p in Outcomes.
func (o Outcome) precedes(p Outcome) bool {
	return slices.Index(Outcomes, o) < slices.Index(Outcomes, p)
}
