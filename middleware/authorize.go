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

// RequireRole asks: may you? It opens to the roles given, and answers everybody
// else 403. Authenticate must stand in front of it.
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

// RequireVIP opens to wristbands whose vip claim is true.
func RequireVIP(c *gin.Context) {
	if !MustPrincipal(c).VIP {
		problem.Write(c, problem.VIPOnly.New(""))
	}
}

// ExceptLoopback puts a guard in front of everybody but this machine itself,
// without any proxy in between.
func ExceptLoopback(behindProxy bool, guard gin.HandlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		if behindProxy || !isLocal(c.Request) {
			guard(c)
		}
	}
}

// forwarded are the headers by which a proxy gives itself away: behind one,
// everybody seems to come from this machine.
var forwarded = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via"}

func isLocal(r *http.Request) bool {
	for _, name := range forwarded {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return err == nil && net.ParseIP(host).IsLoopback() && IsLoopbackHost(r.Host)
}

// IsLoopbackHost keeps out pages whose own name was made to point to this
// machine (DNS rebinding).
func IsLoopbackHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
