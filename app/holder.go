package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"restaurant/class"
	"restaurant/handlers"
	"restaurant/learn"
	"restaurant/server"
)

const (
	// drainFor is how long an App that is about to close waits for the requests in it.
	drainFor = 5 * time.Second
	// openWithin is how long a request waits for an App that is being opened.
	openWithin = 10 * time.Second
)

// holder serves requests with the App on a data folder. It can close that App and open
// another one on the same folder, as a restart would, while its listeners stay.
type holder struct {
	cfg    config
	folder *dataFolder
	at     site
	log    *slog.Logger

	now    atomic.Pointer[opened]
	closed bool // whether that is closed already; only run and close look at it
	asked  chan chan<- reopened

	pacing sync.Mutex // held until the App has what is set
	pace   class.Pace // what a class has set
}

// reopened is the answer to those who asked for another App.
type reopened struct {
	lessons *learn.Handler
	took    time.Duration
	err     error
}

// newHolder builds an App on a folder that is open. url and covers are those of a site.
func newHolder(ctx context.Context, cfg config, folder *dataFolder, url string, covers func(name string) bool, log *slog.Logger) (*holder, error) {
	h := &holder{cfg: cfg, folder: folder, at: site{url: url, covers: covers}, log: log, asked: make(chan chan<- reopened)}
	h.at.entrance = h.entrance(func(o *opened) http.Handler { return o.handler })
	return h, h.open(ctx)
}

func (h *holder) open(ctx context.Context) error {
	next := &opened{left: make(chan struct{}, 1), replaced: make(chan struct{})}
	at := h.at
	if h.cfg.hasOneLearner() {
		at.reopen = func(ctx context.Context) (*learn.Handler, time.Duration, error) { return h.reopen(ctx, next) }
	}
	app, err := build(ctx, h.cfg, h.folder.store, at, h.log)
	if err != nil {
		return err
	}
	if err := errors.Join(h.folder.addFilesOf(app), h.folder.remember(ctx)); err != nil {
		return errors.Join(err, app.close())
	}
	next.App, next.handler, next.redirect = app, app.api.Handler(), handlers.RedirectToHTTPS(app.api)
	h.now.Store(next)
	h.closed = false
	return nil
}

// close closes the App. run must have ended.
func (h *holder) close() error {
	if h.closed {
		return nil
	}
	h.closed = true
	return h.now.Load().close()
}

// run runs the workers of the App, and of each that takes its place, until ctx ends or no
// App can be opened.
func (h *holder) run(ctx context.Context) error {
	for {
		asked := h.work(ctx)
		if asked == nil {
			return nil
		}
		start, old := time.Now(), h.now.Load()
		old.empty(drainFor)
		err := h.replace(ctx, old)
		answer := reopened{took: time.Since(start), err: err}
		if err == nil {
			answer.lessons = h.now.Load().lessons
			close(old.replaced)
			h.log.Info("the server closed everything that it had in memory and built it again", "took", answer.took)
		}
		asked <- answer
		if err != nil {
			return fmt.Errorf("the server was closed and cannot be opened again: %w", err)
		}
	}
}

// work runs the workers until ctx ends, or until somebody asks for another App, and returns
// whom to answer.
func (h *holder) work(ctx context.Context) (asked chan<- reopened) {
	ctx, stop := context.WithCancel(ctx)
	var staff sync.WaitGroup
	for _, worker := range append(h.now.Load().workers(), func(ctx context.Context) { h.folder.watch(ctx, h.log) }) {
		staff.Go(func() { worker(ctx) })
	}
	defer staff.Wait()
	defer stop()
	select {
	case <-ctx.Done():
		return nil
	case asked = <-h.asked:
		return asked
	}
}

// replace closes an App and its database, and opens them again. What a class has set stays,
// and time does not start again: the clock of the tokens stays where the lab has moved it.
func (h *holder) replace(ctx context.Context, old *opened) error {
	if err := errors.Join(h.close(), h.folder.reopen(ctx, h.log)); err != nil {
		return err
	}
	if err := h.open(ctx); err != nil {
		return err
	}
	h.restorePace()
	if ahead := old.api.Authority.Ahead(); ahead > 0 {
		h.now.Load().api.Authority.Advance(ahead)
	}
	return nil
}

