// Package tokens is the wristband: what is printed on it, who may print it, and
// how anybody can tell a genuine one from a forgery.
//
// Access tokens are JWTs (RFC 7519) signed with RS256. The private key never
// leaves this package; the public half is what the world checks with.
package tokens

import (
	"errors"
	"time"

	"restaurant/models"
)

// Type is the typ header of an access token (RFC 9068, section 2.1).
const Type = "at+jwt"

// Audience is the aud claim: all branches of the restaurant share it, so one
// wristband opens every branch.
const Audience = "restaurant"

// MaxLifetime is the longest life any access token may have.
const MaxLifetime = 30 * time.Minute

// MinLifetime is the shortest life a login may ask for.
const MinLifetime = 5 * time.Second

// Claims is what is printed on a wristband. Everybody who holds it can read it,
// so it holds nothing that its wearer would not say aloud: no birth date, no
// address, and of course no password.
type Claims struct {
	// Issuer is the address of the house that issued the token (iss).
	Issuer string `json:"iss"`
	// Audience names for whom the token is meant (aud).
	Audience string `json:"aud"`
	// Subject is the user id, as a string (sub).
	Subject string `json:"sub"`
	// Name is what the waiter calls the guest.
	Name string `json:"name"`
	// Role, VIP and AgeOver18 are what the doors ask about. Pointers, because a
	// claim that is missing must not count as "no".
	Role      models.Role `json:"role"`
	VIP       *bool       `json:"vip"`
	AgeOver18 *bool       `json:"age_over_18"`
	// SessionID names the login session to which the token belongs (sid).
	SessionID string `json:"sid"`
	// ID names this one token, so that a log can speak of it without holding it (jti).
	ID string `json:"jti"`
	// IssuedAt and ExpiresAt are Unix seconds (iat, exp); NotBefore is optional (nbf).
	IssuedAt  int64  `json:"iat"`
	NotBefore *int64 `json:"nbf,omitzero"`
	ExpiresAt int64  `json:"exp"`
}

// Principal is who stands at the door after the wristband was checked: claims
// that are now trusted, in types that cannot be misread.
type Principal struct {
	UserID    int64
	Name      string
	Role      models.Role
	VIP       bool
	AgeOver18 bool
	SessionID string
	TokenID   string
	KeyID     string // kid
	ExpiresAt time.Time
}

// Why a token is refused. Verify returns one of them, wrapped; each has its own
// problem slug, and later ones are found only when the earlier ones are not.
var (
	ErrMalformed        = errors.New("token is malformed")
	ErrAlgorithm        = errors.New("token algorithm is not RS256")
	ErrKeyUnknown       = errors.New("token key is not known")
	ErrSignatureInvalid = errors.New("token signature is invalid")
	ErrClaimsInvalid    = errors.New("token claims are not accepted")
	ErrExpired          = errors.New("token has expired")
	ErrRevoked          = errors.New("token has been revoked")
)
