// Command make makes rows of the matrix: it installs a port, asks it everything at both levels,
// measures a sample of its errors, runs its findings, and writes ports/NAME/matrix.json. It says what
// changed. What was done stays in a folder, so that the same command goes on where it was stopped.
//
//	go run ./internal/matrix/make [flags] [NAME...]
package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"lossproof/fixtures"
	"lossproof/internal/baseline"
	"lossproof/internal/halves"
	"lossproof/internal/matrix"
	"lossproof/internal/shards"
	"lossproof/internal/version"
	"lossproof/judge"
	"lossproof/lab/sweep"
)

// port is a port.json.
type port struct {
	Name           string
	Implementation string
	BuildsOn       []string `json:"builds_on"`
	Modules        []string
	Install        []string
	Run            []string
	Version        []string
	// Program runs a program in the language of the port that comes on stdin; Python needs none.
	Program []string
	// Shares are folders and files outside its own that answers depend on.
	Shares []string
	Env    map[string]string
	Remove []string
	Docs   map[string]string
	Calls  map[string]string
}

// maker makes rows.
type maker struct {
	// ports is the folder of the ports, lossproof the command, done the folder for what was done, findings the
	// page.
	ports, lossproof, done, findings string
	timeout                          time.Duration
	anew, remove                     bool
	// pageOnly makes no rows, findingsOnly only the findings of those that there are, checksOnly all but their errors
	// along the logits.
	pageOnly, findingsOnly, checksOnly bool
	// rows is a folder for copies of the rows, shard the part i/n of the ports, or auto.
	rows, shard string
}

func main() {
	var m maker
	flag.StringVar(&m.ports, "ports", "ports", "the `folder` of the ports")
	flag.StringVar(&m.lossproof, "lossproof", "dist/lossproof", "the `command` to run")
	flag.StringVar(&m.done, "done", "dist/matrix", "the `folder` for whole results; what it has is not done again")
	flag.StringVar(&m.findings, "findings", "docs/findings.md", "the `page` of findings to write")
	flag.DurationVar(&m.timeout, "timeout", 10*time.Minute, "the `time` for an answer and for a start: a port may compile, on a busy machine")
	flag.BoolVar(&m.anew, "anew", false, "do again what was done")
	flag.BoolVar(&m.remove, "remove", false, "remove what install made when the row is written")
	flag.BoolVar(&m.pageOnly, "page", false, "make no rows, only the page of findings of those that there are")
	flag.BoolVar(&m.findingsOnly, "only-findings", false, "run the findings of the named rows and the programs that call the library, and keep the rest of them")
	flag.BoolVar(&m.checksOnly, "only-checks", false, "keep the errors along the logits that the named rows have, and make the rest anew: after a change of lossproof alone")
	flag.StringVar(&m.rows, "rows", "", "a `folder` for copies of the rows, as NAME.json")
	flag.StringVar(&m.shard, "shard", "", "only part `i/n` of the ports; auto takes it from the engine, as lossproof run does")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := m.all(ctx, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "matrix:", err)
		os.Exit(1)
	}
}

// all makes the rows of the named ports, of all if none is named, one at a time. One that fails does
// not keep the others from being made.
func (m *maker) all(ctx context.Context, names []string) error {
	for _, path := range []*string{&m.ports, &m.lossproof, &m.done} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = absolute
	}
	if m.pageOnly {
		return m.page(ctx)
	}
	if len(names) == 0 {
		files, err := filepath.Glob(filepath.Join(m.ports, "*", "port.json"))
		if err != nil {
			return err
		}
		for _, file := range files {
			names = append(names, filepath.Base(filepath.Dir(file)))
		}
	}
	names, err := m.part(names)
	if err != nil {
		return err
	}
	var problems []error
	for _, name := range names {
		start := time.Now()
		err := m.one(ctx, name)
		if err == nil {
			err = m.page(ctx)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", name, err)
			fmt.Fprintln(os.Stderr, "matrix:", err)
			problems = append(problems, err)
			continue
		}
		fmt.Printf("%s: made in %s\n", name, time.Since(start).Round(time.Second))
	}
	if len(problems) > 0 {
		return fmt.Errorf("%d of %d rows were not made", len(problems), len(names))
	}
	return nil
}

