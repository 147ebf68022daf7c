package judge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"lossproof/fixtures"
	"lossproof/ports"
)

// Result is what a run found out. Its JSON form is the result file of the command.
type Result struct {
	// Lossproof is the version of the tool.
	Lossproof string                 `json:"lossproof"`
	Fixtures  FixturesInfo           `json:"fixtures"`
	Port      ports.Info             `json:"port"`
	Claim     map[string]ports.Claim `json:"claim"`
	Reference Reference              `json:"reference"`
	Level     string                 `json:"level"`
	// Quirks says whether quirks gate.
	Quirks bool `json:"quirks"`
	// Selected is the number of cases selected, Partial says that these are not all.
	Selected int  `json:"selected"`
	Partial  bool `json:"partial"`
	// Selection is what was selected, but for the shard; absent where that is all.
	Selection Selection `json:"selection,omitzero"`
	// Shard is the part i/n of the selected cases that this is about, empty for all.
	Shard string `json:"shard,omitempty"`
	// Argv is the command line, where there is one.
	Argv     []string `json:"argv,omitempty"`
	Platform Platform `json:"platform"`
	// Baseline is that of the run, where there is one.
	Baseline *BaselineInfo `json:"baseline,omitempty"`
	Summary  Summary       `json:"summary"`
	// Causes explain the failures; those of a module stand together.
	Causes []Cause `json:"causes,omitempty"`
	// Diagnoses say which known mistakes explain the failures, by module.
	Diagnoses []Diagnosis `json:"diagnoses,omitempty"`
	Cases     Cases       `json:"cases"`
	// Seed is what the inputs of the relations were drawn from, SeedFrom where it comes from.
	Seed     uint32   `json:"seed"`
	SeedFrom SeedFrom `json:"seed_from,omitempty"`
	// Recorded says that answers were judged that were there already: nothing else could be asked.
	Recorded bool `json:"recorded,omitempty"`
	// Incidents are why the port was lost, by the module of the call that it owed an answer to, "" where it
	// owed none. Restarts is the number of processes that were started in place of lost ones.
	Incidents map[string]ports.Incidents `json:"incidents,omitempty"`
	Restarts  int                        `json:"restarts"`
	// Relations are the laws that were checked on generated inputs.
	Relations Made `json:"relations"`
	// Effort says how much the generated checks asked.
	Effort Effort `json:"effort"`
	// FewShapes says that laws and generated checks drew from few shapes, for the port compiles for each.
	FewShapes bool `json:"few_shapes,omitempty"`
	// Generated are the checks whose generated calls were judged by the exact result.
	Generated Made `json:"generated"`
	// Complete says that every selected check was made. It is the last member.
	Complete bool `json:"complete"`
}

// SeedFrom says where a seed comes from.
type SeedFrom string

const (
	// Release is the seed that is the same for everybody: the inputs are known beforehand, and a gate of CI is steady.
	Release SeedFrom = "release"
	// Random is a seed that was drawn for the run: no port can have known the inputs.
	Random SeedFrom = "random"
	// Given is a number that the user gave.
	Given SeedFrom = "given"
)

// String names a seed as a verdict does.
func (f SeedFrom) String(seed uint32) string {
	switch f {
	case Release:
		return fmt.Sprintf("seed %d of the release", seed)
	case Random:
		return fmt.Sprintf("random seed %d", seed)
	}
	return fmt.Sprintf("seed %d", seed)
}

// FixturesInfo names the fixtures.
type FixturesInfo struct {
	Version string `json:"version"`
	// Cases is the number of cases there are.
	Cases int `json:"cases"`
}

// Reference is the PyTorch that the outcomes were recorded from.
type Reference struct {
	Name          string `json:"name"`
	Version       string `json:"version"`
	CPUCapability string `json:"cpu_capability"`
}

// Platform is the machine that judges.
type Platform struct {
	OS   string `json:"os"`
	Arch string `json:"arch"`
	Go   string `json:"go"`
	// CPU is the model, Cores their number, SIMD the instruction sets that matter here.
	CPU   string   `json:"cpu,omitempty"`
	Cores int      `json:"cores,omitempty"`
	SIMD  []string `json:"simd,omitempty"`
}

// BaselineInfo says how the port holds against its baseline.
type BaselineInfo struct {
	// Entries is the number of known failures in the baseline.
	Entries int `json:"entries"`
	// ClaimShrank says what the port claimed and claims no more. It fails the run.
	ClaimShrank []string `json:"claim_shrank,omitempty"`
	// WithoutReason has the entries that do not say why the port fails.
	WithoutReason []string `json:"without_reason,omitempty"`
	// Notes are worth knowing, and no fault.
	Notes []string `json:"notes,omitempty"`
}

