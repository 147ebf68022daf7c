package site

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"lossproof/fixtures"
	"lossproof/internal/matrix"
	"lossproof/judge"
	"lossproof/tensor"
)

// Site is what the pages show.
type Site struct {
	Implementations []*Implementation
	Rules           []*Rule
	Questions       []Question
	Modules         []string
	// Languages and DTypes are what the home page filters by.
	Languages []string
	DTypes    []string
	// Fixtures and Reference are the versions that the rules are of.
	Fixtures, Reference string
	Versions            []Versions
	// Findings are those that were confirmed, by implementation; Faults counts those that contradict
	// mathematics or the implementation's own documentation.
	Findings  []*Implementation
	Faults    int
	HasCurves bool
	HasPlots  bool
	HasMaps   bool
}

// Implementation is a row, as the pages show it.
type Implementation struct {
	Row  *matrix.Row
	Path string
	// Short names it in tables.
	Short   string
	Modules []ImplementationModule
	DTypes  string // with a space between
	Others  []*Implementation
	// Confirmed are the findings that were confirmed when the matrix was made.
	Confirmed []matrix.Finding
	Plots     []Plot
	Maps      []Map
}

// ImplementationModule is a module of an implementation.
type ImplementationModule struct {
	matrix.Module
	// Class is good, partly or bad: conformant at exact too, conformant at parity, neither.
	Class, Verdict, BadgePath string
	Groups                    []Group
	DTypes                    string
	// NotExact has the rules whose answers agree with PyTorch, and not always with mathematics.
	NotExact []string
}

// Group are the differences of a module that answer one question.
type Group struct {
	Question    question
	Differences []Difference
}

// Difference is a rule that an implementation breaks.
type Difference struct {
	matrix.Difference
	Rule *Rule
	// Phrases say what it does instead.
	Phrases []string
}

// Rule is a rule with what is known of it.
type Rule struct {
	fixtures.Rule
	Path     string
	Question question
	// Formula is the rule of the module that says what the loss is.
	Formula *Rule
	// Cases are the ids of recorded cases that stand for it, Checks of others, Selector selects them.
	Cases, Checks []string
	Selector      string
	Domain        string
	Tolerance     string
	Cells         []Cell
	// Differs are the implementations that break it, by what they do instead.
	Differs []Instead
}

// Cell says what became of a rule in an implementation.
type Cell struct {
	Implementation *Implementation
	State          matrix.State
	// Class is the state for the style sheet, Word for people.
	Class, Word string
	// Claimed says that it claims the module of the rule.
	Claimed bool
}

// Instead is what some implementations do instead of what a rule says.
type Instead struct {
	Phrase          string
	Implementations []*Implementation
}

// Shown returns the first implementations, for a table that has many.
func (i Instead) Shown() []*Implementation {
	return i.Implementations[:min(len(i.Implementations), maxShown)]
}

// More returns the number of the others.
func (i Instead) More() int { return len(i.Implementations) - len(i.Shown()) }

const maxShown = 8

// Question is a question with its rules.
type Question struct {
	question
	Rules []*Rule
}

// Versions are the changes between two versions of one implementation.
type Versions struct {
	Was, Is *Implementation
	Changes []matrix.Change
}

// Plot is a small picture of the errors of one output along an axis.
type Plot struct {
	Title string
	// Path is drawn in a box of 240 by 100; Gap is the one of wrong classes.
	Line, Wrong template.HTMLAttr
	Worst       string
	At          string
}

func newSite(set *fixtures.Set, rows []*matrix.Row) *Site {
	s := &Site{Fixtures: set.Version(), Reference: set.TorchVersion()}
	s.rules(set)
	byID := map[string]*Rule{}
	for _, r := range s.Rules {
		byID[r.ID] = r
	}
	for _, row := range rows {
		s.Implementations = append(s.Implementations, s.implementation(row, byID))
	}
	for _, i := range s.Implementations {
		for _, o := range s.Implementations {
			if o != i && o.Row.Implementation == i.Row.Implementation {
				i.Others = append(i.Others, o)
			}
		}
		if len(i.Confirmed) > 0 {
			s.Findings = append(s.Findings, i)
		}
		s.HasPlots = s.HasPlots || len(i.Plots) > 0
		s.HasMaps = s.HasMaps || len(i.Maps) > 0
	}
	for k := 1; k < len(s.Implementations); k++ {
		was, is := s.Implementations[k-1], s.Implementations[k]
		if was.Row.Implementation == is.Row.Implementation {
			s.Versions = append(s.Versions, Versions{was, is, matrix.Changes(was.Row, is.Row)})
		}
	}
	for _, r := range s.Rules {
		s.cells(r)
	}
	for i, q := range questions {
		var of []*Rule
		for _, r := range s.Rules {
			if questionOf(suffix(r.ID), r.Requirement == fixtures.Quirk) == i {
				of = append(of, r)
			}
		}
		if len(of) > 0 {
			s.Questions = append(s.Questions, Question{q, of})
		}
	}
	slices.Sort(s.Languages)
	s.Languages = slices.Compact(s.Languages)
	return s
}

