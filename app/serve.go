package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/handlers"
	"restaurant/kitchen"
	"restaurant/models"
	"restaurant/seed"
	"restaurant/tokens"
)

// Limits for slow clients. Streams lift the last two for themselves and give
// each event its own deadline.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 60 * time.Second
	// maxHeader is what Go reads before it cuts a request off without a
	// problem document. It is larger than the house's own limit, so that
	// everything up to it gets a sentence.
	maxHeader = 1 << 20
	// shutdownTimeout is how long running requests may take when the house closes.
	shutdownTimeout = 4 * time.Second
)

// gcPercent lets the heap, which is small, grow to three times its size before it
// is swept: half the sweeping for some megabytes. GOGC in the environment wins.
const gcPercent = 200

func serveCommand(ctx context.Context, args []string, getenv func(string) string, std Stdio) error {
	cfg, rest, err := readConfig("serve", args, getenv, nil)
	if err = errors.Join(err, rejectExtraArgs(rest)); err != nil {
		return err
	}
	return runServer(ctx, cfg, std, func(ctx context.Context, url string) error {
		fmt.Fprintf(std.Out, "The restaurant is open at %s (Ctrl-C closes it).\nThe menu card, to try every call: %s/swagger/index.html\n", url, url)
		if cfg.demoData {
			fmt.Fprintf(std.Out, "The lessons, from what an API is to why there are refresh tokens: curl -s %s/learn\n", url)
			fmt.Fprintln(std.Out, "Demo guests: alice, bob, vera, carla (chef), marco (manager); the password of each is <name>-likes-pizza.")
		}
		<-ctx.Done()
		return nil
	})
}

// runServer opens the house, lets visit do its work, and closes the house when
// that is done or a server fails. visit's context ends when ctx does.
func runServer(ctx context.Context, cfg config, std Stdio, whileServing func(ctx context.Context, url string) error) (err error) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	doors, err := listen(ctx, cfg)
	if err != nil {
		return err
	}
	defer doors.close()
	store, done, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()

	buffer := newLogBuffer(std.Log)
	var flushing sync.WaitGroup
	defer flushing.Wait()
	logging, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	flushing.Go(func() { buffer.flushLoop(logging) })
	log := cfg.logger(buffer)
	url := cfg.issuer(doors.primary.Addr().String())
	deps, err := buildDeps(ctx, cfg, store, url, log)
	if err != nil {
		return err
	}
	if cfg.overTLS() {
		if err := doors.loadCertificates(cfg, url, std, log); err != nil {
			return err
		}
	}
	school, err := mountLessons(ctx, cfg, url, &deps)
	if err != nil {
		return err
	}
	var background []func(context.Context)
	if school != nil {
		defer func() { err = errors.Join(err, school.Close()) }()
		background = append(background, school.Run)
	}
	gin.SetMode(gin.ReleaseMode)
	api, err := handlers.New(cfg.handlersConfig(url), deps)
	if err != nil {
		return err
	}
	debug.FreeOSMemory() // hashing took 19 MiB for each password at a time, and reading the lessons some more
	return serveUntilDone(ctx, api, doors, cfg.drain, whileServing, background...)
}

// listeners are where the house listens. Under TLS the main door is HTTPS, and the
// side door only points to it.
type listeners struct {
	primary, redirect net.Listener
	certificates      *certificates
}

func listen(ctx context.Context, cfg config) (*listeners, error) {
	listenOn := func(name, addr string) (net.Listener, error) {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
		if err != nil {
			return nil, fmt.Errorf("%s %s cannot be listened on: %w. Stop what uses the port, or choose another one: -%s localhost:8081", name, addr, errors.Unwrap(err), strings.ReplaceAll(strings.ToLower(name), "_", "-"))
		}
		return l, nil
	}
	plain, err := listenOn("ADDR", cfg.addr)
	if err != nil || !cfg.overTLS() {
		return &listeners{primary: plain}, err
	}
	secure, err := listenOn("TLS_ADDR", cfg.tlsAddr)
	if err != nil {
		return nil, errors.Join(err, plain.Close())
	}
	return &listeners{primary: secure, redirect: plain}, nil
}

// loadCertificates brings the certificate and says how to trust it.
func (d *listeners) loadCertificates(cfg config, url string, std Stdio, log *slog.Logger) (err error) {
	if d.certificates, err = openCertificates(cfg, log); err != nil || cfg.tls != "self-signed" {
		return err
	}
	print, err := fingerprint(cfg.tlsDir())
	if err == nil {
		fmt.Fprintf(std.Out, "Certificate authority of this house, SHA-256: %s\nTry it: curl --cacert %s %s/healthz\n",
			print, filepath.ToSlash(filepath.Join(cfg.tlsDir(), "ca.pem")), url)
	}
	return err
}

func (d *listeners) close() {
	_ = d.primary.Close() // a server has closed it already, if there was one
	if d.redirect != nil {
		_ = d.redirect.Close()
	}
}

