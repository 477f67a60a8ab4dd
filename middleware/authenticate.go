package middleware

import (
	"errors"
	"strings"
	"time"

	ginjwt "github.com/appleboy/gin-jwt/v2"
	"github.com/gin-gonic/gin"

	"restaurant/problem"
	"restaurant/tokens"
)

const (
	principalKey = "middleware.principal"
	refusalKey   = "middleware.refusal"
)

// Authenticator looks at wristbands. gin-jwt is the guard that verifies them; what it
// must not decide by itself (algorithm, key, claims, words) it gets from the
// tokens package.
type Authenticator struct {
	authority *tokens.Authority
	limit     *RateLimit
	cookies   Cookies
	cache     *TokenCache
	guard     gin.HandlerFunc
}

// NewBouncer makes a bouncer who trusts this authority, knows wristbands in
// cookies of these names, and gives each guest a share of the limit. Without a
// cache (nil) every signature is checked anew.
func NewBouncer(authority *tokens.Authority, cookies Cookies, limit *RateLimit, cache *TokenCache) (*Authenticator, error) {
	b := &Authenticator{authority: authority, cookies: cookies, limit: limit, cache: cache}
	guard, err := ginjwt.New(&ginjwt.GinJWTMiddleware{
		TokenLookup:           "header:Authorization",
		TokenHeadName:         "Bearer",
		KeyFunc:               authority.KeyFunc,
		ParseOptions:          tokens.ParserOptions(),
		TimeFunc:              authority.Now, // never goes back
		IdentityKey:           principalKey,
		IdentityHandler:       b.principalOf,
		Authorizator:          func(identity any, _ *gin.Context) bool { return identity != nil },
		HTTPStatusMessageFunc: b.recordRefusal,
		Unauthorized:          writeRefusal,
	})
	if err != nil {
		return nil, err
	}
	b.guard = guard.MiddlewareFunc()
	return b, nil
}

// Authenticate asks: who are you? Whoever has no wristband, or one that does
// not hold, is answered 401. No database is asked.
func (b *Authenticator) Authenticate(c *gin.Context) {
	facts := factsOf(c)
	facts.authStart = time.Now()
	raw, p := b.accessToken(c)
	facts.token = raw
	if p == nil && raw == "" {
		p = problem.AuthenticationRequired.New("")
	}
	if p != nil {
		problem.Write(c, p)
		return
	}
	if who, known := b.cache.find(raw); known {
		if b.chargeGuest(c, who) {
			c.Set(principalKey, who)
		}
		return
	}
	if !tokens.WellFormed(raw) {
		problem.Write(c, problem.TokenMalformed.New(""))
		return
	}
	c.Request.Header.Set("Authorization", "Bearer "+raw) // the one spelling that gin-jwt reads
	b.guard(c)
}

// chargeGuest takes the drop of a guest whose wristband holds, and tells whether there
// was one.
func (b *Authenticator) chargeGuest(c *gin.Context, p tokens.Principal) bool {
	stopAuthTimer(c)
	b.limit.guest(c, p.UserID)
	return !c.IsAborted()
}

// Optional lets anybody pass who shows no wristband; one that is shown must hold.
func (b *Authenticator) Optional(c *gin.Context) {
	if c.GetHeader("Authorization") == "" && !b.cookies.hasAccess(c) {
		return
	}
	b.Authenticate(c)
}

// ForLogout lets everybody go who can say which login session is theirs: by a
// wristband that holds, or by a refresh cookie when the wristband has expired.
func (b *Authenticator) ForLogout(c *gin.Context) {
	if b.cookies.HasRefresh(c) {
		raw, p := b.accessToken(c)
		_, refusal := b.authority.Verify(raw)
		if p == nil && refusal != nil {
			return // the handler looks at the cookie
		}
	}
	b.Optional(c)
}

// accessToken finds the one wristband of a request. Where both a header and a
// cookie come, the header counts: it was put there on purpose. A cookie goes
// along with whatever a strange page asks, so it counts for an unsafe method
// only if the request comes from a page of this house.
func (b *Authenticator) accessToken(c *gin.Context) (raw string, p *problem.Problem) {
	if values := c.Request.Header.Values("Authorization"); len(values) > 0 {
		return fromHeader(values)
	}
	raw, err := b.cookies.access(c)
	if err != nil {
		return "", problem.AmbiguousCredentials.New("")
	}
	if raw != "" && b.cookies.CrossSite(c) {
		return "", problem.CrossOrigin.New("")
	}
	return raw, nil
}

