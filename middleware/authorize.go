package middleware

import (
	"crypto/subtle"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/httpjson"
	"restaurant/models"
	"restaurant/problem"
)

// RequireRole lets users with one of roles pass and answers 403 to others. It comes
// after Authenticate.
func RequireRole(roles ...models.Role) gin.HandlerFunc {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	detail := "This call is only for the role " + strings.Join(names, " or ") + "."
	return func(c *gin.Context) {
		if !slices.Contains(roles, MustPrincipal(c).Role) {
			problem.Write(c, problem.RoleRequired.New(detail))
		}
	}
}

// RequireVIP answers 403 unless the token's vip claim is true. It comes after
// Authenticate.
func RequireVIP(c *gin.Context) {
	if !MustPrincipal(c).VIP {
		problem.Write(c, problem.VIPOnly.New(""))
	}
}

// Scrapers read the metrics without a login.
type Scrapers struct {
	// BehindProxy says that all requests come from a proxy, so that a loopback address
	// proves nothing.
	BehindProxy bool
	// Token is what a collector sends as a bearer token; empty: none does.
	Token string
}

// Except applies guard to all requests but those with the token, and those of this
// machine without a proxy in between.
func (s Scrapers) Except(guard gin.HandlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		if !s.hasToken(c.Request) && (s.BehindProxy || !isLocal(c.Request)) {
			guard(c)
		}
	}
}

func (s Scrapers) hasToken(r *http.Request) bool {
	sent := r.Header["Authorization"]
	if s.Token == "" || len(sent) == 0 {
		return false
	}
	raw, refusal := httpjson.Bearer(sent)
	return refusal == nil && subtle.ConstantTimeCompare([]byte(raw), []byte(s.Token)) == 1
}

// isForwarded reports whether a header is one that a proxy adds: behind one, every
// request seems to come from this machine.
func isForwarded(name string) bool {
	return name == "Forwarded" || name == "Via" || name == "X-Real-Ip" || strings.HasPrefix(name, "X-Forwarded-")
}

func isLocal(r *http.Request) bool {
	for name := range r.Header {
		if isForwarded(name) {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return err == nil && net.ParseIP(host).IsLoopback() && isLoopbackHost(r.Host)
}
