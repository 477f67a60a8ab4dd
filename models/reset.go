package models

import (
	"context"

	"gorm.io/gorm"
)

// SeedState is the menu and the accounts that a reset restores.
type SeedState struct {
	// Dishes get the ids 1, 2, 3 … in this order.
	Dishes []MenuItem
	// Users are matched by username and keep their ids.
	Users []User
}

func (d SeedState) usernames() (names []string) {
	for _, u := range d.Users {
		names = append(names, u.Username)
	}
	return names
}

// ResetTo deletes all orders, so that the next one is number 1, and restores the
// menu and the accounts of seed and no others. All login sessions end.
func (s *Store) ResetTo(ctx context.Context, seed SeedState) error {
	return s.changeMenu(ctx, func(tx *gorm.DB) error {
		if _, err := s.endSessions(tx, Now(), EndReset, "user_id > 0"); err != nil {
			return err
		}
		for _, stmt := range append([]string{"DELETE FROM refresh_tokens", "DELETE FROM menu_items"}, s.engine.dialect().clearOrders...) {
			if err := tx.Exec(stmt).Error; err != nil {
				return err
			}
		}
		if err := seed.restoreMenu(tx, s.engine.dialect().advanceMenuIDs); err != nil {
			return err
		}
		return seed.restoreUsers(tx)
	})
}

// restoreMenu writes the dishes with their first ids. Their version is a time, so
// that no earlier ETag matches a dish that has changed since.
func (d SeedState) restoreMenu(tx *gorm.DB, advanceMenuIDs string) error {
	dishes := make([]MenuItem, len(d.Dishes))
	for i, m := range d.Dishes {
		m.ID, m.Version = int64(i+1), int64(Now())
		dishes[i] = m
	}
	if err := tx.Create(&dishes).Error; err != nil || advanceMenuIDs == "" {
		return err
	}
	return tx.Exec(advanceMenuIDs).Error
}

// restoreUsers restores the accounts and deletes all others. The ended sessions of
// those stay, under another user, because after a restart the denylist is read
// from them while their access tokens have not expired.
func (d SeedState) restoreUsers(tx *gorm.DB) error {
	var keeper int64
	for _, u := range d.Users {
		var known User
		res := tx.Where("username = ?", u.Username).Limit(1).Find(&known)
		if res.Error != nil {
			return res.Error
		}
		u.ID, u.CreatedAt = known.ID, Now()
		if res.RowsAffected == 1 {
			u.CreatedAt = known.CreatedAt
		}
		if err := tx.Save(&u).Error; err != nil {
			return err
		}
		keeper = u.ID
	}
	others := tx.Model(&User{}).Select("id").Where("username NOT IN ?", d.usernames())
	if err := tx.Model(&LoginSession{}).Where("user_id IN (?)", others).Update("user_id", keeper).Error; err != nil {
		return err
	}
	return tx.Where("username NOT IN ?", d.usernames()).Delete(&User{}).Error
}

// Changes counts what a reset would delete or undo.
type Changes struct {
	Orders, Users, Sessions int64
	// Dishes counts those that were added, changed or deleted.
	Dishes int64
}

// ChangesSince counts what ResetTo would delete or undo.
func (s *Store) ChangesSince(ctx context.Context, seed SeedState) (c Changes, err error) {
	err = s.read(ctx).Raw(`SELECT (SELECT count(*) FROM orders) AS orders,
		(SELECT count(*) FROM users WHERE username NOT IN @names) AS users,
		(SELECT count(*) FROM login_sessions WHERE ended_at IS NULL AND expires_at > @now) AS sessions`,
		map[string]any{"names": seed.usernames(), "now": Now()}).Scan(&c).Error
	c.Dishes = s.Menu().changesSince(seed.Dishes)
	return c, err
}

// changesSince counts the dishes that were added, changed or deleted.
func (m *Menu) changesSince(seed []MenuItem) (n int64) {
	for i, original := range seed {
		if item, ok := m.Item(int64(i + 1)); !ok || !item.equals(original) {
			n++
		}
	}
	for _, item := range m.Items {
		if item.ID > int64(len(seed)) {
			n++
		}
	}
	return n
}