// part returns the names of the shard.
func (m *maker) part(names []string) ([]string, error) {
	i, n := 1, 1
	var err error
	switch m.shard {
	case "":
	case "auto":
		i, n, err = shards.Auto(os.Getenv)
	default:
		var shard judge.Shard
		shard, err = judge.ParseShard(m.shard)
		i, n = shard.Index, shard.Count
	}
	if err != nil {
		return nil, fmt.Errorf("-shard: %w", err)
	}
	var part []string
	for k := i - 1; k < len(names); k += n {
		part = append(part, names[k])
	}
	return part, nil
}

// page writes the page of findings anew, of all rows that there are.
func (m *maker) page(ctx context.Context) error {
	files, err := filepath.Glob(filepath.Join(m.ports, "*", "matrix.json"))
	if err != nil || len(files) == 0 {
		return err
	}
	rows, err := matrix.ReadAll(ctx, files)
	if err != nil {
		return err
	}
	return os.WriteFile(m.findings, []byte(matrix.FindingsPage(rows)), 0o644)
}

func (m *maker) one(ctx context.Context, name string) error {
	dir := filepath.Join(m.ports, name)
	text, err := os.ReadFile(filepath.Join(dir, "port.json"))
	if err != nil {
		return err
	}
	var p port
	if err := json.Unmarshal(text, &p); err != nil {
		return fmt.Errorf("port.json: %w", err)
	}
	if len(p.Run) == 0 {
		return errors.New("port.json: run: got nothing, want a command")
	}
	if len(p.Install) > 0 {
		if err := p.show(ctx, dir, p.Install); err != nil {
			return fmt.Errorf("install: %w", err)
		}
	}
	set, err := fixtures.LoadEmbedded()
	if err != nil {
		return err
	}
	row, err := m.row(ctx, dir, p, set)
	if err != nil {
		return err
	}
	if err := m.confirm(ctx, dir, p, set, row); err != nil {
		return fmt.Errorf("confirm: %w", err)
	}
	if row.Findings, err = findings(ctx, dir, p, set); err != nil {
		return err
	}
	if err := write(filepath.Join(dir, "matrix.json"), row); err != nil {
		return err
	}
	if m.rows != "" {
		text, err := os.ReadFile(filepath.Join(dir, "matrix.json"))
		if err == nil {
			err = os.WriteFile(filepath.Join(m.rows, row.Name+".json"), text, 0o644)
		}
		if err != nil {
			return err
		}
	}
	if m.remove {
		return p.removeInstalled(dir)
	}
	return nil
}

