// Command measure says how often a diagnosis is right: of ports with one, two or three mistakes of the
// catalogue, and of ports with a fault that is in no catalogue.
//
//	go run ./internal/diagnosis/measure -pairs 100 -triples 50
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"lossproof/fixtures"
	"lossproof/internal/diagnosis"
	"lossproof/internal/divergence"
	"lossproof/internal/testports/divergent"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports"
)

func main() {
	var m measurement
	flag.IntVar(&m.every, "singles", 0, "diagnose every n-th mistake of every module")
	flag.IntVar(&m.pairs, "pairs", 0, "diagnose so many random pairs of mistakes")
	flag.IntVar(&m.triples, "triples", 0, "diagnose so many random triples")
	flag.Uint64Var(&m.seed, "seed", 16, "what pairs and triples are drawn from")
	only := flag.String("only", "", "diagnose these mistakes, joined by +, in every module of theirs")
	flag.BoolVar(&m.faults, "faults", false, "diagnose ports with eighty faults that are in no catalogue")
	flag.BoolVar(&m.everything, "everything", false, "diagnose a port that fails everything, and say how long it takes")
	flag.StringVar(&m.kind, "kind", "", "those of one kind, or one of them")
	page := flag.String("page", "", "write what was measured to this `file`")
	flag.BoolVar(&m.verbose, "v", false, "print what is named wrong, and right")
	level := flag.String("level", "parity", "the `level` at which a port is judged")
	flag.Parse()
	m.command, m.level = flag.Args(), verdict.Level(*level)
	m.random = rand.New(rand.NewPCG(m.seed, 0))
	err := m.run(context.Background(), *only)
	if err == nil && *page != "" {
		err = os.WriteFile(*page, []byte(m.page()), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type measurement struct {
	every, pairs, triples int
	faults, everything    bool
	verbose               bool
	level                 verdict.Level
	command               []string
	kind                  string
	seed                  uint64
	lines                 []string
	random                *rand.Rand
	set                   *fixtures.Set
}

func (m *measurement) run(ctx context.Context, only string) (err error) {
	if m.set, err = fixtures.LoadEmbedded(); err != nil {
		return err
	}
	if only != "" {
		several, err := divergence.ByNames(strings.Split(only, "+")...)
		if err != nil {
			return fmt.Errorf("-only: %w", err)
		}
		together, ok := divergence.Together(several...)
		if !ok {
			return fmt.Errorf("-only: %s cannot be put together", only)
		}
		var c count
		for _, module := range together.Modules {
			if err := m.diagnose(ctx, &c, module, several, together); err != nil {
				return err
			}
		}
		fmt.Println(c)
		return nil
	}
	if len(m.command) > 0 {
		if err := m.runPort(ctx, m.level, m.command); err != nil {
			return err
		}
	}
	if m.everything {
		if err := m.runEverything(ctx); err != nil {
			return err
		}
	}
	if m.faults {
		if err := m.runFaults(ctx, freshFaults, "a fault of no catalogue, of forty that it had not seen"); err != nil {
			return err
		}
		if err := m.runFaults(ctx, faults, "a fault of no catalogue, of forty that the diagnosis was improved with"); err != nil {
			return err
		}
	}
	if m.every > 0 {
		var c count
		i := 0
		for _, d := range divergence.All() {
			for _, module := range d.Modules {
				if i++; i%m.every == 0 {
					if err := m.diagnose(ctx, &c, module, []*divergence.Divergence{d}, d); err != nil {
						return err
					}
				}
			}
		}
		m.say("| one mistake | %s |", c)
	}
	for n, wanted := range []int{2: m.pairs, 3: m.triples} {
		var c count
		for c.all < wanted {
			module := ports.ModuleNames()[m.random.IntN(len(ports.ModuleNames()))]
			several, together := m.draw(module, n)
			if !m.visible(module, several, together) {
				continue
			}
			if err := m.diagnose(ctx, &c, module, several, together); err != nil {
				return err
			}
		}
		if wanted > 0 {
			m.say("| %s at once | %s |", []string{2: "two", 3: "three"}[n], c)
		}
	}
	return nil
}

// count says how diagnoses came out.
type count struct {
	// all are the ports, named those of which every mistake is named, and false those of which one is
	// named that they do not make.
	all, named, false int
}

func (c count) String() string {
	return fmt.Sprintf("all named in %d of %d (%.1f %%), nothing false in %d (%.1f %%)",
		c.named, c.all, 100*float64(c.named)/float64(c.all), c.all-c.false, 100*float64(c.all-c.false)/float64(c.all))
}

// say prints a line of the page.
func (m *measurement) say(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	fmt.Println(line)
	m.lines = append(m.lines, line)
}

// page is what was measured, for docs.
func (m *measurement) page() string {
	return fmt.Sprintf(`# How often the diagnosis is right

Written by `+"`make diagnosis`"+`, which makes ports with known faults, judges them by the recorded cases, and holds what the diagnosis
says against what they do. Their results are off by a unit in the last place in two of three elements. A mistake is named if it is a
cause and no lead. Pairs and triples are drawn at random (seed %d) from the catalogue, of one module, in random order; each mistake
has to show in wrong answers, %d at least that the others do not make without it. The faults are in no catalogue, and forty were written before the diagnosis saw them: their conditions are held against the answers to other inputs,
and are true if 95 %% of the elements that they name are wrong, and 95 %% of the wrong ones are named.

| ports with | the diagnosis |
|---|---|
%s
`, m.seed, leastVisible, strings.Join(m.lines, "\n"))
}

// draw returns different mistakes of a module that can be put together, in random order.
func (m *measurement) draw(module string, n int) ([]*divergence.Divergence, *divergence.Divergence) {
	for {
		var several []*divergence.Divergence
		for range n {
			all := divergence.All()
			several = append(several, all[m.random.IntN(len(all))])
		}
		together, ok := divergence.Together(several...)
		if ok && together.Of(module) && len(slices.Compact(slices.Sorted(slices.Values(names(several))))) == n {
			return several, together
		}
	}
}

func names(several []*divergence.Divergence) []string {
	var names []string
	for _, d := range several {
		names = append(names, d.Name)
	}
	return names
}

// leastVisible is the number of answers in which each of several mistakes has to show.
const leastVisible = 3

// visible reports whether each of several mistakes shows in the answers of a port that makes them all: in wrong ones that
// none of the others make without it, alone or together. One that replaces the step in which another is hides that.
func (m *measurement) visible(module string, several []*divergence.Divergence, together *divergence.Divergence) bool {
	shown := make([]int, len(several))
	sets := map[uint]*divergence.Divergence{}
	for set := uint(1); set < 1<<len(several); set++ {
		var some []*divergence.Divergence
		for i, one := range several {
			if set&(1<<i) != 0 {
				some = append(some, one)
			}
		}
		sets[set], _ = divergence.Together(some...)
	}
	for k := range m.set.Cases {
		c := &m.set.Cases[k]
		if c.Module != module || m.random.IntN(4) > 0 {
			continue
		}
		inputs, err := m.set.Inputs(c)
		if err != nil || inputs[ports.Input].Len() > 64 {
			continue
		}
		rule, err := m.set.Rule(c.Rule)
		if err != nil || rule.Requirement == fixtures.Quirk {
			continue
		}
		call := judge.Call(c, inputs, c.OutputNames())
		answer, others := together.Evaluate(call), map[uint]ports.Answer{}
		for set, d := range sets {
			others[set] = d.Evaluate(call)
		}
		for i := range several {
			needed := func(differs func(d *divergence.Divergence, other ports.Answer) bool) bool {
				for set, other := range others {
					if set&(1<<i) == 0 && !differs(sets[set], other) {
						return false
					}
				}
				return true
			}
			switch refused := answer.Rejected != nil; {
			case refused != (c.Rejection != nil) && needed(func(_ *divergence.Divergence, other ports.Answer) bool { return (other.Rejected != nil) != refused }):
				shown[i]++
			case answer.Outputs == nil: // it refuses, or mistakes exclude each other
				continue
			}
			for _, name := range c.OutputNames() {
				want, err := m.set.Expected(c, name)
				if err != nil || verdict.Passes(answer.Outputs[name], want, together.Level) {
					continue // what is right speaks for no mistake
				}
				// It shows where it makes a difference that the judge would see.
				if needed(func(d *divergence.Divergence, other ports.Answer) bool {
					want.Reference, want.Exact, want.MayOverflow = d.Written(other.Outputs[name]), nil, nil
					if len(want.Parity) != want.Reference.Len() {
						return other.Outputs != nil && want.Reference.Len() != answer.Outputs[name].Len()
					}
					r := verdict.Compare(d.Written(answer.Outputs[name]), want)
					return !r.Pass(verdict.Reference)
				}) {
					shown[i]++
				}
			}
		}
		if slices.Min(shown) >= leastVisible {
			return true
		}
	}
	return false
}

// What is left out: inputs that are made, since a diagnosis is to find its causes in recorded cases, and sums of
// thousands of elements where no mistake is about them.
var (
	made = []string{"*/relations/*", "*/generated/*", "*/every_input/*"}
	sums = []string{"*/accumulation/*", "*/large/*"}
)

// diagnosed is what came of a port, and the time on the wall and of processors that its diagnosis took.
type diagnosed struct {
	result     *judge.Result
	collector  *diagnosis.Collector
	took, used time.Duration
}

// diagnosed judges a port and diagnoses what fails.
func (m *measurement) diagnosed(ctx context.Context, port ports.Port, level verdict.Level, selection judge.Selection) (d diagnosed, err error) {
	d.collector = diagnosis.New(m.set)
	d.result, err = judge.Run(ctx, port, judge.Options{Fixtures: m.set, Level: level, Selection: selection, Observe: d.collector.Observe})
	if err != nil {
		return d, err
	}
	start, before := time.Now(), cpuTime()
	err = d.collector.Diagnose(ctx, port, d.result)
	d.took, d.used = time.Since(start), cpuTime()-before
	return d, err
}

// diagnose judges a port with some mistakes, and counts what the diagnosis names.
func (m *measurement) diagnose(ctx context.Context, c *count, module string, several []*divergence.Divergence, together *divergence.Divergence) error {
	selection := judge.Selection{Modules: []string{module}, Skip: made}
	if !together.Sums {
		selection.Skip = slices.Concat(made, sums)
	}
	d, err := m.diagnosed(ctx, divergent.Noisy(together.Port()), together.Level, selection)
	if err != nil {
		return err
	}
	c.all++
	var found, missing, false []string
	for _, cause := range d.result.Causes {
		if cause.Kind == judge.KnownMistake && !cause.Lead && cause.Module == module {
			found = append(found, cause.Name)
		}
	}
	for _, name := range names(several) {
		if !slices.Contains(found, name) {
			missing = append(missing, name)
		}
	}
	for _, name := range found {
		if !slices.Contains(names(several), name) {
			false = append(false, name)
		}
	}
	if len(missing) == 0 {
		c.named++
	}
	if len(false) > 0 {
		c.false++
	}
	if m.verbose || len(missing)+len(false) > 0 {
		fmt.Printf("%s: %s: found %v, missing %v, false %v (%v)\n", module, together.Name, found, missing, false, d.took.Round(time.Millisecond))
		for _, cause := range d.result.Causes {
			fmt.Printf("    %s lead=%v %q explains %d of %d, contradicted %d, otherwise %d, with %v, fresh %v\n",
				cause.Name, cause.Lead, cause.Condition, cause.Explains, cause.Failing, cause.Contradicted, cause.Otherwise, cause.With, cause.Fresh != nil && cause.Fresh.Predicted)
		}
	}
	return nil
}
