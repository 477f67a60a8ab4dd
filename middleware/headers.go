package middleware

import (
	"maps"
	"net/http"

	"github.com/gin-gonic/gin"

	"restaurant/problem"
)

// MaxHeaderBytes bounds the request line and headers together.
const MaxHeaderBytes = 8 << 10

// Headers sets what every answer carries to keep a browser from doing more with
// it than was meant, and refuses requests whose own headers are too large. The
// policy allows nothing; pages that need more set their own. An empty hsts leaves
// that header out.
func Headers(hsts string) gin.HandlerFunc {
	always := http.Header{ // shared by all answers: set as a whole, never added to
		"X-Content-Type-Options":  {"nosniff"},
		"X-Frame-Options":         {"DENY"},
		"Referrer-Policy":         {"no-referrer"},
		"Content-Security-Policy": {"default-src 'none'; frame-ancestors 'none'"},
	}
	if hsts != "" {
		always.Set("Strict-Transport-Security", hsts)
	}
	return func(c *gin.Context) {
		maps.Copy(c.Writer.Header(), always)
		if headerBytes(c.Request) > MaxHeaderBytes {
			problem.Write(c, problem.HeaderTooLarge.New(""))
			return
		}
		c.Next()
	}
}

// headerBytes is about what the request line and headers took on the wire.
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