// setPace changes what a class has set, and applies what is new.
func (h *holder) setPace(p class.Pace) {
	h.pacing.Lock()
	defer h.pacing.Unlock()
	h.pace = h.pace.Over(p)
	h.now.Load().setPace(p)
}

// restorePace applies all that a class has set to an App that was just built.
func (h *holder) restorePace() {
	h.pacing.Lock()
	defer h.pacing.Unlock()
	h.now.Load().setPace(h.pace)
}

// reopen asks run for another App, on behalf of a request in this one, and returns the new
// lessons and how long the server was closed.
func (h *holder) reopen(ctx context.Context, from *opened) (*learn.Handler, time.Duration, error) {
	from.leave() // or it would wait for the request that waits for it
	defer from.stay()
	answer := make(chan reopened, 1)
	select {
	case h.asked <- answer:
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	r := <-answer
	return r.lessons, r.took, r.err
}

// entrance lets requests into the App of the moment. While there is none they wait.
func (h *holder) entrance(handler func(*opened) http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		app := h.enter(r.Context())
		if app == nil {
			h.refuse(w, r, http.StatusServiceUnavailable, "")
			return
		}
		defer app.leave()
		handler(app).ServeHTTP(w, r)
	})
}

// enter returns the App for a request, which must leave it; nil if ctx ends, or if it takes
// too long.
func (h *holder) enter(ctx context.Context) *opened {
	var late <-chan time.Time
	for {
		app := h.now.Load()
		if app.enter() {
			return app
		}
		if late == nil {
			late = time.After(openWithin)
		}
		select {
		case <-app.replaced:
		case <-late:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

func (h *holder) refuse(w http.ResponseWriter, r *http.Request, status int, reason string) {
	h.now.Load().api.Refuse(w, r, status, reason)
}

// servers are the API and, under TLS, the redirect to it.
func (h *holder) servers(c call, on listeners) (parts []part) {
	on.primary.OnRefusal(h.refuse)
	if h.cfg.proxied() {
		on.primary.OnClient(func(r *http.Request) string { return h.now.Load().api.ClientOf(r) })
	}
	if l := on.redirect; l != nil {
		l.OnRefusal(h.refuse)
		parts = append(parts, part{
			run:  func() error { return l.Serve(h.entrance(func(o *opened) http.Handler { return o.redirect })) },
			stop: func(context.Context) error { return l.Shutdown() },
		})
	}
	draining := func() bool { return h.now.Load().api.Draining() }
	return append(parts, part{
		run: func() error { return on.primary.Serve(server.CloseConnsWhile(draining, h.at.entrance)) },
		stop: func(failed context.Context) error {
			if failed.Err() == nil {
				fmt.Fprintln(c.Out, "Stopping: running requests still get their answers. Press Ctrl-C again to stop at once.")
			}
			h.now.Load().drain(failed, c.cfg.drain)
			return on.primary.Shutdown()
		},
	})
}

// opened is an App with the requests that are in it.
type opened struct {
	*App
	handler, redirect http.Handler

	mu       sync.Mutex
	requests int
	closing  bool
	left     chan struct{} // gets a word when the last request has left an App that closes
	replaced chan struct{} // closed when another App has taken its place
}

// enter lets a request in, unless the App is closing.
func (o *opened) enter() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closing {
		o.requests++
	}
	return !o.closing
}

func (o *opened) leave() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.requests--; o.closing && o.requests == 0 {
		o.tell()
	}
}

// stay takes back a leave.
func (o *opened) stay() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.requests++
}

func (o *opened) tell() {
	select {
	case o.left <- struct{}{}:
	default:
	}
}

// empty lets no request in any more, ends open event streams, and waits until all requests
// have left, at most for as long as patience.
func (o *opened) empty(patience time.Duration) {
	o.mu.Lock()
	o.closing = true
	if o.requests == 0 {
		o.tell()
	}
	o.mu.Unlock()
	o.api.Kitchen.Events.Close()
	select {
	case <-o.left:
	case <-time.After(patience):
		o.api.Log.Warn("some requests were cut off, because the server was closed and opened again")
	}
}
