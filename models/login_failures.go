package models

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// LoginTally is what the branches of a house know together about failed logins
// in one place: an account, an address, or an account at an address.
type LoginTally struct {
	// Place is the SHA-256 of the name of the place: what people type into the
	// field for their name is sometimes their password.
	Place    string `gorm:"primaryKey"`
	Failures int32  // in a row
	LastAt   Millis
	// Trusted tells that the place is an address from which somebody has logged in to
	// the account.
	Trusted bool `gorm:"column:home"`
}

const (
	// TallyLife is how long a failed login counts when no other follows.
	TallyLife = time.Hour
	// trustedFor is how long an address is somebody's home without a login.
	trustedFor = MaxSession
)

// LoginTallies are the tallies of the places, in their order.
func (s *Store) LoginTallies(ctx context.Context, places ...string) ([]LoginTally, error) {
	tallies := make([]LoginTally, len(places))
	hashes := make([]string, len(places))
	for i, place := range places {
		hashes[i] = placeHash(place)
	}
	var known []LoginTally
	if err := s.read(ctx).Find(&known, "place IN ?", hashes).Error; err != nil {
		return nil, err
	}
	for _, t := range known {
		tallies[slices.Index(hashes, t.Place)] = t
	}
	return tallies, nil
}

// CountFailedLogin adds one to the failures of each place.
func (s *Store) CountFailedLogin(ctx context.Context, places ...string) error {
	now := Now()
	rows := make([]LoginTally, len(places))
	for i, place := range places {
		rows[i] = LoginTally{Place: placeHash(place), Failures: 1, LastAt: now}
	}
	slices.SortFunc(rows, func(a, b LoginTally) int { // so that no two wait for each other
		return slices.Compare([]byte(a.Place), []byte(b.Place))
	})
	more := clause.OnConflict{Columns: []clause.Column{{Name: "place"}}, DoUpdates: clause.Assignments(map[string]any{
		"failures": gorm.Expr("CASE WHEN login_tallies.last_at < ? THEN 1 ELSE login_tallies.failures + 1 END", now.Add(-TallyLife)),
		"last_at":  now,
	})}
	return s.writeStatement(ctx, func(tx *gorm.DB) error { return tx.Clauses(more).Create(&rows).Error })
}

// CountLogin forgets the failures in a place after a login, and makes the other
// one a home.
func (s *Store) CountLogin(ctx context.Context, place, home string) error {
	now := Now()
	known := clause.OnConflict{
		Columns:   []clause.Column{{Name: "place"}},
		DoUpdates: clause.Assignments(map[string]any{"failures": 0, "last_at": now, "home": true}),
		Where: clause.Where{Exprs: []clause.Expression{ // a regular changes nothing
			gorm.Expr("login_tallies.failures > 0 OR NOT login_tallies.home OR login_tallies.last_at < ?", now.Add(-TallyLife)),
		}},
	}
	return s.write(ctx, func(tx *gorm.DB) error {
		if err := tx.Clauses(known).Create(&LoginTally{Place: placeHash(home), LastAt: now, Trusted: true}).Error; err != nil || place == home {
			return err
		}
		return tx.Delete(&LoginTally{Place: placeHash(place)}).Error
	})
}

// SweepLoginTallies forgets failures that no longer count, and homes to which
// nobody has come for long.
func (s *Store) SweepLoginTallies(ctx context.Context) error {
	now := Now()
	return s.writeStatement(ctx, func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM login_tallies WHERE NOT home AND last_at < ? OR home AND last_at < ?", now.Add(-TallyLife), now.Add(-trustedFor)).Error
	})
}

func placeHash(place string) string {
	sum := sha256.Sum256([]byte(place))
	return hex.EncodeToString(sum[:])
}