// Checks returns the results of all checks: the cases, then the relations, then the generated checks.
func (r *Result) Checks() []CheckResult {
	return slices.Concat([]CheckResult(r.Cases), []CheckResult(r.Relations), []CheckResult(r.Generated))
}

// add adds the result of a check.
func (r *Result) add(c CheckResult) {
	switch c.Kind {
	case Relation:
		r.Relations = append(r.Relations, c)
	case Generated:
		r.Generated = append(r.Generated, c)
	default:
		r.Cases = append(r.Cases, c)
	}
}

// CheckResult is what came of one check.
type CheckResult struct {
	ID   string `json:"id"`
	Kind Kind   `json:"-"` // a result file has a list for each kind
	// SHA256 is the content hash of a recorded case: the same hash asks and expects the same.
	SHA256  string  `json:"sha256"`
	Module  string  `json:"module"`
	Topic   string  `json:"topic"`
	Outcome Outcome `json:"outcome"`
	// Rule is the id of the rule that the check shows, with its sentence.
	Rule        string               `json:"rule"`
	Statement   string               `json:"statement"`
	Requirement fixtures.Requirement `json:"requirement"`
	// Also has the ids of the rules that the check touches.
	Also []string `json:"also,omitempty"`
	// Features are the words of a claim that describe a recorded case.
	Features []string `json:"features,omitempty"`
	// Gates says whether a failing outcome makes the module not conformant.
	Gates bool `json:"gates"`
	// Rejection says that PyTorch refuses the call: there are no outputs.
	Rejection bool `json:"rejection,omitempty"`
	// Took is the time from the end of the check before it to the end of this one.
	Took time.Duration `json:"-"`
	// Samples is the number of generated inputs that a relation was checked on, or of the calls of a
	// generated check, Headroom the largest distance as a share of what is allowed. Refused is the
	// number of inputs that the port refuses, as it may, and in whose place others were drawn.
	Samples  int    `json:"-"`
	Refused  int    `json:"-"`
	Headroom Number `json:"-"`
	// Blames is the module whose answers break a relation, where that is another one than Module.
	Blames string `json:"-"`
	// Elements is the number of elements of all inputs of a generated check, Largest the shape of the
	// largest of them.
	Elements int   `json:"-"`
	Largest  []int `json:"-"`
	// Every is that of a check of all inputs of 16 bits, nil for others.
	Every *EveryInput `json:"-"`
	// Counterexample has the calls that break a relation, or the call of a generated check.
	Counterexample []ports.Call `json:"-"`
	// Outputs of a recorded case by name, those outside the claim too.
	Outputs map[string]OutputResult `json:"outputs,omitempty"`
	// Call describes the call of a case that fails: options, dtypes and shapes.
	Call string `json:"call,omitempty"`
	// Diagnosis names the divergence of the catalogue that the wrong answer equals.
	Diagnosis string `json:"diagnosis,omitempty"`
	// Causes are the indices, in those of the result, of the causes of what fails, leads too.
	Causes []int `json:"causes,omitempty"`
	// Message says what is wrong where that is not a matter of one output, or why the
	// check was not made.
	Message string `json:"message,omitempty"`
	// Note is worth knowing, and no fault.
	Note string `json:"note,omitempty"`
	// Known is the baseline's entry for a check without outputs; those for outputs are there.
	Known *Known `json:"known,omitempty"`
}

// Cases are the results of recorded cases.
type Cases []CheckResult

// UnmarshalJSON implements [json.Unmarshaler].
func (c *Cases) UnmarshalJSON(data []byte) error {
	err := json.Unmarshal(data, (*[]CheckResult)(c))
	for i := range *c {
		(*c)[i].Kind = Case
	}
	return err
}

// Made are the results of relations or of generated checks, with the members that a result file gives them.
type Made []CheckResult

// madeResult is one of them in a result file.
type madeResult struct {
	ID          string               `json:"id"`
	Module      string               `json:"module"`
	Outcome     Outcome              `json:"outcome"`
	Rule        string               `json:"rule"`
	Statement   string               `json:"statement"`
	Requirement fixtures.Requirement `json:"requirement"`
	Gates       bool                 `json:"gates"`
	// Samples are those of a relation; Calls, that many, and Elements those of a generated check.
	Samples   *int        `json:"samples,omitempty"`
	Calls     *int        `json:"calls,omitempty"`
	Elements  *int        `json:"elements,omitempty"`
	Largest   []int       `json:"largest,omitempty"`
	Refused   int         `json:"refused,omitempty"`
	Headroom  Number      `json:"headroom"`
	Every     *EveryInput `json:"every_input,omitempty"`
	Blames    string      `json:"blames,omitempty"`
	Diagnosis string      `json:"diagnosis,omitempty"`
	Causes    []int       `json:"causes,omitempty"`
	Message   string      `json:"message,omitempty"`
	Note      string      `json:"note,omitempty"`
	Known     *Known      `json:"known,omitempty"`
}

