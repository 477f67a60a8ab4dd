package middleware

import (
	"errors"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/models"
	"restaurant/problem"
	"restaurant/tokens"
	"restaurant/tokens/verify"
)

const principalKey = "middleware.principal"

// Authenticator verifies access tokens.
type Authenticator struct {
	authority *tokens.Authority
	limit     *RateLimit
	cookies   Cookies
	cache     *TokenCache
	guard     gin.HandlerFunc
}

// NewAuthenticator makes an authenticator that trusts authority, finds tokens in the
// Authorization header or in cookies, and applies each user's share of the limit.
// Without a cache (nil) every signature is verified again.
func NewAuthenticator(authority *tokens.Authority, cookies Cookies, limit *RateLimit, cache *TokenCache) (*Authenticator, error) {
	a := &Authenticator{authority: authority, cookies: cookies, limit: limit, cache: cache}
	var err error
	a.guard, err = a.newGuard()
	return a, err
}

// noStore is for answers to one guest. Caches keep what a cookie asked for unless they are
// told not to (RFC 9111, section 3).
var noStore = []string{"no-store"}

// Authenticate answers 401 unless the request carries one valid access token. It
// asks no database. A handler whose answer may be kept says so itself.
func (a *Authenticator) Authenticate(c *gin.Context) {
	factsOf(c).authStart = time.Now()
	c.Writer.Header()["Cache-Control"] = noStore
	raw, p := a.accessToken(c)
	if p == nil && raw == "" {
		p = problem.AuthenticationRequired.New("")
	}
	if p != nil {
		problem.Write(c, p)
		return
	}
	who, known := a.cache.find(raw)
	a.authenticateToken(c, raw, who, known)
}

// authenticateToken lets the guard verify a token, unless the cache knows whose it is.
func (a *Authenticator) authenticateToken(c *gin.Context, raw string, who tokens.Principal, known bool) {
	if known {
		if a.admit(c, who) {
			c.Set(principalKey, who)
		}
		return
	}
	c.AddParam(tokenParam, raw)
	if !verify.WellFormed(raw) {
		a.refuse(c, 0, "")
		return
	}
	a.guard(c)
}

// admit applies the user's rate limit and reports whether the request may go on.
func (a *Authenticator) admit(c *gin.Context, p tokens.Principal) bool {
	stopAuthTimer(c)
	a.limit.user(c, p.UserID)
	return !c.IsAborted()
}

// Optional lets requests without an access token pass. A header must be valid: it was
// set on purpose. A cookie that is not counts as none: it may be left over, or another
// program's on this host, and nobody who only looks can do anything about it.
func (a *Authenticator) Optional(c *gin.Context) {
	if values := c.Request.Header.Values("Authorization"); len(values) > 1 || c.GetHeader("Authorization") != "" {
		a.Authenticate(c)
		return
	}
	start := time.Now()
	raw, refusal := a.accessToken(c)
	if refusal == nil && raw == "" {
		return
	}
	who, known := a.cache.find(raw)
	if refusal == nil && !known {
		if _, err := a.authority.Verify(raw); err != nil {
			refusal = KindOf(err).New(detailOf(err))
		}
	}
	if refusal != nil {
		factsOf(c).cookieRefusal = refusal
		return
	}
	factsOf(c).authStart = start
	a.authenticateToken(c, raw, who, known)
}

// CookieRefusal is why the access token in a cookie counted as none behind Optional, for
// handlers that want one after all; nil if there was none.
func CookieRefusal(c *gin.Context) *problem.Problem { return factsOf(c).cookieRefusal }

// ForLogout is Optional for a request whose refresh cookie says which login session to end:
// an access token in the header may have expired then, but must hold otherwise.
func (a *Authenticator) ForLogout(c *gin.Context) {
	if a.cookies.HasRefresh(c) {
		raw, p := a.accessToken(c)
		_, refusal := a.authority.Verify(raw)
		if p == nil && errors.Is(refusal, verify.ErrExpired) {
			return // the handler looks at the cookie
		}
	}
	a.Optional(c)
}

// accessToken finds the one access token of a request, or returns an empty text if
// there is none. A header precedes a cookie: it was set on purpose. A browser adds
// cookies to requests of any page, so with an unsafe method they count only for
// pages of this origin.
func (a *Authenticator) accessToken(c *gin.Context) (raw string, p *problem.Problem) {
	if values := c.Request.Header.Values("Authorization"); len(values) > 0 {
		return httpjson.Bearer(values)
	}
	raw, err := a.cookies.access(c)
	if err != nil {
		return "", problem.AmbiguousCredentials.New("")
	}
	if raw != "" && a.cookies.CrossSite(c) {
		return "", problem.CrossOrigin.New("")
	}
	return raw, nil
}

// KindOf is the problem that a client is told when its token is refused with err.
func KindOf(err error) *problem.Kind { return problem.Find(verify.SlugOf(err)) }

// endings say why the login session of a revoked token has ended.
var endings = map[models.EndReason]string{
	models.EndLogout:    "You logged out. That ended all wristbands (access tokens) of this login. Log in again.",
	models.EndUser:      "Somebody ended the login session of this wristband (access token) in the list of login sessions. Log in again.",
	models.EndPassword:  "The password was changed. That ends all other login sessions of the guest. Log in with the new password.",
	models.EndRole:      "A manager changed the role or the VIP status of this guest, so the claims in the wristband (access token) are no longer true. Log in again to get a new one.",
	models.EndReuse:     "A voucher (refresh token) of this login was used twice. Perhaps somebody stole a copy, so the server has ended the login session. Log in again. If you did not use it twice yourself, change the password.",
	models.EndPlainHTTP: "This wristband (access token) came over plain HTTP, where others can read it. So the server has ended its login session. Log in again, and use only the https:// address.",
	models.EndReset:     "The kitchen was made fresh: somebody reset the restaurant. That ends all login sessions. Log in again.",
	models.EndManager:   "A manager ended the login sessions of this guest. Log in again.",
	models.EndRestore:   "The restaurant went back to a copy of its order book (database). That ends all login sessions. Log in again.",
}

// detailOf returns what is known about a refusal beyond its kind, or an empty text.
func detailOf(err error) string {
	if errors.Is(err, verify.ErrInFuture) {
		return problem.IssuedInFuture
	}
	revoked, _ := errors.AsType[tokens.RevokedError](err)
	return endings[revoked.Why]
}

// stopAuthTimer ends the time that Server-Timing shows as auth.
func stopAuthTimer(c *gin.Context) {
	facts := factsOf(c)
	facts.authTime = time.Since(facts.authStart)
}

func principal(c *gin.Context) (tokens.Principal, bool) {
	p, ok := c.Value(principalKey).(tokens.Principal)
	return p, ok
}

// MustPrincipal is the authenticated caller. It panics where routes.go forgot
// Authenticate.
func MustPrincipal(c *gin.Context) tokens.Principal {
	p, ok := principal(c)
	if !ok {
		panic("middleware.MustPrincipal: no Authenticate in front of " + c.FullPath())
	}
	return p
}

// IsAuthenticated reports whether the request carries a valid access token.
func IsAuthenticated(c *gin.Context) bool {
	_, ok := principal(c)
	return ok
}

// IsVIP reports whether the request carries the access token of a VIP; behind
// Optional it may carry none.
func IsVIP(c *gin.Context) bool {
	p, _ := principal(c)
	return p.VIP
}
