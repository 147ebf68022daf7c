package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"lossproof/internal/generated/faults"
)

// TestCaught: each fault and test that the page names is one.
func TestCaught(t *testing.T) {
	list, err := faults.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, f := range list {
		known[f.Name] = true
	}
	files, err := filepath.Glob("../../judge/*_test.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var tests strings.Builder
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		tests.Write(text)
	}
	names := regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(caught, -1)
	for _, name := range names {
		if !known[name[1]] && !strings.Contains(tests.String(), "func "+name[1]+"(t") {
			t.Errorf("there is neither a fault nor a test %s", name[1])
		}
	}
	if len(names) < 20 {
		t.Errorf("%d names", len(names))
	}
}
