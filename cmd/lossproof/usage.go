package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lossproof/internal/words"
)

// helpColumns is the width of a help text where it does not go to a terminal, and the largest one on a terminal.
const helpColumns = 100

// setHelp gives a command and those below it a help text that fits the terminal.
func (p *program) setHelp(root *cobra.Command) {
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		width := p.helpWidth()
		about := cmd.Long
		if about == "" {
			about = cmd.Short
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s\n", words.Fill(about, width))
		if cmd.Runnable() || cmd.HasSubCommands() {
			fmt.Fprintf(cmd.OutOrStdout(), "\n%s", usage(cmd, width))
		}
	})
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		_, err := io.WriteString(cmd.OutOrStderr(), usage(cmd, p.helpWidth()))
		return err
	})
}

func (p *program) helpWidth() int {
	if columns := terminalColumns(p.stdout); columns > 0 {
		return min(columns, helpColumns)
	}
	return helpColumns
}

// usage says how a command is called: its forms, examples, commands and flags.
func usage(cmd *cobra.Command, width int) string {
	var b strings.Builder
	b.WriteString("Usage:\n")
	if cmd.Runnable() {
		fmt.Fprintf(&b, "  %s\n", cmd.UseLine())
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "  %s [command]\n", cmd.CommandPath())
	}
	if cmd.HasExample() {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", cmd.Example)
	}
	var commands, topics, flags [][2]string
	for _, sub := range cmd.Commands() {
		switch {
		case sub.IsAvailableCommand() || sub.Name() == "help":
			commands = append(commands, [2]string{sub.Name(), sub.Short})
		case sub.IsAdditionalHelpTopicCommand():
			topics = append(topics, [2]string{sub.CommandPath(), sub.Short})
		}
	}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			flags = append(flags, flagLine(f))
		}
	})
	for _, list := range []struct {
		title string
		lines [][2]string
	}{{"Available Commands", commands}, {"Flags", flags}, {"Additional help topics", topics}} {
		if len(list.lines) > 0 {
			fmt.Fprintf(&b, "\n%s:\n%s", list.title, inColumns(list.lines, width))
		}
	}
	if len(commands) > 0 {
		b.WriteString("\n" + words.Fill(fmt.Sprintf("Use \"%s [command] --help\" for more information about a command.", cmd.CommandPath()), width) + "\n")
	}
	return b.String()
}

// flagLine returns how a flag is written, and what it says.
func flagLine(f *pflag.Flag) [2]string {
	name, about := pflag.UnquoteUsage(f)
	left := "    --" + f.Name
	if f.Shorthand != "" {
		left = "-" + f.Shorthand + ", --" + f.Name
	}
	switch {
	case f.Value.Type() == "bool":
	case f.NoOptDefVal != "":
		left += "[=" + name + "]"
	default:
		left += " " + name
	}
	if plain := f.DefValue; plain != "" && plain != "false" && plain != "0" && plain != "[]" {
		about += " (default " + plain + ")"
	}
	return [2]string{left, about}
}

// maxLeft bounds the width of a left column: what is longer has a line of its own.
const maxLeft = 26

// inColumns lines up texts behind what they are about.
func inColumns(lines [][2]string, width int) string {
	left := 0
	for _, line := range lines {
		if n := len(line[0]); n <= maxLeft {
			left = max(left, n)
		}
	}
	var b strings.Builder
	for _, line := range lines {
		head := fmt.Sprintf("  %-*s  ", left, line[0])
		if len(line[0]) > left {
			fmt.Fprintf(&b, "  %s\n", line[0])
			head = strings.Repeat(" ", left+4)
		}
		text := words.Fill(line[1], width-left-4)
		fmt.Fprintf(&b, "%s%s\n", head, strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", left+4)))
	}
	return b.String()
}
