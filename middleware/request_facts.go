package middleware

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"restaurant/models"
	"restaurant/problem"
	"restaurant/tokens"
)

// What a Fact says of a request's token, apart from the slug of a refusal.
const (
	TokenNone  = "none"
	TokenValid = "valid"
)

// RequestFacts is what may be told of a request when its answer is about to go out. It
// never holds a token, a password, a path that a client made up, or a body.
type RequestFacts struct {
	// Method and Route are bounded, as in the access log; Route is the pattern.
	Method, Route string
	Status        int
	// Problem is the slug of the refusal, or empty.
	Problem string
	// UserID is who asked, or who has logged in; 0 for nobody. A login that was
	// refused is nobody's, or it would tell who has an account.
	UserID int64
	// Role, VIP and AgeOver18 stand on a token that holds.
	Role           models.Role
	VIP, AgeOver18 bool
	// Token is TokenNone, TokenValid, or the slug with which it was refused.
	Token string
	// TokenID is the jti, as it stands on the token also where that is refused.
	TokenID string
	// OrderStatus and Subject are what a handler noted, see NoteOrder and NoteSubject.
	OrderStatus models.Status
	Subject     string
}

// FactsOf tells the fact of a request whose answer is decided.
func FactsOf(c *gin.Context) RequestFacts {
	f := RequestFacts{
		Method: method(c), Route: route(c), Status: c.Writer.Status(), Problem: problem.Written(c),
		Token: TokenNone,
	}
	if f.Status < http.StatusBadRequest {
		f.UserID = c.GetInt64(userKey)
	}
	if p, ok := principal(c); ok {
		f.UserID, f.Token, f.TokenID, f.Role, f.VIP, f.AgeOver18 = p.UserID, TokenValid, p.TokenID, p.Role, p.VIP, p.AgeOver18
	} else if f.Status == http.StatusUnauthorized && strings.HasPrefix(f.Problem, "token-") {
		f.Token, f.TokenID = f.Problem, tokens.UnverifiedID(verified(c))
	}
	if t, ok := c.Value(timingKey).(*timing); ok {
		f.OrderStatus, f.Subject = t.orderStatus, t.subject
	}
	return f
}

// SetOrder says for the fact which status an answer shows of an order.
func SetOrder(c *gin.Context, s models.Status) {
	if t, ok := c.Value(timingKey).(*timing); ok {
		t.orderStatus = s
	}
}

// SetSubject says for the fact of whom the token speaks that a request asked
// about. Nobody has verified it.
func SetSubject(c *gin.Context, sub string) {
	if t, ok := c.Value(timingKey).(*timing); ok {
		t.subject = sub
	}
}
