package models

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// TokenDelivery says how the tokens of a login session reach the client.
type TokenDelivery string

// The three deliveries. A refresh by cookie uses that of its login.
const (
	DeliverBody          TokenDelivery = "body"
	DeliverRefreshCookie TokenDelivery = "refresh-cookie"
	DeliverCookies       TokenDelivery = "cookies"
)

// MaxSession is how long refreshing can extend a login session. Then the user must
// log in again (OWASP ASVS 5.0, 7.3.2).
const MaxSession = 30 * 24 * time.Hour

// LoginSession is one login. Its id is the sid claim.
type LoginSession struct {
	ID        string
	UserID    int64
	Delivery  TokenDelivery
	UserAgent string
	CreatedAt Millis `gorm:"autoCreateTime:false"`
	// LastUsedAt is the time of the last login or refresh.
	LastUsedAt Millis
	// AccessUntil is when the last of its access tokens expires.
	AccessUntil Millis
	// ExpiresAt is when its newest refresh token expires.
	ExpiresAt Millis
	EndedAt   *Millis
	// EndReason is why it ended early, or nil.
	EndReason *EndReason
}

// EndReason is why a login session ended before its time; empty if that is not known.
type EndReason string

// The reasons.
const (
	// EndLogout is a logout with one of the session's own tokens.
	EndLogout EndReason = "logout"
	// EndUser means that the user ended it, in the list of sessions.
	EndUser EndReason = "user"
	// EndPassword is a change of the password.
	EndPassword EndReason = "password"
	// EndRole is a change of role or VIP status.
	EndRole EndReason = "role"
	// EndReuse means that a refresh token was used twice.
	EndReuse EndReason = "reuse"
	// EndPlainHTTP means that an access token came over plain HTTP under TLS.
	EndPlainHTTP EndReason = "plain-http"
	// EndReset is a reset of all data.
	EndReset EndReason = "reset"
	// EndManager means that a manager ended it.
	EndManager EndReason = "manager"
	// EndRestore means that an older copy of the database was put back.
	EndRestore EndReason = "restore"
)

// EndReasons are all reasons.
var EndReasons = []EndReason{EndLogout, EndUser, EndPassword, EndRole, EndReuse, EndPlainHTTP, EndReset, EndManager, EndRestore}

// RefreshToken is a refresh token, by its hash.
type RefreshToken struct {
	Hash      string
	SessionID string
	ExpiresAt Millis
	SpentAt   *Millis
}

// RevokedSession is a login session that ended before its access tokens expire.
type RevokedSession struct {
	ID          string
	UserID      int64
	AccessUntil Millis
	EndReason   EndReason
}

// OnSessionsEnded makes fn receive the login sessions that a commit has ended,
// before the method that ended them returns, and those that Follow receives. There
// is one fn; it must not block, and must not keep the slice.
func (s *Store) OnSessionsEnded(fn func([]RevokedSession)) { s.sessionsEnded.Store(&fn) }

func (s *Store) reportEnded(ended []RevokedSession) {
	if fn := s.sessionsEnded.Load(); fn != nil && len(ended) > 0 {
		(*fn)(ended)
	}
}

// endedKey finds, in the context of a write, the list of the sessions it has ended.
type endedKey struct{}

// Why a refresh token is refused.
var (
	// ErrRefreshInvalid means that it is unknown, expired or of an ended session.
	ErrRefreshInvalid = errors.New("refresh token is not valid")
	// ErrRefreshReused means that it was spent before; its session has now ended.
	ErrRefreshReused = errors.New("refresh token was used before")
)

// OpenSession writes a new login session of u and its first refresh token. It
// returns the current u: the role may have changed since the password was checked.
// If the password has changed, or a reset has deleted the account, the error is ErrStale.
func (s *Store) OpenSession(ctx context.Context, u User, session LoginSession, refreshHash string) (now User, err error) {
	err = s.write(ctx, func(tx *gorm.DB) error {
		res := tx.Clauses(lockShare).Limit(1).Find(&now, u.ID)
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 || now.PasswordHash != u.PasswordHash {
			return ErrStale
		}
		if err := tx.Create(&session).Error; err != nil {
			return err
		}
		return tx.Create(&RefreshToken{Hash: refreshHash, SessionID: session.ID, ExpiresAt: session.ExpiresAt}).Error
	})
	return now, err
}

// lockShare prevents changes of a row until the transaction ends. A change of
// password or role ends all sessions of the user, and must not miss a new one.
// SQLite has one writer and ignores it.
var lockShare = clause.Locking{Strength: "SHARE"}

// spendToken spends a refresh token. All conditions are in the WHERE clause, so of
// concurrent requests exactly one succeeds.
const spendToken = `UPDATE refresh_tokens SET spent_at = @now
WHERE hash = @hash AND spent_at IS NULL AND expires_at > @now
	AND EXISTS (SELECT 1 FROM login_sessions s WHERE s.id = session_id AND s.ended_at IS NULL)
RETURNING *`

