package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestActionsArePinned: what a workflow uses is a commit, which nobody can move, with its version.
func TestActionsArePinned(t *testing.T) {
	uses := regexp.MustCompile(`(?m)^\s*- uses: (.*)$`)
	pinned := regexp.MustCompile(`^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	found := 0
	for _, pattern := range []string{"action.yml", ".github/workflows/*.yml", "ports/skeleton/*/.github/workflows/*.yml", "docs/*.md", "README.md"} {
		names, err := filepath.Glob(filepath.Join("../..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range uses.FindAllStringSubmatch(string(text), -1) {
				found++
				if own := strings.HasPrefix(match[1], "./"); !own && !pinned.MatchString(match[1]) {
					t.Errorf("%s uses %s, want a commit and its version", name, match[1])
				}
			}
		}
	}
	if found < 10 {
		t.Errorf("%d uses were found", found)
	}
}
