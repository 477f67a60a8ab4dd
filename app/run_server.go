package app

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"restaurant/class"
	"restaurant/learn"
	"restaurant/server"
)

// gcPercent lets the heap, which is small, grow to three times its size between
// collections: half the collecting for some megabytes. GOGC in the environment wins.
const gcPercent = 200

// place is where a running server is.
type place struct {
	url       string // for clients
	listening string // host:port on this machine
}

// runServer starts the server, calls ready once it listens, and runs until ctx ends,
// ready returns an error, or a listener fails. ready's context ends when the server is
// about to stop.
//
// The addresses are checked first, so that a port in use is refused before anything is
// changed. They are bound after the database is open, so that no client waits in the
// backlog during a migration; and before build, which needs to know the port.
func runServer(ctx context.Context, c call, ready func(ctx context.Context, at place) error) (err error) {
	if c.getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	log, buffer := server.NewLogger(c.Log, c.cfg.logLevel, c.cfg.logFormat == "json")
	defer buffer.Flush()
	if err := checkAddrs(ctx, c.cfg, log); err != nil {
		return err
	}
	folder, err := openStore(ctx, c.cfg, log)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, folder.close(err)); err == nil {
			fmt.Fprintln(c.Out, "Restaurant has stopped.")
		}
	}()
	certificates, err := openCertificates(c.cfg, log)
	if err != nil {
		return err
	}
	listening, err := listen(ctx, c.cfg, certificates, log)
	if err != nil {
		return err
	}
	defer listening.close()
	var holder *holder
	var reporter *class.Reporter
	if c.cfg.teacher != "" {
		reporter = class.NewReporter(c.cfg.teacher, c.cfg.tableCode, func() []learn.LessonOverview { return holder.now.Load().lessons.Overview() }, log)
		c.cfg.table.lessons.Observe = reporter.Observe
	}
	holder, err = newHolder(ctx, c.cfg, folder, c.cfg.issuer(listening.primary.Addr()), certificates.Covers, log)
	if err != nil {
		return c.cfg.explainFull(err)
	}
	defer func() { err = errors.Join(err, holder.close()) }()
	if err := printAuthority(c, holder.at.url); err != nil {
		return err
	}
	debug.FreeOSMemory() // hashing took 19 MiB for each password, and reading the lessons some more

	parts := []part{worker(buffer.Run), worker(returnMemory), task(holder.run)}
	if reporter != nil {
		parts = append(parts, worker(reporter.Run))
	}
	parts = append(parts, holder.servers(c, listening)...)
	return runParts(ctx, append(parts,
		task(func(ctx context.Context) error { return ready(ctx, place{holder.at.url, listening.primary.Addr()}) })))
}

// part is something that starts and stops with the server. run blocks until stop is
// called, and may return before. stop may take its time, unless a part has failed: then
// failed ends.
type part struct {
	run  func() error
	stop func(failed context.Context) error
}

// runParts starts the parts in order. Once ctx ends or a part fails, it stops them in
// reverse order, waiting for each, and returns what went wrong.
func runParts(ctx context.Context, parts []part) (err error) {
	failed, fail := context.WithCancelCause(context.WithoutCancel(ctx))
	defer func() { err = errors.Join(context.Cause(failed), err); fail(nil) }()
	for _, p := range parts {
		done := make(chan struct{})
		go func() {
			defer close(done)
			if err := p.run(); err != nil {
				fail(err)
			}
		}()
		defer func() {
			err = errors.Join(err, p.stop(failed))
			<-done
		}()
	}
	select {
	case <-ctx.Done():
	case <-failed.Done():
	}
	return nil
}

// worker is a part that ends with its context.
func worker(run func(context.Context)) part {
	return task(func(ctx context.Context) error { run(ctx); return nil })
}

// task is a worker that can fail.
func task(run func(context.Context) error) part {
	ctx, cancel := context.WithCancel(context.Background())
	return part{
		run:  func() error { return run(ctx) },
		stop: func(context.Context) error { cancel(); return nil },
	}
}
