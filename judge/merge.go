package judge

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lossproof/fixtures"
	"lossproof/judge/verdict"
	"lossproof/ports"
)

// Part is the result of one shard, with the name of its file.
type Part struct {
	Name   string
	Result *Result
}

// Merge joins the results of all shards of a run to the result that the run would have had in one
// piece, but for what it says of its causes and of its command line. The error lists what does not
// belong together, and what is missing.
func Merge(set *fixtures.Set, parts []Part) (*Result, error) {
	if len(parts) == 0 {
		return nil, errors.New("there is nothing to merge: want the results of shards")
	}
	if err := sameRun(set, parts); err != nil {
		return nil, err
	}
	if err := allShards(parts); err != nil {
		return nil, err
	}
	first := parts[0].Result
	description := ports.Description{Modules: first.Claim, Compiles: first.FewShapes}
	j, err := newJudge(set, Options{
		Fixtures: set, Level: verdict.Level(first.Level), Selection: first.Selection, Quirks: first.Quirks, Seed: first.Seed, Random: first.SeedFrom == Random, Effort: first.Effort,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: selection: %w", parts[0].Name, err)
	}
	j.description = description
	results, err := byCheck(parts)
	if err != nil {
		return nil, err
	}
	merged := j.newResult()
	merged.Port, merged.Platform, merged.Baseline = first.Port, first.Platform, first.Baseline
	merged.Platform.CPU, merged.Recorded = everyCPU(parts), first.Recorded
	for _, part := range parts {
		merged.Restarts += part.Result.Restarts
		for module, of := range part.Result.Incidents {
			if merged.Incidents == nil {
				merged.Incidents = map[string]ports.Incidents{}
			}
			merged.Incidents[module] = merged.Incidents[module].Plus(of)
		}
	}
	var missing []string
	for _, c := range j.checks {
		r, ok := results[c.ID]
		if !ok {
			missing = append(missing, c.ID)
			continue
		}
		merged.add(r)
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("no result has %s (%d of %d checks are missing)", list(missing), len(missing), len(j.checks))
	}
	merged.Summary = j.summarize(merged)
	merged.Complete = true
	return merged, nil
}

// sameRun compares what the parts of one run have in common.
func sameRun(set *fixtures.Set, parts []Part) error {
	if version := parts[0].Result.Fixtures.Version; version != set.Version() {
		return fmt.Errorf("%s: it is of the fixtures %s, this lossproof has %s: merge with the one that ran", parts[0].Name, version, set.Version())
	}
	want, err := parts[0].Result.members()
	if err != nil {
		return fmt.Errorf("%s: %w", parts[0].Name, err)
	}
	var problems []error
	for _, part := range parts[1:] {
		got, err := part.Result.members()
		if err != nil {
			return fmt.Errorf("%s: %w", part.Name, err)
		}
		for _, name := range []string{
			"lossproof", "fixtures", "port", "claim", "reference", "level", "quirks", "selection", "seed", "seed_from", "effort", "few_shapes", "recorded", "baseline", "platform",
		} {
			if !bytes.Equal(got[name], want[name]) {
				problems = append(problems, fmt.Errorf("%s: %s: got %.200s, %s has %.200s", part.Name, name, orNothing(got[name]), parts[0].Name, orNothing(want[name])))
			}
		}
	}
	return errors.Join(problems...)
}

// orNothing is the text of a member, which may not be there.
func orNothing(member json.RawMessage) string { return cmp.Or(string(member), "nothing") }

// members returns what a result file says of a run, but for its checks and the processor.
func (r *Result) members() (members map[string]json.RawMessage, err error) {
	of := *r
	of.Cases, of.Relations, of.Generated = nil, nil, nil
	of.Platform.CPU, of.Platform.Cores, of.Platform.SIMD = "", 0, nil
	text, err := json.Marshal(of)
	if err == nil {
		err = json.Unmarshal(text, &members)
	}
	return members, err
}

// allShards returns an error that names the shards that no part is, and those that two are.
func allShards(parts []Part) error {
	names, count := map[int]string{}, 0
	for _, p := range parts {
		shard, err := ParseShard(p.Result.Shard)
		switch {
		case p.Result.Shard == "":
			return fmt.Errorf("%s: it is the result of a whole run, want one of lossproof run --shard", p.Name)
		case err != nil:
			return fmt.Errorf("%s: shard: %w", p.Name, err)
		case count != 0 && shard.Count != count:
			return fmt.Errorf("%s: it is shard %s, %s is one of %d", p.Name, shard, parts[0].Name, count)
		case names[shard.Index] != "":
			return fmt.Errorf("%s: it is shard %s, and so is %s", p.Name, shard, names[shard.Index])
		case !p.Result.Complete:
			return fmt.Errorf("%s: shard %s is not complete: run it again", p.Name, shard)
		}
		count, names[shard.Index] = shard.Count, p.Name
	}
	var missing []string
	for i := 1; i <= count; i++ {
		if names[i] == "" {
			missing = append(missing, Shard{i, count}.String())
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("missing: shard %s", strings.Join(missing, ", "))
	}
	return nil
}

// byCheck returns the results of all parts by id.
func byCheck(parts []Part) (map[string]CheckResult, error) {
	results, from := map[string]CheckResult{}, map[string]string{}
	for _, p := range parts {
		for _, r := range p.Result.Checks() {
			if other := from[r.ID]; other != "" {
				return nil, fmt.Errorf("%s: %s is in %s too", p.Name, r.ID, other)
			}
			results[r.ID], from[r.ID] = r, p.Name
		}
	}
	return results, nil
}

// everyCPU names the models of CPU that the parts ran on.
func everyCPU(parts []Part) string {
	var models []string
	for _, p := range parts {
		models = append(models, p.Result.Platform.CPU)
	}
	slices.Sort(models)
	return strings.Join(slices.Compact(models), "; ")
}
