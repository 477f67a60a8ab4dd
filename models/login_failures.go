package models

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// LoginTally counts failed logins for all instances, under a key: an account, an
// address, or an account at an address.
type LoginTally struct {
	// Key is the SHA-256 of the key: what people type as their username is sometimes
	// their password.
	Key      string `gorm:"column:place;primaryKey"`
	Failures int32  // in a row
	LastAt   Millis
	// Trusted means that the key is an address from which the account has logged in.
	Trusted bool `gorm:"column:home"`
}

const (
	// TallyLife is how long a failed login counts if no other follows.
	TallyLife = time.Hour
	// trustedFor is how long an address is trusted without a login.
	trustedFor = MaxSession
)

// LoginTallies returns the tally of each key, in the same order.
func (s *Store) LoginTallies(ctx context.Context, keys ...string) ([]LoginTally, error) {
	tallies := make([]LoginTally, len(keys))
	hashes := make([]string, len(keys))
	for i, key := range keys {
		hashes[i] = keyHash(key)
	}
	var known []LoginTally
	if err := s.read(ctx).Find(&known, "place IN ?", hashes).Error; err != nil {
		return nil, err
	}
	for _, t := range known {
		tallies[slices.Index(hashes, t.Key)] = t
	}
	return tallies, nil
}

// CountFailedLogin adds one failure to each key.
func (s *Store) CountFailedLogin(ctx context.Context, keys ...string) error {
	now := Now()
	rows := make([]LoginTally, len(keys))
	for i, key := range keys {
		rows[i] = LoginTally{Key: keyHash(key), Failures: 1, LastAt: now}
	}
	slices.SortFunc(rows, func(a, b LoginTally) int { return strings.Compare(a.Key, b.Key) }) // avoids deadlocks
	increment := clause.OnConflict{Columns: []clause.Column{{Name: "place"}}, DoUpdates: clause.Assignments(map[string]any{
		"failures": gorm.Expr("CASE WHEN login_tallies.last_at < ? THEN 1 ELSE login_tallies.failures + 1 END", now.Add(-TallyLife)),
		"last_at":  now,
	})}
	return s.writeStatement(ctx, func(tx *gorm.DB) error { return tx.Clauses(increment).Create(&rows).Error })
}

// CountLogin clears the failures of key after a login and trusts the key trusted.
func (s *Store) CountLogin(ctx context.Context, key, trusted string) error {
	now := Now()
	trust := clause.OnConflict{
		Columns:   []clause.Column{{Name: "place"}},
		DoUpdates: clause.Assignments(map[string]any{"failures": 0, "last_at": now, "home": true}),
		Where: clause.Where{Exprs: []clause.Expression{ // a frequent login writes nothing
			gorm.Expr("login_tallies.failures > 0 OR NOT login_tallies.home OR login_tallies.last_at < ?", now.Add(-TallyLife)),
		}},
	}
	return s.write(ctx, func(tx *gorm.DB) error {
		err := tx.Clauses(trust).Create(&LoginTally{Key: keyHash(trusted), LastAt: now, Trusted: true}).Error
		if err != nil || key == trusted {
			return err
		}
		return tx.Delete(&LoginTally{Key: keyHash(key)}).Error
	})
}

// SweepLoginTallies deletes failures that no longer count, and trusted addresses
// without a login for long.
func (s *Store) SweepLoginTallies(ctx context.Context) error {
	now := Now()
	return s.writeStatement(ctx, func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM login_tallies WHERE NOT home AND last_at < ? OR home AND last_at < ?", now.Add(-TallyLife), now.Add(-trustedFor)).Error
	})
}

func keyHash(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}
