// Command mutants applies the mutations of a hand-kept list, one at a time, and runs the tests that have to
// fail then. A mutation lives in an overlay of the build: no file of the tree is touched.
//
// It is for packages whose tests take too long for a tool that tries every small change: see make mutation.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	only := flag.String("only", "", "only the mutations whose name has this `part`")
	flag.Parse()
	lived, err := run(*only)
	if err != nil {
		fmt.Fprintf(os.Stderr, "mutants: %v\n", err)
		os.Exit(2)
	}
	if lived > 0 {
		os.Exit(1)
	}
}

// run tries the mutations, in the root of the tree, and returns the number of those that no test finds.
func run(only string) (lived int, err error) {
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	var errs []error
	tried, start := 0, time.Now()
	pass := map[string]bool{}
	for _, m := range mutations {
		if !strings.Contains(m.name(), only) {
			continue
		}
		tried++
		// Where the tests fail already, every mutation seems to die.
		if !pass[m.folder()] {
			if found, err := test(m.folder()); found || err != nil {
				return lived, errors.Join(fmt.Errorf("the tests of %s fail without a mutation", m.folder()), err)
			}
			pass[m.folder()] = true
		}
		begin := time.Now()
		found, err := m.found(dir)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.name(), err))
			continue
		}
		verb := "died"
		if !found {
			verb = "LIVED"
			lived++
		}
		fmt.Printf("%-5s  %s (%.0f s)\n", verb, m.name(), time.Since(begin).Seconds())
	}
	if tried == 0 {
		return 0, fmt.Errorf("no mutation has %q in its name", only)
	}
	fmt.Printf("%d of %d mutations died, in %.0f s\n", tried-lived-len(errs), tried, time.Since(start).Seconds())
	return lived, errors.Join(errs...)
}

// mutation is a change that a test has to find.
type mutation struct {
	// file is named from the root of the tree. before stands in it once, and becomes after.
	file, before, after string
	// what is wrong then.
	what string
}

// name is what the mutation is called.
func (m mutation) name() string { return m.file + ": " + m.what }

// folder is that of its package, as the go command wants it.
func (m mutation) folder() string { return "./" + path.Dir(m.file) }

// mutated returns the text of the file with the mutation.
func (m mutation) mutated(root string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(text, []byte(m.before)); n != 1 {
		return nil, fmt.Errorf("%q stands in the file %d times, want once: the list is not that of this code", m.before, n)
	}
	return bytes.Replace(text, []byte(m.before), []byte(m.after), 1), nil
}

// found reports whether a test of the package fails with the mutation.
func (m mutation) found(dir string) (bool, error) {
	text, err := m.mutated(".")
	if err != nil {
		return false, err
	}
	changed := filepath.Join(dir, "changed.go")
	file, err := filepath.Abs(m.file)
	if err != nil {
		return false, err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {file: changed}})
	if err != nil {
		return false, err
	}
	name := filepath.Join(dir, "overlay.json")
	if err := errors.Join(os.WriteFile(changed, text, 0o600), os.WriteFile(name, overlay, 0o600)); err != nil {
		return false, err
	}
	found, err := test(m.folder(), "-short", "-timeout", "3m", "-overlay", name)
	if err != nil || found {
		return found, err
	}
	return test(m.folder(), "-timeout", "15m", "-overlay", name) // make test has a part of the laws
}

// test reports whether a test of a package fails. What does not build, or does not end, is an error.
func test(folder string, flags ...string) (bool, error) {
	args := append([]string{"test", "-failfast"}, append(flags, folder)...)
	output, err := exec.Command("go", args...).CombinedOutput()
	if err == nil {
		return false, nil
	}
	if _, ok := errors.AsType[*exec.ExitError](err); !ok {
		return false, fmt.Errorf("%w\n%s", err, output)
	}
	for _, other := range []string{"[build failed]", "[setup failed]", "panic: test timed out"} {
		if bytes.Contains(output, []byte(other)) {
			return false, fmt.Errorf("%w\n%s", err, output)
		}
	}
	return true, nil
}