// Rotation is the replacement of a refresh token.
type Rotation struct {
	// Now decides what has expired.
	Now Millis
	// UsedAt is what the session records as the time of its last use.
	UsedAt Millis
	// Hash is the hash of the old token, NewHash of the new one.
	Hash, NewHash string
	// Life is the lifetime of the new token.
	Life time.Duration
	// AccessUntil is when the access token that will be issued expires.
	AccessUntil Millis
}

// Rotate spends a refresh token and writes the one that replaces it. If the token
// was spent before, it ends the session, and the error is ErrRefreshReused.
func (s *Store) Rotate(ctx context.Context, r Rotation) (LoginSession, User, error) {
	var session LoginSession
	var u User
	var refused error // not returned from the transaction, which must commit the end of the session
	err := s.write(ctx, func(tx *gorm.DB) error {
		var old RefreshToken
		res := tx.Raw(spendToken, map[string]any{"now": r.Now, "hash": r.Hash}).Scan(&old)
		if res.Error != nil {
			return res.Error
		}
		var err error
		if res.RowsAffected == 0 {
			refused, err = s.endReusedSession(tx, r)
			return err
		}
		if session, err = renew(tx, old.SessionID, r); err != nil {
			return err
		}
		return mapNotFound(tx.Take(&u, session.UserID).Error)
	})
	return session, u, errors.Join(err, refused)
}

// renewSession extends a session up to MaxSession, and never shortens access_until.
// It checks again that the session has not ended: another instance may have ended
// it since spendToken.
const renewSession = `UPDATE login_sessions SET last_used_at = @used,
	access_until = CASE WHEN access_until > @access THEN access_until ELSE @access END,
	expires_at = CASE WHEN created_at + @most < @expires THEN created_at + @most ELSE @expires END
WHERE id = @id AND ended_at IS NULL RETURNING *`

// renew extends the session and writes its new refresh token.
func renew(tx *gorm.DB, sid string, r Rotation) (LoginSession, error) {
	var session LoginSession
	res := tx.Raw(renewSession, map[string]any{
		"used": r.UsedAt, "access": r.AccessUntil, "expires": r.Now.Add(r.Life), "most": MaxSession.Milliseconds(), "id": sid,
	}).Scan(&session)
	if res.Error != nil {
		return session, res.Error
	}
	if res.RowsAffected == 0 {
		return session, ErrRefreshInvalid
	}
	return session, tx.Create(&RefreshToken{Hash: r.NewHash, SessionID: sid, ExpiresAt: session.ExpiresAt}).Error
}

// endReusedSession returns why a token could not be spent. One that was spent
// before has two holders, either of whom may be a thief, so its session ends.
func (s *Store) endReusedSession(tx *gorm.DB, r Rotation) (refused, err error) {
	var old RefreshToken
	res := tx.Where("hash = ?", r.Hash).Limit(1).Find(&old)
	if res.Error != nil || res.RowsAffected == 0 || old.SpentAt == nil {
		return ErrRefreshInvalid, res.Error
	}
	_, err = s.endSessions(tx, r.UsedAt, EndReuse, "id = ?", old.SessionID)
	return ErrRefreshReused, err
}

// SessionOfRefresh returns the session of an unspent refresh token, if neither has
// ended.
func (s *Store) SessionOfRefresh(ctx context.Context, hash string) (LoginSession, error) {
	var session LoginSession
	err := s.read(ctx).Raw(`SELECT s.* FROM login_sessions s JOIN refresh_tokens r ON r.session_id = s.id
		WHERE r.hash = ? AND r.spent_at IS NULL AND r.expires_at > ? AND s.ended_at IS NULL`, hash, Now()).Take(&session).Error
	return session, mapNotFound(err)
}

// IsRefreshAlive reports whether the session of a refresh token goes on. The token itself may
// be spent.
func (s *Store) IsRefreshAlive(ctx context.Context, hash string) (alive bool, err error) {
	err = s.read(ctx).Raw(`SELECT EXISTS (SELECT 1 FROM login_sessions s JOIN refresh_tokens r ON r.session_id = s.id
		WHERE r.hash = ? AND r.expires_at > ? AND s.ended_at IS NULL)`, hash, Now()).Scan(&alive).Error
	return alive, err
}

// maxSessionsListed bounds the list of a user who logs in again and again.
const maxSessionsListed = 200

// SessionsOf lists the login sessions of a user that have not ended, newest first.
func (s *Store) SessionsOf(ctx context.Context, userID int64) ([]LoginSession, error) {
	var sessions []LoginSession
	err := s.read(ctx).Where("user_id = ? AND ended_at IS NULL AND expires_at > ?", userID, Now()).
		Order("created_at DESC, id").Limit(maxSessionsListed).Find(&sessions).Error
	return sessions, err
}

