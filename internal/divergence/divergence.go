package divergence

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"lossproof/internal/definition"
	"lossproof/judge/verdict"
	"lossproof/ports"
	"lossproof/tensor"
)

// Divergence is a named wrong variant of one or more modules.
type Divergence struct {
	// Name is unique: lower case, words joined by hyphens.
	Name string
	// Modules are those that it is a variant of.
	Modules []string
	// Title says what is wrong, in one sentence about the implementation.
	Title string
	// Why says why people make the mistake.
	Why string
	// Right is the corrected formula, in which {loss}, {grad} and {grad_target} stand for those of a
	// module: see [Divergence.Formula].
	Right string
	// Met are public issues of those who made the mistake; there may be none.
	Met []Link
	// Level is the level at which it is found: verdict.Parity, or verdict.Exact where nearly all that it loses is within
	// what parity allows, what the textbook formula may lose at its magnitude. PyTorch may be right there:
	// The kill matrix counts where it is.
	Level verdict.Level
	// Null marks a port that computes nothing.
	Null bool
	// Sums marks what only sums over thousands of elements show.
	Sums bool
	// Fitted marks members of a family: a diagnosis finds their number in the answers, and tries no other.
	Fitted bool
	// Fresh marks those that were invented when the cases were there, and that the cases found as they were.
	Fresh bool

	// rule is the end of the rule's id, after the module's prefix; rules has the ids that differ.
	rule  string
	rules map[string]string
	// vary makes the right definition wrong. It is nil where answer is set, which needs no
	// definition.
	vary   variation
	answer func(ports.Call) ports.Answer
	// swaps says that the bytes of results are in the other order.
	swaps bool
	// joint says that these are several: one may do what another does not foresee.
	joint bool

	count    sync.Once
	replaced int
}

// Replaced counts the steps of the loss of an element or row that d puts others for. Of several mistakes, those that replace more
// come first: what they replace would hide the others.
func (d *Divergence) Replaced() int {
	d.count.Do(func() {
		if d.vary == nil {
			return
		}
		before, after := definition.Of(d.Modules[0]), d.loss(d.Modules[0])
		for _, steps := range [][2]any{{before.Functions, after.Functions}, {before.Combine, after.Combine}} {
			if reflect.ValueOf(steps[0]).Pointer() != reflect.ValueOf(steps[1]).Pointer() {
				d.replaced++
			}
		}
	})
	return d.replaced
}

