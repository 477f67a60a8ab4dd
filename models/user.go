package models

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Role says which doors a person may open.
type Role string //@name Role

// The three roles. They are printed on the wristband as the role claim.
const (
	RoleGuest   Role = "guest"
	RoleChef    Role = "chef"
	RoleManager Role = "manager"
)

// Valid tells whether the house knows this role.
func (r Role) Valid() bool { return r == RoleGuest || r == RoleChef || r == RoleManager }

// User is somebody who can log in.
type User struct {
	ID int64
	// Username is what they log in with, in lower case.
	Username string
	// Name is what the waiter calls them.
	Name string
	// PasswordHash is an argon2id hash in PHC form, see password.go.
	PasswordHash string
	Role         Role
	VIP          bool `gorm:"column:vip"`
	// BirthDate is YYYY-MM-DD, or nil where it is not known. It never leaves
	// the book; the wristband says only AgeOver18.
	BirthDate *string
	CreatedAt Millis `gorm:"autoCreateTime:false"`
}

// AgeOver18 tells whether the user is at least 18 years old on the day of now.
// Whoever was born on 29 February comes of age on 1 March. An unknown birth
// date counts as too young.
func (u User) AgeOver18(now time.Time) bool {
	if u.BirthDate == nil {
		return false
	}
	born, err := time.Parse(time.DateOnly, *u.BirthDate)
	return err == nil && !born.AddDate(18, 0, 0).After(now.UTC())
}

func (s *Store) createUser(ctx context.Context, u *User) error {
	u.CreatedAt = Now()
	err := s.write(ctx, func(tx *gorm.DB) error { return tx.Create(u).Error })
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return ErrUsernameTaken
	}
	return err
}

// UserByUsername finds who logs in with this name, given in lower case.
func (s *Store) UserByUsername(ctx context.Context, username string) (User, error) {
	var u User
	return u, mapNotFound(s.read(ctx).Where("username = ?", username).Take(&u).Error)
}

// User finds a user by id.
func (s *Store) User(ctx context.Context, id int64) (User, error) {
	var u User
	return u, mapNotFound(s.read(ctx).Take(&u, id).Error)
}

// Users lists users in the order of their ids, starting behind the id after.
func (s *Store) Users(ctx context.Context, after int64, limit int) ([]User, error) {
	var us []User
	return us, s.read(ctx).Where("id > ?", after).Order("id").Limit(limit).Find(&us).Error
}

// UserChanges are the changes a manager makes; nil leaves a field as it is.
type UserChanges struct {
	Role *Role
	VIP  *bool
	Name *string
}

// lockUpdate keeps the rows that are read for whoever read them until the
// transaction ends. Orders and sessions of such a user may still be written. In
// SQLite, which has one writer, it says nothing.
var lockUpdate = clause.Locking{Strength: "NO KEY UPDATE"}

// UpdateUser changes a user. The last manager cannot become anything else
// (ErrLastManager): the rule is part of the statement, and the managers are kept
// as they are meanwhile, so that two managers who demote each other at the same
// moment cannot both succeed.
//
// A change of role or VIP status ends the login sessions of the user, because
// their tokens say something that is no longer so.
func (s *Store) UpdateUser(ctx context.Context, id int64, ch UserChanges) (u User, err error) {
	err = s.write(ctx, func(tx *gorm.DB) error {
		demoting := ch.Role != nil && *ch.Role != RoleManager
		if demoting { // in one order for all, so that no two wait for each other
			keep := tx.Model(&User{}).Clauses(lockUpdate).Where("id IN (SELECT id FROM users WHERE role = 'manager' UNION ALL SELECT ?)", id)
			if err := keep.Order("id").Pluck("id", new([]int64)).Error; err != nil {
				return err
			}
		}
		var before User
		if err := mapNotFound(tx.Clauses(lockUpdate).Take(&before, id).Error); err != nil {
			return err
		}
		q := tx.Model(&User{}).Where("id = ?", id)
		if demoting {
			q = q.Where("role <> ? OR EXISTS (SELECT 1 FROM users other WHERE other.role = 'manager' AND other.id <> ?)", RoleManager, id)
		}
		res := q.Updates(ch.columns())
		if res.Error != nil {
			return res.Error
		}
		if err := mapNotFound(tx.Take(&u, id).Error); err != nil {
			return err
		}
		if res.RowsAffected == 0 {
			return ErrLastManager
		}
		if u.Role == before.Role && u.VIP == before.VIP {
			return nil
		}
		_, err := s.endSessions(tx, Now(), "user_id = ?", id)
		return err
	})
	return u, err
}

func (ch UserChanges) columns() map[string]any {
	set := map[string]any{}
	if ch.Role != nil {
		set["role"] = *ch.Role
	}
	if ch.VIP != nil {
		set["vip"] = *ch.VIP
	}
	if ch.Name != nil {
		set["name"] = *ch.Name
	}
	return set
}