// EndSession ends one login session of a user. If there is none with this id, it is
// another user's or has ended, the error is ErrNotFound.
func (s *Store) EndSession(ctx context.Context, userID int64, id string, why EndReason) error {
	return s.write(ctx, func(tx *gorm.DB) error {
		n, err := s.endSessions(tx, Now(), why, "user_id = ? AND id = ?", userID, id)
		if err == nil && n == 0 {
			return ErrNotFound
		}
		return err
	})
}

// EndSessions ends all login sessions of a user but one; an empty id ends all.
func (s *Store) EndSessions(ctx context.Context, userID int64, except string, why EndReason) error {
	return s.write(ctx, func(tx *gorm.DB) error {
		_, err := s.endSessions(tx, Now(), why, "user_id = ? AND id <> ?", userID, except)
		return err
	})
}

// endSessions ends the sessions that match where and returns their number. It works
// only within write, which then calls the function of OnSessionsEnded. Other
// instances are notified when the transaction commits.
func (s *Store) endSessions(tx *gorm.DB, now Millis, why EndReason, where string, args ...any) (n int, err error) {
	all := tx.Statement.Context.Value(endedKey{}).(*[]RevokedSession) // or no statement runs
	var ended []RevokedSession
	err = tx.Raw("UPDATE login_sessions SET ended_at = ?, end_reason = ? WHERE ended_at IS NULL AND "+where+" RETURNING id, user_id, access_until, end_reason",
		append([]any{now, why}, args...)...).Scan(&ended).Error
	if err != nil {
		return 0, err
	}
	*all = append(*all, ended...)
	return len(ended), s.notify(tx, notification{Ended: ended})
}

// ListRevoked calls each with every ended login session that may still have valid
// access tokens: there may be a million.
func (s *Store) ListRevoked(ctx context.Context, each func(RevokedSession)) error {
	for last := (RevokedSession{AccessUntil: Now() + 1}); ; {
		var page []RevokedSession
		err := s.read(ctx).Model(&LoginSession{}).Select("id, user_id, access_until, coalesce(end_reason, '') AS end_reason").
			Where("ended_at IS NOT NULL AND access_until >= ? AND (access_until, id) > (?, ?)", last.AccessUntil, last.AccessUntil, last.ID).
			Order("access_until, id").Limit(revokedBatch).Scan(&page).Error
		if err != nil {
			return err
		}
		for _, e := range page {
			each(e)
		}
		if len(page) < revokedBatch {
			return nil
		}
		last = page[len(page)-1]
	}
}

// revokedBatch keeps a statement shorter than the timeouts.
const revokedBatch = 20_000

// sweepBatch bounds how long a sweep delays other writes.
const sweepBatch = 500

// SweepSessions deletes up to sweepBatch login sessions of which no token can be
// valid any more, with their refresh tokens, and returns their number.
func (s *Store) SweepSessions(ctx context.Context) (int, error) {
	var n int64
	query := `WITH useless AS MATERIALIZED (SELECT id FROM login_sessions
			WHERE (expires_at <= @now OR ended_at IS NOT NULL) AND access_until <= @now LIMIT @n` + s.engine.dialect().skipLocked + `)
		DELETE FROM login_sessions WHERE id IN (SELECT id FROM useless)`
	err := s.write(ctx, func(tx *gorm.DB) error {
		res := tx.Exec(query, map[string]any{"now": Now(), "n": sweepBatch})
		n = res.RowsAffected
		return res.Error
	})
	return int(n), err
}

// AccessWatermarks returns when the last access token expires, and the time of the
// last login or refresh; both are 0 if there is no session.
func (s *Store) AccessWatermarks(ctx context.Context) (until, used Millis, err error) {
	var row struct{ Until, Used Millis }
	err = s.read(ctx).Raw(`SELECT coalesce((SELECT max(access_until) FROM login_sessions), 0) AS until,
		coalesce((SELECT max(last_used_at) FROM login_sessions), 0) AS used`).Scan(&row).Error
	return row.Until, row.Used, err
}

// ChangePassword replaces the password hash of u and ends all login sessions of the
// user except one. ErrStale means that the hash is no longer the one in u.
func (s *Store) ChangePassword(ctx context.Context, u User, hash, exceptSession string) error {
	return s.write(ctx, func(tx *gorm.DB) error {
		res := tx.Model(&User{}).Where("id = ? AND password_hash = ?", u.ID, u.PasswordHash).Update("password_hash", hash)
		if res.Error != nil {
			return res.Error
		}
		if res.RowsAffected == 0 {
			return ErrStale
		}
		_, err := s.endSessions(tx, Now(), EndPassword, "user_id = ? AND id <> ?", u.ID, exceptSession)
		return err
	})
}
