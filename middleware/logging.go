// Package middleware is the bouncer and the house rules at the door: what
// happens to every request before a waiter hears of it.
package middleware

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/problem"
)

// RequestIDHeader is the header with the id under which the log names a request.
const RequestIDHeader = "X-Request-Id" // net/http's spelling: others are converted each time

// Logging gives each request an id, writes one line about it when it is done,
// and turns a panic into a problem. The line holds the route, never the path, a
// token, a password or a body: what a client sends may be secret. Of many equal
// refusals it writes some, and how many more there were; see refusalCounts.
func Logging(log *slog.Logger) gin.HandlerFunc {
	refused := &refusalCounts{log: log}
	return func(c *gin.Context) {
		start := time.Now()
		c.Writer.Header().Set(RequestIDHeader, rand.Text())
		defer func() {
			cut := recoverPanic(c, log, recover())
			if c.Writer.Status() < http.StatusBadRequest || refused.mayLog(refusalOf(c)) {
				logRequest(c, log, time.Since(start))
			}
			if cut {
				panic(http.ErrAbortHandler)
			}
		}()
		c.Next()
	}
}

// recoverPanic logs a panic and answers 500. It reports whether to cut the connection
// instead, because half a response is out and must not look complete.
func recoverPanic(c *gin.Context, log *slog.Logger, cause any) (cut bool) {
	if cause == nil {
		return false
	}
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		return true
	}
	// Not its value, which may hold what the client sent.
	log.ErrorContext(c.Request.Context(), "panic", "type", fmt.Sprintf("%T", cause),
		"request_id", c.Writer.Header().Get(RequestIDHeader), "stack", string(debug.Stack()))
	if c.Writer.Written() {
		return true
	}
	problem.Write(c, problem.InternalError.New(""))
	return false
}

// logRequest writes the line of the access log. It makes the record itself, because
// Logger.LogAttrs would look up its caller. An error that came with a status below 500 is
// that of a client who left before the end of its response, which is no failure.
func logRequest(c *gin.Context, log *slog.Logger, took time.Duration) {
	status := c.Writer.Status()
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError && len(c.Errors) > 0 {
		level = slog.LevelError
	}
	ctx := c.Request.Context()
	if !log.Enabled(ctx, level) {
		return
	}
	r := slog.NewRecord(time.Now(), level, "request", 0)
	r.AddAttrs(
		slog.String("method", Method(c)),
		slog.String("route", Route(c)),
		slog.Int("status", status),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000), // a Duration is 1.5ms as text and 1500000 in JSON
		slog.String("request_id", c.Writer.Header().Get(RequestIDHeader)),
	)
	if id := traceID(c.Request.Header); id != "" {
		r.AddAttrs(slog.String("trace_id", id))
	}
	if id := UserID(c); id != 0 {
		r.AddAttrs(slog.Int64("user_id", id))
	}
	if slug := problem.Written(c); slug != "" {
		r.AddAttrs(slog.String("problem", slug))
	}
	if level == slog.LevelError {
		r.AddAttrs(slog.String("err", c.Errors[0].Error())) // behind it, that its answer could not be sent
	}
	_ = log.Handler().Handle(ctx, r) // the client has its response
}