// buildDeps creates the dependencies of the HTTP API. Making the first key and hashing
// the first passwords are the slow parts of a start, so they run side by side.
func buildDeps(ctx context.Context, cfg config, store *models.Store, url string, log *slog.Logger) (deps handlers.Deps, err error) {
	hasher := models.NewHasher()
	if cfg.public {
		if err := checkPublicMode(ctx, cfg, store, hasher); err != nil {
			return deps, err
		}
	}
	var (
		keys             *tokens.Keys
		keyErr, bringErr error
		preparations     sync.WaitGroup
	)
	preparations.Go(func() { keys, keyErr = tokens.OpenKeys(cfg.keysDir()) })
	preparations.Go(func() { bringErr = seedOnce(ctx, store, hasher, cfg.demoData, cfg.demoData) })
	preparations.Wait()
	if err := errors.Join(keyErr, bringErr); err != nil {
		return deps, err
	}
	if err := registerKeys(ctx, cfg, store, keys, url); err != nil {
		return deps, err
	}
	authority := tokens.NewAuthority(keys, url, cfg.accessTokenTTL)
	sessions, err := tokens.NewSessions(ctx, store, authority, cfg.refreshTTL)
	if err != nil {
		return deps, err
	}
	if cfg.demoData && (cfg.behindProxy || cfg.overTLS() && !isLoopback(cfg.tlsAddr)) {
		log.Warn("the demo accounts, whose passwords everybody knows, are open to others than this computer; DEMO_DATA=off on an empty DATA_DIR leaves them out")
	}
	if lead := keys.DatabaseClockLead(); lead > 0 {
		log.Warn("the order book was last used in what this computer calls the future; set its clock if it is wrong", "ahead", lead)
	}
	return handlers.Deps{
		Store: store, Kitchen: kitchen.New(store, cfg.kitchenPace, log), Hasher: hasher,
		Authority: authority, Sessions: sessions, Log: log,
	}, nil
}

func (c config) handlersConfig(url string) handlers.Config {
	return handlers.Config{
		PublicURL: url, Version: version(), Demo: c.demoData,
		RateLimit: c.rateLimit, DisableTokenCache: !c.tokenCache, CORSOrigins: c.corsOrigins,
		BehindProxy: c.behindProxy, TrustedProxies: c.trustedProxies,
		ShortHSTS: c.tls == "self-signed" || isLoopback(c.addr) && !c.public,
	}
}

// checkPublicMode stops a house that would open to the public with what everybody
// knows, or with a key that nobody has put there on purpose.
func checkPublicMode(ctx context.Context, cfg config, store *models.Store, hasher *models.Hasher) error {
	left, err := seed.UnchangedDemoUsers(ctx, store, hasher)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("PUBLIC=on refuses the demo accounts that are still in %s with their demo passwords (%s): change the passwords, or start with an empty order book", cfg.databaseName(), strings.Join(left, ", "))
	}
	there, err := tokens.HasKeys(cfg.keysDir())
	if err == nil && !there {
		return fmt.Errorf("PUBLIC=on refuses to make up a key on the spot: make it first with restaurant keys rotate -data-dir %s, and keep a copy", cfg.dataDir)
	}
	return err
}

// serveUntilDone serves guests while visit runs, and then closes in order: guests are sent
// elsewhere while drain lasts, no new ones are taken, streams end, running requests
// are answered, the staff goes home. Others who work while the house is open are
// told to end then.
func serveUntilDone(ctx context.Context, api *handlers.API, d *listeners, drain time.Duration, whileServing func(context.Context, string) error, background ...func(context.Context)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var workers sync.WaitGroup
	defer workers.Wait()
	work, stopWorkers := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWorkers()
	workers.Go(func() { api.Kitchen.Run(work) })
	workers.Go(func() { cleanupLoop(work, api) })
	for _, other := range background {
		workers.Go(func() { other(work) })
	}
	workers.Go(func() { api.Store.Follow(work, notificationHandlers(work, api)) })

	serve := func(s *http.Server, l net.Listener) {
		start := func() error { return s.Serve(coalescingListener{l}) }
		if s.TLSConfig != nil {
			start = func() error { return s.ServeTLS(l, "", "") }
		}
		if err := start(); !errors.Is(err, http.ErrServerClosed) {
			stop(fmt.Errorf("the server stopped: %w", err))
		}
	}
	servers := []*http.Server{newServer(closeConnsWhileDraining(api), api.Log)}
	if d.redirect != nil {
		servers[0].TLSConfig = d.certificates.config()
		servers = append(servers, newServer(handlers.RedirectToHTTPS(api), api.Log))
		workers.Go(func() { serve(servers[1], d.redirect) })
	}
	workers.Go(func() { serve(servers[0], d.primary) })

	err := whileServing(ctx, api.PublicURL)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = errors.Join(err, cause)
	}
	api.Drain()
	if err == nil { // it was asked to close
		time.Sleep(drain)
	}
	return errors.Join(err, shutdown(api, servers))
}

// notificationHandlers says who wants to hear what of other branches over the same order book.
func notificationHandlers(ctx context.Context, api *handlers.API) models.Listener {
	return models.Listener{
		Ended: api.Sessions.Revoke, Keys: api.Authority.Keys().Reload,
		Orders: api.Kitchen.Publish, AnyOrders: api.Kitchen.PublishAll,
		Lost: func(err error) {
			if ctx.Err() == nil {
				api.Log.Warn("this branch does not hear the others for the moment; it tries again and asks for what it missed", "err", err)
			}
		},
	}
}

// newServer is a server that nobody can hold up for long.
func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ConnState:         flushWhenIdle,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// closeConnsWhileDraining lets a proxy find another house by itself when this one closes: it
// is told to hang up after each answer. To hang up on it could cut off a request
// that is on its way.
func closeConnsWhileDraining(api *handlers.API) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if api.Draining() {
			w.Header().Set("Connection", "close")
		}
		api.Handler().ServeHTTP(w, r)
	})
}

func shutdown(api *handlers.API, servers []*http.Server) error {
	api.Kitchen.Events.Close()
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	var errs []error
	for _, s := range servers {
		if err := s.Shutdown(ctx); err != nil {
			api.Log.Warn("some requests were cut off at closing time", "err", err)
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(errs...)
}
