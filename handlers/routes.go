package handlers

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/basepath"
	"restaurant/docs"
	"restaurant/httpjson"
	"restaurant/middleware"
	"restaurant/models"
	"restaurant/queue"
	"restaurant/web"
)

// New returns a finished API: the middleware of all requests and the routes of mount.
//
//	@title			Restaurant
//	@version		1
//	@description	**Press Authorize first.** Type `alice` and `alice-likes-pizza`. Then every call sends the token (wristband).
//	@description
//	@description	A demo API that teaches what an API and a JSON Web Token are. A guest (client) gives an order to a waiter (this API). The bouncer (login and token check) gives each guest a wristband (access token) and checks it with every order. Then the waiter takes the order to the kitchen (server program).
//	@description
//	@description	Every refusal is a problem document (RFC 9457). Its `type` is the address of a page that explains it.
//	@license.name	MIT
//	@license.url	https://opensource.org/license/mit
//	@contact.name	The person who runs this server
//	@BasePath		/
//	@tag.name			auth
//	@tag.description	The bouncer (login and token check): who you are
//	@tag.name			menu
//	@tag.description	What there is to eat
//	@tag.name			orders
//	@tag.description	The waiter (API) takes orders only with a valid wristband (access token)
//	@tag.name			kitchen
//	@tag.description	The kitchen (server program): no guest may enter
//	@tag.name			users
//	@tag.description	The manager's office
//	@tag.name			keys
//	@tag.description	How everybody can check a wristband (access token)
//	@tag.name			house
//	@tag.description	Is the server running?
//	@tag.name			lessons
//	@tag.description	From "what is an API" to "when to use which". The server has one learner
//	@tag.name			lab
//	@tag.description	Experiments that are unsafe on purpose, with keys of their own
//	@tag.name			leaving
//	@tag.description	The last calls end a login or delete something. Try them with a new account
//
//	@securitydefinitions.oauth2.password	Bearer
//	@tokenUrl								/api/v1/auth/login
//	@description							A username and its password. A tool may ask for a client, too: leave that empty.
func New(cfg Config, deps Deps) (*API, error) {
	a := &API{Config: cfg, Deps: deps, router: gin.New(), metrics: middleware.NewMetrics(cfg.Version)}
	a.metrics.ObserveStore(a.Store)
	a.metrics.ObserveGauges(a.streams.total, a.Hashing.Waiting)
	a.throttle = middleware.NewThrottle(a.loginFailures(), a.LongestWait)
	a.registrations, a.registering = newRegistrationLimit(a.RateLimit > 0), queue.New(1)
	origin, err := middleware.NewOrigin(a.PublicURL, a.CORSOrigins)
	if err != nil {
		return nil, err
	}
	if a.cookies, err = middleware.NewCookies(a.PublicURL, origin); err != nil {
		return nil, err
	}
	if !a.DisableTokenCache {
		a.cache = middleware.NewTokenCache(a.Authority, a.metrics)
	}
	limit := middleware.NewRateLimit(a.RateLimit)
	auth, err := middleware.NewAuthenticator(a.Authority, a.cookies, limit, a.cache)
	if err != nil {
		return nil, err
	}
	data := web.StartData{BaseURL: a.PublicURL, CurlOptions: a.CurlOptions, Version: a.Version, Demo: a.Demo}
	data.AccessCookie, data.RefreshCookie = a.cookies.Names()
	_, base := basepath.Split(a.PublicURL)
	pages := web.NewPages(base)
	a.files = newStaticFiles(docs.Names{Server: a.PublicURL, BasePath: base, AccessCookie: data.AccessCookie, Demo: a.Demo}, pages, data)

	r := a.router
	r.HandleMethodNotAllowed = true
	r.RedirectTrailingSlash = false
	r.RemoteIPHeaders = []string{"X-Forwarded-For"} // a trusted proxy passes others on unread
	if err := r.SetTrustedProxies(a.TrustedProxies); err != nil {
		return nil, err
	}
	hosts, err := a.hosts()
	if err != nil {
		return nil, err
	}
	r.Use(markTokenEndpoints, a.metrics.Observe, middleware.Logging(a.Log), middleware.CountStatements, middleware.OnResponse(a.OnResponse, a.showTime, middleware.ServerTiming), middleware.RefuseWithPages(pages.Refusal, web.RefusalPolicy), middleware.Headers(a.hsts()), refused, middleware.AnyOrigin, hosts.Check, refuseAmbiguous)
	r.Use(origin.CORS, origin.Note, refuseForeignLogin, limit.Address)
	if a.Weather != nil {
		r.Use(a.Weather)
	}
	r.NoRoute(adapt(a.notFound))
	r.NoMethod(adapt(methodNotAllowed))
	a.mount(auth)
	for _, mount := range a.Mounts {
		mount(r, auth.Optional, origin.Refuse)
	}
	return a, nil
}

