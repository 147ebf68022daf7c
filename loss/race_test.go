//go:build race

package loss_test

// raceDetector: with it a sync.Pool forgets at random, so that calls allocate now and then.
const raceDetector = true
