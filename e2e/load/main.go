// Command load is the rush hour: many guests at once at a real restaurant, and
// beside them, in the same minutes, the least that any server could do for the
// same answers. Only the two together say something: alone, requests per second
// mostly measure the computer.
//
// It builds the program, starts it over an empty folder, sends requests over 32
// connections, and prints a table. With -before it compares the program with an
// older one in the same rounds, with -pocketbase with PocketBase, with -growth an empty database with one that has
// taken a million orders; with -cluster it measures three instances over one
// PostgreSQL, with -crowd how guests fare while others flood the server, with -readers the memory that
// clients take which read nothing, with -class a class of thirty busy tables. Run it with `make load`,
// `make growth`, `make crowd`, `make readers`, `make class-load` and `make branches-load`.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"restaurant/e2e/testkit/process"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	rounds  int
	span    time.Duration // of one measurement
	program string        // a binary that is there already; empty: build one
	before  string        // an older binary to compare it with
	// pocketBase is the pragma synchronous of the PocketBase to measure, too; empty: none.
	pocketBase string
	growth     bool
	cluster    bool
	crowd      bool
	readers    bool
	class      bool
	ended      int // login sessions, for cluster
	streams    int // open at once, for cluster
	calls      int // of each kind, for growth
	orders     int // in the filled database, for growth
	guests     int // in the filled database, for growth
}

// run does what the command line asks for and leaves nothing behind: every
// process it started has ended, and the folder for their files is gone.
func run(ctx context.Context, args []string, out io.Writer) (err error) {
	if len(args) == 2 && args[0] == baselineCommand { // how the program starts itself
		return serveBaseline(ctx, args[1], out)
	}
	o, err := readOptions(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "rush-hour-")
	if err != nil {
		return err
	}
	defer func() { err = cleanupError(ctx, err, os.RemoveAll(dir)) }()

	if o.program == "" {
		if o.program, err = buildRelease(ctx, dir); err != nil {
			return err
		}
	}
	if o.cluster {
		return clusterLoad(ctx, o, dir, out)
	}
	if o.crowd {
		return crowd(ctx, o, dir, out)
	}
	if o.readers {
		return slowReading(ctx, o, dir, out)
	}
	if o.class {
		return classLoad(ctx, o, dir, out)
	}
	if o.growth {
		return growth(ctx, o, dir, out)
	}
	return throughput(ctx, o, dir, out)
}

// buildRelease builds the program as `make build` does.
func buildRelease(ctx context.Context, dir string) (string, error) {
	progress("building the program")
	return process.Build(ctx, dir, "-trimpath", "-tags", "nomsgpack", "-ldflags", "-s -w")
}

func readOptions(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("load", flag.ContinueOnError)
	f.IntVar(&o.rounds, "rounds", 5, "how often each measurement is made; the table shows medians")
	f.DurationVar(&o.span, "for", 3*time.Second, "how long each measurement takes")
	f.StringVar(&o.program, "program", "", "measure this binary instead of building one")
	f.StringVar(&o.before, "before", "", "measure this binary of an older program in the same rounds, and print the ratios after by before")
	f.StringVar(&o.pocketBase, "pocketbase", "", "measure PocketBase in the same rounds: FULL, as durable as the program, or NORMAL, as it comes")
	f.BoolVar(&o.growth, "growth", false, "compare an empty database with a filled one instead")
	f.BoolVar(&o.cluster, "cluster", false, "measure several instances over one PostgreSQL instead; make cluster-load starts it")
	f.BoolVar(&o.crowd, "crowd", false, "measure how guests fare while three addresses flood the server with registrations instead")
	f.BoolVar(&o.readers, "readers", false, "measure the memory that a thousand clients take that read nothing instead")
	f.BoolVar(&o.class, "class", false, "measure a class of thirty busy tables instead")
	f.IntVar(&o.ended, "ended", 1_000_000, "with -cluster: ended login sessions that the instances must remember")
	f.IntVar(&o.streams, "streams", 10_000, "with -cluster: event streams that are open at once")
	f.IntVar(&o.calls, "calls", 300, "with -growth: calls of each kind")
	f.IntVar(&o.orders, "orders", 1_000_000, "with -growth: orders in the filled database")
	f.IntVar(&o.guests, "guests", 100_000, "with -growth: guests in the filled database")
	f.Usage = func() {
		fmt.Fprintln(f.Output(), "Usage: go run -C e2e/load . [flags]. Files go to a folder of their own under TMPDIR, which should be a real disk.")
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if !slices.Contains([]string{"", "FULL", "NORMAL"}, o.pocketBase) {
		return o, errors.New("-pocketbase takes FULL, NORMAL or nothing")
	}
	// A round must be over while its tokens live.
	if o.rounds < 1 || o.span < time.Second || o.span > 45*time.Second || o.span%time.Second != 0 || o.calls < 1 || o.calls > 5000 || o.ended < 1 || o.streams < 1 || o.streams > 18_000 || f.NArg() > 0 {
		return o, errors.New("-rounds takes a number from 1, -for whole seconds from 1s to 45s, -calls a number from 1 to 5000, -ended one from 1, -streams one from 1 to 18000, and there are no further arguments; go run -C e2e/load . -h lists the flags")
	}
	return o, nil
}

// cleanupError explains an interruption: what else went wrong then went wrong because
// of it.
func cleanupError(ctx context.Context, err, left error) error {
	if ctx.Err() != nil {
		err = errors.New("interrupted; everything is stopped")
	}
	if left != nil {
		return fmt.Errorf("the temporary files could not be deleted: %w", left)
	}
	return err
}

// progress shows what is being done. It goes to the error stream, so that the table
// can be kept apart with >.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
