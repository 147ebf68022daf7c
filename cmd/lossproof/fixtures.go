package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"lossproof/fixtures"
	"lossproof/internal/suggest"
	"lossproof/internal/words"
)

func (p *program) fixturesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "fixtures verify [DIR] | extract DIR",
		Short: "Check or copy out the fixtures",
		Example: `  lossproof fixtures verify
  lossproof fixtures extract fixtures`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("fixtures: got no subcommand, want verify or extract")
			}
			return fmt.Errorf("fixtures: there is no subcommand %q, want verify or extract%s", args[0], suggest.Hint(args[0], []string{"verify", "extract"}))
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:   "verify [DIR]",
			Short: "Check every file, array and case: those in this program, or an extracted copy",
			Example: `  lossproof fixtures verify
  lossproof fixtures verify fixtures`,
			Args: func(_ *cobra.Command, args []string) error {
				if len(args) > 1 {
					return fmt.Errorf("fixtures verify takes one DIR at most, got %s", words.Plural(len(args), "argument", "arguments"))
				}
				return nil
			},
			RunE: func(_ *cobra.Command, args []string) error { return p.verify(args) },
		},
		&cobra.Command{
			Use:     "extract DIR",
			Short:   "Copy the fixtures, their contract and their licence into a new or empty folder",
			Example: "  lossproof fixtures extract fixtures",
			Args:    exactArg("DIR"),
			RunE: func(_ *cobra.Command, args []string) error {
				if err := fixtures.Extract(args[0]); err != nil {
					return err
				}
				fmt.Fprintf(p.stdout, "extracted to %s\n", args[0])
				return nil
			},
		},
	)
	return cmd
}

func (p *program) verify(args []string) error {
	load, what := p.open, "the embedded fixtures are"
	if len(args) == 1 {
		where := args[0]
		what = "the data in " + where + " are" // its README.md and LICENSE are not hashed
		info, err := os.Stat(where)
		if err != nil {
			return fmt.Errorf("fixtures verify: %w", err)
		}
		if !info.IsDir() {
			return fmt.Errorf("fixtures verify: %s is a file, want a folder that fixtures extract wrote", where)
		}
		load = func() (*fixtures.Set, error) { return fixtures.Load(os.DirFS(where)) }
	}
	set, err := load()
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "%s intact: version %s, %d cases, %d rules, %d files, from PyTorch %s\n",
		what, set.Version(), len(set.Cases), len(set.Rules), len(set.Manifest.Files), set.TorchVersion())
	return nil
}