// row makes a row without its findings, or reads the one that there is.
func (m *maker) row(ctx context.Context, dir string, p port, set *fixtures.Set) (*matrix.Row, error) {
	var standing *matrix.Row
	if m.findingsOnly || m.checksOnly {
		var err error
		if standing, err = p.standing(ctx, dir); err != nil || m.findingsOnly {
			return standing, err
		}
	}
	done := filepath.Join(m.done, p.Name)
	if err := m.begin(dir, done, p); err != nil {
		return nil, err
	}
	if m.checksOnly { // the answers stay, lossproof judges them anew
		for _, level := range levels {
			if err := os.Remove(filepath.Join(done, string(level)+".json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
	}
	parity, exact, err := m.ask(ctx, dir, done, p, set)
	if err != nil {
		return nil, err
	}
	row, err := matrix.New(parity, exact)
	if err != nil {
		return nil, err
	}
	row.Name, row.Implementation, row.BuildsOn, row.Docs, row.Calls = p.Name, p.Implementation, p.BuildsOn, p.Docs, p.Calls
	row.Install, row.Run, row.Program = shell(p.Install), shell(p.Run), shell(p.program())
	if err := reasons(dir, set, row); err != nil {
		return nil, err
	}
	if m.checksOnly {
		if err := sameClaim(standing, row); err != nil {
			return nil, err
		}
		row.Curves, row.Maps = standing.Curves, standing.Maps
		return row, nil
	}
	if row.Curves, err = m.curves(ctx, dir, done, p, row); err != nil {
		return nil, err
	}
	row.Maps, err = m.maps(ctx, dir, done, p, row)
	return row, err
}

// standing reads the row that there is, which has to be of the version that is installed.
func (p port) standing(ctx context.Context, dir string) (*matrix.Row, error) {
	text, err := os.ReadFile(filepath.Join(dir, "matrix.json"))
	if err != nil {
		return nil, err
	}
	row, err := matrix.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("matrix.json: %w", err)
	}
	installed, log, err := p.command(ctx, dir, p.Version)
	if err != nil {
		return nil, fmt.Errorf("version: %w: %s", err, lastLine(log))
	}
	if installed = strings.TrimPrefix(lastLine(installed), "v"); !slices.Contains(strings.Fields(row.Port.Version), installed) {
		return nil, fmt.Errorf("matrix.json: version: got %q, want that of %s, which is installed", row.Port.Version, installed)
	}
	return row, nil
}

// sameClaim returns an error if a row is of another port than the one that there is, or of another claim.
func sameClaim(standing, row *matrix.Row) error {
	if row.Port != standing.Port {
		return fmt.Errorf("-only-checks: got %v, want the port of matrix.json, %v", row.Port, standing.Port)
	}
	for _, is := range row.Modules {
		was := standing.Module(is.Module)
		if was == nil || !slices.Equal(was.Claim.DTypes, is.Claim.DTypes) || !slices.Equal(was.Claim.Outputs, is.Claim.Outputs) {
			return fmt.Errorf("-only-checks: %s: got %v, want the dtypes and outputs that matrix.json has", is.Module, is.Claim)
		}
	}
	return nil
}

// python is the interpreter of a port in Python, nothing for another.
func (p port) python() []string {
	if last := len(p.Run) - 1; strings.HasSuffix(p.Run[last], ".py") {
		return slices.Clone(p.Run[:last])
	}
	return nil
}

// program is the command that runs the program of a snippet.
func (p port) program() []string {
	if python := p.python(); len(p.Program) == 0 && python != nil {
		return append(python, "-")
	}
	return p.Program
}

// write writes the file of a row, and says what changed.
func write(file string, row *matrix.Row) error {
	was, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		fmt.Printf("%s: a new row\n", row.Name)
	case err != nil:
		return err
	default:
		old, err := matrix.Parse(was)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if old.Port.Version != row.Port.Version {
			fmt.Printf("%s: version: %s -> %s\n", row.Name, old.Port.Version, row.Port.Version)
		}
		for _, c := range matrix.Changes(old, row) {
			fmt.Printf("%s: %s\n", row.Name, c)
		}
	}
	text, err := row.Encode()
	if err != nil {
		return err
	}
	// Messages name files of this machine.
	plain := strings.NewReplacer(filepath.Join(file, "..", "..", "..")+"/", "", filepath.Clean(os.TempDir())+"/", "")
	return os.WriteFile(file, []byte(plain.Replace(string(text))), 0o644)
}

// begin empties the folder for what was done if the port, the fixtures or lossproof are not those that it is
// of.
func (m *maker) begin(dir, done string, p port) error {
	key, err := fingerprint(dir, p)
	if err != nil {
		return err
	}
	file := filepath.Join(done, "key")
	if was, err := os.ReadFile(file); err == nil && string(was) == key && !m.anew {
		return nil
	}
	if err := os.RemoveAll(done); err != nil {
		return err
	}
	if err := os.MkdirAll(done, 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(key), 0o644)
}

// fingerprint hashes the versions and the files of the port, and what it shares with others, but for what install makes and
// what says what is known of it.
func fingerprint(dir string, p port) (string, error) {
	manifest, err := os.ReadFile(filepath.Join(dir, "..", "..", "fixtures", "data", "manifest.sha256"))
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	fmt.Fprintf(hash, "%s %s\n", version.Tool, manifest)
	for _, root := range append([]string{"."}, p.Shares...) {
		root := filepath.Join(dir, filepath.FromSlash(root))
		err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			name, err := filepath.Rel(root, file)
			switch {
			case err != nil:
				return err
			case d.IsDir() && (slices.Contains(p.Remove, name) || name == "findings" || name == "__pycache__"):
				return fs.SkipDir
			case !d.Type().IsRegular() || name == "matrix.json" || name == "README.md" || strings.HasPrefix(name, "baseline"):
				return nil
			}
			text, err := os.ReadFile(file)
			fmt.Fprintf(hash, "%s %d\n%s\n", name, len(text), text)
			return err
		})
		if err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%x\n", hash.Sum(nil)), nil
}

