// Package handlers is the waiter: it takes a request that the bouncer let in,
// carries it to the kitchen or the order book, and brings back the answer. There
// is one file for each thing a guest can ask for; routes.go lists them all.
package handlers

import (
	"log/slog"
	"strconv"
	"sync/atomic"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/kitchen"
	"restaurant/middleware"
	"restaurant/models"
	"restaurant/problem"
	"restaurant/tokens"
)

// API is what the waiter needs to do the work.
type API struct {
	Store     *models.Store
	Kitchen   *kitchen.Kitchen
	Authority *tokens.Authority
	Sessions  *tokens.Sessions
	Hasher    *models.Hasher
	Log       *slog.Logger
	// PublicURL is the address under which guests reach the house.
	PublicURL string
	// Version is shown by healthz.
	Version string
	// Demo tells whether the demo accounts may be shown on the start page.
	Demo bool
	// BehindProxy tells that everybody seems to come from this machine.
	BehindProxy bool
	// TrustedProxies are the addresses or networks whose X-Forwarded-For counts.
	TrustedProxies []string
	// CORSOrigins may call the API from their pages with a Bearer token.
	CORSOrigins []string
	// RateLimit is how many requests a second a guest may make; 0 is no limit.
	RateLimit int
	// DisableTokenCache lets every signature be checked, also of a token that was
	// accepted a moment ago.
	DisableTokenCache bool
	// ShortHSTS is set while the certificate is self-signed or the house is on
	// loopback.
	ShortHSTS bool
	// Mounts add addresses beside the API. A room gets the guard of doors that are
	// open to anybody, at which a wristband that is shown must hold.
	Mounts []func(r gin.IRouter, anyone gin.HandlerFunc)
	// OnResponse hears of every answer before it goes out and may add to its header.
	// It must not wait for anything; nil if nobody listens.
	OnResponse func(*gin.Context)
	// Draining is set when the house stops taking new guests.
	Draining atomic.Bool

	metrics  *middleware.Metrics
	cookies  middleware.Cookies
	throttle *middleware.Throttle
	streams  streamCount
	cards    menuCache
}

// adapt makes a gin handler of one that returns its error.
var adapt = httpjson.Adapter(middleware.ToProblem)

// writeJSON answers with JSON that is encoded already, and ends the line.
func writeJSON(c *gin.Context, status int, text []byte) error {
	c.Data(status, httpjson.JSONType, append(text, '\n'))
	return nil
}

// idParam reads the id in the path. What is no number is nothing that exists.
func idParam(c *gin.Context) (int64, error) {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || id < 1 || strconv.FormatInt(id, 10) != c.Param("id") { // +1 and 01 are other addresses
		return 0, models.ErrNotFound
	}
	return id, nil
}

func notFound(*gin.Context) error {
	return problem.NotFound.New("There is nothing at this address. The calls are listed at /swagger/index.html.")
}

// methodNotAllowed answers a known path with another method; the router has set
// Allow.
func methodNotAllowed(c *gin.Context) error {
	return problem.MethodNotAllowed.New("This address takes only: " + c.Writer.Header().Get("Allow") + ".")
}
