package ports

import "errors"

// The ways in which no answer comes. A Port wraps one of them in the error that
// Evaluate returns; any other error means that the port says it failed.
var (
	// ErrMalformed says that what came is not an answer to the call.
	ErrMalformed = errors.New("malformed answer")
	// ErrTimeout says that nothing came in time.
	ErrTimeout = errors.New("no answer in time")
	// ErrCrash says that the port ended before it answered.
	ErrCrash = errors.New("the port ended")
	// ErrNotRun says that the call was not made: the port was lost too often before.
	ErrNotRun = errors.New("not asked")
	// ErrRequest says that the call could not be put into a request, which is no fault of
	// the port.
	ErrRequest = errors.New("no request can be made of the call")
)
