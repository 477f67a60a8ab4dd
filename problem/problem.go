// Package problem is the polite refusal: what the house says when it has to
// say no. Every refusal is an RFC 9457 problem document whose type is a page
// on this server that explains it and tells the guest what to do next.
//
// The kinds of refusal stand in kinds.go, in one table from which both the
// documents and their pages are made.
package problem

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
)

// ContentType is the media type of a problem document (RFC 9457, section 6.1).
const ContentType = "application/problem+json"

// FieldError says what one field of a request takes. The message never repeats
// the value that was sent: it may be a secret, and it may be an attack.
type FieldError struct {
	// Field is the path of the field, such as "items[0].quantity".
	Field string `json:"field" example:"items[0].quantity"`
	// Message says what the field takes.
	Message string `json:"message" example:"must be a whole number from 1 to 20"`
} //@name FieldError

// Problem is one refusal (RFC 9457, section 3.1). It is an error, so handlers
// return it; its cause is for the log and can't be serialised by accident.
type Problem struct {
	// Type is the address of the page that explains this kind of refusal.
	Type string `json:"type" example:"/problems/not-found"`
	// Title names the kind; it is the same for every occurrence.
	Title string `json:"title" example:"Nothing here"`
	// Status repeats the HTTP status code.
	Status int `json:"status" example:"404"`
	// Detail is a sentence about this occurrence.
	Detail string `json:"detail" example:"There is nothing here under that number."`
	// Instance is the path of the request, without its query.
	Instance string `json:"instance" example:"/api/v1/orders/99"`
	// RequestID repeats the X-Request-ID header, to be quoted in a report.
	RequestID string `json:"request_id" example:"7TQ2VJ6WYNRCXK3DPLZB5SAGHE"`
	// Errors lists the fields that did not pass, for validation-failed only.
	Errors []FieldError `json:"errors,omitzero"`

	kind       *Kind
	retryAfter time.Duration
	cause      error
} //@name Problem

// New makes a problem of this kind with a sentence about the occurrence. An
// empty detail takes the kind's own meaning.
func (k *Kind) New(detail string) *Problem {
	if detail == "" {
		detail = k.Meaning
	}
	return &Problem{Type: "/problems/" + k.Slug, Title: k.Title, Status: k.Status, Detail: detail, kind: k}
}

// Fields adds what is wrong with the fields of a request.
func (p *Problem) Fields(errs ...FieldError) *Problem {
	p.Errors = append(p.Errors, errs...)
	return p
}

// Because keeps the cause for the log. No client ever sees it.
func (p *Problem) Because(err error) *Problem {
	p.cause = err
	return p
}

// RetryAfter tells the guest how long to wait (RFC 9110, section 10.2.3).
func (p *Problem) RetryAfter(d time.Duration) *Problem {
	p.retryAfter = d
	return p
}

// Error makes a problem an error; it is what the log shows.
func (p *Problem) Error() string {
	if p.cause == nil {
		return p.kind.Slug + ": " + p.Detail
	}
	return p.kind.Slug + ": " + p.cause.Error()
}

// Unwrap gives the cause to errors.Is and errors.As.
func (p *Problem) Unwrap() error { return p.cause }

// Slug is the stable name of the kind.
func (p *Problem) Slug() string { return p.kind.Slug }

// slugKey is where Written finds the slug.
const slugKey = "problem.slug"

// Written is the slug of the problem that a request was answered with, or empty;
// the log names it.
func Written(c *gin.Context) string { return c.GetString(slugKey) }

// Write answers the request with the problem and ends it.
func Write(c *gin.Context, p *Problem) {
	p.Instance = c.Request.URL.EscapedPath()
	p.RequestID = c.Writer.Header().Get("X-Request-ID")
	body, err := json.Marshal(p)
	if err != nil { // a problem holds only strings and numbers
		panic(err)
	}
	h := c.Writer.Header()
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", p.kind.challenge())
	}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	c.Set(slugKey, p.kind.Slug)
	h.Del("ETag")
	h.Set("Cache-Control", "no-store")
	c.Abort()
	c.Data(p.Status, ContentType, append(body, '\n'))
}
