package middleware

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"restaurant/problem"
)

// MaxHeaderBytes bounds the request line and headers together.
const MaxHeaderBytes = 8 << 10

// Headers sets the security headers of every response, and answers 431 to requests whose
// headers are too large. The content security policy allows nothing; pages that need
// more set their own. An empty hsts leaves that header out.
func Headers(hsts string) gin.HandlerFunc {
	// Shared by all responses, so handlers replace them and never append to them.
	nosniff, deny, noReferrer, strict := []string{"nosniff"}, []string{"DENY"}, []string{"no-referrer"}, []string{hsts}
	sameOrigin := []string{"same-origin"}
	nothing := []string{"default-src 'none'; frame-ancestors 'none'"}
	return func(c *gin.Context) {
		h := c.Writer.Header()
		h["X-Content-Type-Options"] = nosniff
		h["X-Frame-Options"] = deny
		h["Referrer-Policy"] = noReferrer
		h["Content-Security-Policy"] = nothing
		h["Cross-Origin-Resource-Policy"] = sameOrigin
		if hsts != "" || isLoopbackHost(c.Request.Host) { // browsers heed it on trustworthy origins, and complain elsewhere
			h["Cross-Origin-Opener-Policy"] = sameOrigin
		}
		if hsts != "" {
			h["Strict-Transport-Security"] = strict
		}
		if headerBytes(c.Request) > MaxHeaderBytes {
			problem.Write(c, problem.HeaderTooLarge.New(""))
			return
		}
		c.Next()
	}
}

// headerBytes is about the size of the request line and headers on the wire.
func headerBytes(r *http.Request) int {
	const lineEnds = 4 // ": " and CRLF
	n := len(r.Method) + len(r.RequestURI) + len(r.Proto) + lineEnds + len("Host") + len(r.Host) + lineEnds
	for name, values := range r.Header {
		for _, v := range values {
			n += len(name) + len(v) + lineEnds
		}
	}
	return n
}
