// Command class is the dress rehearsal of a class: five pretend learners sit down at their
// tables and work through the evening, slips included, so that a teacher sees wall and
// teacher's view alive before the day.
//
// It builds the program, starts `restaurant class` over a folder that is deleted afterwards,
// and takes tables as a browser does. What the learners send is in the lessons that the
// class gives out; only their mistakes are made here. Run it with `make class`.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	"restaurant/e2e/testkit/process"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "class:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	port    int           // the first to try
	span    time.Duration // how long the class goes on
	speed   float64       // 1: as fast as people who press the buttons of the page
	tables  int
	program string // a binary that is there already; empty: build one
}

func readOptions(args []string) (o options, err error) {
	f := flag.NewFlagSet("class", flag.ContinueOnError)
	f.IntVar(&o.port, "port", 8080, "the port, or the next one that is free")
	f.DurationVar(&o.span, "for", 20*time.Minute, "how long the class goes on, up to 3h")
	f.Float64Var(&o.speed, "speed", 1, "how much faster than people who press the buttons of the page the learners are, up to 1000")
	f.IntVar(&o.tables, "tables", 30, "how many tables the class has, at least one for each learner")
	f.StringVar(&o.program, "program", "", "start this binary instead of building one")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.port < 1 || o.port > 65000 || o.span < time.Second || o.span > 3*time.Hour || o.speed < 0.1 || o.speed > 1000 || o.tables < len(learners) || o.tables > 100 || f.NArg() > 0 {
		return o, fmt.Errorf("-port takes a number from 1 to 65000, -for a duration from 1s to 3h, -speed a number from 0.1 to 1000, -tables a number from %d to 100, and there are no further arguments", len(learners))
	}
	return o, nil
}

// run holds a class until its time is over or ctx ends, and leaves nothing behind.
func run(ctx context.Context, args []string, out io.Writer) (err error) {
	o, err := readOptions(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "restaurant-class-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	out = &lines{to: out}
	if o.program == "" {
		fmt.Fprintln(out, "Building the program. The first time this takes some minutes.")
		if o.program, err = process.Build(ctx, dir); err != nil {
			return unlessEnded(ctx, err)
		}
	}
	server, err := start(ctx, o, dir, out)
	if err != nil {
		return unlessEnded(ctx, err)
	}
	defer server.Stop()
	fmt.Fprintf(out, "%d pretend learners come in. This ends after %s, or with Ctrl-C, and deletes the class.\n", len(learners), o.span)
	ctx, cancel := context.WithTimeout(ctx, o.span)
	defer cancel()
	return attend(ctx, o, server, out)
}

// attend has the learners learn until ctx ends. That the program ends before is an error.
func attend(ctx context.Context, o options, server *process.Process, out io.Writer) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	var room sync.WaitGroup
	for n, l := range learners {
		l.class, l.out, l.speed, l.random = server.Client, out, o.speed, rand.New(rand.NewPCG(uint64(n), 1)) //nolint:gosec // no secret comes of it
		room.Go(func() { l.attend(ctx) })
	}
	select {
	case <-ctx.Done():
	case <-server.Done:
		err = errors.New("the class has ended by itself")
	}
	cancel()
	room.Wait()
	fmt.Fprintln(out, "The class is over.")
	return err
}

// start starts the class and waits until it answers.
func start(ctx context.Context, o options, dir string, out io.Writer) (*process.Process, error) {
	addr, err := freeAddr(ctx, o.port)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(o.program, "class", "-addr", addr, "-data-dir", dir, "-tables", strconv.Itoa(o.tables), "-title", "Rehearsal", "-log-level", "warn") //nolint:noctx // Stop ends it
	cmd.Stdout, cmd.Stderr = out, out
	server := process.New(addr, cmd)
	if err := server.Start(); err != nil {
		return nil, err
	}
	for ctx.Err() == nil {
		if a, _ := server.Do(ctx, http.MethodGet, "/class", "", ""); a.Status == http.StatusOK { // not until it listens
			return server, nil
		}
		select {
		case <-server.Done:
			return nil, errors.New("the class did not start")
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	server.Stop()
	return nil, ctx.Err()
}

// freeAddr is an address of this computer alone, at a port or one of those after it.
func freeAddr(ctx context.Context, port int) (string, error) {
	const tries = 20
	for n := port; n < port+tries; n++ {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(n))
		if l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr); err == nil {
			return addr, l.Close()
		}
	}
	return "", fmt.Errorf("all ports from %d to %d are in use: name another with -port", port, port+tries-1)
}

// unlessEnded is err, or nothing if the user has ended the class.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// lines lets several write, one after the other.
type lines struct {
	mu sync.Mutex
	to io.Writer
}

// Write makes lines an io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(p)
}
