package judge

import (
	"context"
	"runtime"

	"lossproof/fixtures"
	"lossproof/internal/machine"
	"lossproof/internal/version"
	"lossproof/ports"
)

// Run judges all selected cases, in the order of set, and checks the relations. The error is that of [New]; where
// ctx ends in between, it is that of ctx, and comes with the result so far, which is not
// complete and not conformant.
func Run(ctx context.Context, set *fixtures.Set, port ports.Port, options Options) (*Result, error) {
	j, err := New(ctx, set, port, options)
	if err != nil {
		return nil, err
	}
	return j.Run(ctx)
}

// Run judges all selected cases and checks the relations. The error is that of ctx, and comes with the result so far.
func (j *Judge) Run(ctx context.Context) (*Result, error) {
	options := j.options
	result := j.newResult()
	total := len(j.cases) + len(j.relations)
	failing := 0
	for r, err := range j.each(ctx) {
		if err != nil {
			result.Summary = j.summarize(result.Cases, nil)
			return result, err
		}
		result.Cases = append(result.Cases, r)
		if options.Progress != nil {
			options.Progress(len(result.Cases), total, r)
		}
		if r.Gates && r.Outcome.Failing() {
			failing++
		}
		if options.MaxFail > 0 && failing >= options.MaxFail {
			break
		}
	}
	var err error
	if options.MaxFail == 0 || failing < options.MaxFail {
		err = j.checkRelations(ctx, func(r RelationResult) bool {
			result.Relations = append(result.Relations, r)
			if options.Progress != nil {
				options.Progress(len(result.Cases)+len(result.Relations), total, r.Case())
			}
			if r.Gates && r.Outcome.Failing() {
				failing++
			}
			return options.MaxFail == 0 || failing < options.MaxFail
		})
	}
	result.Summary = j.summarize(result.Cases, result.Relations)
	result.Complete = len(result.Cases) == len(j.cases) && len(result.Relations) == len(j.relations)
	return result, err
}

// newResult returns a result without cases and summary.
func (j *Judge) newResult() *Result {
	info := j.set.Manifest
	claims := make(map[string]Claim, len(j.description.Modules))
	for module, cl := range j.description.Modules {
		claims[module] = Claim{DTypes: cl.DTypes, Outputs: cl.Outputs, Without: append([]string{}, cl.Without...)}
	}
	shard := ""
	if s := j.options.Selection.Shard; !s.IsZero() {
		shard = s.String()
	}
	m := machine.Describe()
	return &Result{
		Shard:     shard,
		Lossproof: version.Tool,
		Fixtures:  FixturesInfo{Version: info.Fixtures, Cases: len(j.set.Cases)},
		Port:      PortInfo(j.description.Port),
		Claim:     claims,
		Reference: Reference{Name: "torch", Version: info.Torch.Version, CPUCapability: info.Torch.CPUCapability},
		Level:     string(j.options.Level),
		Quirks:    j.options.Quirks,
		Selected:  len(j.cases),
		Partial:   len(j.cases) < len(j.set.Cases),
		Argv:      j.options.Argv,
		Platform:  Platform{OS: runtime.GOOS, Arch: runtime.GOARCH, Go: m.Go, CPU: m.CPU, Cores: m.Cores, SIMD: m.SIMD},
		Cases:     []CaseResult{},
		Seed:      j.Seed(),
		Relations: []RelationResult{},
	}
}
