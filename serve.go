package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/handlers"
	"restaurant/kitchen"
	"restaurant/models"
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

func serveCommand(ctx context.Context, args []string, getenv func(string) string, std streams) error {
	cfg, rest, err := readConfig("serve", args, getenv, nil)
	if err = errors.Join(err, noMore(rest)); err != nil {
		return err
	}
	return withHouse(ctx, cfg, std, func(ctx context.Context, url string) error {
		fmt.Fprintf(std.out, "The restaurant is open at %s (Ctrl-C closes it).\nThe menu card, to try every call: %s/swagger/index.html\n", url, url)
		if cfg.demoData {
			fmt.Fprintln(std.out, "Demo guests: alice, bob, vera, carla (chef), marco (manager); the password of each is <name>-likes-pizza.")
		}
		<-ctx.Done()
		return nil
	})
}

// withHouse opens the house, lets visit do its work, and closes the house when
// that is done or the server fails. visit's context ends when ctx does.
func withHouse(ctx context.Context, cfg config, std streams, visit func(ctx context.Context, url string) error) (err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.addr)
	if err != nil {
		return fmt.Errorf("ADDR %s cannot be listened on: %w. Stop what uses the port, or choose another one: -addr localhost:8081", cfg.addr, errors.Unwrap(err))
	}
	defer listener.Close()
	store, done, err := openBook(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()

	api, err := furnish(ctx, cfg, store, cfg.issuer(listener.Addr()), cfg.logger(std.log))
	if err != nil {
		return err
	}
	return open(ctx, api, listener, visit)
}

// furnish brings everything that the waiter needs. Making the first key and
// hashing the first passwords are the slow parts of a start, so they go side by
// side.
func furnish(ctx context.Context, cfg config, store *models.Store, url string, log *slog.Logger) (*handlers.API, error) {
	var (
		keys             *tokens.Keys
		keyErr, bringErr error
		hasher           = models.NewHasher()
		preparations     sync.WaitGroup
	)
	preparations.Go(func() { keys, keyErr = tokens.OpenKeys(cfg.keys()) })
	preparations.Go(func() { bringErr = bring(ctx, store, hasher, cfg.demoData, cfg.demoData) })
	preparations.Wait()
	if err := errors.Join(keyErr, bringErr); err != nil {
		return nil, err
	}
	if cfg.demoData && cfg.behindProxy {
		log.Warn("the demo accounts, whose passwords everybody knows, are open to whoever the proxy lets through; DEMO_DATA=off on an empty DATA_DIR leaves them out")
	}
	debug.FreeOSMemory() // hashing took 19 MiB for each password at a time
	return &handlers.API{
		Store:     store,
		Kitchen:   kitchen.New(store, cfg.kitchenPace, log),
		Authority: tokens.NewAuthority(keys, url, cfg.accessTokenTTL),
		Hasher:    hasher,
		Log:       log,
		PublicURL: url,
		Version:   version(),
		Demo:      cfg.demoData,

		BehindProxy: cfg.behindProxy,
	}, nil
}

// open serves guests while visit runs, and then closes in order: no new guests,
// streams end, running requests are answered, the cooks go home.
func open(ctx context.Context, api *handlers.API, listener net.Listener, visit func(context.Context, string) error) error {
	gin.SetMode(gin.ReleaseMode)
	handler, err := api.Handler()
	if err != nil {
		return err
	}
	server := newServer(handler, api.Log)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)

	var staff sync.WaitGroup
	defer staff.Wait()
	cooking, goHome := context.WithCancel(context.WithoutCancel(ctx))
	defer goHome()
	staff.Go(func() { api.Kitchen.Run(cooking) })
	staff.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			stop(fmt.Errorf("the server stopped: %w", err))
		}
	})

	err = visit(ctx, api.PublicURL)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = errors.Join(err, cause)
	}
	return errors.Join(err, shut(api, server))
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
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

func shut(api *handlers.API, server *http.Server) error {
	api.Closing.Store(true)
	api.Kitchen.Events.Close()
	ctx, cancel := context.WithTimeout(context.Background(), closingTime)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		api.Log.Warn("some requests were cut off at closing time", "err", err)
		return server.Close()
	}
	return nil
}
