package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lossproof/internal/machine"
	"lossproof/judge"
	"lossproof/lab/plot"
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

// checkPlots finds plots that cannot be written: by their extension, or where they are to be.
func checkPlots(files []string) error {
	for _, file := range files {
		if !slices.Contains([]string{".svg", ".png"}, filepath.Ext(file)) {
			return fmt.Errorf("--plot: got %q, want a file that ends with .svg or .png", file)
		}
		if err := checkWritable(file); err != nil {
			return fmt.Errorf("--plot: %w", err)
		}
	}
	return nil
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

// writePlots draws the errors, and names in the report the plots that the page shows.
func writePlots(f sweepFlags, report *sweep.Report) error {
	title := report.Port
	if title == "" {
		title = "lossproof"
	}
	for _, name := range f.plot {
		file, err := os.Create(name)
		if err != nil {
			return fmt.Errorf("--plot: %w", err)
		}
		if err := errors.Join(plot.Write(file, name, title, report.Float32), file.Close()); err != nil {
			return fmt.Errorf("--plot: %w", err)
		}
		if f.page == "" || filepath.Ext(name) != ".svg" {
			continue
		}
		shown, err := filepath.Rel(filepath.Dir(f.page), name)
		if err != nil {
			return fmt.Errorf("--plot: %w", err)
		}
		report.Plots = append(report.Plots, filepath.ToSlash(shown))
	}
	return nil
}
