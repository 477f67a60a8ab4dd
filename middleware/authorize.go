package middleware

import (
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

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
	detail := "This door opens only to the role " + strings.Join(names, " or ") + "."
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

// ExceptLoopback applies guard to all requests but those of this machine without a proxy
// in between.
func ExceptLoopback(behindProxy bool, guard gin.HandlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		if behindProxy || !isLocal(c.Request) {
			guard(c)
		}
	}
}

// forwarded are headers that a proxy adds: behind one, every request seems to come
// from this machine.
var forwarded = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via"}

func isLocal(r *http.Request) bool {
	for _, name := range forwarded {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return err == nil && net.ParseIP(host).IsLoopback() && isLoopbackHost(r.Host)
}
