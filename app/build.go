package app

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"time"

	"restaurant/handlers"
	"restaurant/kitchen"
	"restaurant/learn"
	"restaurant/learn/lab"
	"restaurant/models"
	"restaurant/queue"
	"restaurant/seed"
	"restaurant/tokens"
)

// App is a complete restaurant: the API and the workers behind it. Nothing changes it
// after build.
type App struct {
	api     *handlers.API
	lessons *learn.Handler // nil without demo data
	lab     *lab.Lab       // nil if it is off
}

// site is what an App needs to know of the server that it is in.
type site struct {
	// url is the address for clients.
	url string
	// covers reports whether the TLS certificate is for a host name; it may be nil.
	covers func(name string) bool
	// entrance is how requests come in; nil: straight to the App.
	entrance http.Handler
	// reopen closes this App and builds another one in its place; nil if that is not for
	// clients to ask for.
	reopen func(context.Context) (now *learn.Handler, closed time.Duration, err error)
}

// build creates an App on an open database. It uses no global state, so that one process
// can hold several.
func build(ctx context.Context, cfg config, store *models.Store, at site, log *slog.Logger) (*App, error) {
	keys, err := openKeysAndSeed(ctx, cfg, store)
	if err != nil {
		return nil, err
	}
	issuer := cmp.Or(cfg.table.issuer, at.url)
	if err := registerKeys(ctx, cfg, store, keys, issuer); err != nil {
		return nil, err
	}
	authority := tokens.NewAuthority(keys, issuer, cfg.accessTokenTTL)
	sessions, err := tokens.NewSessions(ctx, store, authority, cfg.refreshTTL)
	if err != nil {
		return nil, err
	}
	warn(cfg, keys, log)
	deps := handlers.Deps{
		Store: store, Kitchen: kitchen.New(store, cfg.kitchenMode(), log), Hashing: cmp.Or(cfg.table.hashing, queue.New(runtime.NumCPU())),
		Authority: authority, Sessions: sessions, Log: log,
	}
	var a App
	if cfg.lab {
		a.lab = a.newLab(cfg, at, authority)
		deps.Mounts, deps.Weather = append(deps.Mounts, a.lab.Mount), a.lab.Weather
	}
	if !cfg.demoData {
		deps.Mounts = append(deps.Mounts, learn.MountDisabled)
	} else {
		if a.lessons, err = openLessons(ctx, cfg, at, deps); err != nil {
			return nil, err
		}
		deps.Mounts, deps.OnResponse = append(deps.Mounts, a.lessons.Mount), a.lessons.OnResponse
	}
	if a.api, err = handlers.New(cfg.apiConfig(at), deps); err != nil {
		return nil, errors.Join(err, a.close())
	}
	return &a, nil
}

func (c config) apiConfig(at site) handlers.Config {
	return handlers.Config{
		PublicURL: at.url, CurlOptions: c.curlOptions(), Version: version(), Demo: c.demoData,
		RateLimit: c.rateLimit, DisableTokenCache: !c.tokenCache, MetricsToken: c.metricsToken, CORSOrigins: c.corsOrigins, AllowedHosts: c.allowedHosts, CertificateCovers: at.covers,
		BehindProxy: c.behindProxy, TrustedProxies: c.trustedProxies, PasswordEnding: c.table.passwordEnding, LongestWait: c.table.longestWait,
		ShortHSTS: c.tls == "self-signed" || isLoopback(c.addr) && !c.public,
	}
}

// openKeysAndSeed opens or creates the keys and loads the demo data: the slow parts of a
// first start, side by side.
func openKeysAndSeed(ctx context.Context, cfg config, store *models.Store) (keys *tokens.Keys, err error) {
	if cfg.public {
		if err := checkPublicMode(ctx, cfg, store); err != nil {
			return nil, err
		}
	}
	var (
		seedErr error
		both    sync.WaitGroup
	)
	both.Go(func() { keys, err = tokens.OpenKeys(cfg.keysDir()) })
	if cfg.demoData {
		both.Go(func() { seedErr = seedOnce(ctx, store, true) })
	}
	both.Wait()
	return keys, errors.Join(err, seedErr)
}

