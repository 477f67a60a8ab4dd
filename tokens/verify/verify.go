package verify

import (
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v4"
)

// Without strict decoding a signature would stay valid when its unused last bits are
// changed: two texts for one token.
func init() { jwt.DecodeStrict = true }

// Keys are the public keys that a Verifier trusts.
type Keys interface {
	// Key returns the public key with this id (kid), or nil.
	Key(id string) *rsa.PublicKey
	// Issues reports whether tokens under the key with this id may be of the issuer: each
	// server issues in its own name only.
	Issues(id, issuer string) bool
}

// Verifier verifies access tokens.
type Verifier struct {
	Keys Keys
	// Now is the time for iat, nbf and exp.
	Now func() time.Time
	// Revoked returns nil, or an error that wraps ErrRevoked if the login session has ended.
	Revoked func(sessionID string) error
}

// Token is what a valid access token says.
type Token struct {
	Claims
	UserID int64
	KeyID  string // kid
}

// Verify checks everything about an access token: form, algorithm, key, signature,
// claims, expiry and revocation. SlugOf names the error.
func (v Verifier) Verify(raw string) (Token, error) {
	if !WellFormed(raw) {
		return Token{}, ErrMalformed
	}
	if _, err := jwt.NewParser(ParserOptions()...).Parse(raw, v.KeyFunc); err != nil {
		return Token{}, classify(err)
	}
	return v.Check(raw)
}

// ParserOptions keep two decisions from the JWT library: the algorithm, which it
// would take from the token, and the time claims, which Check checks more strictly.
func ParserOptions() []jwt.ParserOption {
	return []jwt.ParserOption{
		jwt.WithValidMethods([]string{jwt.SigningMethodRS256.Alg()}),
		jwt.WithoutClaimsValidation(),
	}
}

var compact = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$`)

// WellFormed reports whether the text has the compact form of RFC 7515, section 7.1:
// three base64url parts. The decoder alone would let line breaks pass.
func WellFormed(raw string) bool { return compact.MatchString(raw) }

// KeyFunc finds the key that a token names, for the JWT library. Nothing is verified yet,
// so it only refuses: an unknown key, and a header with any member beyond alg, typ and
// kid (crit, jku, jwk, x5u, zip …).
func (v Verifier) KeyFunc(t *jwt.Token) (any, error) {
	h, err := headerOf(t.Raw)
	if _, named := t.Header["kid"].(string); err != nil && named {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err == nil {
		if public := v.Keys.Key(h.KeyID); public != nil {
			return public, nil
		}
	}
	return nil, ErrKeyUnknown
}

// headerOf decodes the header and refuses unknown and duplicate members: two readers
// must never understand one token differently.
func headerOf(raw string) (h Header, err error) {
	return h, Decode(raw, 0, &h, json.RejectUnknownMembers(true))
}

var errNoSuchPart = errors.New("no such part")

// Decode decodes one part of a token, 0 the header and 1 the payload, without verifying
// anything. A member that is there twice is an error.
func Decode(raw string, part int, into any, opts ...json.Options) error {
	parts := strings.Split(raw, ".")
	if part >= len(parts) {
		return errNoSuchPart
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(parts[part])
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into, opts...)
}

// clockSkew is how far the clock of another server may be ahead of ours. Expiry
// gets no such tolerance.
const clockSkew = 5 * time.Second

// Check checks the claims, expiry and revocation of a token whose signature has been
// verified.
func (v Verifier) Check(verified string) (Token, error) {
	h, err := headerOf(verified)
	var c Claims
	if err := errors.Join(err, Decode(verified, 1, &c)); err != nil {
		return Token{}, fmt.Errorf("%w: %w", ErrClaimsInvalid, err)
	}
	now := v.Now()
	id, fault := v.checkClaims(h, c, now)
	switch {
	case fault == "iat" && c.IssuedAt > 0:
		return Token{}, ErrInFuture
	case fault != "":
		return Token{}, fmt.Errorf("%w: %s", ErrClaimsInvalid, fault)
	}
	if !now.Before(time.Unix(c.ExpiresAt, 0)) {
		return Token{}, ErrExpired
	}
	return Token{c, id, h.KeyID}, v.Revoked(c.SessionID)
}

// checkClaims returns the first claim that is not accepted, apart from expiry.
func (v Verifier) checkClaims(h Header, c Claims, now time.Time) (userID int64, fault string) {
	id, err := strconv.ParseInt(c.Subject, 10, 64)
	soon := now.Add(clockSkew).Unix()
	switch {
	case h.Type != Type:
		return 0, "typ"
	case !v.Keys.Issues(h.KeyID, c.Issuer):
		return 0, "iss"
	case c.Audience != Audience:
		return 0, "aud"
	case err != nil || id < 1 || strconv.FormatInt(id, 10) != c.Subject:
		return 0, "sub"
	case c.Name == "":
		return 0, "name"
	case !slices.Contains(Roles, c.Role):
		return 0, "role"
	case c.VIP == nil:
		return 0, "vip"
	case c.AgeOver18 == nil:
		return 0, "age_over_18"
	case c.SessionID == "":
		return 0, "sid"
	case c.ID == "":
		return 0, "jti"
	case c.IssuedAt < 1 || c.IssuedAt > soon:
		return 0, "iat"
	case c.NotBefore != nil && *c.NotBefore > soon:
		return 0, "nbf"
	case c.ExpiresAt <= c.IssuedAt || c.ExpiresAt-c.IssuedAt > int64(MaxLifetime.Seconds()):
		return 0, "exp"
	}
	return id, ""
}

// classify gives an error of the JWT library one of our names.
func classify(err error) error {
	for _, ours := range []error{ErrMalformed, ErrKeyUnknown} { // from KeyFunc
		if errors.Is(err, ours) {
			return ours
		}
	}
	v, ok := errors.AsType[*jwt.ValidationError](err)
	switch {
	case !ok || v.Errors&jwt.ValidationErrorMalformed != 0:
		return ErrMalformed
	case v.Inner == nil: // unknown, missing or disallowed algorithm: KeyFunc was not called
		return ErrAlgorithm
	}
	return ErrSignatureInvalid
}