// Link is a public issue or pull request.
type Link struct {
	// Title says what the issue is about, in our words.
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Rule returns the id of the rule of a module that d breaks; "" for a null port, which breaks
// them all.
func (d *Divergence) Rule(module string) string {
	if id, ok := d.rules[module]; ok {
		return id
	}
	if d.rule == "" {
		return ""
	}
	return ports.ModuleOf(module).Prefix + "-" + d.rule
}

// Formula returns the corrected formula for a module of d.
func (d *Divergence) Formula(module string) string {
	f := definition.Formulas(module)
	pairs := []string{"{loss}", f[ports.Loss], "{grad}", f[ports.GradInput], "{grad_target}", f[ports.GradTarget]}
	if !slices.ContainsFunc(ports.ModuleOf(module).Inputs, func(a ports.Argument) bool { return a.Name == ports.PosWeight }) {
		pairs = append(pairs, "p*t", "t")
	}
	return strings.NewReplacer(pairs...).Replace(d.Right)
}

// Of reports whether d is a variant of a module.
func (d *Divergence) Of(module string) bool { return slices.Contains(d.Modules, module) }

// Evaluate answers a call of one of the modules of d; one of another module is unsupported. It does not change the call.
func (d *Divergence) Evaluate(call ports.Call) (answer ports.Answer) {
	if !d.Of(call.Module) {
		return ports.Answer{Unsupported: &ports.Unsupported{Reason: d.Name + " is no variant of " + call.Module}}
	}
	if d.answer != nil {
		return d.answer(call)
	}
	if d.joint {
		defer func() {
			if r := recover(); r != nil {
				answer = ports.Answer{Failed: &ports.Failed{Message: fmt.Sprintf("%s exclude each other: %v", d.Name, r)}}
			}
		}()
	}
	answer = d.loss(call.Module).Evaluate(call)
	for name, output := range answer.Outputs {
		answer.Outputs[name] = d.Written(output)
	}
	return answer
}

// Written returns a result as d writes it, and what d wrote as the result that it was: mostly the same. What is computed otherwise
// may be off by a unit in the last place, which in the other order of bytes is another number.
func (d *Divergence) Written(t tensor.Tensor) tensor.Tensor {
	if !d.swaps || len(t.Data) == 0 {
		return t
	}
	t.Data = slices.Clone(t.Data)
	for number := range slices.Chunk(t.Data, t.DType.Size()) {
		slices.Reverse(number)
	}
	return t
}

// Together returns what makes several mistakes at once, each a variation of what the ones before it
// leave: a step that two of them replace is that of the later one. It has no text of its own. ok is
// false where one of them varies no definition.
func Together(several ...*Divergence) (d *Divergence, ok bool) {
	if len(several) == 1 {
		return several[0], true
	}
	d = &Divergence{Level: verdict.Parity, joint: true}
	names := make([]string, len(several))
	variations := make([]variation, len(several))
	for i, one := range several {
		if one.vary == nil {
			return nil, false
		}
		names[i], variations[i] = one.Name, one.vary
		d.Sums, d.swaps = d.Sums || one.Sums, d.swaps || one.swaps
		if one.Level == verdict.Exact {
			d.Level = verdict.Exact
		}
	}
	d.Name, d.vary = strings.Join(names, " and "), all(variations...)
	for _, module := range ports.ModuleNames() {
		if !slices.ContainsFunc(several, func(one *Divergence) bool { return !one.Of(module) }) {
			d.Modules = append(d.Modules, module)
		}
	}
	return d, len(d.Modules) > 0
}

// Allow returns the allowance of an output of a call that d answers with it: by how much another way
// of computing the same may differ.
func (d *Divergence) Allow(call ports.Call, output string) (allowance *definition.Allowance, err error) {
	if d.answer != nil || !d.Of(call.Module) {
		return nil, fmt.Errorf("%s computes no %s", d.Name, call.Module)
	}
	if d.joint {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("%s exclude each other: %v", d.Name, r)
			}
		}()
	}
	return d.loss(call.Module).Allow(call, output)
}

// loss returns the definition of d for a module.
func (d *Divergence) loss(module string) *loss {
	l := definition.Of(module)
	d.vary(l)
	return l
}

// Right answers a call with the right definition. Its error-free claim is that of
// [RightPort].
func Right(call ports.Call) ports.Answer { return definition.Of(call.Module).Evaluate(call) }

// links are public issues, written as "path: title".
func links(texts ...string) []Link {
	links := make([]Link, len(texts))
	for i, text := range texts {
		path, title, _ := strings.Cut(text, ": ")
		links[i] = Link{Title: title, URL: "https://github.com/" + path}
	}
	return links
}

// All returns the catalogue, null ports last. The order is that of the kill matrix.
func All() []*Divergence { return slices.Clone(catalogue()) }

// catalogue makes the catalogue once. Members of families are looked up in it by name, so that it is no constant.
var catalogue func() []*Divergence

func init() { catalogue = sync.OnceValue(made) }

func made() []*Divergence {
	all := slices.Concat(
		reductions(), emptiness(), axes(), options(), weights(), posWeights(), targets(), formulas(), tails(), precision(),
		gradients(), nonfinite(), refusals(), probabilities(), halves(),
		classMeans(), smoothings(), ignorings(), softmaxes(), classWeights(), met(), parts(), fresh(), nulls(),
	)
	for _, d := range all {
		if d.Level == "" {
			d.Level = verdict.Parity
		}
	}
	return all
}

// ByName returns the divergence of that name: one of the catalogue, or of a family with any number.
func ByName(name string) (*Divergence, bool) {
	for _, d := range All() {
		if d.Name == name {
			return d, true
		}
	}
	for _, f := range Families() {
		if d, ok := f.member(name); ok {
			return d, true
		}
	}
	return nil, false
}

// ByNames returns the divergences of some names. It returns an error for the first that there is none of.
func ByNames(names ...string) ([]*Divergence, error) {
	var several []*Divergence
	for _, name := range names {
		d, ok := ByName(name)
		if !ok {
			return nil, fmt.Errorf("there is no divergence %q", name)
		}
		several = append(several, d)
	}
	return several, nil
}
