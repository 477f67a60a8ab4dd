package httpjson

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"restaurant/problem"
)

// JSONType is the Content-Type of the responses.
const JSONType = "application/json; charset=utf-8"

// Adapter makes gin handlers of functions that return their error: a return cannot be
// forgotten, an abort can. toProblem maps the errors that are not problems yet.
func Adapter(toProblem func(error) *problem.Problem) func(func(*gin.Context) error) gin.HandlerFunc {
	return func(fn func(*gin.Context) error) gin.HandlerFunc {
		return func(c *gin.Context) {
			if err := fn(c); err != nil {
				fail(c, err, toProblem)
			}
		}
	}
}

const (
	// retryAfter is how long a client should wait for a database that is away or full, or for a long queue.
	retryAfter = 5 * time.Second
	// StatusClientGone is what the log says of a client that left before the answer.
	StatusClientGone = 499
)

// fail logs the cause of a 5xx and answers with a problem that does not show it.
func fail(c *gin.Context, err error, toProblem func(error) *problem.Problem) {
	if errors.Is(err, context.Canceled) && c.Request.Context().Err() != nil {
		_ = c.Error(err)
		c.AbortWithStatus(StatusClientGone)
		return
	}
	p, ok := errors.AsType[*problem.Problem](err)
	if !ok {
		p = toProblem(err)
	}
	if p.Status >= http.StatusInternalServerError && p.Slug() != problem.ServerBusy.Slug { // a limit is no failure
		_ = c.Error(err)
	}
	if p.Status == http.StatusServiceUnavailable {
		p = p.RetryAfterUnlessSet(retryAfter)
	}
	problem.Write(c, p)
}

// Respond answers with JSON. It encodes first, so that a failure can still become a
// problem.
func Respond(c *gin.Context, status int, body any) error {
	text, err := Encode(body)
	if err != nil {
		return err
	}
	c.Data(status, JSONType, text)
	return nil
}

// NoContent answers 204.
func NoContent(c *gin.Context) error {
	c.Status(http.StatusNoContent)
	return nil
}

// Encode sorts map keys, so that the same response has the same bytes, and ends the
// line, so that a terminal's prompt starts on the next one.
func Encode(body any) ([]byte, error) {
	text, err := json.Marshal(body, json.Deterministic(true), json.FormatNilMapAsNull(true))
	return append(text, '\n'), err
}

// Optional returns nil for an empty s, which JSON writes as null.
func Optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// NoStore keeps a response out of every cache, such as one that holds a token.
func NoStore(c *gin.Context) { c.Header("Cache-Control", "no-store") }

// Get registers a route for GET and HEAD (RFC 9110, section 9.3.2).
func Get(r gin.IRoutes, path string, handlers ...gin.HandlerFunc) {
	r.GET(path, handlers...)
	r.HEAD(path, handlers...)
}