// fromHeader reads a bearer token; scheme names are case-insensitive (RFC 9110,
// section 11.1).
func fromHeader(values []string) (raw string, p *problem.Problem) {
	if len(values) > 1 {
		return "", problem.AmbiguousCredentials.New("")
	}
	scheme, raw, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", problem.AuthenticationRequired.New("The Authorization header must say Bearer, then a space, then the access token.")
	}
	if raw = strings.Trim(raw, " \t"); raw == "" { // what RFC 9110 calls white space, and nothing else
		return "", problem.TokenMalformed.New("")
	}
	return raw, nil
}

// principalOf makes a principal of a token that gin-jwt has verified.
func (b *Authenticator) principalOf(c *gin.Context) any {
	p, err := b.authority.Principal(verified(c))
	if err != nil {
		c.Set(refusalKey, err)
		return nil
	}
	b.cache.accept(verified(c), p)
	if !b.chargeGuest(c, p) {
		return nil
	}
	return p
}

// verified is the token whose signature gin-jwt has checked.
func verified(c *gin.Context) string {
	return strings.TrimPrefix(c.GetHeader("Authorization"), "Bearer ")
}

// recordRefusal keeps the reason of a refusal for refuse; the texts of the library
// are not for guests. It looks at exp before anything else in the claims, so what
// it calls expired may have worse faults.
func (b *Authenticator) recordRefusal(err error, c *gin.Context) string {
	if _, known := c.Get(refusalKey); known {
		return ""
	}
	if errors.Is(err, ginjwt.ErrExpiredToken) {
		if _, worse := b.authority.Principal(verified(c)); worse != nil {
			err = worse
		}
	}
	c.Set(refusalKey, err)
	return ""
}

// writeRefusal is where every 401 about a token is written.
func writeRefusal(c *gin.Context, _ int, _ string) {
	if c.Writer.Written() {
		return // the guest's bucket was empty
	}
	stopAuthTimer(c)
	err, _ := c.Value(refusalKey).(error)
	problem.Write(c, KindOf(err).New(""))
}

// KindOf is the kind of problem that a refused token is.
func KindOf(err error) *problem.Kind {
	for _, r := range refusals {
		if errors.Is(err, r.err) {
			return r.kind
		}
	}
	return KindOf(tokens.Classify(err)) // in the words of the JWT library
}

// refusals is the one table from what is wrong with a token to what the guest
// is told.
var refusals = []struct {
	err  error
	kind *problem.Kind
}{
	{tokens.ErrMalformed, problem.TokenMalformed},
	{tokens.ErrAlgorithm, problem.TokenAlgorithmRefused},
	{tokens.ErrKeyUnknown, problem.TokenKeyUnknown},
	{tokens.ErrSignatureInvalid, problem.TokenSignatureInvalid},
	{tokens.ErrClaimsInvalid, problem.TokenClaimsInvalid},
	{tokens.ErrExpired, problem.TokenExpired},
	{tokens.ErrRevoked, problem.TokenRevoked},
	{ginjwt.ErrExpiredToken, problem.TokenExpired},
	{ginjwt.ErrMissingExpField, problem.TokenClaimsInvalid},
	{ginjwt.ErrWrongFormatOfExp, problem.TokenClaimsInvalid},
}

// stopAuthTimer stops the clock that Server-Timing shows as auth.
func stopAuthTimer(c *gin.Context) {
	facts := factsOf(c)
	facts.authTime = time.Since(facts.authStart)
}

func principal(c *gin.Context) (tokens.Principal, bool) {
	p, ok := c.Value(principalKey).(tokens.Principal)
	return p, ok
}

// MustPrincipal is who the bouncer let in. It panics where routes.go forgot the
// bouncer.
func MustPrincipal(c *gin.Context) tokens.Principal {
	p, ok := principal(c)
	if !ok {
		panic("middleware.Current: no Authenticate in front of " + c.FullPath())
	}
	return p
}

// IsAuthenticated tells whether the request came with a wristband that holds.
func IsAuthenticated(c *gin.Context) bool {
	_, ok := principal(c)
	return ok
}

// IsVIP tells whether the request came with the wristband of a VIP; it may have
// come with none.
func IsVIP(c *gin.Context) bool {
	p, _ := principal(c)
	return p.VIP
}
