// Package verify is the look at a wristband: anybody who has the public keys can tell a
// genuine one from a forgery, without a guest list.
//
// It holds the rules for access tokens (RFC 9068), and nothing that could issue one. It
// knows no database and no private key, so that a program elsewhere can use it.
package verify

import (
	"errors"
	"fmt"
	"time"
)

// Type is the typ header of an access token (RFC 9068, section 2.1).
const Type = "at+jwt"

// Audience is the aud claim. All instances share it, so any of them accepts the tokens
// of all.
const Audience = "restaurant"

// MaxLifetime is the longest life of an access token.
const MaxLifetime = 30 * time.Minute

// Header is the header of an access token. It has no other members.
type Header struct {
	Algorithm string `json:"alg"`
	Type      string `json:"typ"`
	KeyID     string `json:"kid"`
}

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
	Role      string `json:"role"`
	VIP       *bool  `json:"vip"`
	AgeOver18 *bool  `json:"age_over_18"`
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

// Roles are the values of the role claim.
var Roles = []string{"guest", "chef", "manager"}

// Refusal is why a token is refused.
type Refusal struct {
	// Slug is the stable name of the problem that the client is told.
	Slug string
	text string
}

func (r *Refusal) Error() string { return r.text }

// Why a token is refused. Verify returns one of them, perhaps wrapped. A later one is
// found only if the earlier ones are not.
var (
	ErrMalformed        = &Refusal{"token-malformed", "token is malformed"}
	ErrAlgorithm        = &Refusal{"token-algorithm-refused", "token algorithm is not RS256"}
	ErrKeyUnknown       = &Refusal{"token-key-unknown", "token key is not known"}
	ErrSignatureInvalid = &Refusal{"token-signature-invalid", "token signature is invalid"}
	ErrClaimsInvalid    = &Refusal{"token-claims-invalid", "token claims are not accepted"}
	ErrExpired          = &Refusal{"token-expired", "token has expired"}
	ErrRevoked          = &Refusal{"token-revoked", "token has been revoked"}
)

// ErrInFuture is an ErrClaimsInvalid: the clock of its issuer is ahead of ours.
var ErrInFuture = fmt.Errorf("%w: iat is in the future", ErrClaimsInvalid)

// SlugOf returns the slug of the problem for an error of Verify.
func SlugOf(err error) string {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.Slug
	}
	return ErrMalformed.Slug
}
