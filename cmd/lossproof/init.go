package main

import (
	"fmt"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"lossproof/internal/words"
	"lossproof/ports/skeleton"
)

// inPath reports whether a program can be run by its name.
func inPath(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

func (p *program) initCommand() *cobra.Command {
	languages := strings.Join(skeleton.Languages(), ", ")
	return &cobra.Command{
		Use:   "init LANG DIR",
		Short: "Write a port to begin with: " + languages,
		Long: `init writes a port in LANG to the folder DIR, which has to be empty or new. It computes the four
losses and the gradient of the input, is conformant in what it claims, and has a README that says how to
put a library in its place, and a CI workflow.

Languages: ` + languages + `.`,
		Example: `  lossproof init python my-port
  lossproof init rust ports/mine`,
		ValidArgs: skeleton.Languages(),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("%s takes a LANG (%s) and a DIR, got %s", cmd.CommandPath(), languages, words.Plural(len(args), "argument", "arguments"))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			language, dir := args[0], args[1]
			if err := skeleton.Write(language, dir); err != nil {
				return fmt.Errorf("init: %w", err)
			}
			fmt.Fprintf(p.stdout, "A port in %s stands in %s; its README.md says how to make it yours. Check it:\n\n", language, dir)
			fmt.Fprintf(p.stdout, "  cd %s\n", dir)
			for _, step := range skeleton.Steps(language, inPath) {
				fmt.Fprintf(p.stdout, "  %s\n", step)
			}
			return nil
		},
	}
}