// suffix returns the id of a rule without the prefix of its module.
func suffix(id string) string {
	_, rest, _ := strings.Cut(id, "-")
	return rest
}

func (s *Site) rules(set *fixtures.Set) {
	byID := map[string]*Rule{}
	for _, c := range judge.Checks(set) {
		r := byID[c.Rule.ID]
		if r == nil {
			r = &Rule{Rule: c.Rule, Path: ruleFile(c.Rule.ID), Selector: "--rules " + c.Rule.ID, Question: questions[questionOf(suffix(c.Rule.ID), c.Rule.Requirement == fixtures.Quirk)]}
			s.Rules, byID[c.Rule.ID] = append(s.Rules, r), r
		}
		if c.Recorded != nil {
			r.Cases = append(r.Cases, c.ID)
			continue
		}
		r.Checks, r.Domain, r.Tolerance = append(r.Checks, c.ID), c.Domain, c.Tolerance
	}
	slices.SortFunc(s.Rules, func(a, b *Rule) int { return strings.Compare(a.ID, b.ID) })
	for _, r := range s.Rules {
		r.Basis.Text = strings.TrimRight(r.Basis.Text, ".")
		prefix, _, _ := strings.Cut(r.ID, "-")
		if formula := byID[prefix+"-FORMULA"]; formula != r {
			r.Formula = formula
		}
		if len(r.Cases) == 0 && len(r.Checks) > 0 {
			r.Selector = "--select " + r.Checks[0]
		}
		if !slices.Contains(s.Modules, r.Module) {
			s.Modules = append(s.Modules, r.Module)
		}
	}
	slices.Sort(s.Modules)
}

func (s *Site) implementation(row *matrix.Row, rules map[string]*Rule) *Implementation {
	i := &Implementation{Row: row, Path: "implementations/" + row.ID() + ".html", Short: row.Title()}
	if row.Port.Language != "" {
		s.Languages = append(s.Languages, row.Port.Language)
	}
	var dtypes []string
	for _, m := range row.Modules {
		im := ImplementationModule{Module: m, BadgePath: "badges/" + row.ID() + "-" + strings.ToLower(m.Module) + ".svg"}
		im.Class, im.Verdict = verdict(m)
		im.NotExact = m.Rules[matrix.Torch]
		for _, d := range m.Claim.DTypes {
			dtypes = append(dtypes, string(d))
		}
		im.DTypes = join(m.Claim.DTypes)
		for q := range questions {
			g := Group{Question: questions[q]}
			for _, d := range m.Differs {
				r := rules[d.Rule]
				if r == nil { // of other fixtures
					r = &Rule{Rule: fixtures.Rule{ID: d.Rule, Module: m.Module}}
				}
				if questionOf(suffix(d.Rule), r.Requirement == fixtures.Quirk) == q {
					g.Differences = append(g.Differences, Difference{d, r, phrases(row, &m, &d)})
				}
			}
			if len(g.Differences) > 0 {
				im.Groups = append(im.Groups, g)
			}
		}
		i.Modules = append(i.Modules, im)
	}
	slices.Sort(dtypes)
	dtypes = slices.Compact(dtypes)
	i.DTypes = strings.Join(dtypes, " ")
	for _, d := range dtypes {
		if !slices.Contains(s.DTypes, d) {
			s.DTypes = append(s.DTypes, d)
		}
	}
	for _, f := range row.Findings {
		if f.Confirmed {
			i.Confirmed = append(i.Confirmed, f)
			if f.IsFault {
				s.Faults++
			}
		}
	}
	for _, c := range row.Curves {
		i.Plots = append(i.Plots, plot(c))
	}
	for _, m := range row.Maps {
		i.Maps = append(i.Maps, newMap(i.Row.ID(), m))
	}
	return i
}

