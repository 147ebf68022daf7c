package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lossproof/internal/claim"
)

// TestHelpNamesModules: the help of the program names every module.
func TestHelpNamesModules(t *testing.T) {
	help := command("--help")
	check(t, help, exitConformant)
	for _, module := range claim.Modules {
		if !strings.Contains(help.stdout, "torch.nn."+module+"\n") {
			t.Errorf("torch.nn.%s is not named in\n%s", module, help.stdout)
		}
	}
}

// TestExamples: every command shows examples, of commands, flags and arguments that there are.
func TestExamples(t *testing.T) {
	newProgram := func() *cobra.Command {
		return (&program{stdin: strings.NewReader(""), stdout: new(bytes.Buffer), stderr: new(bytes.Buffer)}).root()
	}
	checked := 0
	var look func(cmd *cobra.Command)
	look = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			look(sub)
		}
		switch {
		case !cmd.Runnable() || !cmd.HasParent() || cmd.Name() == "help" || cmd.Name() == "version" || cmd.Parent().Name() == "completion":
			return
		case cmd.Example == "":
			t.Errorf("%s shows no example", cmd.CommandPath())
		}
		for line := range strings.Lines(cmd.Example) {
			if !strings.HasPrefix(line, "  ") {
				t.Errorf("%s: the example %q is not indented", cmd.CommandPath(), line)
			}
			line, _, _ = strings.Cut(line, "#") // a remark
			for part := range strings.SplitSeq(line, "|") {
				part, _, _ = strings.Cut(part, ">")
				words := strings.Fields(strings.NewReplacer("'", "", `"`, "").Replace(part))
				if len(words) == 0 || words[0] != "lossproof" {
					continue // of another program
				}
				found, args, err := newProgram().Find(words[1:])
				if err == nil {
					err = found.ParseFlags(args)
				}
				if err == nil {
					err = found.ValidateArgs(found.Flags().Args())
				}
				if err != nil {
					t.Errorf("%s: the example %q: %v", cmd.CommandPath(), strings.TrimSpace(line), err)
				}
				checked++
			}
		}
	}
	look(newProgram())
	if checked < 20 {
		t.Errorf("%d examples were checked", checked)
	}
}

// TestHelpFits: help has no line beyond its width but examples, which are copied, and names every flag.
func TestHelpFits(t *testing.T) {
	root := (&program{stdin: strings.NewReader(""), stdout: new(bytes.Buffer), stderr: new(bytes.Buffer)}).root()
	for _, cmd := range append(root.Commands(), root) {
		for _, width := range []int{60, 100} {
			for _, line := range strings.Split(usage(cmd, width), "\n") {
				if utf8.RuneCountInString(line) > width && !strings.Contains(cmd.Example, line) && !strings.HasPrefix(line, "  lossproof ") {
					t.Errorf("%s, %d columns: %q", cmd.Name(), width, line)
				}
			}
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if !strings.Contains(usage(cmd, 80), "--"+f.Name) {
				t.Errorf("%s: --%s is not named", cmd.Name(), f.Name)
			}
		})
	}
}