func warn(cfg config, keys *tokens.Keys, log *slog.Logger) {
	reached := cfg.behindProxy || cfg.overTLS() && !isLoopback(cfg.tlsAddr)
	for _, w := range []struct {
		so   bool
		says string
	}{
		{cfg.demoData && reached, "everybody knows the passwords of the demo accounts, and other computers can reach them; to start without them, set RESTAURANT_DEMO_DATA=off and use an empty RESTAURANT_DATA_DIR"},
		{cfg.lab && reached, "the lab is on, and other computers can reach it; its calls are unsafe on purpose: set RESTAURANT_LAB=off"},
		{cfg.behindProxy && cfg.publicURL == "" && len(cfg.allowedHosts) == 0, "the server refuses requests for a public name that the proxy passes on; set RESTAURANT_PUBLIC_URL to the public address, or RESTAURANT_ALLOWED_HOSTS to the name"},
		{cfg.behindProxy && len(cfg.trustedProxies) == 0, "clients behind a proxy count as one, with its address, so wrong passwords of one of them make the logins of all wait; set RESTAURANT_TRUSTED_PROXIES to the address of the proxy"},
		{cfg.tls != "files" && !cfg.isTable() && (cfg.tlsCert != "" || cfg.tlsKey != ""), "RESTAURANT_TLS_CERT and RESTAURANT_TLS_KEY have no effect; to use them, set RESTAURANT_TLS=files"},
	} {
		if w.so {
			log.Warn(w.says)
		}
	}
	if lead := keys.DatabaseClockLead(); lead > 0 {
		log.Warn("the database was last used at a time that is in the future for this computer's clock; if the clock is wrong, set it", "ahead", lead)
	}
}

func openLessons(ctx context.Context, cfg config, at site, deps handlers.Deps) (*learn.Handler, error) {
	o := cfg.table.lessons
	o.PublicURL, o.Kiosk, o.CurlOptions, o.LoopbackOnly = at.url, cfg.table.kiosk, cfg.curlOptions(), cfg.loopbackOnly() || cfg.isTable()
	o.Log, o.Sign, o.Verify, o.Reopen = deps.Log, deps.Authority.SignDocument, deps.Authority.VerifyDocument, at.reopen
	o.Preview = func(ctx context.Context) ([]learn.Loss, error) { return previewReset(ctx, deps.Store) }
	o.Reset = func(ctx context.Context) error {
		leave, err := deps.Hashing.Enter(ctx, "reset")
		if err != nil {
			return err
		}
		defer leave()
		day, err := seed.State(true)
		if err != nil {
			return err
		}
		return deps.Store.ResetTo(ctx, day)
	}
	return learn.Open(ctx, cfg.lessonsFile(), o)
}

// previewReset counts what a reset to the demo data would delete.
func previewReset(ctx context.Context, store *models.Store) ([]learn.Loss, error) {
	day, err := seed.State(false)
	if err != nil {
		return nil, err
	}
	since, err := store.ChangesSince(ctx, day)
	return []learn.Loss{
		{What: "orders", Count: since.Orders},
		{What: "dishes that were added, changed or deleted", Count: since.Dishes},
		{What: "accounts that are not demo accounts", Count: since.Users},
		{What: "logins, also yours", Count: since.Sessions},
	}, err
}

// workers are to run until their context ends, each in a goroutine of its own.
func (a *App) workers() []func(context.Context) {
	return []func(context.Context){
		a.api.Kitchen.Run,
		a.cleanupLoop,
		func(ctx context.Context) { a.api.Store.Follow(ctx, a.notificationHandlers(ctx)) },
	}
}

// notificationHandlers are the handlers of what instances on the same database
// announce.
func (a *App) notificationHandlers(ctx context.Context) models.Listener {
	return models.Listener{
		Keys: a.api.Authority.Keys().Reload, BoardRead: a.api.Kitchen.NoteBoardRead,
		Orders: a.api.Kitchen.Publish, AnyOrders: a.api.Kitchen.PublishAll,
		Lost: func(err error) {
			if ctx.Err() == nil {
				a.api.Log.Warn("lost the connection for notifications from other instances; the server connects again and then reads what it missed", "err", err)
			}
		},
	}
}

// drain lets a load balancer notice that the server is about to stop, for as long as
// wait unless ctx ends, and then ends open event streams.
func (a *App) drain(ctx context.Context, wait time.Duration) {
	a.api.Drain()
	select {
	case <-time.After(wait):
	case <-ctx.Done():
	}
	a.api.Kitchen.Events.Close()
}

// close closes what build opened. The workers must have ended.
func (a *App) close() error {
	if a.lab != nil {
		a.lab.Close()
	}
	if a.lessons == nil {
		return nil
	}
	return a.lessons.Close()
}
