package main

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
	// closingTime is how long running requests may take when the house closes.
	closingTime = 4 * time.Second
)

// gcPercent lets the heap, which is small, grow to three times its size before it
// is swept: half the sweeping for some megabytes. GOGC in the environment wins.
const gcPercent = 200

func serveCommand(ctx context.Context, args []string, getenv func(string) string, std streams) error {
	cfg, rest, err := readConfig("serve", args, getenv, nil)
	if err = errors.Join(err, noMore(rest)); err != nil {
		return err
	}
	return withHouse(ctx, cfg, std, func(ctx context.Context, url string) error {
		fmt.Fprintf(std.out, "The restaurant is open at %s (Ctrl-C closes it).\nThe menu card, to try every call: %s/swagger/index.html\n", url, url)
		if cfg.demoData {
			fmt.Fprintf(std.out, "The lessons, from what an API is to why there are refresh tokens: curl -s %s/learn\n", url)
			fmt.Fprintln(std.out, "Demo guests: alice, bob, vera, carla (chef), marco (manager); the password of each is <name>-likes-pizza.")
		}
		<-ctx.Done()
		return nil
	})
}

// withHouse opens the house, lets visit do its work, and closes the house when
// that is done or a server fails. visit's context ends when ctx does.
func withHouse(ctx context.Context, cfg config, std streams, visit func(ctx context.Context, url string) error) (err error) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	doors, err := listen(ctx, cfg)
	if err != nil {
		return err
	}
	defer doors.close()
	store, done, err := openBook(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()

	buffer := newLogBuffer(std.log)
	var flushing sync.WaitGroup
	defer flushing.Wait()
	logging, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	flushing.Go(func() { buffer.keepFlushing(logging) })
	log := cfg.logger(buffer)
	api, err := furnish(ctx, cfg, store, cfg.issuer(doors.main.Addr().String()), log)
	if err != nil {
		return err
	}
	if cfg.overTLS() {
		if err := doors.lock(cfg, api.PublicURL, std, log); err != nil {
			return err
		}
	}
	school, err := teach(ctx, cfg, api, log)
	if err != nil {
		return err
	}
	if school == nil {
		return open(ctx, api, doors, cfg.drain, visit)
	}
	defer func() { err = errors.Join(err, school.Close()) }()
	return open(ctx, api, doors, cfg.drain, visit, school.Run)
}

// doors are where the house listens. Under TLS the main door is HTTPS, and the
// side door only points to it.
type doors struct {
	main, side   net.Listener
	certificates *certificates
}

func listen(ctx context.Context, cfg config) (*doors, error) {
	knock := func(name, addr string) (net.Listener, error) {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
		if err != nil {
			return nil, fmt.Errorf("%s %s cannot be listened on: %w. Stop what uses the port, or choose another one: -%s localhost:8081", name, addr, errors.Unwrap(err), strings.ReplaceAll(strings.ToLower(name), "_", "-"))
		}
		return l, nil
	}
	plain, err := knock("ADDR", cfg.addr)
	if err != nil || !cfg.overTLS() {
		return &doors{main: plain}, err
	}
	secure, err := knock("TLS_ADDR", cfg.tlsAddr)
	if err != nil {
		return nil, errors.Join(err, plain.Close())
	}
	return &doors{main: secure, side: plain}, nil
}

// lock brings the certificate and says how to trust it.
func (d *doors) lock(cfg config, url string, std streams, log *slog.Logger) (err error) {
	if d.certificates, err = openCertificates(cfg, log); err != nil || cfg.tls != "self-signed" {
		return err
	}
	print, err := fingerprint(cfg.tlsDir())
	if err == nil {
		fmt.Fprintf(std.out, "Certificate authority of this house, SHA-256: %s\nTry it: curl --cacert %s %s/healthz\n",
			print, filepath.ToSlash(filepath.Join(cfg.tlsDir(), "ca.pem")), url)
	}
	return err
}

func (d *doors) close() {
	_ = d.main.Close() // a server has closed it already, if there was one
	if d.side != nil {
		_ = d.side.Close()
	}
}

