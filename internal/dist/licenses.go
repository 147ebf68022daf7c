package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"lossproof/internal/version"
)

// module is what is linked into a binary, and where its licence lies.
type module struct{ name, dir string }

// writeLicenses writes the licences of everything that the binaries have in them, which those ask
// for.
func writeLicenses(file string) error {
	text, err := licenses()
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o644) //nolint:gosec // it is to be read
}

// licenses returns the text.
func licenses() ([]byte, error) {
	modules, err := linked()
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "lossproof %s is under Apache-2.0, its fixtures are under CC0-1.0. Its binaries have in them:\n", version.Tool)
	for _, m := range modules {
		fmt.Fprintf(&text, "  %s\n", m.name)
	}
	for _, m := range modules {
		files, err := licenseFiles(m.dir)
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("%s has no licence in %s", m.name, m.dir)
		}
		for _, file := range files {
			license, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			rule := strings.Repeat("=", 80)
			fmt.Fprintf(&text, "\n%s\n%s, %s\n%s\n\n%s\n", rule, m.name, filepath.Base(file), rule, bytes.TrimSpace(license))
		}
	}
	return text.Bytes(), nil
}

// licenseFiles returns the files of a module that its licence asks to be handed on.
func licenseFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, entry := range entries {
		name := strings.ToUpper(entry.Name())
		for _, prefix := range []string{"LICENSE", "LICENCE", "COPYING", "NOTICE", "PATENTS"} {
			if strings.HasPrefix(name, prefix) && !entry.IsDir() {
				files = append(files, filepath.Join(dir, entry.Name()))
			}
		}
	}
	return files, nil
}

// linked returns the modules of the binaries of all platforms, sorted, behind lossproof and Go.
func linked() ([]module, error) {
	run := func(platform string, args ...string) (string, error) {
		goos, goarch, _ := strings.Cut(platform, "/")
		cmd := exec.Command(goCommand(), args...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch, "GOFLAGS=")
		cmd.Stderr = os.Stderr
		text, err := cmd.Output()
		return strings.TrimSpace(string(text)), err
	}
	goroot, err := run("", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	main, err := run("", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return nil, err
	}
	dirs := map[string]string{}
	for _, platform := range platforms {
		lines, err := run(platform, "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}{{end}}{{end}}", "./cmd/lossproof")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", platform, err)
		}
		for line := range strings.Lines(lines) {
			if name, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
				dirs[name] = dir
			}
		}
	}
	var modules []module
	for name, dir := range dirs {
		modules = append(modules, module{name, dir})
	}
	slices.SortFunc(modules, func(a, b module) int { return strings.Compare(a.name, b.name) })
	return append([]module{{"lossproof " + version.Tool, main}, {"Go, its library and runtime", goroot}}, modules...), nil
}
