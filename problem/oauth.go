package problem

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

const oauthKey = "problem.oauth"

// ForOAuth makes a problem of this request carry the error members of OAuth, too
// (RFC 6749, section 5.2).
func ForOAuth(c *gin.Context) { c.Set(oauthKey, true) }

// addOAuth sets the members that an OAuth client reads.
func (p *Problem) addOAuth() {
	p.OAuthError = "invalid_request"
	switch p.Status {
	case http.StatusUnauthorized:
		p.OAuthError = "invalid_grant"
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusInternalServerError:
		p.OAuthError = "temporarily_unavailable"
	}
	text := p.Detail
	if len(p.Errors) > 0 { // of which the detail only says that they are there, and an OAuth client shows nothing else
		text = "Some fields cannot be taken."
	}
	for _, f := range p.Errors {
		if f.Field == "grant_type" {
			p.OAuthError = "unsupported_grant_type"
		}
		text += " " + f.Field + " " + f.Message + "."
	}
	p.OAuthDescription = strings.Map(descriptionRune, text)
}

// descriptionRune maps what error_description must not hold: quotes, backslashes and
// what is not ASCII.
func descriptionRune(r rune) rune {
	switch {
	case r == '"' || r == '\\' || r == '\u2019':
		return '\''
	case r < ' ' || r > '~':
		return -1
	}
	return r
}
