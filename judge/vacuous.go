package judge

import (
	"fmt"
	"slices"
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

// asksSomething reports whether a check of a module is asked that the verdict needs: see
// moduleSummary.
func (j *Judge) asksSomething(module string) (bool, error) {
	computing := j.computes(module)
	for _, c := range j.checks {
		switch {
		case c.Module != module || computing && !j.isComputed(c):
		case c.Recorded == nil:
			return true, nil
		default:
			if outside, err := j.Outside(c.Recorded); err != nil || outside == "" {
				return err == nil, err
			}
		}
	}
	return false, nil
}

// computes reports whether a case of a module is selected that gates and has outputs.
func (j *Judge) computes(module string) bool {
	return slices.ContainsFunc(j.checks, func(c *Check) bool { return c.Module == module && j.isComputed(c) })
}

// isComputed reports whether a check is of a recorded case that gates and has outputs.
func (j *Judge) isComputed(c *Check) bool {
	return c.Recorded != nil && len(c.Recorded.Outputs) > 0 && j.gates(c)
}
