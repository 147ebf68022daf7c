// Package infile reads the files that a command is given, which may be pipes that nobody writes
// to, or devices without an end.
package infile

import (
	"context"
	"fmt"
	"io"
	"os"
)

// Max bounds a file that is read whole, in bytes.
const Max = 128 << 20

// Open opens a file. A pipe that nobody has opened to write is waited for until ctx ends.
func Open(ctx context.Context, name string) (*os.File, error) {
	return until(ctx, func() (*os.File, error) { return os.Open(name) })
}

// Read reads a file of at most Max bytes, until ctx ends.
func Read(ctx context.Context, name string) ([]byte, error) { return read(ctx, name, Max) }

func read(ctx context.Context, name string, limit int64) ([]byte, error) {
	file, err := Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	data, err := until(ctx, func() ([]byte, error) { return io.ReadAll(io.LimitReader(file, limit+1)) })
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", name, limit)
	}
	return data, err
}

// until returns what work returns, or leaves it behind when ctx ends.
func until[T any](ctx context.Context, work func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := work()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