// furnish brings everything that the waiter needs. Making the first key and
// hashing the first passwords are the slow parts of a start, so they go side by
// side.
func furnish(ctx context.Context, cfg config, store *models.Store, url string, log *slog.Logger) (*handlers.API, error) {
	hasher := models.NewHasher()
	if cfg.public {
		if err := refusePublic(ctx, cfg, store, hasher); err != nil {
			return nil, err
		}
	}
	var (
		keys             *tokens.Keys
		keyErr, bringErr error
		preparations     sync.WaitGroup
	)
	preparations.Go(func() { keys, keyErr = tokens.OpenKeys(cfg.keys()) })
	preparations.Go(func() { bringErr = bring(ctx, store, hasher, cfg.demoData, cfg.demoData) })
	preparations.Wait()
	if err := errors.Join(keyErr, bringErr); err != nil {
		return nil, err
	}
	if err := register(ctx, cfg, store, keys, url); err != nil {
		return nil, err
	}
	authority := tokens.NewAuthority(keys, url, cfg.accessTokenTTL)
	sessions, err := tokens.NewSessions(ctx, store, authority, cfg.refreshTTL)
	if err != nil {
		return nil, err
	}
	if cfg.demoData && (cfg.behindProxy || cfg.overTLS() && !isLoopback(cfg.tlsAddr)) {
		log.Warn("the demo accounts, whose passwords everybody knows, are open to others than this computer; DEMO_DATA=off on an empty DATA_DIR leaves them out")
	}
	if lead := keys.BookAhead(); lead > 0 {
		log.Warn("the order book was last used in what this computer calls the future; set its clock if it is wrong", "ahead", lead)
	}
	debug.FreeOSMemory() // hashing took 19 MiB for each password at a time
	return &handlers.API{
		Store: store, Kitchen: kitchen.New(store, cfg.kitchenPace, log), Hasher: hasher,
		Authority: authority, Sessions: sessions,
		Log: log, PublicURL: url, Version: version(), Demo: cfg.demoData,
		RateLimit: cfg.rateLimit, NoTokenCache: !cfg.tokenCache, CORSOrigins: cfg.corsOrigins,
		BehindProxy: cfg.behindProxy, TrustedProxies: cfg.trustedProxies,
		ShortHSTS: cfg.tls == "self-signed" || isLoopback(cfg.addr) && !cfg.public,
	}, nil
}

// refusePublic stops a house that would open to the public with what everybody
// knows, or with a key that nobody has put there on purpose.
func refusePublic(ctx context.Context, cfg config, store *models.Store, hasher *models.Hasher) error {
	left, err := seed.Leftover(ctx, store, hasher)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("PUBLIC=on refuses the demo accounts that are still in %s with their demo passwords (%s): change the passwords, or start with an empty order book", cfg.bookName(), strings.Join(left, ", "))
	}
	there, err := tokens.HasKeys(cfg.keys())
	if err == nil && !there {
		return fmt.Errorf("PUBLIC=on refuses to make up a key on the spot: make it first with restaurant keys rotate -data-dir %s, and keep a copy", cfg.dataDir)
	}
	return err
}

// open serves guests while visit runs, and then closes in order: guests are sent
// elsewhere while drain lasts, no new ones are taken, streams end, running requests
// are answered, the staff goes home. Others who work while the house is open are
// told to end then.
func open(ctx context.Context, api *handlers.API, d *doors, drain time.Duration, visit func(context.Context, string) error, others ...func(context.Context)) error {
	gin.SetMode(gin.ReleaseMode)
	handler, err := api.Handler()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var staff sync.WaitGroup
	defer staff.Wait()
	work, goHome := context.WithCancel(context.WithoutCancel(ctx))
	defer goHome()
	staff.Go(func() { api.Kitchen.Run(work) })
	staff.Go(func() { tidyUp(work, api) })
	for _, other := range others {
		staff.Go(func() { other(work) })
	}
	staff.Go(func() { api.Store.Follow(work, news(work, api)) })

	serve := func(s *http.Server, l net.Listener) {
		start := func() error { return s.Serve(corked{l}) }
		if s.TLSConfig != nil {
			start = func() error { return s.ServeTLS(l, "", "") }
		}
		if err := start(); !errors.Is(err, http.ErrServerClosed) {
			stop(fmt.Errorf("the server stopped: %w", err))
		}
	}
	servers := []*http.Server{newServer(untilClosing(api, handler), api.Log)}
	if d.side != nil {
		servers[0].TLSConfig = d.certificates.config()
		servers = append(servers, newServer(handlers.ToHTTPS(api), api.Log))
		staff.Go(func() { serve(servers[1], d.side) })
	}
	staff.Go(func() { serve(servers[0], d.main) })

	err = visit(ctx, api.PublicURL)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = errors.Join(err, cause)
	}
	api.Closing.Store(true)
	if err == nil { // it was asked to close
		time.Sleep(drain)
	}
	return errors.Join(err, shut(api, servers))
}

// news says who wants to hear what of other branches over the same order book.
func news(ctx context.Context, api *handlers.API) models.News {
	return models.News{
		Ended: api.Sessions.Deny, Keys: api.Authority.Keys().Reload,
		Orders: api.Kitchen.Heard, AnyOrders: api.Kitchen.HeardNothing,
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
		ConnState:         uncork,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// untilClosing lets a proxy find another house by itself when this one closes: it
// is told to hang up after each answer. To hang up on it could cut off a request
// that is on its way.
func untilClosing(api *handlers.API, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if api.Closing.Load() {
			w.Header().Set("Connection", "close")
		}
		handler.ServeHTTP(w, r)
	})
}

func shut(api *handlers.API, servers []*http.Server) error {
	api.Kitchen.Events.Close()
	ctx, cancel := context.WithTimeout(context.Background(), closingTime)
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
