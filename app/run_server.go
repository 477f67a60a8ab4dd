package app

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"

	"restaurant/handlers"
	"restaurant/server"
)

// gcPercent lets the heap, which is small, grow to three times its size between
// collections: half the collecting for some megabytes. GOGC in the environment wins.
const gcPercent = 200

// runServer starts the server, calls ready with its address once it listens, and runs
// until ctx ends, ready returns an error, or a listener fails. ready's context ends
// when the server is about to stop.
//
// The addresses are checked first, so that a port in use is refused before anything is
// changed. They are bound after the database is open, so that no client waits in the
// backlog during a migration; and before build, which needs to know the port.
func runServer(ctx context.Context, c call, ready func(ctx context.Context, url string) error) (err error) {
	if c.getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	log, buffer := server.NewLogger(c.Log, c.cfg.logLevel, c.cfg.logFormat == "json")
	defer buffer.Flush()
	if err := checkAddrs(ctx, c.cfg, log); err != nil {
		return err
	}
	store, closeStore, err := openStore(ctx, c.cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	certificates, err := openCertificates(c.cfg, log)
	if err != nil {
		return err
	}
	listening, err := listen(ctx, c.cfg, certificates, log)
	if err != nil {
		return err
	}
	defer listening.close()
	app, err := build(ctx, c.cfg, store, c.cfg.issuer(listening.primary.Addr()), log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.close()) }()
	if err := printAuthority(c, app.api.PublicURL); err != nil {
		return err
	}
	debug.FreeOSMemory() // hashing took 19 MiB for each password, and reading the lessons some more

	parts := []part{worker(buffer.Run)}
	for _, w := range app.workers() {
		parts = append(parts, worker(w))
	}
	if listening.redirect != nil {
		parts = append(parts, serving(listening.redirect, handlers.RedirectToHTTPS(app.api)))
	}
	return runParts(ctx, append(parts,
		serving(listening.primary, server.CloseConnsWhile(app.api.Draining, app.api.Handler())),
		part{stop: func(context.Context) error { app.api.Kitchen.Events.Close(); return nil }}, // ends open streams
		part{stop: func(failed context.Context) error { app.drain(failed, c.cfg.drain); return nil }},
		task(func(ctx context.Context) error { return ready(ctx, app.api.PublicURL) }),
	))
}

func serving(s *server.Server, handler http.Handler) part {
	return part{
		run:  func() error { return s.Serve(handler) },
		stop: func(context.Context) error { return s.Shutdown() },
	}
}
