//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// uvVariable lets TestWritingAPort run uv, which fetches libraries: make skeletons sets it.
const uvVariable = "LOSSPROOF_TEST_UV"

// fence is a fenced block of a page: a file if a line with its name stands before it.
var fence = regexp.MustCompile("(?m)(?:^`([^`\n]+)`:\n\n)?^```(\\w+)\n((?s:.*?))^```$")

// progressLine comes every few seconds, on a slow machine alone.
var progressLine = regexp.MustCompile(`(?m)^lossproof: \d+ of \d+ checks judged in .*\n`)

// TestWritingAPort follows docs/writing-a-port.md: it writes the files, runs the commands of
// the transcripts, and compares what they print.
func TestWritingAPort(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes: make test-long runs it")
	}
	t.Parallel()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("there is no python3")
	}
	page, err := os.ReadFile("../../docs/writing-a-port.md")
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	bin := filepath.Join(home, "bin")
	wrapper := fmt.Sprintf("#!/bin/sh\n%s=1 exec %q \"$@\"\n", commandVariable, os.Args[0])
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "lossproof"), []byte(wrapper), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	commands, files := 0, 0
	for _, block := range fence.FindAllStringSubmatch(string(page), -1) {
		name, language, text := block[1], block[2], block[3]
		switch {
		case name != "":
			files++
			if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		case language == "console" && (!strings.Contains(text, "$ uv ") || os.Getenv(uvVariable) != ""):
			commands += follow(t, home, bin, text)
		}
	}
	if commands < 8 || files != 3 {
		t.Errorf("%d commands and %d files, want 8 and more, and 3", commands, files)
	}
}

// follow runs the commands of a transcript in dir, and returns their number.
func follow(t *testing.T, dir, bin, transcript string) int {
	t.Helper()
	steps := strings.Split("\n"+transcript, "\n$ ")[1:]
	for _, step := range steps {
		line, want, _ := strings.Cut(strings.TrimRight(step, "\n")+"\n", "\n")
		if to, ok := strings.CutPrefix(line, "cd "); ok {
			dir = filepath.Join(dir, to)
			continue
		}
		cmd := exec.CommandContext(t.Context(), "bash", "-c", line)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
		got, _ := cmd.CombinedOutput() // many are to fail
		got = progressLine.ReplaceAll(got, nil)
		if !transcriptPattern(want).Match(got) {
			t.Errorf("$ %s\nwant, with … for anything,\n%s\ngot\n%.9000s", line, want, got)
		}
	}
	return len(steps)
}

// transcriptPattern matches a text in which … stands for any lines, or any part of a line.
func transcriptPattern(text string) *regexp.Regexp {
	var pattern strings.Builder
	for line := range strings.Lines(text) {
		switch line {
		case "…\n":
			pattern.WriteString(`(.*\n)*`)
		case "\n":
			pattern.WriteString(`\n`)
		default:
			pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*"))
		}
	}
	return regexp.MustCompile(`^` + pattern.String() + `$`)
}
