package ports_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lossproof/internal/schema"
	"lossproof/ports"
)

func portSchema(t *testing.T) *schema.Schema {
	t.Helper()
	text, err := os.ReadFile("port.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := schema.Compile(text)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// TestPortFiles checks the port.json of each folder, which make matrix and its site read.
func TestPortFiles(t *testing.T) {
	compiled := portSchema(t)
	files, err := filepath.Glob("*/port.json")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var port struct {
			Name    string
			Modules []string
			Install []string
			Run     []string
			Shares  []string
			Docs    map[string]string
			Calls   map[string]string
		}
		if err := compiled.Decode(data, &port); err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		folder := filepath.Dir(file)
		if port.Name != folder {
			t.Errorf("%s: name: got %q, want that of the folder", file, port.Name)
		}
		for _, name := range port.Modules {
			if !slices.Contains(ports.ModuleNames(), name) {
				t.Errorf("%s: modules: got %q, want some of %q", file, name, ports.ModuleNames())
			}
		}
		for _, named := range []map[string]string{port.Docs, port.Calls} {
			for name := range named {
				if !slices.Contains(port.Modules, name) {
					t.Errorf("%s: docs or calls have %q, which modules have not", file, name)
				}
			}
		}
		for _, name := range port.Modules {
			if port.Calls[name] == "" {
				t.Errorf("%s: calls have no %q", file, name)
			}
		}
		// What is installed is pinned.
		locks := map[string]string{"uv": "uv.lock", "npm": "package-lock.json", "cargo": "Cargo.lock"}
		if lock := locks[port.Install[0]]; lock != "" {
			if _, err := os.Stat(filepath.Join(folder, lock)); err != nil {
				t.Errorf("%s: install: %s without its lock file: %v", file, port.Install[0], err)
			}
		}
		// An adapter that several folders share has to be there.
		for _, shared := range regexp.MustCompile(`\.\./[a-z][a-z0-9.-]*`).FindAllString(strings.Join(port.Run, " "), -1) {
			if folder != "builtin" && !slices.Contains(port.Shares, shared) {
				t.Errorf("%s: shares: got %q, want %s too, which run names", file, port.Shares, shared)
			}
		}
		for _, argument := range port.Run {
			if ext := filepath.Ext(argument); ext == ".py" || ext == ".mjs" {
				if _, err := os.Stat(filepath.Join(folder, argument)); err != nil {
					t.Errorf("%s: run: %v", file, err)
				}
			}
		}
	}
}

// TestPortFileIsStrict shows that the schema refuses what it does not know.
func TestPortFileIsStrict(t *testing.T) {
	compiled := portSchema(t)
	data, err := os.ReadFile("tfjs/port.json")
	if err != nil {
		t.Fatal(err)
	}
	for member, value := range map[string]any{
		"name": "../x", "language": "tfjs", "modules": []string{}, "run": "node port.mjs",
		"docs": map[string]string{"BCELoss": "http://x"}, "extra": 1, "install": nil,
	} {
		var port map[string]any
		if err := json.Unmarshal(data, &port); err != nil {
			t.Fatal(err)
		}
		port[member] = value
		changed, err := json.Marshal(port)
		if err != nil {
			t.Fatal(err)
		}
		if compiled.Decode(changed, &map[string]any{}) == nil {
			t.Errorf("%s: %v was accepted", member, value)
		}
	}
}
