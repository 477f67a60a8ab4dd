package middleware

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
)

var anyOrigin, crossOrigin = []string{"*"}, []string{"cross-origin"}

// AnyOrigin lets the pages of all origins read what is the same for everybody, however
// they load it (Fetch, section 3.7).
func AnyOrigin(c *gin.Context) {
	h := c.Writer.Header()
	h["Access-Control-Allow-Origin"] = anyOrigin
	h["Cross-Origin-Resource-Policy"] = crossOrigin
}

// CORS lets pages of exactly these origins call the API with a bearer token, and never
// with credentials (cookies).
func CORS(origins []string) gin.HandlerFunc {
	return func(c *gin.Context) {
		h := c.Writer.Header()
		h.Add("Vary", "Origin")
		origin := c.GetHeader("Origin")
		if origin == "" || !slices.Contains(origins, origin) {
			return
		}
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", "Location, ETag, Server-Timing, X-Request-ID, Retry-After, Idempotency-Replayed, WWW-Authenticate")
		if c.Request.Method == http.MethodOptions && c.GetHeader("Access-Control-Request-Method") != "" {
			h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, If-Match, Last-Event-ID")
			h.Set("Access-Control-Max-Age", "600")
			c.AbortWithStatus(http.StatusNoContent)
		}
	}
}
