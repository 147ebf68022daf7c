package judge

// Unfinished returns the result of a run that has asked nothing yet, and does not know the
// port. It is what stands in a result file until the run ends. The error is a
// *SelectionError.
func Unfinished(options Options) (*Result, error) {
	j, err := newJudge(options.Fixtures, options)
	if err != nil {
		return nil, err
	}
	result := j.newResult()
	result.Summary = Summary{
		Verdict: []string{}, Counts: count(nil), Modules: []ModuleSummary{}, Topics: []TopicSummary{},
		NotRun: j.selected(Case, ""), RelationsNotRun: j.selected(Relation, ""), Relations: map[Outcome]int{},
		GeneratedNotRun: j.selected(Generated, ""), Generated: map[Outcome]int{},
	}
	return result, nil
}

// Result returns a result without checks, which is not complete.
func (j *Judge) Result() *Result {
	result := j.newResult()
	result.Summary = j.summarize(result)
	return result
}
