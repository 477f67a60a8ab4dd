package tokens

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v4"

	"restaurant/models"
)

// Without strict decoding a signature would stay valid when its unused last bits are
// changed: two texts for one token.
func init() { jwt.DecodeStrict = true }

// Authority issues access tokens and verifies them.
type Authority struct {
	keys     *Keys
	issuer   string
	lifetime time.Duration
	denylist *Denylist
	clock    *clock
	advance  atomic.Int64 // how far Now is ahead of the clock, in nanoseconds
}

// NewAuthority makes an authority that issues tokens as issuer, an address such as
// http://localhost:8080. They live for lifetime unless a login asks for less.
func NewAuthority(keys *Keys, issuer string, lifetime time.Duration) *Authority {
	return &Authority{keys: keys, issuer: issuer, lifetime: lifetime, denylist: NewDenylist(), clock: keys.clock}
}

// Lifetime is the life of a token unless a login asks for less.
func (a *Authority) Lifetime() time.Duration { return a.lifetime }

// Issuer is the iss of the tokens that it issues.
func (a *Authority) Issuer() string { return a.issuer }

// Now is the time with which tokens are issued and checked. It never goes back.
func (a *Authority) Now() time.Time { return a.clock.now().Add(a.Ahead()) }

// Ahead is how far Advance has moved Now, 0 in real time.
func (a *Authority) Ahead() time.Duration { return time.Duration(a.advance.Load()) }

// MaxAhead is how far Advance moves Now at most.
const MaxAhead = 24 * time.Hour

// Advance moves Now ahead by d, which must be positive, until the program ends, and
// reports whether it did: not beyond MaxAhead in all. Only tokens follow it. What the
// database says of the past stays in real time, or a later start would take the
// advanced time for the true one.
func (a *Authority) Advance(d time.Duration) bool {
	for {
		ahead := a.advance.Load()
		if d <= 0 || d > MaxAhead-time.Duration(ahead) {
			return false
		}
		if a.advance.CompareAndSwap(ahead, ahead+int64(d)) {
			return true
		}
	}
}

// Denylist is the list of login sessions that have been ended.
func (a *Authority) Denylist() *Denylist { return a.denylist }

// Keys are the keys that the authority signs and verifies with.
func (a *Authority) Keys() *Keys { return a.keys }

// Issue signs an access token of a login session. exp holds whole seconds, so the
// rest of expires is cut off.
func (a *Authority) Issue(u models.User, sessionID string, expires time.Time) (string, error) {
	now := a.Now()
	adult := u.AgeOver18(now)
	return sign(a.keys.signingKey(), Claims{
		Issuer:    a.issuer,
		Audience:  Audience,
		Subject:   strconv.FormatInt(u.ID, 10),
		Name:      u.Name,
		Role:      u.Role,
		VIP:       &u.VIP,
		AgeOver18: &adult,
		ClientID:  ClientID,
		SessionID: sessionID,
		ID:        NewID(),
		IssuedAt:  now.Unix(),
		ExpiresAt: expires.Unix(),
	})
}

// NewID makes an id for a token or a login session: 96 random bits.
func NewID() string {
	id := make([]byte, 12)
	rand.Read(id) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(id)
}

type header struct {
	Algorithm string `json:"alg"`
	Type      string `json:"typ"`
	KeyID     string `json:"kid"`
}

// sign does not use jwt.Token, whose JSON escapes <, > and & into six characters each
// and could make the token longer than 900 bytes.
func sign(k *key, c Claims) (string, error) {
	head, err := json.Marshal(header{jwt.SigningMethodRS256.Alg(), Type, k.id})
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(payload)
	signature, err := jwt.SigningMethodRS256.Sign(text, k.private)
	return text + "." + signature, err
}

// Verify checks everything about an access token: form, algorithm, key, signature,
// claims, expiry and revocation. The error wraps one of Err….
func (a *Authority) Verify(raw string) (Principal, error) {
	if !WellFormed(raw) {
		return Principal{}, ErrMalformed
	}
	if _, err := jwt.NewParser(ParserOptions()...).Parse(raw, a.KeyFunc); err != nil {
		return Principal{}, classify(err)
	}
	return a.Principal(raw)
}

// ParserOptions keep two decisions from the JWT library: the algorithm, which it
// would take from the token, and the time claims, which Principal checks more
// strictly.
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

// KeyFunc finds the key that a token names. Nothing is verified yet, so it only
// refuses: an unknown key, and a header with any member beyond alg, typ and kid
// (crit, jku, jwk, x5u, zip …).
func (a *Authority) KeyFunc(t *jwt.Token) (any, error) {
	h, err := headerOf(t.Raw)
	if _, named := t.Header["kid"].(string); err != nil && named {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if public := a.keys.lookup(h.KeyID); err == nil && public != nil {
		return public, nil
	}
	return nil, ErrKeyUnknown
}

// headerOf decodes the header and refuses unknown and duplicate members: two readers
// must never understand one token differently.
func headerOf(raw string) (h header, err error) {
	return h, decode(raw, 0, &h, json.RejectUnknownMembers(true))
}

// clockSkew is how far the clock of another instance may be ahead of ours. Expiry
// gets no such tolerance.
const clockSkew = 5 * time.Second

// Principal checks the claims of a token whose signature has been verified.
func (a *Authority) Principal(verified string) (Principal, error) {
	h, err := headerOf(verified)
	var c Claims
	if err := errors.Join(err, decode(verified, 1, &c)); err != nil {
		return Principal{}, fmt.Errorf("%w: %w", ErrClaimsInvalid, err)
	}
	id, fault := a.checkClaims(h, c)
	if fault != "" {
		return Principal{}, fmt.Errorf("%w: %s", ErrClaimsInvalid, fault)
	}
	expires := time.Unix(c.ExpiresAt, 0)
	switch {
	case !a.Now().Before(expires):
		return Principal{}, ErrExpired
	case a.denylist.Has(c.SessionID):
		return Principal{}, RevokedError{a.denylist.Why(c.SessionID)}
	}
	return Principal{
		UserID: id, Name: c.Name, Role: c.Role, VIP: *c.VIP, AgeOver18: *c.AgeOver18,
		SessionID: c.SessionID, TokenID: c.ID, KeyID: h.KeyID, ExpiresAt: expires,
	}, nil
}

// StillValid reports whether a token that was accepted as p is valid at this moment. It
// checks what time can change: expiry, revocation and the key.
func (a *Authority) StillValid(p Principal) bool {
	return a.Now().Before(p.ExpiresAt) && !a.denylist.Has(p.SessionID) && a.keys.publicKey(p.KeyID) != nil
}

// issuerOf is the iss that tokens under a key must have: each instance issues in its
// own name only.
func (a *Authority) issuerOf(kid string) string {
	if remote, ok := a.keys.remoteIssuer(kid); ok {
		return remote
	}
	return a.issuer
}

// checkClaims returns the first claim that is not accepted, apart from expiry.
func (a *Authority) checkClaims(h header, c Claims) (userID int64, fault string) {
	id, err := strconv.ParseInt(c.Subject, 10, 64)
	soon := a.Now().Add(clockSkew).Unix()
	switch {
	case h.Type != Type:
		return 0, "typ"
	case c.Issuer != a.issuerOf(h.KeyID):
		return 0, "iss"
	case c.Audience != Audience:
		return 0, "aud"
	case err != nil || id < 1 || strconv.FormatInt(id, 10) != c.Subject:
		return 0, "sub"
	case c.Name == "":
		return 0, "name"
	case !c.Role.Valid():
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
