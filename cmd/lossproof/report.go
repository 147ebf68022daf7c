package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"lossproof/internal/infile"
	"lossproof/internal/matrix"
	"lossproof/internal/site"
	"lossproof/internal/words"
)

func (p *program) reportCommand() *cobra.Command {
	var dir, curves string
	cmd := &cobra.Command{
		Use:   "report [flags] RESULT.json...",
		Short: "Write results as a site that needs no server",
		Long: `report writes what results say as a folder of HTML pages: implementation by module with verdict, claim
and causes, the table of semantics, a page for each implementation and each rule, what changed
between versions. The pages ask no server, and open from the disk.

A RESULT.json is one of "lossproof run --json", at parity or at exact, where the two of one port go
together; or a row of the matrix, as "make matrix" keeps them.`,
		Example: `  lossproof run --json parity.json -- ./port
  lossproof run --level exact --json exact.json -- ./port
  lossproof report parity.json exact.json -o site
  lossproof report ports/*/matrix.json -o site`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			if dir == "" {
				return errors.New("report: there is no -o: want the folder of the site")
			}
			return p.report(cmd.Context(), files, dir, curves)
		},
	}
	cmd.Flags().StringVarP(&dir, "output", "o", "", "the `folder` to write, which is new, empty, or has a site")
	cmd.Flags().StringVar(&curves, "curves", "", "the `file` of the script that computes curves in the page, as make site builds it")
	return cmd
}

func (p *program) report(ctx context.Context, files []string, dir, curves string) error {
	rows, err := matrix.ReadAll(ctx, files)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	set, err := p.open()
	if err != nil {
		return err
	}
	var script []byte
	if curves != "" {
		if script, err = infile.Read(ctx, curves); err != nil {
			return fmt.Errorf("--curves: %w", err)
		}
	}
	if err := site.Write(dir, set, rows, script); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	fmt.Fprintf(p.stdout, "%s/index.html: %s\n", dir, words.Plural(len(rows), "implementation", "implementations"))
	return nil
}
