// Package kiosk is a stand on the other side of the square. It has never seen a guest
// list. It knows one thing: what the stamp of the restaurant looks like. So it greets the
// wearer of a genuine wristband by name, and asks nobody.
//
// It is a program of its own in the lessons, and a handler in a class. It verifies access
// tokens with the public keys of issuers below a prefix, and reads now and then which login
// sessions have ended.
package kiosk

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/time/rate"

	"restaurant/httpjson"
	"restaurant/problem"
	"restaurant/tokens/verify"
)

// SyncInterval is how often Run asks which login sessions have ended.
const SyncInterval = time.Minute

// maxToken is the longest Authorization header that is looked at, in bytes.
const maxToken = 8 << 10

// Options are what a kiosk needs to know.
type Options struct {
	// Trust is the address of the issuer whose tokens count, or a prefix: those below it
	// count, too. Nothing else that a token says decides where keys are fetched.
	Trust string
	// Pages is the address of the server whose /problems explain refusals, or a relative one
	// from the kiosk's own page of that name; empty: Trust.
	Pages string
	// Transport sends the requests to issuers; nil: the usual one.
	Transport http.RoundTripper
	// Report tells the lessons what was decided, and must not block for long; nil: over HTTP.
	Report func(r *http.Request, d Decision)
	// Log gets a line for each request; nil: none.
	Log *slog.Logger
}

// Decision is what the kiosk has answered to GET /me.
type Decision struct {
	// Issuer is the server that is to be told: the one that has signed the token, and
	// otherwise the prefix. Who only names an issuer must not write into its lessons.
	Issuer string
	// Status is 200 or 401.
	Status int
	// Problem is the slug of a refusal, or empty.
	Problem string
}

// Kiosk is an http.Handler. It may stand under a path, see http.StripPrefix.
type Kiosk struct {
	Options
	trust   trust
	issuers *issuers
	syncs   *rate.Limiter
	router  *gin.Engine
}

// New returns a kiosk. The error completes a sentence about Options.Trust.
func New(o Options) (*Kiosk, error) {
	prefix, err := newTrust(o.Trust)
	if err != nil {
		return nil, err
	}
	k := &Kiosk{Options: o, trust: prefix, issuers: newIssuers(o.Transport), syncs: rate.NewLimiter(5, 50), router: gin.New()}
	if k.Log == nil {
		k.Log = slog.New(slog.DiscardHandler)
	}
	if k.Pages == "" {
		k.Pages = string(prefix)
	}
	if k.Report == nil {
		k.Report = newReporter(o.Transport).report
	}
	r := k.router
	r.HandleMethodNotAllowed, r.RedirectTrailingSlash = true, false
	r.Use(k.observe)
	adapt := httpjson.Adapter(func(err error) *problem.Problem { return problem.InternalError.New("").Because(err) })
	r.NoRoute(adapt(func(*gin.Context) error {
		return problem.NotFound.New("The kiosk has only GET /me, POST /sync and GET /healthz.")
	}))
	r.NoMethod(adapt(func(*gin.Context) error { return problem.MethodNotAllowed.New("") }))
	httpjson.Get(r, "/me", adapt(k.me))
	r.POST("/sync", adapt(k.sync))
	httpjson.Get(r, "/healthz", adapt(healthz))
	httpjson.Get(r, "/problems/:slug", adapt(k.explain))
	return k, nil
}

// ServeHTTP answers a request.
func (k *Kiosk) ServeHTTP(w http.ResponseWriter, r *http.Request) { k.router.ServeHTTP(w, r) }

// Run asks the issuers every minute for their keys and ended sessions, until ctx ends.
func (k *Kiosk) Run(ctx context.Context) {
	if is := k.issuers.of(string(k.trust)); is != nil {
		k.note(is, is.sync(ctx))
	}
	every := time.NewTicker(SyncInterval)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
			_ = k.syncAll(ctx) // each failure is logged where it happens
		}
	}
}

// observe sets the headers of every response and logs it. It knows neither tokens nor what
// clients have sent.
func (k *Kiosk) observe(c *gin.Context) {
	start := time.Now()
	h := c.Writer.Header()
	h.Set("X-Request-ID", rand.Text())
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	c.Next()
	k.Log.Info("request", "method", c.Request.Method, "route", c.FullPath(), "status", c.Writer.Status(), "problem", problem.Written(c), "duration", time.Since(start))
}

type meResponse struct {
	Message   string    `json:"message"`
	Sub       string    `json:"sub"`
	Name      string    `json:"name"`
	Role      string    `json:"role"`
	VIP       bool      `json:"vip"`
	AgeOver18 bool      `json:"age_over_18"`
	SID       string    `json:"sid"`
	Issuer    string    `json:"iss"`
	ExpiresAt time.Time `json:"expires_at"`
}

// me greets the holder of a valid access token. All that it says is in the token.
func (k *Kiosk) me(c *gin.Context) error {
	start := time.Now()
	token, d, refusal := k.decide(c)
	c.Header("Server-Timing", "auth;dur="+strconv.FormatFloat(float64(time.Since(start))/float64(time.Millisecond), 'f', 3, 64)+`, db;dur=0.000;desc="0 queries"`)
	httpjson.NoStore(c)
	if d.Status != 0 {
		k.Report(c.Request, d)
	}
	if refusal != nil {
		return refusal
	}
	return httpjson.Respond(c, http.StatusOK, meResponse{
		Message: "Welcome, " + token.Name, Sub: token.Subject, Name: token.Name, Role: token.Role, VIP: *token.VIP, AgeOver18: *token.AgeOver18,
		SID: token.SessionID, Issuer: token.Issuer, ExpiresAt: time.Unix(token.ExpiresAt, 0).UTC(),
	})
}

