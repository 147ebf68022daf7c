package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lossproof/internal/machine"
	"lossproof/judge"
	"lossproof/lab/sweep"
	"lossproof/lab/swept"
	"lossproof/ports"
)

// sweepTimeout is the time for an answer of 1 Mi elements.
const sweepTimeout = time.Minute

// sweepPort measures the port of a command.
func (p *program) sweepPort(cmd *cobra.Command, f sweepFlags, command []string) error {
	if cmd.Flags().Changed("points") || cmd.Flags().Changed("sums") {
		return errors.New("--points and --sums measure the built-in losses: they go without a command")
	}
	every := f.all || f.shard != "" || f.state != "" || f.merge != nil
	if f.all && f.sample {
		return errors.New("--all and --sample exclude each other")
	}
	options, err := f.options()
	if err != nil {
		return err
	}
	f.points, f.sums = 0, 0
	f.sample = !every
	jobs := max(1, f.jobs)
	port, end, err := p.openPort(cmd, portFlags{timeout: f.timeout, startTimeout: f.startTimeout, jobs: jobs}, command)
	if err != nil {
		return err
	}
	defer end()
	var description ports.Description
	for _, module := range f.modules {
		variant, d, err := swept.Variant(cmd.Context(), port, module)
		if err != nil {
			return &judge.PortError{Err: err}
		}
		description = d
		options.Variants = append(options.Variants, variant)
	}
	options.Block = swept.Block
	options.Workers = 2 * jobs // the next call is made ready while the port works
	info := description.Port
	return p.sweepTo(cmd.Context(), f, options, &sweep.Report{
		Machine: machine.Describe().String(),
		Path:    fmt.Sprintf("%s %s (%s), over the wire", info.Name, info.Version, strings.TrimSpace(info.Language+" "+info.LanguageVersion)),
		Port:    info.Name + " " + info.Version,
	})
}

// checkWritable returns an error unless a file can be written. It leaves no file, and one that is there as it is.
func checkWritable(name string) error {
	_, err := os.Lstat(name)
	missing := errors.Is(err, fs.ErrNotExist)
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	err = file.Close()
	if missing {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// writePlot draws the errors, and names the drawing in the report, whose page shows it.
func writePlot(f sweepFlags, report *sweep.Report) error {
	if f.plot == "" {
		return nil
	}
	if f.page != "" {
		shown, err := filepath.Rel(filepath.Dir(f.page), f.plot)
		if err != nil {
			return fmt.Errorf("--plot: %w", err)
		}
		report.Picture = filepath.ToSlash(shown)
	}
	if err := os.WriteFile(f.plot, report.Plot(), 0o666); err != nil {
		return fmt.Errorf("--plot: %w", err)
	}
	return nil
}
