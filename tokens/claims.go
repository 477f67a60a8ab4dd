// Package tokens is the wristband: what is printed on it, who may print it, and
// how anybody can tell a genuine one from a forgery.
//
// Access tokens are JWTs (RFC 7519) signed with RS256. The private key never
// leaves this package; the public half is what the world checks with.
package tokens

import (
	"time"

	"restaurant/models"
	"restaurant/tokens/verify"
)

// What the rules for access tokens say is in verify; these are its names here.
const (
	Type        = verify.Type
	Audience    = verify.Audience
	MaxLifetime = verify.MaxLifetime
)

// ClientID is the client_id claim. Clients are not registered, so all share it.
const ClientID = "restaurant"

// MinLifetime is the shortest life a login may ask for.
const MinLifetime = 5 * time.Second

// Claims is the payload of an access token.
type Claims = verify.Claims

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

// Why a token is refused. Verify returns one of them, perhaps wrapped.
var (
	ErrMalformed        = verify.ErrMalformed
	ErrAlgorithm        = verify.ErrAlgorithm
	ErrKeyUnknown       = verify.ErrKeyUnknown
	ErrSignatureInvalid = verify.ErrSignatureInvalid
	ErrClaimsInvalid    = verify.ErrClaimsInvalid
	ErrExpired          = verify.ErrExpired
	ErrRevoked          = verify.ErrRevoked
)

// RevokedError is ErrRevoked with the reason for which the login session has ended; it
// is empty if it is not known.
type RevokedError struct{ Why models.EndReason }

func (e RevokedError) Error() string { return ErrRevoked.Error() + ": " + string(e.Why) }

// Unwrap returns ErrRevoked.
func (RevokedError) Unwrap() error { return ErrRevoked }
