// Command lossproof checks implementations of PyTorch's losses against recorded cases.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

func main() { os.Exit(run()) }

// run is main with an exit code. Interrupted, it ends what it started.
func run() int {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200) // a run makes large tensors that it soon forgets, beside cases that it keeps
	}
	signals := make(chan os.Signal, 2)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.Signal(0x1)} { // SIGHUP, a constant that not all systems have
		if !signal.Ignored(s) { // as nohup asks
			signal.Notify(signals, s)
		}
	}
	return untilSignal(signals, func(ctx context.Context) int {
		return Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	})
}

// endGrace is how long a command may take to end what it started: it kills the port, and
// writes what is known.
const endGrace = 30 * time.Second

// sameSignal is how soon after the first a signal is that one once more: timeout(1) sends it to the process, and then to its
// group.
const sameSignal = 100 * time.Millisecond

// untilSignal returns the exit code of command, whose context ends at the first signal. At the
// second one, or where the command does not end, it waits no longer.
func untilSignal(signals <-chan os.Signal, command func(context.Context) int) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan int, 1)
	go func() { ended <- command(ctx) }()
	select {
	case code := <-ended:
		return code
	case <-signals:
		cancel()
	}
	first, grace := time.Now(), time.After(endGrace)
	for {
		select {
		case code := <-ended:
			return code
		case <-signals:
			if time.Since(first) < sameSignal {
				continue
			}
		case <-grace:
		}
		return exitInterrupted
	}
}