// reasons gives the rules that no cause explains the reasons that the baseline of the port has.
func reasons(dir string, set *fixtures.Set, row *matrix.Row) error {
	text, err := os.ReadFile(filepath.Join(dir, "baseline.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	b, err := baseline.Parse(text)
	if err != nil {
		return fmt.Errorf("baseline.json: %w", err)
	}
	known := b.ForJudge(set)
	for i := range row.Modules {
		for k := range row.Modules[i].Differs {
			if d := &row.Modules[i].Differs[k]; len(d.Causes) == 0 {
				d.Reason = cmp.Or(known[d.Example].Reason, d.Reason)
			}
		}
	}
	return nil
}

// swept are the modules that are measured along the logits.
var swept = []string{sweep.BCEWithLogitsLoss, sweep.BCELoss}

// curves measures a sample of the float32 inputs of each module that can be. A port that fails at it
// has no curve: what it fails is in the rules.
func (m *maker) curves(ctx context.Context, dir, done string, p port, row *matrix.Row) ([]matrix.Curve, error) {
	var curves []matrix.Curve
	for _, module := range swept {
		if row.Module(module) == nil {
			continue
		}
		results, err := m.sweep(ctx, dir, filepath.Join(done, "sweep-"+module+".json"), p, "--sample", "--module", module)
		if err != nil {
			return nil, err
		}
		for _, result := range results {
			for _, t := range result.Tallies {
				curves = append(curves, curve(module, t.Output, &t.Profile))
			}
		}
	}
	return curves, nil
}

// maps measures all numbers of the dtypes of 16 bits that a module claims.
func (m *maker) maps(ctx context.Context, dir, done string, p port, row *matrix.Row) ([]matrix.Map, error) {
	var list []matrix.Map
	for _, module := range row.Modules {
		for _, dtype := range halves.DTypes() {
			if !slices.Contains(module.Claim.DTypes, dtype) {
				continue
			}
			file := filepath.Join(done, fmt.Sprintf("sweep-%s-%s.json", module.Module, dtype))
			results, err := m.sweep(ctx, dir, file, p, "--dtype", string(dtype), "--module", module.Module)
			if err != nil {
				return nil, err
			}
			for _, result := range results {
				for _, output := range slices.Sorted(maps.Keys(result.Maps)) {
					list = append(list, matrix.Map{Module: module.Module, DType: dtype, Output: output, Accuracy: result.Maps[output]})
				}
			}
		}
	}
	return list, nil
}

// sweep returns what a sweep measures, or has measured into a file before; nothing of a port that fails at it.
func (m *maker) sweep(ctx context.Context, dir, file string, p port, flags ...string) ([]*sweep.Result, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		args := slices.Concat([]string{m.lossproof, "sweep", "--json", file, "--timeout", m.timeout.String(), "--start-timeout", m.timeout.String()}, flags, []string{"--"}, p.Run)
		if _, log, err := p.command(ctx, dir, args); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			fmt.Printf("%s: nothing of sweep %s: %s\n", p.Name, strings.Join(flags, " "), lastLine(log))
			return nil, nil
		}
		if text, err = os.ReadFile(file); err != nil {
			return nil, err
		}
	}
	var r sweep.Report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return r.Float32, nil
}

// parts is the number of parts of a profile that one of a curve has the largest error of.
const parts = 8

