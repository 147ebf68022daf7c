//go:build !race

package loss_test

const raceDetector = false
