// Package handlers is the waiter: it takes a request that the bouncer let in,
// carries it to the kitchen or the order book, and brings back the answer. There
// is one file for each thing a guest can ask for; routes.go lists them all.
package handlers

import (
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"restaurant/basepath"
	"restaurant/httpjson"
	"restaurant/kitchen"
	"restaurant/middleware"
	"restaurant/models"
	"restaurant/problem"
	"restaurant/queue"
	"restaurant/tokens"
)

// Config holds the settings of the API.
type Config struct {
	// PublicURL is the base URL under which clients reach the server, such as
	// https://restaurant.example or https://school.example/restaurant. With https it
	// sets HSTS and Secure cookies.
	PublicURL string
	// CurlOptions make curl trust the server's certificate: --cacert and a file, or empty.
	CurlOptions string
	// AllowedHosts are names and addresses under which the server answers, beside those of
	// this machine, of PublicURL and of the certificate.
	AllowedHosts []string
	// CertificateCovers reports whether the TLS certificate is for a host name or an IP
	// address; nil without TLS.
	CertificateCovers func(name string) bool
	// Version is shown by healthz.
	Version string
	// Demo shows the demo accounts on the start page.
	Demo bool
	// BehindProxy says that all requests come from a proxy, so that a loopback address
	// proves nothing.
	BehindProxy bool
	// TrustedProxies are the addresses or networks whose X-Forwarded-For counts.
	TrustedProxies []string
	// MetricsToken is a secret with which a collector reads the metrics; empty: none does.
	MetricsToken string
	// CORSOrigins may call the API from their pages with a Bearer token. The word
	// middleware.AnyLoopback stands for any port of this computer.
	CORSOrigins []string
	// RateLimit is how many requests a second a user or an address may make; 0 is no limit.
	RateLimit int
	// DisableTokenCache verifies every signature, also of a token that was accepted a
	// moment ago.
	DisableTokenCache bool
	// PasswordEnding is what a new password must end with, so that nobody takes one that
	// they use elsewhere; empty: nothing.
	PasswordEnding string
	// LongestWait bounds how long the login throttle makes a guest wait; 0: its own limit.
	LongestWait time.Duration
	// ShortHSTS is for a self-signed certificate or a server on loopback.
	ShortHSTS bool
}

// Deps are the parts that the API works with.
type Deps struct {
	Store     *models.Store
	Kitchen   *kitchen.Kitchen
	Authority *tokens.Authority
	Sessions  *tokens.Sessions
	// Hashing is where requests wait that hash a password.
	Hashing *queue.Queue
	Log     *slog.Logger
	// Mounts register more routes. Each gets the middleware that verifies an access token
	// if the request has one, and the one that refuses what changes something and comes
	// from a page of another origin.
	Mounts []func(r gin.IRouter, optional, sameOrigin gin.HandlerFunc)
	// OnResponse is called before the header of each response is sent, and may add to it.
	// It must not block. It may be nil.
	OnResponse func(*gin.Context)
	// Weather may spoil the response to a request that has passed the checks of all
	// requests. It may be nil.
	Weather gin.HandlerFunc
}

// API answers the requests. New makes one, and nothing changes its settings or parts
// afterwards.
type API struct {
	Config
	Deps

	router   *gin.Engine
	metrics  *middleware.Metrics
	cookies  middleware.Cookies
	cache    *middleware.TokenCache // nil if it is off
	throttle *middleware.Throttle
	// registering is where registrations wait for each other, before they wait in Hashing.
	registering *queue.Queue
	// registrations that hash a password have a limit for all clients together.
	registrations *rate.Limiter
	streams       streamCount
	files         staticFiles
	ended         endedList
	menus         menuCache
	draining      atomic.Bool
}

// Handler returns the router with all routes, under the base path of PublicURL.
func (a *API) Handler() http.Handler {
	_, base := basepath.Split(a.PublicURL)
	return a.HandlerUnder(base)
}

// HandlerUnder is Handler for another base path, which its answers name instead.
func (a *API) HandlerUnder(base string) http.Handler { return basepath.Handler(base, a.router) }

// ClientOf is who sent a request that may have come through a proxy, as queue.ClientOf has it;
// empty if no proxy is trusted to tell.
func (a *API) ClientOf(r *http.Request) string {
	if len(a.TrustedProxies) == 0 {
		return ""
	}
	c := gin.CreateTestContextOnly(nil, a.router) // only a context knows what the router trusts
	c.Request = r
	return middleware.Address(c)
}

// Drain lets readyz fail from now on, so that load balancers send no new clients.
func (a *API) Drain() { a.draining.Store(true) }

// Draining reports whether Drain was called.
func (a *API) Draining() bool { return a.draining.Load() }

// adapt makes a gin handler of one that returns its error.
var adapt = httpjson.Adapter(middleware.ToProblem)

// withID is adapt for a handler of the thing whose id is in the path. Anything else than
// a positive number in its plain form is not found.
func withID(fn func(c *gin.Context, id int64) error) gin.HandlerFunc {
	return adapt(func(c *gin.Context) error {
		id, err := strconv.ParseInt(c.Param("id"), 10, 64)
		if err != nil || id < 1 || strconv.FormatInt(id, 10) != c.Param("id") { // not +1 or 01
			return models.ErrNotFound
		}
		return fn(c, id)
	})
}

// refuseAmbiguous answers 404 to a path with %2F: the router would take it for a slash,
// and a proxy in front for a letter (RFC 3986, section 2.2). A query that is no text in
// UTF-8 is 400, as a body is: what a client meant is anybody's guess.
func refuseAmbiguous(c *gin.Context) {
	if strings.Contains(strings.ToUpper(c.Request.URL.RawPath), "%2F") {
		problem.Write(c, problem.NotFound.New("There is nothing at this address. It contains %2F, which does not count as a slash: write / to separate the parts of an address."))
		return
	}
	if query, err := url.QueryUnescape(c.Request.URL.RawQuery); err == nil && !utf8.ValidString(query) {
		problem.Write(c, problem.MalformedRequest.New("The query of the address is not valid UTF-8. Percent-encode the text as UTF-8: for example, write ü as %C3%BC."))
	}
}

// methodNotAllowed answers a known path with a wrong method; the router has set Allow.
func methodNotAllowed(c *gin.Context) error {
	detail := "This address takes only: " + c.Writer.Header().Get("Allow") + "."
	if middleware.IsPreflight(c) {
		detail += " This looks like the question of a browser (CORS): may a page of another origin call this address? To allow it, start the server with that origin in RESTAURANT_CORS_ORIGINS, or with the word loopback for pages of this computer."
	}
	return problem.MethodNotAllowed.New(detail)
}
