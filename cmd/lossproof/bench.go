package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"lossproof/lab/bench"
)

type benchFlags struct {
	config bench.Config
	shape  string
	rounds int
	json   bool
	serve  bool
}

func (p *program) benchCommand() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "The speed of the built-in losses",
		Long: `bench times the built-in losses alone: the fastest and the median round, elements per second, and
the share of the memory bandwidth that a plain read of input and target reaches. A round is one
call, or as many as take a few milliseconds. "make bench" lets PyTorch and this take turns.

With --serve a round is asked for by each line on stdin, so that a driver can let this and
another implementation take turns:

  {"module":"BCEWithLogitsLoss","reduction":"mean","dtype":"float32","shape":"64x10","threads":1}
  {"dtype":"float32","shape":"64x10","threads":1,"read":true}`,
		Example: `  lossproof bench --shape 4096x1024 --threads 1
  lossproof bench --module MultiLabelSoftMarginLoss --reduction none --gradient --json`,
		Args: p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.serve {
				var wrong error
				for _, name := range []string{"module", "reduction", "dtype", "shape", "threads", "rounds", "gradient", "label-smoothing", "class-probabilities", "nearest", "json"} {
					if cmd.Flags().Changed(name) {
						wrong = errors.Join(wrong, fmt.Errorf("--%s: goes without --serve, where the lines on stdin say it", name))
					}
				}
				if wrong != nil {
					return wrong
				}
				return bench.Serve(cmd.Context(), p.stdin, p.stdout)
			}
			return p.bench(f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.config.Module, "module", "BCEWithLogitsLoss", "the `name` of one of the four modules")
	flags.StringVar(&f.config.Reduction, "reduction", "mean", "`mean`, sum or none")
	flags.StringVar(&f.config.DType, "dtype", "float32", "`float32`, float64, float16 or bfloat16")
	flags.StringVar(&f.shape, "shape", "4096x1024", "the `shape` of input and target")
	flags.IntVar(&f.config.Threads, "threads", runtime.GOMAXPROCS(0), "the `number` of threads (GOMAXPROCS)")
	flags.IntVar(&f.rounds, "rounds", 20, "the `number` of rounds")
	flags.BoolVar(&f.config.Gradient, "gradient", false, "the loss and its gradient in the input in one pass, not the loss alone")
	flags.Float64Var(&f.config.LabelSmoothing, "label-smoothing", 0, "the label smoothing of CrossEntropyLoss")
	flags.BoolVar(&f.config.ClassProbabilities, "class-probabilities", false, "class probabilities as the target of CrossEntropyLoss, not class indices")
	flags.BoolVar(&f.config.Nearest, "nearest", false, "the option Nearest of BCEWithLogitsLoss, for --reduction none and float32")
	flags.BoolVar(&f.json, "json", false, "write the result as JSON")
	flags.BoolVar(&f.serve, "serve", false, "time one round for each line on stdin")
	return cmd
}

func (p *program) bench(f benchFlags) error {
	shape, err := bench.ParseShape(f.shape)
	if err != nil {
		return fmt.Errorf("--%w", err)
	}
	f.config.Shape = shape
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	r, err := new(bench.Bench).Run(f.config, f.rounds)
	if err != nil {
		return err
	}
	if f.json {
		encoder := json.NewEncoder(p.stdout)
		encoder.SetIndent("", " ")
		return encoder.Encode(r)
	}
	work := r.Reduction
	if r.LabelSmoothing != 0 {
		work += fmt.Sprintf(", label smoothing %g", r.LabelSmoothing)
	}
	if r.ClassProbabilities {
		work += ", class probabilities"
	}
	if r.Nearest {
		work += ", nearest"
	}
	if r.Gradient {
		work += " and gradient"
	}
	fmt.Fprintf(p.stdout, "%s %s, %s %s, threads: %d, rounds: %d\n", r.Module, work, r.DType, r.Shape, r.Threads, r.Rounds)
	fmt.Fprintf(p.stdout, "  minimum    %s ms\n", milliseconds(r.Minimum))
	fmt.Fprintf(p.stdout, "  median     %s ms\n", milliseconds(r.Median))
	fmt.Fprintf(p.stdout, "  elements   %.0f million per second\n", r.ElementsPerSecond/1e6)
	fmt.Fprintf(p.stdout, "  bandwidth  %.1f GB/s of input and target, %.0f %% of the %.1f GB/s of a plain read\n",
		r.BytesPerSecond/1e9, 100*r.ReadShare, r.ReadBytesPerSecond/1e9)
	fmt.Fprintf(p.stdout, "%s; losses: %s\n", r.Machine, r.Path)
	return nil
}

// milliseconds formats nanoseconds.
func milliseconds(ns float64) string { return fmt.Sprintf("%.6g", ns/1e6) }
