// Package matrix keeps what is known of an implementation in a few kilobytes: what became of each
// rule, why, and by which versions and commands. The rows of the matrix are committed, and the site
// (internal/site) is made of them.
package matrix

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"lossproof/internal/halves"
	"lossproof/internal/prose"
	"lossproof/judge"
	"lossproof/ports"
	"lossproof/tensor"
)

// Format is the version of the file of a row.
const Format = 1

// Row is what the matrix keeps of one implementation at one version.
type Row struct {
	Format int `json:"lossproof_matrix"`
	// Name is that of the port, Implementation what it checks.
	Name           string   `json:"name"`
	Implementation string   `json:"implementation"`
	BuildsOn       []string `json:"builds_on,omitempty"`
	// Port is what the port says of itself.
	Port ports.Info `json:"port"`
	// Docs and Calls have for a module a page about it, and what answers.
	Docs  map[string]string `json:"docs,omitempty"`
	Calls map[string]string `json:"calls,omitempty"`
	// Install and Run are the commands, for a shell in the folder of the port.
	Install string `json:"install,omitempty"`
	Run     string `json:"run,omitempty"`
	// Program runs a program on stdin that calls the library itself, as the snippets of the port are.
	Program string `json:"program,omitempty"`
	// Lossproof and Fixtures are versions, Reference is the version of PyTorch; Platform is the machine.
	Lossproof string   `json:"lossproof"`
	Fixtures  string   `json:"fixtures"`
	Reference string   `json:"reference"`
	Platform  string   `json:"platform"`
	Modules   []Module `json:"modules"`
	// Findings are what is wrong in the implementation, each shown by a program that calls it directly.
	Findings []Finding `json:"findings,omitempty"`
	// Curves are the errors along the axis of the logits, of a sample of the float32 inputs.
	Curves []Curve `json:"curves,omitempty"`
	// Maps are the accuracies at all numbers of the dtypes of 16 bits.
	Maps []Map `json:"maps,omitempty"`
}

// Module is what is known of one module that an implementation claims.
type Module struct {
	Module string      `json:"module"`
	Claim  ports.Claim `json:"claim"`
	// Parity and Exact are the verdicts at these levels; one is nil that was not asked for.
	Parity *Verdict `json:"parity,omitempty"`
	Exact  *Verdict `json:"exact,omitempty"`
	// Rules has the ids of rules by what became of them, without those that are in Differs.
	Rules map[State][]string `json:"rules"`
	// Differs has the rules that some answer breaks.
	Differs []Difference `json:"differs,omitempty"`
	Causes  []Cause      `json:"causes,omitempty"`
	// Topics has the largest error of each topic whose errors are above half an ULP.
	Topics []Topic `json:"topics,omitempty"`
}

// Verdict is that of one level.
type Verdict struct {
	// Line names the claim.
	Line       string `json:"line"`
	Conformant bool   `json:"conformant"`
	// Failing counts the checks that fail and gate, Asked those that were asked.
	Failing int `json:"failing"`
	Asked   int `json:"asked"`
}

// State says what the answers to the checks of a rule agree with.
type State string

const (
	// Both is with PyTorch and with the exact result.
	Both State = "both"
	// Torch is with PyTorch, and not always with the exact result.
	Torch State = "torch"
	// Exact is with the exact result, and not always with PyTorch.
	Exact State = "exact"
	// Either is each with one of the two.
	Either State = "either"
	// Differs is some with neither.
	Differs State = "differs"
	// Unsupported says that the claim leaves the rule out.
	Unsupported State = "unsupported"
	// NotRun says that nothing is known, for the port was lost before.
	NotRun State = "not-run"
)

// Difference is a rule that some answers break.
type Difference struct {
	Rule string `json:"rule"`
	// Failing counts the checks of the rule that fail at parity, of the Asked ones.
	Failing int `json:"failing"`
	Asked   int `json:"asked"`
	// Outcome is fail where answers are wrong, else the worst of crash, timeout and so on.
	Outcome judge.Outcome `json:"outcome"`
	// Causes name mistakes of Module.Causes.
	Causes []string `json:"causes,omitempty"`
	// Reason says why where no cause does, as the baseline of the port has it, or what the port does instead.
	Reason string `json:"reason,omitempty"`
	// Example is the id of a check that fails, Got says what is wrong there.
	Example string `json:"example"`
	Got     string `json:"got"`
	// Direct says that a program which calls the implementation itself gives the same (lossproof repro --snippet).
	Direct bool `json:"direct,omitempty"`
}

