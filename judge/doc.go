// Package judge is the engine of lossproof: it selects cases, asks a port, and judges
// the answers. Ginkgo specs, plain tests and the command only present its results.
//
//	result, err := judge.Run(ctx, port, judge.Options{Level: verdict.Parity})
//
// Who tests a port needs [Run], [Options] with its [Selection], and of the [Result] its Summary,
// Causes and Checks. [New] gives the same one check at a time, as package suites presents them. The
// other types are the members of result files; [Recorded], [Merge] and [Baseline] are for answers,
// shards and known failures that are in files already.
//
// Each output of a case is judged for itself, at a level (see judge/verdict), and its
// [Outcome] is the first that applies of suite-error, unsupported, malformed, timeout,
// crash, error, fail and pass. A case has the worst outcome of the outputs it was asked
// for. Rules decide what it means: a failing case of a must or should rule makes its
// module not conformant; one of a quirk only with [Options.Quirks].
package judge