func curve(module, output string, profile *sweep.Profile) matrix.Curve {
	c := matrix.Curve{Module: module, Output: output, From: -sweep.ProfileEdge, Step: parts * sweep.ProfileStep}
	for first := 0; first < len(profile); first += parts {
		largest := judge.Number(-1)
		for _, part := range profile[first:min(first+parts, len(profile))] {
			if part.Measured {
				largest = max(largest, judge.Number(part.ULP))
			}
		}
		c.ULP = append(c.ULP, matrix.Rounded(largest))
	}
	return c
}

// findings runs the programs of findings/findings.json.
func findings(ctx context.Context, dir string, p port, set *fixtures.Set) ([]matrix.Finding, error) {
	text, err := os.ReadFile(filepath.Join(dir, "findings", "findings.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []matrix.Demonstration
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&list); err != nil {
		return nil, fmt.Errorf("findings/findings.json: %w", err)
	}
	must := map[string]bool{}
	for _, c := range judge.Checks(set) {
		must[c.Rule.ID] = c.Rule.Requirement == fixtures.Must
	}
	var done []matrix.Finding
	for _, d := range list {
		output, log, err := p.command(ctx, dir, []string{"bash", "-c", d.Run})
		if err != nil {
			output += log
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		f := matrix.Finding{Demonstration: d, Output: bounded(output), Confirmed: err == nil && len(d.Shows) > 0}
		f.IsFault = d.Fault != "" && slices.ContainsFunc(d.Rules, func(id string) bool { return must[id] })
		for _, want := range d.Shows {
			f.Confirmed = f.Confirmed && strings.Contains(output, want)
		}
		if !f.Confirmed {
			fmt.Printf("%s: NOT CONFIRMED: %s (%s): %v\n%s\n", p.Name, d.Title, d.Run, err, f.Output)
		}
		done = append(done, f)
	}
	return done, nil
}

// maxOutput bounds what is kept of the output of a finding.
const maxOutput = 2000

func bounded(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > maxOutput {
		text = strings.ToValidUTF8(text[:maxOutput], "") + "…"
	}
	return text
}

// command runs a command in the folder of the port, and returns what it printed.
func (p port) command(ctx context.Context, dir string, args []string) (output, log string, err error) {
	var stdout, stderr bytes.Buffer
	err = p.start(ctx, dir, args, &stdout, &stderr)
	return stdout.String(), stderr.String(), err
}

// show runs a command in the folder of the port, and lets people see what it prints.
func (p port) show(ctx context.Context, dir string, args []string) error {
	fmt.Fprintf(os.Stderr, "%s$ %s\n", p.Name, shell(args))
	return p.start(ctx, dir, args, os.Stderr, os.Stderr)
}

func (p port) start(ctx context.Context, dir string, args []string, stdout, stderr io.Writer) error {
	cmd := p.cmd(ctx, dir, args)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd.Run()
}

// cmd is a command in the folder of the port.
func (p port) cmd(ctx context.Context, dir string, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, p.environment()
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// environment is that of every command of the port.
func (p port) environment() []string {
	environment := os.Environ()
	for name, value := range p.Env {
		environment = append(environment, name+"="+value)
	}
	return environment
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndex(text, "\n")+1:]
}

// shell writes a command for a shell.
func shell(args []string) string {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = a
		if a == "" || strings.ContainsAny(a, " \t\n'\"\\$`*?[]{}()<>|&;#~!") {
			words[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// removeInstalled removes what install made.
func (p port) removeInstalled(dir string) error {
	var problems []error
	for _, name := range p.Remove {
		below := name
		for _, shared := range p.Shares {
			if rest, ok := strings.CutPrefix(name, shared+"/"); ok {
				below = rest
			}
		}
		if !filepath.IsLocal(below) || below == "." {
			problems = append(problems, fmt.Errorf("port.json: remove: got %q, want a path in the folder or in one of shares", name))
			continue
		}
		problems = append(problems, os.RemoveAll(filepath.Join(dir, name)))
	}
	return errors.Join(problems...)
}
