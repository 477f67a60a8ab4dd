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

// Audience is the aud claim. All instances share it, so any of them accepts the tokens
// of all.
const Audience = "restaurant"

// ClientID is the client_id claim. Clients are not registered, so all share it.
const ClientID = "restaurant"

// MaxLifetime is the longest life of an access token.
const MaxLifetime = 30 * time.Minute

// MinLifetime is the shortest life a login may ask for.
const MinLifetime = 5 * time.Second

// Claims is the payload of an access token. Anyone who holds the token can read it, so
// it contains nothing private: no birth date, no address, no password.
type Claims struct {
	// Issuer is the address of the server that issued the token (iss).
	Issuer string `json:"iss"`
	// Audience is for whom the token is meant (aud).
	Audience string `json:"aud"`
	// Subject is the user id, as a string (sub).
	Subject string `json:"sub"`
	// Name is how the user is addressed.
	Name string `json:"name"`
	// Role, VIP and AgeOver18 are what endpoints require. Pointers, because a missing
	// claim must not count as false.
	Role      models.Role `json:"role"`
	VIP       *bool       `json:"vip"`
	AgeOver18 *bool       `json:"age_over_18"`
	// ClientID is the program that asked for the token (client_id; RFC 9068, section 2.2).
	// All programs are one here, and nothing is decided by it.
	ClientID string `json:"client_id,omitzero"`
	// SessionID is the login session of the token (sid).
	SessionID string `json:"sid"`
	// ID is the id of this token, by which a log can name it (jti).
	ID string `json:"jti"`
	// IssuedAt and ExpiresAt are Unix seconds (iat, exp); NotBefore is optional (nbf).
	IssuedAt  int64  `json:"iat"`
	NotBefore *int64 `json:"nbf,omitzero"`
	ExpiresAt int64  `json:"exp"`
}

// Principal is the verified caller: the claims of a valid access token.
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

// Why a token is refused. Verify returns one of them, wrapped, and each has a problem
// slug of its own. A later one is found only if the earlier ones are not.
var (
	ErrMalformed        = errors.New("token is malformed")
	ErrAlgorithm        = errors.New("token algorithm is not RS256")
	ErrKeyUnknown       = errors.New("token key is not known")
	ErrSignatureInvalid = errors.New("token signature is invalid")
	ErrClaimsInvalid    = errors.New("token claims are not accepted")
	ErrExpired          = errors.New("token has expired")
	ErrRevoked          = errors.New("token has been revoked")
)

// RevokedError is ErrRevoked with the reason for which the login session has ended; it
// is empty if it is not known.
type RevokedError struct{ Why models.EndReason }

func (e RevokedError) Error() string { return ErrRevoked.Error() + ": " + string(e.Why) }

// Unwrap returns ErrRevoked.
func (RevokedError) Unwrap() error { return ErrRevoked }
