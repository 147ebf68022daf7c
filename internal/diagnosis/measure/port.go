package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lossproof/internal/prose"
	"lossproof/judge"
	"lossproof/judge/verdict"
	"lossproof/ports/process"
)

// runPort diagnoses a real implementation, and says how many of its failures have a cause that is no lead.
func (m *measurement) runPort(ctx context.Context, level verdict.Level, command []string) error {
	file, err := filepath.Abs(command[0])
	if err != nil {
		return err
	}
	if !strings.ContainsRune(command[0], filepath.Separator) {
		file = command[0]
	}
	port, err := process.New(process.Options{Command: append([]string{file}, command[1:]...), Timeout: 5 * time.Minute, StartTimeout: 5 * time.Minute})
	if err != nil {
		return err
	}
	defer func() { _ = port.Close() }()
	d, err := m.diagnosed(ctx, port, level, judge.Selection{})
	if err != nil {
		return err
	}
	failing, explained, rules, quirks := 0, 0, map[string]bool{}, 0
	for _, r := range d.result.Checks() {
		if r.Outcome != judge.Fail {
			continue
		}
		has := slices.ContainsFunc(r.Causes, func(i int) bool { return !d.result.Causes[i].Lead })
		switch {
		case !r.Gates && !has:
			quirks++
		case !r.Gates:
		case has:
			explained++
		}
		if r.Gates {
			failing++
		}
		if !has && (r.Gates || m.verbose) {
			rules[r.Rule] = true
			fmt.Printf("  no cause: %s %v\n", r.ID, r.Causes)
			if m.verbose {
				fmt.Println(prose.Failure(r, ""))
			}
		}
	}
	for _, one := range d.result.Diagnoses {
		fmt.Printf("%s: %d of %d answers that fail and were looked at have a cause, of %d\n", one.Module, one.Examined-one.Open, one.Examined, one.Failing)
	}
	for i, c := range d.result.Causes {
		fmt.Printf("    %d %s %s lead=%v %s %d of %d, contradicted %d, otherwise %d\n", i, c.Module, c.Name, c.Lead, prose.CauseSentence(c), c.Explains, c.Failing, c.Contradicted, c.Otherwise)
	}
	fmt.Printf("%d of %d failing checks have a cause; %d rules and %d quirks have none; diagnosed in %.1f s of processor time\n", explained, failing, len(rules), quirks, d.used.Seconds())
	return nil
}