// mount is the whole API: method, path, guards, handler.
func (a *API) mount(auth *middleware.Authenticator) {
	anyone := auth.Optional // a request may have a token, which must be valid then
	guest := auth.Authenticate
	vip := middleware.RequireVIP
	chef := middleware.RequireRole(models.RoleChef, models.RoleManager)
	manager := middleware.RequireRole(models.RoleManager)

	scrapers := middleware.Scrapers{BehindProxy: a.BehindProxy, Token: a.MetricsToken}

	r, v1 := a.router, a.router.Group("/api/v1")
	v1.POST("/auth/register", adapt(a.register))
	v1.POST("/auth/login", adapt(a.login))
	v1.POST("/auth/inspect", adapt(a.inspect))
	v1.POST("/auth/refresh", adapt(a.refresh))
	v1.POST("/auth/logout", auth.ForLogout, adapt(a.logout))
	v1.POST("/auth/password", guest, adapt(a.changePassword))
	v1.POST("/auth/keys/rotate", guest, manager, adapt(a.rotateKeys))
	httpjson.Get(v1, "/auth/me", guest, adapt(a.me))
	httpjson.Get(v1, "/auth/sessions", guest, adapt(a.listSessions))
	v1.DELETE("/auth/sessions", guest, adapt(a.endSessions))
	v1.DELETE("/auth/sessions/:id", guest, adapt(a.endSession))

	httpjson.Get(v1, "/menu", anyone, adapt(a.listMenu))
	httpjson.Get(v1, "/menu/:id", anyone, withID(a.showDish))
	v1.POST("/menu", guest, manager, adapt(a.addDish))
	v1.PUT("/menu/:id", guest, manager, withID(a.replaceDish))
	v1.DELETE("/menu/:id", guest, manager, withID(a.removeDish))
	httpjson.Get(v1, "/lounge", guest, vip, adapt(a.showLounge))

	v1.POST("/orders", guest, adapt(a.placeOrder))
	httpjson.Get(v1, "/orders", guest, adapt(a.listOrders))
	httpjson.Get(v1, "/orders/:id", guest, withID(a.showOrder))
	v1.POST("/orders/:id/cancel", guest, withID(a.cancelOrder))
	httpjson.Get(v1, "/orders/:id/events", guest, withID(a.followOrder))

	httpjson.Get(v1, "/kitchen/orders", guest, chef, adapt(a.listKitchen))
	v1.PATCH("/kitchen/orders/:id", guest, chef, withID(a.advanceOrder))
	httpjson.Get(v1, "/kitchen/mode", guest, chef, adapt(a.showKitchenMode))
	v1.PUT("/kitchen/mode", guest, chef, adapt(a.setKitchenMode))

	httpjson.Get(v1, "/users", guest, manager, adapt(a.listUsers))
	v1.PATCH("/users/:id", guest, manager, withID(a.changeUser))
	v1.DELETE("/users/:id/sessions", guest, manager, withID(a.endUserSessions))

	httpjson.Get(r, "/.well-known/jwks.json", adapt(a.jwks))
	httpjson.Get(r, "/.well-known/ended.json", adapt(a.listEnded))
	httpjson.Get(r, "/.well-known/public.pem", adapt(a.publicPEM))
	httpjson.Get(r, "/.well-known/oauth-authorization-server", adapt(a.serverMetadata))
	httpjson.Get(r, "/.well-known/openid-configuration", adapt(a.openIDConfiguration))
	httpjson.Get(r, "/healthz", adapt(a.healthz))
	httpjson.Get(r, "/readyz", adapt(a.readyz))
	httpjson.Get(r, "/metrics", scrapers.Except(guest), scrapers.Except(manager), adapt(a.showMetrics))

	httpjson.Get(r, "/", adapt(a.showStartPage))
	httpjson.Get(r, "/css/app.css", adapt(stylesheet()))
	httpjson.Get(r, "/favicon.svg", adapt(favicon()))
	httpjson.Get(r, "/icons.svg", adapt(icons()))
	httpjson.Get(r, "/js/*file", adapt(script))
	httpjson.Get(r, "/problems", adapt(a.listProblems))
	httpjson.Get(r, "/problems/:slug", adapt(a.showProblem))
	httpjson.Get(r, "/openapi.json", adapt(a.showOpenAPI))
	httpjson.Get(r, "/swagger", adapt(toSwaggerUI))
	httpjson.Get(r, "/swagger/*file", adapt(a.swaggerUI))
}

// showTime is a hook of OnResponse. It says what time it is for tokens while that is not
// the real time, in the form of the Date header (RFC 9110, section 5.6.7).
func (a *API) showTime(c *gin.Context) {
	if a.Authority.Ahead() != 0 {
		c.Header("Restaurant-Time", a.Authority.Now().UTC().Format(http.TimeFormat))
	}
}

// hosts are the names under which the server answers.
func (a *API) hosts() (middleware.Hosts, error) {
	public, err := url.Parse(a.PublicURL)
	if err != nil {
		return middleware.Hosts{}, err
	}
	return middleware.NewHosts(append([]string{public.Hostname()}, a.AllowedHosts...), a.CertificateCovers), nil
}

// hsts returns the Strict-Transport-Security header (RFC 6797), or "" over plain HTTP.
// It is short for a self-signed certificate or a server on loopback, because browsers
// would insist on HTTPS there for a year.
func (a *API) hsts() string {
	switch {
	case !strings.HasPrefix(a.PublicURL, "https:"):
		return ""
	case a.ShortHSTS:
		return "max-age=300"
	}
	return "max-age=31536000; includeSubDomains"
}

// loginFailures returns where to count failed logins: in the database that instances
// share, or, for nil, in memory.
func (a *API) loginFailures() middleware.SharedFailures {
	if a.Store.Shared() {
		return a.Store
	}
	return nil
}
