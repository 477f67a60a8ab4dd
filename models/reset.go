package models

import (
	"context"

	"gorm.io/gorm"
)

// SeedState is what a house opens with.
type SeedState struct {
	// Dishes get the ids 1, 2, 3 … in this order.
	Dishes []MenuItem
	// Users are recognised by their usernames, and keep their ids.
	Users []User
}

func (d SeedState) usernames() (names []string) {
	for _, u := range d.Users {
		names = append(names, u.Username)
	}
	return names
}

// ResetTo puts the house back to its first day: no orders, and the next one is
// number 1; the menu and the accounts of that day and no others. All login
// sessions and event streams end.
func (s *Store) ResetTo(ctx context.Context, day SeedState) error {
	return s.changeMenu(ctx, func(tx *gorm.DB) error {
		if _, err := s.endSessions(tx, Now(), "user_id > 0"); err != nil {
			return err
		}
		for _, stmt := range append([]string{"DELETE FROM refresh_tokens", "DELETE FROM menu_items"}, s.engine.dialect().clearOrders...) {
			if err := tx.Exec(stmt).Error; err != nil {
				return err
			}
		}
		if err := day.restoreMenu(tx, s.engine.dialect().advanceMenuIDs); err != nil {
			return err
		}
		return day.restoreUsers(tx)
	})
}

// restoreMenu puts the menu down under its old ids. The version is a time, so that
// no ETag of before, of a dish that has changed since, ever fits again.
func (d SeedState) restoreMenu(tx *gorm.DB, idsTaken string) error {
	dishes := make([]MenuItem, len(d.Dishes))
	for i, m := range d.Dishes {
		m.ID, m.Version = int64(i+1), int64(Now())
		dishes[i] = m
	}
	if err := tx.Create(&dishes).Error; err != nil || idsTaken == "" {
		return err
	}
	return tx.Exec(idsTaken).Error
}

// restoreUsers makes the users of the first day what they were, and removes all
// others. Sessions of those have ended, but their access tokens live for some
// minutes more: their rows, which the denylist is made of after a restart, go to
// somebody who stays.
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

// Changes is what has come into the house since its first day.
type Changes struct {
	Orders, Users, Sessions int64
	// Dishes were added, changed or taken off.
	Dishes int64
}

// ChangesSince counts what Freshen would take away.
func (s *Store) ChangesSince(ctx context.Context, day SeedState) (l Changes, err error) {
	err = s.read(ctx).Raw(`SELECT (SELECT count(*) FROM orders) AS orders,
		(SELECT count(*) FROM users WHERE username NOT IN @names) AS users,
		(SELECT count(*) FROM login_sessions WHERE ended_at IS NULL AND expires_at > @now) AS sessions`,
		map[string]any{"names": day.usernames(), "now": Now()}).Scan(&l).Error
	l.Dishes = s.Menu().changes(day.Dishes)
	return l, err
}

// changes counts the dishes that are other than on the first day.
func (m *Menu) changes(first []MenuItem) (n int64) {
	for i, was := range first {
		if is, ok := m.Item(int64(i + 1)); !ok || !is.equals(was) {
			n++
		}
	}
	for _, is := range m.Items {
		if is.ID > int64(len(first)) {
			n++
		}
	}
	return n
}
