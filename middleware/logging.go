// Package middleware is the bouncer and the house rules at the door: what
// happens to every request before a waiter hears of it.
package middleware

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/problem"
)

// RequestIDHeader names the header under which every answer can be found in
// the log.
const RequestIDHeader = "X-Request-Id" // as net/http spells it: any other spelling is worked out each time

// Logging gives each request an id, writes one line about it when it is done,
// and turns a panic into a problem. The line holds the route, never the address
// itself, a token, a password or a body: whatever a client sends may be secret.
func Logging(log *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		start := time.Now()
		c.Writer.Header().Set(RequestIDHeader, rand.Text())
		defer func() {
			cut := recoverPanic(c, log, recover())
			logRequest(c, log, time.Since(start))
			if cut {
				panic(http.ErrAbortHandler)
			}
		}()
		c.Next()
	}
}

// recoverPanic deals with a panic. It tells whether the connection has to be cut,
// because half an answer is out and must not look like a whole one.
func recoverPanic(c *gin.Context, log *slog.Logger, cause any) (cut bool) {
	if cause == nil {
		return false
	}
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		return true
	}
	log.ErrorContext(c.Request.Context(), "panic", "cause", cause,
		"request_id", c.Writer.Header().Get(RequestIDHeader), "stack", string(debug.Stack()))
	if c.Writer.Written() {
		return true
	}
	problem.Write(c, problem.InternalError.New(""))
	return false
}

// logRequest is the one line of the access log. It is made by hand, because
// Logger.LogAttrs would look for its caller, whom nobody asks for.
func logRequest(c *gin.Context, log *slog.Logger, took time.Duration) {
	level := slog.LevelInfo
	err := c.Errors.Last()
	if err != nil && !errors.Is(err, context.Canceled) {
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
		slog.Int("status", c.Writer.Status()),
		slog.Duration("duration", took),
		slog.String("request_id", c.Writer.Header().Get(RequestIDHeader)),
	)
	if id := UserID(c); id != 0 {
		r.AddAttrs(slog.Int64("user_id", id))
	}
	if slug := problem.Written(c); slug != "" {
		r.AddAttrs(slog.String("problem", slug))
	}
	if level == slog.LevelError {
		r.AddAttrs(slog.String("err", err.Error()))
	}
	_ = log.Handler().Handle(ctx, r) // nobody is left to be told
}
