package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"lossproof/fixtures"
	"lossproof/internal/claim"
	"lossproof/internal/outfile"
	"lossproof/internal/suggest"
	"lossproof/internal/words"
	"lossproof/judge"
	"lossproof/loss"
	"lossproof/ports"
	"lossproof/ports/builtin"
)

// The exit codes.
const (
	exitConformant    = 0
	exitNotConformant = 1
	exitUsage         = 2 // wrong use, nothing selected, damaged fixtures, an error of the suite
	exitPort          = 3
	exitInterrupted   = 130
)

// program is one invocation of the command.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	// open returns the fixtures: but for tests those in this program, which are checked where it is made and whose
	// arrays are checked as they are read.
	open func() (*fixtures.Set, error)
	// port is what run judges, but for tests the built-in losses.
	port ports.Port
	// args is the command line, without the name of the program.
	args []string
	// code is the exit code of a command that did what it was told.
	code int
	// paths are the files of this invocation.
	paths outfile.Paths
}

// checked is a writer that keeps its first error, for what is written without a look at it.
type checked struct {
	io.Writer
	err error
}

func (c *checked) Write(text []byte) (int, error) {
	n, err := c.Writer.Write(text)
	if err != nil && c.err == nil {
		c.err = err
	}
	return n, err
}

// fileOf returns the file that w is; nil where it is none.
func fileOf(w io.Writer) *os.File {
	if c, ok := w.(*checked); ok {
		w = c.Writer
	}
	file, _ := w.(*os.File)
	return file
}

// Main runs the command line args, without the name of the program, and returns the exit
// code. It ends when ctx does.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	p := &program{stdin: stdin, stdout: stdout, stderr: stderr, open: fixtures.Embedded, port: builtin.Port{}}
	return p.main(ctx, args)
}

func (p *program) main(ctx context.Context, args []string) int {
	p.args = args
	stdout := &checked{Writer: p.stdout}
	p.stdout = stdout
	for _, stream := range []io.Writer{p.stdout, p.stderr} {
		if file := fileOf(stream); file != nil {
			p.paths.Streams = append(p.paths.Streams, file)
		}
	}
	root := p.root()
	root.SetArgs(args)
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	err := loss.CheckKernels()
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	if err == nil && stdout.err != nil {
		err = fmt.Errorf("stdout: %w", stdout.err)
	}
	if err == nil {
		return p.code
	}
	var port *judge.PortError
	switch {
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		fmt.Fprintln(p.stderr, "lossproof: interrupted")
		return exitInterrupted
	case errors.As(err, &port):
		fmt.Fprintln(p.stderr, words.Wrap(fmt.Sprintf("lossproof: %v", err), terminalColumns(p.stderr)))
		return exitPort
	}
	fmt.Fprintln(p.stderr, words.Wrap(fmt.Sprintf("lossproof: %v", err), terminalColumns(p.stderr)))
	return exitUsage
}

func (p *program) root() *cobra.Command {
	var showVersion bool
	root := &cobra.Command{
		Use:   "lossproof",
		Short: "Does a loss function compute what PyTorch and mathematics say?",
		Long: `lossproof checks implementations of PyTorch's losses, case by case, against what PyTorch
returned and against the exact result. "lossproof run" checks the built-in Go losses.

Modules:
  torch.nn.` + strings.Join(claim.Modules, "\n  torch.nn."),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          p.noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if showVersion {
				return p.version()
			}
			return cmd.Help()
		},
	}
	root.Flags().BoolVar(&showVersion, "version", false, "what the command version prints")
	root.SetHelpCommand(p.helpCommand(root))
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		p.runCommand(), p.smokeCommand(), p.claimCommand(), p.requestsCommand(), p.judgeCommand(), p.mergeCommand(), p.diffCommand(), p.reportCommand(), p.reproCommand(), p.listCommand(), p.showCommand(), p.explainCommand(),
		p.portCommand(), p.fixturesCommand(), p.versionCommand(), exitCodesTopic(),
		p.sweepCommand(), p.benchCommand(), p.initCommand(),
	)
	root.PersistentPreRunE = noEmptyValues
	p.completeFlags(root)
	p.setHelp(root)
	return root
}

// noArgs refuses arguments: of the root, a command that there is not.
func (p *program) noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasParent() {
		return fmt.Errorf("%s takes no arguments, got %q", cmd.Name(), args)
	}
	return unknownCommand(cmd, args[0])
}

// noEmptyValues refuses a flag with an empty value, as a variable that is not set leaves it: a file would not be written, a
// filter let everything through.
func noEmptyValues(cmd *cobra.Command, _ []string) error {
	var err error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if value := f.Value.String(); err == nil && (value == "" || value == "[]") {
			err = fmt.Errorf("--%s: got an empty value, want a %s: without the flag there is none", f.Name, cmp.Or(flagArgument(f), "value"))
		}
	})
	return err
}

// flagArgument is what the help text calls the value of a flag, which may be its default.
func flagArgument(f *pflag.Flag) string {
	name, _ := pflag.UnquoteUsage(f)
	if name == f.DefValue {
		return ""
	}
	return name
}

func unknownCommand(parent *cobra.Command, name string) error {
	var names []string
	for _, c := range parent.Commands() {
		names = append(names, c.Name())
	}
	return fmt.Errorf("there is no command %q%s (lossproof help lists them)", name, suggest.Hint(name, names))
}

// helpCommand replaces cobra's, which succeeds for a topic that there is not.
func (p *program) helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about a command or a topic",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(cmd, args[len(args)-len(rest)])
			}
			return cmd.Help()
		},
	}
}

// exactArg demands one argument, called name.
func exactArg(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("%s takes one %s, got %s", cmd.Name(), name, words.Plural(len(args), "argument", "arguments"))
		}
		return nil
	}
}

// flagError adds the flag that may have been meant.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return fmt.Errorf("%s: %w", cmd.Name(), err)
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	hint := suggest.Hint("--"+unknown.GetSpecifiedName(), names)
	return fmt.Errorf("%w%s (%s --help lists the flags)", err, hint, cmd.CommandPath())
}

// findCheck returns a check, and suggests one for a misspelt id.
func findCheck(set *fixtures.Set, id string) (*judge.Check, error) {
	id, _, _ = strings.Cut(id, "#") // an output stands for its case
	c, err := judge.Find(set, id)
	if _, withdrawn := set.Withdrawn()[id]; err != nil && !withdrawn {
		return nil, fmt.Errorf("%w (lossproof list lists them)", err)
	}
	return c, err
}

// lines returns stdout for lines of text, which are broken between words on a terminal.
func (p *program) lines() io.Writer {
	return &words.Writer{W: p.stdout, Width: terminalColumns(p.stdout)}
}

// page is lines for a whole text.
func (p *program) page() *bufio.Writer { return bufio.NewWriter(p.lines()) }

// terminalColumns returns the width of the terminal that w is, 0 where it is none.
func terminalColumns(w io.Writer) int {
	file := fileOf(w)
	if file == nil || !term.IsTerminal(int(file.Fd())) {
		return 0
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil || columns <= 0 {
		return 80
	}
	return max(columns, 40)
}

// wantsColor reports whether w may be written to in color: see no-color.org.
func wantsColor(w io.Writer) bool {
	return terminalColumns(w) > 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