// Cause is what explains failures: a known mistake, or a condition that tells wrong answers from right ones.
type Cause struct {
	Name     string       `json:"name"`
	Title    string       `json:"title"`
	Right    string       `json:"right,omitempty"`
	Rule     string       `json:"rule,omitempty"`
	Explains int          `json:"explains"`
	Met      []judge.Link `json:"met,omitempty"`
	// Lead says that it explains too little to be a finding.
	Lead bool `json:"lead,omitempty"`
	// Example is a small call, with what was answered and what is right.
	Example string `json:"example,omitempty"`
}

// Topic has the largest error in ULPs of the exact result.
type Topic struct {
	Topic string       `json:"topic"`
	ULP   judge.Number `json:"ulp"`
	// ID names the output.
	ID string `json:"id"`
}

// Finding is a fault or a difference, shown by a program that calls the implementation directly.
type Finding struct {
	Demonstration
	// IsFault says that it contradicts something, and that it breaks a rule that must hold; all else is a
	// difference.
	IsFault bool `json:"is_fault,omitempty"`
	// Output is what the program printed, when the matrix was made.
	Output string `json:"output"`
	// Confirmed says that the program succeeded and that its output has all that the claim says.
	Confirmed bool `json:"confirmed"`
}

// Demonstration is an entry of findings/findings.json in the folder of a port.
type Demonstration struct {
	File  string `json:"file"`
	Run   string `json:"run"`
	Title string `json:"title"`
	// Rules are the ids of those that it breaks.
	Rules []string `json:"rules"`
	// Fault says which mathematics, or which documentation of the implementation, this contradicts; empty
	// for a difference that both allow.
	Fault string `json:"fault,omitempty"`
	// Shows are texts that the output has to have: what is returned, beside what is right.
	Shows []string `json:"shows"`
	// Report is a public issue about it.
	Report string `json:"report,omitempty"`
}

// Curve has the largest error in ULPs in each part of an axis, -1 where nothing was measured and
// "inf" where a result is NaN or infinite that should not be.
type Curve struct {
	Module string         `json:"module"`
	Output string         `json:"output"`
	From   float64        `json:"from"`
	Step   float64        `json:"step"`
	ULP    []judge.Number `json:"ulp"`
}

// Map has how accurate an output is at each number of a dtype of 16 bits; CrossEntropyLoss has rows (x, 0).
type Map struct {
	Module   string       `json:"module"`
	DType    tensor.DType `json:"dtype"`
	Output   string       `json:"output"`
	Accuracy *halves.Map  `json:"accuracy"`
}

// ID names the row in files and links.
func (r *Row) ID() string { return slug(r.Name) }

// Title names the implementation with its version.
func (r *Row) Title() string { return strings.TrimSpace(r.Implementation + " " + r.Port.Version) }

// Module returns what is known of a module, nil where it is not claimed.
func (r *Row) Module(name string) *Module {
	if i := slices.IndexFunc(r.Modules, func(m Module) bool { return m.Module == name }); i >= 0 {
		return &r.Modules[i]
	}
	return nil
}

// State returns what became of a rule, and the difference where there is one.
func (m *Module) State(rule string) (State, *Difference) {
	for i := range m.Differs {
		if m.Differs[i].Rule == rule {
			return Differs, &m.Differs[i]
		}
	}
	for state, rules := range m.Rules {
		if slices.Contains(rules, rule) {
			return state, nil
		}
	}
	return Unsupported, nil
}

var unsafe = regexp.MustCompile(`[^a-z0-9.]+`)

func slug(text string) string {
	return strings.Trim(unsafe.ReplaceAllString(strings.ToLower(text), "-"), "-.")
}

// New makes a row of results of one port, of which one may be nil.
func New(parity, exact *judge.Result) (*Row, error) {
	main := parity
	if main == nil {
		main = exact
	}
	if main == nil {
		return nil, fmt.Errorf("there is no result, want one at parity or exact")
	}
	if parity != nil && exact != nil && (parity.Port != exact.Port || parity.Fixtures != exact.Fixtures) {
		return nil, fmt.Errorf("got results of %s %s with fixtures %s and of %s %s with fixtures %s, want one port and one version of both",
			parity.Port.Name, parity.Port.Version, parity.Fixtures.Version, exact.Port.Name, exact.Port.Version, exact.Fixtures.Version)
	}
	p := main.Platform
	r := &Row{
		Format: Format, Name: slug(main.Port.Name + " " + main.Port.Version), Implementation: main.Port.Name, Port: main.Port,
		Lossproof: main.Lossproof, Fixtures: main.Fixtures.Version, Reference: main.Reference.Version,
		Platform: strings.Join(slices.DeleteFunc([]string{p.OS + "/" + p.Arch, p.CPU, strings.Join(p.SIMD, " ")}, func(s string) bool { return s == "" }), ", "),
	}
	for _, s := range main.Summary.Modules {
		if s.Claimed {
			r.Modules = append(r.Modules, newModule(s.Module, main, parity, exact))
		}
	}
	return r, nil
}

