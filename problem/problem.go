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
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"restaurant/basepath"
)

// ContentType is the media type of a problem document (RFC 9457, section 6.1).
const ContentType = "application/problem+json"

// FieldError says what one field of a request accepts. The message never repeats
// the value: it may be a secret or an attack.
//
//	@Description	A field with a wrong value, and what it takes.
type FieldError struct {
	// Field is the path of the field, such as "items[0].quantity".
	Field string `json:"field" example:"items[0].quantity" validate:"required"`
	// Message says what the field takes.
	Message string `json:"message" example:"must be a whole number from 1 to 20" validate:"required"`
} //@name FieldError

// Problem is one problem (RFC 9457, section 3.1). It is an error, so handlers return
// it; its cause is for the log and cannot be serialised by accident.
//
//	@Description	A refusal (RFC 9457). Its type is the address of a page that explains it.
type Problem struct {
	// Type is the address of the page that explains this kind of refusal.
	Type string `json:"type" example:"/problems/not-found" validate:"required"`
	// Title names the kind. It is the same for all refusals of this kind.
	Title string `json:"title" example:"Nothing here" validate:"required"`
	// Status repeats the HTTP status code.
	Status int `json:"status" example:"404" minimum:"400" maximum:"599" validate:"required"`
	// Detail is a sentence about this refusal.
	Detail string `json:"detail" example:"There is nothing here with that number." validate:"required"`
	// Instance is the path of the request, without its query.
	Instance string `json:"instance" example:"/api/v1/orders/99" validate:"required"`
	// RequestID repeats the X-Request-ID header. Name it when you report a problem.
	RequestID string `json:"request_id" example:"7TQ2VJ6WYNRCXK3DPLZB5SAGHE" validate:"required"`
	// Errors lists the fields with wrong values, only for validation-failed.
	Errors []FieldError `json:"errors,omitzero"`
	// OAuthError is the error code of OAuth, only at login and refresh (RFC 6749, section 5.2).
	OAuthError string `json:"error,omitzero" example:"invalid_grant"`
	// OAuthDescription repeats the detail in ASCII, for OAuth clients.
	OAuthDescription string `json:"error_description,omitzero" example:"The name or the password is wrong."`

	kind       *Kind
	links      []string
	retryAfter time.Duration
	tokenError string // why the token of the request was refused; empty: it had none
	cause      error
} //@name Problem

// New makes a problem of this kind with a sentence about the occurrence, or the
// kind's meaning if detail is empty.
func (k *Kind) New(detail string) *Problem {
	if detail == "" {
		detail = k.Meaning
	}
	return &Problem{Type: "/problems/" + k.Slug, Title: k.Title, Status: k.Status, Detail: detail, kind: k, tokenError: k.tokenError}
}

// Fields adds errors of fields and returns p.
func (p *Problem) Fields(errs ...FieldError) *Problem {
	p.Errors = append(p.Errors, errs...)
	return p
}

// Because sets the cause, which only the log shows, and returns p.
func (p *Problem) Because(err error) *Problem {
	p.cause = err
	return p
}

// RefusesToken says for the client why a token is refused of which its kind knows nothing, and
// returns p. The text is ASCII without quotes.
func (p *Problem) RefusesToken(why string) *Problem {
	p.tokenError = why
	return p
}

// challenge returns the WWW-Authenticate header of a 401 (RFC 6750, section 3): the
// bare scheme if no token was sent, the reason if one was refused.
func (p *Problem) challenge() string {
	if p.tokenError == "" {
		return "Bearer"
	}
	return `Bearer error="invalid_token", error_description="` + p.tokenError + `"`
}

// RetryAfter sets how long the client should wait (RFC 9110, section 10.2.3), and
// returns p.
func (p *Problem) RetryAfter(d time.Duration) *Problem {
	p.retryAfter = d
	return p
}

// RetryAfterUnlessSet is RetryAfter for a problem that does not say it yet.
func (p *Problem) RetryAfterUnlessSet(d time.Duration) *Problem {
	if p.retryAfter == 0 {
		p.retryAfter = d
	}
	return p
}

// See adds addresses that may help, paths of this server or URLs, and returns p. The detail
// names them, too; a page makes links of them.
func (p *Problem) See(addresses ...string) *Problem {
	p.links = append(p.links, addresses...)
	return p
}

// Links returns the addresses of See.
func (p *Problem) Links() []string { return p.links }

// Error makes Problem an error; the log shows it.
func (p *Problem) Error() string {
	if p.cause == nil {
		return p.kind.Slug + ": " + p.Detail
	}
	return p.kind.Slug + ": " + p.cause.Error()
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.cause }

// Slug returns the stable name of the kind.
func (p *Problem) Slug() string { return p.kind.Slug }

const slugKey, pageKey = "problem.slug", "problem.page"

// Page writes a problem for people, with its status.
type Page func(c *gin.Context, p *Problem)

// AsPage lets Write answer this request with a page instead of a document.
func AsPage(c *gin.Context, page Page) { c.Set(pageKey, page) }

// Written returns the slug of the problem that a request was answered with, or "";
// the log names it.
func Written(c *gin.Context) string { return c.GetString(slugKey) }

// Write answers the request with the problem and aborts it.
func Write(c *gin.Context, p *Problem) {
	base := basepath.Of(c.Request)
	p.Type = base + p.Type
	p.Detail = basepath.InText(base, p.Detail)
	p.Instance = base + c.Request.URL.EscapedPath()
	if c.GetBool(oauthKey) {
		p.addOAuth()
	}
	for i, link := range p.links {
		if strings.HasPrefix(link, "/") {
			p.links[i] = base + link
		}
	}
	p.RequestID = c.Writer.Header().Get("X-Request-ID")
	h := c.Writer.Header()
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", p.challenge())
	}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	c.Set(slugKey, p.kind.Slug)
	h.Del("ETag")
	h.Set("Cache-Control", "no-store")
	c.Abort()
	if page, ok := c.Value(pageKey).(Page); ok {
		page(c, p)
		return
	}
	body, err := json.Marshal(p)
	if err != nil { // a problem holds only strings and numbers
		panic(err)
	}
	c.Data(p.Status, ContentType, append(body, '\n'))
}
