package middleware

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

var anyOrigin, crossOrigin = []string{"*"}, []string{"cross-origin"}

// AnyOrigin lets the pages of all origins read what is the same for everybody, however
// they load it (Fetch, section 3.7). It looks at the path and stands before every refusal:
// a page must see that it asks too often, and a wrong method has no route.
func AnyOrigin(c *gin.Context) {
	if path := c.Request.URL.Path; path != "/openapi.json" && !strings.HasPrefix(path, "/.well-known/") {
		return
	}
	h := c.Writer.Header()
	h["Access-Control-Allow-Origin"] = anyOrigin
	h["Cross-Origin-Resource-Policy"] = crossOrigin
}

// CORS lets pages of the allowed origins call the API with a bearer token, and never
// with credentials (cookies).
func (o Origin) CORS(c *gin.Context) {
	if len(o.allowed) == 0 {
		return
	}
	h := c.Writer.Header()
	h.Add("Vary", "Origin")
	origin := c.GetHeader("Origin")
	if !o.allows(origin) {
		return
	}
	if h.Get("Access-Control-Allow-Origin") == "" { // AnyOrigin allows more
		h.Set("Access-Control-Allow-Origin", origin)
	}
	h.Set("Access-Control-Expose-Headers", "Location, ETag, Server-Timing, X-Request-ID, Retry-After, RateLimit, RateLimit-Policy, Idempotency-Replayed, Lesson-Progress, WWW-Authenticate")
	if IsPreflight(c) {
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID")
		h.Set("Access-Control-Max-Age", "600")
		c.AbortWithStatus(http.StatusNoContent)
	}
}

// IsPreflight reports whether a browser asks whether a page of another origin may send a
// request (Fetch standard, CORS-preflight request).
func IsPreflight(c *gin.Context) bool {
	return c.Request.Method == http.MethodOptions && c.GetHeader("Access-Control-Request-Method") != ""
}
