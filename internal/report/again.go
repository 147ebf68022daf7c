package report

import (
	"strconv"
	"strings"

	"lossproof/judge"
)

// Again is the command that judges one case or relation again, as words: level is that of the run, more
// are other flags of it, and command is that of the port, where there is one.
func Again(id, level string, more, command []string) []string {
	words := append([]string{"lossproof", "run", "--level", level, "--select", id}, more...)
	if len(command) > 0 {
		words = append(append(words, "--"), command...)
	}
	return words
}

// ShellQuote writes a command for a POSIX shell.
func ShellQuote(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,+@%") == "" {
			quoted[i] = word
		} else {
			quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

// repeated are the flags of a run, beside its level, that change what a port is asked or answers.
var repeated = []string{"--dtypes", "--timeout", "--start-timeout"}

// flagsAndCommand returns those of the repeated flags that a command line has, and the command of the port.
func flagsAndCommand(argv []string) (flags, command []string) {
	for i := range argv {
		if argv[i] == "--" {
			return flags, argv[i+1:]
		}
		for _, name := range repeated {
			switch {
			case strings.HasPrefix(argv[i], name+"="):
				flags = append(flags, argv[i])
			case argv[i] == name && i+1 < len(argv):
				flags = append(flags, name, argv[i+1])
			}
		}
	}
	return flags, nil
}

// relationHint is the command that makes one check again whose calls are generated.
func relationHint(result *judge.Result, r judge.CheckResult) string {
	flags, command := flagsAndCommand(result.Argv)
	if result.Quirks {
		flags = append(flags, "--quirks")
	}
	flags = append(flags, "--seed", strconv.FormatUint(uint64(result.Seed), 10))
	if r.Kind == judge.Generated {
		flags = append(flags, "--effort", string(result.Effort))
	}
	return ShellQuote(Again(r.ID, result.Level, flags, command))
}
