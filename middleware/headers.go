package middleware

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/basepath"
	"restaurant/problem"
)

// MaxHeaderBytes bounds the request line and headers together.
const MaxHeaderBytes = 8 << 10

// Headers sets the security headers of every response, and answers 431 to requests whose
// headers are too large. The content security policy allows nothing; pages that need
// more set their own. An empty hsts leaves that header out.
func Headers(hsts string) gin.HandlerFunc {
	strict := []string{hsts}
	return func(c *gin.Context) {
		h := c.Writer.Header()
		SetSecurity(h)
		if hsts != "" || isLoopbackHost(c.Request.Host) { // browsers heed it on trustworthy origins, and complain elsewhere
			h["Cross-Origin-Opener-Policy"] = sameOrigin
		}
		if hsts != "" {
			h["Strict-Transport-Security"] = strict
		}
		if headerBytes(c.Request) > MaxHeaderBytes {
			problem.Write(c, headerTooLarge(c.Request))
			return
		}
		c.Next()
	}
}

// Shared by all responses, so handlers replace them and never append to them.
var (
	nosniff, deny, noReferrer = []string{"nosniff"}, []string{"DENY"}, []string{"no-referrer"}
	sameOrigin, nothing       = []string{"same-origin"}, []string{"default-src 'none'; frame-ancestors 'none'"}
)

// SetSecurity sets the security headers that all responses have, also those that come from
// no router.
func SetSecurity(h http.Header) {
	h["X-Content-Type-Options"] = nosniff
	h["X-Frame-Options"] = deny
	h["Referrer-Policy"] = noReferrer
	h["Content-Security-Policy"] = nothing
	h["Cross-Origin-Resource-Policy"] = sameOrigin
}

// headerTooLarge says what is too large. Where it is the cookies, a browser sends them with
// every request, so nothing else of this address can be opened. Cookies ignore ports, and
// on loopback the other names of this computer have cookies of their own.
func headerTooLarge(r *http.Request) *problem.Problem {
	cookies := 0
	for _, line := range r.Header.Values("Cookie") {
		cookies += len(line)
	}
	if cookies == 0 || headerBytes(r)-cookies > MaxHeaderBytes {
		return problem.HeaderTooLarge.New("")
	}
	p := problem.HeaderTooLarge.New(fmt.Sprintf("The request line and the headers together have more than 8 KiB, and %d bytes of them are cookies. "+
		"They come from other programs at this host name, also on other ports. Delete the cookies of this address in the browser.", cookies))
	if other := otherLoopbackURL(r); other != "" {
		p.Detail = strings.TrimSuffix(p.Detail, ".") + ", or open " + other + " instead: the browser does not send them there."
		p = p.See(other)
	}
	return p
}

// otherLoopbackURL is the start page under another name of this computer, or "" if the
// request did not come by such a name.
func otherLoopbackURL(r *http.Request) string {
	if !isLoopbackHost(r.Host) {
		return ""
	}
	u := url.URL{Scheme: "http", Host: "127.0.0.1", Path: basepath.Of(r) + "/"}
	if name, _ := hostOf(r.Host); name == u.Host {
		u.Host = "localhost"
	}
	if r.TLS != nil {
		u.Scheme = "https"
	}
	if port := (&url.URL{Host: r.Host}).Port(); port != "" {
		u.Host += ":" + port
	}
	return u.String()
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
