package judge

import (
	"context"
	"iter"
	"maps"
	"runtime"
	"time"

	"lossproof/internal/machine"
	"lossproof/internal/plain"
	"lossproof/internal/version"
	"lossproof/ports"
)

// Run makes all selected checks, in their order. The error is that of [New]; where ctx ends in
// between, it is that of ctx, and comes with the result so far, which is not complete and not
// conformant.
func Run(ctx context.Context, port ports.Port, options Options) (*Result, error) {
	j, err := New(ctx, port, options)
	if err != nil {
		return nil, err
	}
	return j.Run(ctx)
}

// Run makes all selected checks. The error is that of ctx, and comes with the result so far.
func (j *Judge) Run(ctx context.Context) (*Result, error) {
	result := j.newResult()
	done, failing, last := 0, 0, time.Now()
	told, all := 0, 0 // of what is claimed: a progress of what nobody is asked would be none
	claimed := func(module string) bool { _, ok := j.description.Modules[module]; return ok }
	for _, c := range j.checks {
		if claimed(c.Module) {
			all++
		}
	}
	for b, room := range j.ahead(ctx) {
		raw, exchanges, err := b.end()
		if err != nil {
			break
		}
		r := j.settle(b.check, raw, exchanges)
		now := time.Now()
		r.Took, last = now.Sub(last), now
		result.add(r)
		done++
		if j.options.Progress != nil && claimed(r.Module) {
			told++
			j.options.Progress(told, all, r)
		}
		if r.Gates && r.Outcome.Failing() {
			failing++
		}
		if j.options.MaxFail > 0 && failing >= j.options.MaxFail {
			break
		}
		room()
	}
	j.again(ctx, result)
	result.Incidents, result.Restarts = j.incidents()
	result.Summary = j.summarize(result)
	result.Complete = done == len(j.checks)
	if result.Complete {
		return result, nil
	}
	return result, ctx.Err()
}

// ahead is the number of calls that are sent to a [ports.Pipelined] before the first of them is
// judged; the port itself may allow fewer. The cases of other ports are read ahead.
const (
	ahead     = 64
	readAhead = 4
)

// ahead begins the selected checks, in their order, a few calls ahead of the one that it yields, and
// goes on when room is called. It ends early with ctx.
func (j *Judge) ahead(ctx context.Context) iter.Seq2[begun, func()] {
	window := readAhead
	if _, ok := j.port.(ports.Pipelined); ok {
		window = ahead
	}
	return func(yield func(begun, func()) bool) {
		ctx, cancel := context.WithCancel(ctx)
		under := make(chan begun, window)
		free := make(chan struct{}, window)
		go func() {
			defer close(under)
			for _, c := range j.checks {
				for range min(c.evidence.size(), window) {
					select {
					case free <- struct{}{}:
					case <-ctx.Done():
						return
					}
				}
				under <- j.begin(ctx, c)
			}
		}()
		defer func() {
			cancel()
			for range under { // until the goroutine has ended: nothing more is sent
			}
		}()
		for b := range under {
			room := func() {
				for range min(b.check.evidence.size(), window) {
					<-free
				}
			}
			if !yield(b, room) {
				return
			}
		}
	}
}

// newResult returns a result without cases and summary.
func (j *Judge) newResult() *Result {
	info := j.set.Manifest
	claims := maps.Clone(j.description.Modules)
	if claims == nil {
		claims = map[string]ports.Claim{}
	}
	shard := ""
	if s := j.options.Selection.Shard; !s.IsZero() {
		shard = s.String()
	}
	m := machine.Describe()
	_, recorded := j.port.(*Recorded)
	return &Result{
		Selection: j.options.Selection,
		Shard:     shard,
		Lossproof: version.Tool,
		Fixtures:  FixturesInfo{Version: info.Fixtures, Cases: len(j.set.Cases)},
		Port:      portInfo(j.description.Port),
		Claim:     claims,
		Reference: Reference{Name: "torch", Version: info.Torch.Version, CPUCapability: info.Torch.CPUCapability},
		Level:     string(j.options.Level),
		Quirks:    j.options.Quirks,
		Selected:  j.selected(Case, ""),
		Partial:   j.selected(Case, "") < len(j.set.Cases),
		Argv:      j.options.Argv,
		Platform:  Platform{OS: runtime.GOOS, Arch: runtime.GOARCH, Go: m.Go, CPU: m.CPU, Cores: m.Cores, SIMD: m.SIMD},
		Cases:     []CheckResult{},
		Seed:      j.Seed(),
		SeedFrom:  j.options.seedFrom(),
		Recorded:  recorded,
		Relations: Made{},
		Effort:    j.Effort(),
		FewShapes: j.description.Compiles,
		Generated: Made{},
	}
}

// selected counts the selected checks of a kind, of one module or of all.
func (j *Judge) selected(kind Kind, module string) int { return counted(j.checks, kind, module) }

// counted counts the checks of a kind, of one module or of all.
func counted(checks []*Check, kind Kind, module string) int {
	n := 0
	for _, c := range checks {
		if c.Kind == kind && (module == "" || c.Module == module) {
			n++
		}
	}
	return n
}

// portInfo is what a port says of itself, as it can be shown.
func portInfo(info ports.Info) ports.Info {
	line := func(text string) string { return plain.Line(text, plain.Name) }
	return ports.Info{Name: line(info.Name), Version: line(info.Version), Language: line(info.Language), LanguageVersion: line(info.LanguageVersion)}
}
