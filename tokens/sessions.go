package tokens

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"time"

	"restaurant/models"
)

// Sessions opens, renews and ends login sessions. Whatever ends here is in the
// order book and on the denylist before the guest gets an answer.
type Sessions struct {
	store     *models.Store
	authority *Authority
	life      time.Duration // of a refresh token
}

// NewSessions makes the desk at which sessions are kept; refresh tokens live for
// life. Sessions that ended before the house was closed come back onto the
// denylist.
func NewSessions(ctx context.Context, store *models.Store, authority *Authority, life time.Duration) (*Sessions, error) {
	s := &Sessions{store: store, authority: authority, life: life}
	return s, store.ListRevoked(ctx, s.deny)
}

// TokenPair is what a login or a refresh gives out.
type TokenPair struct {
	AccessToken      string
	ExpiresIn        time.Duration
	RefreshToken     string
	RefreshExpiresIn time.Duration
	Delivery         models.TokenDelivery
}

// refreshBytes is the length of a refresh token: 256 random bits.
const refreshBytes = 32

func newRefreshToken() (plain, hash string) {
	raw := make([]byte, refreshBytes)
	rand.Read(raw) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(raw), hashOf(raw)
}

// hashOf is what is stored of a refresh token. It is random through and through,
// so a fast hash is enough: there is nothing to guess.
func hashOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// refreshHash gives the hash of a token that came back, or false if it has not
// the form of one.
func refreshHash(plain string) (string, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(plain)
	// The length of the text counts, too: the decoder skips line breaks.
	return hashOf(raw), err == nil && len(raw) == refreshBytes && len(plain) == base64.RawURLEncoding.EncodedLen(refreshBytes)
}

// Open opens a login session for a user who has just proved who they are. The
// access token lives for life, which may be shorter than the house's. The error
// is models.ErrStale if the password was changed at the same moment.
func (s *Sessions) Open(ctx context.Context, u models.User, userAgent string, d models.TokenDelivery, life time.Duration) (TokenPair, error) {
	now := s.authority.clock.now()
	refresh, hash := newRefreshToken()
	session := models.LoginSession{
		ID: NewID(), UserID: u.ID, Delivery: d, UserAgent: userAgent, CreatedAt: millis(now), LastUsedAt: millis(now),
		AccessUntil: millis(now.Add(life)), ExpiresAt: millis(now.Add(s.life)),
	}
	u, err := s.store.OpenSession(ctx, u, session, hash)
	if err != nil {
		return TokenPair{}, err
	}
	access, err := s.authority.issueUntil(u, session.ID, now.Add(life))
	return TokenPair{access, life, refresh, s.life, d}, err
}

// Refresh takes a refresh token and gives a new pair. The error is
// models.ErrRefreshInvalid, or models.ErrRefreshReused for a token that was
// spent before, whose session has then ended.
func (s *Sessions) Refresh(ctx context.Context, plain string) (TokenPair, error) {
	hash, ok := refreshHash(plain)
	if !ok {
		return TokenPair{}, models.ErrRefreshInvalid
	}
	now := s.authority.clock.now()
	expires := now.Add(s.authority.lifetime)
	refresh, newHash := newRefreshToken()
	session, u, ended, err := s.store.Rotate(ctx, models.Rotation{
		Now: millis(now), Hash: hash, NewHash: newHash, Life: s.life, AccessUntil: millis(expires),
	})
	s.Revoke(ended)
	if err != nil {
		return TokenPair{}, err
	}
	access, err := s.authority.issueUntil(u, session.ID, expires)
	return TokenPair{access, s.authority.lifetime, refresh, session.ExpiresAt.Time().Sub(now).Round(time.Second), session.Delivery}, err
}

// List lists the living login sessions of a user, newest first.
func (s *Sessions) List(ctx context.Context, userID int64) ([]models.LoginSession, error) {
	return s.store.SessionsOf(ctx, userID)
}

// End ends one login session of a user; models.ErrNotFound if they have none
// with this id.
func (s *Sessions) End(ctx context.Context, userID int64, id string) error {
	ended, err := s.store.EndSession(ctx, userID, id)
	s.Revoke(ended)
	return err
}

// EndAll ends all login sessions of a user but one; an empty id ends all.
func (s *Sessions) EndAll(ctx context.Context, userID int64, except string) error {
	ended, err := s.store.EndSessions(ctx, userID, except)
	s.Revoke(ended)
	return err
}

// EndByRefresh ends the login session of a refresh token, for a guest who leaves
// when the access token has expired already.
func (s *Sessions) EndByRefresh(ctx context.Context, plain string) error {
	hash, ok := refreshHash(plain)
	if !ok {
		return models.ErrRefreshInvalid
	}
	session, err := s.store.SessionOfRefresh(ctx, hash)
	if errors.Is(err, models.ErrNotFound) {
		return models.ErrRefreshInvalid
	}
	if err != nil {
		return err
	}
	return s.End(ctx, session.UserID, session.ID)
}

// ChangePassword stores a new password hash and ends all other login sessions of
// the user.
func (s *Sessions) ChangePassword(ctx context.Context, u models.User, hash, except string) error {
	ended, err := s.store.ChangePassword(ctx, u, hash, except)
	s.Revoke(ended)
	return err
}

// ChangeUser changes a user; a change of role or VIP status ends their sessions.
func (s *Sessions) ChangeUser(ctx context.Context, id int64, ch models.UserChanges) (models.User, error) {
	u, ended, err := s.store.UpdateUser(ctx, id, ch)
	s.Revoke(ended)
	return u, err
}

// Reset puts the house back to its first day, and ends all login sessions.
func (s *Sessions) Reset(ctx context.Context, day models.SeedState) error {
	ended, err := s.store.ResetTo(ctx, day)
	s.Revoke(ended)
	return err
}

// RevokePlaintext ends the login session of a wristband that was carried openly over
// the street, if it is one of ours, and tells whether it was.
func (s *Sessions) RevokePlaintext(ctx context.Context, raw string) (bool, error) {
	p, refusal := s.authority.Verify(raw)
	if refusal != nil {
		return false, nil //nolint:nilerr // it opens no door, so nothing was given away
	}
	ended, err := s.store.EndSession(ctx, p.UserID, p.SessionID)
	s.Revoke(ended)
	return len(ended) > 0, ignoreNotFound(err)
}

func ignoreNotFound(err error) error {
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	return err
}

// Revoke puts ended sessions on the denylist. It comes after the order book: what
// is in memory is always in the book, too.
func (s *Sessions) Revoke(ended []models.RevokedSession) {
	for _, e := range ended {
		s.deny(e)
	}
}

func (s *Sessions) deny(e models.RevokedSession) {
	s.authority.denylist.Add(e.ID, e.AccessUntil.Time())
}

func millis(t time.Time) models.Millis { return models.Millis(t.UnixMilli()) }