func newModule(name string, main, parity, exact *judge.Result) Module {
	m := Module{Module: name, Claim: main.Claim[name], Parity: verdictOf(parity, name), Exact: verdictOf(exact, name), Rules: map[State][]string{}}
	var rules []*rule
	byID := map[string]*rule{}
	for _, c := range main.Checks() {
		if c.Module != name {
			continue
		}
		r := byID[c.Rule]
		if r == nil {
			r = &rule{id: c.Rule}
			rules, byID[c.Rule] = append(rules, r), r
		}
		r.add(c)
	}
	slices.SortFunc(rules, func(a, b *rule) int { return strings.Compare(a.id, b.id) })
	for _, r := range rules {
		if s := r.state(); s != Differs {
			m.Rules[s] = append(m.Rules[s], r.id)
		} else {
			m.Differs = append(m.Differs, r.difference)
		}
	}
	m.causes(main)
	for i := range m.Differs {
		if d := &m.Differs[i]; len(d.Causes) == 0 {
			d.Reason = cmp.Or(elsewhere(main, name, d.Rule), byID[d.Rule].instead())
		}
	}
	for _, t := range main.Summary.Topics {
		if t.Module == name && t.Worst != nil && float64(t.Worst.ULP) > 0.5 {
			m.Topics = append(m.Topics, Topic{Topic: t.Topic, ULP: Rounded(t.Worst.ULP), ID: t.Worst.ID})
		}
	}
	return m
}

// causes adds the causes of a result, and their names to the rules that they explain; leads to those of which nothing
// else is known.
func (m *Module) causes(result *judge.Result) {
	names := map[int]string{}
	for i, c := range result.Causes {
		if c.Module != m.Module {
			continue
		}
		cause := Cause{Name: c.Name, Title: prose.CauseSentence(c), Right: c.Right, Rule: c.Rule, Explains: c.Explains, Met: c.Met, Lead: c.Lead}
		if cause.Name == "" {
			cause.Name = fmt.Sprintf("%s-%d", c.Kind, len(m.Causes)+1)
		}
		if r := c.Reproduction; r != nil {
			cause.Example = fmt.Sprintf("%s: %s: got %s, want %s", r.Call, r.Output, r.Got, r.Want)
		}
		m.Causes, names[i] = append(m.Causes, cause), cause.Name
	}
	for _, lead := range []bool{false, true} {
		open := map[string]*Difference{}
		for i := range m.Differs {
			if d := &m.Differs[i]; !lead || len(d.Causes) == 0 {
				open[d.Rule] = d
			}
		}
		for _, c := range result.Checks() {
			d := open[c.Rule]
			for _, i := range c.Causes {
				if d != nil && c.Module == m.Module && i < len(result.Causes) && result.Causes[i].Lead == lead && names[i] != "" && !slices.Contains(d.Causes, names[i]) {
					d.Causes = append(d.Causes, names[i])
				}
			}
		}
	}
}

// elsewhere says what another module does wrong that breaks a law of this one.
func elsewhere(result *judge.Result, module, rule string) string {
	for _, c := range result.Checks() {
		if c.Module != module || c.Rule != rule || c.Blames == "" {
			continue
		}
		for _, i := range c.Causes {
			if i < len(result.Causes) && result.Causes[i].Module == c.Blames {
				return c.Blames + ": " + prose.CauseSentence(result.Causes[i])
			}
		}
	}
	return ""
}

// rule gathers the checks of one rule.
type rule struct {
	id string
	// agrees has what outputs and refusals that pass agree with; asked counts the checks.
	agrees         map[string]int
	notRun, passed int
	difference     Difference
	// wrong counts recorded cases that fail by what they do, ways has that in order.
	wrong map[string]int
	ways  []string
}

// way says what a case that fails does, of the message about it.
func way(message string) string {
	line, _, _ := strings.Cut(message, "\n")
	switch {
	case strings.HasPrefix(line, "refused "):
		return "refuses what PyTorch accepts"
	case strings.HasPrefix(line, "accepted "):
		return "accepts what PyTorch refuses"
	case strings.HasPrefix(line, "dtype is "):
		return strings.NewReplacer("dtype is ", "answers in ", ", want ", " instead of ").Replace(line)
	case strings.HasPrefix(line, "shape is "):
		return "answers in another shape"
	case strings.Contains(message, "the kind differs"):
		return "is finite, infinite or NaN where PyTorch is not"
	}
	return "gives numbers that are neither PyTorch's nor the exact ones"
}

