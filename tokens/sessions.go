package tokens

import (
	"context"
	"errors"
	"time"

	"restaurant/models"
)

// Sessions opens and renews login sessions, and ends those of which it is shown a
// token.
type Sessions struct {
	store      *models.Store
	authority  *Authority
	refreshTTL time.Duration
}

// NewSessions puts every session that the store ends on the authority's denylist,
// before the client gets a response, and those that ended before the start. Refresh
// tokens live for refreshTTL.
func NewSessions(ctx context.Context, store *models.Store, authority *Authority, refreshTTL time.Duration) (*Sessions, error) {
	deny := func(ended models.RevokedSession) {
		authority.denylist.Add(ended.ID, ended.AccessUntil.Time(), ended.EndReason)
	}
	store.OnSessionsEnded(func(ended []models.RevokedSession) {
		for _, e := range ended {
			deny(e)
		}
	})
	return &Sessions{store, authority, refreshTTL}, store.ListRevoked(ctx, deny)
}

// TokenPair is what a login or a refresh gives out.
type TokenPair struct {
	AccessToken      string
	ExpiresIn        time.Duration
	RefreshToken     string
	RefreshExpiresIn time.Duration
	Delivery         models.TokenDelivery
}

// Open opens a login session for a user whose password has just been checked. The
// access token lives for life. The error is models.ErrStale if the password was
// changed, or the account deleted, at the same moment.
func (s *Sessions) Open(ctx context.Context, u models.User, userAgent string, d models.TokenDelivery, life time.Duration) (TokenPair, error) {
	used := s.authority.clock.now()
	now := used.Add(s.authority.Ahead())
	refresh, hash := newRefreshToken()
	session := models.LoginSession{
		ID: NewID(), UserID: u.ID, Delivery: d, UserAgent: userAgent, CreatedAt: millis(used), LastUsedAt: millis(used),
		AccessUntil: millis(now.Add(life)), ExpiresAt: millis(now.Add(s.refreshTTL)),
	}
	u, err := s.store.OpenSession(ctx, u, session, hash)
	if err != nil {
		return TokenPair{}, err
	}
	access, err := s.authority.Issue(u, session.ID, now.Add(life))
	return TokenPair{access, life, refresh, s.refreshTTL, d}, err
}

// Refresh spends a refresh token and returns a new pair. The error is
// models.ErrRefreshInvalid, or models.ErrRefreshReused for a token that was
// spent before, whose session has then ended.
func (s *Sessions) Refresh(ctx context.Context, plain string) (TokenPair, error) {
	hash, ok := refreshHash(plain)
	if !ok {
		return TokenPair{}, models.ErrRefreshInvalid
	}
	used := s.authority.clock.now()
	now := used.Add(s.authority.Ahead())
	life := s.authority.Lifetime()
	expires := now.Add(life)
	refresh, newHash := newRefreshToken()
	session, u, err := s.store.Rotate(ctx, models.Rotation{
		Now: millis(now), UsedAt: millis(used), Hash: hash, NewHash: newHash, Life: s.refreshTTL, AccessUntil: millis(expires),
	})
	if err != nil {
		return TokenPair{}, err
	}
	access, err := s.authority.Issue(u, session.ID, expires)
	return TokenPair{access, life, refresh, session.ExpiresAt.Time().Sub(now).Round(time.Second), session.Delivery}, err
}

// EndByRefresh ends the login session of a refresh token, for a logout after the
// access token has expired. The error is models.ErrRefreshInvalid if there is none.
func (s *Sessions) EndByRefresh(ctx context.Context, plain string) error {
	hash, ok := refreshHash(plain)
	if !ok {
		return models.ErrRefreshInvalid
	}
	session, err := s.store.SessionOfRefresh(ctx, hash)
	if err == nil {
		err = s.store.EndSession(ctx, session.UserID, session.ID, models.EndLogout)
	}
	if errors.Is(err, models.ErrNotFound) { // also when another request has ended it meanwhile
		return models.ErrRefreshInvalid
	}
	return err
}

// IsRefreshAlive reports whether the session of a refresh token goes on. A token that was
// spent counts, because the browser may be getting its successor under the same name at this
// moment. While the database cannot tell, it may go on.
func (s *Sessions) IsRefreshAlive(ctx context.Context, plain string) bool {
	hash, ok := refreshHash(plain)
	if !ok {
		return false
	}
	alive, err := s.store.IsRefreshAlive(ctx, hash)
	return alive || err != nil
}

// EndByAccess ends the login session of an access token for the reason why, and
// reports whether it did. A token that is refused anyway ends nothing.
func (s *Sessions) EndByAccess(ctx context.Context, raw string, why models.EndReason) (bool, error) {
	p, refusal := s.authority.Verify(raw)
	if refusal != nil {
		return false, nil //nolint:nilerr // a refused token opens nothing that could be closed
	}
	err := s.store.EndSession(ctx, p.UserID, p.SessionID, why)
	if errors.Is(err, models.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func millis(t time.Time) models.Millis { return models.Millis(t.UnixMilli()) }
