package tokens

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v4"

	"restaurant/models"
	"restaurant/tokens/verify"
)

// Authority issues access tokens and verifies them.
type Authority struct {
	keys     *Keys
	issuer   string
	lifetime atomic.Int64 // in nanoseconds
	longest  atomic.Int64 // that lifetime was
	denylist *Denylist
	clock    *clock
	verifier verify.Verifier
	advance  atomic.Int64 // how far Now is ahead of the clock, in nanoseconds
}

// NewAuthority makes an authority that issues tokens as issuer, an address such as
// http://localhost:8080. They live for lifetime unless a login asks for less.
func NewAuthority(keys *Keys, issuer string, lifetime time.Duration) *Authority {
	a := &Authority{keys: keys, issuer: issuer, denylist: NewDenylist(), clock: keys.clock}
	a.SetLifetime(lifetime)
	a.verifier = verify.Verifier{Keys: trusted{a}, Now: a.Now, Revoked: a.revoked}
	return a
}

// Lifetime is the life of a token unless a login asks for less.
func (a *Authority) Lifetime() time.Duration { return time.Duration(a.lifetime.Load()) }

// SetLifetime changes the life of new tokens, from MinLifetime to MaxLifetime.
func (a *Authority) SetLifetime(d time.Duration) {
	a.lifetime.Store(int64(d))
	for longest := a.longest.Load(); int64(d) > longest; longest = a.longest.Load() {
		a.longest.CompareAndSwap(longest, int64(d))
	}
}

// LongestLifetime is the longest life that tokens of this process were given.
func (a *Authority) LongestLifetime() time.Duration { return time.Duration(a.longest.Load()) }

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
	return sign(a.keys.signingKey(), Type, Claims{
		Issuer:    a.issuer,
		Audience:  Audience,
		Subject:   strconv.FormatInt(u.ID, 10),
		Name:      u.Name,
		Role:      string(u.Role),
		VIP:       &u.VIP,
		AgeOver18: &adult,
		ClientID:  ClientID,
		SessionID: sessionID,
		ID:        NewID(),
		IssuedAt:  now.Unix(),
		ExpiresAt: expires.Unix(),
	})
}

// documentType is the typ header of a document. It names the kind, so that nobody takes one
// kind for another, or for an access token (RFC 8725, section 3.11).
func documentType(kind string) string { return kind + "+jwt" }

// SignDocument signs a document, as JSON, with the current key: a JWS that anybody can
// check with the public keys, and that no call accepts as a token. The kind is a word, such
// as certificate.
func (a *Authority) SignDocument(kind string, document any) (string, error) {
	return sign(a.keys.signingKey(), documentType(kind), document)
}

// VerifyDocument checks the signature of what SignDocument has signed as this kind, and
// decodes it.
func (a *Authority) VerifyDocument(kind, signed string, into any) error {
	if !verify.WellFormed(signed) {
		return verify.ErrMalformed
	}
	if _, err := jwt.NewParser(verify.ParserOptions()...).Parse(signed, a.verifier.KeyFunc); err != nil {
		return err
	}
	var h verify.Header
	if err := verify.Decode(signed, 0, &h); err != nil || h.Type != documentType(kind) {
		return verify.ErrMalformed // an access token, or another kind
	}
	return verify.Decode(signed, 1, into)
}

// NewID makes an id for a token or a login session: 96 random bits.
func NewID() string {
	id := make([]byte, 12)
	rand.Read(id) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(id)
}

// sign does not use jwt.Token, whose JSON escapes <, > and & into six characters each
// and could make the token longer than 900 bytes.
func sign(k *key, kind string, c any) (string, error) {
	head, err := json.Marshal(verify.Header{Algorithm: jwt.SigningMethodRS256.Alg(), Type: kind, KeyID: k.id})
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
	t, err := a.verifier.Verify(raw)
	return principalOf(t, err)
}

// Refusal is the slug with which Verify refuses a token, or "" if it does not.
func (a *Authority) Refusal(raw string) string {
	if _, err := a.Verify(raw); err != nil {
		return verify.SlugOf(err)
	}
	return ""
}

// KeyFunc finds the key that a token names, for the JWT library.
func (a *Authority) KeyFunc(t *jwt.Token) (any, error) { return a.verifier.KeyFunc(t) }

// Principal checks the claims of a token whose signature has been verified.
func (a *Authority) Principal(verified string) (Principal, error) {
	t, err := a.verifier.Check(verified)
	return principalOf(t, err)
}

func principalOf(t verify.Token, err error) (Principal, error) {
	if err != nil {
		return Principal{}, err
	}
	return Principal{
		UserID: t.UserID, Name: t.Name, Role: models.Role(t.Role), VIP: *t.VIP, AgeOver18: *t.AgeOver18,
		SessionID: t.SessionID, TokenID: t.ID, KeyID: t.KeyID, ExpiresAt: time.Unix(t.ExpiresAt, 0),
	}, nil
}

// revoked returns nil, or why the login session has ended.
func (a *Authority) revoked(sid string) error {
	if !a.denylist.Has(sid) {
		return nil
	}
	return RevokedError{a.denylist.Why(sid)}
}

// trusted are the keys of an authority as its verifier sees them.
type trusted struct{ *Authority }

// Key looks up the key, if need be in the database.
func (t trusted) Key(kid string) *rsa.PublicKey { return t.keys.lookup(kid) }

// Issues reports whether a key is of the instance with this iss.
func (t trusted) Issues(kid, issuer string) bool { return issuer == t.issuerOf(kid) }

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
