package models

import (
	"context"
	"crypto/rand"
	"errors"

	"gorm.io/gorm"
)

// Identity says which database this is and how far it has come. Who remembers it can
// tell later whether an older copy was put in its place.
type Identity struct {
	// ID is random; empty until Advance is called for the first time. A database that
	// was put back gets another one, see Distrust.
	ID string `json:"id"`
	// Generation grows with each call of Advance.
	Generation int64 `json:"generation"`
	// CopiedAt is when this backup was made; nil for a database that is in use.
	CopiedAt *Millis `json:"-"`
	// LastIDs are the highest ids that were ever given out, by table.
	LastIDs map[string]int64 `json:"last_ids" gorm:"-"`
}

// TableName returns the name that the migrations gave the table.
func (Identity) TableName() string { return "database_identity" }

// numberedTables are those whose ids the database counts.
var numberedTables = []string{"users", "menu_items", "orders"}

// Identity reads the identity of the database.
func (s *Store) Identity(ctx context.Context) (Identity, error) {
	var i Identity
	return i, s.read(ctx).Take(&i).Error
}

// Advance moves the identity on, so that copies made before can be recognized as
// older, and returns it.
func (s *Store) Advance(ctx context.Context) (i Identity, err error) {
	err = s.write(ctx, func(tx *gorm.DB) error {
		const advance = "UPDATE database_identity SET generation = generation + 1, id = CASE WHEN id = '' THEN ? ELSE id END RETURNING *"
		if err := tx.Raw(advance, rand.Text()).Scan(&i).Error; err != nil {
			return err
		}
		i.LastIDs = map[string]int64{}
		for _, table := range numberedTables {
			var last *int64
			if err := tx.Raw(s.engine.dialect().lastID, table).Scan(&last).Error; err != nil {
				return err
			}
			if last != nil {
				i.LastIDs[table] = *last
			}
		}
		return nil
	})
	return i, err
}

// Distrust makes a database usable that is older than what was signed and sent out
// about it. All login sessions end; ids and versions of dishes continue past known,
// so that none is ever given to something else; and the database gets another ID.
func (s *Store) Distrust(ctx context.Context, known Identity) error {
	return s.changeMenu(ctx, func(tx *gorm.DB) error {
		if _, err := s.endSessions(tx, Now(), EndRestore, "user_id > 0"); err != nil {
			return err
		}
		if err := s.raiseIDs(tx, known.LastIDs); err != nil {
			return err
		}
		now := Now() // as the version of a dish, see restoreMenu
		return errors.Join(
			tx.Exec("DELETE FROM refresh_tokens").Error,
			tx.Exec("UPDATE menu_items SET version = CASE WHEN version < ? THEN ? ELSE version + 1 END", now, now).Error,
			tx.Exec("UPDATE database_identity SET id = ?, copied_at = NULL", rand.Text()).Error)
	})
}

// raiseIDs lets the ids of each table continue after the one given.
func (s *Store) raiseIDs(tx *gorm.DB, last map[string]int64) error {
	for _, table := range numberedTables {
		for _, stmt := range s.engine.dialect().raiseID {
			if err := tx.Exec(stmt, map[string]any{"table": table, "id": last[table]}).Error; err != nil {
				return err
			}
		}
	}
	return nil
}

// Commits returns the number of commits since the database was opened.
func (s *Store) Commits() int64 { return s.engine.commits() }