func join(dtypes []tensor.DType) string {
	var words []string
	for _, d := range dtypes {
		words = append(words, string(d))
	}
	return strings.Join(words, " ")
}

// verdict names the levels at which a module is conformant.
func verdict(m matrix.Module) (class, word string) {
	parity, exact := m.Parity != nil && m.Parity.Conformant, m.Exact != nil && m.Exact.Conformant
	switch {
	case parity && exact:
		return "good", "conformant (parity, exact)"
	case exact:
		return "good", "conformant (exact)"
	case parity:
		return "partly", "conformant (parity)"
	}
	return "bad", "not conformant"
}

// phrases says what an implementation does instead of what a rule says: its causes, else the reason that
// its baseline has, or what was found of the rule; else what it answered.
func phrases(row *matrix.Row, m *matrix.Module, d *matrix.Difference) []string {
	var list []string
	for _, name := range d.Causes {
		text := name
		for _, c := range m.Causes {
			if c.Name == name {
				text = c.Title
			}
		}
		list = append(list, text)
	}
	if len(list) == 0 && d.Reason != "" {
		list = append(list, d.Reason)
	}
	if len(list) == 0 {
		for _, f := range row.Findings {
			if f.Confirmed && slices.Contains(f.Rules, d.Rule) {
				list = append(list, f.Title)
			}
		}
	}
	switch {
	case len(list) > 0:
	case d.Outcome == judge.Fail:
		list = append(list, d.Got)
	default:
		list = append(list, fmt.Sprintf("%s: %s", d.Outcome, d.Got))
	}
	return list
}

var stateWords = map[matrix.State][2]string{
	matrix.Both: {"b", "both"}, matrix.Torch: {"t", "torch"}, matrix.Exact: {"e", "exact"}, matrix.Either: {"o", "either"},
	matrix.Differs: {"d", "differs"}, matrix.Unsupported: {"u", "–"}, matrix.NotRun: {"n", "not run"},
}

func (s *Site) cells(r *Rule) {
	for _, i := range s.Implementations {
		state := matrix.Unsupported
		m := i.Row.Module(r.Module)
		if m != nil {
			var d *matrix.Difference
			if state, d = m.State(r.ID); d != nil {
				r.instead(phrases(i.Row, m, d), i)
			}
		}
		words := stateWords[state]
		r.Cells = append(r.Cells, Cell{i, state, words[0], words[1], m != nil})
	}
}

// instead notes what an implementation does; those that do the same stand together.
func (r *Rule) instead(phrases []string, i *Implementation) {
	phrase := strings.Join(phrases, " ")
	for k := range r.Differs {
		if r.Differs[k].Phrase == phrase {
			r.Differs[k].Implementations = append(r.Differs[k].Implementations, i)
			return
		}
	}
	r.Differs = append(r.Differs, Instead{phrase, []*Implementation{i}})
}

// The box of a plot, and the errors at its bottom and its top.
const (
	plotWidth, plotHeight = 240, 100
	leastULP, mostULP     = 0.25, 1 << 24
)

// plot draws a curve: its largest error in each part of the axis, on a logarithmic scale.
func plot(c matrix.Curve) Plot {
	p := Plot{Title: c.Module + ", " + c.Output, Worst: "0"}
	var line, wrong strings.Builder
	worst, at := 0.0, 0.0
	pen := "M"
	for k, n := range c.ULP {
		ulp := float64(n)
		x := (float64(k) + 0.5) * plotWidth / float64(len(c.ULP))
		switch {
		case math.IsInf(ulp, 1):
			fmt.Fprintf(&wrong, "M%.0f 0v%d", x, plotHeight)
			pen = "M"
		case ulp < 0 || math.IsNaN(ulp):
			pen = "M"
		default:
			share := math.Log(min(max(ulp, leastULP), mostULP)/leastULP) / math.Log(mostULP/leastULP)
			fmt.Fprintf(&line, "%s%.0f %.0f", pen, x, plotHeight*(1-share))
			pen = "L"
			if ulp > worst {
				worst, at = ulp, c.From+(float64(k)+0.5)*c.Step
			}
		}
	}
	p.Line, p.Wrong = template.HTMLAttr(`d="`+line.String()+`"`), template.HTMLAttr(`d="`+wrong.String()+`"`)
	p.Worst, p.At = fmt.Sprintf("%.3g", worst), fmt.Sprintf("%.3g", at)
	return p
}