// decide verifies the token of a request. The decision has no status if the request could
// not be understood.
func (k *Kiosk) decide(c *gin.Context) (verify.Token, Decision, error) {
	d := Decision{Issuer: string(k.trust)}
	raw, p := httpjson.Bearer(c.Request.Header.Values("Authorization"))
	switch {
	case len(raw) > maxToken:
		return verify.Token{}, d, problem.HeaderTooLarge.New("")
	case p != nil && p.Slug() == problem.AuthenticationRequired.Slug && c.GetHeader("Cookie") != "":
		p = problem.AuthenticationRequired.New("The kiosk takes only wristbands (access tokens). Only the restaurant knows what a ticket (session cookie) stands for, and the kiosk does not ask.")
	case p == nil:
		token, issuer, err := k.verify(c.Request.Context(), raw)
		if issuer != nil && isSigned(err) {
			d.Issuer = issuer.url
		}
		if err == nil {
			d.Status = http.StatusOK
			return token, d, nil
		}
		p = k.refusal(err, issuer)
	}
	if p.Status == http.StatusUnauthorized {
		d.Status, d.Problem = p.Status, p.Slug()
	}
	return verify.Token{}, d, p
}

// isSigned reports whether the signature of a token holds, which may be refused for something else.
func isSigned(err error) bool {
	return err == nil || errors.Is(err, verify.ErrClaimsInvalid) || errors.Is(err, verify.ErrInFuture) || errors.Is(err, verify.ErrExpired) || errors.Is(err, verify.ErrRevoked)
}

// refusal is the problem for a token that was refused.
func (k *Kiosk) refusal(err error, is *issuer) *problem.Problem {
	detail := ""
	switch {
	case errors.Is(err, verify.ErrKeyUnknown) && is == nil:
		detail = "The wristband (access token) names a restaurant that this kiosk does not trust. It trusts " + string(k.trust) + " and what is below."
	case errors.Is(err, verify.ErrKeyUnknown) && !is.hasKeys():
		detail = "The kiosk could not get the keys of the restaurant, so it cannot check the wristband (access token). Is the restaurant running? Try again in some seconds."
	case errors.Is(err, verify.ErrInFuture):
		detail = problem.IssuedInFuture
	case errors.Is(err, verify.ErrRevoked):
		detail = "The restaurant says that the login session of this wristband (access token) has ended. Log in again at the restaurant."
	}
	return problem.Find(verify.SlugOf(err)).New(detail)
}

// verify verifies a token with the keys of the issuer that it names, if the kiosk trusts
// that one; the issuer is nil if not. Keys that are not known yet, and a clock that has
// been set, are a reason to ask the issuer.
func (k *Kiosk) verify(ctx context.Context, raw string) (verify.Token, *issuer, error) {
	var unverified struct {
		Issuer string `json:"iss"`
	}
	_ = verify.Decode(raw, 1, &unverified) // a payload that is no JSON names no issuer
	var is *issuer
	if k.trust.covers(unverified.Issuer) {
		is = k.issuers.of(unverified.Issuer)
	}
	if is == nil {
		token, err := verify.Verifier{Keys: k.issuers, Now: time.Now}.Verify(raw)
		return token, nil, err
	}
	token, err := is.verify(raw)
	if (errors.Is(err, verify.ErrKeyUnknown) || errors.Is(err, verify.ErrClaimsInvalid)) && is.refresh(ctx) {
		token, err = is.verify(raw)
	}
	return token, is, err
}

type syncResponse struct {
	Items []syncedIssuer `json:"items"`
}

type syncedIssuer struct {
	Issuer string    `json:"issuer"`
	AsOf   time.Time `json:"as_of"`
	// Ended is how many login sessions have ended.
	Ended int `json:"ended"`
}

// sync asks the issuers at once which login sessions have ended.
func (k *Kiosk) sync(c *gin.Context) error {
	httpjson.NoStore(c)
	if !k.syncs.Allow() {
		return problem.RateLimited.New("").RetryAfter(time.Second)
	}
	if failed := k.syncAll(c.Request.Context()); failed != nil {
		return problem.NotReady.New("The restaurant does not answer, so the kiosk goes on with what it knows. Try again in some seconds.").Because(failed)
	}
	res := syncResponse{Items: []syncedIssuer{}}
	for _, is := range k.issuers.list() {
		is.mu.RLock()
		res.Items = append(res.Items, syncedIssuer{is.url, is.asOf, len(is.ended)})
		is.mu.RUnlock()
	}
	return httpjson.Respond(c, http.StatusOK, res)
}

// syncAll syncs all issuers side by side.
func (k *Kiosk) syncAll(ctx context.Context) error {
	list := k.issuers.list()
	failed := make([]error, len(list))
	var all sync.WaitGroup
	for i, is := range list {
		all.Go(func() { failed[i] = is.sync(ctx); k.note(is, failed[i]) })
	}
	all.Wait()
	return errors.Join(failed...)
}

func (k *Kiosk) note(is *issuer, err error) {
	if err != nil {
		k.Log.Warn("the issuer does not answer; what is known of it stays", "issuer", is.url, "err", err)
	}
}

func healthz(c *gin.Context) error {
	httpjson.NoStore(c)
	return httpjson.Respond(c, http.StatusOK, map[string]string{"status": "ok"})
}

// explain leads to the page that explains a refusal.
func (k *Kiosk) explain(c *gin.Context) error {
	kind := problem.Find(c.Param("slug"))
	if kind == nil {
		return problem.NotFound.New("")
	}
	c.Header("Location", k.Pages+"/problems/"+kind.Slug)
	c.Status(http.StatusFound)
	return nil
}