// instead says what the recorded cases of a rule do that fail.
func (r *rule) instead() string {
	var parts []string
	slices.SortStableFunc(r.ways, func(a, b string) int { return r.wrong[b] - r.wrong[a] })
	for _, way := range r.ways {
		parts = append(parts, fmt.Sprintf("%s (%d of %d)", way, r.wrong[way], r.difference.Asked))
	}
	if len(parts) == 0 {
		return ""
	}
	return "It " + strings.Join(parts, "; it ") + "."
}

func (r *rule) add(c judge.CheckResult) {
	d := &r.difference
	switch c.Outcome {
	case judge.Unsupported:
		return
	case judge.NotRun:
		r.notRun++
		return
	}
	d.Asked++
	if failing := c.Outcome == judge.KnownFailure || c.Outcome.Failing() && c.Outcome != judge.Fixed; failing {
		r.fails(c)
		return
	}
	r.passed++
	if r.agrees == nil {
		r.agrees = map[string]int{}
	}
	for _, o := range c.Outputs {
		r.agrees[o.Agrees]++
	}
}

func (r *rule) fails(c judge.CheckResult) {
	d := &r.difference
	outcome, id, message := c.Outcome, c.ID, c.Message
	if c.Known != nil {
		outcome = c.Known.Outcome
	}
	for _, name := range c.OutputNames() {
		if o := c.Outputs[name]; o.Message != "" {
			if id, message = c.ID+"#"+name, o.Message; o.Known != nil {
				outcome = o.Known.Outcome
			}
			break
		}
	}
	if c.Kind == judge.Case && outcome == judge.Fail {
		does := way(message)
		if r.wrong[does] == 0 {
			r.ways = append(r.ways, does)
		}
		if r.wrong == nil {
			r.wrong = map[string]int{}
		}
		r.wrong[does]++
	}
	if d.Failing++; d.Failing == 1 {
		d.Rule, d.Outcome, d.Example, d.Got = r.id, outcome, id, plainest(message)
	}
}

// state says what the answers agree with.
func (r *rule) state() State {
	torch, exact := r.agrees["torch"] > 0, r.agrees["exact"] > 0
	switch {
	case r.difference.Failing > 0:
		return Differs
	case r.passed == 0 && r.notRun > 0:
		return NotRun
	case r.passed == 0:
		return Unsupported
	case r.agrees["mixed"] > 0 || torch && exact:
		return Either
	case torch:
		return Torch
	case exact:
		return Exact
	}
	return Both
}

// maxGot bounds what is kept of a message.
const maxGot = 240

// plainest returns the part of a message that says what was returned and what is right.
func plainest(message string) string {
	lines := strings.Split(message, "\n")
	text := lines[0]
	for i, line := range lines {
		if strings.HasPrefix(line, "  at ") { // the first element that is wrong, and what it should be
			text = strings.Join(strings.Fields(strings.Join(lines[i:min(i+3, len(lines))], " ")), " ")
			break
		}
	}
	if len(text) > maxGot {
		text = strings.ToValidUTF8(text[:maxGot], "") + "…"
	}
	return text
}

func verdictOf(result *judge.Result, module string) *Verdict {
	if result == nil {
		return nil
	}
	i := slices.IndexFunc(result.Summary.Modules, func(s judge.ModuleSummary) bool { return s.Module == module })
	if i < 0 || !result.Summary.Modules[i].Claimed {
		return nil
	}
	v := &Verdict{Line: result.Summary.Verdict[i], Conformant: result.Summary.Modules[i].Conformant}
	for _, c := range result.Checks() {
		if c.Module != module || c.Outcome == judge.Unsupported || c.Outcome == judge.NotRun {
			continue
		}
		v.Asked++
		if c.Outcome == judge.KnownFailure || c.Gates && c.Outcome.Failing() {
			v.Failing++
		}
	}
	return v
}

// Rounded keeps three digits: more would change with every machine.
func Rounded(n judge.Number) judge.Number {
	var v float64
	if _, err := fmt.Sscanf(fmt.Sprintf("%.3g", float64(n)), "%g", &v); err != nil {
		return n
	}
	return judge.Number(v)
}

// lists are arrays of short texts, which stand on one line in a file.
var lists = regexp.MustCompile(`\[\n\s+(?:(?:"[^"\n]*"|[-0-9.e+]+),?\n\s+)+\]`)

var breaks = regexp.MustCompile(`\n\s+`)

// Encode returns the content of the file of a row.
func (r *Row) Encode() ([]byte, error) {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(r); err != nil {
		return nil, err
	}
	return []byte(lists.ReplaceAllStringFunc(text.String(), func(list string) string {
		return strings.NewReplacer("[ ", "[", " ]", "]").Replace(breaks.ReplaceAllString(list, " "))
	})), nil
}
