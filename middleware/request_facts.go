package middleware

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"restaurant/models"
	"restaurant/problem"
	"restaurant/tokens"
)

// requestFacts is what handlers and middleware note about a request for the log,
// Server-Timing and the lessons. It never holds a token, a password or a body.
type requestFacts struct {
	loginUser   int64 // who has logged in without an access token
	authStart   time.Time
	authTime    time.Duration
	sql         *models.Statements
	orderStatus models.Status
	subject     string
	active      bool
	foreign     bool
	// cookieRefusal is why a cookie did not count.
	cookieRefusal *problem.Problem
}

type factsKey struct{}

// withFacts gives a request facts, in its context: a map of gin for each request would cost more.
func withFacts(ctx context.Context) (context.Context, *requestFacts) {
	f := new(requestFacts)
	return context.WithValue(ctx, factsKey{}, f), f
}

func factsOf(c *gin.Context) *requestFacts {
	f, ok := c.Request.Context().Value(factsKey{}).(*requestFacts)
	if !ok {
		var ctx context.Context
		ctx, f = withFacts(c.Request.Context())
		c.Request = c.Request.WithContext(ctx)
	}
	return f
}

// SetUser notes who a login without an access token turned out to be.
func SetUser(c *gin.Context, id int64) { factsOf(c).loginUser = id }

// UserID is who sent the request or has logged in with it; 0 for neither.
func UserID(c *gin.Context) int64 {
	if p, ok := principal(c); ok {
		return p.UserID
	}
	return factsOf(c).loginUser
}

// SetOrder notes which status of an order the response shows.
func SetOrder(c *gin.Context, s models.Status) { factsOf(c).orderStatus = s }

// OrderStatus is the status that SetOrder has noted, or empty.
func OrderStatus(c *gin.Context) models.Status { return factsOf(c).orderStatus }

// SetInspected notes the sub of a token that the request asked about, whose signature is
// right, and whether guards would take the token.
func SetInspected(c *gin.Context, sub string, active bool) {
	f := factsOf(c)
	f.subject, f.active = sub, active
}

// Inspected is what SetInspected has noted, or empty.
func Inspected(c *gin.Context) (sub string, active bool) {
	f := factsOf(c)
	return f.subject, f.active
}

// UnverifiedTokenID is the jti of an access token that was refused, or empty.
func UnverifiedTokenID(c *gin.Context) string { return tokens.UnverifiedID(c.Param(tokenParam)) }

// Route is the pattern that matched, or "none": what is logged and counted has a
// bounded number of values and holds nothing that a client made up.
func Route(c *gin.Context) string {
	if path := c.FullPath(); path != "" {
		return path
	}
	return "none"
}

// Method is the request's method, or "other" for one that a client made up.
func Method(c *gin.Context) string {
	switch m := c.Request.Method; m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}
