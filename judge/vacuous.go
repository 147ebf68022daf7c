package judge

import (
	"fmt"
	"slices"

	"lossproof/internal/laws"
)

// Vacuous lists why the selected cases could not find the port conformant, whatever it
// answers: a claimed module of which nothing is asked that has to be computed, or no
// claimed module at all. [Run] has it in its verdict; who asks case by case needs it, for
// otherwise nothing fails where nothing is asked.
func (j *Judge) Vacuous() ([]string, error) {
	modules := j.modules()
	var reasons []string
	claimed := 0
	for _, module := range modules {
		if _, ok := j.description.Modules[module]; !ok {
			continue
		}
		claimed++
		asked, err := j.asksSomething(module)
		if err != nil {
			return nil, err
		}
		if !asked {
			reasons = append(reasons, module+": none of the selected cases that have to be computed lies inside the claim")
		}
	}
	if claimed == 0 {
		reasons = append(reasons, fmt.Sprintf("none of the selected modules is claimed: %v", modules))
	}
	return reasons, nil
}

// asksSomething reports whether a case of a module is asked that the verdict needs: see
// moduleSummary.
func (j *Judge) asksSomething(module string) (bool, error) {
	computing := j.computes(module)
	for _, c := range j.cases {
		if c.Module != module || computing && (len(c.Outputs) == 0 || !j.gates(c)) {
			continue
		}
		outside, err := j.Outside(c)
		if err != nil {
			return false, err
		}
		if outside == "" {
			return true, nil
		}
	}
	return !computing && slices.ContainsFunc(j.relations, func(r *laws.Relation) bool { return r.Rule.Module == module }), nil
}

// computes reports whether a case of a module is selected that gates and has outputs.
func (j *Judge) computes(module string) bool {
	for _, c := range j.cases {
		if c.Module == module && len(c.Outputs) > 0 && j.gates(c) {
			return true
		}
	}
	return false
}