// MarshalJSON implements [json.Marshaler].
func (m Made) MarshalJSON() ([]byte, error) {
	list := make([]madeResult, len(m))
	for i := range m {
		c, r := &m[i], &list[i]
		*r = madeResult{
			ID: c.ID, Module: c.Module, Outcome: c.Outcome, Rule: c.Rule, Statement: c.Statement, Requirement: c.Requirement, Gates: c.Gates,
			Largest: c.Largest, Refused: c.Refused, Headroom: c.Headroom, Every: c.Every, Blames: c.Blames,
			Diagnosis: c.Diagnosis, Causes: c.Causes, Message: c.Message, Note: c.Note, Known: c.Known,
		}
		if c.Kind == Generated {
			r.Calls, r.Elements = &c.Samples, &c.Elements
		} else {
			r.Samples = &c.Samples
		}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // a matter of who encodes the whole
	err := encoder.Encode(list)
	return text.Bytes(), err
}

// UnmarshalJSON implements [json.Unmarshaler].
func (m *Made) UnmarshalJSON(data []byte) error {
	var list []madeResult
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	*m = make(Made, len(list))
	for i, r := range list {
		c := &(*m)[i]
		*c = CheckResult{
			ID: r.ID, Kind: Relation, Module: r.Module, Topic: strings.Split(r.ID+"/", "/")[1],
			Outcome: r.Outcome, Rule: r.Rule, Statement: r.Statement, Requirement: r.Requirement, Gates: r.Gates,
			Largest: r.Largest, Refused: r.Refused, Headroom: r.Headroom, Every: r.Every, Blames: r.Blames,
			Diagnosis: r.Diagnosis, Causes: r.Causes, Message: r.Message, Note: r.Note, Known: r.Known,
		}
		if r.Samples == nil {
			c.Kind = Generated
		}
		for _, n := range []struct{ from, to *int }{{r.Samples, &c.Samples}, {r.Calls, &c.Samples}, {r.Elements, &c.Elements}} {
			if n.from != nil {
				*n.to = *n.from
			}
		}
	}
	return nil
}

// OutputResult is what came of one output.
type OutputResult struct {
	Outcome Outcome `json:"outcome"`
	// Agrees is torch, exact, both, mixed or neither; empty if nothing was compared.
	Agrees string `json:"agrees,omitempty"`
	// Elements is the number of elements compared.
	Elements int `json:"elements"`
	// Errors are the largest ones, pass or fail; nil if nothing was compared.
	Errors *Errors `json:"errors,omitempty"`
	// Message says what is wrong.
	Message string `json:"message,omitempty"`
	// Known is the baseline's entry for this output.
	Known *Known `json:"known,omitempty"`
}

// Errors are the largest errors of an output against both answers. One of them is nil
// where no element could be compared: there is no oracle, or no finite number.
type Errors struct {
	Reference *Distance `json:"reference,omitempty"`
	Exact     *Distance `json:"exact,omitempty"`
	// PrematureOverflow counts the elements that were accepted as such.
	PrematureOverflow int `json:"premature_overflow,omitempty"`
}

// Distance has the largest errors, each with the index of its element, and the headroom:
// the largest error as a share of what is allowed.
type Distance struct {
	Abs      Number `json:"abs"`
	AbsAt    []int  `json:"abs_at"`
	Rel      Number `json:"rel"`
	RelAt    []int  `json:"rel_at"`
	ULP      Number `json:"ulp"`
	ULPAt    []int  `json:"ulp_at"`
	Headroom Number `json:"headroom"`
}

// Summary counts.
type Summary struct {
	// Conformant says that every claimed module is conformant, and that all cases that were
	// selected are there: a shard is never conformant by itself.
	Conformant bool `json:"conformant"`
	// Passed says that nothing gates: the run is conformant, or fails as its baseline says,
	// or is a shard in which nothing fails. It decides the exit code.
	Passed bool `json:"passed"`
	// Verdict is one line for each module, claim included.
	Verdict []string `json:"verdict"`
	// Incidents are those of all modules.
	Incidents ports.Incidents `json:"incidents"`
	Counts
	Modules []ModuleSummary `json:"modules"`
	Topics  []TopicSummary  `json:"topics"`
	// Relations counts the relations by outcome.
	Relations map[Outcome]int `json:"relations"`
	// Generated counts the generated checks by outcome.
	Generated map[Outcome]int `json:"generated"`
	// NotRun is the number of selected cases that were not asked, RelationsNotRun that of the
	// relations, GeneratedNotRun that of the generated checks.
	NotRun          int `json:"not_run"`
	RelationsNotRun int `json:"relations_not_run"`
	GeneratedNotRun int `json:"generated_not_run"`
}

// Asked counts what was asked and gates, and what passes of it: quirks that do not gate, and what lies outside
// the claim, are no part of a whole.
type Asked struct {
	Cases       int `json:"cases"`
	CasesPassed int `json:"cases_passed"`
	// Outputs are those of the cases, Refusals the cases that have none, for PyTorch refuses the call.
	Outputs        int `json:"outputs"`
	OutputsPassed  int `json:"outputs_passed"`
	Refusals       int `json:"refusals"`
	RefusalsPassed int `json:"refusals_passed"`
}

// Evidence is what stands behind the verdict on a module, beside its recorded cases.
type Evidence struct {
	// Laws is the number of relations that hold, of LawsOf that were selected.
	Laws   int `json:"laws"`
	LawsOf int `json:"laws_of"`
}

// Counts counts cases and outputs. A rejection is a case without outputs.
type Counts struct {
	Asked Asked `json:"asked"`
	// Cases by outcome.
	Cases map[Outcome]int `json:"cases"`
	// Outputs by outcome, and the number of those asked for, and of all.
	Outputs      map[Outcome]int `json:"outputs"`
	OutputsAsked int             `json:"outputs_asked"`
	OutputsAll   int             `json:"outputs_all"`
	// Agrees counts the outputs compared by whom they agree with.
	Agrees map[string]int `json:"agrees"`
	// Worst is the output with the largest error in ULPs of the exact result, of the cases
	// that gate.
	Worst *Worst `json:"worst,omitempty"`
}

// Worst names the element with the largest error.
type Worst struct {
	// ID names the output: case#output.
	ID      string `json:"id"`
	Element []int  `json:"element"`
	ULP     Number `json:"ulp"`
	// Headroom is the largest error of that output as a share of what is allowed.
	Headroom Number `json:"headroom"`
}

// ModuleSummary is the verdict on one module.
type ModuleSummary struct {
	Module  string `json:"module"`
	Claimed bool   `json:"claimed"`
	// Conformant is false where the module is not claimed.
	Conformant bool `json:"conformant"`
	// Passed says that nothing of the module gates.
	Passed bool `json:"passed"`
	// Reason says why it is not conformant.
	Reason string `json:"reason,omitempty"`
	// Evidence is what stands behind the verdict.
	Evidence Evidence `json:"evidence"`
	// Limits say what was not checked of what this version can check, the claim apart.
	Limits []string `json:"limits,omitempty"`
	// Incidents are why the port was lost while it owed an answer of this module.
	Incidents ports.Incidents `json:"incidents"`
	// Deviations are the should rules that failing cases stand for, known failures included.
	Deviations []string `json:"deviations,omitempty"`
	// Drawn says how much the generated checks of the module asked; nil where they asked nothing.
	Drawn *Drawn `json:"generated,omitempty"`
	// Every has the checks of all inputs of 16 bits that were made.
	Every []EveryInput `json:"every_input,omitempty"`
	// KnownFailures counts the checks of other rules that fail as the baseline says. A module
	// with known failures passes, and is not conformant.
	KnownFailures int `json:"known_failures,omitempty"`
	// QuirksFollowed and QuirksNot count the cases of quirks that pass and that do not.
	QuirksFollowed int `json:"quirks_followed"`
	QuirksNot      int `json:"quirks_not"`
	Counts
}

// Drawn says how much generated checks asked.
type Drawn struct {
	Effort Effort `json:"effort"`
	// Checks counts the checks that asked, Calls their calls, Elements the elements of all inputs.
	Checks   int `json:"checks"`
	Calls    int `json:"calls"`
	Elements int `json:"elements"`
	// Largest is the shape of the largest input.
	Largest []int `json:"largest"`
}

// TopicSummary counts one topic.
type TopicSummary struct {
	Module string `json:"module"`
	Topic  string `json:"topic"`
	// Failing counts the failing cases that gate.
	Failing int `json:"failing"`
	Counts
}
