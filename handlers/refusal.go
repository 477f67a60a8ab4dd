package handlers

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/middleware"
	"restaurant/problem"
)

// Refuse answers a request that net/http refuses, with a problem like any other. Status
// and reason are those of net/http; 503 is for a request that no API takes at the moment.
func (a *API) Refuse(w http.ResponseWriter, r *http.Request, status int, reason string) {
	a.Handler().ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), refusalKey{}, refusalOf(status, reason))))
}

type refusalKey struct{}

// refused answers what Refuse has passed on. Nothing is known of such a request, so no
// other check of it makes sense.
func refused(c *gin.Context) {
	if p, ok := c.Request.Context().Value(refusalKey{}).(*problem.Problem); ok {
		problem.Write(c, p)
	}
}

// fromFile is the likeliest reason of a malformed header for those who learn.
const fromFile = " If it came from a file (curl -H \"@wristband.txt\"), look into the file. If the login was refused, it may contain the refusal and no wristband (access token). Log in again. With -f, curl does not save refusals."

// refusalOf names what net/http refuses. What it would answer with 501 and 505 is the
// client's doing, so it is 400 here.
func refusalOf(status int, reason string) *problem.Problem {
	switch {
	case status == http.StatusServiceUnavailable:
		return problem.NotReady.New("The server is being closed and opened again, and that takes longer than usual.").RetryAfter(time.Second)
	case status == http.StatusRequestHeaderFieldsTooLarge:
		return problem.HeaderTooLarge.New("")
	case status == http.StatusExpectationFailed:
		return problem.ExpectationFailed.New("")
	case strings.Contains(reason, "missing required Host"):
		return middleware.NoHost()
	case strings.Contains(reason, "Host header"):
		return problem.MalformedHost.New("")
	case strings.Contains(reason, "HTTPS server"):
		return problem.MalformedRequest.New("This port speaks HTTPS, and the request came as plain HTTP. Use an address that begins with https://.")
	case strings.Contains(reason, "header name"), strings.Contains(reason, "header value"):
		return problem.MalformedRequest.New("A header of the request contains a character that is not allowed there." + fromFile)
	case status == http.StatusNotImplemented:
		return problem.MalformedRequest.New("The request has a Transfer-Encoding other than chunked.")
	case status == http.StatusHTTPVersionNotSupported:
		return problem.MalformedRequest.New("The request asks for a version of HTTP that this server does not know. It knows HTTP/1.1, and HTTP/2 under TLS.")
	}
	return problem.MalformedRequest.New("The request line or a header of the request is malformed, such as a header without a colon." + fromFile)
}
